"""Who sees a cluster and steps in: the story told by example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from laiwang_bridge.clusters.reach import DEFAULT_REACH, MOST_HOPS, Mode, Reach, default_cap
from laiwang_bridge.clusters.rules import (
    NOT_AVAILABLE,
    Cause,
    Cluster,
    ClusterId,
    Decision,
    FriendInside,
    Lifecycle,
    Stay,
    View,
    allow,
    arrive,
    deserves_card,
    enter,
    expose,
    first_stay,
    hop,
    leave,
    shown_friends,
    sponsors,
    visible,
)
from laiwang_bridge.people.rules import Exposure, PersonId
from tests.unit.laiwang_bridge.clusters.world import World

A, B, C, D = (PersonId(number) for number in (1, 2, 3, 4))
LINE = [(1, 2), (2, 3), (3, 4)]
CLUSTER = Cluster(
    id=ClusterId("zd_1"),
    initiator=A,
    reach=DEFAULT_REACH,
    cap=500,
    lifecycle=Lifecycle.OPEN,
    created_at=1_000,
    seats_taken=3,
)
LOUD_FRIEND = FriendInside(person=B, hop=1, exposure=Exposure.LOUD, friends_since=500)
VIEW = View(candidate=C, friends_inside=(LOUD_FRIEND,))


def test_a_topic_walks_along_a_line_of_friends_as_far_as_its_hops() -> None:
    world = World.of(4, DEFAULT_REACH, LINE)
    assert world.cards == {B}
    world.join(B)
    assert world.cards == {C}
    assert shown_friends(world.cluster, world.view(C)) == (B,)
    world.join(C)
    assert world.stays[C].hop == 2
    assert world.stays[C].sponsors == (B,)
    assert world.cards == set()
    assert world.allow(D).cause is Cause.TOO_FAR


def test_a_chain_goes_on_where_hops_end() -> None:
    world = World.of(4, Reach(Mode.CHAIN), LINE)
    world.join(B)
    world.join(C)
    assert world.cards == {D}


def test_nobody_learns_of_a_cluster_through_somebody_who_is_quiet() -> None:
    world = World.of(4, DEFAULT_REACH, LINE)
    world.join(B, Exposure.QUIET)
    assert C not in world.cards
    assert world.allow(C) == Decision(Cause.NO_SPONSOR)
    world.expose(B, Exposure.LOUD)
    assert C in world.cards


def test_who_taps_after_the_sponsor_has_left_is_declined_without_a_reason() -> None:
    world = World.of(4, DEFAULT_REACH, LINE)
    world.join(B)
    assert C in world.cards
    world.leave(B)
    answer = world.join(C)
    assert isinstance(answer, Decision)
    assert answer.sentence == NOT_AVAILABLE
    assert C not in world.inside()
    assert C not in world.cards


@pytest.mark.parametrize("couple", [(A, C), (C, A)])
def test_a_block_between_a_person_and_the_initiator_takes_the_card_away(couple: tuple[PersonId, PersonId]) -> None:
    world = World.of(4, DEFAULT_REACH, LINE)
    world.join(B)
    assert C in world.cards
    world.block(*couple)
    assert C not in world.cards
    assert world.allow(C).cause is Cause.BLOCKED


def test_those_whom_i_brought_in_stay_when_i_leave() -> None:
    world = World.of(4, DEFAULT_REACH, LINE)
    world.join(B)
    world.join(C)
    world.leave(B)
    assert C in world.inside()


def test_of_six_hundred_who_knock_exactly_as_many_come_in_as_fit() -> None:
    world = World.of(601, Reach(Mode.FRIENDS), [(1, other) for other in range(2, 602)])
    for person in world.people[1:]:
        world.join(person)
    assert len(world.inside()) == default_cap(world.cluster.reach) == 500
    assert world.allow(PersonId(601)).cause is Cause.FULL


def test_a_seat_that_was_kept_is_there_even_when_the_cluster_is_full() -> None:
    full = replace(CLUSTER, cap=3)
    assert allow(full, VIEW).cause is Cause.FULL
    assert allow(full, replace(VIEW, seat_kept=True)).allowed


def test_new_friends_do_not_see_old_clusters_unless_the_member_wishes_so() -> None:
    new = replace(LOUD_FRIEND, friends_since=CLUSTER.created_at + 1)
    assert not visible(CLUSTER, replace(VIEW, friends_inside=(new,))).allowed
    welcoming = replace(new, new_friends_see_old=True)
    assert visible(CLUSTER, replace(VIEW, friends_inside=(welcoming,))).allowed
    same_moment = replace(new, friends_since=CLUSTER.created_at)
    assert visible(CLUSTER, replace(VIEW, friends_inside=(same_moment,))).allowed


@pytest.mark.parametrize("change", [{"hidden": True}, {"blocked": True}, {"exposure": Exposure.QUIET}])
def test_a_member_who_hides_is_blocked_or_quiet_is_no_sponsor(change: dict[str, object]) -> None:
    other = replace(LOUD_FRIEND, **change)  # type: ignore[arg-type]
    alone = replace(VIEW, friends_inside=(other,))
    assert sponsors(CLUSTER, alone) == ()
    assert not allow(CLUSTER, alone).allowed
    second = replace(LOUD_FRIEND, person=D)
    assert allow(CLUSTER, replace(VIEW, friends_inside=(other, second))).sponsors == (second,)


def test_muting_hides_a_cluster_but_does_not_bar_the_way() -> None:
    for muted in (replace(VIEW, muted=True), replace(VIEW, friends_inside=(replace(LOUD_FRIEND, muted=True),))):
        assert not visible(CLUSTER, muted).allowed
        assert not deserves_card(CLUSTER, muted)
        assert allow(CLUSTER, muted).allowed


def test_a_friend_too_far_in_to_sponsor_does_not_make_up_for_the_muted_sponsor() -> None:
    near, far = replace(LOUD_FRIEND, muted=True), replace(LOUD_FRIEND, person=D, hop=2)
    assert visible(CLUSTER, replace(VIEW, friends_inside=(near, far))).cause is Cause.MUTED_SPONSORS


def test_a_card_names_the_nearest_first_and_nobody_who_was_muted() -> None:
    friends = (
        replace(LOUD_FRIEND, person=D, hop=2),
        LOUD_FRIEND,
        replace(LOUD_FRIEND, person=PersonId(9), muted=True),
        replace(LOUD_FRIEND, person=PersonId(5)),
    )
    assert shown_friends(CLUSTER, replace(VIEW, friends_inside=friends)) == (B, PersonId(5), D)


def test_a_closed_cluster_is_for_those_who_were_named() -> None:
    closed = replace(CLUSTER, reach=Reach(Mode.CLOSED), named=frozenset({C}))
    stranger = View(candidate=C)
    assert deserves_card(closed, stranger)
    assert hop(closed, stranger) == 1
    assert allow(closed, replace(VIEW, candidate=D)).cause is Cause.NOT_NAMED


def test_a_list_cluster_is_for_those_on_the_list() -> None:
    listed = replace(CLUSTER, reach=Reach(Mode.LIST))
    assert deserves_card(listed, View(candidate=C, on_list=True))
    assert allow(listed, VIEW).cause is Cause.NOT_ON_LIST


def test_the_reach_friends_counts_friends_of_the_initiator_alone() -> None:
    cluster = replace(CLUSTER, reach=Reach(Mode.FRIENDS))
    assert allow(cluster, VIEW).cause is Cause.NOT_A_FRIEND
    host = replace(LOUD_FRIEND, person=A, hop=0)
    assert allow(cluster, replace(VIEW, friends_inside=(LOUD_FRIEND, host))).sponsors == (host,)


def test_an_open_cluster_lets_anybody_in_but_troubles_only_friends_with_cards() -> None:
    cluster = replace(CLUSTER, reach=Reach(Mode.OPEN), cap=None)
    stranger = View(candidate=D)
    assert visible(cluster, stranger).allowed
    assert not deserves_card(cluster, stranger)
    assert deserves_card(cluster, VIEW)


def test_who_came_into_an_open_cluster_alone_sponsors_nobody_once_it_is_narrowed() -> None:
    cluster = replace(CLUSTER, reach=Reach(Mode.OPEN), cap=None)
    stay = enter(cluster, View(candidate=D), None, Exposure.LOUD, 2_000)
    assert isinstance(stay, Stay)
    sponsor = FriendInside(person=D, hop=stay.hop, exposure=Exposure.LOUD, friends_since=0)
    for hops in range(2, MOST_HOPS + 1):
        narrowed = replace(cluster, reach=Reach(Mode.HOPS, hops))
        assert not allow(narrowed, View(candidate=C, friends_inside=(sponsor,))).allowed


def test_the_initiator_may_always_come_back_unless_removed() -> None:
    for mode in Mode:
        cluster = replace(CLUSTER, reach=Reach(mode, 2 if mode is Mode.HOPS else None))
        assert allow(cluster, View(candidate=A)).allowed
        assert hop(cluster, View(candidate=A)) == 0
        assert not deserves_card(cluster, View(candidate=A))
    assert not allow(CLUSTER, View(candidate=A, banned=True)).allowed


@pytest.mark.parametrize("lifecycle", [state for state in Lifecycle if state is not Lifecycle.OPEN])
def test_only_an_open_lifecycle_lets_people_in(lifecycle: Lifecycle) -> None:
    assert allow(replace(CLUSTER, lifecycle=lifecycle), VIEW) == Decision(Cause.NOT_OPEN)


def test_every_refusal_says_the_same_and_an_admission_says_nothing() -> None:
    assert {Decision(cause).sentence for cause in Cause} == {NOT_AVAILABLE}
    assert Decision().sentence is None


def test_the_initiator_s_stay_begins_with_the_cluster() -> None:
    assert first_stay(CLUSTER, Exposure.LOUD) == Stay(
        cluster=CLUSTER.id, person=A, hop=0, sponsors=(), exposure=Exposure.LOUD, joined_at=1_000
    )


def test_coming_back_brings_nobody_nearer() -> None:
    before = Stay(
        cluster=CLUSTER.id, person=C, hop=4, sponsors=(), exposure=Exposure.LOUD, joined_at=1_500, left_at=1_600
    )
    stay = enter(CLUSTER, VIEW, before, Exposure.QUIET, 2_000)
    assert isinstance(stay, Stay)
    assert (stay.hop, stay.sponsors, stay.exposure, stay.inside) == (4, (B,), Exposure.QUIET, True)


def test_who_is_let_in_from_outside_the_rules_stays_like_anybody_but_sponsors_nobody_by_hops() -> None:
    stranger = arrive(CLUSTER, View(candidate=D), None, Exposure.LOUD, 2_000)
    assert (stranger.hop, stranger.sponsors) == (MOST_HOPS + 1, ())
    assert arrive(CLUSTER, VIEW, None, Exposure.LOUD, 2_000) == enter(CLUSTER, VIEW, None, Exposure.LOUD, 2_000)


def test_leaving_or_changing_exposure_again_changes_nothing() -> None:
    stay = first_stay(CLUSTER, Exposure.LOUD)
    left = leave(stay, 2_000)
    assert left.left_at == 2_000
    assert not left.loud
    assert leave(left, 3_000) is left
    assert expose(left, Exposure.QUIET) is left
    assert not expose(stay, Exposure.QUIET).loud
