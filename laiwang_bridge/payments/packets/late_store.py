"""Who came too late for a red packet: a table and the queries on it."""

from __future__ import annotations

from mautrix.types import UserID
from sqlalchemy import Connection, and_, delete, select, update

from appservice.sql import insert_ignoring
from laiwang_bridge.payments.packets.store import PacketId
from laiwang_bridge.payments.packets.tables import packet_late


def note_late(connection: Connection, id: PacketId, user: UserID) -> bool:
    """Somebody came too late; whether that is new."""
    row = {"packet": id, "user_id": user, "told": False}
    return bool(connection.execute(insert_ignoring(connection, packet_late), row).rowcount)


def take_late(connection: Connection, id: PacketId) -> list[UserID]:
    """Those who came too late and were not told yet; they count as told then."""
    untold = and_(packet_late.c.packet == id, packet_late.c.told.is_(False))
    users = connection.execute(select(packet_late.c.user_id).where(untold).order_by(packet_late.c.user_id))
    found = [UserID(user) for user in users.scalars()]
    connection.execute(update(packet_late).where(untold).values(told=True))
    return found


def forget(connection: Connection, user: UserID) -> None:
    connection.execute(delete(packet_late).where(packet_late.c.user_id == user))
