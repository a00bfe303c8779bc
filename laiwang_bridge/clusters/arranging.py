"""The order in which rooms stand in a Space, changed with as few writes as can be.

Clients sort the rooms of a Space by a short text (client-server specification, "Ordering of children within a space").
Each place is a state event, kept for ever, so what stands right already is left where it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_GAP = 1 << 20
_LAST = 10**15


def order_text(place: int) -> str:
    """A place as clients compare it: all texts are equally long."""
    return f"{place:015}"


def arrange(wanted: Sequence[T], before: Mapping[T, int]) -> dict[T, int]:
    """Places for all of `wanted`, ascending in this order; of those that had one `before`, as many as possible keep it.

    Where there is no room left between two that stay, all get new places.
    """
    kept = _longest_ascending([before.get(one) for one in wanted])
    places: dict[T, int] = {}
    fresh: list[T] = []
    last = 0
    for index, one in enumerate(wanted):
        if index not in kept:
            fresh.append(one)
            continue
        place = before[one]
        if not _fill(places, fresh, last, place):
            return _anew(wanted)
        places[one], fresh, last = place, [], place
    if not _fill(places, fresh, last, last + _GAP * (len(fresh) + 1)) or last > _LAST:
        return _anew(wanted)
    return places


def _fill(places: dict[T, int], fresh: Sequence[T], after: int, until: int) -> bool:
    """Spread new ones evenly between two places; says whether there was room."""
    step = (until - after) // (len(fresh) + 1)
    if fresh and (step == 0 or until > _LAST):
        return False
    for number, one in enumerate(fresh, 1):
        places[one] = after + step * number
    return True


def _anew(wanted: Sequence[T]) -> dict[T, int]:
    return {one: _GAP * number for number, one in enumerate(wanted, 1)}


def _longest_ascending(places: Sequence[int | None]) -> set[int]:
    """The positions of a longest strictly ascending selection of these places (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    came_before: dict[int, int | None] = {}
    for index, place in enumerate(places):
        if place is None:
            continue
        pile = bisect_left(tops, place)
        came_before[index] = piles[pile - 1] if pile else None
        tops[pile : pile + 1] = [place]
        piles[pile : pile + 1] = [index]
    kept: set[int] = set()
    last = piles[-1] if piles else None
    while last is not None:
        kept.add(last)
        last = came_before[last]
    return kept
