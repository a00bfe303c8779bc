"""How others settle: the methods of the programs that people use today, written anew to be measured beside ours.

Each takes nets that add up to 0 and gives how many payments it suggests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random


def largest_to_largest(nets: Iterable[int]) -> int:
    """The largest debt is paid to the largest claim (SplitPro, IHateMoney, Cospend)."""
    left, count = sorted(net for net in nets if net), 0
    while left:
        minor = min(-left[0], left[-1])
        left = sorted(net for net in (left[0] + minor, *left[1:-1], left[-1] - minor) if net)
        count += 1
    return count


def pairs_first(nets: Iterable[int]) -> int:
    """Those who cancel each other out, then the same (Abrechnung)."""
    left, count = [net for net in nets if net], 0
    for net in sorted((net for net in left if net > 0), reverse=True):
        if -net in left:
            left.remove(net)
            left.remove(-net)
            count += 1
    return count + largest_to_largest(left)


def two_pointers(nets: Iterable[int]) -> int:
    """Debts and claims side by side from the largest on, each until it is used up (Spliit)."""
    debts = sorted((-net for net in nets if net < 0), reverse=True)
    claims = sorted((net for net in nets if net > 0), reverse=True)
    count = debt = claim = 0
    while debt < len(debts):
        minor = min(debts[debt], claims[claim])
        debts[debt] -= minor
        claims[claim] -= minor
        count += 1
        debt += not debts[debt]
        claim += not claims[claim]
    return count


PEERS: dict[str, Callable[[Iterable[int]], int]] = {
    "largest to largest": largest_to_largest,
    "pairs first": pairs_first,
    "two pointers": two_pointers,
}


def cents(count: int, chance: Random) -> list[int]:
    """Any amounts."""
    nets = [chance.randint(1, 50_000) * chance.choice((-1, 1)) for _ in range(count - 1)]
    return _balanced(nets)


def round_sums(count: int, chance: Random) -> list[int]:
    """Multiples of five, as people lend them."""
    return _balanced([chance.randint(1, 20) * 500 * chance.choice((-1, 1)) for _ in range(count - 1)])


def hidden_groups(count: int, chance: Random) -> list[int]:
    """Groups of two to four who have nothing to do with each other."""
    nets: list[int] = []
    while len(nets) < count:
        some = [chance.randint(1, 30_000) * chance.choice((-1, 1)) for _ in range(min(chance.randint(2, 4), 20) - 1)]
        nets += _balanced(some)
    nets = nets[:count]
    nets[-1] -= sum(nets)
    chance.shuffle(nets)
    return nets


KINDS: dict[str, Callable[[int, Random], list[int]]] = {
    "any cents": cents,
    "round sums": round_sums,
    "hidden groups": hidden_groups,
}


def _balanced(nets: list[int]) -> list[int]:
    return [*nets, -sum(nets)]
