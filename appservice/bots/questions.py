"""Questions that bots have asked and nobody has answered yet; they outlive a restart and expire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from mautrix.types import RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Table, Text, delete, insert, select

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language

bot_dialogue = Table(
    "bot_dialogue",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("bot", Text, nullable=False),
    Column("router", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("message_key", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_bot_dialogue_expires_at", "expires_at"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is being asked of one person in one room: the dialogue, its memory, and the message that asks."""

    room: RoomID
    person: UserID
    bot: UserID
    router: str
    name: str
    language: Language
    state: Mapping[str, Any]
    message: EffectKey
    expires_at: int


def open_question(connection: Connection, room: RoomID, person: UserID) -> Question | None:
    """The question that `person` has not answered in this room, whether it has expired or not."""
    row = connection.execute(
        select(bot_dialogue).where(bot_dialogue.c.room_id == room, bot_dialogue.c.person == person)
    ).first()
    if row is None:
        return None
    return Question(
        room=room,
        person=person,
        bot=UserID(row.bot),
        router=row.router,
        name=row.name,
        language=Language(row.language),
        state=orjson.loads(row.state),
        message=EffectKey(row.message_key),
        expires_at=row.expires_at,
    )


def ask(connection: Connection, question: Question) -> None:
    """Store a question; it takes the place of another one to the same person in the same room."""
    close_question(connection, question.room, question.person)
    row = {
        "room_id": question.room,
        "person": question.person,
        "bot": question.bot,
        "router": question.router,
        "name": question.name,
        "language": question.language.value,
        "state": orjson.dumps(dict(question.state)),
        "message_key": question.message,
        "expires_at": question.expires_at,
    }
    connection.execute(insert(bot_dialogue).values(row))


def close_question(connection: Connection, room: RoomID, person: UserID) -> None:
    connection.execute(delete(bot_dialogue).where(bot_dialogue.c.room_id == room, bot_dialogue.c.person == person))
