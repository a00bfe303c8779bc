"""Many clusters, each begun by somebody else, and what became of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.reach import Reach
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.simulation.graph import Town
from laiwang_bridge.simulation.spreading import Growth, Habits, Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """All clusters of one reach."""

    reach: Reach
    cap: int | None
    outcomes: tuple[Outcome, ...] = field(repr=False)

    def quantile(self, share: float, value: Callable[[Outcome], float]) -> float:
        """The least value that so large a share of the clusters does not exceed."""
        ordered = sorted(map(value, self.outcomes))
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    @property
    def full(self) -> float:
        """The share of clusters that were full in the end."""
        return sum(one.hit_cap for one in self.outcomes) / len(self.outcomes)

    @property
    def joins_per_loud_day(self) -> float:
        """R: how many people a loud member brings in each day, over all clusters together."""
        days = sum(one.loud_days for one in self.outcomes)
        return sum(one.joins for one in self.outcomes) / days if days else 0.0


def simulate(
    town: Town, reach: Reach, cap: int | None, habits: Habits, runs: int, seed: int, pace: Pace | None = None
) -> Result:
    """So many clusters of one reach; the same for the same arguments. Every reach has the same initiators."""
    begin = Random(f"initiators {seed}")
    initiators: Sequence[PersonId] = [PersonId(int(begin.random() * town.size)) for _ in range(runs)]
    outcomes = (
        Growth(town, initiator, reach, cap, habits, f"cluster {seed} {number}", pace or Pace()).run()
        for number, initiator in enumerate(initiators)
    )
    return Result(reach, cap, tuple(outcomes))
