"""What waits to be taken into the books: a file that somebody has sent, and what was read of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from mautrix.types import ContentURI, RoomID
from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Row, Table, Text, delete, select, update

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.sql import upsert
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

_DAY_MS = 86_400_000

# The file that somebody sent to us last, until he says in a room that it belongs there.
pay_import_file = Table(
    "pay_import_file",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
# What was read of a file for a room and waits for a yes: one for each person and room. `found` is JSON of
# `importing.packing`, `who` says who of the file is whom: {number: "@user:server" or "+guest"}.
pay_import = Table(
    "pay_import",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("room_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("skips_bad", Boolean, nullable=False),
    Column("card_key", Text),
    Column("at", BigInteger, nullable=False),
    Index("ix_pay_import_at", "at"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """`found` is JSON as it was packed, `who` maps the numbers of its accounts. `card` is the message that shows it.

    With `skips_bad` the lines that cannot be read are left out.
    """

    person: PersonId
    room: RoomID
    url: ContentURI
    found: Mapping[str, Any]
    who: Mapping[int, str]
    skips_bad: bool = False
    card: EffectKey | None = None


def note_file(connection: Connection, person: PersonId, url: ContentURI, now: int) -> None:
    upsert(connection, pay_import_file, {"person": person, "url": url, "at": now})


def take_file(connection: Connection, person: PersonId) -> ContentURI | None:
    """The file that somebody sent last, once."""
    here = pay_import_file.c.person == person
    url = connection.execute(select(pay_import_file.c.url).where(here)).scalar()
    connection.execute(delete(pay_import_file).where(here))
    return None if url is None else ContentURI(url)


def put(connection: Connection, waiting: Waiting, now: int) -> None:
    """Keep it in place of what waited there before."""
    row = {
        "person": waiting.person,
        "room_id": waiting.room,
        "url": waiting.url,
        "found": orjson.dumps(waiting.found).decode(),
        "who": _who_text(waiting.who),
        "skips_bad": waiting.skips_bad,
        "card_key": waiting.card,
        "at": now,
    }
    upsert(connection, pay_import, row)


def change(connection: Connection, waiting: Waiting) -> None:
    """Keep who is whom, what is skipped, and the card."""
    values = {"who": _who_text(waiting.who), "skips_bad": waiting.skips_bad, "card_key": waiting.card}
    here = (pay_import.c.person == waiting.person) & (pay_import.c.room_id == waiting.room)
    connection.execute(update(pay_import).where(here).values(values))


def find(connection: Connection, person: PersonId, room: RoomID) -> Waiting | None:
    here = (pay_import.c.person == person) & (pay_import.c.room_id == room)
    row = connection.execute(select(pay_import).where(here)).first()
    return None if row is None else _waiting(row)


def drop(connection: Connection, person: PersonId, room: RoomID) -> None:
    connection.execute(delete(pay_import).where(pay_import.c.person == person, pay_import.c.room_id == room))


def move(connection: Connection, old: RoomID, new: RoomID) -> None:
    """A room was replaced by another; who has something waiting in both keeps that of the new one."""
    kept = select(pay_import.c.person).where(pay_import.c.room_id == new)
    connection.execute(delete(pay_import).where(pay_import.c.room_id == old, pay_import.c.person.in_(kept)))
    connection.execute(update(pay_import).where(pay_import.c.room_id == old).values(room_id=new, card_key=None))


def forget_old(connection: Connection, now: int) -> None:
    """Nobody has come back to these for a day."""
    connection.execute(delete(pay_import).where(pay_import.c.at < now - _DAY_MS))
    connection.execute(delete(pay_import_file).where(pay_import_file.c.at < now - _DAY_MS))


def export(connection: Connection, person: PersonId) -> list[dict[str, Any]]:
    """What is kept of somebody's files."""
    files = select(pay_import_file.c.url, pay_import_file.c.at).where(pay_import_file.c.person == person)
    waiting = select(pay_import).where(pay_import.c.person == person)
    rows = [*connection.execute(files).mappings(), *connection.execute(waiting).mappings()]
    return [{name: value for name, value in row.items() if name != "person"} for row in rows]


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        person=PersonId(row.person),
        room=RoomID(row.room_id),
        url=ContentURI(row.url),
        found=orjson.loads(row.found),
        who={int(number): who for number, who in orjson.loads(row.who).items()},
        skips_bad=row.skips_bad,
        card=row.card_key,
    )


def _who_text(who: Mapping[int, str]) -> str:
    return orjson.dumps({str(number): one for number, one in who.items()}).decode()
