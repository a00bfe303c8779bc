"""What a homeserver would make of our effects, played in memory: rooms, members, messages and the events of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice import outbox
from appservice.content import edit_in, replacement
from appservice.effects import (
    Ban,
    CreateRoom,
    Effect,
    EffectKey,
    EventOf,
    EventRef,
    Invite,
    Join,
    Kick,
    Leave,
    ListRoom,
    React,
    ReadEvent,
    ReadState,
    Redact,
    RoomEffect,
    RoomOf,
    SendMessage,
    SetState,
    Unban,
    Upload,
)
from appservice.outbox import Result
from appservice.visibility import may_see
from tests.support import card_schema

Content = Mapping[str, Any]


class Refused(Exception):
    """What the homeserver does not allow."""


@dataclass
class Room:
    """A room as the homeserver has it. `said` holds what was sent, by event id, `replaced` what a state event there
    took the place of."""

    id: RoomID
    creation: CreateRoom | None = None
    members: dict[UserID, str] = field(default_factory=dict)
    said: dict[EventID, dict[str, Any]] = field(default_factory=dict)
    state: dict[tuple[str, str], Content] = field(default_factory=dict)
    replaced: dict[EventID, Content | None] = field(default_factory=dict)

    @property
    def inside(self) -> set[UserID]:
        return {user for user, membership in self.members.items() if membership == "join"}

    @property
    def redacted(self) -> set[EventID]:
        events = self.said.values()
        return {EventID(event["content"]["redacts"]) for event in events if event["type"] == "m.room.redaction"}

    def messages_of(self, *users: UserID) -> list[dict[str, Any]]:
        said = (event for event in self.said.values() if event["sender"] in users)
        return [event for event in said if event["type"] == "m.room.message"]


class Homeserver:
    """`pushed` collects what we are to be told. Clients of the users in `homes` accept invitations on sight.

    `refused` makes it say no to an effect, with the reason. `sent` holds what was done in which room, `files` what was
    uploaded, `listed` which rooms stand in the directory of which network, and `made` which event came of which effect,
    for tests to read.
    """

    def __init__(self, bot: UserID, *further_bots: UserID) -> None:
        self.rooms: dict[RoomID, Room] = {}
        self.homes: set[UserID] = set()
        self.sent: list[tuple[RoomID, Effect]] = []
        self.files: list[bytes] = []
        self.listed: set[tuple[str, RoomID]] = set()
        self.made: dict[EffectKey, EventID] = {}
        self.refused: Callable[[Effect], str | None] = lambda _effect: None
        self.pushed: list[dict[str, Any]] = []
        self.numbers = itertools.count(1)
        self._bots = frozenset((bot, *further_bots))
        self._aliases: dict[str, RoomID] = {}

    def room(self, *members: UserID, name: str | None = None) -> Room:
        """A room with these people in it, unknown to the bridge so far."""
        room = Room(RoomID(f"!{name or f'room{next(self.numbers)}'}"), members=dict.fromkeys(members, "join"))
        room.state[("m.room.create", "")] = {"room_version": "12"}
        for user in members:
            room.state[("m.room.member", user)] = {"membership": "join", "displayname": display_name(user)}
        self.rooms[room.id] = room
        return room

    def push(self, room: RoomID, sender: UserID, type: str, content: Content, state_key: str | None = None) -> EventID:
        """An event happens; we are told of it if we are in the room or it is about us."""
        id = EventID(f"$event{next(self.numbers)}")
        event: dict[str, Any] = {"event_id": id, "room_id": room, "sender": sender, "type": type}
        event["content"] = orjson.loads(orjson.dumps(content))
        if state_key is not None:
            event["state_key"] = state_key
            self.rooms[room].replaced[id] = self.rooms[room].state.get((type, state_key))
            self.rooms[room].state[(type, state_key)] = event["content"]
        self.rooms[room].said[id] = event
        if self._bots & self.rooms[room].inside or state_key in self._bots:
            self.pushed.append(event)
        return id

    def put_member(self, room: Room, user: UserID, membership: str, *, sender: UserID, is_direct: bool = False) -> None:
        if membership == "knock":
            assert room.state[("m.room.join_rules", "")] == {"join_rule": "knock"}, f"nobody can knock at {room.id}"
        room.members[user] = membership
        content: dict[str, Any] = {"membership": membership}
        if membership in ("join", "knock"):
            content["displayname"] = display_name(user)
        if is_direct:
            content["is_direct"] = True
        self.push(room.id, sender, "m.room.member", content, user)

    def make_room(self, effect: CreateRoom) -> RoomID:
        """What happens when it is asked for a room, however often."""
        if effect.alias_localpart in self._aliases:
            return self._aliases[effect.alias_localpart]
        room = Room(RoomID(f"!made{next(self.numbers)}"), effect)
        self.rooms[room.id] = room
        self._aliases[effect.alias_localpart] = room.id
        type = {} if effect.room_type is None else {"type": effect.room_type}
        self.push(room.id, effect.sender, "m.room.create", {"room_version": "12", **type}, "")
        self.put_member(room, effect.sender, "join", sender=effect.sender)
        self.push(room.id, effect.sender, "m.room.power_levels", effect.power_levels, "")
        for event in effect.initial_state:
            self.push(room.id, effect.sender, event["type"], event["content"], event["state_key"])
        for user in effect.invite:
            self._invite(room, effect.sender, user, is_direct=effect.is_direct)
        return room.id

    def perform(self, connection: Connection, effect: Effect) -> Result | None:
        """Do one effect; None if it has to wait for another. Raises `Refused`."""
        if (no := self.refused(effect)) is not None:
            raise Refused(no)
        if isinstance(effect, CreateRoom):
            return Result(room_id=self.make_room(effect))
        if isinstance(effect, Upload):
            self.files.append(effect.data)
            return Result(content_uri=f"mxc://town/{len(self.files)}")
        if not isinstance(effect, RoomEffect):
            return Result()
        room_id = effect.room if isinstance(effect.room, str) else _made(connection, effect.room)
        if room_id is None:
            return None
        room = self.rooms.get(room_id)
        if room is None or (not isinstance(effect, Join) and room.members.get(effect.sender) != "join"):
            raise Refused(f"{effect.sender} is not in {room_id}")
        self.sent.append((room_id, effect))
        return self._perform_in(connection, room, effect)

    def _perform_in(self, connection: Connection, room: Room, effect: RoomEffect) -> Result:
        match effect:
            case SendMessage():
                content = dict(effect.content)
                if effect.replaces is not None:
                    content = replacement(content, _event(connection, effect.replaces))
                card_schema.check(content)
                return Result(self.push(room.id, effect.sender, effect.type, content), room.id)
            case React():
                relation = {"rel_type": "m.annotation", "event_id": _event(connection, effect.target)}
                content = {"m.relates_to": relation | {"key": effect.reaction}}
                return Result(self.push(room.id, effect.sender, "m.reaction", content), room.id)
            case Redact():
                content = {"redacts": _event(connection, effect.target)}
                return Result(self.push(room.id, effect.sender, "m.room.redaction", content), room.id)
            case SetState():
                return Result(self.push(room.id, effect.sender, effect.type, effect.content, effect.state_key), room.id)
            case ReadEvent():
                target = _event(connection, effect.target)
                seen = effect.seen_by is None or may_see(_state_at(room, target), effect.seen_by)
                return Result(room_id=room.id, state=(_read_event(room, target),) if seen else ())
            case ReadState():
                return Result(room_id=room.id, state=tuple(self._whole_state(room)))
            case ListRoom():
                (self.listed.add if effect.listed else self.listed.discard)((effect.network, room.id))
            case Join() | Leave():
                self.put_member(room, effect.sender, type(effect).__name__.lower(), sender=effect.sender)
            case Invite():
                self._invite(room, effect.sender, effect.user)
            case Kick():
                if room.members.get(effect.user, "leave") == "leave":
                    raise Refused(f"{effect.user} is not in the room")
                self.put_member(room, effect.user, "leave", sender=effect.sender)
            case Ban():
                self.put_member(room, effect.user, "ban", sender=effect.sender)
            case Unban():
                self.put_member(room, effect.user, "leave", sender=effect.sender)
        return Result(room_id=room.id)

    def _invite(self, room: Room, sender: UserID, user: UserID, *, is_direct: bool = False) -> None:
        now = room.members.get(user)
        if now == "ban":
            raise Refused(f"{user} is banned from the room")
        if now in ("join", "invite"):
            return
        self.put_member(room, user, "invite", sender=sender, is_direct=is_direct)
        if user in self.homes:
            self.put_member(room, user, "join", sender=user)

    def _whole_state(self, room: Room) -> list[dict[str, Any]]:
        return [
            {"event_id": "$state", "type": type, "state_key": key, "sender": min(self._bots), "content": dict(content)}
            for (type, key), content in room.state.items()
        ]


def display_name(user: UserID) -> str:
    return user[1:].partition(":")[0].capitalize()


def _made(connection: Connection, room: RoomOf) -> RoomID | None:
    found = outbox.result_of(connection, room.key)
    if found is None or found[0] is outbox.Delivery.DEAD:
        raise Refused(f"the room of {room.key} will never be")
    return found[1].room_id


def _event(connection: Connection, event: EventRef) -> EventID:
    if not isinstance(event, EventOf):
        return event
    found = outbox.result_of(connection, event.key)
    if found is None or found[1].event_id is None:
        raise Refused(f"the event of {event.key} will never be")
    return found[1].event_id


def _state_at(room: Room, target: EventID) -> list[dict[str, Any]]:
    """The state of a room when an event happened, found by going back from what it is now."""
    state: dict[tuple[str, str], Content | None] = dict(room.state)
    for id in reversed(room.said):
        if id == target:
            break
        if id in room.replaced:
            event = room.said[id]
            state[(event["type"], event["state_key"])] = room.replaced[id]
    return [{"type": type, "state_key": key, "content": content} for (type, key), content in state.items() if content]


def _read_event(room: Room, id: EventID) -> dict[str, Any]:
    event = room.said.get(id)
    if event is None:
        raise Refused("there is no such event")
    if id in room.redacted:
        return {**event, "content": {}}
    edits = [e for e in room.said.values() if (edit := edit_in(e["content"])) and edit.event_id == id]
    return {**event, "unsigned": {"m.relations": {"m.replace": edits[-1]}}} if edits else event
