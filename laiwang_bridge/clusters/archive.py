"""What was said in a cluster, put together for one member out of the events of its room, the newest first.

Only what this member may see goes in. What decides that (his membership, and how much of the past the room shows) is
known for now, and each change of it on the way back says what it was before. Edits are applied, reactions counted, and
what was taken back is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mautrix.types import UserID

from appservice import content as contents
from appservice import visibility

_LONGEST_TEXT = 100_000
_FILES = ("m.image", "m.video", "m.audio", "m.file")
_UNKNOWN = {"membership": "leave"}
_MOST_HIDDEN = {"history_visibility": "joined"}

READ = ("m.room.message", "m.sticker", "m.room.encrypted", "m.reaction", *visibility.STATE_TYPES)
"""The types of events that it takes."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody sent. `url` is its address in the media repository; the file itself is not saved."""

    name: str
    kind: str
    size: int | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A message as it stood in the end. `at` is milliseconds since the epoch. `text` None: it cannot be read."""

    id: str
    sender: str
    at: int
    text: str | None
    is_edited: bool = False
    reply_to: str | None = None
    file: File | None = None
    reactions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Archive:
    """The messages, the oldest first, with what their writers are called. `is_cut`: there was more before them."""

    messages: Sequence[Saved]
    names: Mapping[str, str]
    is_cut: bool


class Gathering:
    """Takes the events of a room in one after the other, the newest first. It `is_full` after `most` messages or
    `most_characters` of text."""

    def __init__(
        self,
        user: UserID,
        history: Mapping[str, Any],
        membership: Mapping[str, Any],
        *,
        most: int,
        most_characters: int,
    ) -> None:
        self._user = user
        self._history = history
        self._membership = membership
        self._most = most
        self._characters = most_characters
        self._found: list[tuple[str, str, int, Mapping[str, Any]]] = []
        self._edits: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._reactions: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._names: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._found) >= self._most or self._characters <= 0

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            if self.is_full:
                return
            self._take(event)

    def done(self, *, is_cut: bool) -> Archive:
        """All that was gathered."""
        known = {id for id, *_others in self._found}
        messages = [self._saved(found, known) for found in reversed(self._found)]
        return Archive(messages, self._names, is_cut)

    def _take(self, event: Mapping[str, Any]) -> None:
        content, sender = event.get("content"), event.get("sender")
        id, at = event.get("event_id"), event.get("origin_server_ts")
        if not isinstance(content, Mapping) or not isinstance(sender, str) or not isinstance(id, str):
            return
        if "state_key" in event:
            self._go_back(event, content)
            return
        if not content or not isinstance(at, int) or not self._may_see():
            return
        self._characters -= min(len(str(content.get("body", ""))), _LONGEST_TEXT)
        relation = content.get("m.relates_to")
        target = relation.get("event_id") if isinstance(relation, Mapping) else None
        if event.get("type") == "m.reaction":
            if isinstance(relation, Mapping) and isinstance(target, str) and isinstance(relation.get("key"), str):
                self._reactions[target].add((relation["key"][:50], sender))
        elif (edit := contents.edit_in(content)) is not None:
            self._edits.setdefault((edit.event_id, sender), edit.content)
        elif event.get("type") != "m.room.encrypted" or not _is_replacement(relation):
            self._found.append((id, sender, at, {**content, "type": event.get("type")}))

    def _go_back(self, event: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        """The state as it was before this event."""
        unsigned = event.get("unsigned")
        before = unsigned.get("prev_content") if isinstance(unsigned, Mapping) else None
        has_predecessor = isinstance(unsigned, Mapping) and "replaces_state" in unsigned
        match event.get("type"), event.get("state_key"):
            case "m.room.history_visibility", "":
                known = before if isinstance(before, Mapping) else None
                # Without one, a room shows all of its past (client-server specification).
                self._history = known if known is not None else (_MOST_HIDDEN if has_predecessor else {})
            case "m.room.member", str(key):
                name = content.get("displayname")
                if isinstance(name, str) and name:
                    self._names.setdefault(key, name[:100])
                if key == self._user:
                    self._membership = before if isinstance(before, Mapping) else _UNKNOWN

    def _may_see(self) -> bool:
        state = (
            {"type": "m.room.history_visibility", "state_key": "", "content": self._history},
            {"type": "m.room.member", "state_key": self._user, "content": self._membership},
        )
        return visibility.may_see(state, self._user)

    def _saved(self, found: tuple[str, str, int, Mapping[str, Any]], known: set[str]) -> Saved:
        id, sender, at, content = found
        edit = self._edits.get((id, sender))
        shown = {**content, **edit} if edit is not None else content
        relation = content.get("m.relates_to")
        answered = relation.get("m.in_reply_to") if isinstance(relation, Mapping) else None
        target = answered.get("event_id") if isinstance(answered, Mapping) else None
        body = contents.without_reply_fallback({**shown, "m.relates_to": relation or {}}).get("body")
        is_readable = content["type"] != "m.room.encrypted" and isinstance(body, str)
        return Saved(
            id=id,
            sender=sender,
            at=at,
            text=str(body)[:_LONGEST_TEXT] if is_readable else None,
            is_edited=edit is not None,
            reply_to=target if isinstance(target, str) and target in known else None,
            file=_file(shown),
            reactions=Counter(key for key, _sender in sorted(self._reactions.get(id, ()))),
        )


def _is_replacement(relation: object) -> bool:
    return isinstance(relation, Mapping) and relation.get("rel_type") == "m.replace"


def _file(content: Mapping[str, Any]) -> File | None:
    kind, info, encrypted = content.get("msgtype"), content.get("info"), content.get("file")
    if kind not in _FILES and content.get("type") != "m.sticker":
        return None
    url = encrypted.get("url") if isinstance(encrypted, Mapping) else content.get("url")
    size = info.get("size") if isinstance(info, Mapping) else None
    name = content.get("filename") or content.get("body")
    return File(
        name=str(name or "")[:200],
        kind=str(kind or "m.sticker"),
        size=size if isinstance(size, int) else None,
        url=url if isinstance(url, str) else None,
    )


def as_json(archive: Archive, about: Mapping[str, Any]) -> dict[str, Any]:
    """The archive as plain JSON. `about` says of which cluster it is."""
    return {
        "v": 1,
        **about,
        "cut": archive.is_cut,
        "messages": [_as_json(message, archive.names) for message in archive.messages],
    }


def _as_json(message: Saved, names: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": message.id,
        "at": message.at,
        "sender": message.sender,
        "name": names.get(message.sender, message.sender),
    }
    said |= {"unreadable": True} if message.text is None else {"text": message.text}
    if message.file is not None:
        file = message.file
        said["file"] = {"name": file.name, "type": file.kind, "size": file.size, "url": file.url}
    if message.is_edited:
        said["edited"] = True
    if message.reply_to is not None:
        said["reply_to"] = message.reply_to
    if message.reactions:
        said["reactions"] = dict(message.reactions)
    return said
