"""What people type about red packets: putting one into the room, grabbing, taking back, checking the draw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Argument, Button, Context, Router, UserError, button
from appservice.bots.line import Line, fold
from appservice.content import numbered, without_reply_fallback
from appservice.database import storable
from appservice.effects import EffectKey
from appservice.events import Event
from appservice.language import Language, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments import ledger_store
from laiwang_bridge.payments.amounts import Amount, Unclear, read_amount
from laiwang_bridge.payments.money import Currency, Money, currency, decimal_text
from laiwang_bridge.payments.packets import accounts, cards, rules, settings_store, store, wording
from laiwang_bridge.payments.packets.handing import Handing
from laiwang_bridge.payments.packets.rules import Flaw, Kind, Reply, State
from laiwang_bridge.payments.packets.store import POINTS, NewPacket, Packet, PacketId
from laiwang_bridge.payments.packets.wording import PacketWording
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.wording import Habits, Mistake
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import PersonId

GRAB = ("grab", "抢", "抢红包", "🧧")
"""What is said for reaching for a packet. In a room where one is open it needs no prefix."""

_GROUP = _("Red packets")
_EXAMPLE = "100 10"
_SEED_BITS = 256
_MOST_RANKED = 20
_MODERATOR = 50

What = Annotated[
    str, Argument(_("how much, how many parts, lucky or fixed, whom for, your words"), rest=True, example=_EXAMPLE)
]
Number = Annotated[int, Argument(_("which packet"), least=1, example="3")]
Chosen = Annotated[
    Literal["on", "off", "money", "points"],
    Argument(
        _("on or off, money or points"),
        words={"on": ("开",), "off": ("关",), "money": ("钱",), "points": ("积分",)},
    ),
]
Most = Annotated[int, Argument(_("largest amount"), least=1, most=10**12, example="200")]


class PacketBot:
    """`most` is the largest amount that the admin allows, in whole units of a currency; 0 for any."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, *, most: int) -> None:
        self._around = around
        self._most = most
        self.handing = Handing(around, self._buttons, lambda voice, number: voice.line(self.check, number))
        self.router = router = Router("packets", prefixes, title=_GROUP)
        router.command(
            "packet", "红包", "发红包", help=_("Put a red packet into the room"), group=_GROUP, where="room"
        )(self.packet)
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
            power=_MODERATOR,
        )(self.packets)  # fmt: skip
        router.overhears(_is_grab)

    def add_to(self, routes: Routes) -> None:
        self.handing.add_to(routes)
        routes.on_event("m.room.redaction", self.on_redaction)

    # -- putting one in -----------------------------------------------------------------------------------------------

    def packet(self, context: Context, what: What = "") -> None:
        settings = settings_store.settings_of(context.connection, context.room)
        if not settings.allowed:
            raise UserError(_("There are to be no red packets in this room; its moderators have said so."))
        said = self._read(context, what)
        guests = self._guests(context, said)
        unit, total, parts = self._terms(context, said, settings)
        self._refuse(context, said, unit, total, parts, len(guests) or None, settings.most)
        number = store.next_number(context.connection, context.room)
        new = NewPacket(
            room=context.room,
            person=who_asks(context),
            user=context.sender,
            command=context.event.event_id,
            kind=said.kind or Kind.LUCKY,
            currency=POINTS if unit is None else unit.code,
            total=total,
            parts=parts,
            title=_title(context, said.title),
            seed=f"{context.unit.random_bits('red packet', _SEED_BITS):064x}",
            made_at=context.now,
            ends_at=context.now + rules.OPEN_MS,
            bot=context.bot.user_id,
            language=context.language,
            card=EffectKey(f"packet:{context.unit.key}"),
            guests=guests,
        )
        one = store.add(context.connection, new, number)
        content = self.handing.card(context.unit, context, one)
        sent = context.reply(content, buttons=self._buttons(one), mentions=guests, key=one.card)
        if sent != one.card:  # it takes the place of an earlier answer
            store.note_card(context.connection, one.id, sent)
        self.handing.begun(context.unit, one)

    def _read(self, context: Context, what: str) -> PacketWording:
        line = Line.of(without_reply_fallback(context.event.content))
        whole = line.text.rstrip()
        return wording.read(line, len(whole) - len(what)) if whole.endswith(what) else wording.read(Line(what))

    def _guests(self, context: Context, said: PacketWording) -> tuple[UserID, ...]:
        """Whom it is for: those mentioned, and those of this room who are called so."""
        if not said.unknown:
            return said.guests
        members = sorted(self._around.rooms.members(context.connection, context.room))
        names = self._around.names.of_users(context.connection, members)
        found = list(said.guests)
        for called in said.unknown:
            name = fold(called.removeprefix("@"))
            those = [user for user in members if name in (fold(names[user]), fold(user[1:].partition(":")[0]))]
            if len(those) != 1:
                raise UserError(_("I do not know who {name} is. Mention the person, please."), name=called)
            found += those
        return tuple(dict.fromkeys(found))

    def _terms(
        self, context: Context, said: PacketWording, settings: settings_store.RoomSettings
    ) -> tuple[Currency | None, int, int]:
        """In which currency (None: points), how much in minor units, in how many parts."""
        again = context.line(self.packet, _EXAMPLE)
        if not said.amount:
            raise UserError(_("How much is to be in it?"), try_instead=again)
        if said.parts is None:
            raise UserError(_("In how many parts?"), try_instead=self._again(context, said, parts=10))
        usual = self._currency(context)
        amount = self._amount(context, said, usual)
        if said.points or (settings.points and amount.currency is None):
            unit, scale = None, 1
        else:
            unit = amount.currency or usual
            scale = unit.scale
        minor = amount.value * scale * (said.parts if said.each else 1)
        if minor.denominator != 1:
            if unit is None:
                raise UserError(_("Points are whole numbers."), try_instead=again)
            raise UserError(
                _("{amount} has more decimals than {currency} has."), amount=said.amount, currency=unit.code
            )
        return unit, int(minor), said.parts

    def _currency(self, context: Context) -> Currency:
        ledger = ledger_store.ledger_of(context.connection, context.room)
        code = self._around.currency if ledger is None else ledger_store.settings(context.connection, ledger).currency
        return currency(code)

    def _amount(self, context: Context, said: PacketWording, usual: Currency) -> Amount:
        today = dt.datetime.fromtimestamp(context.now / 1000, dt.UTC).date()
        habits = Habits(currency=usual, today=today, sender=context.sender, language=context.language)
        read = read_amount(said.amount, habits)
        if isinstance(read, Mistake):
            raise UserError(read.message, **read.values)
        if isinstance(read, Unclear):
            one, other = (_plainly(each, usual) for each in read.readings[:2])
            raise UserError(
                _("“{amount}” may mean {one} or {other}. Which one?"),
                amount=said.amount, one=one, other=other, try_instead=self._again(context, said, amount=one),
            )  # fmt: skip
        return read

    def _refuse(
        self, context: Context, said: PacketWording, unit: Currency | None, total: int, parts: int,
        people: int | None, room_most: int | None,
    ) -> None:  # fmt: skip
        """Raises `UserError` if there can be no such packet."""
        scale = 1 if unit is None else unit.scale
        most = (min(self._most, room_most) if self._most and room_most else room_most or self._most) * scale
        code = POINTS if unit is None else unit.code

        def shown(minor: int) -> Any:
            return cards.amount(context, code, minor)

        match rules.flaw(total, parts, most=most, people=people):
            case Flaw.NO_PARTS:
                raise UserError(_("In how many parts?"), try_instead=self._again(context, said, parts=10))
            case Flaw.TOO_MANY_PARTS:
                raise UserError(
                    _("{most} parts are the most."), most=rules.MOST_PARTS,
                    try_instead=self._again(context, said, parts=rules.MOST_PARTS),
                )  # fmt: skip
            case Flaw.TOO_LITTLE:
                enough = self._again(context, said, parts=total)
                better = enough if total > 0 else context.line(self.packet, _EXAMPLE)
                raise UserError(
                    _("{amount} is not enough for {parts} parts: each has at least {least}."),
                    amount=shown(total), parts=parts, least=shown(1), try_instead=better,
                )  # fmt: skip
            case Flaw.TOO_MUCH:
                raise UserError(
                    _("{most} is the most that a red packet here may hold."), most=shown(most),
                    try_instead=self._again(context, said, amount=_machine(most, unit), each=False),
                )  # fmt: skip
            case Flaw.MORE_PARTS_THAN_PEOPLE:
                better = self._again(context, said, parts=people)
                raise UserError(_("There are more parts than people whom it is for."), try_instead=better)
            case None:
                pass

    def _again(self, context: Context, said: PacketWording, **changed: Any) -> str:
        """The same command with something said otherwise."""
        return context.line(self.packet, wording.typed(replace(said, **changed)))

    def _buttons(self, one: Packet) -> Sequence[Button]:
        if one.state is not State.OPEN:
            return ()
        found = [button("🧧", _("take a part"), self.grab, one.number)]
        if rules.may_withdraw(one.state, one.taken) and one.user is not None:
            found.append(button("↩️", _("take it back"), self.takeback, one.number).only_for(one.user))
        return found

    # -- taking -------------------------------------------------------------------------------------------------------

    def grab(self, context: Context, number: Number | None = None) -> None:
        tapped = context.event.type == "m.reaction"
        person = people.find_person(context.connection, context.sender)
        mark = people.mark_of(context.connection, context.sender)
        one = self._wanted(context, number, person, mark)
        part = store.part_of(context.connection, one.id, person, mark)
        is_meant = self._is_meant(context.connection, one.id, context.sender, person)
        reply = rules.reply(
            one.state, has_one=part is not None, is_meant=is_meant, now=context.now, ends_at=one.ends_at
        )
        match reply:
            case Reply.TAKES:
                self.handing.take(context.unit, one, who_asks(context), context.sender, mark)
                if not tapped:
                    context.agree("🧧")
            case Reply.TOO_LATE:
                self.handing.too_late(context.unit, one, context.sender)
            case Reply.HAS_ONE if not tapped and part is not None:
                shown = cards.amount(context, one.currency, part.amount)
                context.reply(_("You have had your part of “{title}”: {amount}."), title=one.title, amount=shown)
            case Reply.NOT_MEANT if not tapped:
                raise UserError(_("“{title}” is for others."), title=one.title)

    def _wanted(self, context: Context, number: int | None, person: PersonId | None, mark: str) -> Packet:
        """The packet of this number; without one the newest that somebody can take from, else simply the newest."""
        if number is not None:
            return self._numbered(context, number)
        for one in store.open_in(context.connection, context.room):
            has_one = store.part_of(context.connection, one.id, person, mark) is not None
            if not has_one and self._is_meant(context.connection, one.id, context.sender, person):
                return one
        return self._numbered(context, None)

    def _numbered(self, context: Context, number: int | None) -> Packet:
        if number is None:
            one = store.latest(context.connection, context.room)
        else:
            one = store.numbered(context.connection, context.room, number)
        if one is None:
            again = context.line(self.packet, _EXAMPLE)
            raise UserError(_("There is no such red packet here. To put one in:"), try_instead=again)
        return one

    def _is_meant(self, connection: Connection, id: PacketId, user: UserID, person: PersonId | None) -> bool:
        guests = store.guests_of(connection, id)
        his = {user} if person is None else {user, *people.user_ids(connection, person)}
        return not guests or not his.isdisjoint(guests)

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

    def check(self, context: Context, number: Number | None = None) -> None:
        one = self._numbered(context, number)
        if one.state is State.OPEN:
            raise UserError(_("“{title}” is still open. Its seed is shown once it is over."), title=one.title)
        context.reply(cards.proof(context, one, store.parts_of(context.connection, one.id)))

    def points(self, context: Context) -> None:
        ranked = accounts.points_in(context.connection, context.room)[:_MOST_RANKED]
        if not ranked:
            again = context.line(self.packet, "100 points 10")
            raise UserError(_("Nobody has any points here yet. They come out of red packets:"), try_instead=again)
        names = self._around.names.of_users(context.connection, [user for user, _points in ranked])
        rows = [f"{names[user]}: {points}" for user, points in ranked]
        context.reply(numbered(rows))

    def packets(self, context: Context, chosen: Chosen | None = None, most: Most | None = None) -> None:
        before = settings_store.settings_of(context.connection, context.room)
        after = settings_store.RoomSettings(
            allowed=before.allowed if chosen not in ("on", "off") else chosen == "on",
            points=before.points if chosen not in ("money", "points") else chosen == "points",
            most=before.most if most is None else most,
        )
        if after != before:
            settings_store.choose(context.connection, context.room, after)
        context.reply(_settings(after), most=after.most or self._most)

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


def _is_grab(connection: Connection, room: RoomID, line: Line) -> bool:
    return fold(line.text).strip(" !！~～。.") in GRAB and store.is_open_in(connection, room)


def _title(context: Context, text: str) -> str:
    """The words on it, or what one says if one says nothing."""
    usual = "恭喜发财，大吉大利" if context.language is Language.ZH else "Best wishes"
    return readable(text)[: wording.LONGEST_TITLE].strip() or usual


def _plainly(amount: Amount, usual: Currency) -> str:
    """One reading of an amount, so that it cannot be read otherwise."""
    unit = amount.currency or usual
    minor = amount.value * unit.scale
    return decimal_text(Money(int(minor), unit))


def _machine(minor: int, unit: Currency | None) -> str:
    return str(minor) if unit is None else f"{decimal_text(Money(minor, unit))} {unit.code}"


def _settings(chosen: settings_store.RoomSettings) -> Message:
    if not chosen.allowed:
        return _("There are no red packets in this room.")
    if chosen.points:
        return _("Red packets here are of points, unless a currency is named, with {most} at most.")
    return _("Red packets here are of money that is then owed, with {most} at most; points if somebody says so.")
