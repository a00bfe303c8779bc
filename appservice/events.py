"""A Matrix room event as this house uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mautrix.types import EventID, RoomID, UserID

from appservice.database import storable

Content = Mapping[str, Any]


class MalformedEvent(ValueError):
    """What arrived is no room event; the message says which field is wrong."""


@dataclass(frozen=True, slots=True)
class Event:
    """One room event (client-server specification, "Room event format").

    `state_key` is None for message events; state is told by its presence, never by the type. `sent_at` is the
    sender's homeserver's clock in milliseconds. `previous` is the content that this state event replaced.
    """

    event_id: EventID
    room_id: RoomID
    sender: UserID
    type: str
    content: Content
    sent_at: int = 0
    state_key: str | None = None
    previous: Content | None = None

    @classmethod
    def parse(cls, raw: object) -> Event:
        """Read one event of a transaction; raises `MalformedEvent`."""
        if not isinstance(raw, Mapping):
            raise MalformedEvent("an event must be a JSON object")
        unsigned = raw.get("unsigned")
        previous = unsigned.get("prev_content") if isinstance(unsigned, Mapping) else None
        state_key = raw.get("state_key")
        sent_at = raw.get("origin_server_ts", 0)
        content = raw.get("content")
        if not isinstance(content, Mapping):
            raise MalformedEvent("content is not a JSON object")
        if state_key is not None and (not isinstance(state_key, str) or "\0" in state_key):
            raise MalformedEvent("state_key is not a string, or holds a NUL")
        return cls(
            event_id=EventID(_text(raw, "event_id")),
            room_id=RoomID(_text(raw, "room_id")),
            sender=UserID(_text(raw, "sender")),
            type=_text(raw, "type"),
            content=content,
            sent_at=sent_at if isinstance(sent_at, int) else 0,
            state_key=state_key,
            previous=previous if isinstance(previous, Mapping) else None,
        )

    @property
    def relation(self) -> Relation:
        return Relation.of(self.content)

    @property
    def body(self) -> str:
        """The plain text of a message, or an empty string."""
        body = self.content.get("body")
        return body if isinstance(body, str) else ""

    @property
    def membership(self) -> str:
        """The membership an m.room.member event sets ("join", "invite", …)."""
        return str(self.content.get("membership", ""))


@dataclass(frozen=True, slots=True)
class Relation:
    """How an event points at another one (`m.relates_to`)."""

    kind: str | None = None
    event_id: EventID | None = None
    key: str | None = None
    in_reply_to: EventID | None = None

    @classmethod
    def of(cls, content: Content) -> Relation:
        raw = content.get("m.relates_to")
        if not isinstance(raw, Mapping):
            return _NONE
        reply = raw.get("m.in_reply_to")
        return cls(
            kind=_optional(raw.get("rel_type")),
            event_id=_event_id(raw.get("event_id")),
            key=_optional(raw.get("key")),
            in_reply_to=_event_id(reply.get("event_id")) if isinstance(reply, Mapping) else None,
        )


_NONE = Relation()


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEvent(f"{name} is missing or not a string")
    if "\0" in value:
        raise MalformedEvent(f"{name} holds a NUL")
    return value


def _optional(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _event_id(value: object) -> EventID | None:
    """An id that somebody else wrote; one that no database can look up is nobody's."""
    return EventID(value) if isinstance(value, str) and value and storable(value) == value else None
