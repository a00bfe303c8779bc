"""From a line to a bill that can be booked, or to what has to be asked first. A question is better than wrong money."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, NoReturn

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Context, UserError
from appservice.bots.line import Line
from appservice.language import Language, Message, _
from laiwang_bridge.payments.bills.billing import Draft
from laiwang_bridge.payments.bills.dividing import NoWholeTotal, paid_of, split_of, total_of
from laiwang_bridge.payments.bills.question_store import Reading
from laiwang_bridge.payments.bills.whose import Accounts, Candidates, Room, people_in
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_settings import LedgerSettings
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import Backwards, CannotDivide, DoesNotFit, NobodyBears, Split
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.wording import (
    BillWording,
    EqualWording,
    Everybody,
    Habits,
    Mistake,
    Named,
    Question,
    Sender,
    User,
    Who,
    replaced,
)
from laiwang_bridge.payments.lines.writing import written
from laiwang_bridge.payments.money.money import Currency, Money, currency
from laiwang_bridge.payments.money.worth import units_worth_one
from laiwang_bridge.payments.surroundings import Surroundings

MOST_READINGS = 5
MOST_UNASKED = 20
"""How many people may share a bill for which nobody was named, before that is asked about."""

_NAMES_MATTER = re.compile(
    r"@\S*[-+\u2212]\d|[@＠][^\s@:]*[\u3400-\u9fff]|[和跟与與同付垫墊请請]|\b(?:with|between|among|for|and|except|without|paid|mit|zwischen"
    r"|unter|für|und|ohne|außer|bezahlt|gezahlt|avec|entre|pour|et|sans|sauf|payé\w*)\b|[&%％]"
    r"|\A[^@＠]*\Z|[@＠]\S+[\s,]+[^\W\d_@＠]",
    re.IGNORECASE,
)
"""Where it depends on who is here how a line is read: `@d-5` may be a name, and so may `with Tom`, or a word
beside one, and any word where nobody is named."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What has to be asked before anything is booked; each reading is a whole line."""

    message: Message
    values: Mapping[str, Any]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line was written, what is meant there without being said, and in which language it is answered. The
    `sender` of `room` is who is meant by me."""

    connection: Connection
    room: Room
    settings: LedgerSettings
    habits: Habits
    language: Language

    @property
    def ledger(self) -> LedgerId:
        return self.room.ledger


class Understanding:
    """Reads lines about bills for the rooms in which they stand."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def read(self, place: Place, line: Line, start: int, *, command: str, is_sure: bool = False) -> BillWording | Ask:
        """The bill that a line means, with everybody in it known. `is_sure` asks nothing that a yes would settle;
        `command` is how lines begin that can be typed here.

        Raises `UserError` for a line that can be none, with the line put right where that can be guessed.
        """
        habits = place.habits
        names = place.room.names(place.connection) if _NAMES_MATTER.search(line.text) else frozenset[str]()
        said = read_bill(line, start, habits, names)
        if isinstance(said, Mistake):
            self._refuse(said, habits, command)
        if isinstance(said, Question):
            if is_sure and len(said.readings) == 1:
                said = said.readings[0]
            else:
                return _question(said.message, {}, said.readings, habits, command)
        known = self._known(place, said, habits, command)
        if isinstance(known, Ask) or is_sure:
            return known
        return self._large(place, known, habits, command) or known

    def draft(self, place: Place, wording: BillWording, *, split: Split | None = None) -> Draft:
        """What the books are to say; `split` counts instead of what the line says of shares.

        Raises `UserError` where it does not add up, saying how much is missing, or for people who cannot share here.
        """
        accounts = Accounts(place.connection, place.room)
        split = split or split_of(wording, accounts)
        try:
            total = total_of(wording, split)
        except NoWholeTotal:
            raise UserError(_("What each pays makes no total in whole cents. Write the total instead.")) from None
        paid = paid_of(wording.payers, accounts, total)
        if sum(paid.values()) != total.minor:
            missing = total - Money(sum(paid.values()), total.currency)
            message, values = _difference(_PAID, missing, place.language)
            raise UserError(message, **values)
        date = wording.date or place.habits.today
        return Draft(wording.title, total, paid, split, date, wording.category)

    def place(
        self, context: Context, ledger: LedgerId, *, sender: UserID | None = None, unit: Currency | None = None
    ) -> Place:
        """Where a command is given. `sender` is who is meant by me, if not who gives it; `unit` is the currency that is
        meant where none is said, if not that of the room."""
        around, connection = self._around, context.connection
        settings = ledger_store.settings(connection, ledger)
        zone = around.digests.hours_of_user(connection, context.sender).zone
        habits = Habits(
            currency=unit or currency(settings.currency),
            today=datetime.fromtimestamp(context.now // 1000, zone).date(),
            sender=sender or context.sender,
            language=context.language,
            decimal_mark=settings.decimal_mark,
        )
        room = Room(around.rooms, context.room, ledger, habits.sender, around.is_ours, context.now)
        return Place(connection, room, settings, habits, context.language)

    def _known(self, place: Place, said: BillWording, habits: Habits, command: str) -> BillWording | Ask:
        """The same with everybody known who was named by a word alone."""
        room = place.room
        me = User(place.habits.sender)
        sure: dict[Who, Who] = {me: Sender()}
        for named in dict.fromkeys(who for who in people_in(said) if isinstance(who, Named)):
            found = room.candidates(place.connection, named)
            if isinstance(found, Candidates):
                readings = _with_each(said, found)
                message = _("Who is {name}? I do not go by names that anybody can give himself.")
                return _question(message, {"name": named.name}, readings, habits, command)
            sure[named] = Sender() if found == me else found
        known = replaced(said, sure)
        if isinstance(known, Mistake):
            self._refuse(known, habits, command)
        return known

    def _large(self, place: Place, said: BillWording, habits: Habits, command: str) -> Ask | None:
        """What is asked of a line that is clear, and yet may be a slip."""
        if abs(said.amount) >= self.limit(place.settings, said.amount.currency):
            return _sure(
                _("That is a lot: {amount}. Is it right?"),
                {"amount": said.amount.text(place.language.value)}, said, habits, command,
            )  # fmt: skip
        count = len(place.room.members(place.connection))
        if count > MOST_UNASKED and said.shares == EqualWording((Everybody(),)):
            return _sure(_("Is that for all {count} people of this room?"), {"count": count}, said, habits, command)
        return None

    def limit(self, settings: LedgerSettings, unit: Currency) -> Money:
        """From which amount on a bill in this currency is asked about, where the room has these settings."""
        if settings.ask_from is not None and settings.currency == unit.code:
            return Money(settings.ask_from, unit)
        return Money(int(self._around.ask_from * units_worth_one(unit.code) * unit.scale), unit)

    def _refuse(self, mistake: Mistake, habits: Habits, command: str) -> NoReturn:
        better = mistake.suggestion
        line = f"{command} {written(better, habits)}" if better is not None else None
        language = habits.language.value
        values = {
            name: each.text(language) if isinstance(each, Money) else each for name, each in mistake.values.items()
        }
        raise UserError(mistake.message, try_instead=line, **values)


_PAID = (
    _("{missing} of the total was paid by nobody."),
    _("{missing} more was paid than the total."),
)
_BORNE = (
    _("The shares do not add up: {missing} is left, with nobody to bear it. `@name=rest` takes what is left."),
    _("The shares do not add up: they are {missing} more than the total."),
)


def unfit(problem: CannotDivide, total: Money, language: Language, names: Mapping[Any, Any]) -> UserError:
    """What to say of a split that does not fit a total."""
    match problem:
        case DoesNotFit() if problem.percent is not None:
            left = problem.percent
            said = _("The percentages make {sum} %, not 100 %: {left} % is left.") if left > 0 else _(
                "The percentages make {sum} %, not 100 %: {left} % too much."
            )  # fmt: skip
            return UserError(said, sum=_percent(100 - left), left=_percent(abs(left)))
        case DoesNotFit():
            message, values = _difference(_BORNE, Money(problem.missing, total.currency), language)
            return UserError(message, **values)
        case Backwards():
            return UserError(_("{who} would get money from this bill. Make the difference smaller."),
                         who=names[problem.account])  # fmt: skip
        case NobodyBears() if problem.title is not None:
            return UserError(_("Nobody had “{title}”. Write who: `{title} 12 @name`."), title=problem.title)
    return UserError(_("Nobody is left to bear it."))


def perhaps_no_bill(place: Place, said: BillWording) -> Ask:
    """What is asked of `AA 60 pizza` in a room that had no bill yet."""
    values = {"amount": said.amount.text(place.language.value), "title": said.title}
    message = _(
        "Is that a bill for all of this room: {title}, {amount}? If that is another currency, write it with the number."
    )
    return _sure(message, values, said, place.habits, "")


def _question(
    message: Message, values: Mapping[str, Any], readings: Iterable[BillWording], habits: Habits, command: str
) -> Ask:
    lines = dict.fromkeys(written(one, habits) for one in readings)
    found = tuple(Reading(line, f"AA {line}") for line in list(lines)[:MOST_READINGS])
    return Ask(message, values, found)


def _sure(message: Message, values: Mapping[str, Any], said: BillWording, habits: Habits, command: str) -> Ask:
    line = written(said, habits)
    return Ask(message, values, (Reading(line, f"AA {line}", is_sure=True),))


def _with_each(said: BillWording, candidates: Candidates) -> list[BillWording]:
    """The line with each person whom a name may mean."""
    lines = (replaced(said, {candidates.named: who}) for who in candidates.people)
    return [line for line in lines if not isinstance(line, Mistake)]


def _difference(
    sentences: tuple[Message, Message], missing: Money, language: Language
) -> tuple[Message, dict[str, str]]:
    """The sentence for what is missing, or for what is too much."""
    message = sentences[0] if missing.minor > 0 else sentences[1]
    return message, {"missing": abs(missing).text(language.value)}


def _percent(part: Fraction) -> str:
    hundredths = round(part * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")
