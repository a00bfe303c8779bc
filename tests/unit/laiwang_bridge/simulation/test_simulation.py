"""Simulated clusters grow by the rules of the bridge and by no others."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.clusters import rules
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.reach import MOST_HOPS, Mode, Reach
from laiwang_bridge.clusters.rules import Cluster, FriendInside, Stay, View
from laiwang_bridge.people.rules import Exposure, PersonId
from laiwang_bridge.rates import Limit
from laiwang_bridge.simulation import Growth, Habits, Result, Town, simulate, small_world
from laiwang_bridge.simulation.spreading import DAY, HOUR

TOWN = small_world(400, 12, seed=7)
EAGER = Habits(chance=0.3, loud=0.7, hours=8)
FRIENDS, CHAIN = Reach(Mode.FRIENDS), Reach(Mode.CHAIN)
REACHES = [FRIENDS, *(Reach(Mode.HOPS, hops) for hops in (2, 3, MOST_HOPS)), CHAIN]


def grown(
    reach: Reach = CHAIN,
    cap: int | None = 500,
    habits: Habits = EAGER,
    *,
    initiator: int = 0,
    seed: str = "1",
    pace: Pace | None = None,
    town: Town = TOWN,
) -> Growth:
    growth = Growth(town, PersonId(initiator), reach, cap, habits, seed, pace or Pace())
    growth.run()
    return growth


def looked_up(town: Town, person: PersonId, stays: dict[PersonId, Stay]) -> View:
    """What the rules need to know, from the friendships and stays alone."""
    inside = [stays[friend] for friend in town.friends_of(person) if friend in stays and stays[friend].inside]
    return View(
        candidate=person,
        friends_inside=tuple(
            FriendInside(person=stay.person, hop=stay.hop, exposure=stay.exposure, friends_since=0) for stay in inside
        ),
        is_member=person in stays and stays[person].inside,
    )


def seers(town: Town, cluster: Cluster, stays: dict[PersonId, Stay]) -> set[PersonId]:
    """Everybody who deserves a card, asked one by one."""
    everybody = (PersonId(person) for person in range(town.size))
    return {one for one in everybody if rules.deserves_card(cluster, looked_up(town, one, stays))}


def near_enough(growth: Growth, stay: Stay) -> bool:
    match growth.cluster.reach:
        case Reach(mode=Mode.FRIENDS):
            return stay.person == growth.cluster.initiator
        case Reach(hops=None):
            return True
        case Reach(hops=hops):
            return stay.hop < hops


growths = st.builds(
    grown,
    st.sampled_from(REACHES),
    st.sampled_from([None, 5, 40]),
    st.builds(Habits, chance=st.floats(0, 1), loud=st.floats(0, 1), hours=st.just(8)),
    initiator=st.integers(0, TOWN.size - 1),
    seed=st.text(max_size=3),
)


@settings(max_examples=40, deadline=None)
@given(growths)
def test_nobody_was_shown_it_or_came_in_without_a_loud_friend_inside(growth: Growth) -> None:
    friends, stays = growth.town.friends_of, growth.stays
    assert stays.keys() <= growth.shown | {growth.cluster.initiator}
    for person in growth.shown:
        assert any(stays[one].loud and near_enough(growth, stays[one]) for one in friends(person) if one in stays)
    for stay in stays.values():
        assert bool(stay.sponsors) == (stay.person != growth.cluster.initiator)
        for sponsor in (stays[one] for one in stay.sponsors):
            assert sponsor.person in friends(stay.person)
            assert sponsor.loud
            assert sponsor.joined_at <= stay.joined_at
            assert near_enough(growth, sponsor)
        if growth.cluster.reach.mode is not Mode.FRIENDS and stay.sponsors:
            assert stay.hop <= 1 + min(stays[one].hop for one in stay.sponsors)


@settings(max_examples=40, deadline=None)
@given(growths)
def test_cards_kept_step_by_step_are_those_that_everybody_deserves(growth: Growth) -> None:
    assert growth.cards == seers(growth.town, growth.cluster, growth.stays)
    assert growth.cards <= growth.shown


@settings(max_examples=40, deadline=None)
@given(growths, st.randoms(use_true_random=False), st.booleans())
def test_who_leaves_or_goes_quiet_takes_away_just_the_sight_that_rested_on_him(
    growth: Growth, chance: Random, leaves: bool
) -> None:
    cluster = replace(growth.cluster, cap=None)
    stay = chance.choice([stay for stay in growth.stays.values() if stay.loud])
    without = rules.leave(stay, DAY) if leaves else rules.expose(stay, Exposure.QUIET)
    stays = growth.stays | {stay.person: without}

    before, after = seers(growth.town, cluster, growth.stays), seers(growth.town, cluster, stays)
    rested = {
        person
        for person in before
        if [one.person for one in rules.allow(cluster, looked_up(growth.town, person, growth.stays)).sponsors]
        == [stay.person]
    }
    assert before - after == rested
    assert after - before <= {stay.person}


@settings(max_examples=40, deadline=None)
@given(growths)
def test_there_are_never_more_members_than_the_cap(growth: Growth) -> None:
    cap = growth.cluster.cap
    assert cap is None or len(growth.stays) <= cap
    assert growth.cluster.seats_taken == len(growth.stays)
    if cap is not None and len(growth.stays) == cap:
        assert growth.cards == set()


def test_somebody_quiet_shows_it_to_nobody() -> None:
    growth = grown(habits=replace(EAGER, loud=0.0, chance=1.0))
    friends = set(TOWN.friends_of(PersonId(0)))
    assert growth.shown == friends
    assert growth.stays.keys() == friends | {0}
    assert {stay.exposure for person, stay in growth.stays.items() if person != 0} == {Exposure.QUIET}


@pytest.mark.parametrize("initiator", [0, 17, 311])
def test_a_cluster_for_friends_goes_no_further_than_the_initiators_friends(initiator: int) -> None:
    growth = grown(FRIENDS, habits=Habits(chance=1, loud=1, hours=1), initiator=initiator)
    assert growth.shown == set(TOWN.friends_of(PersonId(initiator)))
    assert {stay.hop for stay in growth.stays.values()} == {0, 1}


def test_hops_end_where_the_rules_say() -> None:
    certain = Habits(chance=1, loud=1, hours=1)
    for hops in (2, 3):
        growth = grown(Reach(Mode.HOPS, hops), None, certain)
        assert max(stay.hop for stay in growth.stays.values()) == hops
        assert len(growth.stays) < TOWN.size
    assert len(grown(CHAIN, None, certain).stays) == TOWN.size


def test_who_knocks_when_many_have_come_waits_for_his_turn() -> None:
    pace = Pace(at_once=5, limit=Limit(burst=1, every_ms=DAY))
    growth = grown(CHAIN, None, Habits(chance=1, loud=1, hours=1), pace=pace, town=small_world(60, 6, seed=1))
    came = sorted(stay.joined_at for stay in growth.stays.values())
    assert all(later - earlier >= DAY for earlier, later in pairwise(came[7:]))
    assert came[5] < 2 * DAY < came[-1]


def test_time_passes_as_people_look_at_their_cards() -> None:
    slow, quick = (
        simulate(TOWN, FRIENDS, 500, Habits(chance=1, loud=1, hours=hours), runs=20, seed=1) for hours in (24, 1)
    )
    assert median(one.days for one in slow.outcomes) > 10 * median(one.days for one in quick.outcomes)


def results(seed: int = 1) -> list[Result]:
    habits = Habits(chance=0.12, loud=0.6, hours=8)
    return [simulate(TOWN, reach, 40, habits, runs=40, seed=seed) for reach in REACHES]


def test_the_same_seed_has_the_same_results_and_another_has_others() -> None:
    assert results() == results()
    assert results() != results(seed=2)


def test_a_wider_reach_is_shown_to_no_fewer_people_in_the_median() -> None:
    shown = [result.quantile(0.5, lambda one: one.shown) for result in results()]
    assert shown == sorted(shown)
    assert shown[0] < shown[-1]


def test_figures_are_what_they_are_called() -> None:
    result = results()[-1]
    members = sorted(one.members for one in result.outcomes)
    assert result.quantile(0.5, lambda one: one.members) == members[19]
    assert result.quantile(0.9, lambda one: one.members) == members[35]
    assert result.full == sum(count == 40 for count in members) / 40
    assert 0 < result.full < 1
    days = sum(one.loud_days for one in result.outcomes)
    assert result.joins_per_loud_day == pytest.approx((sum(members) - 40) / days)


def test_loud_days_are_counted_from_everybodys_coming() -> None:
    alone = Growth(TOWN, PersonId(0), FRIENDS, 500, Habits(chance=0, loud=1, hours=8), "1", Pace()).run()
    assert (alone.members, alone.joins, alone.days) == (1, 0, 0.0)
    assert alone.shown == len(TOWN.friends_of(PersonId(0)))
    assert alone.loud_days * DAY > HOUR
