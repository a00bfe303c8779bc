"""From the line that somebody typed to the terms of a red packet, or to what is wrong with it and how to mend it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mautrix.types import UserID

from appservice.bots import Context, UserError
from appservice.bots.line import Line, fold
from appservice.content import without_reply_fallback
from appservice.language import _
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.lines.amounts import Amount, Unclear, read_amount
from laiwang_bridge.payments.lines.wording import Habits, Mistake
from laiwang_bridge.payments.money.money import Currency, Money, currency, decimal_text
from laiwang_bridge.payments.money.worth import whole_units
from laiwang_bridge.payments.packets import cards, rules, wording
from laiwang_bridge.payments.packets.rules import Flaw
from laiwang_bridge.payments.packets.settings_store import RoomSettings
from laiwang_bridge.payments.packets.store import POINTS
from laiwang_bridge.payments.packets.wording import PacketWording
from laiwang_bridge.payments.surroundings import Surroundings

EXAMPLE = "100 10"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a packet is to be: `total` minor units of `currency` (None: points) in `parts`, for `guests` or for all."""

    said: PacketWording
    currency: Currency | None
    total: int
    parts: int
    guests: tuple[UserID, ...]

    @property
    def code(self) -> str:
        return POINTS if self.currency is None else self.currency.code


class Reading:
    """Reads such lines. `command` makes the whole command of a line."""

    def __init__(self, around: Surroundings, command: Callable[[Context, str], str]) -> None:
        self._around = around
        self._command = command

    def most(self, context: Context, unit: Currency | None, settings: RoomSettings) -> int:
        """The largest amount of a packet of this currency (None: of points) that there may be, in minor units.

        The admin says it in his currency and the room in its own, each for points as well; of others it is about as
        much as that is worth.
        """
        said = [(self._around.packet_most, self._around.currency)]
        if settings.most:
            said.append((settings.most, self._currency(context).code))
        if unit is None:
            return min(many for many, _code in said)
        return min(whole_units(many, code, unit.code) for many, code in said) * unit.scale

    def usual(self, context: Context, settings: RoomSettings) -> Currency | None:
        """What a packet is of if nobody says it; None for points."""
        return None if settings.points else self._currency(context)

    def terms(self, context: Context, what: str, settings: RoomSettings) -> Terms:
        """The terms that a line sets. Raises `UserError` if it cannot be."""
        said = self._read(context, what)
        guests = self._guests(context, said)
        unit, total, parts = self._terms(context, said, settings)
        terms = Terms(said, unit, total, parts, guests)
        self._refuse(context, terms, self.most(context, unit, settings))
        return terms

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

    def _terms(self, context: Context, said: PacketWording, settings: RoomSettings) -> tuple[Currency | None, int, int]:
        """In which currency (None: points), how much in minor units, in how many parts."""
        again = self._command(context, EXAMPLE)
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
            readings = [_plainly(each, None if said.points else each.currency or usual) for each in read.readings]
            raise UserError(
                _("“{amount}” is not clear: {readings}? Please write it so:"),
                amount=said.amount, readings=readings, try_instead=self._again(context, said, amount=readings[0]),
            )  # fmt: skip
        return read

    def _refuse(self, context: Context, terms: Terms, most: int) -> None:
        """Raises `UserError` if there can be no such packet."""
        said, unit, total, parts = terms.said, terms.currency, terms.total, terms.parts
        people = len(terms.guests) or None

        def shown(minor: int) -> Any:
            return cards.amount(context, terms.code, minor)

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
                better = enough if total > 0 else self._command(context, EXAMPLE)
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
        return self._command(context, wording.typed(replace(said, **changed), context.language))


def _plainly(amount: Amount, unit: Currency | None) -> str:
    """One reading of an amount, so that it cannot be read otherwise."""
    return _machine(int(amount.value * (1 if unit is None else unit.scale)), unit)


def _machine(minor: int, unit: Currency | None) -> str:
    return str(minor) if unit is None else f"{decimal_text(Money(minor, unit))} {unit.code}"
