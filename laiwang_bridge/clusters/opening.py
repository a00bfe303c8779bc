"""Opening a cluster: from a line of text or a message somebody replied to, to a room with its seed in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mautrix.types import EventID, RoomID, UserID

from appservice import content as contents
from appservice.content import bold
from appservice.effects import Answer, ReadEvent, RoomOf, SendMessage, SetState
from appservice.events import Content
from appservice.language import Message, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.reach import Reach, default_cap
from laiwang_bridge.clusters.room import creation
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Lifecycle
from laiwang_bridge.clusters.titles import title as title_of
from laiwang_bridge.people.codes import ALPHABET
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId

_SEED_READ, _OPENED, _SEEDED = "clusters.seed_read", "clusters.opened", "clusters.seeded"

_ID_CHARACTERS = 12
_ID_BITS = 64

_SEED_FIELDS = frozenset(
    ("msgtype", "body", "format", "formatted_body", "filename", "url", "info", "geo_uri", "m.mentions")
)
"""What is copied of a message that becomes a seed: not its relations, and nothing that pings anybody."""
_SEED_TYPES = frozenset(("m.text", "m.image", "m.video", "m.audio", "m.file", "m.emote", "m.notice"))

CANNOT_READ = _("I cannot read that message, so it cannot start a cluster. Type the topic instead.")


class Opening:
    """Makes clusters. `bot` is the host of every room."""

    def __init__(self, rooms: Rooms, mail: Mail, bot: UserID, *, reach: Reach, cap: int) -> None:
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self.reach = reach
        self._cap = cap

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_SEED_READ, self._seed_read)
        routes.on_answer(_OPENED, self._opened)
        routes.on_answer(_SEEDED, self._seeded)

    def start(self, unit: Unit, initiator: PersonId, host: UserID, title: str) -> ClusterId:
        """Open a cluster about a line of text."""
        return self._open(unit, initiator, host, title, None)

    def start_from(
        self, unit: Unit, initiator: PersonId, host: UserID, room: RoomID, seed: EventID, title: str
    ) -> None:
        """Open a cluster about a message; without a title, its text gives one."""
        unit.emit(
            ReadEvent(sender=self._bot, room=room, target=seed),
            notify=_SEED_READ,
            context={"initiator": initiator, "host": host, "title": title},
        )

    def _seed_read(self, unit: Unit, answer: Answer) -> None:
        context = answer.context
        host = UserID(context["host"])
        seed = seed_content(answer.state[0]) if answer.state else None
        if seed is None:
            if (voice := self._mail.to_user(unit, host)) is not None:
                voice.send(CANNOT_READ)
            return
        title = context["title"] or title_of(str(seed.get("body", ""))) or "…"
        self._open(unit, PersonId(context["initiator"]), host, title, seed)

    def _open(self, unit: Unit, initiator: PersonId, host: UserID, title: str, seed: Content | None) -> ClusterId:
        limit = default_cap(self.reach)
        new = Cluster(
            id=ClusterId(f"zd_{_random_word(unit)}"),
            initiator=initiator,
            reach=self.reach,
            cap=self._cap if limit is None else min(limit, self._cap),
            lifecycle=Lifecycle.OPENING,
            created_at=unit.now,
            seats_taken=0,
        )
        store.add(unit.connection, new, title)
        made = unit.emit(
            creation(new, title, self._bot, host),
            notify=_OPENED,
            context={"cluster": new.id, "host": host},
            asker=host,
        )
        content = seed if seed is not None else contents.text(bold(title))
        unit.emit(SendMessage(sender=self._bot, room=RoomOf(made), content=content), notify=_SEEDED)
        return new.id

    def _opened(self, unit: Unit, answer: Answer) -> None:
        id = ClusterId(answer.context["cluster"])
        if answer.room_id is None:
            store.set_lifecycle(unit.connection, id, Lifecycle.ARCHIVED)
            return
        self._rooms.created(unit.connection, answer.room_id, unit.now)
        store.open_room(unit.connection, id, answer.room_id)

    def _seeded(self, unit: Unit, answer: Answer) -> None:
        if answer.room_id is None or answer.event_id is None:
            return
        pinned = {"pinned": [answer.event_id]}
        unit.emit(SetState(sender=self._bot, room=answer.room_id, type="m.room.pinned_events", content=pinned))


def seed_content(event: Mapping[str, Any]) -> Content | None:
    """What a message brings into the cluster that it starts; None for what cannot be read or is no message."""
    content = event.get("content")
    if event.get("type") != "m.room.message" or not isinstance(content, Mapping):
        return None
    if content.get("msgtype") not in _SEED_TYPES or not isinstance(content.get("body"), str):
        return None
    edited = contents.edit_in(content)
    plain = contents.without_reply_fallback(edited.content if edited else content)
    kept = {name: value for name, value in plain.items() if name in _SEED_FIELDS}
    if kept.get("msgtype") in ("m.notice", "m.emote"):
        kept["msgtype"] = "m.text"
    return {**kept, "m.mentions": {}}


def audience_sentence(now: int | None, furthest: int | None) -> Message:
    """Who can see a cluster and how far it may go, before anybody has."""
    if now is None:
        return _("Everybody can see it.")
    if furthest is None:
        return _("{now} friends of yours can see it, then theirs, and so on without end.")
    if furthest > now:
        return _("{now} friends of yours can see it; through them it may reach about {furthest} people.")
    return _("{now} friends of yours can see it, and nobody else.")


def _random_word(unit: Unit) -> str:
    bits = unit.random_bits("cluster", _ID_BITS)
    word = ""
    for _position in range(_ID_CHARACTERS):
        bits, digit = divmod(bits, len(ALPHABET))
        word += ALPHABET[digit]
    return word.lower()
