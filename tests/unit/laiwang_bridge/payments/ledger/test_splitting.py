"""Bills are divided into whole units, exactly, near to what is fair, and evenly in the long run."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.ledger.splitting import (
    GRAINS,
    HALF,
    AccountId,
    Adjusted,
    Backwards,
    CannotDivide,
    DoesNotFit,
    Equal,
    Exact,
    Extra,
    Item,
    Itemised,
    NobodyBears,
    Percent,
    Split,
    Weights,
    accounts_of,
    alike,
    divide,
    exact_shares,
    total_of,
)

TOTALS = st.integers(-(10**12), 10**12)
ACCOUNTS = st.integers(1, 80).map(AccountId)
WEIGHTS = st.one_of(
    st.integers(0, 100).map(Fraction),
    st.fractions(0, 50, max_denominator=60),
    st.sampled_from([Fraction(0), HALF, Fraction(1), Fraction(2)]),
)
CARRIES = st.dictionaries(ACCOUNTS, st.integers(-3 * GRAINS, 3 * GRAINS))


def people(*numbers: int) -> tuple[AccountId, ...]:
    return tuple(map(AccountId, numbers))


def weights(*values: int | Fraction) -> dict[AccountId, Fraction]:
    return {AccountId(number): Fraction(value) for number, value in enumerate(values, 1)}


def shares(total: int, split: Split, carry: Mapping[AccountId, int] | None = None) -> list[int]:
    return list(divide(total, split, carry).shares.values())


@st.composite
def splits(draw: st.DrawFn) -> tuple[int, Split]:
    """A total, and a way to divide it that fits."""
    total = draw(TOTALS)
    some = draw(st.dictionaries(ACCOUNTS, WEIGHTS, min_size=1, max_size=30).filter(lambda them: any(them.values())))
    sign = -1 if total < 0 else 1
    kind = draw(st.sampled_from([Equal, Weights, Percent, Exact, Adjusted, Itemised]))
    if kind is Equal:
        return total, Equal(tuple(some))
    if kind is Weights:
        return total, Weights(some)
    if kind is Percent:
        whole = sum(some.values())
        if draw(st.booleans()):
            return total, Percent({account: weight * 100 / whole for account, weight in some.items()})
        return total, Percent({account: weight * 50 / whole for account, weight in some.items()}, {AccountId(99): HALF})
    part = total // (2 * len(some))
    if kind is Exact:
        return total, Exact(dict.fromkeys(list(some)[::2], part), some)
    if kind is Adjusted:
        return total, Adjusted({AccountId(99): part}, some)
    items = tuple(
        Item(f"item {number}", sign * minor, some)
        for number, minor in enumerate(draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5)))
    )
    receipt = Itemised(items, (Extra("tax", percent=Fraction(19)), Extra("tip", sign * draw(st.integers(0, 500)))))
    adds_up = total_of(receipt)
    assert adds_up is not None
    return adds_up, receipt


@given(splits(), CARRIES)
@settings(max_examples=150)
def test_shares_add_up_are_within_one_unit_and_nobody_bears_what_is_not_his(
    case: tuple[int, Split], carry: dict[AccountId, int]
) -> None:
    total, split = case
    division, exact = divide(total, split, carry), exact_shares(total, split)
    assert sum(division.shares.values()) == total == sum(exact.values())
    assert division.shares.keys() == exact.keys() <= set(accounts_of(split))
    for account, share in division.shares.items():
        assert abs(share - exact[account]) < 1
        assert exact[account] or not share
        assert abs(division.carry.get(account, 0) - (share - exact[account]) * GRAINS) < 1
    assert sum(division.carry.values()) == 0


@given(splits(), CARRIES, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_it_does_not_matter_in_which_order_people_are_named(
    case: tuple[int, Split], carry: dict[AccountId, int], chance: Random
) -> None:
    total, split = case
    if isinstance(split, Equal):
        named = list(split.accounts)
        chance.shuffle(named)
        assert divide(total, Equal(tuple(named)), carry).shares == divide(total, split, carry).shares
    elif isinstance(split, Weights):
        mixed = list(split.weights.items())
        chance.shuffle(mixed)
        assert divide(total, Weights(dict(mixed)), carry).shares == divide(total, split, carry).shares


@given(st.integers(2, 20), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=25)
def test_rounding_never_favours_anybody_by_more_than_half_of_the_others_together(
    count: int, chance: Random, by_weight: bool
) -> None:
    carry: dict[AccountId, int] = {}
    fair: dict[AccountId, Fraction] = {}
    charged: dict[AccountId, int] = {}
    for _ in range(60):
        members = people(*chance.sample(range(1, count + 1), chance.randint(1, count)))
        parts = {account: Fraction(chance.randint(1, 9), chance.randint(1, 3)) for account in members}
        total, split = chance.randint(-99_999, 99_999), Weights(parts) if by_weight else Equal(members)
        division = divide(total, split, carry)
        for account, share in exact_shares(total, split).items():
            fair[account] = fair.get(account, Fraction(0)) + share
            charged[account] = charged.get(account, 0) + division.shares[account]
            carry[account] = carry.get(account, 0) + division.carry.get(account, 0)
        for account, exact in fair.items():
            assert abs(charged[account] - exact) <= Fraction(count - 1, 2) + Fraction(1, 1000)


def test_taking_a_bill_back_takes_its_rounding_back() -> None:
    first = divide(1000, Equal(people(1, 2, 3)))
    assert list(first.shares.values()) == [334, 333, 333]
    second = divide(1000, Equal(people(1, 2, 3)), first.carry)
    assert list(second.shares.values()) == [333, 334, 333]
    assert divide(1000, Equal(people(1, 2, 3)), second.carry).shares[AccountId(2)] == 333


@pytest.mark.parametrize(
    ("total", "split", "expected"),
    [
        (9500, Equal(people(1, 2, 3)), [3167, 3167, 3166]),
        (-9500, Equal(people(1, 2, 3)), [-3166, -3167, -3167]),
        (100, Weights(weights(1, 2)), [33, 67]),
        (100, Weights(weights(3333, 3333, 3334)), [33, 33, 34]),
        (35316, Equal(people(*range(1, 9))), [4415] * 4 + [4414] * 4),
        (103, Equal(people(1, 2, 3)), [35, 34, 34]),
        (10300, Equal(people(1, 2, 3)), [3434, 3433, 3433]),
        (1012, Equal(people(1, 2, 3)), [338, 337, 337]),
        (1012, Equal(people(1, 2, 3, 4)), [253] * 4),
        (2200, Equal(people(*range(1, 13))), [184] * 4 + [183] * 8),
        (8900, Equal(people(*range(1, 14))), [685] * 8 + [684] * 5),
        (5, Equal(people(1, 2)), [3, 2]),
        (2, Equal(people(1, 2, 3)), [1, 1, 0]),
        (100, Equal(people(*range(1, 7))), [17] * 4 + [16] * 2),
        (10, Weights(weights(1, 1, 2)), [3, 2, 5]),
        (20000, Percent(weights(50, 30, 20)), [10000, 6000, 4000]),
        (
            100,
            Percent({AccountId(1): Fraction("78.26"), AccountId(2): Fraction("17.39")}, weights(0, 0, 1)),
            [78, 18, 4],
        ),
        (3000, Weights(weights(1, 2)), [1000, 2000]),
        (1000, Weights(weights(1, 1, HALF)), [400, 400, 200]),
        (12000, Exact({AccountId(1): 2000}, alike(people(2, 3))), [2000, 5000, 5000]),
        (3000, Adjusted({AccountId(1): 500, AccountId(2): -500}, weights(1, 1, 1)), [1500, 500, 1000]),
        (0, Equal(people(1, 2)), [0, 0]),
    ],
)
def test_examples(total: int, split: Split, expected: list[int]) -> None:
    assert shares(total, split) == expected


def test_tax_is_borne_in_proportion_to_what_everybody_had() -> None:
    receipt = Itemised(
        (
            Item("one", 15665, weights(1)),
            Item("two", 2999, {AccountId(2): Fraction(1)}),
            Item("three", 1998, {AccountId(3): Fraction(1)}),
        ),
        (Extra("tax", 1446),),
    )
    assert total_of(receipt) == 22108
    assert shares(22108, receipt) == [15665 + 1096, 2999 + 210, 1998 + 140]


def test_a_receipt_with_tip_and_discount() -> None:
    receipt = Itemised(
        (Item("pizza", 1200, weights(1, 1)), Item("wine", 2000, {AccountId(2): Fraction(1)})),
        (Extra("tip", percent=Fraction(10)), Extra("voucher", -320)),
    )
    assert total_of(receipt) == 3200
    assert shares(3200, receipt) == [600, 2600]


@pytest.mark.parametrize(
    ("total", "split", "missing"),
    [
        (52434, Exact({AccountId(n): minor for n, minor in enumerate((11011, 20974, 10487, 8914, 1049), 1)}), -1),
        (52434, Exact({AccountId(1): 52400}), 34),
        (1000, Exact({AccountId(1): 1100}, weights(0, 1)), -100),
        (1000, Percent(weights(50, 30)), 200),
        (1000, Percent(weights(70, 50)), -200),
        (1000, Itemised((Item("tea", 900, weights(1)),)), 100),
        (1000, Adjusted({AccountId(1): 1200}, weights(1, 1)), -200),
    ],
)
def test_what_does_not_fit_is_told_with_its_side(total: int, split: Split, missing: int) -> None:
    with pytest.raises(DoesNotFit) as caught:
        divide(total, split)
    assert caught.value.missing == missing


def test_percentages_that_do_not_fit_tell_what_is_left() -> None:
    with pytest.raises(DoesNotFit) as caught:
        divide(1000, Percent(weights(50, 30)))
    assert caught.value.percent == 20


@pytest.mark.parametrize(
    "split",
    [Equal(()), Weights({}), Weights(weights(0, 0)), Exact({}), Itemised((Item("tea", 1000, {}),)), Percent({})],
)
def test_somebody_has_to_bear_it(split: Split) -> None:
    with pytest.raises(CannotDivide):
        divide(1000, split)


def test_an_item_without_anybody_is_named() -> None:
    with pytest.raises(NobodyBears) as caught:
        divide(1000, Itemised((Item("tea", 1000, {}),)))
    assert caught.value.title == "tea"


def test_nobody_gains_by_a_bill() -> None:
    with pytest.raises(Backwards) as caught:
        divide(1000, Adjusted({AccountId(1): -1100}, weights(1, 1)))
    assert (caught.value.account, caught.value.minor) == (1, -50)
