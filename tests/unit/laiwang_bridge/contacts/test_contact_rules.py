"""Who is shown to whom, how much is looked at, and what is no address book."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge import rates
from laiwang_bridge.contacts import rules
from laiwang_bridge.contacts.rules import (
    DAY_MS,
    Buckets,
    Choice,
    Limits,
    Sight,
    cost,
    limits,
    read_choice,
    share,
    sight,
)
from laiwang_bridge.people.addresses import Findable
from laiwang_bridge.people.rules import Tie
from laiwang_bridge.rates import Limit

TIES = st.builds(Tie, friends=st.booleans(), i_blocked=st.booleans(), blocked_me=st.booleans())
FINDABLE = st.sets(st.sampled_from(Findable))
LIMITS = st.builds(
    Limits,
    full=st.builds(Limit, burst=st.integers(1, 40), every_ms=st.integers(1, 1000)),
    delta=st.builds(Limit, burst=st.integers(1, 10), every_ms=st.integers(1, 1000)),
)
COSTS = st.lists(st.integers(1, 4), max_size=60)
NOW = 1_000_000


# -- who is shown ---------------------------------------------------------------------------------------------------


@given(findable=FINDABLE, has_mine=st.booleans(), tie=TIES)
def test_a_block_in_either_direction_hides(findable: set[Findable], has_mine: bool, tie: Tie) -> None:
    assert sight(findable, has_mine=has_mine, tie=replace(tie, i_blocked=True)) is Sight.HIDDEN
    assert sight(findable, has_mine=has_mine, tie=replace(tie, blocked_me=True)) is Sight.HIDDEN


@given(findable=FINDABLE, tie=TIES)
def test_whoever_does_not_have_me_is_hidden_unless_he_wants_to_be_found_by_anyone(
    findable: set[Findable], tie: Tie
) -> None:
    seen = sight(findable, has_mine=False, tie=tie)
    assert seen is Sight.HIDDEN or Findable.ANYONE in findable


@given(has_mine=st.booleans(), tie=TIES)
def test_nobody_is_found_by_an_address_that_is_for_nobody(has_mine: bool, tie: Tie) -> None:
    assert sight({Findable.NOBODY}, has_mine=has_mine, tie=tie) is Sight.HIDDEN


@given(findable=FINDABLE, has_mine=st.booleans())
def test_a_friend_is_counted_where_a_stranger_would_be_shown_and_nowhere_else(
    findable: set[Findable], has_mine: bool
) -> None:
    stranger = sight(findable, has_mine=has_mine, tie=Tie())
    friend = sight(findable, has_mine=has_mine, tie=Tie(friends=True))
    assert (stranger is Sight.SHOWN) == (friend is Sight.FRIEND)


# -- how much is looked at ------------------------------------------------------------------------------------------


def test_the_usual_limits() -> None:
    usual = limits(5_000, 2_000)
    first = share(usual, Buckets(), [1] * 7_200, NOW)
    assert first.count == 5_000
    assert first.wait_ms < DAY_MS
    assert share(usual, first.buckets, [1] * 2_200, NOW).count == 0
    assert share(usual, first.buckets, [1] * 2_200, NOW + first.wait_ms).count == 2_200
    assert share(usual, first.buckets, [1] * 20, NOW).count == 20
    assert share(usual, Buckets(), [1] * 5_000, NOW) == rules.Share(5_000, Buckets(NOW + 10 * DAY_MS), 0)


@given(limits=LIMITS, costs=COSTS, level=st.integers(0, 50_000), delta=st.integers(0, 5_000))
def test_what_fits_is_looked_at_and_nothing_else(limits: Limits, costs: list[int], level: int, delta: int) -> None:
    before = Buckets(NOW + level, NOW + delta)
    full = rates.room(limits.full, before.full, NOW)
    more = rates.room(limits.delta, before.delta, NOW)
    fitting = share(limits, before, costs, NOW)
    looked_at = sum(costs[: fitting.count])
    if sum(costs) <= full + more:
        assert fitting.count == len(costs)
    else:
        assert looked_at <= full < looked_at + costs[fitting.count]
        assert fitting.buckets.delta == before.delta
    poured = (fitting.buckets.full - before.full) // limits.full.every_ms
    poured += (fitting.buckets.delta - before.delta) // limits.delta.every_ms
    assert poured == looked_at


@given(limits=LIMITS, costs=COSTS, level=st.integers(0, 50_000))
def test_the_time_said_is_the_first_at_which_the_rest_fits(limits: Limits, costs: list[int], level: int) -> None:
    fitting = share(limits, Buckets(NOW + level), costs, NOW)
    rest = costs[fitting.count :]
    if sum(rest) > limits.full.burst + limits.delta.burst:
        return
    assert share(limits, fitting.buckets, rest, NOW + fitting.wait_ms).count == len(rest)
    if fitting.wait_ms:
        assert share(limits, fitting.buckets, rest, NOW + fitting.wait_ms - 1).count < len(rest)


@given(limits=LIMITS, books=st.lists(st.tuples(COSTS, st.integers(0, 3_000)), max_size=20))
def test_however_often_somebody_sends_no_more_is_looked_at_than_the_buckets_hold_and_lose(
    limits: Limits, books: list[tuple[list[int], int]]
) -> None:
    now, buckets, total = NOW, Buckets(), 0
    for costs, pause in books:
        now += pause
        fitting = share(limits, buckets, costs, now)
        buckets = fitting.buckets
        total += sum(costs[: fitting.count])
    passed = now - NOW
    allowed = sum(limit.burst + passed // limit.every_ms + 1 for limit in (limits.full, limits.delta))
    assert total <= allowed


@given(limit=st.builds(Limit, burst=st.integers(1, 9), every_ms=st.integers(1, 99)), level=st.integers(0, 2_000))
def test_there_is_room_for_as_many_as_fit_one_by_one(limit: Limit, level: int) -> None:
    drains_at, fitting = NOW + level, 0
    while rates.wait(limit, drains_at, NOW) == 0:
        drains_at = rates.pour(limit, drains_at, NOW)
        fitting += 1
    assert fitting == rates.room(limit, NOW + level, NOW)


@given(addresses=st.integers(0, 200))
def test_many_addresses_in_one_contact_are_no_way_around_the_limits(addresses: int) -> None:
    assert cost(addresses) * 4 >= min(addresses, rules.MOST_ADDRESSES)
    assert cost(addresses) >= 1


# -- what is no address book ----------------------------------------------------------------------------------------


def test_numbers_in_a_row_are_no_address_book() -> None:
    row = [f"+861381234{last:04}" for last in range(60)]
    scattered = [f"+86139{place:04}{place:04}" for place in range(40)]
    assert rules.is_dense([*row, *scattered], 100)
    assert not rules.is_dense([*row[1:], *scattered, "+8613711112222"], 100)
    assert not rules.is_dense(row, 61)
    assert not rules.is_dense([], 10)


def test_the_same_number_twice_is_no_row() -> None:
    assert not rules.is_dense(["+8613812340001"] * 500, 100)


# -- choosing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("all", None),
        ("全部", None),
        ("ALL", None),
        ("2 5", (2, 5)),
        ("2,5", (2, 5)),
        ("2、5，7", (2, 5, 7)),
        ("2 and 5", (2, 5)),
        ("2和5", (2, 5)),
        ("2-5", (2, 3, 4, 5)),
        ("1 3-4 1", (1, 3, 4)),
        ("2 到 4", (2, 3, 4)),
    ],
)
def test_people_are_chosen_as_one_would_write_it(typed: str, chosen: tuple[int, ...] | None) -> None:
    assert read_choice(typed) == Choice(chosen)


@pytest.mark.parametrize("typed", ["", "two", "2 5 x", "0", "5-2", "1-99999", "K7RF-2XWM", "2x5", "-"])
def test_anything_else_is_no_choice(typed: str) -> None:
    assert read_choice(typed) is None


@given(st.one_of(st.none(), st.lists(st.integers(1, 999_999), min_size=1, unique=True).map(tuple)))
def test_a_choice_is_read_as_it_is_written(numbers: tuple[int, ...] | None) -> None:
    assert read_choice(str(Choice(numbers))) == Choice(numbers)


@given(st.text())
def test_no_text_is_too_odd_to_be_no_choice(text: str) -> None:
    read_choice(text)
