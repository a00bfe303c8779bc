"""What comes together of many red packets: points, what one person has sent and taken, and whether all adds up."""

from __future__ import annotations

from collections import Counter

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, and_, func, select

from laiwang_bridge.payments.packets.store import (
    POINTS,
    Packet,
    PacketId,
    Part,
    find,
    packets_where,
    part_in,
)
from laiwang_bridge.payments.packets.tables import packet, packet_part
from laiwang_bridge.people.rules import PersonId


def sent_and_taken(connection: Connection, person: PersonId) -> tuple[list[Packet], list[tuple[Packet, Part]]]:
    """All packets that somebody has sent, and all of which he has a part."""
    taken = []
    for row in connection.execute(select(packet_part).where(packet_part.c.person == person).order_by(packet_part.c.at)):
        of = find(connection, PacketId(row.packet))
        assert of is not None
        taken.append((of, part_in(row)))
    return packets_where(connection, packet.c.person == person), taken


def points_in(connection: Connection, room: RoomID) -> list[tuple[UserID, int]]:
    """What everybody has in a room of the unit `POINTS`: what he took less what others took of his; the most first."""
    of_room = and_(packet.c.room_id == room, packet.c.currency == POINTS)
    given = select(packet.c.user_id, packet_part.c.user_id.label("taker"), packet_part.c.amount)
    rows = connection.execute(given.join(packet_part, packet_part.c.packet == packet.c.id).where(of_room))
    found: Counter[UserID] = Counter()
    for row in rows:
        if row.taker is not None:
            found[UserID(row.taker)] += row.amount
        if row.user_id is not None:
            found[UserID(row.user_id)] -= row.amount
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def unbalanced(connection: Connection) -> list[PacketId]:
    """The packets of which what was taken, what is left and what went back do not make the total: none, ever."""
    taken = select(func.coalesce(func.sum(packet_part.c.amount), 0)).where(packet_part.c.packet == packet.c.id)
    count = select(func.count()).where(packet_part.c.packet == packet.c.id)
    amounts = packet.c.left + packet.c.returned + taken.scalar_subquery() != packet.c.total
    parts = packet.c.parts_left + count.scalar_subquery() != packet.c.parts
    rows = connection.execute(select(packet.c.id).where(amounts | parts).order_by(packet.c.id))
    return [PacketId(id) for id in rows.scalars()]
