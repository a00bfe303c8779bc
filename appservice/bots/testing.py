"""A stage on which bots are tried out: real handlers and a real database, rooms and people made up.

stage = Stage(database, [Bot(LAIWANG, "Laiwang", (router,))])
stage.room("!hall:test", ANN, LAIWANG)
assert await stage.say(ANN, "!hall:test", "!lw friends") == ["You have no friends here yet."]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots.framework import Bots
from appservice.bots.memory import Rate
from appservice.bots.permissions import Audience, Level
from appservice.bots.router import Bot
from appservice.content import notice
from appservice.database import Database
from appservice.effects import Effect, EffectKey, EventOf, Join, React, SendMessage
from appservice.events import Event
from appservice.language import Catalogues, Language
from appservice.unit import Emission, Unit

_NOTHING: Mapping[str, Any] = {}


@dataclass
class StageRooms:
    """Rooms as a test says they are; a room of two is direct unless it says otherwise."""

    joined: dict[RoomID, set[UserID]] = field(default_factory=dict)
    busy: set[RoomID] = field(default_factory=set)
    encrypted: set[RoomID] = field(default_factory=set)
    power: dict[tuple[RoomID, UserID], float] = field(default_factory=dict)

    def is_direct(self, connection: Connection, room: RoomID, bot: UserID, /) -> bool:
        members = self.joined.get(room, set())
        return bot in members and len(members) <= 2 and room not in self.busy

    def is_encrypted(self, connection: Connection, room: RoomID, /) -> bool:
        return room in self.encrypted

    def power_of(self, connection: Connection, room: RoomID, user: UserID, /) -> float:
        return self.power.get((room, user), 0)

    def members(self, connection: Connection, room: RoomID, /) -> set[UserID]:
        return self.joined.get(room, set())

    def enter(self, unit: Unit, room: RoomID, bot: UserID, inviter: UserID, /, *, is_direct: bool) -> None:
        self.joined.setdefault(room, {inviter}).add(bot)
        unit.emit(Join(sender=bot, room=room))


class Stage:
    """Plays events to bots and keeps what they let happen in `emissions`, oldest first."""

    def __init__(
        self,
        database: Database,
        bots: Sequence[Bot],
        *,
        catalogues: Catalogues | None = None,
        level_of: Callable[[UserID], Level] = lambda _user: Level.USER,
        language_of: Callable[[Connection, UserID], Language | None] = lambda _connection, _user: None,
        is_ignored: Callable[[UserID], bool] | None = None,
        rate: Rate = Rate(burst=1000),  # noqa: B008 - frozen
    ) -> None:
        self.database = database
        self.rooms = StageRooms()
        self.emissions: list[Emission] = []
        self.now = 1_700_000_000_000
        ours = frozenset(bot.user_id for bot in bots)
        self.bots = Bots(
            bots,
            rooms=self.rooms,
            audience=Audience(level_of, language_of, is_ignored or (lambda user: user in ours)),
            catalogues=catalogues or Catalogues(),
            resolve_event=lambda _connection, event_id: self._key_of(event_id),
            rate=rate,
        )
        self._numbers = count(1)

    def room(self, room: str, *members: str) -> RoomID:
        """A room with these members."""
        self.rooms.joined[RoomID(room)] = {UserID(member) for member in members}
        return RoomID(room)

    async def say(
        self,
        sender: str,
        room: str,
        body: str,
        *,
        reply_to: str | None = None,
        event_id: str | None = None,
        content: Mapping[str, Any] = _NOTHING,
    ) -> list[str]:
        """Somebody writes something; returns what the bots write at that, as plain text."""
        whole: dict[str, Any] = {"msgtype": "m.text", "body": body, **content}
        if reply_to is not None:
            whole["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await self.play(self.bots.on_message, sender, room, "m.room.message", whole, event_id=event_id)

    async def change(self, sender: str, room: str, event_id: str, body: str) -> list[str]:
        """Somebody edits what they wrote."""
        relation = {"rel_type": "m.replace", "event_id": event_id}
        content = {**notice(f"* {body}"), "msgtype": "m.text", "m.relates_to": relation}
        content["m.new_content"] = {"msgtype": "m.text", "body": body}
        return await self.play(self.bots.on_message, sender, room, "m.room.message", content)

    async def tap(
        self, sender: str, room: str, key: EffectKey, reaction: str, event_id: str | None = None
    ) -> list[str]:
        """Somebody reacts to a message of the bots."""
        relation = {"rel_type": "m.annotation", "event_id": event_of(key), "key": reaction}
        content = {"m.relates_to": relation}
        return await self.play(self.bots.on_reaction, sender, room, "m.reaction", content, event_id=event_id)

    async def play(
        self,
        handler: Callable[[Unit, Event], None],
        sender: str,
        room: str,
        type: str,
        content: Mapping[str, Any],
        *,
        state_key: str | None = None,
        event_id: str | None = None,
    ) -> list[str]:
        """Any event; returns what is written at it."""
        event = Event(
            event_id=EventID(event_id or f"$in{next(self._numbers)}"),
            room_id=RoomID(room),
            sender=UserID(sender),
            type=type,
            content=content,
            state_key=state_key,
        )
        emissions = await self.run(lambda unit: handler(unit, event), key=event.event_id)
        return [str(e.effect.content["body"]) for e in emissions if isinstance(e.effect, SendMessage)]

    async def run(self, work: Callable[[Unit], object], key: str | None = None) -> list[Emission]:
        """Anything that a handler may do; returns what it lets happen."""

        def handle(connection: Connection) -> list[Emission]:
            unit = Unit(connection, self.now, key or f"unit{next(self._numbers)}", b"secret")
            work(unit)
            return unit.emissions

        emissions = await self.database.write(handle)
        self.emissions += emissions
        return emissions

    def sent(self) -> list[tuple[EffectKey, SendMessage]]:
        """All messages so far with their keys."""
        return [(e.key, e.effect) for e in self.emissions if isinstance(e.effect, SendMessage)]

    def effects(self) -> list[Effect]:
        return [emission.effect for emission in self.emissions]

    def buttons(self, key: EffectKey) -> list[str]:
        """The reactions below a message."""
        return [e.reaction for e in self.effects() if isinstance(e, React) and e.target == EventOf(key)]

    def _key_of(self, event_id: EventID) -> EffectKey | None:
        return next((e.key for e in self.emissions if event_of(e.key) == event_id), None)


def event_of(key: EffectKey) -> EventID:
    """The event that the effect with this key has sent, on the stage."""
    return EventID(f"${key}")
