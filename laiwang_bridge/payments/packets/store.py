"""Red packets and their parts: tables and the queries on them.

The amounts are guarded by the database as well: at all times what was taken, what is left and what went back make the
total, a part belongs to one packet once, and a person has one part of a packet at most. Whoever is forgotten leaves
his parts behind without a name; the marks of all his accounts still tell that he has had one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NewType

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from appservice.effects import EffectKey
from appservice.language import Language
from appservice.sql import insert_ignoring
from laiwang_bridge.payments.packets.rules import Kind, State
from laiwang_bridge.payments.packets.tables import packet, packet_guest, packet_mark, packet_part
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

PacketId = NewType("PacketId", int)

POINTS = "points"
"""Stands where a currency does in packets that are played for nothing but points of the room."""

# What a tap needs, made once: building a statement costs as much as running it.
_NUMBERED = select(packet).where(packet.c.room_id == bindparam("room"), packet.c.number == bindparam("number"))
_OF_CARD = select(packet).where(packet.c.card_key == bindparam("card"))
_PERSON = select(people.matrix_id.c.person).where(people.matrix_id.c.user_id == bindparam("user")).scalar_subquery()
_PARTS_OF_USER = select(packet_part).where(
    packet_part.c.packet == bindparam("packet"),
    or_(
        packet_part.c.user_id == bindparam("user"),
        packet_part.c.person == _PERSON,
        packet_part.c.user_id.is_(None),
    ),
)


@dataclass(frozen=True, slots=True)
class Packet:
    """A red packet in a room, by its `number` there.

    `person` and `user` are who has sent it, None once he was forgotten. `left` is what is in the `parts_left` parts
    that nobody has, `returned` what went back to the sender. `seed` is hexadecimal. `for_some` says that it is for
    guests alone, `due_at` when the card changes next, if that is set, `tells_late` that somebody is going to be told
    that he came too late.
    """

    id: PacketId
    room: RoomID
    number: int
    person: PersonId | None
    user: UserID | None
    kind: Kind
    currency: str
    total: int
    parts: int
    left: int
    parts_left: int
    returned: int
    title: str
    seed: str
    state: State
    made_at: int
    ends_at: int
    ended_at: int | None
    for_some: bool
    bot: UserID
    language: Language
    card: EffectKey
    shown_at: int
    due_at: int | None
    tells_late: bool

    @property
    def taken(self) -> int:
        """How many parts somebody has."""
        return self.parts - self.parts_left


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPacket:
    """A packet that is not kept yet; `guests` are whom it is for, nobody for all who are in the room."""

    room: RoomID
    person: PersonId
    user: UserID
    command: EventID
    kind: Kind
    currency: str
    total: int
    parts: int
    title: str
    seed: str
    made_at: int
    ends_at: int
    bot: UserID
    language: Language
    card: EffectKey
    guests: Sequence[UserID] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one person has of a packet; `number` is its place in the row. `user` is None once he was forgotten."""

    number: int
    user: UserID | None
    amount: int
    at: int


class NoLongerThere(Exception):
    """Somebody else was quicker. Nothing is wrong: the same work done again sees what is left."""


def next_number(connection: Connection, room: RoomID) -> int:
    """The number of the next packet in a room."""
    return (connection.execute(select(func.max(packet.c.number)).where(packet.c.room_id == room)).scalar() or 0) + 1


def add(connection: Connection, new: NewPacket, number: int) -> Packet:
    values = {
        "room_id": new.room,
        "number": number,
        "person": new.person,
        "user_id": new.user,
        "command": new.command,
        "kind": new.kind,
        "currency": new.currency,
        "total": new.total,
        "parts": new.parts,
        "left": new.total,
        "parts_left": new.parts,
        "returned": 0,
        "title": new.title,
        "seed": new.seed,
        "state": State.OPEN,
        "made_at": new.made_at,
        "ends_at": new.ends_at,
        "for_some": bool(new.guests),
        "bot": new.bot,
        "language": new.language,
        "card_key": new.card,
        "shown_at": new.made_at,
        "tells_late": False,
    }
    made = connection.execute(insert(packet).values(values)).inserted_primary_key
    assert made is not None
    if new.guests:
        rows = [{"packet": made[0], "user_id": user} for user in dict.fromkeys(new.guests)]
        connection.execute(insert(packet_guest), rows)
    found = find(connection, PacketId(made[0]))
    assert found is not None
    return found


def find(connection: Connection, id: PacketId) -> Packet | None:
    return _first(connection, packet.c.id == id)


def numbered(connection: Connection, room: RoomID, number: int) -> Packet | None:
    row = connection.execute(_NUMBERED, {"room": room, "number": number}).first()
    return None if row is None else _packet(row)


def of_command(connection: Connection, room: RoomID, command: EventID) -> Packet | None:
    """The packet that a message has made."""
    return _first(connection, and_(packet.c.room_id == room, packet.c.command == command))


def of_card(connection: Connection, card: EffectKey) -> Packet | None:
    """The packet that a message of ours shows."""
    row = connection.execute(_OF_CARD, {"card": card}).first()
    return None if row is None else _packet(row)


def latest(connection: Connection, room: RoomID) -> Packet | None:
    """The newest packet of a room, whatever has become of it."""
    return _first(connection, packet.c.room_id == room)


def open_in(connection: Connection, room: RoomID) -> list[Packet]:
    """The packets of a room that can be taken from, the newest first."""
    return packets_where(connection, and_(packet.c.room_id == room, packet.c.state == State.OPEN))


def open_of(connection: Connection, person: PersonId) -> list[Packet]:
    """The packets that somebody has put somewhere and that are still open."""
    return packets_where(connection, and_(packet.c.person == person, packet.c.state == State.OPEN))


def guests_of(connection: Connection, id: PacketId) -> list[UserID]:
    """Whom a packet is for; nobody if it is for all."""
    rows = connection.execute(select(packet_guest.c.user_id).where(packet_guest.c.packet == id))
    return sorted(UserID(user) for user in rows.scalars())


def parts_of(connection: Connection, id: PacketId) -> list[Part]:
    """What was taken, in the order in which it was."""
    rows = connection.execute(select(packet_part).where(packet_part.c.packet == id).order_by(packet_part.c.number))
    return [part_in(row) for row in rows]


def part_of(connection: Connection, id: PacketId, user: UserID) -> Part | None:
    """What somebody has of a packet, by any of his Matrix ids, even if he was forgotten since."""
    rows = connection.execute(_PARTS_OF_USER, {"packet": id, "user": user}).all()
    mine = next((row for row in rows if row.user_id is not None), None)
    if mine is None and rows:
        number = _number_of_marked(connection, id, user)
        mine = next((row for row in rows if row.number == number), None)
    return None if mine is None else part_in(mine)


def _number_of_marked(connection: Connection, id: PacketId, user: UserID) -> int | None:
    """Which part of a packet somebody had before he was forgotten, by whatever account he or we knew him then."""
    person = people.find_person(connection, user)
    his = {user} if person is None else {user, *people.user_ids(connection, person)}
    marks = [people.mark_of(connection, each) for each in sorted(his)]
    here = (packet_mark.c.packet == id, packet_mark.c.mark.in_(marks))
    return connection.execute(select(packet_mark.c.number).where(*here).limit(1)).scalar()


def take(connection: Connection, one: Packet, person: PersonId, part: Part, state: State) -> Packet:
    """Give the next part to somebody; returns the packet as it is then.

    Raises `NoLongerThere` if the packet is no longer what `one` says, or he has a part of it.
    """
    row = {
        "packet": one.id,
        "number": part.number,
        "person": person,
        "user_id": part.user,
        "amount": part.amount,
        "at": part.at,
    }
    if connection.execute(insert_ignoring(connection, packet_part), row).rowcount == 0:
        raise NoLongerThere
    after = replace(
        one,
        left=one.left - part.amount,
        parts_left=one.parts_left - 1,
        state=state,
        ended_at=None if state is State.OPEN else part.at,
    )
    as_it_was = and_(
        packet.c.id == one.id,
        packet.c.state == State.OPEN,
        packet.c.left == one.left,
        packet.c.parts_left == one.parts_left,
    )
    values = {"left": after.left, "parts_left": after.parts_left, "state": state, "ended_at": after.ended_at}
    if connection.execute(update(packet).where(as_it_was).values(values)).rowcount == 0:
        raise NoLongerThere
    return after


def end(connection: Connection, one: Packet, state: State, now: int) -> Packet | None:
    """Give what is left back to the sender, once; None if the packet had ended before."""
    still_open = and_(packet.c.id == one.id, packet.c.state == State.OPEN)
    values = {"state": state, "ended_at": now, "returned": packet.c.left, "left": 0}
    if connection.execute(update(packet).where(still_open).values(values)).rowcount == 0:
        return None
    return find(connection, one.id)


def note_shown(connection: Connection, id: PacketId, now: int) -> None:
    """The card says how it stands now."""
    connection.execute(update(packet).where(packet.c.id == id).values(shown_at=now, due_at=None))


def note_due(connection: Connection, id: PacketId, at: int) -> None:
    """The card is going to say so at `at`."""
    connection.execute(update(packet).where(packet.c.id == id).values(due_at=at))


def let_tell_late(connection: Connection, id: PacketId, *, tells: bool) -> None:
    connection.execute(update(packet).where(packet.c.id == id).values(tells_late=tells))


def move(connection: Connection, old: RoomID, new: RoomID) -> list[Packet]:
    """All packets of a room go to another; returns those that are open, the oldest first."""
    behind = next_number(connection, new) - 1
    values = {"room_id": new, "number": packet.c.number + behind}
    connection.execute(update(packet).where(packet.c.room_id == old).values(values))
    return open_in(connection, new)[::-1]


def note_card(connection: Connection, id: PacketId, card: EffectKey) -> None:
    """Another message is the card of a packet from now on."""
    connection.execute(update(packet).where(packet.c.id == id).values(card_key=card))


def forget(connection: Connection, users: Sequence[UserID]) -> None:
    """Take somebody's name, by all his accounts, out of all that he has sent and taken."""
    connection.execute(update(packet).where(packet.c.user_id.in_(users)).values(user_id=None))
    his = packet_part.c.user_id.in_(users)
    taken = connection.execute(select(packet_part.c.packet, packet_part.c.number).where(his)).all()
    marks = [people.mark_of(connection, user) for user in users]
    rows = [{"packet": row.packet, "number": row.number, "mark": mark} for row in taken for mark in marks]
    if rows:
        connection.execute(insert_ignoring(connection, packet_mark), rows)
    connection.execute(update(packet_part).where(his).values(user_id=None))
    connection.execute(delete(packet_guest).where(packet_guest.c.user_id.in_(users)))


def is_any_in(connection: Connection, room: RoomID) -> bool:
    """Whether there has ever been a packet in a room."""
    return connection.execute(select(packet.c.id).where(packet.c.room_id == room).limit(1)).first() is not None


def _first(connection: Connection, condition: Any) -> Packet | None:
    row = connection.execute(select(packet).where(condition).order_by(packet.c.number.desc()).limit(1)).first()
    return None if row is None else _packet(row)


def packets_where(connection: Connection, condition: Any) -> list[Packet]:
    """All that meet a condition on the table, the highest number first."""
    rows: Iterable[Any] = connection.execute(select(packet).where(condition).order_by(packet.c.number.desc()))
    return [_packet(row) for row in rows]


def _packet(row: Any) -> Packet:
    return Packet(
        id=PacketId(row.id),
        room=RoomID(row.room_id),
        number=row.number,
        person=row.person,
        user=row.user_id and UserID(row.user_id),
        kind=Kind(row.kind),
        currency=row.currency,
        total=row.total,
        parts=row.parts,
        left=row.left,
        parts_left=row.parts_left,
        returned=row.returned,
        title=row.title,
        seed=row.seed,
        state=State(row.state),
        made_at=row.made_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        for_some=bool(row.for_some),
        bot=UserID(row.bot),
        language=Language(row.language),
        card=EffectKey(row.card_key),
        shown_at=row.shown_at,
        due_at=row.due_at,
        tells_late=bool(row.tells_late),
    )


def part_in(row: Any) -> Part:
    """What a row of `packet_part` says."""
    return Part(row.number, row.user_id and UserID(row.user_id), row.amount, row.at)
