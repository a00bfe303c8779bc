"""What people type about red packets: putting one into the room, grabbing, taking back, checking the draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice import outbox
from appservice.bots import Argument, Button, Context, Router, UserError, button
from appservice.bots.buttons import plain_reaction
from appservice.bots.line import Line, fold
from appservice.content import numbered
from appservice.database import storable
from appservice.effects import EffectKey
from appservice.events import Event
from appservice.language import Language, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills.overhearing import past_aa
from laiwang_bridge.payments.packets import accounts, cards, drawing, rules, settings_store, store, wording
from laiwang_bridge.payments.packets.handing import Handing
from laiwang_bridge.payments.packets.rules import Kind, Reply, State
from laiwang_bridge.payments.packets.store import POINTS, NewPacket, Packet
from laiwang_bridge.payments.packets.terms import EXAMPLE, Reading
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import PersonId

PACKET = "🧧"
GRAB = ("grab", "抢", "抢红包", PACKET)
"""What is said for reaching for a packet. In a room where one is open it needs no prefix."""

_NAME, _HAN_NAMES = "packet", ("红包", "发红包")
_GROUP = _("Red packets")
_SEED_BITS = 8 * drawing.SEED_BYTES
_MOST_RANKED = 20
_MODERATOR = 50

What = Annotated[
    str, Argument(_("how much, how many parts, lucky or fixed, whom for, your words"), rest=True, example=EXAMPLE)
]
Number = Annotated[int, Argument(_("which packet"), least=1, example="3")]
Chosen = Annotated[
    Literal["on", "off", "money", "points"],
    Argument(
        _("on or off, money or points"),
        words={"on": ("开",), "off": ("关",), "money": ("钱",), "points": ("积分",)},
    ),
]
Most = Annotated[int, Argument(_("largest amount"), least=1, most=10**9, example="200")]


class PacketBot:
    def __init__(self, prefixes: tuple[str, ...], around: Surroundings) -> None:
        self._around = around
        self._reading = Reading(around, lambda context, what: context.line(self.packet, what))
        self.handing = Handing(around, self._buttons, lambda voice, number: voice.line(self.check, number))
        self.router = router = Router("packets", prefixes, title=_GROUP)
        router.command("packet", *_HAN_NAMES, help=_("Put a red packet into the room"), group=_GROUP, where="room")(
            self.packet
        )
        router.command(*GRAB, help=_("Take a part of a red packet"), group=_GROUP, where="room")(self.grab)
        router.command(
            "takeback", "收回红包", help=_("Take back a red packet that nobody has opened"), group=_GROUP, where="room"
        )(self.takeback)
        router.command(
            "check", "验红包", help=_("Have the draw of a red packet worked out again"), group=_GROUP, where="room"
        )(self.check)
        router.command("points", "积分", help=_("Who has how many points here"), group=_GROUP, where="room")(
            self.points
        )
        router.command(
            "packets", "红包设置", help=_("What red packets may be in this room"), group=_GROUP, where="room",
        )(self.packets)  # fmt: skip
        router.overhears(_overheard)

    def add_to(self, routes: Routes) -> None:
        self.handing.add_to(routes)
        routes.on_event("m.room.redaction", self.on_redaction)
        routes.on_event("m.reaction", self.on_reaction)

    # -- putting one in -----------------------------------------------------------------------------------------------

    def packet(self, context: Context, what: What = "") -> None:
        settings = settings_store.settings_of(context.connection, context.room)
        if not settings.allowed:
            raise UserError(_("There are to be no red packets in this room; its moderators have said so."))
        terms = self._reading.terms(context, what, settings)
        said = terms.said
        number = store.next_number(context.connection, context.room)
        new = NewPacket(
            room=context.room,
            person=who_asks(context),
            user=context.sender,
            command=context.event.event_id,
            kind=said.kind or Kind.LUCKY,
            currency=terms.code,
            total=terms.total,
            parts=terms.parts,
            title=_title(context, said.title),
            seed=f"{context.unit.random_bits('red packet', _SEED_BITS):064x}",
            made_at=context.now,
            ends_at=context.now + rules.OPEN_MS,
            bot=context.bot.user_id,
            language=context.language,
            card=EffectKey(f"packet:{context.unit.key}"),
            guests=terms.guests,
        )
        one = store.add(context.connection, new, number)
        shown, fields = self.handing.card(context.unit, context, one)
        sent = context.reply(shown, buttons=self._buttons(one), mentions=terms.guests, key=one.card, fields=fields)
        if sent != one.card:  # it takes the place of an earlier answer
            store.note_card(context.connection, one.id, sent)
        self.handing.begun(context.unit, one)

    def _buttons(self, one: Packet) -> Sequence[Button]:
        if one.state is not State.OPEN:
            return ()
        found = [button(PACKET, _("take a part"), self.grab, one.number)]
        if rules.may_withdraw(one.state, one.taken) and one.user is not None:
            found.append(button("↩️", _("take it back"), self.takeback, one.number).only_for(one.user))
        return found

    # -- taking -------------------------------------------------------------------------------------------------------

    def grab(self, context: Context, number: Number | None = None) -> None:
        tapped = context.event.type == "m.reaction"
        one = self._wanted(context, number)
        part = store.part_of(context.connection, one.id, context.sender)
        is_meant = self._is_meant(context.connection, one, context.sender)
        reply = rules.reply(
            one.state, has_one=part is not None, is_meant=is_meant, now=context.now, ends_at=one.ends_at
        )
        match reply:
            case Reply.TAKES:
                self.handing.take(context.unit, one, who_asks(context), context.sender)
                if not tapped:
                    context.agree()
            case Reply.TOO_LATE:
                self.handing.too_late(context.unit, one, context.sender)
            case Reply.HAS_ONE if not tapped and part is not None:
                shown = cards.amount(context, one.currency, part.amount)
                context.reply(_("You have had your part of “{title}”: {amount}."), title=one.title, amount=shown)
            case Reply.NOT_MEANT if not tapped:
                raise UserError(_("“{title}” is for others."), title=one.title)

    def _wanted(self, context: Context, number: int | None) -> Packet:
        """The packet of this number; without one the newest that somebody can take from, else simply the newest."""
        if number is not None:
            return self._numbered(context, number)
        for one in store.open_in(context.connection, context.room):
            has_one = store.part_of(context.connection, one.id, context.sender) is not None
            if not has_one and self._is_meant(context.connection, one, context.sender):
                return one
        return self._numbered(context, None)

    def _numbered(self, context: Context, number: int | None) -> Packet:
        if number is None:
            one = store.latest(context.connection, context.room)
        else:
            one = store.numbered(context.connection, context.room, number)
        if one is None:
            again = context.line(self.packet, EXAMPLE)
            raise UserError(_("There is no such red packet here. To put one in:"), try_instead=again)
        return one

    def _is_meant(self, connection: Connection, one: Packet, user: UserID) -> bool:
        if not one.for_some:
            return True
        person = people.find_person(connection, user)
        his = {user} if person is None else {user, *people.user_ids(connection, person)}
        return not his.isdisjoint(store.guests_of(connection, one.id))

    # -- what else can be done ----------------------------------------------------------------------------------------

    def takeback(self, context: Context, number: Number | None = None) -> None:
        one = self._numbered(context, number)
        if one.user != context.sender:
            raise UserError(_("Only whoever has sent it can take it back."))
        if one.state is not State.OPEN:
            raise UserError(_("“{title}” is over already."), title=one.title)
        if not rules.may_withdraw(one.state, one.taken):
            raise UserError(_("Somebody has a part of “{title}” already. It stays until it is over."), title=one.title)
        self.handing.end(context.unit, one, State.WITHDRAWN)
        if context.event.type != "m.reaction":
            context.agree()

    def on_redaction(self, unit: Unit, event: Event) -> None:
        """The message that put a packet in was taken away: so is the packet, if nobody has had of it."""
        redacted = event.content.get("redacts")
        if not isinstance(redacted, str):
            return
        one = store.of_command(unit.connection, event.room_id, EventID(storable(redacted)))
        if one is not None and rules.may_withdraw(one.state, one.taken):
            self.handing.end(unit, one, State.WITHDRAWN)

    def on_reaction(self, unit: Unit, event: Event) -> None:
        """A tap on a card that has no buttons any more: it came too late."""
        relation = event.relation
        if (
            relation.event_id is None
            or plain_reaction(relation.key or "") != PACKET
            or self._around.is_ours(event.sender)
        ):
            return
        card = outbox.key_of_event(unit.connection, relation.event_id)
        one = store.of_card(unit.connection, card) if card is not None else None
        if one is None or one.room != event.room_id or one.state is State.OPEN or self._around.is_ours(event.sender):
            return
        has_one = store.part_of(unit.connection, one.id, event.sender) is not None
        if not has_one and self._is_meant(unit.connection, one, event.sender):
            self.handing.too_late(unit, one, event.sender)

    def check(self, context: Context, number: Number | None = None) -> None:
        one = self._numbered(context, number)
        if one.state is State.OPEN:
            raise UserError(_("“{title}” is still open. Its seed is shown once it is over."), title=one.title)
        context.reply(cards.proof(context, one, store.parts_of(context.connection, one.id)))

    def points(self, context: Context) -> None:
        ranked = accounts.points_in(context.connection, context.room)[:_MOST_RANKED]
        if not ranked:
            again = context.line(self.packet, context.catalogue.text(_("100 points 10")))
            raise UserError(_("Nobody has any points here yet. They come out of red packets:"), try_instead=again)
        names = self._around.names.of_users(context.connection, [user for user, _points in ranked])
        rows = [f"{names[user]}: {points}" for user, points in ranked]
        context.reply(numbered(rows))

    def packets(self, context: Context, chosen: Chosen | None = None, most: Most | None = None) -> None:
        before = settings_store.settings_of(context.connection, context.room)
        if chosen is not None or most is not None:
            power = self._around.rooms.power_of(context.connection, context.room, context.sender)
            if power < _MODERATOR:
                raise UserError(_("Only moderators of this room can change what red packets there may be."))
        after = settings_store.RoomSettings(
            allowed=before.allowed if chosen not in ("on", "off") else chosen == "on",
            points=before.points if chosen not in ("money", "points") else chosen == "points",
            most=before.most if most is None else most,
        )
        if after != before:
            settings_store.choose(context.connection, context.room, after)
        unit = self._reading.usual(context, after)
        most = self._reading.most(context, unit, after)
        context.reply(_settings(after), most=cards.amount(context, POINTS if unit is None else unit.code, most))

    # -- people -------------------------------------------------------------------------------------------------------

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        self.handing.moved(unit, old, new)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
        self.handing.person_leaves(unit, person)

    def export(self, connection: Connection, person: PersonId) -> dict[str, Any]:
        """All that is kept of somebody's red packets."""
        sent, taken = accounts.sent_and_taken(connection, person)
        return {
            "sent": [
                {"room": one.room, "at": one.made_at, "title": one.title, "currency": one.currency,
                 "total": one.total, "parts": one.parts, "returned": one.returned, "state": one.state}
                for one in sent
            ],
            "taken": [
                {"room": one.room, "at": part.at, "title": one.title, "currency": one.currency, "amount": part.amount}
                for one, part in taken
            ],
        }  # fmt: skip


def _overheard(connection: Connection, room: RoomID, line: Line) -> int | None:
    """What needs no prefix: 抢 where there is a packet; 红包, and `AA packet`, with an amount and a number of parts."""
    text = fold(line.text)
    if text in GRAB:
        return 0 if store.is_any_in(connection, room) else None
    start = past_aa(line, 0)
    names = (_NAME, *_HAN_NAMES) if start else _HAN_NAMES
    said = next((wording.read(line, start + len(name)) for name in names if text.startswith(name, start)), None)
    return None if said is None or not said.amount or said.parts is None else start


def _title(context: Context, text: str) -> str:
    """The words on it, or what one says if one says nothing."""
    usual = "恭喜发财，大吉大利" if context.language is Language.ZH else "Best wishes"
    return readable(text)[: wording.LONGEST_TITLE].strip() or usual


def _settings(chosen: settings_store.RoomSettings) -> Message:
    if not chosen.allowed:
        return _("There are no red packets in this room.")
    if chosen.points:
        return _("Red packets here are of points, unless a currency is named, with {most} at most.")
    return _("Red packets here are of money that is then owed, with {most} at most; points if somebody says so.")
