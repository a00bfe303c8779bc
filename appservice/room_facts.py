"""What we know of a room: its members, who has which power, whether it is encrypted, what replaced it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, bindparam, case, func, or_, select

from appservice.power import Power, power_of, required, required_to_send
from appservice.prepared import Prepared
from appservice.room_tables import room, room_member
from appservice.sql import among

# Built once: whoever is shown many people asks this.
_DISPLAY_NAMES = Prepared(
    select(room_member.c.user_id, room_member.c.display_name)
    .join(room, room.c.room_id == room_member.c.room_id, isouter=True)
    .where(among(room_member.c.user_id, "users"), room_member.c.display_name.is_not(None))
    .order_by(case((room.c.direct_with == room_member.c.user_id, 0), else_=1).desc(), room_member.c.room_id.desc())
)

# Whatever somebody writes, and whatever is written to him, asks these.
_JOINED_THERE = (
    select(func.count())
    .where(room_member.c.room_id == room.c.room_id, room_member.c.membership == "join")
    .correlate(room)
    .scalar_subquery()
)
_DIRECTNESS = Prepared(
    select(room.c.direct_with, room.c.read_at, _JOINED_THERE.label("joined")).where(room.c.room_id == bindparam("id"))
)
_ELSE_THERE = Prepared(
    select(room_member.c.user_id).where(room_member.c.room_id == bindparam("id"), room_member.c.membership != "join")
)
_MEMBERS = Prepared(
    select(room_member.c.user_id).where(
        room_member.c.room_id == bindparam("id"), room_member.c.membership == bindparam("kind")
    )
)
_NAMES_THERE = Prepared(
    select(room_member.c.user_id, room_member.c.display_name).where(
        room_member.c.room_id == bindparam("id"), room_member.c.display_name.is_not(None)
    )
)
_OURS = room_member.alias("ours")
_THEIRS = room_member.alias("theirs")
_DIRECT_ROOM = Prepared(
    select(room.c.room_id)
    .join(_THEIRS, _THEIRS.c.room_id == room.c.room_id)
    .where(
        _THEIRS.c.user_id == bindparam("user"),
        or_(_THEIRS.c.membership == "join", _THEIRS.c.membership == "invite"),
        room.c.direct_with == bindparam("user"),
        room.c.encrypted.is_(False),
        room.c.replacement.is_(None),
        # Asked room by room, because a bot may be in a million.
        select(_OURS.c.room_id)
        .where(_OURS.c.room_id == room.c.room_id, _OURS.c.user_id == bindparam("bot"), _OURS.c.membership == "join")
        .correlate(room)
        .exists(),
        _JOINED_THERE <= 2,
    )
    .order_by(_THEIRS.c.membership.desc(), room.c.read_at.desc().nulls_last())
    .limit(1)
)

_REPLACEMENT_OF = Prepared(select(room.c.replacement).where(room.c.room_id == bindparam("id")))


class RoomFacts:
    """Answers questions about rooms. `is_ours` knows the users of our namespace."""

    def __init__(self, is_ours: Callable[[UserID], bool]) -> None:
        self._is_ours = is_ours

    def membership(self, connection: Connection, room_id: RoomID, user: UserID) -> str:
        statement = select(room_member.c.membership).where(
            room_member.c.room_id == room_id, room_member.c.user_id == user
        )
        return connection.execute(statement).scalar() or "leave"

    def members(self, connection: Connection, room_id: RoomID, membership: str = "join") -> frozenset[UserID]:
        """Who has joined, or is invited, knocks or is banned."""
        return frozenset(_MEMBERS.scalars(connection, id=room_id, kind=membership))

    def display_name(self, connection: Connection, user: UserID, room_id: RoomID | None = None) -> str | None:
        """How `user` is called in a room, else in the chat with us, else in any room where we met."""
        statement = (
            select(room_member.c.display_name)
            .join(room, room.c.room_id == room_member.c.room_id, isouter=True)
            .where(room_member.c.user_id == user, room_member.c.display_name.is_not(None))
            .order_by(
                case((room_member.c.room_id == room_id, 0), (room.c.direct_with == user, 1), else_=2),
                room_member.c.room_id,
            )
        )
        return connection.execute(statement.limit(1)).scalar()

    def display_names(self, connection: Connection, users: Iterable[UserID]) -> dict[UserID, str]:
        """What `display_name` says of each of these in no particular room; none for somebody whom we never met."""
        rows = _DISPLAY_NAMES.all(connection, users=list(users))
        return {UserID(row.user_id): row.display_name for row in rows}

    def name(self, connection: Connection, room_id: RoomID) -> str | None:
        """What the room is called; None where it has no name, and clients show who is in it."""
        return connection.execute(select(room.c.name).where(room.c.room_id == room_id)).scalar() or None

    def display_names_in(self, connection: Connection, room_id: RoomID) -> dict[UserID, str]:
        """How those who are, or were, in a room are called there; none for those who have no name there."""
        return dict(_NAMES_THERE.all(connection, id=room_id))

    def is_direct(self, connection: Connection, room_id: RoomID, bot: UserID) -> bool:
        """Whether this is a chat of one person with the bot: two joined members, or invited to as a direct chat.

        A room that we made for a purpose is none, however few are in it. Nor is one to which others were invited, or
        from which others have gone, unless it was called a direct chat: they may come (back), and read it.
        """
        row = _DIRECTNESS.first(connection, id=room_id)
        if row is None or row.joined > 2 or row.direct_with == "":
            return False
        if row.direct_with is not None:
            return True
        return row.read_at is not None and row.joined == 2 and not self._knows_others(connection, room_id)

    def _knows_others(self, connection: Connection, room_id: RoomID) -> bool:
        """Whether anybody but us is to come into a room, or was in it."""
        return any(not self._is_ours(UserID(row.user_id)) for row in _ELSE_THERE.all(connection, id=room_id))

    def direct_room(self, connection: Connection, bot: UserID, user: UserID) -> RoomID | None:
        """The chat in which `bot` can reach `user`: both have joined and nobody else; the newest of several."""
        found = _DIRECT_ROOM.scalar(connection, bot=bot, user=user)
        return None if found is None else RoomID(found)

    def is_encrypted(self, connection: Connection, room_id: RoomID) -> bool:
        return bool(connection.execute(select(room.c.encrypted).where(room.c.room_id == room_id)).scalar())

    def power_of(self, connection: Connection, room_id: RoomID, user: UserID) -> Power:
        row = connection.execute(select(room).where(room.c.room_id == room_id)).first()
        if row is None:
            return 0
        return power_of(
            user,
            orjson.loads(row.power_levels) if row.power_levels else None,
            privileged=orjson.loads(row.privileged) if row.privileged else (),
            creator=row.creator,
        )

    def levels(self, connection: Connection, room_id: RoomID) -> Mapping[str, Any] | None:
        """The content of a room's `m.room.power_levels`; None where nobody has seen it yet."""
        found = connection.execute(select(room.c.power_levels).where(room.c.room_id == room_id)).scalar()
        return orjson.loads(found) if found else None

    def may_speak(self, connection: Connection, room_id: RoomID, user: UserID) -> bool:
        """Whether somebody in a room has the power to send messages there."""
        wanted = required_to_send(self.levels(connection, room_id), "m.room.message")
        return self.power_of(connection, room_id, user) >= wanted

    def replacement(self, connection: Connection, room_id: RoomID) -> RoomID | None:
        """The room that has taken the place of this one, as its tombstone says; the last of several, one after another.

        It is not said that this room says the same: see `on_replaced` for that.
        """
        found, seen = room_id, {room_id}
        while (next_room := self._replaced_by(connection, found)) and next_room not in seen:
            seen.add(found := next_room)
        return None if found == room_id else found

    def _replaced_by(self, connection: Connection, room_id: RoomID) -> RoomID | None:
        """What the tombstone of this very room says."""
        found = _REPLACEMENT_OF.scalar(connection, id=room_id)
        return None if found is None else RoomID(found)

    def required_power(self, connection: Connection, room_id: RoomID, action: str) -> int:
        return required(self.levels(connection, room_id), action)
