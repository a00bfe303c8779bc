"""Who has a Space of his own, and what stands in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.prepared import Prepared
from appservice.sql import among, upsert_all
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

space = Table(
    "cluster_space",
    metadata,
    column_of_person("person", primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("room_id", Text, unique=True),
    Column("stale", Boolean, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
child = Table(
    "cluster_space_child",
    metadata,
    column_of_person("person", primary_key=True),
    Column("room_id", Text, primary_key=True, index=True),
    Column("place", BigInteger, nullable=False),
    Column("suggested", Boolean, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Space:
    """Somebody's Space: who of his accounts is in it, the effect that made it, and its room once that is there."""

    person: PersonId
    user: UserID
    made_by: EffectKey
    room_id: RoomID | None
    updated_at: int


@dataclass(frozen=True, slots=True)
class Child:
    """A room in a Space. `suggested`: its person may step in, and has not."""

    place: int
    suggested: bool


# Built once: these are asked at every step that somebody takes.
_MARK = Prepared(
    update(space)
    .where(among(space.c.person, "them"), space.c.stale.is_(False))
    .values(stale=True)
    .returning(space.c.person, space.c.updated_at)
)
_MARK_HOLDERS = (
    update(space)
    .where(
        space.c.person.in_(select(child.c.person).where(child.c.room_id == bindparam("room"))), space.c.stale.is_(False)
    )
    .values(stale=True)
).returning(space.c.person, space.c.updated_at)


def mark_stale(connection: Connection, persons: Collection[PersonId]) -> list[tuple[PersonId, int]]:
    """What these persons see has changed. Gives those of them who have a Space that was up to date, and since when."""
    return [(PersonId(one), at) for one, at in _MARK.all(connection, them=list(persons))]


def mark_holders_stale(connection: Connection, room: RoomID) -> list[tuple[PersonId, int]]:
    """The same for everybody in whose Space a room stands."""
    return [(PersonId(one), at) for one, at in connection.execute(_MARK_HOLDERS, {"room": room})]


def add_space(connection: Connection, one: PersonId, user: UserID, made_by: EffectKey, now: int) -> None:
    values = {"person": one, "user_id": user, "made_by": made_by, "room_id": None, "stale": True, "updated_at": now}
    connection.execute(insert(space).values(values))


def space_of(connection: Connection, one: PersonId) -> Space | None:
    row = connection.execute(select(space).where(space.c.person == one)).first()
    return None if row is None else _space(row)


def space_in(connection: Connection, room: RoomID) -> Space | None:
    row = connection.execute(select(space).where(space.c.room_id == room)).first()
    return None if row is None else _space(row)


def note_room(connection: Connection, one: PersonId, room: RoomID) -> None:
    connection.execute(update(space).where(space.c.person == one).values(room_id=room))


def note_updated(connection: Connection, one: PersonId, now: int) -> None:
    connection.execute(update(space).where(space.c.person == one).values(stale=False, updated_at=now))


def drop_space(connection: Connection, one: PersonId) -> None:
    connection.execute(delete(child).where(child.c.person == one))
    connection.execute(delete(space).where(space.c.person == one))


def children_of(connection: Connection, one: PersonId) -> dict[RoomID, Child]:
    rows = connection.execute(select(child).where(child.c.person == one))
    return {RoomID(row.room_id): Child(row.place, bool(row.suggested)) for row in rows}


def put_children(connection: Connection, one: PersonId, children: Mapping[RoomID, Child]) -> None:
    rows = [
        {"person": one, "room_id": room, "place": each.place, "suggested": each.suggested}
        for room, each in children.items()
    ]
    upsert_all(connection, child, rows)


def drop_children(connection: Connection, one: PersonId, rooms: Sequence[RoomID]) -> None:
    if rooms:
        connection.execute(delete(child).where(child.c.person == one, child.c.room_id.in_(rooms)))


def export(connection: Connection, me: PersonId) -> dict[str, Any] | None:
    """Somebody's Space with the rooms that stand in it; None if he has none."""
    mine = space_of(connection, me)
    if mine is None:
        return None
    rooms = sorted(children_of(connection, me).items(), key=lambda each: each[1].place)
    return {"account": mine.user, "room": mine.room_id, "updated_at": mine.updated_at, "rooms": [id for id, _ in rooms]}


def _space(row: Any) -> Space:
    return Space(row.person, UserID(row.user_id), EffectKey(row.made_by), row.room_id, row.updated_at)
