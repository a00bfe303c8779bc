"""What a card of a cluster may say, and in which order cards come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from appservice.language import Message, _
from laiwang_bridge.clusters.reach import Mode, Reach

_HOUR_MS = 3_600_000


_FEW, _HUNDRED = 5, 100


def rounded_size(members: int) -> int:
    """The size that a card shows: the nearest of 5, 10, 20 and 50; 0 for fewer than five, 100 from a hundred on. So
    nobody can watch a single person come or go."""
    if members < _FEW:
        return 0
    if members >= _HUNDRED:
        return _HUNDRED
    return min((_FEW, 10, 20, 50), key=lambda size: (abs(size - members), -size))


def size_sentence(size: int) -> Message:
    """A rounded size in words, with `size` to fill in."""
    if size == 0:
        return _("a few people")
    return _("at least 100 people") if size == _HUNDRED else _("about {size} people")


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a cluster stands among those that one person sees, and why: the four parts of the sum."""

    friends: float
    talk: float
    age: float
    shown: float

    @property
    def score(self) -> float:
        """The higher, the earlier."""
        return self.friends + self.talk + self.age + self.shown


def rank(friends_inside: int, messages_24h: int, age_ms: int, times_shown: int) -> Rank:
    """Friends inside count 3 each; talk by its logarithm; half a day of age costs 1, and so does half a showing."""
    return Rank(
        friends=3.0 * friends_inside,
        talk=math.log2(1 + messages_24h),
        age=-max(0, age_ms) / _HOUR_MS / 12,
        shown=-2.0 * times_shown,
    )


@dataclass(frozen=True, slots=True)
class Audience:
    """Who can see a cluster now and how far it may go, shown before it is opened. None stands for no limit.

    `now` is exact and about the initiator's own friends; `furthest` is a round number, for it is made of other people's
    friends.
    """

    now: int | None
    furthest: int | None


def audience(reach: Reach, chosen: int, rings: Sequence[int]) -> Audience:
    """The audience of a cluster not opened yet.

    `chosen` is how many are named or on the lists. `rings` counts people by their distance from the initiator: first
    his friends, then theirs who are not his, and so on, as many rings as there are hops. Raises ValueError for fewer.
    """
    match reach.mode:
        case Mode.CLOSED | Mode.LIST:
            return Audience(chosen, chosen)
        case Mode.OPEN:
            return Audience(None, None)
        case _:
            wanted = reach.hops or 1
            if len(rings) < wanted:
                raise ValueError(f"the audience of {reach} needs {wanted} rings of people")
    friends = rings[0]
    if reach.mode is Mode.CHAIN:
        return Audience(friends, None)
    return Audience(friends, friends if wanted == 1 else max(friends, round_up(sum(rings[:wanted]))))


def round_up(count: int) -> int:
    """The next of 0, 5, 10, 20, 50, 100, 200, 500, … that is not smaller."""
    if count <= 0:
        return 0
    scale = 1
    while True:
        for step in (5, 10, 20):
            if count <= step * scale:
                return step * scale
        scale *= 10
