"""The made-up town is a small world, and the same each time."""

from __future__ import annotations

from itertools import combinations

import pytest

from laiwang_bridge.simulation import Town, fewest_people, small_world


@pytest.fixture(scope="module")
def town() -> Town:
    return small_world(2_000, 20, seed=1)


def test_friendship_is_mutual_and_with_somebody_else(town: Town) -> None:
    for person, friends in enumerate(town.friends):
        assert person not in friends
        assert list(friends) == sorted(set(friends))
        assert all(person in town.friends[other] for other in friends)


def test_people_have_about_as_many_friends_as_was_said_and_differ_in_it(town: Town) -> None:
    assert town.mean_friends == pytest.approx(20, rel=0.05)
    counts = sorted(map(len, town.friends))
    assert 1 <= counts[0] < 10
    assert counts[-1] > 50


def test_friends_of_somebody_know_each_other(town: Town) -> None:
    pairs = [pair for friends in town.friends for pair in combinations(friends, 2)]
    closed = sum(other in town.friends[one] for one, other in pairs)
    assert closed / len(pairs) > 10 * town.mean_friends / town.size  # ten times as often as two at random


def test_everybody_can_be_reached_in_a_few_steps(town: Town) -> None:
    known, edge, steps = {0}, {0}, 0
    while edge:
        edge = {int(other) for person in edge for other in town.friends[person]} - known
        known |= edge
        steps += 1
    assert len(known) == town.size
    assert steps <= 7


def test_the_same_seed_makes_the_same_town_and_another_another() -> None:
    assert small_world(300, 10, seed=4) == small_world(300, 10, seed=4)
    assert small_world(300, 10, seed=4) != small_world(300, 10, seed=5)


@pytest.mark.parametrize(("people", "friends"), [(39, 10), (100, 0)])
def test_a_town_too_small_for_its_friendships_is_refused(people: int, friends: int) -> None:
    with pytest.raises(ValueError, match=f"{fewest_people(friends)} people"):
        small_world(people, friends, seed=1)
