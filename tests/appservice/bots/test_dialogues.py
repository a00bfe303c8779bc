"""Questions and their answers."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from appservice.bots.questions import bot_dialogue
from appservice.bots.testing import Stage
from appservice.database import Database
from tests.appservice.bots.library import ANN, BEN, BOTS, CHAT, HALL, LIBRARY

MINUTE = 60_000


async def test_the_next_message_of_that_person_in_that_room_is_the_answer(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.say(ANN, HALL, "!shelf name") == ["What is your name?"]
    assert await stage.say(BEN, HALL, "Ben") == []
    assert await stage.say(ANN, CHAT, "list") == ["Nothing."]
    assert await stage.say(ANN, HALL, "Ann Lee") == ["Hello Ann Lee."]
    assert await stage.say(ANN, HALL, "Ann Lee") == []


async def test_a_command_in_between_is_a_command(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf name")
    assert await stage.say(ANN, HALL, "!shelf list") == ["Nothing."]
    assert await stage.say(ANN, HALL, "Ann") == ["Hello Ann."]


async def test_in_a_chat_what_can_be_the_answer_is_the_answer(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "name")
    assert await stage.say(ANN, CHAT, "list") == ["Hello list."]


async def test_in_a_chat_what_cannot_be_the_answer_may_be_a_command(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "lend The Trial")
    await stage.say(ANN, CHAT, "back 1")
    assert await stage.say(ANN, CHAT, "list") == ["The Trial"]
    assert await stage.say(ANN, CHAT, "help list") != []
    assert await stage.say(ANN, CHAT, "perhaps") == [
        "“perhaps” is neither yes nor no.\n\nPlease try again, or write `cancel`."
    ]
    assert await stage.say(ANN, CHAT, "好的") == ["Rated: good."]


async def test_a_question_for_yes_or_no_can_be_answered_by_a_tap(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trial")
    await stage.say(ANN, HALL, "!shelf back 1")
    question = stage.sent()[-1][0]
    assert stage.buttons(question) == ["👍", "👎"]
    assert await stage.tap(BEN, HALL, question, "👍") == []
    assert await stage.tap(ANN, HALL, question, "🎉") == []
    assert await stage.tap(ANN, HALL, question, "👎🏽") == ["Rated: bad."]


async def test_a_question_can_be_let_go_of(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, CHAT, "name")
    assert await stage.say(ANN, CHAT, "Cancel!") == ["All right, never mind."]
    assert await stage.say(ANN, CHAT, "cancel") == ["There is nothing to cancel."]
    await stage.say(ANN, HALL, "!shelf name")
    assert await stage.say(ANN, HALL, "取消") == ["好的，取消了。"]
    await stage.say(ANN, HALL, "!shelf name")
    assert await stage.say(ANN, HALL, "!shelf cancel") == ["All right, never mind."]
    assert await stage.say(ANN, HALL, "Ann") == []


async def test_a_refused_answer_leaves_the_question_open(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf name")
    assert await stage.say(ANN, HALL, "nobody") == ["Nobody is called so."]
    assert await stage.say(ANN, HALL, "Ann") == ["Hello Ann."]


async def test_a_question_outlives_a_restart(database_url: str, stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf name")
    await stage.database.close()
    database = Database(database_url)
    later = Stage(database, BOTS)
    later.room(HALL, ANN, BEN, LIBRARY)
    assert await later.say(ANN, HALL, "Ann", event_id="$later") == ["Hello Ann."]
    await database.close()


async def test_a_question_expires(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    for room in (HALL, CHAT):
        await stage.say(ANN, room, "!shelf name")
    stage.now += 10 * MINUTE
    assert await stage.say(ANN, HALL, "Ann") == []
    assert await stage.say(ANN, CHAT, "Ann") == ["I had stopped waiting for an answer. Please start again."]
    assert await stage.say(ANN, CHAT, "Ann") == ["I do not know “Ann”. This shows what I can do:\nhelp"]


async def test_a_command_after_an_expired_question_is_a_command(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "name")
    stage.now += 10 * MINUTE
    assert await stage.say(ANN, CHAT, "list") == ["Nothing."]


async def test_a_new_question_takes_the_place_of_the_old_one(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trial")
    await stage.say(ANN, HALL, "!shelf name")
    await stage.say(ANN, HALL, "!shelf back 1")
    assert await stage.say(ANN, HALL, "yes") == ["Rated: good."]


async def test_a_picture_is_no_answer_in_words(stage: Stage) -> None:
    for room in (stage.room(HALL, ANN, BEN, LIBRARY), stage.room(CHAT, ANN, LIBRARY)):
        await stage.say(ANN, room, "!shelf name")
        [said] = await stage.say(ANN, room, "x.png", content={"msgtype": "m.image"})
        assert said.startswith("The text is empty.")


async def test_a_question_whose_feature_is_gone_is_forgotten(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf name")
    await stage.database.write(lambda connection: connection.execute(update(bot_dialogue).values(name="gone")) and None)
    assert await stage.say(ANN, HALL, "Ann") == []


async def test_who_leaves_is_asked_no_more(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf name")
    await stage.play(stage.bots.on_member, ANN, HALL, "m.room.member", {"membership": "leave"}, state_key=ANN)
    assert await stage.say(ANN, HALL, "Ann") == []


async def test_a_question_remembers_what_its_dialogue_needs(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    with pytest.raises(TypeError, match=r"rate wants to remember \['number'\]"):
        await stage.say(ANN, CHAT, "wrong")
