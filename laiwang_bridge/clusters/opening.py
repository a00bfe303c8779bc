"""Opening a cluster: from a line of text or a message somebody replied to, to a room with its seed in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mautrix.types import EventID, RoomID, UserID

from appservice import content as contents
from appservice.bots import Voice
from appservice.content import Rich, bold, lines
from appservice.effects import Answer, ReadEvent, RoomOf, SendMessage, SetState
from appservice.events import Content
from appservice.language import N_, Message, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.cards import Audience, audience
from laiwang_bridge.clusters.reach import Mode, Reach, default_cap
from laiwang_bridge.clusters.room import creation
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Lifecycle
from laiwang_bridge.clusters.titles import title as title_of
from laiwang_bridge.people import store as people
from laiwang_bridge.people.codes import ALPHABET
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId

_SEED_READ, _OPENED, _SEEDED = "clusters.seed_read", "clusters.opened", "clusters.seeded"

_ID_CHARACTERS = 12
_ID_BITS = 64

_SEED_FIELDS = frozenset(("msgtype", "body", "format", "formatted_body", "filename", "url", "info", "m.mentions"))
"""What is copied of a message that becomes a seed: not its relations, and nothing that pings anybody."""
_TEXTS = frozenset(("m.text", "m.emote", "m.notice"))
_FILES: Mapping[str, Message] = {
    "m.image": _("A picture"),
    "m.video": _("A video"),
    "m.audio": _("A recording"),
    "m.file": _("A file"),
}
"""What a cluster is called that is about a file without a word to it."""

CANNOT_READ = _("I cannot read that message, so it cannot start a cluster. Type the topic instead.")

Opened = Callable[[Unit, ClusterId], None]


class Opening:
    """Makes clusters. `bot` is the host of every room; the aliases of the rooms begin with `alias_prefix`.

    `opened` is told when the room of a cluster is there.
    """

    def __init__(
        self, rooms: Rooms, mail: Mail, bot: UserID, opened: Opened, *, alias_prefix: str, reach: Reach, cap: int
    ) -> None:
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self._told = opened
        self._alias_prefix = alias_prefix
        self._reach = reach
        self._cap = cap

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_SEED_READ, self._seed_read)
        routes.on_answer(_OPENED, self._opened)
        routes.on_answer(_SEEDED, self._seeded)

    def start(self, unit: Unit, initiator: PersonId, host: UserID, title: str) -> ClusterId:
        """Open a cluster about a line of text."""
        return self._open(unit, initiator, host, title, None)

    def start_from(self, unit: Unit, host: UserID, room: RoomID, seed: EventID, title: str) -> None:
        """Open a cluster about a message; without a title, its text gives one."""
        unit.emit(
            ReadEvent(sender=self._bot, room=room, target=seed),
            notify=_SEED_READ,
            context={"host": host, "title": title},
        )

    def preview(self, voice: Voice, initiator: PersonId, title: str) -> Rich:
        """What is said to the initiator: who will see it, and how far it may go."""
        hops = self._reach.hops or 1
        expected = audience(self._reach, 0, people.rings(voice.connection, initiator, hops))
        named, unnamed = _("**{title}** is opening. You are being invited."), _("It is opening. You are being invited.")
        first, further = audience_sentences(self._reach, expected)
        return lines(
            voice.say(named if title else unnamed, title=title),
            voice.say(first, count=expected.now or 0),
            voice.say(further, furthest=expected.furthest or 0) if further else "",
        )

    def _seed_read(self, unit: Unit, answer: Answer) -> None:
        host = UserID(answer.context["host"])
        initiator = people.find_person(unit.connection, host)
        if initiator is None:
            return  # gone for good while the message was being read
        seed = seed_content(answer.state[0]) if answer.state else None
        if seed is None:
            if (voice := self._mail.to_user(unit, host)) is not None:
                voice.send(CANNOT_READ)
            return
        title = answer.context["title"] or self._title_of(unit, host, seed)
        self._open(unit, initiator, host, title, seed)

    def _title_of(self, unit: Unit, host: UserID, seed: Content) -> str:
        """The words of the seed; a file's name is none."""
        kind = _FILES.get(str(seed["msgtype"]))
        has_caption = seed.get("filename") not in (None, seed["body"])
        if kind is not None and not has_caption and seed["msgtype"] != "m.file":
            return self._mail.text(unit, host, kind)
        return title_of(str(seed["body"])) or (self._mail.text(unit, host, kind) if kind else "…")

    def _open(self, unit: Unit, initiator: PersonId, host: UserID, title: str, seed: Content | None) -> ClusterId:
        limit = default_cap(self._reach)
        new = Cluster(
            id=ClusterId(self._alias_prefix + _random_word(unit)),
            initiator=initiator,
            reach=self._reach,
            cap=self._cap if limit is None else min(limit, self._cap),
            lifecycle=Lifecycle.OPENING,
            created_at=unit.now,
            seats_taken=0,
        )
        store.add(unit.connection, new, title)
        made = unit.emit(
            creation(new, title, self._bot, host),
            notify=_OPENED,
            context={"cluster": new.id},
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
        self._told(unit, id)

    def _seeded(self, unit: Unit, answer: Answer) -> None:
        if answer.room_id is None or answer.event_id is None:
            return
        pinned = {"pinned": [answer.event_id]}
        unit.emit(SetState(sender=self._bot, room=answer.room_id, type="m.room.pinned_events", content=pinned))


def seed_content(event: Mapping[str, Any]) -> Content | None:
    """What a message brings into the cluster that it starts, as it was last edited; None for what cannot be read or is
    no message."""
    content = event.get("content")
    if event.get("type") != "m.room.message" or not isinstance(content, Mapping):
        return None
    edited = contents.edit_in(content) or _last_edit(event)
    plain = contents.without_reply_fallback(edited.content if edited else content)
    kept = {name: value for name, value in plain.items() if name in _SEED_FIELDS}
    kind = kept.get("msgtype")
    if not isinstance(kept.get("body"), str) or not isinstance(kind, str):
        return None
    if kind in _TEXTS:
        return {**kept, "msgtype": "m.text", "m.mentions": {}}
    if kind in _FILES and isinstance(kept.get("url"), str):
        return {**kept, "m.mentions": {}}
    return None


def _last_edit(event: Mapping[str, Any]) -> contents.Edit | None:
    """The homeserver brings the last edit along (client-server specification, "Server-side aggregation")."""
    found: Any = event
    for name in ("unsigned", "m.relations", "m.replace", "content"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return contents.edit_in(found) if isinstance(found, Mapping) else None


def audience_sentences(reach: Reach, expected: Audience) -> tuple[Message, Message | None]:
    """Who can see a cluster once its initiator is in, and how far it may go."""
    if reach.mode is Mode.CLOSED:
        return _("Only those whom you invite can see it."), None
    if expected.now is None:
        return _("Everybody can see it."), None
    if expected.now == 0:
        return _("You have no friends here yet who could see it."), None
    friends = N_("**{count}** friend of yours will see it.", "**{count}** friends of yours will see it.")
    if expected.furthest is None:
        return friends, _("Through them it may go on without end.")
    if expected.furthest > expected.now:
        return friends, _("Through them it may reach about {furthest} people.")
    return friends, _("It goes no further.")


def _random_word(unit: Unit) -> str:
    bits = unit.random_bits("cluster", _ID_BITS)
    word = ""
    for _position in range(_ID_CHARACTERS):
        bits, digit = divmod(bits, len(ALPHABET))
        word += ALPHABET[digit]
    return word.lower()
