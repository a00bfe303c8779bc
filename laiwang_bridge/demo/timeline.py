"""What one client was shown, kept in the order it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as the client got it. `sent_at` is the sender's homeserver's clock in milliseconds."""

    room_id: str
    event_id: str
    kind: str
    sender: str
    content: Content
    state_key: str | None
    sent_at: int
    source: Content

    @property
    def text(self) -> str:
        """The message's text, of an edit the new one; empty for what is no message."""
        if self.kind != "m.room.message":
            return ""
        content = self.content.get("m.new_content") if self.replaces else self.content
        return str((content or {}).get("body", ""))

    @property
    def replaces(self) -> str | None:
        """The event that this one edits."""
        return self._related("m.replace")

    @property
    def reacts_to(self) -> str | None:
        """The event that this one is a reaction on."""
        return self._related("m.annotation")

    @property
    def reaction(self) -> str | None:
        """The emoji, of a reaction."""
        return str(self._relation.get("key")) if self.reacts_to else None

    @property
    def redacts(self) -> str | None:
        """The event that this one removes."""
        if self.kind != "m.room.redaction":
            return None
        target = self.content.get("redacts") or self.source.get("redacts")
        return str(target) if target else None

    @property
    def _relation(self) -> Content:
        relation = self.content.get("m.relates_to")
        return relation if isinstance(relation, Mapping) else {}

    def _related(self, kind: str) -> str | None:
        return str(self._relation.get("event_id")) if self._relation.get("rel_type") == kind else None

    def __str__(self) -> str:
        what = self.text or self.reaction or dict(self.content)
        return f"{self.room_id} {self.sender} {self.kind}: {what}"


class Timeline:
    """Every event once, in order of arrival, by room and over all; and the state that follows from it."""

    def __init__(self) -> None:
        self._all: list[Seen] = []
        self._by_room: dict[str, list[Seen]] = defaultdict(list)
        self._by_id: dict[str, Seen] = {}
        self._state: dict[str, dict[tuple[str, str], Content]] = defaultdict(dict)

    @property
    def position(self) -> int:
        return len(self._all)

    def since(self, position: int) -> list[Seen]:
        return self._all[max(position, 0) :]

    def of(self, room_id: str) -> list[Seen]:
        return list(self._by_room.get(room_id, ()))

    def rooms(self) -> list[str]:
        return list(self._state)

    def find(self, event_id: str) -> Seen | None:
        return self._by_id.get(event_id)

    def knows(self, event_id: str) -> bool:
        return event_id in self._by_id

    def add(self, room_id: str, state: Iterable[Content], events: Iterable[Content]) -> None:
        """Take in what a sync said about one room: `state` before `events`, both oldest first."""
        for event in state:
            # Where two events were sent at once, homeservers may repeat state from before the later one.
            if event.get("event_id") not in self._by_id:
                self._set_state(room_id, event)
        for event in events:
            self._set_state(room_id, event)
            seen = _seen(room_id, event)
            if seen is None or seen.event_id in self._by_id:
                continue
            self._all.append(seen)
            self._by_room[room_id].append(seen)
            self._by_id[seen.event_id] = seen

    def state(self, room_id: str, kind: str, state_key: str) -> Content | None:
        return self._state.get(room_id, {}).get((kind, state_key))

    def members(self, room_id: str) -> set[str]:
        return {
            user
            for (kind, user), content in self._state.get(room_id, {}).items()
            if kind == "m.room.member" and content.get("membership") == "join"
        }

    def shown(self, room_id: str, event_id: str) -> Content | None:
        original = self._by_id.get(event_id)
        if original is None:
            return None
        room = self._by_room[room_id]
        gone = {seen.redacts for seen in room if seen.redacts}
        if event_id in gone:
            return None
        content = original.content
        for seen in room:
            if seen.replaces == event_id and seen.sender == original.sender and seen.event_id not in gone:
                content = seen.content.get("m.new_content", content)
        return content

    def _set_state(self, room_id: str, event: Content) -> None:
        state = self._state[room_id]
        if isinstance(event.get("state_key"), str):
            state[(str(event.get("type")), event["state_key"])] = event.get("content", {})


def _seen(room_id: str, event: Content) -> Seen | None:
    if not isinstance(event.get("event_id"), str):
        return None
    content = event.get("content")
    return Seen(
        room_id,
        event["event_id"],
        str(event.get("type")),
        str(event.get("sender")),
        content if isinstance(content, Mapping) else {},
        event.get("state_key"),
        int(event.get("origin_server_ts", 0)),
        event,
    )
