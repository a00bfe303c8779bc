"""What the bots of a room can do, told to the clients there: one state event for each command (MSC4391).

Only where a bot has the power for it, and only what works there. Where several bots can do the same, the one that does
least else tells it, as it is the one that answers. What stands in a room already is not sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import orjson
from mautrix.types import RoomID, UserID
from sqlalchemy import Column, Connection, Table, Text, delete, select

from appservice.bots.forms import DESCRIPTION, description, state_key
from appservice.bots.permissions import Level
from appservice.bots.rooms import RoomView
from appservice.bots.router import Bot, Command
from appservice.database import metadata
from appservice.effects import SetState
from appservice.events import Event
from appservice.language import Catalogue
from appservice.power import required_to_send
from appservice.routes import Routes
from appservice.sql import upsert
from appservice.unit import Unit

bot_described = Table(
    "bot_described",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("bot", Text, primary_key=True),
    Column("described", Text, nullable=False),
)


class PowerView(RoomView, Protocol):
    """What is stored of a room, and of the power that things take there."""

    def levels(self, connection: Connection, room: RoomID, /) -> Mapping[str, Any] | None:
        """The content of its `m.room.power_levels`; None where nobody has seen it yet."""


class Publishing:
    """Tells what can be typed in rooms. Unless it `is_on`, what was told before is taken back."""

    def __init__(self, bots: Sequence[Bot], rooms: PowerView, catalogue: Catalogue, *, is_on: bool) -> None:
        self._bots = {bot.user_id: bot for bot in bots}
        self._rooms = rooms
        self._catalogue = catalogue
        self._is_on = is_on

    def add_to(self, routes: Routes) -> None:
        """After `Rooms`, which has to know first."""
        if self._is_on:
            routes.on_event("m.room.member", self._on_member)
            routes.on_event("m.room.power_levels", self._on_power)

    def look(self, unit: Unit, room: RoomID) -> None:
        """Tell in a room what is not told there yet."""
        for change in self.changes(unit.connection, room):
            unit.emit(change)

    def rooms_told(self, connection: Connection) -> list[RoomID]:
        """Where something was told; after a start it may be something else now."""
        return [RoomID(room) for room in connection.execute(select(bot_described.c.room_id).distinct()).scalars()]

    def changes(self, connection: Connection, room: RoomID) -> list[SetState]:
        """What has to be said in a room, and is taken as said."""
        found: list[SetState] = []
        members = self._rooms.members(connection, room)
        for bot in [bot for bot in self._bots.values() if bot.user_id in members]:
            wanted = self._wanted(connection, room, bot, members)
            if wanted is not None:
                found += self._changes(connection, room, bot.user_id, wanted)
        return found

    def _on_member(self, unit: Unit, event: Event) -> None:
        if event.state_key not in self._bots:
            return
        if event.membership in ("leave", "ban"):
            _forget(unit.connection, event.room_id, UserID(event.state_key))
        self.look(unit, event.room_id)

    def _on_power(self, unit: Unit, event: Event) -> None:
        if event.state_key == "":
            self.look(unit, event.room_id)

    def _wanted(
        self, connection: Connection, room: RoomID, bot: Bot, members: Collection[UserID]
    ) -> dict[str, Mapping[str, Any]] | None:
        """The contents of all descriptions by their state keys; None where the bot may tell nothing."""
        levels = self._rooms.levels(connection, room)
        if levels is None or self._rooms.is_encrypted(connection, room):
            return None
        if self._rooms.power_of(connection, room, bot.user_id) < required_to_send(levels, DESCRIPTION, is_state=True):
            return None
        if not self._is_on:
            return {}
        is_direct = self._rooms.is_direct(connection, room, bot.user_id)
        present = [other for other in self._bots.values() if other.user_id in members]
        described = [
            description(command, router, self._catalogue)
            for router in bot.routers
            if min((other for other in present if router in other.routers), key=lambda one: len(one.routers)) is bot
            for command in router.commands
            if _works(command, is_direct=is_direct)
        ]
        return {state_key(content["command"], bot.user_id): content for content in described}

    def _changes(
        self, connection: Connection, room: RoomID, bot: UserID, wanted: Mapping[str, Mapping[str, Any]]
    ) -> list[SetState]:
        told = _told(connection, room, bot)
        marks = {key: _mark(content) for key, content in wanted.items()}
        if told == marks:
            return []
        values = {"room_id": room, "bot": bot, "described": orjson.dumps(marks).decode()}
        upsert(connection, bot_described, values)
        gone: dict[str, Mapping[str, Any]] = {key: {} for key in told if key not in marks}
        changed = {key: content for key, content in wanted.items() if told.get(key) != marks[key]}
        return [
            SetState(sender=bot, room=room, type=DESCRIPTION, state_key=key, content=content)
            for key, content in {**gone, **changed}.items()
        ]


def _works(command: Command, *, is_direct: bool) -> bool:
    """Whether a command is for everybody, and for such a room."""
    here = command.named_in == "any" or (command.named_in == "direct") == is_direct
    return here and command.listed and command.permission <= Level.USER


def _told(connection: Connection, room: RoomID, bot: UserID) -> dict[str, str]:
    found = select(bot_described.c.described).where(bot_described.c.room_id == room, bot_described.c.bot == bot)
    described = connection.execute(found).scalar()
    return {} if described is None else dict(orjson.loads(described))


def _forget(connection: Connection, room: RoomID, bot: UserID) -> None:
    connection.execute(delete(bot_described).where(bot_described.c.room_id == room, bot_described.c.bot == bot))


def _mark(content: Mapping[str, Any]) -> str:
    """Tells one description from another."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
