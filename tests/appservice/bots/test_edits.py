"""Somebody changes a command after sending it."""

from __future__ import annotations

from appservice.bots.testing import Stage
from appservice.effects import EventOf, Redact
from tests.appservice.bots.library import ANN, BEN, CHAT, DESK, HALL, LIBRARY, SHELF


async def test_a_refused_command_is_tried_again_and_its_answer_changed_in_place(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf nic", event_id="$asked")
    [(answer, _effect)] = stage.sent()
    assert await stage.change(ANN, HALL, "$asked", "!shelf back 5") == ["Book 5 is not lent.\n!shelf list"]
    assert await stage.change(ANN, HALL, "$asked", "!shelf list") == ["Nothing."]
    assert [effect.replaces for _key, effect in stage.sent()] == [None, EventOf(answer), EventOf(answer)]


async def test_what_was_done_stays_done_and_that_is_said_once(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trail", event_id="$asked")
    assert await stage.change(ANN, HALL, "$asked", "!shelf The Trial") == [
        "I have done what you wrote first and leave it at that. For this too, send it anew:\n!shelf The Trial"
    ]
    assert await stage.change(ANN, HALL, "$asked", "!shelf The Castle") == []
    assert await stage.say(ANN, HALL, "!shelf list") == ["The Trail"]


async def test_an_answer_that_is_changed_to_a_card_has_buttons(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf back 9", event_id="$asked")
    [(answer, _effect)] = stage.sent()
    await stage.change(ANN, HALL, "$asked", "!shelf lend Emma")
    assert stage.buttons(answer) == ["✅", "👍🏽"]
    [said] = await stage.tap(BEN, HALL, answer, "✅")
    assert said.startswith("Was ")


async def test_an_earlier_answer_goes_when_the_new_command_needs_none(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf back 9", event_id="$asked")
    [(answer, _effect)] = stage.sent()
    await stage.change(ANN, HALL, "$asked", "!shelf nod")
    assert Redact(sender=LIBRARY, room=HALL, target=EventOf(answer)) in stage.effects()  # type: ignore[arg-type]


async def test_an_answer_goes_when_its_question_is_no_command_any_more(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf back 9", event_id="$asked")
    [(answer, _effect)] = stage.sent()
    assert await stage.change(ANN, HALL, "$asked", "never mind") == []
    assert stage.effects()[-1] == Redact(sender=LIBRARY, room=HALL, target=EventOf(answer))  # type: ignore[arg-type]
    assert await stage.change(ANN, HALL, "$asked", "!shelf list") == ["Nothing."]


async def test_only_the_writer_changes_a_command(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf back 9", event_id="$asked")
    assert await stage.change(BEN, HALL, "$asked", "!shelf list") == []
    assert await stage.change(ANN, CHAT, "$asked", "!shelf list") == []


async def test_talk_that_becomes_a_command_is_one(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "shelf list", event_id="$asked")
    assert await stage.change(ANN, HALL, "$asked", "!shelf list") == ["Nothing."]
    assert stage.sent()[-1][1].reply_to == "$asked"
    assert await stage.change(ANN, HALL, "$other", "just talk") == []


async def test_an_edited_command_still_knows_what_it_replies_to(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf back", event_id="$asked", reply_to="$that")
    assert await stage.change(ANN, HALL, "$asked", "!shelf about") == ["$that"]


async def test_an_edited_answer_to_a_question_is_not_taken_twice(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "name")
    await stage.say(ANN, CHAT, "Anne", event_id="$name")
    [said] = await stage.change(ANN, CHAT, "$name", "Ann")
    assert said.startswith("I have done what you wrote first")


async def test_an_answer_that_was_none_can_be_edited_into_one(stage: Stage) -> None:
    for room in (stage.room(HALL, ANN, BEN, LIBRARY), stage.room(CHAT, ANN, LIBRARY)):
        await stage.say(ANN, room, "!shelf Emma")
        await stage.say(ANN, room, "!shelf back 1")
        await stage.say(ANN, room, "perhaps", event_id=f"$said{room}")
        assert await stage.change(ANN, room, f"$said{room}", "yes") == ["Rated: good."]
        [said] = await stage.change(ANN, room, f"$said{room}", "no")
        assert said.startswith("I have done what you wrote first")


async def test_an_edit_in_a_chat_needs_no_prefix_either(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "lsit", event_id="$asked")
    assert await stage.change(ANN, CHAT, "$asked", "list") == ["Nothing."]


async def test_help_can_be_edited_into_a_command(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf help", event_id="$asked")
    assert await stage.change(ANN, HALL, "$asked", "!shelf list") == ["Nothing."]


async def test_a_router_may_have_what_was_done_follow_what_is_written_now(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, DESK)
    assert await stage.change(ANN, HALL, "$noted", "two") == ["@ann:test means two, not $noted."]
    assert await stage.change(ANN, HALL, "$noted", "!desk three") == ["@ann:test means !desk three, not $noted."]
    assert await stage.change(ANN, HALL, "$other", "two") == []


async def test_nobody_follows_an_edit_where_that_bot_is_not(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, SHELF)
    assert await stage.change(ANN, HALL, "$noted", "two") == []
