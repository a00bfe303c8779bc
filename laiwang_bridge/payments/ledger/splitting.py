"""Who bears how much of a bill: whole minor units, exact sums, and odd units that even out over time.

Everything is integers and `Fraction`. What somebody should bear exactly is rounded once, at the end, to one of the two
whole units next to it, so that the shares add up to the total. The odd units go to those who were charged too little
so far, by their *carry*: how much somebody was charged above (or below) his exact shares, in grains of 1/`GRAINS` minor
unit. Among n people no carry ever goes beyond (n - 1)/2 units, however many bills come: giving the odd units to those
who stand lowest keeps any j of them together at or below j(n - j)/2 (the carpool problem, Fagin and Williams 1983; the
argument holds for shares of any size). Equal cases are decided by the number of the account, so that the order in which
people are named changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import NewType

AccountId = NewType("AccountId", int)

GRAINS = 58_227_239_070_000
"""Grains of one minor unit: 25 times the least common multiple of 1 to 30.

So equal shares of up to 30 people, and percentages with two decimals, leave no remainder; whatever else is off by less
than a grain, which a million bills do not make visible.
"""
HALF = Fraction(1, 2)
"""The weight of a child."""


class CannotDivide(ValueError):
    """The total cannot be divided like this."""


class DoesNotFit(CannotDivide):
    """What was said does not add up to the total.

    `missing` is in minor units: what of the total is still without somebody who bears it; below 0, what was said is
    more than the total. `percent` is the same for percentages: what is left of 100.
    """

    def __init__(self, missing: int, percent: Fraction | None = None) -> None:
        super().__init__(f"{missing} missing")
        self.missing = missing
        self.percent = percent


class Backwards(CannotDivide):
    """Somebody would gain from a bill, or lose by a refund: what is taken off is more than his share."""

    def __init__(self, account: AccountId, minor: int) -> None:
        super().__init__(f"account {account} would bear {minor}")
        self.account = account
        self.minor = minor


class NobodyBears(CannotDivide):
    """There is nobody to bear it, or nobody to bear the item or the extra `title`."""

    def __init__(self, title: str | None = None) -> None:
        super().__init__(title or "the bill")
        self.title = title


Parts = Mapping[AccountId, Fraction]
"""Weights, none below 0: who has twice the weight of another bears twice as much, who has 0 bears nothing."""


@dataclass(frozen=True, slots=True)
class Equal:
    """Everybody the same."""

    accounts: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """By weight: shares, heads of a family, children at half."""

    weights: Parts


@dataclass(frozen=True, slots=True)
class Percent:
    """By percentages, which make 100 unless somebody bears the `rest`, among themselves by weight."""

    percents: Parts
    rest: Parts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exact:
    """Amounts that were said, in minor units, which make the total unless somebody bears the `rest`."""

    amounts: Mapping[AccountId, int]
    rest: Parts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """By weight, but for some so many minor units more (or, below 0, less) than that."""

    adjustments: Mapping[AccountId, int]
    weights: Parts


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a receipt, and who had it."""

    title: str
    minor: int
    weights: Parts


@dataclass(frozen=True, slots=True)
class Extra:
    """Tax, tip, or (below 0) a discount: so many minor units and so many percent of all items, whole units by rounding
    half up. Everybody bears of it in proportion to his items."""

    title: str
    minor: int = 0
    percent: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Itemised:
    """A receipt: everybody bears what he had, and his part of the extras."""

    items: tuple[Item, ...]
    extras: tuple[Extra, ...] = ()


Split = Equal | Weights | Percent | Exact | Adjusted | Itemised


@dataclass(frozen=True, slots=True)
class Division:
    """`shares` is what everybody bears, in minor units; `carry` how far that is from his exact share, in grains (only
    those for whom it is). Both belong to the bill: they are kept with it, and taken back with it."""

    shares: Mapping[AccountId, int]
    carry: Mapping[AccountId, int]


def divide(total: int, split: Split, carry: Mapping[AccountId, int] | None = None) -> Division:
    """Divide `total` minor units (below 0: a refund), with the carry that people have from before, in grains.

    The shares add up to the total, each is within one unit of the exact share, and who bears nothing has exactly 0.
    Raises `CannotDivide`: `DoesNotFit`, `Backwards`, `NobodyBears`.
    """
    return _rounded(*_exact(total, split), carry or {})


def exact_shares(total: int, split: Split) -> Mapping[AccountId, Fraction]:
    """What everybody should bear before anything is rounded. Raises as `divide` does."""
    numerators, denominator = _exact(total, split)
    return {account: Fraction(numerator, denominator) for account, numerator in numerators.items()}


def total_of(split: Split) -> int | None:
    """What a split adds up to by itself: that of a receipt, or of amounts; None where only the bill can say."""
    match split:
        case Itemised(items, extras):
            return sum(item.minor for item in items) + sum(_amounts(items, extras))
        case Exact(amounts, rest) if not rest:
            return sum(amounts.values())
    return None


def accounts_of(split: Split) -> tuple[AccountId, ...]:
    """Everybody whom a split names, each once, in that order."""
    match split:
        case Equal(accounts):
            return tuple(dict.fromkeys(accounts))
        case Weights(weights):
            return tuple(weights)
        case Percent(percents, rest):
            return tuple(dict.fromkeys([*percents, *rest]))
        case Exact(amounts, rest):
            return tuple(dict.fromkeys([*amounts, *rest]))
        case Adjusted(adjustments, weights):
            return tuple(dict.fromkeys([*adjustments, *weights]))
        case Itemised(items):
            return tuple(dict.fromkeys(account for item in items for account in item.weights))


Exactly = tuple[dict[AccountId, int], int]
"""Numerators of everybody's exact share, and the denominator that they have in common."""


def _exact(total: int, split: Split) -> Exactly:
    match split:
        case Equal(accounts):
            return _by_weight(total, dict.fromkeys(accounts, Fraction(1)))
        case Weights(weights):
            return _by_weight(total, weights)
        case Percent(percents, rest):
            return _by_percent(total, percents, rest)
        case Exact(amounts, rest):
            return _by_amount(total, amounts, rest)
        case Adjusted(adjustments, weights):
            return _adjusted(total, adjustments, weights)
        case Itemised(items, extras):
            return _itemised(total, items, extras)


def _by_weight(total: int, weights: Parts, title: str | None = None) -> Exactly:
    scale = lcm(*(weight.denominator for weight in weights.values()))
    whole = {account: weight.numerator * (scale // weight.denominator) for account, weight in weights.items()}
    if any(weight < 0 for weight in whole.values()):
        raise ValueError("weights are never below 0")
    if not (all_of_it := sum(whole.values())):
        raise NobodyBears(title)
    return {account: total * weight for account, weight in whole.items()}, all_of_it


def _by_percent(total: int, percents: Parts, rest: Parts) -> Exactly:
    left = 100 - sum(percents.values(), Fraction(0))
    if left < 0 or (left and not rest):
        raise DoesNotFit(_half_up(total * left / 100), left)
    if any(percent < 0 for percent in percents.values()):
        raise ValueError("percentages are never below 0")
    exact = {account: total * percent / 100 for account, percent in percents.items()}
    return _common(_with_rest(exact, total * left / 100, rest))


def _by_amount(total: int, amounts: Mapping[AccountId, int], rest: Parts) -> Exactly:
    left = total - sum(amounts.values())
    if (left and not rest) or left * total < 0:
        raise DoesNotFit(left)
    if not amounts and not rest:
        raise NobodyBears
    exact = {account: Fraction(minor) for account, minor in amounts.items()}
    return _all_forward(total, _common(_with_rest(exact, Fraction(left), rest)))


def _adjusted(total: int, adjustments: Mapping[AccountId, int], weights: Parts) -> Exactly:
    left = total - sum(adjustments.values())
    if left * total < 0:
        raise DoesNotFit(left)
    exact = {account: Fraction(minor) for account, minor in adjustments.items()}
    return _all_forward(total, _common(_with_rest(exact, Fraction(left), weights)))


def _itemised(total: int, items: tuple[Item, ...], extras: tuple[Extra, ...]) -> Exactly:
    subtotal, extra = sum(item.minor for item in items), sum(_amounts(items, extras))
    if missing := total - subtotal - extra:
        raise DoesNotFit(missing)
    exact: dict[AccountId, Fraction] = {}
    for item in items:
        numerators, denominator = _by_weight(item.minor, item.weights, item.title)
        for account, numerator in numerators.items():
            exact[account] = exact.get(account, Fraction(0)) + Fraction(numerator, denominator)
    if extra and not subtotal:
        raise NobodyBears(extras[0].title)
    if extra:
        exact = {account: share + share * extra / subtotal for account, share in exact.items()}
    return _all_forward(total, _common(exact))


def _amounts(items: tuple[Item, ...], extras: tuple[Extra, ...]) -> list[int]:
    subtotal = sum(item.minor for item in items)
    return [extra.minor + _half_up(subtotal * extra.percent / 100) for extra in extras]


def _with_rest(exact: Mapping[AccountId, Fraction], left: Fraction, rest: Parts) -> dict[AccountId, Fraction]:
    together = dict(exact)
    if rest and (weights := sum(rest.values(), Fraction(0))):
        for account, weight in rest.items():
            together[account] = together.get(account, Fraction(0)) + left * weight / weights
    elif left or not together:
        raise NobodyBears
    return together


def _common(exact: Mapping[AccountId, Fraction]) -> Exactly:
    if not exact:
        raise NobodyBears
    scale = lcm(*(share.denominator for share in exact.values()))
    return {account: share.numerator * (scale // share.denominator) for account, share in exact.items()}, scale


def _all_forward(total: int, exactly: Exactly) -> Exactly:
    numerators, denominator = exactly
    for account, numerator in numerators.items():
        if numerator * total < 0 or (numerator and not total):
            raise Backwards(account, _half_up(Fraction(numerator, denominator)))
    return exactly


def _rounded(numerators: Mapping[AccountId, int], denominator: int, carry: Mapping[AccountId, int]) -> Division:
    shares: dict[AccountId, int] = {}
    parts: dict[AccountId, int] = {}
    for account, numerator in numerators.items():
        shares[account], parts[account] = divmod(numerator, denominator)
    odd = sum(parts.values()) // denominator

    def standing(account: AccountId) -> tuple[int, AccountId]:
        return carry.get(account, 0) * denominator - parts[account] * GRAINS, account

    for account in sorted((account for account, part in parts.items() if part), key=standing)[:odd]:
        shares[account] += 1
        parts[account] -= denominator
    return Division(shares, _in_grains({account: -part for account, part in parts.items() if part}, denominator))


def _in_grains(parts: Mapping[AccountId, int], denominator: int) -> dict[AccountId, int]:
    """Parts of a unit, which add up to 0, as grains, which do so too."""
    grains: dict[AccountId, int] = {}
    left: dict[AccountId, int] = {}
    for account, part in parts.items():
        grains[account], left[account] = divmod(part * GRAINS, denominator)
    missing = sum(left.values()) // denominator
    for account in sorted(left, key=lambda account: (-left[account], account))[:missing]:
        grains[account] += 1
    return {account: count for account, count in grains.items() if count}


def _half_up(value: Fraction) -> int:
    """The nearest whole number; halves away from 0."""
    rounded = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return rounded if value >= 0 else -rounded


def alike(accounts: Iterable[AccountId], weight: Fraction = Fraction(1)) -> dict[AccountId, Fraction]:
    """The same weight for all of these."""
    return dict.fromkeys(accounts, weight)
