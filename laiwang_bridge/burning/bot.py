"""What people write to have a message burn, and what makes it burn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice import receipts
from appservice.bots import Argument, Context, Router, UserError, Voice
from appservice.bots.buttons import plain_reaction
from appservice.bots.kinds import Duration
from appservice.bots.line import Word
from appservice.content import edit_in
from appservice.effects import Answer, React, ReadEvent, Redact
from appservice.events import Event
from appservice.language import Language, _
from appservice.receipts import Receipts
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.burning import rules, store
from laiwang_bridge.burning.rules import Burn, Readers, Wish
from laiwang_bridge.burning.store import Burning
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

PREFIXES = ("!burn", "!阅后即焚")

FIRE = "🔥"
"""Tapped below a message by whoever sends no receipts: it has been read. Its writer's tap burns it at once."""

_BURN, _WRITTEN = "burning.burn", "burning.written"
_LATER = ("m.room.message", "m.room.encrypted", "m.sticker", "m.reaction", "m.room.member")
_DURATION = Duration()


def _read_time(text: str) -> timedelta:
    """A length of time; a number alone is seconds."""
    if text.isascii() and text.isdigit() and len(text) < 8:
        return timedelta(seconds=int(text))
    time: timedelta = _DURATION.parse(Word(text))
    return time


def _show_time(time: timedelta) -> str:
    return _DURATION.write(time, Language.EN)


After = Annotated[timedelta, Argument(_("how long after reading"), example="30s", parse=_read_time, show=_show_time)]
Whose = Annotated[
    Readers,
    Argument(
        _("read by all or by the first"), words={"all": ("everybody", "所有人", "都"), "first": ("第一个", "首个")}
    ),
]
Text = Annotated[str, Argument(_("message"), rest=True, example="the key is under the mat", chinese="钥匙在门垫下面")]


class BurningBot:
    """Burns messages in every room where it has the power to redact."""

    def __init__(
        self,
        rooms: Rooms,
        speak: Callable[[Unit, RoomID], Voice],
        bot: UserID,
        is_ours: Callable[[UserID], bool],
    ) -> None:
        self._rooms = rooms
        self._speak = speak
        self._bot = bot
        self._is_ours = is_ours
        self.router = router = Router("burning", PREFIXES, title=_("Burn after reading"))
        router.command(
            "message", "消息", help=_("Let a message vanish once it was read"), group=_("Burn after reading"),
            where="room", default=True,
        )(self.message)  # fmt: skip

    def add_to(self, routes: Routes) -> None:
        for type in _LATER:
            routes.on_event(type, self.on_event)
        routes.on_receipts(self.on_receipts)
        routes.on_timer(_BURN, self._burn)
        routes.on_answer(_WRITTEN, self._found)

    def message(
        self, context: Context, after: After = timedelta(milliseconds=rules.AFTER_MS), whose: Whose = Readers.ALL,
        text: Text = "",
    ) -> None:  # fmt: skip
        if not self._may_burn(context.connection, context.room):
            raise UserError(
                _("I may not remove messages here. A moderator has to give {bot} that power."), bot=self._bot
            )
        if not rules.LEAST_MS <= after.total_seconds() * 1000 <= rules.MOST_MS:
            raise UserError(
                _("A message burns between one second and seven days after it was read."),
                try_instead=context.line(self.message, timedelta(seconds=30), whose, text),
            )
        wish = Wish(after_ms=int(after.total_seconds() * 1000), readers=whose)
        wish = Wish(wish.after_ms, max(wish.after_ms, wish.latest_ms), wish.readers)
        if text:
            self._begin(context.unit, context.room, context.event.event_id, context.sender, wish)
        elif context.replied_to is not None:
            context.unit.emit(
                ReadEvent(sender=self._bot, room=context.room, target=context.replied_to),
                notify=_WRITTEN,
                context={
                    "writer": context.sender,
                    "command": context.event.event_id,
                    "after_ms": wish.after_ms,
                    "latest_ms": wish.latest_ms,
                    "readers": wish.readers,
                },
            )
        else:
            raise UserError(
                _("Write the message behind the command, or reply to one of yours with the command."),
                try_instead=context.line(self.message, after, whose, "the key is under the mat"),
            )

    def _may_burn(self, connection: Connection, room: RoomID) -> bool:
        needed = self._rooms.required_power(connection, room, "redact")
        return self._rooms.power_of(connection, room, self._bot) >= needed

    # -- begin --------------------------------------------------------------------------------------------------------

    def _found(self, unit: Unit, answer: Answer) -> None:
        """The message that somebody replied to has been read: only one's own may burn."""
        context = answer.context
        if answer.room_id is None or not answer.state:
            return
        found, writer = answer.state[0], UserID(context["writer"])
        if found.get("sender") != writer or not isinstance(found.get("event_id"), str):
            self._speak(unit, answer.room_id).send(_("Only a message of your own can burn."))
            return
        wish = Wish(context["after_ms"], context["latest_ms"], Readers(context["readers"]))
        command = EventID(context["command"])
        self._begin(unit, answer.room_id, EventID(found["event_id"]), writer, wish)
        store.note_later(unit.connection, answer.room_id, command)
        unit.emit(Redact(sender=self._bot, room=answer.room_id, target=command), asker=writer)

    def _begin(self, unit: Unit, room: RoomID, event: EventID, writer: UserID, wish: Wish) -> None:
        people.person_of(unit.connection, writer, unit.now)  # who can ask to be forgotten
        others = (user for user in self._rooms.members(unit.connection, room) if user != writer)
        readers = frozenset(user for user in others if not self._is_ours(user))
        one = Burning(event, room, writer, rules.begin(wish, readers, unit.now))
        if not store.add(unit.connection, one):
            return
        receipts.watch(unit.connection, room, one.rules.burn_at)
        unit.emit(React(sender=self._bot, room=room, target=event, reaction=FIRE), asker=writer)
        self._set_alight(unit, one, one.rules)

    # -- read ---------------------------------------------------------------------------------------------------------

    def on_event(self, unit: Unit, event: Event) -> None:
        wish = rules.wish_of(event.content) if event.type == "m.room.message" else None
        edit = edit_in(event.content)
        if wish is not None and edit is None and self._may_burn(unit.connection, event.room_id):
            self._begin(unit, event.room_id, event.event_id, event.sender, wish)
            return
        if not store.is_burning_in(unit.connection, event.room_id):
            return
        edited = store.find(unit.connection, edit.event_id) if edit else None
        if edited is not None and edited.writer == event.sender:
            store.note_edit(unit.connection, edited, event.event_id)
        if event.type == "m.reaction":
            self._tapped(unit, event)
        elif event.type == "m.room.member" and event.membership in ("leave", "ban"):
            for one in store.in_room(unit.connection, event.room_id):
                self._change(unit, one, rules.went(one.rules, UserID(event.state_key or ""), unit.now))
        store.note_later(unit.connection, event.room_id, event.event_id)

    def on_receipts(self, unit: Unit, read: Receipts) -> None:
        read_with = store.read_with(unit.connection, {one.event_id for one in read.reads})
        for one in store.in_room(unit.connection, read.room_id):
            changed = one.rules
            for said in read.reads:
                if one.event_id in read_with[said.event_id]:
                    changed = rules.was_read(changed, said.user, unit.now)
            self._change(unit, one, changed)

    def _tapped(self, unit: Unit, event: Event) -> None:
        relation = event.relation
        if relation.event_id is None or plain_reaction(relation.key or "") != FIRE:
            return
        one = store.find(unit.connection, relation.event_id)
        if one is None or one.room_id != event.room_id:
            return
        if event.sender == one.writer:
            self._burn_now(unit, one)
        else:
            self._change(unit, one, rules.was_read(one.rules, event.sender, unit.now))

    def _change(self, unit: Unit, one: Burning, changed: Burn) -> None:
        if changed != one.rules:
            store.change(unit.connection, one, changed)
            self._set_alight(unit, one, changed)

    def _set_alight(self, unit: Unit, one: Burning, burn: Burn) -> None:
        context = {"event": one.event_id}
        unit.at(burn.burn_at, _BURN, key=_timer(one.event_id), lane=one.room_id, context=context)

    # -- burn ---------------------------------------------------------------------------------------------------------

    def _burn(self, unit: Unit, context: Mapping[str, Any]) -> None:
        one = store.find(unit.connection, EventID(context["event"]))
        if one is not None:
            self._burn_now(unit, one)

    def _burn_now(self, unit: Unit, one: Burning) -> None:
        unit.cancel(_timer(one.event_id))
        for event in (one.event_id, *store.edits_of(unit.connection, one.event_id)):
            unit.emit(Redact(sender=self._bot, room=one.room_id, target=event), key=f"burn:{event}", asker=one.writer)
        store.remove(unit.connection, one.event_id)
        if not store.is_burning_in(unit.connection, one.room_id):
            receipts.unwatch(unit.connection, one.room_id)

    # -- people -------------------------------------------------------------------------------------------------------

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten: what he wanted burnt burns now, for nobody would know of it later."""
        for user in people.user_ids(unit.connection, person):
            for one in store.written_by(unit.connection, user):
                self._burn_now(unit, one)

    def export(self, connection: Connection, me: PersonId) -> list[dict[str, Any]]:
        mine = [one for user in people.user_ids(connection, me) for one in store.written_by(connection, user)]
        return [{"message": one.event_id, "room": one.room_id, "burns_at": one.rules.burn_at} for one in mine]


def _timer(event: EventID) -> str:
    return f"burn:{event}"
