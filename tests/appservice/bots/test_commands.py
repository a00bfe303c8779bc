"""Commands as people give them, in chats and in rooms, and who answers."""

from __future__ import annotations

from typing import Any

import pytest
from mautrix.types import UserID

from appservice.bots import Level, Permissions
from appservice.bots.testing import Stage
from appservice.database import Database, metadata
from appservice.effects import React, SendMessage
from appservice.language import Language
from tests.appservice.bots.library import ANN, BEN, BOTS, CAT, CHAT, DESK, HALL, LIBRARY, QUIET, SHELF, own
from tests.support.tables import make_tables


async def test_in_a_direct_chat_no_prefix_is_needed(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "list") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "！LIST") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "!shelf list") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "Library: list") == ["Nothing."]


async def test_in_a_direct_chat_the_mark_of_a_prefix_may_be_left_out(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "shelf list") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "书架 list") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "Shelf: Emma") == [
        "Emma is lent as 1.\n\n✅ returned · back 1\n👍🏽 nice · nice 1"
    ]
    assert "do not know “shelves”" in (await stage.say(ANN, CHAT, "shelves list"))[0]


async def test_in_a_room_a_prefix_or_a_mention_is_needed(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, HALL, "list") == []
    assert await stage.say(ANN, HALL, "!shelfx list") == []
    assert await stage.say(ANN, HALL, "shelf list") == []
    assert await stage.say(ANN, HALL, "!shelf list") == ["Nothing."]
    assert await stage.say(ANN, HALL, "Library: list") == ["Nothing."]
    assert await stage.say(ANN, HALL, "the Library: list") == []


async def test_where_a_router_says_so_a_word_is_a_command_that_calls_nobody(stage: Stage) -> None:
    stage.room(QUIET, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, QUIET, "list") == ["Nothing."]
    assert await stage.say(ANN, QUIET, "lists") == []
    assert await stage.say(ANN, QUIET, ".rules") == ["no shouting"]
    stage.room(QUIET, ANN, BEN, DESK)
    assert await stage.say(ANN, QUIET, "list") == []


async def test_an_answer_in_a_room_is_a_reply_and_in_a_chat_is_none(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf list", event_id="$asked")
    await stage.say(ANN, CHAT, "list")
    assert [effect.reply_to for _key, effect in stage.sent()] == ["$asked", None]


async def test_an_answer_stays_in_its_thread(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    thread = {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True}
    relation = {**thread, "m.in_reply_to": {"event_id": "$last"}}
    assert await stage.say(ANN, HALL, "!shelf about", content={"m.relates_to": relation}) == ["nothing"]
    [(_key, effect)] = stage.sent()
    assert effect.content["m.relates_to"] == {"rel_type": "m.thread", "event_id": "$root"}


async def test_a_command_knows_what_it_replies_to(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    body = "> <@ben:test> old\n\n!shelf about"
    assert await stage.say(ANN, HALL, body, reply_to="$that") == ["$that"]
    assert await stage.say(ANN, HALL, "!shelf about") == ["nothing"]


async def test_nobody_is_pinged_unless_the_command_says_so(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf list")
    await stage.say(ANN, HALL, "!desk shout @ben:test")
    mentions = [effect.content["m.mentions"] for _key, effect in stage.sent()]
    assert mentions == [{}, {"user_ids": [BEN]}]


async def test_the_answer_is_in_the_language_of_the_command(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "清旦") == ["我不认识“清旦”。你是想写这个吗？\n清单"]
    assert await stage.say(ANN, CHAT, "lsit") == ["I do not know “lsit”. Did you mean this?\nlist"]


async def test_else_it_is_in_the_language_that_the_person_has_chosen(database: Database) -> None:
    stage = Stage(database, BOTS, language_of=lambda _connection, user: Language.ZH if user == ANN else None)
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, HALL, "!shelf cancel") == ["现在没有什么可以取消的。"]
    assert await stage.say(BEN, HALL, "!shelf cancel") == ["There is nothing to cancel."]


async def test_of_several_bots_the_most_specific_answers_alone(stage: Stage) -> None:
    stage.room(HALL, ANN, LIBRARY, SHELF, DESK)
    await stage.say(ANN, HALL, "!shelf list")
    await stage.say(ANN, HALL, "!desk order")
    await stage.say(ANN, HALL, "!desk rules")
    await stage.say(ANN, HALL, "!desk rulse")
    await stage.say(ANN, HALL, "Library: list")
    assert [effect.sender for _key, effect in stage.sent()] == [SHELF, DESK, LIBRARY, LIBRARY, LIBRARY]


async def test_a_bot_that_is_not_here_neither_answers_nor_lends_its_commands(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, DESK)
    assert await stage.say(ANN, HALL, "!shelf list") == []
    assert await stage.say(ANN, HALL, "Library: list") == []
    assert await stage.say(ANN, HALL, "!desk rules") == [
        "I do not know “rules”. This shows what I can do:\n!desk help",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"msgtype": "m.notice", "body": "!shelf list"}, "a notice"),
        ({"msgtype": "m.image", "body": "!shelf list"}, "a file name"),
        ({"body": "!shelf list", "msgtype": "m.notice", "m.relates_to": {"rel_type": "m.replace"}}, "odd"),
        ({"msgtype": "m.text", "body": 5}, "no text"),
        ({}, "nothing at all"),
    ],
)
async def test_what_is_no_command_is_not_answered(stage: Stage, content: dict[str, Any], why: str) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    stage.room(HALL, ANN, BEN, LIBRARY)
    for room in (CHAT, HALL):
        assert await stage.play(stage.bots.on_message, ANN, room, "m.room.message", content) == [], why


async def test_our_own_users_and_other_bots_get_no_answer(database: Database) -> None:
    stage = Stage(database, BOTS, is_ignored=lambda user: user in (LIBRARY, CAT))
    stage.room(HALL, ANN, CAT, LIBRARY)
    assert await stage.say(LIBRARY, HALL, "!shelf list") == []
    assert await stage.say(CAT, HALL, "!shelf list") == []
    assert await stage.say(ANN, HALL, "!shelf list") == ["Nothing."]


async def test_the_blocked_get_silence(database: Database) -> None:
    stage = Stage(database, BOTS, level_of=Permissions({"test": Level.USER}))
    stage.room(HALL, ANN, CAT, LIBRARY)
    assert await stage.say(CAT, HALL, "!shelf nonsense") == []
    assert await stage.say(ANN, HALL, "!shelf list") == ["Nothing."]


async def test_a_command_for_administrators_is_refused_to_others(database: Database) -> None:
    stage = Stage(database, BOTS, level_of=Permissions({"*": Level.USER, ANN: Level.ADMIN}))
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, HALL, "!desk close") == ["closed"]
    assert await stage.say(BEN, HALL, "!desk close") == ["Only an administrator of this service may do that."]


async def test_a_command_can_take_power_in_the_room(stage: Stage) -> None:
    room = stage.room(HALL, ANN, BEN, LIBRARY)
    stage.rooms.power[room, ANN] = float("inf")
    assert await stage.say(ANN, HALL, "!desk order") == ["order!"]
    assert await stage.say(BEN, HALL, "!desk order") == [
        "That takes power level 50 in this room; please ask one of its moderators."
    ]


async def test_a_command_can_belong_to_a_chat_or_to_a_room(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "secret") == ["psst"]
    assert await stage.say(ANN, HALL, "!desk secret") == [
        "That is for the two of us alone: open a direct chat with @library:test and write it there."
    ]
    assert await stage.say(ANN, CHAT, "shout @ben:test") == [
        "That is for a room with others: invite me there and write it there."
    ]


async def test_what_a_command_did_before_it_refused_is_undone(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "back 7") == ["Book 7 is not lent.\nlist"]
    assert await stage.say(ANN, CHAT, "list") == ["Nothing."]


async def test_in_a_room_the_command_to_try_instead_has_its_prefix(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, HALL, "!shelf back 7") == ["Book 7 is not lent.\n!shelf list"]
    assert await stage.say(ANN, HALL, "！书架归还 7") == ["Book 7 is not lent.\n!书架 清单"]


async def test_a_defect_of_ours_is_not_hidden(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    with pytest.raises(RuntimeError, match="out of paper"):
        await stage.say(ANN, CHAT, "crash")


async def test_text_behind_the_prefix_goes_to_the_default_command(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    [answer] = await stage.say(ANN, HALL, "!shelf The Trial")
    assert answer.startswith("The Trial is lent as 1.")


async def test_a_corrected_command_is_right(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    [said] = await stage.say(ANN, HALL, "!desk shuot @ben:test")
    corrected = said.splitlines()[-1]
    assert corrected == "!desk shout @ben:test"
    assert await stage.say(ANN, HALL, corrected) == ["HEY @ben:test"]


async def test_the_one_who_asked_is_known_to_the_outbox(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "list")
    assert [emission.asker for emission in stage.emissions] == [ANN]


async def test_a_nod_is_a_reaction(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "nod", event_id="$asked")
    assert stage.effects() == [React(sender=LIBRARY, room=CHAT, target="$asked", reaction="👍")]  # type: ignore[arg-type]


async def test_everything_is_the_same_when_it_is_run_again(stage: Stage) -> None:
    """A crash before the commit, and the unit runs once more."""
    stage.room(HALL, ANN, BEN, LIBRARY)
    other = Stage(Database("sqlite://"), BOTS)
    make_tables(other.database.engine, metadata, own)
    other.room(HALL, ANN, BEN, LIBRARY)
    for each in (stage, other):
        await each.say(ANN, HALL, "!shelf The Trial", event_id="$lent")
        await each.say(ANN, HALL, "!shelf back 1", event_id="$back")
    assert stage.emissions == other.emissions
    await other.database.close()


async def test_a_command_can_send_a_picture_and_speak_elsewhere(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, "map") == ["map.png", "现在没有什么可以取消的。"]
    assert [effect.room for _key, effect in stage.sent()] == [CHAT, HALL]


async def test_a_bot_can_speak_of_its_own_accord(stage: Stage) -> None:
    emissions = await stage.run(
        lambda unit: (
            stage.bots.voice(unit, LIBRARY, stage.room(CHAT, ANN, LIBRARY), Language.ZH).send(
                "你好", rings=True, key="hello"
            )
            and None
        )
    )
    [emission] = emissions
    assert emission.key == "hello"
    assert isinstance(emission.effect, SendMessage)
    assert emission.effect.content == {"msgtype": "m.text", "body": "你好", "m.mentions": {}}


async def test_nobody_but_a_bot_has_a_voice(stage: Stage) -> None:
    def speak(unit: Any) -> None:
        stage.bots.voice(unit, UserID("@nobody:test"), stage.room(CHAT), Language.EN)

    with pytest.raises(LookupError, match="no bot"):
        await stage.run(speak)


NUL = "\0\ud800"


async def test_text_that_no_database_can_hold_does_no_harm(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, CHAT, f"lend a{NUL}b", event_id="$a") != []
    assert await stage.say(ANN, CHAT, "list") == ["a\ufffd?b"]
    assert await stage.say(ANN, HALL, f"!shelf lsit {NUL}", reply_to=NUL) != []
    assert await stage.change(ANN, HALL, NUL, "!shelf list") == []
    redaction = {"redacts": NUL}
    assert await stage.play(stage.bots.on_redaction, ANN, HALL, "m.room.redaction", redaction) == []
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": NUL, "key": NUL}}
    assert await stage.play(stage.bots.on_reaction, ANN, HALL, "m.reaction", reaction) == []
    assert await stage.say(ANN, HALL, "!shelf name") != []
    assert await stage.say(ANN, HALL, NUL) == ["Hello \ufffd?."]
