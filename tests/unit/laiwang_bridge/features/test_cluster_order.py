"""Order in clusters: reports, removing, links of strangers, hosts who leave, policy lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from mautrix.types import EventID, RoomID, UserID

from appservice.bots import Level, Permissions
from laiwang_bridge.clusters.reach import Mode, Reach
from laiwang_bridge.config import Clusters
from laiwang_bridge.people.rules import Exposure
from tests.unit.laiwang_bridge.features.town import BOT, DAY, OPERATORS, Person, Town, open_town


@pytest_asyncio.fixture
async def guarded(sqlite_url: str) -> AsyncIterator[Town]:
    """A town whose bridge has operators."""
    admins = Permissions({"*": Level.USER, "@op:town": Level.ADMIN})
    async with open_town(sqlite_url, operators=OPERATORS, permissions=admins) as town:
        yield town


async def circle(town: Town, host: Person, *guests: Person, title: str = "hike") -> RoomID:
    """A cluster of the host's with friends of his inside."""
    await town.befriend(host, *guests)
    await town.choose(Exposure.LOUD, host, *guests)
    room = await town.start(host, title)
    for guest in guests:
        town.homeserver.put_member(town.rooms[room], guest.user, "invite", sender=BOT)
        await town.member(room, guest.user, "join")
    for person in (host, *guests):
        person.news()
    return room


def is_gone(town: Town, room: RoomID, event: EventID) -> bool:
    return event in town.rooms[room].redacted


def speaks_from(town: Town, room: RoomID) -> int:
    levels: Any = town.rooms[room].state[("m.room.power_levels", "")]
    return int(levels.get("events_default", 0))


class TestReports:
    async def test_the_operators_get_a_copy_and_nobody_in_the_room_learns_who_reported(self, guarded: Town) -> None:
        town = guarded
        operators = await town.operators()
        lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo")
        room = await circle(town, lin, may, bo)
        bad = await town.say(bo.user, room, "buy my shoes")
        flag = await town.react(may.user, room, bad, "🚩")
        assert is_gone(town, room, flag)
        told = operators.news()
        assert "Report from @may:town: a message by @bo:town in “hike”" in told
        assert "buy my shoes" in told
        assert "https://matrix.to/#/" in told
        assert "Thank you. The operators of this bridge see your report" in may.news()
        assert "may" not in town.news(room).casefold()
        command = await town.say(lin.user, room, "!zd report it is spam", reply_to=bad)
        assert is_gone(town, room, command)
        assert "it is spam" in operators.news()

    async def test_with_the_link_to_a_message_nobody_in_the_room_notices_anything(self, guarded: Town) -> None:
        town = guarded
        operators = await town.operators()
        lin, may = await town.arrive("lin"), await town.arrive("may")
        room = await circle(town, lin, may)
        bad = await town.say(lin.user, room, "buy my shoes")
        before = set(town.rooms[room].said)
        assert "Thank you." in await may.say(f"report https://matrix.to/#/{room}/{bad}?via=town it is spam")
        assert "buy my shoes" in (told := operators.news())
        assert told.rstrip().endswith("it is spam")
        assert set(town.rooms[room].said) == before
        bo = await town.arrive("bo")
        said = await bo.say(f"report https://matrix.to/#/{room}/{bad}")
        assert "That is no message of a cluster that you are in." in said
        assert said == await bo.say("report https://matrix.to/#/!nowhere/$nothing")
        assert "Copy its link" in await bo.say("report")

    async def test_the_same_report_twice_is_one(self, guarded: Town) -> None:
        town = guarded
        operators = await town.operators()
        lin, may = await town.arrive("lin"), await town.arrive("may")
        room = await circle(town, lin, may)
        bad = await town.say(lin.user, room, "buy my shoes")
        await town.react(may.user, room, bad, "🚩")
        operators.news()
        await town.react(may.user, room, bad, "🚩")
        assert operators.news() == ""

    async def test_three_from_two_sides_lock_it_and_the_host_opens_it_again(self, town: Town) -> None:
        lin = await town.arrive("lin")
        guests = [await town.arrive(name) for name in ("may", "bo", "chen")]
        room = await circle(town, lin, *guests)
        bad = await town.say(lin.user, room, "buy my shoes")
        for guest in guests[:2]:
            await town.react(guest.user, room, bad, "🚩")
        assert speaks_from(town, room) == 0
        await town.react(guests[2].user, room, bad, "🚩")
        assert speaks_from(town, room) == 50
        assert "Several people have reported something here" in town.news(room)
        await town.say(lin.user, room, "!zd unlock")
        assert speaks_from(town, room) == 0
        await town.react(guests[2].user, room, await town.say(lin.user, room, "hello"), "🚩")
        assert speaks_from(town, room) == 0

    async def test_an_operator_opens_it_too_and_nobody_else_from_outside(self, town: Town) -> None:
        lin = await town.arrive("lin")
        guests = [await town.arrive(name) for name in ("may", "bo", "chen")]
        room = await circle(town, lin, *guests)
        bad = await town.say(lin.user, room, "buy my shoes")
        for guest in guests:
            await town.react(guest.user, room, bad, "🚩")
        id = (await town.rows("cluster"))[0]["id"]
        assert "Only an administrator" in await guests[0].say(f"!zd release {id}")
        assert speaks_from(town, room) == 50


class TestWhatAHostCanDo:
    async def test_remove_ban_and_unban(self, town: Town) -> None:
        lin, may = await town.arrive("lin"), await town.arrive("may")
        room = await circle(town, lin, may)
        await town.say(lin.user, room, f"!zd remove {may.user}")
        assert may.user not in town.rooms[room].inside
        assert "Come in" in await may.say("!zd join 1")
        await town.say(lin.user, room, f"!zd ban {may.user}")
        assert town.rooms[room].members[may.user] == "ban"
        assert "This cluster is not available." in await may.say("!zd join 1")
        await town.say(lin.user, room, f"!zd unban {may.user}")
        assert "Come in" in await may.say("!zd join 1")

    async def test_guests_cannot(self, town: Town) -> None:
        lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo")
        room = await circle(town, lin, may, bo)
        await town.say(may.user, room, f"!zd remove {bo.user}")
        assert bo.user in town.rooms[room].inside
        assert "power level 50" in town.news(room)

    async def test_who_is_blocked_may_step_out_or_stay_unseen(self, town: Town) -> None:
        lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo")
        await circle(town, lin, may, bo)
        said = await may.say(f"block {bo.user}")
        assert "You are both in these." in said
        assert "leave 1" in said
        assert "quiet 1" in said
        assert bo.news() == ""


class TestLinks:
    async def test_a_stranger_in_an_open_cluster_sends_no_links_until_somebody_vouches(self, sqlite_url: str) -> None:
        async with open_town(sqlite_url, clusters=Clusters(reach=Reach(Mode.OPEN))) as town:
            lin, may = await town.arrive("lin"), await town.arrive("may")
            room = await circle(town, lin, may)
            seller = await town.arrive("seller")
            await town.member(room, seller.user, "join")
            seller.news()
            ad = await town.say(seller.user, room, "cheap shoes at https://shoes.example")
            assert is_gone(town, room, ad)
            assert "!zd vouch @seller:town" in seller.news()
            harmless = await town.say(seller.user, room, "hello")
            assert not is_gone(town, room, harmless)
            known = await town.say(may.user, room, "a map: https://map.example")
            assert not is_gone(town, room, known)
            await town.say(seller.user, room, f"!zd vouch {seller.user}")
            assert is_gone(town, room, await town.say(seller.user, room, "www.shoes.example"))
            await town.say(may.user, room, f"!zd vouch {seller.user}")
            assert not is_gone(town, room, await town.say(seller.user, room, "www.shoes.example"))

    async def test_in_a_cluster_of_friends_everybody_may(self, town: Town) -> None:
        lin, may = await town.arrive("lin"), await town.arrive("may")
        room = await circle(town, lin, may)
        assert not is_gone(town, room, await town.say(may.user, room, "https://map.example"))


class TestHosts:
    async def test_when_the_host_leaves_the_loud_member_who_is_there_longest_is_asked(self, town: Town) -> None:
        lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo")
        room = await circle(town, lin, may, bo)
        await town.member(room, lin.user, "leave")
        assert "The host of “hike” has left." in may.news()
        assert bo.news() == ""
        said = await may.tap("The host of “hike” has left.", "✅")
        assert "you are the host of “hike” now" in said
        levels: Any = town.rooms[room].state[("m.room.power_levels", "")]
        assert levels["users"][may.user] == 50
        assert lin.user not in levels["users"]

    async def test_who_says_no_or_nothing_is_followed_by_the_next(self, town: Town) -> None:
        lin, may, bo, chen = [await town.arrive(name) for name in ("lin", "may", "bo", "chen")]
        room = await circle(town, lin, may, bo, chen)
        await town.member(room, lin.user, "leave")
        await may.tap("The host of “hike” has left.", "❌")
        assert "The host of “hike” has left." in bo.news()
        await town.wait(3 * DAY)
        assert "The host of “hike” has left." in chen.news()
        assert "not asked" in await bo.say("!zd host 1 yes")

    async def test_a_quiet_member_is_not_asked(self, town: Town) -> None:
        lin, may = await town.arrive("lin"), await town.arrive("may")
        room = await circle(town, lin, may)
        await town.say(may.user, room, "!zd quiet")
        await town.member(room, lin.user, "leave")
        assert "has left" not in may.news()


class TestPolicyLists:
    async def follow(self, town: Town, operators: Person, *rules: tuple[str, str]) -> RoomID:
        owner = UserID("@owner:lists")
        room = town.homeserver.room(owner).id
        for number, (about, entity) in enumerate(rules):
            content = {"entity": entity, "recommendation": "m.ban", "reason": "spam"}
            town.homeserver.push(room, owner, f"m.policy.rule.{about}", content, f"rule{number}")
        assert "is followed: 1 rule." in await operators.say(f"!lw follow {room}")
        return room

    async def test_who_is_on_a_list_is_put_out_and_does_not_come_in(self, guarded: Town) -> None:
        town = guarded
        operators = await town.operators()
        lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo", server="evil")
        room = await circle(town, lin, may, bo)
        lists = await self.follow(town, operators, ("server", "evil"))
        assert town.rooms[room].members[bo.user] == "ban"
        rule = {"entity": "@m*:town", "recommendation": "m.ban"}
        await town.state(lists, UserID("@owner:lists"), "m.policy.rule.user", rule, state_key="more")
        assert town.rooms[room].members[may.user] == "ban"
        mole = await town.arrive("mole")
        await town.befriend(lin, mole, since=0)
        await town.knock(room, mole.user)
        assert mole.user not in town.rooms[room].members

    async def test_people_cannot_choose_lists(self, town: Town) -> None:
        lin = await town.arrive("lin")
        assert "Only an administrator" in await lin.say("!lw follow #bans:town")
