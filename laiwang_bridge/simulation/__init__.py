"""How far would a cluster travel on a server of this size? A toy, for admins who choose limits.

The people are made up; the rules that decide who sees a cluster and who may step in are those of the product.
"""

from laiwang_bridge.simulation.graph import Town, fewest_people, small_world
from laiwang_bridge.simulation.spreading import Growth, Habits, Outcome
from laiwang_bridge.simulation.trials import Result, simulate

__all__ = ["Growth", "Habits", "Outcome", "Result", "Town", "fewest_people", "simulate", "small_world"]
