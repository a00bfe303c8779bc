"""What people told the operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, insert, select, update

from appservice.database import metadata
from appservice.sql import Sequence64

feedback = Table(
    "feedback",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Feedback:
    number: int
    user: UserID
    text: str


def add(connection: Connection, user: UserID, text: str, now: int) -> int:
    made = connection.execute(insert(feedback).values(user_id=user, text=text, at=now)).inserted_primary_key
    assert made is not None
    return int(made[0])


def find(connection: Connection, number: int) -> Feedback | None:
    row = connection.execute(select(feedback).where(feedback.c.id == number)).first()
    return None if row is None else Feedback(row.id, UserID(row.user_id), row.text)


def note_answer(connection: Connection, number: int, now: int) -> None:
    connection.execute(update(feedback).where(feedback.c.id == number).values(answered_at=now))


def export(connection: Connection, users: list[UserID]) -> list[dict[str, Any]]:
    rows = connection.execute(select(feedback).where(feedback.c.user_id.in_(users)).order_by(feedback.c.id))
    return [{"number": row.id, "text": row.text, "at": row.at, "answered_at": row.answered_at} for row in rows]


def forget(connection: Connection, users: list[UserID]) -> None:
    connection.execute(delete(feedback).where(feedback.c.user_id.in_(users)))
