"""Groups of numbers that add up to 0: as many as possible of a few, good ones of many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from laiwang_bridge.payments.ledger.zero_sums import most_groups

EXACT_UP_TO = 20
"""For so many numbers that do not cancel each other out in pairs, no grouping has more groups."""
_QUICK_UP_TO = 18
_AT_ONCE = 15
_WINDOWS = 16
_FOURS_UP_TO = 120

Group = list[int]


def groups(values: Sequence[int]) -> list[Group]:
    """The places of values (none is 0, all add up to 0), in groups that add up to 0; each is settled by itself."""
    pairs, left = _pairs(values)
    if len(left) <= EXACT_UP_TO:
        return pairs + _best(values, left)
    ours = pairs + _many(values, left)
    usual = _usual(values)
    return ours if len(ours) >= len(usual) else usual


def _pairs(values: Sequence[int]) -> tuple[list[Group], Group]:
    """Those that cancel each other out, and the rest.

    There is always a best grouping with a pair in it: if its two are in one group, the rest of that adds up to 0 as
    well; if they are in two, these without them make another. Either way there are no fewer groups.
    """
    waiting: dict[int, list[int]] = {}
    found: list[Group] = []
    for place, value in enumerate(values):
        if partners := waiting.get(-value):
            found.append([partners.pop(0), place])
        else:
            waiting.setdefault(value, []).append(place)
    return found, sorted(place for places in waiting.values() for place in places)


def _best(values: Sequence[int], places: Sequence[int]) -> list[Group]:
    return [[places[at] for at in group] for group in most_groups([values[place] for place in places])]


def _many(values: Sequence[int], places: Sequence[int]) -> list[Group]:
    """Small groups first, then the best of what is left, or of some groups together."""
    found: list[Group] = []
    left = list(places)
    for some in (_threes, _fours, _in_windows):
        taken = list(some(values, left))
        found += taken
        gone = {place for group in taken for place in group}
        left = [place for place in left if place not in gone]
    if len(left) <= _QUICK_UP_TO:
        return _improved(values, found + _best(values, left))
    return _improved(values, found) + [[left[at] for at in group] for group in _usual([values[at] for at in left])]


def _threes(values: Sequence[int], places: Sequence[int]) -> Iterator[Group]:
    waiting: dict[int, list[int]] = {}
    for place in places:
        waiting.setdefault(values[place], []).append(place)
    used: set[int] = set()
    for one, other in combinations(places, 2):
        if one in used or other in used:
            continue
        for third in waiting.get(-values[one] - values[other], ()):
            if third not in used and third not in (one, other):
                used |= {one, other, third}
                yield [one, other, third]
                break


def _fours(values: Sequence[int], places: Sequence[int]) -> Iterator[Group]:
    if len(places) > _FOURS_UP_TO:
        return
    waiting: dict[int, list[tuple[int, int]]] = {}
    used: set[int] = set()
    for one, other in combinations(places, 2):
        if one in used or other in used:
            continue
        total = values[one] + values[other]
        candidates = waiting.get(-total, [])
        candidates[:] = [pair for pair in candidates if used.isdisjoint(pair)]
        match = next((pair for pair in candidates if one not in pair and other not in pair), None)
        if match is None:
            waiting.setdefault(total, []).append((one, other))
        else:
            used |= {one, other, *match}
            yield [one, other, *match]


def _in_windows(values: Sequence[int], places: Sequence[int]) -> Iterator[Group]:
    """The best of some at a time, with one more number that makes them add up to 0: groups without that are good."""
    left = list(places)
    for _ in range(_WINDOWS):
        if len(left) <= _QUICK_UP_TO:
            return
        window, left = left[:_AT_ONCE], left[_AT_ONCE:]
        total = sum(values[place] for place in window)
        numbers = [values[place] for place in window] + ([-total] if total else [])
        taken = [[window[at] for at in group] for group in most_groups(numbers) if len(window) not in group]
        yield from taken
        gone = {place for group in taken for place in group}
        kept = [place for place in window if place not in gone]
        left = kept[::2] + left + kept[1::2]  # other company next time


def _improved(values: Sequence[int], found: list[Group]) -> list[Group]:
    """Groups next to each other in size put together and grouped anew, as many as are quickly looked through."""
    waiting = sorted(found, key=lambda group: (-len(group), group))
    done: list[Group] = []
    while waiting:
        together = waiting.pop(0)
        count = 1
        while waiting and len(together) + len(waiting[-1]) <= _AT_ONCE:
            together = together + waiting.pop()
            count += 1
        done += _best(values, sorted(together)) if count > 1 and len(together) <= _AT_ONCE else [together]
    return done


def _usual(values: Sequence[int]) -> list[Group]:
    """The groups that come about when the largest debt is always paid to the largest claim."""
    group = {place: [place] for place in range(len(values))}
    left = {place: value for place, value in enumerate(values) if value}
    while left:
        payer = min(left, key=lambda place: (left[place], place))
        payee = max(left, key=lambda place: (left[place], -place))
        minor = min(-left[payer], left[payee])
        left[payer] += minor
        left[payee] -= minor
        group[payer].extend(group[payee])
        group.update(dict.fromkeys(group[payee], group[payer]))
        left = {place: value for place, value in left.items() if value}
    return [sorted(members) for place, members in group.items() if place == min(members)]
