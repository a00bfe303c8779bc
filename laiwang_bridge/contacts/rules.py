"""Who is shown to whom, how much of an address book is looked at, and what is none. Times are milliseconds.

Somebody is shown to whoever has an address of his only if that is mutual, or if he wants to be found by anyone who has
it. So whoever tries all numbers learns nothing: for all who do not have him, the answer is the same as for numbers that
belong to nobody.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laiwang_bridge import rates
from laiwang_bridge.people.addresses import Findable
from laiwang_bridge.people.rules import Tie
from laiwang_bridge.rates import Limit

DAY_MS = 86_400_000
FULL_DAYS = 10
ADDRESSES_OF_ONE_CONTACT = 4
"""A contact with more addresses than these counts as several: the limits are about addresses, however they come."""
MOST_ADDRESSES = 40
"""So many addresses of one contact are looked at."""

PAGE = 20
FEWEST_IN_RANGE = 5
"""Of fewer numbers nobody can say that they follow each other: families have such ones."""
_BLOCK_DIGITS = 4
_DENSE_TENTHS = 6
_RANGE = re.compile(r"(\d{1,6})(?:\s*[-–~～至到]\s*(\d{1,6}))?")
_BETWEEN = re.compile(r"[\s,，、;；和与+&.。]*(?:and\b)?\s*", re.IGNORECASE)
_ALL = frozenset(("all", "everybody", "everyone", "全部", "所有", "所有人", "全都", "都"))


# -- who is shown ---------------------------------------------------------------------------------------------------


class Sight(StrEnum):
    """What an importer is told about somebody whose address he has."""

    HIDDEN = "hidden"
    SHOWN = "shown"
    FRIEND = "friend"


def sight(findable: Iterable[Findable], *, has_mine: bool, tie: Tie) -> Sight:
    """What I am told about somebody: `findable` are the settings of those of his addresses that I have, `has_mine`
    whether he has one of mine. Friends who would not be shown are not counted either."""
    settings = set(findable)
    is_found = Findable.ANYONE in settings or (Findable.MUTUAL in settings and has_mine)
    if not is_found or tie.i_blocked or tie.blocked_me:
        return Sight.HIDDEN
    return Sight.FRIEND if tie.friends else Sight.SHOWN


# -- how much is looked at ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """`full` is for whole address books, `delta` for what comes on top of one within its time."""

    full: Limit
    delta: Limit


def limits(full: int, delta: int) -> Limits:
    """So many contacts in ten days, and so many more in a day."""
    return Limits(
        Limit(full, FULL_DAYS * DAY_MS // full),
        Limit(delta, DAY_MS // delta),
    )


@dataclass(frozen=True, slots=True)
class Buckets:
    """How full somebody's two buckets are: when they will be empty."""

    full: int = 0
    delta: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the contacts in a row are looked at now, the buckets after that, and in how many milliseconds the
    rest will fit (0 where there is none)."""

    count: int
    buckets: Buckets
    wait_ms: int


def cost(addresses: int) -> int:
    """What a contact with so many addresses counts."""
    return max(1, -(-min(addresses, MOST_ADDRESSES) // ADDRESSES_OF_ONE_CONTACT))


def share(limits: Limits, buckets: Buckets, costs: Sequence[int], now: int) -> Share:
    """What of an address book fits. It is looked at whole if both buckets together hold it, as far as the full one
    goes otherwise: the small one is kept for what is small."""
    full = rates.room(limits.full, buckets.full, now)
    delta = rates.room(limits.delta, buckets.delta, now)
    wanted = sum(costs)
    if wanted <= full + delta:
        return Share(len(costs), _poured(limits, buckets, now, min(wanted, full), max(0, wanted - full)), 0)
    count, taken = 0, 0
    while taken + costs[count] <= full:
        taken += costs[count]
        count += 1
    after = _poured(limits, buckets, now, taken, 0)
    return Share(count, after, _until_fits(limits, after, wanted - taken, now))


def _poured(limits: Limits, buckets: Buckets, now: int, full: int, delta: int) -> Buckets:
    return Buckets(
        rates.pour(limits.full, buckets.full, now, full) if full else buckets.full,
        rates.pour(limits.delta, buckets.delta, now, delta) if delta else buckets.delta,
    )


def _until_fits(limits: Limits, buckets: Buckets, wanted: int, now: int) -> int:
    """The first moment at which so many fit; of more than fit at all, at which the full bucket is empty."""
    whole = max(buckets.full - now, 0)

    def fits(wait: int) -> bool:
        at = now + wait
        return rates.room(limits.full, buckets.full, at) + rates.room(limits.delta, buckets.delta, at) >= wanted

    return bisect_left(range(whole), True, key=fits)


# -- what is no address book ----------------------------------------------------------------------------------------


def is_dense(numbers: Collection[str], least: int) -> bool:
    """Whether most of at least so many numbers are neighbours: a range that was tried out, not people one knows."""
    distinct = set(numbers)
    if len(distinct) < least:
        return False
    blocks = Counter(number[:-_BLOCK_DIGITS] for number in distinct)
    return 10 * max(blocks.values()) >= _DENSE_TENTHS * len(distinct)


def small_ranges(least: int) -> Limit:
    """How many numbers may come in lists that are dense but too small to be refused for that: a range can be tried out
    in parts as well."""
    return Limit(least, FULL_DAYS * DAY_MS // least)


# -- choosing from the card -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """The people chosen from the card, by their numbers; None is all of them."""

    numbers: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return "all" if self.numbers is None else " ".join(map(str, self.numbers))


def read_choice(text: str) -> Choice | None:
    """What was chosen: `all`, `2 5`, `2, 5 and 7`, `2-5`. None for anything else."""
    wanted = text.strip()
    if wanted.lower() in _ALL:
        return Choice()
    numbers: dict[int, None] = {}
    position = 0
    while position < len(wanted):
        found = _RANGE.match(wanted, position)
        if found is None:
            return None
        first, last = int(found[1]), int(found[2] or found[1])
        if not 0 < first <= last < first + 1000:
            return None
        numbers |= dict.fromkeys(range(first, last + 1))
        between = _BETWEEN.match(wanted, found.end())
        assert between is not None
        position = between.end()
        if position == found.end() < len(wanted):
            return None
    return Choice(tuple(numbers)) if numbers else None


def pages(count: int) -> int:
    """On how many pages so many people are shown; at least one."""
    return max(1, -(-count // PAGE))
