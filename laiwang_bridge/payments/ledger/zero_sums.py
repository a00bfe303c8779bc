"""Into how many groups that add up to 0 a set of numbers falls at most: the heart of settling with few payments.

Whoever belongs to a group of k settles within it with k - 1 payments, so n people in g groups need n - g. The largest g
is hard to find (it is as hard as subset sum), but sets of subsets fit into whole numbers: bit m of such a number stands
for the subset whose members are the bits of m. Adding one member to all of those subsets is then one shift, and the
best of two million subsets are known after some hundred operations on long integers.
"""

from __future__ import annotations

from collections.abc import Sequence

_FEWEST_FOR_ROWS = 8


def most_groups(values: Sequence[int]) -> list[list[int]]:
    """The places of the values, in as many groups as possible that each add up to 0; all of them do (not checked).

    Values of 0 are not expected. Time and memory double with each value; 20 of them take about 10 ms.
    """
    if not values:
        return []
    count = len(values)
    without = [_without(member, count) for member in range(count)]
    zero = _zero_sums(values)
    everything = 1 << ((1 << count) - 1)
    # Level k has the subsets that contain k groups which do not overlap.
    levels = [_with_more(zero, without)]
    while (better := zero & _with_one_more(levels[-1], without)) & everything:
        levels.append(_with_more(better, without))
    return _walk_down(values, levels)


def _without(member: int, count: int) -> int:
    """All subsets that lack a member."""
    subsets = (1 << (1 << member)) - 1
    for other in range(member + 1, count):
        subsets |= subsets << (1 << other)
    return subsets


def _with_more(subsets: int, without: Sequence[int]) -> int:
    """These, and all subsets that contain one of them."""
    for member, lacking in enumerate(without):
        subsets |= (subsets & lacking) << (1 << member)
    return subsets


def _with_one_more(subsets: int, without: Sequence[int]) -> int:
    """What these become when somebody is added."""
    grown = 0
    for member, lacking in enumerate(without):
        grown |= (subsets & lacking) << (1 << member)
    return grown


def _zero_sums(values: Sequence[int]) -> int:
    """The subsets that add up to 0, without the empty one. One half of the values is looked up for the other."""
    half = len(values) // 2
    by_sum: dict[int, int] = {}
    for subset, total in enumerate(_sums(values[:half])):
        by_sum[total] = by_sum.get(total, 0) | 1 << subset
    rows = [by_sum.get(-total, 0) for total in _sums(values[half:])]
    if len(values) < _FEWEST_FOR_ROWS:
        found = sum(row << (number << half) for number, row in enumerate(rows))
    else:
        width = (1 << half) // 8
        found = int.from_bytes(b"".join(row.to_bytes(width, "little") for row in rows), "little")
    return found & ~1


def _sums(values: Sequence[int]) -> list[int]:
    """The sums of all subsets, in the order of their numbers."""
    sums = [0]
    for value in values:
        sums += [total + value for total in sums]
    return sums


def _walk_down(values: Sequence[int], levels: Sequence[int]) -> list[list[int]]:
    """Take members away so that as many groups as possible remain; those between two zero sums are a group."""
    width = max(1, (1 << len(values)) // 8)
    known = [level.to_bytes(width, "little") for level in levels]
    subset = (1 << len(values)) - 1
    groups = []
    for level in reversed(range(len(levels))):
        group: list[int] = []
        total = 0
        while total or not group:
            member = next(
                place
                for place in range(len(values))
                if subset >> place & 1 and (not level or _has(known[level - 1], subset ^ 1 << place))
            )
            subset ^= 1 << member
            group.append(member)
            total += values[member]
        groups.append(group)
    return groups


def _has(level: bytes, subset: int) -> bool:
    return bool(level[subset >> 3] >> (subset & 7) & 1)
