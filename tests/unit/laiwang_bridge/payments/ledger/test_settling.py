"""Everybody comes to zero with as few payments as there can be, and what is suggested stays while it is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.ledger.grouping import EXACT_UP_TO, groups
from laiwang_bridge.payments.ledger.settling import (
    Debts,
    Minimal,
    Mode,
    Pairwise,
    Plan,
    Treasurer,
    as_units,
    debts_as_units,
    explain,
    plan,
    set_off,
    staircase,
)
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.ledger.zero_sums import most_groups


def nets(*values: int) -> dict[AccountId, int]:
    return {AccountId(number): value for number, value in enumerate(values, 1)}


def fewest(values: Sequence[int]) -> int:
    """By trying all ways: the first one with something left settles with each of the other side."""
    left = [value for value in values if value]
    if not left:
        return 0
    first, *others = left
    ways = [
        [*others[:place], other + first, *others[place + 1 :]]
        for place, other in enumerate(others)
        if other * first < 0
    ]
    return 1 + min(map(fewest, ways))


def usual(values: Sequence[int]) -> int:
    """How many payments it takes when the largest debt is always paid to the largest claim."""
    left, count = sorted(value for value in values if value), 0
    while left:
        minor = min(-left[0], left[-1])
        left = sorted(value for value in (left[0] + minor, *left[1:-1], left[-1] - minor) if value)
        count += 1
    return count


def after(given: Mapping[AccountId, int], made: Plan) -> dict[AccountId, int]:
    left = dict(given)
    for each in made.transfers:
        assert each.minor > 0
        assert each.payer != each.payee
        left[each.payer] += each.minor
        left[each.payee] -= each.minor
    return left


@st.composite
def balanced(draw: st.DrawFn, least: int = 2, most: int = 8) -> dict[AccountId, int]:
    largest = draw(st.sampled_from([3, 10, 100, 10**9]))
    values = draw(st.lists(st.integers(-largest, largest), min_size=least - 1, max_size=most - 1))
    return nets(*values, -sum(values))


@given(balanced(most=7))
@settings(max_examples=150)
def test_no_other_plan_has_fewer_payments(given: dict[AccountId, int]) -> None:
    made = plan(given)
    assert len(made.transfers) == fewest(list(given.values()))
    assert not any(after(given, made).values())


@given(balanced(most=60))
@settings(max_examples=60)
def test_everybody_comes_to_zero_and_never_with_more_payments_than_usual(given: dict[AccountId, int]) -> None:
    made = plan(given)
    assert not any(after(given, made).values())
    assert len(made.transfers) <= usual(list(given.values()))
    assert plan(after(given, made)).transfers == ()
    for block in made.blocks:
        assert sum(block.values()) == 0
        assert all(block.values())
    assert made == plan(dict(reversed(given.items())))


@given(balanced(most=30), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_what_is_open_stays_as_it_was_while_the_rest_is_paid(given: dict[AccountId, int], chance: Random) -> None:
    made, left = plan(given), dict(given)
    open_ones = [(each.payer, each.payee, each.minor) for each in made.transfers]
    while open_ones:
        payer, payee, minor = open_ones.pop(chance.randrange(len(open_ones)))
        left[payer] += minor
        left[payee] -= minor
        made = plan(left, before=made)
        assert sorted((each.payer, each.payee, each.minor) for each in made.transfers) == sorted(open_ones)


def test_a_part_that_was_paid_leaves_the_rest_of_it() -> None:
    made = plan(nets(-1000, 600, 400))
    again = plan(nets(-900, 500, 400), before=made)
    assert [(each.payer, each.payee, each.minor) for each in again.transfers] == [(1, 2, 500), (1, 3, 400)]


def test_a_plan_that_does_not_lead_to_zero_any_more_is_made_anew() -> None:
    made = plan(nets(-1000, 600, 400))
    again = plan(nets(-1000, 600, -100, 500), before=made)
    assert not any(after(nets(-1000, 600, -100, 500), again).values())


def test_a_plan_that_could_do_with_fewer_payments_is_made_anew() -> None:
    made = plan(nets(-1000, 600, 400))
    assert len(plan(nets(-600, 600, 0), before=made).transfers) == 1
    crossed = plan(nets(-5, -5, 4, 6))
    assert len(plan(nets(-4, -6, 4, 6), before=crossed).transfers) == 2


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (nets(-10, -3, -3, 6, 5, 5), 4),
        (nets(812, 0, -812), 1),
        (nets(6, -6), 1),
        (nets(-120, 300, -180), 2),
        (nets(10, -5, -5), 2),
        (nets(4, -4, 0, 0), 1),
        (nets(0, 0), 0),
        ({}, 0),
    ],
)
def test_examples(given: dict[AccountId, int], count: int) -> None:
    made = plan(given)
    assert len(made.transfers) == count
    assert not any(after(given, made).values())


def test_hidden_groups_of_twenty_people_are_found() -> None:
    chance = Random(4)
    values: list[int] = []
    for _ in range(5):
        some = [chance.randint(100, 9999) for _ in range(3)]
        values += [*some, -sum(some)]
    chance.shuffle(values)
    assert len(values) == EXACT_UP_TO
    assert len(plan(nets(*values)).transfers) == 15


def test_many_people_are_settled_in_groups_of_some() -> None:
    chance = Random(4)
    values: list[int] = []
    for size in (2, 3, 4, 3, 2, 4, 3, 5, 4, 3, 2, 5):
        some = [chance.randint(1, 9999) for _ in range(size - 1)]
        values += [*some, -sum(some)]
    chance.shuffle(values)
    assert len(plan(nets(*values)).transfers) <= usual(values) - 5


@given(st.lists(st.integers(-20, 20).filter(bool), min_size=1, max_size=11))
def test_groups_add_up_to_zero_and_everybody_is_in_one(values: list[int]) -> None:
    if total := sum(values):
        values = [*values, -total]
    for found in (most_groups(values), groups(values)):
        assert sorted(place for group in found for place in group) == list(range(len(values)))
        assert all(sum(values[place] for place in group) == 0 for group in found)


def test_nets_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up"):
        plan(nets(1, 2))


def test_with_who_owes_whom_nobody_pays_anybody_new() -> None:
    one, two, three = AccountId(1), AccountId(2), AccountId(3)
    debts = {(one, two): 10, (two, three): 10}
    made = plan(nets(-10, 0, 10), Pairwise(debts))
    assert [(each.payer, each.payee, each.minor) for each in made.transfers] == [(1, 2, 10), (2, 3, 10)]
    assert explain(made, made.transfers[1]).nets == {two: -10, three: 10}
    assert len(plan(nets(-10, 0, 10)).transfers) == 1


@given(balanced(most=12), st.integers(1, 12).map(AccountId))
def test_through_a_treasurer_everybody_has_one_payment(given: dict[AccountId, int], treasurer: AccountId) -> None:
    given.setdefault(treasurer, 0)
    made = plan(given, Treasurer(treasurer))
    assert not any(after(given, made).values())
    assert all(treasurer in (each.payer, each.payee) for each in made.transfers)
    assert len(made.transfers) == sum(1 for account, net in given.items() if net and account != treasurer)


@pytest.mark.parametrize("mode", [Minimal(), Treasurer(AccountId(2)), Pairwise({(AccountId(1), AccountId(3)): 500})])
def test_each_payment_can_be_explained(mode: Mode) -> None:
    made = plan(nets(-500, 0, 500), mode)
    for each in made.transfers:
        reason = explain(made, each)
        assert each in reason.transfers
        assert sum(reason.nets.values()) == 0
        assert {each.payer, each.payee} - {AccountId(2)} <= reason.nets.keys()


def test_couples_settle_as_one() -> None:
    one, two, three, four = map(AccountId, range(1, 5))
    together = as_units({one: -500, two: 700, three: -200, four: 0}, {two: one})
    assert together == {one: 200, three: -200, four: 0}
    debts: Debts = {(one, two): 9, (three, two): 5, (one, three): 2}
    assert debts_as_units(debts, {two: one}) == {(three, one): 3}


@given(balanced(most=12))
def test_an_entry_that_is_taken_back_leaves_nobody_owing_anybody(given: dict[AccountId, int]) -> None:
    back = {account: -net for account, net in given.items()}
    steps = [((payer, payee), minor) for part in (given, back) for payer, payee, minor in staircase(part)]
    assert set_off(steps) == {}
