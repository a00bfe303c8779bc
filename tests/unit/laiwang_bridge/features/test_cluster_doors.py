"""The doors of clusters: who knocks, who is let in and when, and who is not."""

from __future__ import annotations

import asyncio

import pytest

from appservice.effects import Invite, Kick
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.config import Clusters
from tests.unit.laiwang_bridge.features.story import ANSWER, CARD, GONE, HIKE, NOT_AVAILABLE
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, Person, Town, open_town


def kicks(town: Town) -> list[Kick]:
    return [effect for _room, effect in town.homeserver.sent if isinstance(effect, Kick)]


async def test_a_stranger_knocks_in_vain_and_stays_a_stranger(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    before = await town.count("person")
    eve = town.stranger("eve")
    await town.knock(room, eve)
    [kick] = kicks(town)
    assert (kick.user, kick.reason) == (eve, ANSWER)
    assert eve not in town.rooms[room].members
    assert await town.count("person") == before
    assert await town.count("matrix_id") == before


async def test_a_friend_may_knock_instead_of_tapping(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await town.knock(room, bo.user)
    assert bo.user in town.rooms[room].inside
    assert bo.reads("You are in").startswith("You are in “weekend hike?”")


async def test_all_refusals_sound_the_same(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.tap(CARD, "👍")
    await town.member(room, bo.user, "ban", by=ann.user)
    eve = town.stranger("eve")
    for user in (dan.user, eve):
        await town.knock(room, user)
    await ann.say(f"block {cat.user}")
    await town.member(room, cat.user, "leave")
    await town.knock(room, cat.user)
    assert {kick.reason for kick in kicks(town)} == {ANSWER}
    assert {kick.user for kick in kicks(town)} == {dan.user, eve, cat.user}
    assert {await person.say("join 1") for person in (bo, cat)} == {NOT_AVAILABLE}


async def test_whoever_was_banned_sees_it_no_more_until_that_is_lifted(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await town.member(room, bo.user, "ban", by=ann.user)  # he had a card, and had not come yet
    assert bo.reads("weekend hike?") == GONE
    assert await bo.say("join 1") == NOT_AVAILABLE
    await town.member(room, bo.user, "leave", by=ann.user)
    assert bo.sees(CARD)
    await bo.tap(CARD, "👍")
    assert bo.user in town.rooms[room].inside


async def test_a_ban_from_before_we_met_counts(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    eve = town.stranger("eve")
    room = await town.start(ann, HIKE)
    await town.member(room, eve, "ban", by=ann.user)
    person = await town.arrive("eve")
    await town.befriend(person, ann, since=0)
    await ann.say("quiet")
    await ann.say("loud")
    assert NOT_AVAILABLE in await person.tap(CARD, "👍")


async def test_somebody_who_was_kicked_may_come_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.member(room, bo.user, "leave", by=ann.user)
    assert bo.sees(CARD)
    await bo.say("join")
    assert bo.user in town.rooms[room].inside


async def test_the_host_may_bring_in_whom_he_likes_by_hand(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    room = await town.start(ann, HIKE)
    eve = town.stranger("eve")
    before = await town.count("person")
    await town.member(room, eve, "invite", by=ann.user)
    await town.member(room, dan.user, "invite", by=ann.user)
    assert await town.count("person") == before
    assert await town.count("cluster_invitation") == 1
    for user in (eve, dan.user):
        await town.member(room, user, "join")
    assert await town.count("person") == before + 1
    assert await town.count("cluster_invitation") == 0
    assert not town.chats_made_for(eve)
    # Whoever comes without a friend is too far away to bring others.
    cat = line[2]
    assert not cat.sees(CARD)


async def test_a_seat_is_kept_for_whoever_was_invited_and_freed_when_he_declines(sqlite_url: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(cap=2)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        room = await town.start(ann, HIKE)
        town.homeserver.homes -= {bo.user, cat.user}
        await bo.tap(CARD, "👍")
        assert town.rooms[room].members[bo.user] == "invite"
        assert cat.reads("weekend hike?") == GONE
        assert await cat.say("join 1") == NOT_AVAILABLE
        assert "Come in" in await bo.say("join 1")  # the seat is his
        await town.member(room, bo.user, "leave")
        assert cat.sees(CARD)
        await cat.tap(CARD, "👍")
        await town.member(room, cat.user, "join")
        assert bo.sees(GONE)
        await town.member(room, cat.user, "leave")
        assert bo.sees(CARD)


async def test_an_invitation_that_fails_frees_the_seat_and_says_what_to_do(sqlite_url: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(cap=2)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        await town.start(ann, HIKE)
        town.homeserver.refused = lambda effect: "blocked" if isinstance(effect, Invite) else None
        assert await bo.tap(CARD, "👍") == (
            "Come in: you are invited into “weekend hike?”.\n\n"
            "I could not invite you into “weekend hike?”. If your account refuses invitations, allow them from "
            f"{BOT}, then try again."
        )
        assert await town.count("cluster_invitation") == 0
        town.homeserver.refused = lambda _effect: None
        assert cat.sees(CARD)
        await cat.tap(CARD, "👍")
        assert cat.user in town.rooms[town.cluster_room(HIKE)].inside


async def test_a_great_rush_comes_in_one_by_one(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=2)) as town:
        ann, *others = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve", "fay")]
        await town.befriend(ann, *others)
        room = await town.start(ann, HIKE)
        answers = [(await other.tap(CARD, "👍")).splitlines()[0] for other in others]
        invited, queued = "Come in: you are invited into “weekend hike?”.", "Many want in just now."
        assert [answer.startswith(invited) for answer in answers] == [True, True, True, False, False]
        assert all(answer.startswith(queued) for answer in answers[3:])
        assert len(town.rooms[room].inside) == 5
        await town.wait(2 * MINUTE)
        assert others[3].user in town.rooms[room].inside
        assert others[4].user not in town.rooms[room].inside
        await town.wait(2 * MINUTE)
        assert others[4].user in town.rooms[room].inside
        assert await town.count("cluster_queue") == 0


async def test_impatience_costs_nobody_a_place_in_the_queue(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=0)) as town:
        ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
        await town.befriend(ann, bo, cat, dan)
        room = await town.start(ann, HIKE)
        await cat.tap(CARD, "👍")
        for _time in range(5):
            assert "as soon as it is your turn" in await bo.say("join")
        await town.knock(room, bo.user)
        await dan.tap(CARD, "👍")
        await town.wait(2 * MINUTE)
        assert town.rooms[room].inside == {BOT, ann.user, bo.user, cat.user}
        await town.wait(2 * MINUTE)
        assert dan.user in town.rooms[room].inside


async def test_whoever_waits_is_asked_about_again_when_his_turn_comes(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=0)) as town:
        ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
        await town.befriend(ann, bo, cat, dan)
        room = await town.start(ann, HIKE)
        await bo.tap(CARD, "👍")
        await cat.tap(CARD, "👍")
        await town.knock(room, dan.user)
        cat.news()
        await ann.say("quiet")
        await ann.say(f"block {dan.user}")
        await town.wait(10 * MINUTE)
        assert NOT_AVAILABLE in cat.news()
        assert dan.user not in town.rooms[room].members
        assert cat.user not in town.rooms[room].inside


async def test_whoever_knocked_is_invited_in_his_turn_though_his_knock_was_answered_at_once(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=0)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        room = await town.start(ann, HIKE)
        await cat.tap(CARD, "👍")
        await town.knock(room, bo.user)
        assert town.porch(HIKE).members[bo.user] == "leave"
        assert await town.count("cluster_queue") == 1
        await town.wait(10 * MINUTE)
        assert bo.user in town.rooms[room].inside


@pytest.mark.postgres
async def test_of_two_who_want_the_last_seat_at_the_same_time_one_gets_it(postgres_url: str) -> None:
    async with open_town(postgres_url, clusters=Clusters(cap=3)) as town:
        ann, *others = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve", "fay")]
        await town.befriend(ann, *others)
        room = await town.start(ann, HIKE)
        town.homeserver.homes.clear()
        porch = town.porch(HIKE).id
        entries = await asyncio.gather(*(town.at_once(porch, other.user, "knock") for other in others))
        assert sorted(entries) == ["Invite Kick", "Invite Kick", "Kick", "Kick", "Kick"]
        assert await town.count("cluster_invitation") == 2
        await town.settle()
        assert sorted(town.rooms[room].members.values()).count("invite") == 2
