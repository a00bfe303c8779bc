"""Reactions to what people say: some ask a bot for something."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from mautrix.types import EventID

from appservice.bots import Bot, Context, DeclarationError, Rate, Router
from appservice.bots.testing import Stage
from appservice.database import Database
from appservice.language import Message
from tests.appservice.bots.library import ANN, BEN, CHAT, HALL, LIBRARY


def taker(seen: list[tuple[str, EventID]]) -> Bot:
    router = Router("taker", ("!take",))

    def take(context: Context, target: EventID) -> None:
        seen.append((context.sender, target))
        context.at(context.room, context.language).send(Message("Taken."))

    router.reacts("📌", take)
    return Bot(LIBRARY, "Taker", (router,))


async def react(stage: Stage, sender: str, room: str, reaction: str, target: str = "$said") -> Sequence[object]:
    relation = {"rel_type": "m.annotation", "event_id": target, "key": reaction}
    return await stage.play(stage.bots.on_reaction, sender, room, "m.reaction", {"m.relates_to": relation})


@pytest.fixture
def seen() -> list[tuple[str, EventID]]:
    return []


@pytest.fixture
def stage(database: Database, seen: list[tuple[str, EventID]]) -> Stage:
    return Stage(database, [taker(seen)], rate=Rate(burst=5))


@pytest.mark.parametrize("reaction", ["📌", "📌\ufe0f"])
async def test_a_reaction_to_somebodys_message_is_told(
    stage: Stage, seen: list[tuple[str, EventID]], reaction: str
) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await react(stage, ANN, HALL, reaction)
    assert seen == [(ANN, "$said")]


async def test_other_reactions_and_those_of_people_who_are_not_there_are_not(
    stage: Stage, seen: list[tuple[str, EventID]]
) -> None:
    stage.room(HALL, ANN, LIBRARY)
    stage.room(CHAT, ANN, BEN)
    await react(stage, ANN, HALL, "👍")
    await react(stage, BEN, HALL, "📌")
    await react(stage, ANN, CHAT, "📌")  # where the bot is not
    assert seen == []


async def test_who_reacts_too_much_is_left_alone(stage: Stage, seen: list[tuple[str, EventID]]) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    for number in range(8):
        await react(stage, ANN, HALL, "📌", f"$said{number}")
    assert len(seen) == len(stage.sent()) == 5


def test_two_uses_for_one_reaction_are_a_mistake() -> None:
    router = Router("taker", ("!take",))
    router.reacts("📌", lambda _context, _target: None)
    with pytest.raises(DeclarationError):
        router.reacts("📌\ufe0f", lambda _context, _target: None)
