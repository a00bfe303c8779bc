"""How a line becomes a bill: read, asked about where it is not clear, booked, and shown on a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from mautrix.types import EventID, RoomID
from sqlalchemy import Connection

from appservice import outbox
from appservice.bots import Argument, Button, Context, Router, UserError, button
from appservice.bots.line import Line
from appservice.content import code, literal, without_reply_fallback
from appservice.effects import EffectKey
from appservice.language import Language, _
from laiwang_bridge.payments.bills import bill_store, billing, question_store
from laiwang_bridge.payments.bills.bill_store import Bill, NewBill
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.overhearing import (
    begins_like_a_bill,
    has_amount,
    is_a_bill,
    is_clearly_meant,
    past_aa,
)
from laiwang_bridge.payments.bills.question_store import Asked
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.bills.understanding import Ask, Place, Understanding, perhaps_no_bill, unfit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId, CannotDivide
from laiwang_bridge.payments.lines.recurrence import Repeat
from laiwang_bridge.payments.lines.wording import (
    BillWording,
    Sender,
)
from laiwang_bridge.payments.money.money import currency
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people.mail import is_here
from laiwang_bridge.people.names import who_asks

KEYCAPS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣")
ADD = ("add", "记", "记一笔", "aa")
_EXAMPLE, _CHINESE = "120 dinner @ann @bo", "120 聚餐 @小安 @小博"

BillText = Annotated[str, Argument(_("amount, what for, with whom"), rest=True, example=_EXAMPLE, chinese=_CHINESE)]
QuestionNumber = Annotated[int, Argument(_("which question"), least=1)]
Which = Annotated[int, Argument(_("which answer"), least=1, most=len(KEYCAPS))]


@dataclass(frozen=True, slots=True)
class Said:
    """A line about a bill and what belongs to it.

    `event` is the message in which it stands first, `receipt` one that may be a picture, `question` our own message
    that asked about it, `aspect` what of a bill it changes, where that has been found out already.
    """

    line: Line
    start: int
    event: EventID
    thread: EventID | None = None
    receipt: EventID | None = None
    question: EffectKey | None = None
    is_sure: bool = False
    aspect: str | None = None


Repeats = Callable[[Context, Bill, Repeat], None]
"""Told of a bill that is to come again."""
Booked = Callable[[Context, Bill, Said], None]
"""Told of a bill that has just been added."""


class Entering:
    """Adds bills. `change` is told of an answer that changes a bill, one of `answers` of one to a question about
    something else: they are known by its aspect."""

    def __init__(self, router: Router, till: Till, understanding: Understanding, rights: Rights, cards: Cards) -> None:
        self._till = till
        self._understanding = understanding
        self._rights = rights
        self._cards = cards
        self.change: Callable[[Context, Bill, Said], None] = lambda context, bill, said: None
        self.repeats: list[Repeats] = []
        self.booked: list[Booked] = []
        self.answers: dict[str, Callable[[Context, Asked], None]] = {}
        group = _("Shared bills")
        router.command(*ADD, help=_("Share a bill"), group=group, default=True, bare=begins_like_a_bill)(self.add)
        router.command("choose", "选", help=_("Answer a question about a bill"), group=group, listed=False)(self.choose)
        router.command("dismiss", "不记", help=_("Let a question about a bill be"), group=group, listed=False)(
            self.dismiss
        )
        router.overhears(self._is_bill)

    def add(self, context: Context, text: BillText = "") -> None:
        if not text:
            raise UserError(
                _("Write the amount, what it was for and who took part. Without names it is for all of this room."),
                try_instead=self.example(context),
            )
        line, start = line_of(context, text)
        self.enter(context, said_in(context, line, past_aa(line, start)))

    def example(self, context: Context) -> str:
        """A bill as it may be typed here."""
        return context.line(self.add, _CHINESE if context.language is Language.ZH else _EXAMPLE)

    def enter(self, context: Context, said: Said) -> None:
        """Book a line that stands in a room, or ask what it means. The same event makes one bill."""
        if bill_store.find_event(context.connection, said.event) is not None:
            return
        who_asks(context)
        place = self._understanding.place(context, self._till.open_ledger(context))
        self._rights.must_add(context, place.settings)
        wording = self._understanding.read(
            place, said.line, said.start, command=context.line(self.add), is_sure=said.is_sure
        )
        if isinstance(wording, Ask):
            self.ask(context, said, wording)
            return
        if self._is_to_be_asked(context, place, said, wording):
            self.ask(context, said, perhaps_no_bill(place, wording))
            return
        draft = self._understanding.draft(place, wording)
        me = place.room.account(context.connection, Sender())
        new = NewBill(me, said.event, context.bot.user_id, context.language, said.thread)
        try:
            bill = billing.add(context.connection, place.ledger, draft, new, said.event, context.now)
        except CannotDivide as problem:
            raise unfit(
                problem, draft.total, context.language, self.names(context.connection, place.ledger)
            ) from problem
        if bill is None:
            return
        self.settle_question(context, said)
        self._cards.answer(context, bill)
        if wording.repeat is not None:
            for listener in self.repeats:
                listener(context, bill, wording.repeat)
        for told in self.booked:
            told(context, bill, said)

    # -- questions --------------------------------------------------------------------------------------------------

    def ask(self, context: Context, said: Said, ask: Ask, bill: Bill | None = None) -> None:
        """Ask whoever wrote a line what it means."""
        if not ask.readings:
            raise UserError(ask.message, **ask.values)
        number = question_store.ask(
            context.connection,
            context.room,
            context.sender,
            said.event,
            ask.readings,
            context.now,
            bill=bill.number if bill else None,
            aspect=said.aspect,
            thread=said.thread,
            receipt=said.receipt,
        )
        buttons = self._answers(context, number, ask)
        if said.question is not None:
            context.edit(said.question, ask.message, buttons=buttons, **ask.values)
            key = said.question
        else:
            key = context.reply(ask.message, buttons=buttons, **ask.values)
        question_store.note_question_card(context.connection, number, key)

    def choose(self, context: Context, question: QuestionNumber, which: Which) -> None:
        asked = self._asked(context, question)
        if which > len(asked.readings):
            raise UserError(
                _("There are {count} answers to that."),
                count=len(asked.readings),
                try_instead=context.line(self.choose, question, 1),
            )
        reading = asked.readings[which - 1]
        question_store.close_question(context.connection, question)
        if asked.aspect in self.answers:
            self.answers[asked.aspect](context, asked)
            return
        said = Said(
            line=Line(reading.line),
            start=0,
            event=asked.event,
            thread=asked.thread,
            receipt=asked.receipt,
            question=asked.card,
            is_sure=reading.is_sure,
            aspect=asked.aspect,
        )
        if asked.bill is None:
            self.enter(context, said)
            return
        bill = self._till.bill(context, asked.bill)
        if bill is not None:
            self.change(context, bill, said)

    def dismiss(self, context: Context, question: QuestionNumber) -> None:
        asked = self._asked(context, question)
        question_store.close_question(context.connection, question)
        said = _("All right, nothing is booked.") if asked.bill is None else _("All right, it stays as it is.")
        if asked.card is not None:
            context.edit(asked.card, said)
        else:
            context.reply(said)

    def settle_question(self, context: Context, said: Said) -> None:
        """A question has been answered: our message shows what was meant, and no buttons any more."""
        if said.question is not None:
            line = said.line.typed(said.start)
            context.edit(said.question, _("Understood: {line}") if line else _("Understood."), line=code(line))

    def _asked(self, context: Context, question: int) -> Asked:
        asked = question_store.find_question(context.connection, question)
        if asked is None or (asked.room, asked.asker) != (context.room, context.sender):
            self._till.must_be_newest(context)
            raise UserError(_("There is no such question for you here any more."))
        return asked if is_here(context, asked.card) else replace(asked, card=None)

    def _answers(self, context: Context, number: int, ask: Ask) -> Sequence[Button]:
        if len(ask.readings) == 1 and ask.readings[0].is_sure:
            found = [button("✅", _("Yes"), self.choose, number, 1), button("❌", _("No"), self.dismiss, number)]
        else:
            found = [
                button(keycap, literal(reading.label), self.choose, number, position)
                for position, (keycap, reading) in enumerate(zip(KEYCAPS, ask.readings, strict=False), 1)
            ]
            found.append(button("❌", _("Neither"), self.dismiss, number))
        return [one.only_for(context.sender) for one in found]

    # -- small things -----------------------------------------------------------------------------------------------

    def names(self, connection: Connection, ledger: LedgerId) -> dict[AccountId, str]:
        return {account: face.name for account, face in self._cards.faces(connection, ledger).items()}

    def _is_bill(self, connection: Connection, room: RoomID, line: Line) -> int | None:
        """Where a line begins that calls nobody and is a bill, or may be one: `AA 120 tea @ann`, not `AA batteries`."""
        start = past_aa(line, 0)
        if start == 0 or not has_amount(line, start):
            return None
        ledger = ledger_store.ledger_of(connection, room)
        code = ledger_store.settings(connection, ledger).currency if ledger is not None else self._till.around.currency
        return 0 if is_a_bill(line, start, currency(code)) else None

    def _is_to_be_asked(self, context: Context, place: Place, said: Said, wording: BillWording) -> bool:
        """Whether `AA 60 pizza` has to be asked about: where nothing was ever booked, it may be no bill, or in another
        currency."""
        begin = past_aa(said.line, 0)
        if said.is_sure or context.is_direct or begin == 0 or begin != said.start:
            return False
        is_new = place.settings.currency == self._till.around.currency and not bill_store.count(
            context.connection, place.ledger
        )
        return is_new and not is_clearly_meant(wording, said.line)


def line_of(context: Context, text: str) -> tuple[Line, int]:
    """The line whose end `text` is, with the people mentioned in it; a line of its own for a tap."""
    line = Line.of(without_reply_fallback(context.event.content))
    whole = line.text.rstrip()
    return (line, len(whole) - len(text)) if whole.endswith(text) else (Line(text), 0)


def said_in(context: Context, line: Line, start: int) -> Said:
    """A line with what belongs to the message in which it stands."""
    event = context.event
    relation = event.relation
    thread = relation.event_id if relation.kind == "m.thread" else None
    is_picture = event.content.get("msgtype") in ("m.image", "m.file")
    receipt = event.event_id if is_picture else context.replied_to
    if receipt is not None and outbox.key_of_event(context.connection, receipt) is not None:
        receipt = None  # a message of ours
    return Said(line, start, event.event_id, thread, receipt)
