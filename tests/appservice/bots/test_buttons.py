"""Cards with buttons: a tap does what typing would."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from appservice.bots import button
from appservice.bots.buttons import bot_button, plain_reaction
from appservice.bots.testing import Stage, event_of
from appservice.effects import EffectKey, EventOf, React, Redact
from appservice.language import Language, Message
from tests.appservice.bots.library import ANN, BEN, CHAT, HALL, LIBRARY, SHELF, give_back, nice, show


async def lend(stage: Stage) -> EffectKey:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trial")
    return stage.sent()[-1][0]


async def test_a_card_has_its_buttons_below_it_and_says_what_may_be_typed_instead(stage: Stage) -> None:
    card = await lend(stage)
    _key, effect = stage.sent()[-1]
    assert effect.content["body"] == (
        "The Trial is lent as 1.\n\n✅ returned · !shelf back 1\n👍🏽 nice · !shelf nice 1"
    )
    assert stage.buttons(card) == ["✅", "👍🏽"]


async def test_in_a_chat_no_prefix_is_shown(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    [said] = await stage.say(ANN, CHAT, "借出 西游记")
    assert said.endswith("✅ returned · 归还 1\n👍🏽 nice · nice 1")


async def test_a_tap_is_the_command_of_whoever_taps(stage: Stage) -> None:
    card = await lend(stage)
    assert await stage.tap(BEN, HALL, card, "✅") == ["Was 1 good?"]
    [_card, (_key, answer)] = stage.sent()
    assert answer.reply_to == event_of(card)


@pytest.mark.parametrize("reaction", ["👍", "👍🏽", "👍🏿", "👍️"])
def test_reactions_are_compared_without_their_looks(reaction: str) -> None:
    assert plain_reaction(reaction) == "👍"


def test_a_reaction_that_is_nothing_but_looks_stays_itself() -> None:
    assert plain_reaction("🏽") == "🏽"


async def test_a_tap_with_another_skin_is_a_tap(stage: Stage) -> None:
    card = await lend(stage)
    assert await stage.tap(ANN, HALL, card, "👍🏿") == ["@ann:test likes 1."]


async def test_a_button_for_one_person_is_dead_for_the_others(stage: Stage) -> None:
    card = await lend(stage)
    assert await stage.tap(BEN, HALL, card, "👍") == []


async def test_taking_a_reaction_back_does_nothing_unless_the_button_says_so(stage: Stage) -> None:
    card = await lend(stage)
    await stage.tap(ANN, HALL, card, "✅", event_id="$returned")
    await stage.tap(ANN, HALL, card, "👍", event_id="$nice")

    async def redact(who: str, event_id: str) -> list[str]:
        return await stage.play(stage.bots.on_redaction, who, HALL, "m.room.redaction", {"redacts": event_id})

    assert await redact(ANN, "$returned") == []
    assert await redact(BEN, "$nice") == []
    assert await redact(ANN, "$nice") == ["@ann:test likes 1 no more."]
    assert await redact(ANN, "$nice") == []


async def test_other_reactions_and_reactions_elsewhere_do_nothing(stage: Stage) -> None:
    card = await lend(stage)
    stage.room(CHAT, ANN, LIBRARY)
    assert await stage.tap(ANN, HALL, card, "🎉") == []
    assert await stage.tap(ANN, HALL, EffectKey("unknown"), "✅") == []
    assert await stage.tap(ANN, CHAT, card, "✅") == []
    assert await stage.tap(LIBRARY, HALL, card, "✅") == []


@pytest.mark.parametrize("relation", [{}, {"rel_type": "m.annotation"}, {"rel_type": "m.thread", "event_id": "$x"}])
async def test_a_reaction_that_is_none_does_nothing(stage: Stage, relation: dict[str, str]) -> None:
    await lend(stage)
    content = {"m.relates_to": relation}
    assert await stage.play(stage.bots.on_reaction, ANN, HALL, "m.reaction", content) == []


@pytest.mark.parametrize("said", ["✅", "returned", "back", "BACK 1", "✅️"])
async def test_a_reply_to_a_card_with_a_buttons_name_is_a_tap(stage: Stage, said: str) -> None:
    card = await lend(stage)
    assert await stage.say(BEN, HALL, said, reply_to=event_of(card)) == ["Was 1 good?"]


@pytest.mark.parametrize("said", ["back 2", "归还 2", "归还2"])
async def test_a_reply_to_a_card_may_say_more_than_the_button(stage: Stage, said: str) -> None:
    card = await lend(stage)
    await lend(stage)
    [answer] = await stage.say(BEN, HALL, said, reply_to=event_of(card))
    assert "2" in answer


async def test_a_reply_that_only_begins_like_a_buttons_command_is_just_talk(stage: Stage) -> None:
    card = await lend(stage)
    assert await stage.say(BEN, HALL, "back at eight?", reply_to=event_of(card)) == []
    assert await stage.say(BEN, HALL, "lend Emma", reply_to=event_of(card)) == []


async def test_another_reply_to_a_card_is_just_talk(stage: Stage) -> None:
    card = await lend(stage)
    assert await stage.say(BEN, HALL, "nice book", reply_to=event_of(card)) == []
    assert await stage.say(BEN, HALL, "back", reply_to="$elsewhere") == []


async def test_a_tap_that_cannot_be_is_answered_like_a_command(stage: Stage) -> None:
    card = await lend(stage)
    await stage.database.write(
        lambda connection: connection.execute(update(bot_button).values(typed="back 99")) and None
    )
    assert await stage.tap(BEN, HALL, card, "✅") == ["Book 99 is not lent.\n!shelf list"]


async def test_a_card_can_change_with_its_buttons(stage: Stage) -> None:
    card = await lend(stage)
    kept = next(e.key for e in stage.emissions if isinstance(e.effect, React) and e.effect.reaction == "👍🏽")
    gone = next(e.key for e in stage.emissions if isinstance(e.effect, React) and e.effect.reaction == "✅")
    buttons = [button("👍", "nice", nice, 1), button("📚", "all", show)]

    emissions = await stage.run(
        lambda unit: stage.bots.voice(unit, LIBRARY, stage.room(HALL, ANN, BEN, LIBRARY), Language.EN).edit(
            card, Message("**{book}** is back."), buttons=buttons, book="The Trial"
        )
    )
    edit, react, redact = (emission.effect for emission in emissions)
    assert edit.replaces == EventOf(card)  # type: ignore[attr-defined]
    assert react == React(sender=LIBRARY, room=HALL, target=EventOf(card), reaction="📚")  # type: ignore[arg-type]
    assert redact == Redact(sender=LIBRARY, room=HALL, target=EventOf(gone))  # type: ignore[arg-type]
    assert kept != gone
    assert await stage.tap(BEN, HALL, card, "📚") == ["The Trial"]
    assert await stage.tap(BEN, HALL, card, "✅") == []


async def test_a_card_can_be_taken_back(stage: Stage) -> None:
    card = await lend(stage)
    room = stage.room(HALL, ANN, BEN, LIBRARY)
    [emission] = await stage.run(lambda unit: stage.bots.voice(unit, LIBRARY, room, Language.EN).remove(card))
    assert emission.effect == Redact(sender=LIBRARY, room=room, target=EventOf(card))
    assert await stage.tap(BEN, HALL, card, "✅") == []


async def test_a_button_outlives_its_bots_and_routers_in_peace(stage: Stage) -> None:
    card = await lend(stage)
    await stage.database.write(lambda connection: connection.execute(update(bot_button).values(router="gone")) and None)
    assert await stage.tap(BEN, HALL, card, "✅") == []


async def test_a_card_belongs_to_the_bot_that_sent_it(stage: Stage) -> None:
    room = stage.room(HALL, ANN, LIBRARY, SHELF)
    await stage.run(
        lambda unit: (
            stage.bots.voice(unit, LIBRARY, room, Language.EN).send(
                "x", buttons=[button("📚", "all", show), button("↩️", "back", give_back, 5)], key="card"
            )
            and None
        )
    )
    await stage.tap(ANN, HALL, EffectKey("card"), "📚")
    assert stage.sent()[-1][1].sender == LIBRARY
