"""Keeps what we know of rooms up to date.

It comes from the state events that the homeserver pushes; a room that we enter later is read whole once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from mautrix.types import RoomID, UserID
from sqlalchemy import (
    Connection,
    delete,
    select,
    update,
)

from appservice.database import storable
from appservice.effects import Answer, Join, Leave, ReadState
from appservice.events import Event, MalformedEvent
from appservice.power import creators
from appservice.room_facts import RoomFacts
from appservice.room_tables import room, room_member
from appservice.routes import Routes
from appservice.sql import insert_ignoring, upsert
from appservice.unit import Unit

log = logging.getLogger(__name__)

STATE_TYPES = (
    "m.room.create",
    "m.room.member",
    "m.room.power_levels",
    "m.room.name",
    "m.room.encryption",
    "m.room.tombstone",
)

_JOINED = "rooms.joined"
_STATE_READ = "rooms.state_read"
_REPLACEMENT_JOINED = "rooms.replacement_joined"
_REPLACEMENT_READ = "rooms.replacement_read"

OnReplaced = Callable[[Unit, RoomID, RoomID], None]
"""Told when a room has been replaced by another and we are in both: (unit, old, new)."""
OnRead = Callable[[Unit, RoomID], None]
"""Told when we have come into a room and know its state."""


def server_name(user_id: UserID) -> str:
    """The part after the FIRST colon."""
    return user_id.partition(":")[2]


class Rooms(RoomFacts):
    """Keeps the tables up to date, and answers questions about rooms."""

    def __init__(self, is_ours: Callable[[UserID], bool]) -> None:
        super().__init__(is_ours)
        self._on_replaced: list[OnReplaced] = []
        self._on_read: list[OnRead] = []

    def add_to(self, routes: Routes) -> None:
        for type in STATE_TYPES:
            routes.on_event(type, self.on_state)
        routes.on_answer(_JOINED, self._joined)
        routes.on_answer(_STATE_READ, self._state_read)
        routes.on_answer(_REPLACEMENT_JOINED, self._replacement_joined)
        routes.on_answer(_REPLACEMENT_READ, self._replacement_read)

    def on_replaced(self, handler: OnReplaced) -> None:
        self._on_replaced.append(handler)

    def on_read(self, handler: OnRead) -> None:
        self._on_read.append(handler)

    # -- keeping up -----------------------------------------------------------------------------------------------

    def created(self, connection: Connection, room_id: RoomID, now: int, direct_with: UserID | None = None) -> None:
        """Note a room that a bot of ours has just created; its state arrives as events."""
        self._know(connection, room_id, read_at=now, direct_with=direct_with or "")

    def enter(self, unit: Unit, room_id: RoomID, bot: UserID, inviter: UserID, *, is_direct: bool) -> None:
        """Follow an invitation into a room, then read its state."""
        self._know(unit.connection, room_id, direct_with=inviter if is_direct else None)
        unit.emit(
            Join(sender=bot, room=room_id, via=(server_name(inviter),)),
            notify=_JOINED,
            context={"bot": bot, "inviter": inviter},
        )

    def on_state(self, unit: Unit, event: Event) -> None:
        if event.state_key is None:
            return
        self._learn(unit.connection, event)
        if event.type == "m.room.tombstone" and event.state_key == "":
            self._follow(unit, event)

    def learn_all(self, connection: Connection, room_id: RoomID, state: Iterable[Mapping[str, Any]], now: int) -> None:
        """Take over the whole current state of a room."""
        connection.execute(delete(room_member).where(room_member.c.room_id == room_id))
        self._know(connection, room_id, read_at=now)
        for raw in sorted(state, key=_is_gone):  # who has gone matters by who is left
            if raw.get("type") not in STATE_TYPES:
                continue
            try:
                self._learn(connection, Event.parse({**raw, "room_id": room_id}))
            except MalformedEvent as error:
                log.warning("a state event of %s is left out: %s", room_id, error)

    def _know(self, connection: Connection, room_id: RoomID, **values: Any) -> None:
        connection.execute(insert_ignoring(connection, room), {"room_id": room_id})
        known = {name: value for name, value in values.items() if value is not None}
        if known:
            connection.execute(update(room).where(room.c.room_id == room_id).values(known))

    def _learn(self, connection: Connection, event: Event) -> None:
        content = event.content
        match event.type:
            case "m.room.member" if event.membership == "leave":
                gone = (room_member.c.room_id == event.room_id, room_member.c.user_id == event.state_key)
                connection.execute(delete(room_member).where(*gone))
                theirs = (room.c.room_id == event.room_id, room.c.direct_with == event.state_key)
                connection.execute(update(room).where(*theirs).values(direct_with=None))
                self._note_others(connection, event)
            case "m.room.member":
                values = {
                    "room_id": event.room_id,
                    "user_id": event.state_key,
                    "membership": event.membership,
                    "display_name": _text(content.get("displayname")),
                }
                upsert(connection, room_member, values)
            case "m.room.create" if event.state_key == "":
                predecessor = content.get("predecessor")
                self._know(
                    connection,
                    event.room_id,
                    version=_text(content.get("room_version")) or "1",
                    creator=event.sender,
                    privileged=orjson.dumps(sorted(creators(content, event.sender))),
                    predecessor=_text(predecessor.get("room_id")) if isinstance(predecessor, Mapping) else None,
                )
            case "m.room.power_levels" if event.state_key == "":
                self._know(connection, event.room_id, power_levels=orjson.dumps(dict(content)))
            case "m.room.name" if event.state_key == "":
                self._know(connection, event.room_id, name=_text(content.get("name")) or "")
            case "m.room.encryption" if event.state_key == "":
                self._know(connection, event.room_id, encrypted=True)
            case "m.room.tombstone" if event.state_key == "":
                replacement = _text(content.get("replacement_room"))
                if replacement and replacement != event.room_id:
                    self._know(connection, event.room_id, replacement=replacement)

    def _note_others(self, connection: Connection, event: Event) -> None:
        """Somebody has gone from a room, or will not come: where that was not called a chat with somebody else who is
        left there, it was for several."""
        gone = event.state_key
        left = (user for user in self.members(connection, event.room_id) if user != gone and not self._is_ours(user))
        if gone is not None and not self._is_ours(UserID(gone)) and next(left, None) is not None:
            unsaid = (room.c.room_id == event.room_id, room.c.direct_with.is_(None))
            connection.execute(update(room).where(*unsaid).values(direct_with=""))

    def _joined(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            return
        unit.emit(
            ReadState(sender=answer.context["bot"], room=answer.room_id),
            notify=_STATE_READ,
        )

    def _state_read(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            return
        self.learn_all(unit.connection, answer.room_id, answer.state, unit.now)
        self._replace_predecessor(unit, answer.room_id)
        for handler in self._on_read:
            handler(unit, answer.room_id)

    # -- room upgrades --------------------------------------------------------------------------------------------

    def _follow(self, unit: Unit, event: Event) -> None:
        """Follow a tombstone into the room it names, if that room says the same.

        The homeserver has checked that the sender may send state here. What it has not checked is the other room: one
        of us goes there first, reads it, and leaves again unless it calls this one its predecessor.
        """
        replacement = _text(event.content.get("replacement_room"))
        if not replacement or replacement == event.room_id:
            return
        ours = self._ours_in(unit.connection, event.room_id)
        if not ours:
            return
        unit.emit(
            Join(sender=ours[0], room=RoomID(replacement), via=(server_name(event.sender),)),
            notify=_REPLACEMENT_JOINED,
            context={"user": ours[0], "old": event.room_id, "by": event.sender},
        )

    def _ours_in(self, connection: Connection, room_id: RoomID) -> list[UserID]:
        return sorted(user for user in self.members(connection, room_id) if self._is_ours(user))

    def _replacement_joined(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            log.info("cannot follow %s to its replacement: %s", answer.context["old"], answer.message)
            return
        unit.emit(
            ReadState(sender=answer.context["user"], room=answer.room_id),
            notify=_REPLACEMENT_READ,
            context=answer.context,
        )

    def _replacement_read(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            return
        user, old, new = UserID(answer.context["user"]), RoomID(answer.context["old"]), answer.room_id
        by = UserID(answer.context["by"])
        self.learn_all(unit.connection, new, answer.state, unit.now)
        predecessor = unit.connection.execute(select(room.c.predecessor).where(room.c.room_id == new)).scalar()
        may_invite = self.power_of(unit.connection, new, by) >= self.required_power(unit.connection, new, "invite")
        if predecessor != old or not may_invite:
            log.warning("%s claims to replace %s but is not its successor; leaving it", new, old)
            unit.emit(Leave(sender=user, room=new))
            return
        for other in self._ours_in(unit.connection, old):
            if other != user:
                unit.emit(Join(sender=other, room=new, via=(server_name(by),)))
        self._replaced(unit, old, new)

    def _replace_predecessor(self, unit: Unit, new: RoomID) -> None:
        """We were invited into a room: it may be the one that has taken the place of another of ours.

        Into a private room nobody comes without an invitation, so following the tombstone at once has failed.
        """
        predecessor = unit.connection.execute(select(room.c.predecessor).where(room.c.room_id == new)).scalar()
        if predecessor is None or not self._ours_in(unit.connection, RoomID(predecessor)):
            return
        if self._replaced_by(unit.connection, RoomID(predecessor)) == new:
            self._replaced(unit, RoomID(predecessor), new)

    def _replaced(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """One room has taken the place of another, as both say: tell all who have something there, once."""
        here = (room.c.room_id == old, room.c.followed_at.is_(None))
        if unit.connection.execute(update(room).where(*here).values(followed_at=unit.now)).rowcount == 0:
            return
        direct_with = unit.connection.execute(select(room.c.direct_with).where(room.c.room_id == old)).scalar()
        self._know(unit.connection, new, direct_with=direct_with)
        for handler in self._on_replaced:
            handler(unit, old, new)


def _is_gone(raw: Mapping[str, Any]) -> bool:
    content = raw.get("content")
    return isinstance(content, Mapping) and content.get("membership") == "leave"


def _text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) and value else None
