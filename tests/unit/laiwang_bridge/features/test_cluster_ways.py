"""Searching, handing on, links and passes: who comes in by them, and what nobody learns from them."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from mautrix.types import RoomAlias, UserID
from PIL import Image

from laiwang_bridge.clusters.directory import ClusterDirectory
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.passes import LIFETIME_MS, MOST_OPEN
from laiwang_bridge.people.codes import GUESSES_PER_PERSON
from laiwang_bridge.rates import Limit
from tests.unit.laiwang_bridge.features.story import CARD, HIKE, NOT_AVAILABLE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, code_in, open_town

NO_CODE = "This code is not valid, or not any more. Please ask for a new one."
NOTHING = "Nothing that you may see is called so."


def directory(town: Town) -> ClusterDirectory:
    return ClusterDirectory(town.database, "town")


async def looked_up(town: Town, topic: str) -> list[str]:
    return [each.fields["topic"] for each in await directory(town).find_locations("laiwang", {"topic": topic})]


def link_in(text: str) -> str:
    return next(word.strip("()") for word in text.split() if "matrix.to" in word)


class TestSearching:
    async def test_one_finds_what_friends_talk_about_what_is_open_and_where_one_is_in(
        self, town: Town, line: list[Person]
    ) -> None:
        ann, bo, cat, dan = line
        await town.start(ann, HIKE)
        await town.start(dan, "open: hike for all")
        await town.start(bo, "hike and soup")
        assert await bo.say("search hike") == (
            "“hike for all” · `join 3`\n2 · “hike and soup” · you are in\n“weekend hike?” · `join 1`"
        )
        assert await bo.say("search soup") == "2 · “hike and soup” · you are in"
        assert NOTHING in await bo.say("search sailing")
        await bo.say("join 3")
        assert bo.user in town.rooms[town.cluster_room("hike for all")].inside
        assert "“weekend hike?” · `join 1`" in await bo.say("!zd search hike")
        # Cat is no friend of Ann's.
        assert "weekend" not in await cat.say("search weekend hike")

    async def test_chinese_words_are_found_within_a_title(self, town: Town, line: list[Person]) -> None:
        ann, bo, _cat, _dan = line
        await town.start(ann, "公开: 周末爬山？")
        await town.start(ann, "今晚喝汤")
        assert await bo.say("搜索 爬山") == "“周末爬山？” · `加入 1`"
        assert await bo.say("搜索 汤") == "“今晚喝汤” · `加入 2`"

    async def test_nobody_else_finds_what_is_not_for_him(self, town: Town, line: list[Person]) -> None:
        ann, bo, cat, dan = line
        await ann.say(f"list secret circle {bo.user}")
        for topic in ("hike for friends", "chain: hike along", "closed @bo:town: hike for bo", "hops:2: hike near"):
            await town.start(ann, topic)
        stranger = await town.arrive("eve")
        for one in (cat, dan, stranger):
            assert NOTHING in await one.say("search hike")
        assert await looked_up(town, "hike") == []
        assert town.homeserver.listed == set()
        assert await town.count("cluster_listed") == 0

    async def test_a_block_and_a_ban_hide_what_is_open_too(self, town: Town, line: list[Person]) -> None:
        ann, bo, _cat, dan = line
        room = await town.start(ann, "open: hike for all")
        assert "hike for all" in await dan.say("search hike")
        await dan.say(f"block {ann.user}")
        assert NOTHING in await dan.say("search hike")
        await town.member(room, bo.user, "ban", by=ann.user)
        assert NOTHING in await bo.say("search hike")


class TestTheDirectory:
    async def test_an_open_cluster_is_listed_while_it_is_open_to_all(self, either_town: Town) -> None:
        town = either_town
        ann = await town.arrive("ann")
        room = await town.start(ann, "open: hike for all")
        assert town.homeserver.listed == {("laiwang", room)}
        assert await looked_up(town, "hike") == ["hike for all"]
        await town.say(ann.user, room, "!zd seal")
        assert town.homeserver.listed == set()
        assert await looked_up(town, "hike") == []
        await town.say(ann.user, room, "!zd unseal")
        assert town.homeserver.listed == {("laiwang", room)}
        await town.say(ann.user, room, "!zd reach friends")
        assert town.homeserver.listed == set()
        assert await looked_up(town, "hike") == []
        [row] = await town.rows("cluster")
        assert await directory(town).locations_of(RoomAlias(f"#{row['id']}:town")) == []

    async def test_a_full_one_that_is_sealed_is_taken_out_as_well(self, town: Town, line: list[Person]) -> None:
        ann, bo, _cat, _dan = line
        room = await town.start(ann, "open: hike for all")
        await town.say(ann.user, room, "!zd cap 2")
        await town.member(room, bo.user, "join")
        await town.say(ann.user, room, "!zd seal")
        assert town.homeserver.listed == set()

    async def test_the_closest_title_comes_first(self, town: Town, line: list[Person]) -> None:
        ann, _bo, _cat, _dan = line
        for title in ("long hike at the weekend", "the weekend hike", "Weekend Hike!", "soup"):
            await town.start(ann, f"open: {title}")
        assert await looked_up(town, "weekend hike") == [
            "Weekend Hike!",
            "the weekend hike",
            "long hike at the weekend",
        ]
        await town.start(ann, "公开: 周末去爬山")
        assert await looked_up(town, "爬山") == ["周末去爬山"]
        assert await looked_up(town, "%") == await looked_up(town, "?!") == []

    async def test_a_cluster_in_a_new_room_is_listed_there(self, town: Town, line: list[Person]) -> None:
        ann, _bo, _cat, _dan = line
        old = await town.start(ann, "open: hike for all")
        new = town.homeserver.room(ann.user, BOT)
        new.state["m.room.create", ""] = {"room_version": "12", "predecessor": {"room_id": old}}
        new.state["m.room.power_levels", ""] = {"users": {BOT: 100}, "invite": 0}
        await town.state(old, BOT, "m.room.tombstone", {"replacement_room": new.id})
        assert town.homeserver.listed == {("laiwang", new.id)}


class TestHandingOn:
    async def test_a_member_gets_a_card_with_a_link_and_a_picture_of_it(self, town: Town, line: list[Person]) -> None:
        ann, _bo, _cat, _dan = line
        await town.start(ann, HIKE)
        [row] = await town.rows("cluster")
        said = await ann.say("share 1")
        link = f"https://matrix.to/#/%23{row['porch']}%3Atown"
        assert f"weekend hike?\n{link}" in said
        assert "Ann" not in said
        [file] = town.homeserver.files
        [read] = zxingcpp.read_barcodes(Image.open(io.BytesIO(file)).convert("L"))
        assert read.text == link
        picture = town.rooms[ann.chat].messages_of(BOT)[-1]["content"]
        assert (picture["msgtype"], picture["filename"]) == ("m.image", "cluster.png")
        assert picture["info"]["size"] == len(file)

    async def test_whoever_follows_it_meets_the_same_door(self, town: Town, line: list[Person]) -> None:
        ann, bo, cat, _dan = line
        room = await town.start(ann, HIKE)
        link = link_in(await ann.say("share"))
        assert await cat.say(link) == NOT_AVAILABLE
        assert "Come in: you are invited into “weekend hike?”." in await bo.say(link)
        assert town.rooms[room].inside == {BOT, ann.user, bo.user}
        assert await bo.say(link) == "You are inside already."
        eve = await town.arrive("eve")
        unknown = "#zd_000000000000:town"
        assert await eve.say(link) == await eve.say(unknown) == await eve.say(f"enter {link}") == NOT_AVAILABLE
        assert await eve.say(f"join {link}") == NOT_AVAILABLE
        assert "is neither a number of your list nor a link" in await eve.say("join zd_4h7kq2mw9xcd")
        assert "no such cluster in your list" in await eve.say("join #2")

    async def test_an_open_one_lets_anybody_in(self, town: Town, line: list[Person]) -> None:
        ann, _bo, _cat, _dan = line
        room = await town.start(ann, "open: hike for all")
        said = await ann.say("share")
        assert "Whoever follows the link may come in." in said
        eve = await town.arrive("eve")
        await eve.say(link_in(said))
        assert eve.user in town.rooms[room].inside

    async def test_there_is_no_link_to_one_for_chosen_people(self, town: Town, line: list[Person]) -> None:
        ann, bo, _cat, _dan = line
        await town.start(ann, "closed @bo:town: surprise")
        said = await ann.say("share")
        assert "matrix.to" not in said
        assert "there is no link to it: a link would show its name" in said
        assert town.homeserver.files == []
        assert "There is no such cluster in your list" in await bo.say("share 7")

    async def test_only_members_hand_it_on_and_only_while_somebody_may_come(
        self, town: Town, line: list[Person]
    ) -> None:
        ann, bo, _cat, _dan = line
        room = await town.start(ann, HIKE)
        assert "You are not in that cluster." in await bo.say("share 1")
        await town.say(ann.user, room, "!zd seal")
        assert "Nobody new can come into “weekend hike?” now." in await ann.say("share 1")


class TestPasses:
    async def test_a_pass_lets_in_one_person_whom_the_rules_would_not(self, either_town: Town) -> None:
        town = either_town
        town.twice = True
        ann, cat = await town.arrive("ann"), await town.arrive("cat")
        room = await town.start(ann, "closed: surprise")
        said = await ann.say("pass 1")
        assert "lets one person into “surprise”, whoever types it to @laiwang:town first within 24 hours" in said
        typed = code_in(said)
        eve = await town.arrive("eve")
        assert await eve.say(typed) == "Come in: you are invited into “surprise”."
        assert eve.user in town.rooms[room].inside
        assert await cat.say(typed) == NO_CODE
        assert await eve.say(typed) == NO_CODE
        [stay] = [row for row in await town.rows("stay") if row["left_at"] is None and row["sponsors"] == b"[]"][1:]
        assert stay["exposure"] == "quiet"
        assert await eve.say(f"code {await ann.code()}") != NO_CODE  # friend codes go on working beside them

    async def test_whoever_came_by_a_pass_is_too_far_away_to_bring_friends(
        self, town: Town, line: list[Person]
    ) -> None:
        ann, _bo, cat, dan = line
        await town.start(ann, HIKE)
        await cat.say(code_in(await ann.say("pass")))
        assert cat.reads("weekend hike?")
        await cat.say("loud")
        assert not dan.sees(CARD)

    async def test_in_the_room_the_code_goes_to_the_host_in_private(self, town: Town, line: list[Person]) -> None:
        ann, bo, cat, _dan = line
        room = await town.start(ann, HIKE)
        await bo.tap(CARD, "👍")
        town.news(room)
        ann.news()
        await town.say(ann.user, room, "!zd pass")
        assert town.news(room) == ""
        typed = code_in(ann.news())
        await town.say(bo.user, room, "!zd pass")
        assert "Only a host of “weekend hike?” can do that." in town.news(room)
        assert "Come in" in await cat.say(typed.lower().replace("-", " "))

    async def test_a_pass_works_for_a_day_and_until_it_is_taken_back(self, town: Town, line: list[Person]) -> None:
        ann, _bo, cat, dan = line
        await town.start(ann, HIKE)
        first = code_in(await ann.say("pass"))
        await town.wait(LIFETIME_MS - HOUR)
        second = code_in(await ann.say("pass"))
        await town.wait(HOUR)
        assert await cat.say(first) == NO_CODE
        assert "1 pass of “weekend hike?” is taken back" in await ann.say("pass off")
        assert await dan.say(second) == NO_CODE
        assert "0 passes of “weekend hike?” are taken back" in await ann.say("pass off 1")
        third = code_in(await ann.say("!扎堆 口令 1"))
        assert "Come in" in await dan.say(third)

    @pytest.mark.parametrize("why", ["banned", "blocked", "blocks", "full", "sealed"])
    async def test_everything_else_that_keeps_people_out_holds_and_looks_alike(
        self, town: Town, line: list[Person], why: str
    ) -> None:
        ann, _bo, cat, dan = line
        room = await town.start(ann, HIKE)
        typed = code_in(await ann.say("pass"))
        match why:
            case "banned":
                await town.member(room, cat.user, "ban", by=ann.user)
            case "blocked":
                await ann.say(f"block {cat.user}")
            case "blocks":
                await cat.say(f"block {ann.user}")
            case "full":
                await town.say(ann.user, room, "!zd cap 2")
                await town.member(room, UserID("@guest:town"), "join")
            case "sealed":
                await town.say(ann.user, room, "!zd seal")
        assert await cat.say(typed) == NO_CODE
        assert cat.user not in town.rooms[room].inside
        [row] = await town.rows("cluster_pass")
        assert (row["state"], row["guest"]) == ("open", None)
        if why in ("banned", "blocked", "blocks"):
            assert "Come in" in await dan.say(typed)

    async def test_a_pass_that_opens_nothing_counts_as_a_guess(self, town: Town, line: list[Person]) -> None:
        ann, _bo, cat, _dan = line
        await town.start(ann, HIKE)
        good = code_in(await ann.say("pass"))
        bad = code_in(await ann.say("pass"))
        eve = await town.arrive("eve")
        await eve.say(bad)
        for _guess in range(GUESSES_PER_PERSON.burst):
            assert await cat.say(bad) == NO_CODE
        assert "Too many wrong codes" in await cat.say(good)
        await town.wait(HOUR)
        assert "Come in" in await cat.say(good)

    async def test_a_pass_is_gone_once_its_guest_was_inside(self, town: Town, line: list[Person]) -> None:
        ann, _bo, cat, _dan = line
        room = await town.start(ann, HIKE)
        typed = code_in(await ann.say("pass"))
        town.homeserver.homes.discard(cat.user)
        assert "Come in" in await cat.say(typed)
        await town.wait(LIFETIME_MS)
        assert "Come in" in await cat.say(typed)  # the invitation was overlooked: it is his
        await town.member(room, cat.user, "join")
        await town.member(room, cat.user, "leave", by=ann.user)
        assert await cat.say(typed) == NO_CODE
        await town.knock(room, cat.user)
        assert cat.user not in town.rooms[room].inside

    async def test_somebody_who_waits_in_the_queue_comes_in_by_his_pass(self, sqlite_url: str) -> None:
        async with open_town(sqlite_url, pace=Pace(at_once=1, limit=Limit(burst=1, every_ms=MINUTE))) as town:
            ann, eve, may, sue = [await town.arrive(name) for name in ("ann", "eve", "may", "sue")]
            room = await town.start(ann, "closed: surprise")
            said = [await one.say(code_in(await ann.say("pass"))) for one in (eve, may, sue)]
            assert "Many want in just now." in said[2]
            await town.wait(3 * MINUTE)
            assert {eve.user, may.user, sue.user} <= town.rooms[room].inside

    async def test_there_are_never_more_than_twenty_open(self, town: Town, line: list[Person]) -> None:
        ann, _bo, _cat, _dan = line
        await town.start(ann, HIKE)
        for _pass in range(MOST_OPEN):
            code_in(await ann.say("pass"))
        said = await ann.say("pass")
        assert "20 passes of “weekend hike?” are open already" in said
        assert said.splitlines()[-1] == "pass off"
        assert "20 passes" in await ann.say("pass off")
        code_in(await ann.say("pass"))

    async def test_nothing_is_left_of_them_when_people_are_forgotten_or_time_has_passed(
        self, town: Town, line: list[Person]
    ) -> None:
        ann, _bo, cat, dan = line
        await town.start(ann, HIKE)
        await cat.say(code_in(await ann.say("pass")))
        typed = code_in(await ann.say("pass"))
        await cat.say("forget")
        await cat.say("yes")
        assert [row["guest"] for row in await town.rows("cluster_pass")] == [None, None]
        await ann.say("forget")
        await ann.say("yes")
        assert await town.count("cluster_pass") == 0
        assert await dan.say(typed) == NO_CODE
        await town.wait(DAY)


async def test_all_of_it_is_there_in_chinese(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    assert "把它转给别人吧。点开链接的人会先敲门" in await ann.say("分享 1")
    said = await ann.say("!扎堆 口令 1")
    assert f"{code_in(said)} 可以让一个人进“weekend hike?”" in said
    assert "`口令 关 1` 可以收回" in said
    assert await ann.say("!扎堆 口令 关 1") == "“weekend hike?”的 1 个口令已收回，不能再用。"
    assert "正在邀请你进入只属于你的空间" in await bo.say("空间 开")
    assert await bo.say("空间 关") == "你的空间已经关掉。"
    assert await bo.say("搜索 hike") == "“weekend hike?” · `加入 1`"
    assert await bo.say("进门 #zd_000000000000:town") == "这个扎堆现在进不去。"
