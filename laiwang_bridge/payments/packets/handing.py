"""Red packets put into rooms, taken from and ended, and their cards, which change at most every two seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mautrix.types import RoomID, UserID

from appservice.bots import Button, Voice
from appservice.content import Rich
from appservice.effects import EffectKey
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import NewEntry, Posting
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.packets import cards, drawing, late_store, rules, settings_store, store
from laiwang_bridge.payments.packets.packet_field import field_of
from laiwang_bridge.payments.packets.rules import Kind, State
from laiwang_bridge.payments.packets.store import POINTS, Packet, PacketId, Part
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

ENTRY_KIND = "packet"
"""What the entries of red packets are called in the books: what one person took is owed to him by the sender."""

_END, _SHOW, _LATE = "packets.end", "packets.show", "packets.late"
_LATE_AFTER_MS = 3_000


class Handing:
    """`buttons` gives what can be tapped below a card, `check` how its draw is asked for. `booked` is told of a part
    that is in the books."""

    def __init__(
        self,
        around: Surroundings,
        buttons: Callable[[Packet], Sequence[Button]],
        check: Callable[[Voice, int], str],
    ) -> None:
        self._around = around
        self._buttons = buttons
        self._check = check
        self.booked: Callable[[Unit, LedgerId], None] = lambda _unit, _ledger: None

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_END, self._over)
        routes.on_timer(_SHOW, self._show_now)
        routes.on_timer(_LATE, self._tell_late)

    # -- a packet's life ----------------------------------------------------------------------------------------------

    def begun(self, unit: Unit, one: Packet) -> None:
        """A packet was put into a room: its time runs."""
        unit.at(one.ends_at, _END, key=f"packet:{one.id}", lane=one.room, context={"packet": one.id})

    def take(self, unit: Unit, one: Packet, person: PersonId, user: UserID) -> Part:
        """Give somebody the next part. He has none yet, and there is one."""
        number = one.taken + 1
        if one.kind is Kind.LUCKY:
            amount = drawing.lucky_part(bytes.fromhex(one.seed), number, one.left, one.parts_left)
        else:
            amount = drawing.equal_part(one.left, one.parts_left)
        part = Part(number, user, amount, unit.now)
        after = store.take(unit.connection, one, person, part, rules.after_part(one.parts_left - 1))
        self._book(unit, one, person, part)
        if after.state is not State.OPEN:
            self._ended(unit, after)
        self._show_in_time(unit, after)
        return part

    def end(self, unit: Unit, one: Packet, state: State) -> None:
        """What is left goes back. Nothing happens to a packet that is over already."""
        after = store.end(unit.connection, one, state, unit.now)
        if after is not None:
            self._ended(unit, after)
            self._show(unit, after)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another: what is open goes on there, on a card of its own."""
        settings_store.move(unit.connection, old, new)
        for one in store.move(unit.connection, old, new):
            voice = self.voice(unit, one)
            key = EffectKey(f"packet:{one.id}@{new}")
            shown, fields = self.card(unit, voice, one)
            sent = voice.send(shown, buttons=self._buttons(one), key=key, fields=fields)
            store.note_card(unit.connection, one.id, sent)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten: his packets end, and his name goes from all of them."""
        for one in store.open_of(unit.connection, person):
            self.end(unit, one, State.EXPIRED)
        users = people.user_ids(unit.connection, person)
        store.forget(unit.connection, users)
        for user in users:
            late_store.forget(unit.connection, user)

    def _ended(self, unit: Unit, one: Packet) -> None:
        unit.cancel(f"packet:{one.id}")
        unit.cancel(f"packet-card:{one.id}")

    def _over(self, unit: Unit, context: Mapping[str, Any]) -> None:
        one = store.find(unit.connection, PacketId(context["packet"]))
        if one is not None:
            self.end(unit, one, State.EXPIRED)

    def _book(self, unit: Unit, one: Packet, person: PersonId, part: Part) -> None:
        """The sender owes it to whoever took it; nothing is owed for points, or for what one takes of one's own."""
        assert one.user is not None
        assert part.user is not None
        if one.currency == POINTS or one.person == person:
            return
        ledger = ledger_store.open_ledger(unit.connection, one.room, self._around.currency, unit.now)
        taker = ledger_store.account_of(unit.connection, ledger, part.user, unit.now)
        sender = ledger_store.account_of(unit.connection, ledger, one.user, unit.now)
        postings = (Posting(taker, one.currency, part.amount), Posting(sender, one.currency, -part.amount))
        today = dt.datetime.fromtimestamp(unit.now / 1000, dt.UTC).date()
        key = f"packet:{one.id}/{part.number}"
        entry = NewEntry(ENTRY_KIND, key, today, postings, author=taker, note=one.title)
        ledger_store.post(unit.connection, ledger, entry, unit.now)
        self.booked(unit, ledger)

    # -- its card -----------------------------------------------------------------------------------------------------

    def card(self, unit: Unit, voice: Voice, one: Packet) -> tuple[Rich, dict[str, Any]]:
        """The card as it stands, and its fields."""
        parts = store.parts_of(unit.connection, one.id)
        guests = store.guests_of(unit.connection, one.id)
        users = {one.user, *(part.user for part in parts), *guests}
        names = self._around.names.of_users(unit.connection, sorted(user for user in users if user is not None))
        shown = cards.card(voice, one, parts, names, guests, self._check(voice, one.number))
        return shown, field_of(one, parts, guests)

    def voice(self, unit: Unit, one: Packet) -> Voice:
        """The bot that has put up the card, in its language."""
        return self._around.speak(unit, one.bot, one.room, one.language)

    def _show_in_time(self, unit: Unit, one: Packet) -> None:
        """Have the card say what has changed, together with whatever else changes in these moments."""
        when = rules.showing(one.state, one.shown_at, one.due_at, unit.now)
        if when.now:
            self._show(unit, one)
        elif when.at is not None:
            context = {"packet": one.id}
            unit.at(when.at, _SHOW, key=f"packet-card:{one.id}", lane=one.room, context=context)
            store.note_due(unit.connection, one.id, when.at)

    def _show(self, unit: Unit, one: Packet) -> None:
        voice = self.voice(unit, one)
        shown, fields = self.card(unit, voice, one)
        voice.edit(one.card, shown, buttons=self._buttons(one), fields=fields)
        store.note_shown(unit.connection, one.id, unit.now)

    def _show_now(self, unit: Unit, context: Mapping[str, Any]) -> None:
        one = store.find(unit.connection, PacketId(context["packet"]))
        if one is not None:
            self._show(unit, one)

    # -- who came too late --------------------------------------------------------------------------------------------

    def too_late(self, unit: Unit, one: Packet, user: UserID) -> None:
        """Somebody reached for a packet that is over. He is told once, together with all others of the moment."""
        if late_store.note_late(unit.connection, one.id, user) and not one.tells_late:
            store.let_tell_late(unit.connection, one.id, tells=True)
            at, context = unit.now + _LATE_AFTER_MS, {"packet": one.id}
            unit.at(at, _LATE, key=f"packet-late:{one.id}", lane=one.room, context=context)

    def _tell_late(self, unit: Unit, context: Mapping[str, Any]) -> None:
        one = store.find(unit.connection, PacketId(context["packet"]))
        late = late_store.take_late(unit.connection, one.id) if one is not None else []
        if one is None or not late:
            return
        store.let_tell_late(unit.connection, one.id, tells=False)
        voice = self.voice(unit, one)
        names = self._around.names.of_users(unit.connection, late[: cards.MOST_NAMED])
        voice.send(cards.too_late(voice, one, list(names.values()), len(late)))
