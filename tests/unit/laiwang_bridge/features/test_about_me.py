"""What is kept about somebody: told to him alone, in his language, and gone when he says so."""

from __future__ import annotations

import unicodedata
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, LargeBinary, Text, select

from appservice.effects import CreateRoom, SendMessage
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.database import tables
from laiwang_bridge.people import store as people
from laiwang_bridge.people.codes import format_code
from tests.unit.laiwang_bridge.features.town import BOT, DAY, Person, Town, open_town

CARD = "talking about “weekend hike?”"
DONE = "Done, I know nothing about you any more."


async def exported(person: Person) -> dict[str, Any]:
    said = await person.say("export")
    assert said.startswith("laiwang.json")
    assert "This is all that is kept about you." in said or "保存的就是这些" in said
    found: dict[str, Any] = orjson.loads(person.town.homeserver.files.pop())
    return found


# -- language ---------------------------------------------------------------------------------------------------------


async def test_who_writes_chinese_is_written_to_in_chinese(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await town.befriend(lin, amy)
    assert "你有 1 个好友" in await amy.say("好友")
    await town.start(lin, "weekend hike?")
    assert amy.news().startswith("Lin在聊“weekend hike?”\n（几个人）\n\n👍 加入 · 加入 1\n🙈 不看 · 不看 1")
    assert "You have 1 friend." in await lin.say("friends")


async def test_a_chosen_language_counts_where_nothing_says_otherwise(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await town.befriend(lin, amy)
    assert await amy.say("language zh") == "好的，以后我用中文跟你说话。"
    assert "你有 1 个好友" in await amy.say("friends")
    assert await amy.say("语言 英文") == "From now on I write to you in English, unless you write Chinese yourself."
    assert "You have 1 friend." in await amy.say("friends")
    assert "你有 1 个好友" in await amy.say("好友")
    await town.start(lin, "weekend hike?")
    assert CARD in amy.news()


async def test_an_unknown_language_is_answered_with_those_there_are(town: Town) -> None:
    lin = await town.arrive("lin")
    assert await lin.say("language fr") == "“fr” is none of: en/英文 and zh/中文.\nlanguage en"


# -- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "shown"), [("help", "help code"), ("帮助", "帮助 暗号")])
async def test_help_fits_a_phone(town: Town, asked: str, shown: str) -> None:
    lin = await town.arrive("lin")
    said = await lin.say(asked)
    assert shown in said
    wide = [line for line in said.splitlines() if _columns(line) > 40]
    assert wide == []
    assert len(said.splitlines()) <= 45


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


async def test_every_command_has_the_words_that_people_would_type(town: Town) -> None:
    lin = await town.arrive("lin")
    english = (
        "code add friends yes no unfriend block unblock language export forget start list join leave quiet loud hide"
    )
    chinese = "暗号 加好友 好友 同意 拒绝 删除好友 拉黑 取消拉黑 语言 导出 忘记我 注销"
    for name in f"{english} status feedback".split():
        assert "Also: " in await lin.say(f"help {name}"), name
    for name in f"{chinese} 发起 列表 加入 退出 离开 隐身 现身 不看 状态 反馈".split():
        assert "也可以写：" in await lin.say(f"帮助 {name}"), name


# -- export -----------------------------------------------------------------------------------------------------------


async def test_an_export_holds_everything_of_mine_and_nothing_of_others(town: Town) -> None:
    lin, amy, bo, cat = [await town.arrive(name) for name in ("lin", "amy", "bo", "cat")]
    await town.operators()
    await town.befriend_by_code(lin, amy)
    await town.befriend_by_code(amy, bo)
    await amy.say("语言 中文")
    await cat.say(await amy.code())  # Cat asks Amy, and Amy says no
    await amy.say("no")
    await amy.say("block @dan:town")
    await amy.say("block @eve:town")
    await town.arrive("eve")
    await town.start(lin, "weekend hike?")
    await amy.say("join")
    await town.start(amy, "dinner")
    await amy.say("feedback 很好")
    open_code = await amy.code()
    found = await exported(amy)

    assert found["people"]["matrix_ids"] == [amy.user]
    assert found["people"]["language"] == "zh"
    assert [friend["user"] for friend in found["people"]["friends"]] == [lin.user, bo.user]
    assert len(found["people"]["blocked"]) == 2
    assert open_code in [code["code"] for code in found["people"]["codes"]]
    assert [(each["with"], each["my_answer"]) for each in found["people"]["requests"]] == [
        (lin.user, "yes"),
        (bo.user, "yes"),
        (cat.user, "no"),
    ]
    assert [each["title"] for each in found["clusters"]["started"]] == ["dinner"]
    assert [each["title"] for each in found["clusters"]["stays"]] == ["weekend hike?", "dinner"]
    assert [each["title"] for each in found["cards"]] == ["weekend hike?", "dinner"]
    assert [each["text"] for each in found["operators"]["feedback"]] == ["很好"]

    theirs = await exported(cat)
    [request] = theirs["people"]["requests"]
    assert request["my_answer"] == "none"
    assert "no" not in request.values()
    text = orjson.dumps(theirs).decode()
    for private in ("zh", bo.user, lin.user, "dinner", "很好", open_code):
        assert private not in text


async def test_an_export_names_seats_queues_and_bans(town: Town) -> None:
    ann, bo = await town.arrive("ann"), await town.arrive("bo")
    await town.befriend(ann, bo)
    town.homeserver.homes.discard(bo.user)
    await town.start(ann, "seat")
    await bo.say("join 1")
    room = await town.start(ann, "out")
    await town.member(room, bo.user, "ban", by=ann.user)
    found = await exported(bo)
    assert [each["title"] for each in found["clusters"]["invitations"]] == ["seat"]
    assert [each["title"] for each in found["clusters"]["bans"]] == ["out"]
    assert found["clusters"]["queues"] == []


# -- forgetting -------------------------------------------------------------------------------------------------------


WHERE_HE_IS = {"room_member.user_id", "room_member.display_name", "room.direct_with"}


async def traces(town: Town, *words: str) -> set[str]:
    """Every column of every table in which one of these words stands."""

    def look(connection: Connection) -> set[str]:
        found = set()
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    if any(word in text for word in words):
                        found.add(f"{table.name}.{column}")
        return found

    return await town.database.read(look)


def numbers_of_people(connection: Connection, number: int) -> set[str]:
    """Every column that names a person, and every array of them, with this number in it."""
    found = set()
    for table in tables.metadata.sorted_tables:
        keys = [
            column for column in table.columns if any(key.column.table.name == "person" for key in column.foreign_keys)
        ]
        for row in connection.execute(select(table)).mappings():
            if any(row[column.name] == number for column in keys):
                found.add(table.name)
            if table.name == "person" and row["id"] == number:
                found.add(table.name)
            if table.name == "stay" and number in orjson.loads(row["sponsors"]):
                found.add("stay.sponsors")
    return found


async def test_whoever_asks_to_be_forgotten_is_in_no_table_any_more(either_town: Town) -> None:
    town = either_town
    lin, amy, bo, cat, dan = [await town.arrive(name) for name in ("lin", "amy", "bo", "cat", "dan")]
    operators = await town.operators()
    await town.befriend_by_code(lin, amy)
    await town.befriend_by_code(amy, bo)
    await amy.say("语言 英文")
    await cat.say(await amy.code())
    await amy.say("block @dan:town")
    await dan.say("block @amy:town")
    await amy.say(format_code(1))  # wrong codes are counted
    await amy.say("code")
    await town.start(lin, "weekend hike?")
    await amy.tap(CARD, "👍")
    await bo.tap(CARD, "👍")
    await town.start(amy, "dinner")
    town.homeserver.homes.discard(amy.user)
    await town.start(lin, "a third thing")
    await amy.say("join")
    await amy.say("feedback 很好")
    await operators.say("!lw answer 1 thanks")
    await amy.say("nonsense")
    await town.member(amy.chat, amy.user, "leave")
    await town.start(lin, "a fourth thing")  # for which the bot makes a chat
    [made] = town.chats_made_for(amy.user)
    await town.member(made, amy.user, "join")
    amy.chat = made
    number = await town.database.read(lambda connection: people.find_person(connection, amy.user))
    assert number is not None

    assert "Shall I? Answer yes or no." in await amy.say("forget")
    assert DONE in await amy.say("yes")
    # In which rooms he is, and what power he has there, is what his homeserver tells everybody in them.
    assert await traces(town, "@amy", "Amy") <= {*WHERE_HE_IS, "room.power_levels"}
    assert await traces(town, "很好") == set()
    assert await town.database.read(lambda connection: numbers_of_people(connection, number)) == set()
    await town.member(made, amy.user, "leave")
    assert await traces(town, "@amy", "Amy") <= {"room.power_levels"}


async def test_the_forgotten_leaves_his_clusters_and_is_seen_through_no_more(town: Town) -> None:
    ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
    await town.befriend(ann, bo)
    await town.befriend(bo, cat)
    room = await town.start(ann, "weekend hike?")
    await bo.tap(CARD, "👍")
    assert cat.sees(CARD)
    before = bo.reads("You are in")
    await bo.say("forget")
    assert await bo.say("yes") == f"{DONE} Write to me whenever you like; we start anew."
    assert cat.sees("“weekend hike?” is not available any more.")
    assert town.rooms[room].inside == {BOT, ann.user}
    assert bo.reads("You are in") == before  # his chat is not stirred up once more
    assert "no friends here yet" in await ann.say("friends")
    assert "no friends here yet" in await bo.say("friends")


async def test_a_cluster_goes_on_when_its_initiator_is_forgotten(town: Town) -> None:
    ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    await town.befriend(ann, bo)
    await town.befriend(bo, cat, dan)
    await ann.say("block @dan:town")
    room = await town.start(ann, "weekend hike?")
    await bo.tap(CARD, "👍")
    assert cat.sees(CARD)
    assert not dan.sees(CARD)
    await ann.say("forget")
    await ann.say("yes")
    assert town.rooms[room].inside == {BOT, bo.user}
    await cat.tap(CARD, "👍")
    assert cat.user in town.rooms[room].inside
    # Nobody is left whom the block would protect.
    assert dan.reads(CARD).startswith("Bo is talking about")


async def test_a_block_outlives_the_forgetting_of_the_blocked(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await lin.say("block @amy:town")
    await amy.say("forget")
    await amy.say("yes")
    assert "This code is not valid" in await amy.say(await lin.code())
    assert "no longer blocked" in await lin.say("unblock @amy:town")
    assert "This code is from Lin" in await amy.say(await lin.code())


async def test_a_forgotten_blocker_blocks_nobody_any_more(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await lin.say("block @amy:town")
    await lin.say("forget")
    await lin.say("yes")
    assert "This code is from Lin" in await amy.say(await lin.code())


async def test_being_forgotten_gives_nobody_new_guesses(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    for number in range(5):
        assert "This code is not valid" in await amy.say(format_code(number))
    await amy.say("forget")
    await amy.say("yes")
    assert "Too many wrong codes" in await amy.say(await lin.code())


async def test_whoever_only_ever_gave_feedback_is_forgotten_too(town: Town) -> None:
    lin = await town.arrive("lin")
    await town.operators()
    await lin.say("feedback xyzzy")
    await lin.say("forget")
    await lin.say("yes")
    assert await traces(town, "@lin", "xyzzy") <= WHERE_HE_IS


async def test_a_no_deletes_nothing(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await town.befriend(lin, amy)
    await amy.say("forget")
    assert await amy.say("no") == "All right, nothing was deleted."
    assert "You have 1 friend." in await amy.say("friends")


async def test_after_forgetting_everything_begins_anew(town: Town) -> None:
    lin, amy = await town.arrive("lin"), await town.arrive("amy")
    await town.befriend_by_code(lin, amy)
    await lin.say("forget")
    await lin.say("yes")
    await town.befriend_by_code(lin, amy)
    await town.start(lin, "weekend hike?")
    assert amy.sees(CARD)


@pytest.mark.parametrize("published", [False, True])
async def test_whoever_forgets_himself_while_his_seed_is_read_opens_nothing(town: Town, published: bool) -> None:
    lin = await town.arrive("lin")
    event = await town.say(lin.user, lin.chat, "an idea")
    if published:
        await town.say(lin.user, lin.chat, "!zd", reply_to=event)
    town.held = lambda effect: type(effect).__name__ == "ReadEvent"
    await town.say(lin.user, lin.chat, "publish" if published else "!zd", reply_to=None if published else event)
    town.held = lambda effect: type(effect).__name__ == "ReadEvent" or isinstance(effect, SendMessage)
    await lin.say("forget")
    await lin.say("yes")
    town.held = lambda _effect: False
    await town.settle()
    assert not [effect for _room, effect in town.homeserver.sent if isinstance(effect, CreateRoom)]


async def test_whoever_waits_in_a_queue_is_forgotten_there_too(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=0)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        room = await town.start(ann, "weekend hike?")
        await cat.tap(CARD, "👍")
        assert "as soon as it is your turn" in await bo.tap(CARD, "👍")
        assert [each["title"] for each in (await exported(bo))["clusters"]["queues"]] == ["weekend hike?"]
        await bo.say("forget")
        await bo.say("yes")
        assert await traces(town, "@bo") <= WHERE_HE_IS
        assert [row["key"] for row in await town.rows("inbox_timer") if row["key"].startswith("admit:")] == []
        await town.wait(DAY)
        assert bo.user not in town.rooms[room].members


def test_the_scan_for_traces_would_see_every_kind_of_column() -> None:
    kinds = {type(column.type) for table in tables.metadata.sorted_tables for column in table.columns}
    assert {Text, LargeBinary} <= kinds
