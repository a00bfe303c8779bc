"""Lines about bills that had to be asked about: what was asked, and what each answer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, insert, select, update

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.sql import Sequence64

# A line that was asked about; `readings` are what it may mean, as lines of their own.
pay_question = Table(
    "pay_question",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("room_id", Text, nullable=False),
    Column("asker", Text, nullable=False, index=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("bill", BigInteger),
    Column("aspect", Text),
    Column("readings", Text, nullable=False),
    Column("thread", Text),
    Column("receipt", Text),
    Column("card_key", Text),
    Column("at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a line may mean. `line` is it as it can be typed; `is_sure` that nothing is to be asked again."""

    line: str
    label: str
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a line of `asker`'s. If a bill is to be changed by it, `bill` is its number, `aspect` what of it
    changes."""

    id: int
    room: RoomID
    asker: UserID
    event: EventID
    bill: int | None
    aspect: str | None
    readings: tuple[Reading, ...]
    thread: EventID | None
    receipt: EventID | None
    card: EffectKey | None


# -- questions --------------------------------------------------------------------------------------------------------


def ask(
    connection: Connection,
    room: RoomID,
    asker: UserID,
    event: EventID,
    readings: Sequence[Reading],
    now: int,
    *,
    bill: int | None = None,
    aspect: str | None = None,
    thread: EventID | None = None,
    receipt: EventID | None = None,
) -> int:
    """Keep a question about the line in `event`, in place of an earlier one; gives its number."""
    connection.execute(delete(pay_question).where(pay_question.c.event_id == event))
    values = {
        "room_id": room,
        "asker": asker,
        "event_id": event,
        "bill": bill,
        "aspect": aspect,
        "readings": orjson.dumps([[one.line, one.label, one.is_sure] for one in readings]).decode(),
        "thread": thread,
        "receipt": receipt,
        "at": now,
    }
    inserted = connection.execute(insert(pay_question).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def note_question_card(connection: Connection, question: int, card: EffectKey) -> None:
    connection.execute(update(pay_question).where(pay_question.c.id == question).values(card_key=card))


def find_question(connection: Connection, question: int) -> Asked | None:
    return _asked(connection, pay_question.c.id == question)


def question_about(connection: Connection, event: EventID) -> Asked | None:
    return _asked(connection, pay_question.c.event_id == event)


def close_question(connection: Connection, question: int) -> None:
    connection.execute(delete(pay_question).where(pay_question.c.id == question))


def forget_questions(connection: Connection, asker: UserID) -> None:
    """Drop what was asked somebody who wants to be forgotten."""
    connection.execute(delete(pay_question).where(pay_question.c.asker == asker))


def forget_old_questions(connection: Connection, before: int) -> None:
    connection.execute(delete(pay_question).where(pay_question.c.at < before))


def move_questions(connection: Connection, old: RoomID, new: RoomID) -> None:
    connection.execute(update(pay_question).where(pay_question.c.room_id == old).values(room_id=new))


def _asked(connection: Connection, condition: Any) -> Asked | None:
    row = connection.execute(select(pay_question).where(condition)).first()
    if row is None:
        return None
    return Asked(
        id=row.id,
        room=RoomID(row.room_id),
        asker=UserID(row.asker),
        event=EventID(row.event_id),
        bill=row.bill,
        aspect=row.aspect,
        readings=tuple(Reading(*each) for each in orjson.loads(row.readings)),
        thread=row.thread,
        receipt=row.receipt,
        card=row.card_key,
    )
