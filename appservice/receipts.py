"""Read receipts of the rooms in which somebody waits for them; those of all other rooms are let go at once.

Client-server specification, "Receipts"; pushed to us as ephemeral data (Application Service API, MSC2409). Private
receipts (`m.read.private`) never reach us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, select

from appservice.database import metadata
from appservice.sql import upsert

receipt_watch = Table(
    "receipt_watch",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody has read up to an event, at a time in milliseconds by his homeserver's clock."""

    user: UserID
    event_id: EventID
    at: int


@dataclass(frozen=True, slots=True)
class Receipts:
    """What was read in one room."""

    room_id: RoomID
    reads: tuple[Read, ...]

    @property
    def body(self) -> dict[str, Any]:
        """As the inbox keeps it; `of` reads it back."""
        return {"room_id": self.room_id, "reads": [[read.user, read.event_id, read.at] for read in self.reads]}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Receipts:
        reads = tuple(Read(UserID(user), EventID(event), at) for user, event, at in body["reads"])
        return cls(RoomID(body["room_id"]), reads)


def watch(connection: Connection, room: RoomID, until: int) -> None:
    """Have the receipts of a room handled up to an instant."""
    known = connection.execute(select(receipt_watch.c.until).where(receipt_watch.c.room_id == room)).scalar() or 0
    upsert(connection, receipt_watch, {"room_id": room, "until": max(until, known)})


def unwatch(connection: Connection, room: RoomID) -> None:
    connection.execute(delete(receipt_watch).where(receipt_watch.c.room_id == room))


def forget_before(connection: Connection, instant: int) -> None:
    connection.execute(delete(receipt_watch).where(receipt_watch.c.until < instant))


def wanted(connection: Connection, ephemeral: Sequence[Mapping[str, Any]]) -> list[Receipts]:
    """The receipts in the ephemeral data of a transaction that somebody waits for, room by room."""
    found: dict[RoomID, list[Read]] = {}
    for raw in ephemeral:
        room, content = raw.get("room_id"), raw.get("content")
        if raw.get("type") == "m.receipt" and isinstance(room, str) and isinstance(content, Mapping):
            found.setdefault(RoomID(room), []).extend(_reads(content))
    if not found:
        return []
    statement = select(receipt_watch.c.room_id).where(receipt_watch.c.room_id.in_(list(found)))
    watched = set(connection.execute(statement).scalars())
    return [Receipts(room, tuple(reads)) for room, reads in found.items() if room in watched and reads]


def _reads(content: Mapping[str, Any]) -> Iterator[Read]:
    for event, kinds in content.items():
        readers = kinds.get("m.read") if isinstance(kinds, Mapping) else None
        for user, said in _items(readers):
            at = said.get("ts") if isinstance(said, Mapping) else None
            if "\0" not in user and "\0" not in event:
                yield Read(UserID(user), EventID(event), at if isinstance(at, int) else 0)


def _items(readers: object) -> Iterable[tuple[str, Any]]:
    return readers.items() if isinstance(readers, Mapping) else ()
