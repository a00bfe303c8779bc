"""What cards say, in which order they come, and what the initiator is told beforehand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.cards import Audience, audience, rank, round_up, rounded_size, size_sentence
from laiwang_bridge.clusters.reach import Mode, Reach

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("members", "shown"),
    [(0, 0), (4, 0), (5, 5), (7, 5), (8, 10), (12, 10), (15, 20), (34, 20), (35, 50), (99, 50), (100, 100), (500, 100)],
)
def test_a_card_shows_a_round_size(members: int, shown: int) -> None:
    assert rounded_size(members) == shown


@given(members=st.integers(1, 10_000))
def test_a_size_is_one_of_six(members: int) -> None:
    assert rounded_size(members) in {0, 5, 10, 20, 50, 100}


@pytest.mark.parametrize(
    ("members", "said"),
    [(1, "a few people"), (4, "a few people"), (6, "about 5 people"), (60, "about 50 people")],
)
def test_a_size_reads_like_a_guess(members: int, said: str) -> None:
    size = rounded_size(members)
    assert size_sentence(size).singular.format(size=size) == said


def test_a_great_size_is_not_counted() -> None:
    assert size_sentence(rounded_size(499)).singular == "at least 100 people"


def test_the_rank_can_be_explained_part_by_part() -> None:
    found = rank(friends_inside=3, messages_24h=7, age_ms=24 * HOUR, times_shown=1)
    assert (found.friends, found.talk, found.age, found.shown) == (9.0, 3.0, -2.0, -2.0)
    assert found.score == 8.0


@given(friends=st.integers(0, 50), messages=st.integers(0, 9_999), age=st.integers(0, 10**10), shown=st.integers(0, 20))
def test_friends_and_talk_raise_a_cluster_age_and_repetition_lower_it(
    friends: int, messages: int, age: int, shown: int
) -> None:
    score = rank(friends, messages, age, shown).score
    assert rank(friends + 1, messages, age, shown).score > score
    assert rank(friends, messages + 1, age, shown).score > score
    assert rank(friends, messages, age + HOUR, shown).score < score
    assert rank(friends, messages, age, shown + 1).score < score


def test_a_clock_that_went_back_does_not_raise_a_cluster() -> None:
    assert rank(0, 0, -HOUR, 0).score == 0


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach(Mode.CLOSED), Audience(4, 4)),
        (Reach(Mode.LIST), Audience(4, 4)),
        (Reach(Mode.FRIENDS), Audience(30, 30)),
        (Reach(Mode.HOPS, 2), Audience(30, 500)),
        (Reach(Mode.HOPS, 3), Audience(30, 2_000)),
        (Reach(Mode.CHAIN), Audience(30, None)),
        (Reach(Mode.OPEN), Audience(None, None)),
    ],
)
def test_the_initiator_is_told_who_can_see_it_and_how_far_it_may_go(reach: Reach, expected: Audience) -> None:
    assert audience(reach, 4, [30, 280, 900]) == expected


def test_an_audience_that_was_not_counted_far_enough_is_no_audience() -> None:
    with pytest.raises(ValueError, match="needs 3 rings"):
        audience(Reach(Mode.HOPS, 3), 0, [30, 280])


@given(count=st.integers(-5, 10**7))
def test_rounding_up_never_promises_fewer_and_at_most_two_and_a_half_times_as_many(count: int) -> None:
    rounded = round_up(count)
    assert rounded >= count
    assert rounded <= max(5, 2.5 * count)
