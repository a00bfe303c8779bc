"""What changes a bill: `edit`, another wording of its message, `void`; asked about first if money was paid for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Argument, Context, Router, UserError
from appservice.bots.line import Line, fold
from appservice.content import bullets, code, lines
from appservice.language import _
from laiwang_bridge.payments.bills import billing
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.billing import Draft, draft_of
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.differences import differences
from laiwang_bridge.payments.bills.entering import Entering, Said, line_of, said_in
from laiwang_bridge.payments.bills.question_store import Reading
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.bills.understanding import Ask, Understanding, unfit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind
from laiwang_bridge.payments.ledger.splitting import AccountId, CannotDivide
from laiwang_bridge.payments.lines.wording import EqualWording, Everybody, Sender
from laiwang_bridge.payments.money.money import Money, decimal_text
from laiwang_bridge.payments.paying import standing
from laiwang_bridge.payments.till import BillNumber, Till


class Aspect(StrEnum):
    """What of a bill is changed. LINE: what a whole line says. MESSAGE: the same where the line is all that counts."""

    AMOUNT = "amount"
    TITLE = "title"
    PEOPLE = "people"
    PAYER = "payer"
    DATE = "date"
    CATEGORY = "category"
    LINE = "line"
    MESSAGE = "message"
    VOID = "void"


_WORDS = {
    Aspect.AMOUNT: ("amount", "total", "金额", "总额"),
    Aspect.TITLE: ("title", "name", "名称", "标题"),
    Aspect.PEOPLE: ("people", "with", "split", "参与", "人员", "分摊"),
    Aspect.PAYER: ("payer", "paid", "payers", "付款人", "付款"),
    Aspect.DATE: ("date", "on", "日期"),
    Aspect.CATEGORY: ("category", "类别"),
}
_ASPECTS = {fold(word): aspect for aspect, names in _WORDS.items() for word in names}
_PAID_ALREADY = _(
    "{amount} was paid for bill {number} already. It stays paid, and what is too much becomes a credit. Go on?"
)
_USUAL_PAYERS = ((Sender(), None),)
_USUAL_SHARES = EqualWording((Everybody(),))


What = Annotated[str, Argument(_("what is different"), rest=True, example="amount 130", chinese="金额 130")]


class Changing:
    """Changes bills. What was paid for a bill stays paid: whoever has given too much has it back as a credit.

    Those in `voided` are told of a bill that somebody has just made void.
    """

    def __init__(
        self,
        router: Router,
        till: Till,
        understanding: Understanding,
        rights: Rights,
        cards: Cards,
        entering: Entering,
    ) -> None:
        self._till = till
        self._understanding = understanding
        self._rights = rights
        self._cards = cards
        self._entering = entering
        self.voided: list[Callable[[Context, Bill], None]] = []
        entering.change = self.change
        group = _("Shared bills")
        router.command("edit", "改", "修改", help=_("Change a bill"), group=group)(self.edit)
        router.command("void", "作废", "delete", "删除", help=_("Have a bill count no more"), group=group)(self.void)
        router.command("restore", "恢复", help=_("Have a void bill count again"), group=group)(self.restore)

    def edit(self, context: Context, number: BillNumber, what: What) -> None:
        bill = self.bill(context, number)
        line, start = line_of(context, what)
        self.change(context, bill, said_in(context, line, start))

    def void(self, context: Context, number: BillNumber | None = None) -> None:
        bill = self.bill(context, number)
        self.change(context, bill, replace(said_in(context, Line(""), 0), aspect=Aspect.VOID))

    def restore(self, context: Context, number: BillNumber | None = None) -> None:
        bill = self.bill(context, number)
        me = self._till.me(context, bill.ledger)
        self._rights.must_change(context, bill, me)
        restored = billing.restore(context.connection, bill, me, context.event.event_id, context.now)
        if restored is None:
            raise UserError(_("Bill {number} counts anyway."), number=f"#{bill.number}")
        self._cards.update(context.unit, restored)
        context.agree()

    def bill(self, context: Context, number: int | None) -> Bill:
        """The bill of this number, or to which the message replies. Raises `UserError` if that is none."""
        found = self._till.bill(context, number)
        if found is None:
            raise UserError(_("Which bill? Write its number, or reply to its card."))
        return found

    def change(self, context: Context, bill: Bill, said: Said) -> None:
        """Have a bill say what a line says, or ask first."""
        me = self._till.me(context, bill.ledger)
        self._rights.must_change(context, bill, me)
        if said.aspect == Aspect.VOID:
            self._void(context, bill, me, said)
            return
        if bill.is_void:
            raise UserError(
                _("Bill {number} is void. Bring it back first:"),
                number=f"#{bill.number}",
                try_instead=context.line(self.restore, bill.number),
            )
        said = said if said.aspect else _with_aspect(said, bill)
        wanted = self._wanted(context, bill, said)
        if isinstance(wanted, Ask):
            self._entering.ask(context, said, wanted, bill)
            return
        if self._asks(context, bill, said, wanted):
            return
        try:
            key = context.event.event_id
            changed = billing.change(context.connection, bill, wanted, me, key, context.now)
        except CannotDivide as problem:
            names = self._entering.names(context.connection, bill.ledger)
            raise unfit(problem, wanted.total, context.language, names) from problem
        if changed is not None:
            self._entering.settle_question(context, said)
            self.tell(context, bill, changed)

    def tell(self, context: Context, before: Bill, now: Bill) -> None:
        """Say what has become different, and show it on the card."""
        faces = self._cards.faces(context.connection, now.ledger)
        changes = differences(before.content, now.content, faces, context.catalogue)
        self._cards.update(context.unit, now)
        if not changes:
            context.reply(_("That changes nothing."))
            return
        number = f"#{now.number}"
        if len(changes) == 1:
            context.reply(_("Bill {number}: {changes}."), number=number, changes=changes)
        else:
            context.reply(lines(context.say(_("Bill {number} is different now:"), number=number), bullets(changes)))

    # -- what is wanted ---------------------------------------------------------------------------------------------

    def _wanted(self, context: Context, bill: Bill, said: Said) -> Draft | Ask:
        """What the bill is to say."""
        old = draft_of(bill.content)
        rest = said.line.typed(said.start)
        if said.aspect == Aspect.TITLE:
            return replace(old, title=rest.strip(" \"“”'"))
        if said.aspect == Aspect.CATEGORY:
            return replace(old, category=rest.strip().removeprefix("#") or None)
        author = self._author(context.connection, bill, context.sender)
        unit = bill.content.total.currency
        place = self._understanding.place(context, bill.ledger, sender=author, unit=unit)
        command = context.line(self.edit, bill.number, "…").removesuffix("…").strip()
        wording = self._understanding.read(place, said.line, said.start, command=command, is_sure=said.is_sure)
        if isinstance(wording, Ask):
            return wording
        match said.aspect:
            case Aspect.AMOUNT:
                return replace(old, total=wording.amount, paid=_paid(bill, wording.amount))
            case Aspect.DATE:
                return replace(old, date=wording.date or old.date)
        keeps_shares = said.aspect in (Aspect.LINE, Aspect.PAYER) and wording.shares == _USUAL_SHARES
        new = self._understanding.draft(place, wording, split=old.split if keeps_shares else None)
        if said.aspect == Aspect.PEOPLE:
            return replace(old, split=new.split)
        if said.aspect == Aspect.PAYER:
            return replace(old, paid=new.paid)
        keeps_payers = said.aspect == Aspect.LINE and wording.payers == _USUAL_PAYERS
        return Draft(
            title=new.title or old.title,
            total=new.total,
            paid=_paid(bill, new.total) if keeps_payers else new.paid,
            split=new.split,
            date=old.date if wording.date is None else new.date,
            category=new.category or old.category,
        )

    def _author(self, connection: Connection, bill: Bill, otherwise: UserID) -> UserID:
        account = ledger_store.accounts(connection, bill.ledger)[bill.author]
        return UserID(account.name) if account.kind is AccountKind.USER else otherwise

    # -- void -------------------------------------------------------------------------------------------------------

    def _void(self, context: Context, bill: Bill, me: AccountId, said: Said) -> None:
        if bill.is_void:
            raise UserError(_("Bill {number} is void already."), number=f"#{bill.number}")
        if self._asks(context, bill, said, None):
            return
        key = f"{context.event.event_id}/void"
        changed = billing.void(context.connection, bill, me, key, context.now)
        assert changed is not None
        self._cards.update(context.unit, changed)
        self._entering.settle_question(context, said)
        said_so = context.say(
            _("Bill {number} does not count any more. {line} brings it back."),
            number=f"#{bill.number}",
            line=code(context.line(self.restore, bill.number)),
        )
        too_much = sum(one.over for one in standing.statuses(context.connection, changed).values())
        owed_back = context.say(
            _("{amount} that was paid for it is owed back now: the balance has it."),
            amount=Money(too_much, bill.content.total.currency).text(context.language.value),
        )
        context.reply(lines(said_so, owed_back if too_much else ""))
        for listener in self.voided:
            listener(context, changed)

    def _asks(self, context: Context, bill: Bill, said: Said, wanted: Draft | None) -> bool:
        """Whether it has to be asked first, because money was paid for what the bill says now."""
        old = draft_of(bill.content)
        same = wanted is not None and (wanted.total, wanted.paid, wanted.split) == (old.total, old.paid, old.split)
        paid = sum(one.paid for one in standing.statuses(context.connection, bill).values())
        if said.is_sure or same or not paid:
            return False
        amount = Money(paid, old.total.currency).text(context.language.value)
        line = said.line.typed(said.start)
        question = Ask(_PAID_ALREADY, {"amount": amount, "number": f"#{bill.number}"}, (Reading(line, line, True),))
        self._entering.ask(context, said, question, bill)
        return True


def _with_aspect(said: Said, bill: Bill) -> Said:
    """The same with what it is about: by its first word, or else a line."""
    words: Sequence[str] = said.line.typed(said.start).split(None, 1)
    aspect = _ASPECTS.get(fold(words[0])) if words else None
    if aspect is None or len(words) < 2:
        return replace(said, aspect=Aspect.LINE)
    total = bill.content.total
    amount = f"{decimal_text(abs(total))} {total.currency.code}"
    rest = words[1]
    line = {
        Aspect.PEOPLE: f"{amount} {rest}",
        Aspect.PAYER: f"{amount} paid by {rest.removeprefix('by ')}",
        Aspect.DATE: f"{amount} on {rest}",
    }.get(aspect, rest)
    return replace(said, line=Line(line), start=0, aspect=aspect)


def _paid(bill: Bill, total: Money) -> dict[AccountId, int]:
    """Who has paid another total: whoever has paid this one."""
    payers = [account for account, minor in bill.content.paid.items() if minor]
    if len(payers) == 1:
        return {payers[0]: total.minor}
    if total == bill.content.total:
        return dict(bill.content.paid)
    raise UserError(
        _("Several have paid this bill. Say who paid how much: `{line}`"),
        line=f"edit #{bill.number} {decimal_text(total)} paid by @ann=…, @bo=…",
    )
