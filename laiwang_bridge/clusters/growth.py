"""How a cluster grows without being flooded, and who looks after it when the host goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from laiwang_bridge import rates
from laiwang_bridge.clusters.rules import Stay
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.rates import Limit

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


def next_host(stays: Iterable[Stay], unwilling: Collection[PersonId] = ()) -> PersonId | None:
    """Who is asked to be host when the host has gone: the loud member who has been inside longest, without those who
    said no. None: the bot hosts."""
    willing = [stay for stay in stays if stay.loud and stay.person not in unwilling]
    longest = min(willing, key=lambda stay: (stay.joined_at, stay.person), default=None)
    return longest.person if longest else None
