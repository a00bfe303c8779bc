"""When a cluster is brought to somebody, how, and that what was brought stays true."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest_asyncio

from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, open_town

MORNING = 12 * HOUR
"""From the beginning of a town's time to ten in the morning; the daily digest comes at six in the evening."""
EVENING = 8 * HOUR


@pytest_asyncio.fixture
async def calm(sqlite_url: str) -> AsyncIterator[Town]:
    """A town where people wait for their daily digest, by day."""
    async with open_town(sqlite_url, hurried=False) as town:
        town.now += MORNING
        yield town


@pytest_asyncio.fixture
async def chain(calm: Town) -> list[Person]:
    """Ann, Bo, Cat and Dan, each a friend of the next one and of nobody else."""
    people = [await calm.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    for one, other in pairwise(people):
        await calm.befriend(one, other)
    await calm.wait(MINUTE)
    return people


async def test_nothing_is_pushed_and_the_digest_brings_it(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    await calm.start(ann, HIKE)
    assert bo.news() == ""
    assert await calm.count("cluster_card") == 1  # the initiator's own
    await calm.wait(EVENING)
    assert bo.news() == (
        "Ann is talking about “weekend hike?”\n(a few people)\n\n"
        "👍 step in · join 1\n🙈 hide · hide 1\n🔕 hide what comes through Ann · mute @ann:town"
    )
    await calm.wait(3 * DAY)
    assert bo.news() == ""


async def test_several_clusters_make_one_message_with_the_best_first(calm: Town, chain: list[Person]) -> None:
    ann, bo, cat, _dan = chain
    await calm.befriend(ann, cat)
    for title in ("old soup", HIKE):
        await calm.start(ann, title)
        await calm.wait(MINUTE)
    room = await calm.start(ann, "fresh soup")
    for number in range(7):
        await calm.say(ann.user, calm.cluster_room("old soup"), f"message {number}")
    await calm.knock(room, cat.user)
    await cat.say("loud")
    bo.news()
    await calm.wait(EVENING)
    assert bo.news() == (
        "2 friends are talking: “fresh soup” — Ann, Cat · a few people · `join 1`\n"
        "1 friend is talking: “old soup” — Ann · a few people · about 10 messages in a day · `join 2`\n"
        "1 friend is talking: “weekend hike?” — Ann · a few people · `join 3`"
    )
    assert "Come in: you are invited into “old soup”." in await bo.say("join 2")


async def test_a_digest_leaves_out_all_but_the_best_and_says_so(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    for number in range(8):
        await calm.start(ann, f"topic {number}")
        await calm.wait(MINUTE)
    await calm.wait(EVENING)
    said = bo.news().splitlines()
    assert len(said) == 6
    assert said[-1] == "… and 3 more: `list`"
    assert len((await bo.say("list")).splitlines()) == 8


async def test_what_is_gone_before_the_evening_is_never_mentioned(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    await calm.member(room, ann.user, "leave")
    await calm.wait(2 * DAY)
    assert bo.news() == ""
    assert HIKE not in str(calm.shown(bo.chat))


async def test_whoever_switched_digests_off_gets_none_and_may_still_look(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    await bo.say("digest off")
    await calm.start(ann, HIKE)
    await calm.wait(2 * DAY)
    assert bo.news() == ""
    assert "Ann is talking about “weekend hike?”" in await bo.say("!zd")


async def test_whoever_wants_it_at_once_gets_it_at_once_but_not_at_night(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    await bo.say("digest at once")
    await calm.start(ann, HIKE)
    assert "Ann is talking about" in bo.news()
    await calm.wait(13 * HOUR)
    await calm.start(ann, "midnight soup")
    assert bo.news() == ""
    await calm.wait(10 * HOUR)
    assert "Ann is talking about “midnight soup”" in bo.news()


async def rush(town: Town, *, wait: int) -> Person:
    """Three friends of somebody step into a cluster."""
    ann, eve = await town.arrive("ann"), await town.arrive("eve")
    friends = [await town.arrive(name) for name in ("bo", "cat", "dan")]
    await town.befriend(ann, *friends)
    await town.befriend(eve, *friends)
    room = await town.start(ann, HIKE)
    for friend in friends:
        await town.wait(wait)
        await town.knock(room, friend.user)
        await friend.say("loud")
    return eve


async def test_three_friends_within_an_hour_are_news_for_now(calm: Town) -> None:
    eve = await rush(calm, wait=10 * MINUTE)
    assert eve.news().startswith("Bo, Cat, and Dan are talking about “weekend hike?”")


async def test_three_friends_over_the_day_wait_for_the_evening(calm: Town) -> None:
    eve = await rush(calm, wait=HOUR)
    assert eve.news() == ""
    await calm.wait(EVENING)
    assert eve.news().startswith("Bo, Cat, and Dan are talking about “weekend hike?”")


async def test_nothing_is_so_urgent_that_it_wakes_somebody(calm: Town) -> None:
    await calm.wait(14 * HOUR)
    eve = await rush(calm, wait=10 * MINUTE)
    assert eve.news() == ""


async def test_a_rush_on_many_friends_is_brought_in_steps_and_to_everybody(database_url: str) -> None:
    """One step must not keep everybody else waiting."""
    async with open_town(database_url, hurried=False) as town:
        town.now += MORNING
        hosts = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        friends = [await town.arrive(f"friend{number}") for number in range(45)]
        for one, other in pairwise(hosts):
            await town.befriend(one, other)
        for host in hosts:
            await town.befriend(host, *friends)
        room = await town.start(hosts[0], HIKE)
        for host in hosts[1:]:
            await town.knock(room, host.user)
            await host.say("loud")
        steps = [key for key in town.handled if key.startswith("timer:clusters.bring:")]
        assert len(steps) == 3
        assert all(friend.sees(CARD) for friend in friends)
        for host in hosts:
            await town.member(room, host.user, "leave")
        assert not any(friend.sees(CARD) for friend in friends)


# -- called by a friend -----------------------------------------------------------------------------------------------


async def test_a_friend_who_is_called_in_learns_of_it_now(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    asked = await calm.say(ann.user, room, f"!zd mention {bo.user}")
    assert calm.buttons(room, asked) == {"👍"}
    assert "Ann is talking about" in bo.news()
    await calm.say(ann.user, room, f"!扎堆 叫 {bo.user}")
    assert bo.news() == ""  # he has it already


async def test_calling_tells_nobody_who_may_see_what(calm: Town, chain: list[Person]) -> None:
    ann, bo, cat, dan = chain
    await calm.befriend(ann, cat)
    room = await calm.start(ann, HIKE)
    await bo.say(f"block {ann.user}")
    await cat.say(f"mute {ann.user}")
    said = {
        (await ann.say(f"!zd mention {user}")).replace(user, "…")
        for user in (bo.user, cat.user, dan.user, calm.stranger("eve"), ann.user)
    }
    assert said == {"If … may see “weekend hike?”, they are told now."}
    for other in (bo, cat, dan):
        assert not other.sees(HIKE)
    assert calm.rooms[room].inside == {BOT, ann.user}


# -- what was shown stays true ----------------------------------------------------------------------------------------


async def test_a_line_of_a_digest_is_taken_back_when_the_sight_ends(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    await calm.start(ann, "dinner")
    await calm.wait(EVENING)
    before = bo.news()
    await calm.member(room, ann.user, "leave")
    after = bo.news()
    assert after == "* " + before.replace(
        "1 friend is talking: “weekend hike?” — Ann · a few people · `join 2`",
        "“weekend hike?” · not available any more",
    )
    await calm.member(room, ann.user, "join")
    await ann.say("loud")
    assert bo.news() == "* " + before


async def test_a_digest_does_not_go_on_naming_a_friend_who_went_quiet_but_growth_can_wait(calm: Town) -> None:
    ann, bo, cat = [await calm.arrive(name) for name in ("ann", "bo", "cat")]
    await calm.befriend(ann, bo, cat)
    await calm.befriend(bo, cat)
    room = await calm.start(ann, HIKE)
    await calm.start(ann, "dinner")
    await calm.wait(EVENING)
    assert "“weekend hike?” — Ann · a few" in cat.news()
    await calm.knock(room, bo.user)
    await bo.say("loud")
    assert cat.news() == ""
    await calm.say(ann.user, room, "!zd quiet")
    assert "“weekend hike?” — Bo · a few" in cat.news()
    await cat.say(f"unfriend {bo.user}")
    assert "“weekend hike?” · not available any more" in cat.reads("dinner")


async def test_only_the_newest_list_stands(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    await calm.start(ann, "dinner")
    await bo.say("list")
    said = await bo.say("list")
    assert said.startswith("* There is a newer list below.\n\n1 friend is talking: ")
    assert [body for body in calm.shown(bo.chat).values() if HIKE in body] == [said.partition("\n\n")[2]]
    await calm.member(room, ann.user, "leave")
    assert "“weekend hike?” · not available any more" in bo.reads("dinner")


async def test_a_list_and_a_card_of_the_same_cluster_both_stay_true(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    await calm.wait(EVENING)
    await calm.start(ann, "dinner")
    await bo.say("list")
    await calm.member(room, ann.user, "leave")
    assert bo.sees(GONE)
    assert "“weekend hike?” · not available any more" in bo.reads("dinner")


async def test_who_mutes_a_friend_sees_no_clusters_through_him(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    await calm.start(ann, HIKE)
    await calm.wait(EVENING)
    await bo.tap(CARD, "🔕")
    assert bo.sees(GONE)
    assert "None of your friends" in await bo.say("list")
    await calm.start(ann, "dinner")
    await calm.wait(DAY)
    assert not bo.sees("“dinner”")
    await bo.say(f"unmute {ann.user}")
    assert bo.sees(CARD)
    await calm.wait(DAY)
    assert bo.sees("dinner")


async def test_friends_are_called_as_the_reader_calls_them(calm: Town, chain: list[Person]) -> None:
    ann, bo, _cat, _dan = chain
    await bo.say(f"name {ann.user} Auntie May")
    await calm.start(ann, HIKE)
    assert (await bo.say("list")).startswith("Auntie May is talking about “weekend hike?”")


# -- lists and names --------------------------------------------------------------------------------------------------


async def test_who_is_loud_for_one_list_is_seen_by_those_on_it_alone(calm: Town) -> None:
    ann, bo, cat = [await calm.arrive(name) for name in ("ann", "bo", "cat")]
    await calm.befriend(ann, bo, cat)
    await ann.say(f"group family {bo.user}")
    await calm.start(ann, HIKE)
    await ann.say("only 1 family")
    assert CARD in await bo.say("list")
    assert not (await cat.say("list")).startswith("Ann is")
    await ann.say(f"group family {cat.user}")
    assert CARD in await cat.say("list")
    await ann.say(f"ungroup family {bo.user}")
    assert bo.sees(GONE)
    await ann.say("ungroup family")
    assert cat.sees(GONE)
    stays = await calm.rows("stay")
    assert [(stay["exposure"], stay["exposed_to"]) for stay in stays] == [("quiet", None)]


# -- why --------------------------------------------------------------------------------------------------------------


async def test_why_explains_the_sum_and_names_only_friends_of_the_reader(calm: Town, chain: list[Person]) -> None:
    ann, bo, cat, _dan = chain
    room = await calm.start(ann, HIKE)
    for number in range(3):
        await calm.say(ann.user, room, f"message {number}")
    await calm.wait(6 * HOUR)
    assert CARD in await bo.say("list")
    assert await bo.say("why 1") == (
        "Points of “weekend hike?”: 2.5\n"
        "3 for 1 friend inside: Ann\n"
        "2 for 3 messages in the last 24 hours\n"
        "-0.5 because it is 6 hours old\n"
        "-2 because you were shown it 1 time\n"
        "The list begins with the most points. Nobody else sees this sum."
    )
    assert await cat.say("why 1") == "There is no such cluster in your list:\nlist"
    await calm.member(room, ann.user, "leave")
    assert await bo.say("why 1") == "This cluster is not available."


async def test_of_what_is_said_only_the_number_is_kept_and_that_for_a_day(calm: Town, chain: list[Person]) -> None:
    ann, _bo, _cat, _dan = chain
    room = await calm.start(ann, HIKE)
    said = await calm.say(ann.user, room, "first")
    edit = {"m.new_content": {"body": "2nd"}, "m.relates_to": {"rel_type": "m.replace", "event_id": said}}
    await calm.say(ann.user, room, "* 2nd", **edit)
    await calm.say(ann.user, ann.chat, "elsewhere")
    await calm.wait(HOUR)
    await calm.say(ann.user, room, "third")
    rows = await calm.rows("cluster_talk")
    assert [row["messages"] for row in rows] == [1, 1]
    assert rows[1]["hour"] == rows[0]["hour"] + 1
