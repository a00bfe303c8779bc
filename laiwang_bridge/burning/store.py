"""Messages that are going to burn: tables and the queries on them. Of a message only its id is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import insert_ignoring
from laiwang_bridge.burning.rules import Burn, Readers, Wish

burning = Table(
    "burning",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("room_id", Text, nullable=False, index=True),
    Column("writer", Text, nullable=False, index=True),
    Column("after_ms", BigInteger, nullable=False),
    Column("latest_ms", BigInteger, nullable=False),
    Column("readers", Text, nullable=False),
    Column("burn_at", BigInteger, nullable=False),
    Column("read", Boolean, nullable=False),
)


# Asked at every message anywhere.
_BURNING_IN = Prepared(select(burning.c.event_id).where(burning.c.room_id == bindparam("room")).limit(1))


def _column_of_burning(**options: Any) -> Column[Any]:
    return Column("burning", Text, ForeignKey("burning.event_id", ondelete="CASCADE"), **options)


burning_reader = Table(
    "burning_reader",
    metadata,
    _column_of_burning(primary_key=True),
    Column("user_id", Text, primary_key=True),
)
burning_edit = Table(
    "burning_edit",
    metadata,
    Column("event_id", Text, primary_key=True),
    _column_of_burning(nullable=False, index=True),
)
# What came after: who has read any of these has read what is burning.
burning_later = Table(
    "burning_later",
    metadata,
    Column("event_id", Text, primary_key=True),
    _column_of_burning(primary_key=True, index=True),
)


@dataclass(frozen=True, slots=True)
class Burning:
    """A message that is going to burn, and where."""

    event_id: EventID
    room_id: RoomID
    writer: UserID
    rules: Burn


def add(connection: Connection, one: Burning) -> bool:
    """Returns whether it is new."""
    row = {
        "event_id": one.event_id,
        "room_id": one.room_id,
        "writer": one.writer,
        "after_ms": one.rules.wish.after_ms,
        "latest_ms": one.rules.wish.latest_ms,
        "readers": one.rules.wish.readers,
        "burn_at": one.rules.burn_at,
        "read": one.rules.read,
    }
    if connection.execute(insert_ignoring(connection, burning), row).rowcount == 0:
        return False
    if one.rules.unread:
        rows = [{"burning": one.event_id, "user_id": user} for user in sorted(one.rules.unread)]
        connection.execute(insert(burning_reader), rows)
    return True


def find(connection: Connection, event: EventID) -> Burning | None:
    row = connection.execute(select(burning).where(burning.c.event_id == event)).first()
    return None if row is None else _burning(connection, row)


def in_room(connection: Connection, room: RoomID) -> list[Burning]:
    rows = connection.execute(select(burning).where(burning.c.room_id == room).order_by(burning.c.burn_at)).all()
    return [_burning(connection, row) for row in rows]


def written_by(connection: Connection, user: UserID) -> list[Burning]:
    rows = connection.execute(select(burning).where(burning.c.writer == user)).all()
    return [_burning(connection, row) for row in rows]


def is_burning_in(connection: Connection, room: RoomID) -> bool:
    return _BURNING_IN.first(connection, room=room) is not None


def change(connection: Connection, one: Burning, rules: Burn) -> None:
    """Keep that somebody has read it, or has gone."""
    gone = one.rules.unread - rules.unread
    this = burning_reader.c.burning == one.event_id
    connection.execute(delete(burning_reader).where(this, burning_reader.c.user_id.in_(sorted(gone))))
    values = {"burn_at": rules.burn_at, "read": rules.read}
    connection.execute(update(burning).where(burning.c.event_id == one.event_id).values(values))


def note_later(connection: Connection, room: RoomID, event: EventID) -> None:
    """Something was sent in a room where messages are burning."""
    rows = select(burning.c.event_id).where(burning.c.room_id == room, burning.c.event_id != event)
    later = [{"event_id": event, "burning": id} for id in connection.execute(rows).scalars()]
    if later:
        connection.execute(insert_ignoring(connection, burning_later), later)


def note_edit(connection: Connection, one: Burning, event: EventID) -> None:
    connection.execute(insert_ignoring(connection, burning_edit), {"event_id": event, "burning": one.event_id})


def read_with(connection: Connection, events: Iterable[EventID]) -> dict[EventID, set[EventID]]:
    """For each of these events, which burning messages have been read by whoever has read it."""
    wanted = list(events)
    rows = connection.execute(select(burning_later).where(burning_later.c.event_id.in_(wanted)))
    found: dict[EventID, set[EventID]] = {event: {event} for event in wanted}
    for row in rows:
        found[EventID(row.event_id)].add(EventID(row.burning))
    return found


def edits_of(connection: Connection, event: EventID) -> list[EventID]:
    rows = connection.execute(select(burning_edit.c.event_id).where(burning_edit.c.burning == event))
    return [EventID(edit) for edit in rows.scalars()]


def remove(connection: Connection, event: EventID) -> None:
    connection.execute(delete(burning).where(burning.c.event_id == event))


def _burning(connection: Connection, row: Any) -> Burning:
    unread = connection.execute(select(burning_reader.c.user_id).where(burning_reader.c.burning == row.event_id))
    wish = Wish(row.after_ms, row.latest_ms, Readers(row.readers))
    rules = Burn(wish, frozenset(UserID(user) for user in unread.scalars()), row.burn_at, bool(row.read))
    return Burning(EventID(row.event_id), RoomID(row.room_id), UserID(row.writer), rules)
