"""Clusters: how far they travel, who sees them, and what ends that."""

from __future__ import annotations

from itertools import pairwise

import pytest

from laiwang_bridge.clusters.reach import parse_reach
from laiwang_bridge.config import Clusters
from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE, NOT_AVAILABLE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, Person, Town, open_town

# -- the story --------------------------------------------------------------------------------------------------------


async def test_a_cluster_travels_from_friend_to_friend_and_no_further(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    room = await town.start(ann, HIKE)
    assert bo.news() == (
        "Ann is talking about “weekend hike?”\n(a few people)\n\n"
        "👍 step in · join 1\n🙈 hide · hide 1\n🔕 hide what comes through Ann · mute @ann:town"
    )
    assert not cat.sees(CARD)

    assert await bo.tap(CARD, "👍") == (
        "Come in: you are invited into “weekend hike?”.\n\n"
        "* You are in “weekend hike?”. Your friends may see that.\n\n🤫 be there quietly · quiet 1"
    )
    assert town.rooms[room].inside == {BOT, ann.user, bo.user}
    assert cat.reads(CARD).startswith("Bo is talking about")

    await cat.tap(CARD, "👍")
    assert town.rooms[room].inside == {BOT, ann.user, bo.user, cat.user}
    assert not dan.sees(CARD)
    assert await dan.say("list") == (
        "None of your friends is talking about anything here yet. You can begin:\n!zd weekend hike?"
    )


async def test_a_restart_in_the_middle_of_everything_is_not_noticed(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    await dan.say(await ann.code())
    town.restart()
    await dan.tap("This code is from Ann", "✅")
    await ann.tap("typed your code", "✅")
    assert "You and Dan (@dan:town) are friends now." in ann.reads("friends now")
    await town.start(ann, HIKE)
    town.restart()
    await bo.tap(CARD, "👍")
    assert (
        bo.reads("You are in")
        == "You are in “weekend hike?”. Your friends may see that.\n\n🤫 be there quietly · quiet 1"
    )
    town.restart()
    await bo.tap("You are in", "🤫")
    assert cat.sees(GONE)
    await cat.say("forget")
    town.restart()
    assert "I know nothing about you any more" in await cat.say("yes")


async def test_the_reach_chain_goes_on_without_end(sqlite_url: str) -> None:
    reach = parse_reach("chain")
    async with open_town(sqlite_url, clusters=Clusters(reach=reach)) as town:  # type: ignore[arg-type]
        people = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
        for one, other in pairwise(people):
            await town.befriend(one, other)
        assert "Through them it may go on without end." in await people[0].say(f"!zd {HIKE}")
        await people[0].say("publish")
        for person in people[1:]:
            await person.tap(CARD, "👍")
        assert town.rooms[town.cluster_room(HIKE)].inside == {BOT, *(person.user for person in people)}


@pytest.mark.parametrize(
    ("reach", "preview"),
    [
        ("friends", "It goes no further."),
        ("open", "Everybody can see it, and step in."),
        ("closed", "Only those whom you name can see it."),
    ],
)
async def test_the_preview_says_how_far_it_may_go(sqlite_url: str, reach: str, preview: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(reach=parse_reach(reach))) as town:  # type: ignore[arg-type]
        ann = await town.arrive("ann")
        await town.befriend(ann, await town.arrive("bo"), await town.arrive("cat"))
        assert preview in await ann.say(f"!zd {HIKE}")


async def test_somebody_without_friends_is_told_so(town: Town) -> None:
    ann = await town.arrive("ann")
    assert "You have no friends here yet who could see it." in await ann.say(f"!zd {HIKE}")


# -- what ends a sight ------------------------------------------------------------------------------------------------


async def test_a_quiet_member_shows_nobody_anything(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert cat.sees(CARD)
    assert "Your friends no longer see that you are in “weekend hike?”." in await bo.tap("You are in", "🤫")
    assert cat.reads("weekend hike?") == GONE
    assert cat.buttons(GONE) == set()
    assert "quietly: your friends do not see it" in bo.reads("You are in")
    assert bo.buttons("You are in") == {"📣"}
    assert await cat.say("join 1") == NOT_AVAILABLE

    await bo.tap("You are in", "📣")
    assert cat.buttons(CARD) == {"👍", "🙈", "🔕"}


async def test_leaving_ends_the_sight_of_those_who_saw_it_through_me(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    cat.news()
    await town.member(room, bo.user, "leave")
    assert cat.reads("weekend hike?") == GONE
    assert await cat.say("join") == "There is no such cluster in your list:\nlist"
    assert await cat.say("join 1") == NOT_AVAILABLE
    assert bo.reads(CARD).startswith("Ann is talking about")
    assert bo.buttons(CARD) == {"👍", "🙈", "🔕"}
    await bo.say("join")
    assert cat.reads(CARD).startswith("Bo is talking about")


async def test_those_whom_i_brought_stay_when_i_leave(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.tap(CARD, "👍")
    await town.member(room, bo.user, "leave")
    assert town.rooms[room].inside == {BOT, ann.user, cat.user}


@pytest.mark.parametrize("blocker", ["host", "guest"])
async def test_a_block_ends_the_sight_at_once_either_way(town: Town, line: list[Person], blocker: str) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    cat.news()
    one, other = (ann, cat) if blocker == "host" else (cat, ann)
    await one.say(f"block {other.user}")
    assert cat.reads("weekend hike?") == GONE
    assert await cat.say("join 1") == NOT_AVAILABLE
    await one.say(f"unblock {other.user}")
    assert cat.sees(CARD)


async def test_a_block_by_an_initiator_who_has_left_counts(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.member(room, ann.user, "leave")
    assert cat.sees(CARD)
    await ann.say(f"block {cat.user}")
    assert cat.reads("weekend hike?") == GONE


async def test_a_block_between_friend_and_friend_ends_what_came_through_him(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.say(f"block {bo.user}")
    assert cat.reads("weekend hike?") == GONE


async def test_the_end_of_a_friendship_ends_the_sight(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.say(f"unfriend {ann.user}")
    assert bo.reads("weekend hike?") == GONE


async def test_a_new_friendship_does_not_show_an_older_cluster(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    await town.start(ann, HIKE)
    await town.wait(DAY)
    await town.befriend_by_code(ann, dan)
    assert not dan.sees(CARD)


async def test_a_block_takes_an_open_invitation_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.homes.discard(bo.user)
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert town.rooms[room].members[bo.user] == "invite"
    await ann.say(f"block {bo.user}")
    assert town.rooms[room].members[bo.user] == "leave"


async def test_a_card_does_not_go_on_naming_a_friend_who_went_quiet(town: Town) -> None:
    ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
    await town.befriend(ann, bo, cat)
    await town.befriend(bo, cat)
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert cat.reads(CARD).startswith("Ann is talking about")  # that there are more can wait
    await ann.say("quiet")
    assert cat.reads(CARD).startswith("Bo is talking about")


async def test_a_card_names_three_friends_and_counts_the_others(town: Town) -> None:
    ann, cat = await town.arrive("ann"), await town.arrive("cat")
    others = [await town.arrive(f"p{number}") for number in range(4)]
    await town.befriend(ann, cat, *others)
    await town.befriend(cat, *others)
    await town.start(ann, HIKE)
    for other in others:
        await other.tap(CARD, "👍")
    assert (await cat.say("list")).startswith("Ann, P0, P1 and 2 more friends are talking about “weekend hike?”")
    assert cat.reads("talking").count("(about 5 people)") == 1
