"""How a cluster grows without being flooded, and who looks after it when the host goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from laiwang_bridge import rates
from laiwang_bridge.clusters.rules import Stay
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.rates import Limit

SPAN_MS = 3_600_000
_DAY_MS = 86_400_000
FLOOD, _FAST = 25, 2.0
_THIRTY_AN_HOUR = Limit(burst=1, every_ms=120_000)


@dataclass(frozen=True, slots=True)
class Pace:
    """The first `at_once` people come in as they knock; after that the limit lets one in at a time."""

    at_once: int = 50
    limit: Limit = _THIRTY_AN_HOUR


@dataclass(frozen=True, slots=True)
class Admission:
    """When somebody may step in (milliseconds; the rules are asked again then), and the queue to remember."""

    at: int
    drains_at: int


def admission(pace: Pace, let_in: int, drains_at: int, now: int) -> Admission:
    """A place for one more who knocks at `now`.

    `let_in` is how many have come in or been given a place so far, those who left again included. `drains_at` is what
    the last admission said, 0 at first.
    """
    if let_in < pace.at_once:
        return Admission(now, drains_at)
    return Admission(now + rates.wait(pace.limit, drains_at, now), rates.pour(pace.limit, drains_at, now))


def reproduction(sponsored: int, loud: int, span_ms: int) -> float:
    """How many people one loud member brings in a day, at the rate of the last `span_ms`."""
    return sponsored * _DAY_MS / (max(loud, 1) * span_ms)


def grows_fast(sponsored: int, loud: int) -> bool:
    """Whether a cluster grows faster than talk can follow: each through whom others may come brings more than two a
    day, at the rate of the last `SPAN_MS`. A handful of people is no flood, however few are there."""
    return sponsored >= FLOOD and reproduction(sponsored, loud, SPAN_MS) > _FAST


def is_slowed(fast_at: int | None, now: int) -> bool:
    """Whether people are let in more slowly, by when the cluster was last found to grow fast."""
    return fast_at is not None and now - fast_at < SPAN_MS


def slowed(pace: Pace) -> Pace:
    """Half as many people in the same time, once so many as come in at once are inside."""
    return replace(pace, limit=replace(pace.limit, every_ms=2 * pace.limit.every_ms))


def next_host(stays: Iterable[Stay], unwilling: Collection[PersonId] = ()) -> PersonId | None:
    """Who is asked to be host when the host has gone: the loud member who has been inside longest, without those who
    said no. None: the bot hosts."""
    willing = [stay for stay in stays if stay.loud and stay.person not in unwilling]
    longest = min(willing, key=lambda stay: (stay.joined_at, stay.person), default=None)
    return longest.person if longest else None
