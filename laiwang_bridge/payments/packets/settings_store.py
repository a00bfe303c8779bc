"""What a room has chosen for its red packets."""

from __future__ import annotations

from dataclasses import dataclass

from mautrix.types import RoomID
from sqlalchemy import Connection, delete, select

from appservice.sql import upsert
from laiwang_bridge.payments.packets.tables import packet_room


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """Whether there may be red packets, whether they are of points rather than money unless somebody says so, and the
    largest amount, in whole units of the room's currency or points (None: what the admin allows)."""

    allowed: bool = True
    points: bool = False
    most: int | None = None


def settings_of(connection: Connection, room: RoomID) -> RoomSettings:
    """What a room has chosen, or what is usual."""
    row = connection.execute(select(packet_room).where(packet_room.c.room_id == room)).first()
    return RoomSettings() if row is None else RoomSettings(bool(row.allowed), bool(row.points), row.most)


def choose(connection: Connection, room: RoomID, chosen: RoomSettings) -> None:
    values = {"room_id": room, "allowed": chosen.allowed, "points": chosen.points, "most": chosen.most}
    upsert(connection, packet_room, values)


def move(connection: Connection, old: RoomID, new: RoomID) -> None:
    """A room was replaced by another, which goes on as the old one did."""
    chosen = settings_of(connection, old)
    if chosen != RoomSettings():
        choose(connection, new, chosen)
        connection.execute(delete(packet_room).where(packet_room.c.room_id == old))
