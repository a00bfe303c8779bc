"""Effects: what a handler wants to happen on the homeserver, as values.

An effect is written to the outbox in the handler's own transaction and delivered later, at least once towards the
homeserver and exactly once as anybody sees it. A room or an event that an earlier effect will make is named by that
effect's key (`RoomOf`, `EventOf`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, NewType

import orjson
from mautrix.types import EventID, RoomID, UserID

EffectKey = NewType("EffectKey", str)


@dataclass(frozen=True, slots=True)
class RoomOf:
    """The room that the effect with this key creates."""

    key: EffectKey


@dataclass(frozen=True, slots=True)
class EventOf:
    """The event that the effect with this key sends."""

    key: EffectKey


@dataclass(frozen=True, slots=True)
class MediaOf:
    """The `mxc:` address of what the `Upload` with this key stores; stands anywhere in a content."""

    key: EffectKey


RoomRef = RoomID | RoomOf
EventRef = EventID | EventOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing to do as `sender`, a user of our namespace."""

    sender: UserID

    @property
    def lane(self) -> str:
        """Effects of one lane are delivered one after the other, in the order they were emitted."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEffect(Effect):
    """Something done in one room."""

    room: RoomRef

    @property
    def lane(self) -> str:
        return self.room if isinstance(self.room, str) else creation_lane(self.room.key)


_CREATION = "new:"


def creation_lane(key: EffectKey) -> str:
    """The lane of a room that does not exist yet; it turns into the room's own lane once it does."""
    return f"{_CREATION}{key}"


def is_creation_lane(lane: str) -> bool:
    return lane.startswith(_CREATION)


def creation_of(lane: str) -> EffectKey:
    """The effect that creates the room of a creation lane."""
    return EffectKey(lane.removeprefix(_CREATION))


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(RoomEffect):
    """Send a message event. `replaces` makes it an edit of an earlier event, `reply_to` a reply."""

    content: Mapping[str, Any]
    type: str = "m.room.message"
    replaces: EventRef | None = None
    reply_to: EventRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class React(RoomEffect):
    """React to an event; our own reactions on our own messages are the buttons people can tap."""

    target: EventRef
    reaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redact(RoomEffect):
    target: EventRef
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState(RoomEffect):
    type: str
    content: Mapping[str, Any]
    state_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(RoomEffect):
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(RoomEffect):
    """Leave, or refuse an invitation."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite(RoomEffect):
    user: UserID
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kick(RoomEffect):
    """Remove a member, take back an invitation, or decline a knock."""

    user: UserID
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban(RoomEffect):
    user: UserID
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unban(RoomEffect):
    user: UserID
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRoom(RoomEffect):
    """List a room in the homeserver's public directory under a network of ours, or take it out of there.

    `network` is the `network_id` of an instance of our protocol (Application Service API, "Third-party networks").
    """

    network: str
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadState(RoomEffect):
    """Read the whole current state of a room; the answer carries it as a list of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent(RoomEffect):
    """Read one event of a room; the answer carries it as the only one of its list of events.

    `seen_by` is somebody who is in the room: what he may not see by its history visibility, the answer does not carry.
    """

    target: EventRef
    seen_by: UserID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoom(Effect):
    """Create a room, once: `alias_localpart` names it for good, so a repetition finds the room instead.

    `power_levels` are the overrides of `m.room.power_levels`; the creator is left out where the room version gives
    creators power of their own (room version 12). `room_type` is what the room is if not a place to talk: `m.space`.
    """

    alias_localpart: str
    name: str | None = None
    topic: str | None = None
    invite: tuple[UserID, ...] = ()
    is_direct: bool = False
    preset: str = "private_chat"
    initial_state: tuple[Mapping[str, Any], ...] = ()
    power_levels: Mapping[str, Any] = field(default_factory=dict)
    room_version: str | None = None
    room_type: str | None = None

    @property
    def lane(self) -> str:
        return f"create:{self.alias_localpart}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Effect):
    """Store a file in the media repository; the answer carries its `mxc:` address."""

    data: bytes
    content_type: str
    filename: str

    @property
    def lane(self) -> str:
        return f"media:{self.sender}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProfile(Effect):
    """Give a user of ours a display name or avatar; None leaves it as it is.

    One lane a user: Synapse answers 500 to concurrent profile writes of the same user.
    """

    display_name: str | None = None
    avatar_url: str | None = None

    @property
    def lane(self) -> str:
        return f"profile:{self.sender}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Effect):
    """Something done outside of Matrix by the worker `name` (`Routes.on_job`): one job of a `queue` after the other.

    `given` is plain JSON. It is kept until the job is done, and then wiped; the job may be done more than once. What
    is `sensitive` is wiped, and the context given along, when the job is given up too: such a one cannot be revived.
    """

    name: str
    queue: str
    given: Mapping[str, Any] = field(default_factory=dict)
    sensitive: bool = False

    @property
    def lane(self) -> str:
        return f"job:{self.queue}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an effect, handed to the feature that asked to be told.

    `error` is None on success, else the Matrix error code; `context` is what the feature gave along. `outcome` is what
    the worker of a `Job` returned.
    """

    key: EffectKey
    context: Mapping[str, Any]
    event_id: EventID | None = None
    room_id: RoomID | None = None
    content_uri: str | None = None
    state: tuple[Mapping[str, Any], ...] = ()
    outcome: Mapping[str, Any] | None = None
    error: str | None = None
    message: str | None = None

    @property
    def failed(self) -> bool:
        return self.error is not None


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


class EffectCodec:
    """Effects to and from the bytes the outbox keeps."""

    _kinds: ClassVar[dict[str, type[Effect]]] = {
        kind.__name__: kind
        for kind in (
            SendMessage, React, Redact, SetState, Join, Leave, Invite, Kick, Ban, Unban, ListRoom, ReadState,
            ReadEvent, CreateRoom, Upload, SetProfile, Job,
        )
    }  # fmt: skip
    # A name in a content that begins with a NUL gets a second one, so no content can look like these.
    _references: ClassVar[dict[str, type[RoomOf] | type[EventOf] | type[MediaOf]]] = {
        "\0room_of": RoomOf,
        "\0event_of": EventOf,
        "\0media_of": MediaOf,
    }

    @classmethod
    def encode(cls, effect: Effect) -> tuple[str, bytes]:
        """The kind and the JSON of an effect, without an `Upload`'s data."""
        kind = type(effect).__name__
        values = ((name, getattr(effect, name)) for name in cls._names_of(kind))
        plain = {name: cls._plain(value) for name, value in values if not isinstance(value, bytes)}
        return kind, orjson.dumps(plain)

    @classmethod
    def decode(cls, kind: str, payload: bytes, data: bytes | None = None) -> Effect:
        values: dict[str, Any] = cls._rich(orjson.loads(payload))
        if data is not None:
            values["data"] = data
        return cls._kinds[kind](**values)

    @classmethod
    @cache
    def _names_of(cls, kind: str) -> tuple[str, ...]:
        return tuple(each.name for each in fields(cls._kinds[kind]))

    @classmethod
    def _plain(cls, value: Any) -> Any:
        if type(value) in _AS_THEY_ARE:  # most are, and there are many
            return value
        match value:
            case RoomOf(key):
                return {"\0room_of": key}
            case EventOf(key):
                return {"\0event_of": key}
            case MediaOf(key):
                return {"\0media_of": key}
            case dict() | Mapping():
                return {_escaped(str(name)): cls._plain(item) for name, item in value.items()}
            case list() | tuple():
                return [cls._plain(item) for item in value]
            case _:
                return value

    @classmethod
    def _rich(cls, value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) == 1:
                [(name, key)] = value.items()
                if name in cls._references and isinstance(key, str):
                    return cls._references[name](EffectKey(key))
            return {name.removeprefix("\0"): cls._rich(item) for name, item in value.items()}
        if isinstance(value, list):
            return tuple(cls._rich(item) for item in value)
        return value


def _escaped(name: str) -> str:
    return f"\0{name}" if name.startswith("\0") else name
