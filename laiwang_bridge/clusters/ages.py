"""How long a cluster lives: as long as people talk in it, or until an hour that its host has set.

Who has said nothing for `idle_ms` finds it locked: it can be read, and any member opens it again. If nobody does within
`GRACE_MS`, it is over. How long the original let its clusters live is not known; these figures are ours. Times are
milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

from laiwang_bridge.clusters.rules import Lifecycle

DAY_MS = 86_400_000
GRACE_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Life:
    """What is kept of a cluster's life besides its lifecycle.

    `changed_at`: since when it has this lifecycle, None since it began. `reopens_as`: what any member may make of it
    while it is locked. `kept`: silence does not end it. `ends_at`: the hour that its host has set. `commerce`: whether
    goods may be offered there, None for what is usual with its reach. `told_full`: the host knows that it is full.
    `fast_at`: when it was last found to grow too fast.
    """

    changed_at: int | None = None
    reopens_as: Lifecycle | None = None
    kept: bool = False
    ends_at: int | None = None
    commerce: bool | None = None
    told_full: bool = False
    fast_at: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a cluster next, and when."""

    at: int
    to: Lifecycle


def next_step(lifecycle: Lifecycle, life: Life, last_word: int, idle_ms: int) -> Step | None:
    """What time does to a cluster in which something was said last at `last_word`; None: nothing."""
    match lifecycle:
        case Lifecycle.OPEN | Lifecycle.SEALED:
            quiet = None if life.kept else max(last_word, life.changed_at or 0) + idle_ms
            ends = [at for at in (quiet, life.ends_at) if at is not None]
            return Step(min(ends), Lifecycle.LOCKED) if ends else None
        case Lifecycle.LOCKED if life.reopens_as is not None:
            return Step((life.changed_at or last_word) + GRACE_MS, Lifecycle.ARCHIVED)
        case _:
            return None
