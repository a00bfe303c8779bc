"""What people type to pay somebody: told to them alone, with what is owed filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from appservice.bots import Argument, ArgumentError, Button, Context, Router, UserError, button
from appservice.bots.line import fold
from appservice.language import Message, _
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import Guest, User, Who
from laiwang_bridge.payments.paying import owing
from laiwang_bridge.payments.paying.owing import Owed
from laiwang_bridge.payments.paying.rules import ShareState, ShareStatus
from laiwang_bridge.payments.rails.telling import Telling
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import Till, read_who, show_who
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks

MOST_TOLD = 5
"""Debts that somebody is told about at once."""


def _read_target(text: str) -> int | Who:
    """The number of a bill, or somebody."""
    digits = fold(text).removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return int(digits)
    try:
        return read_who(text)
    except ArgumentError as error:
        raise ArgumentError(
            _("“{word}” is neither a person nor a bill. Mention the person, or write the number of the bill."),
            word=text[:30],
            suggestion="#7",
        ) from error


def _show_target(target: int | Who) -> str:
    return f"#{target}" if isinstance(target, int) else show_who(target)


Target = Annotated[
    int | Who | None,
    Argument(_("whom, or which bill"), parse=_read_target, show=_show_target, example="@ann:example.org"),
]


class HowBot:
    """`how`, and 💳 on cards, for whoever pays."""

    def __init__(self, router: Router, around: Surroundings, till: Till, telling: Telling, group: Message) -> None:
        self._around = around
        self._till = till
        self._telling = telling
        router.command("how", "怎么付", help=_("How to pay somebody, told to you alone"), group=group)(self.how)

    def how(self, context: Context, target: Target = None) -> None:
        me = who_asks(context)
        owed = self._owed_anywhere(context, target) if context.is_direct else self._owed_here(context, target)
        is_tap = context.event.type == "m.reaction"
        if not owed:
            if not is_tap:  # whoever taps out of curiosity need not be told before everybody
                context.reply(_("You owe nothing there at the moment."))
            return
        voice = context if context.is_direct else self._around.write_to(context.unit, context.sender, context.language)
        if voice is None:
            raise UserError(_("I can tell you that in a chat with me alone. Open one first."))
        for each in owed[:MOST_TOLD]:
            self._telling.tell(voice, me, each)
        if len(owed) > MOST_TOLD:
            voice.send(_("There is more; ask again when these are paid."))
        if not context.is_direct and not is_tap:
            context.agree()

    @property
    def button(self) -> Button:
        """What is below a plan to settle."""
        return button("💳", _("how to pay"), self.how)

    def buttons(self, bill: Bill, statuses: Mapping[AccountId, ShareStatus]) -> list[Button]:
        """What is below the card of a bill while somebody has to pay for it."""
        waits = any(one.state in (ShareState.OPEN, ShareState.DISPUTED) for one in statuses.values())
        return [button("💳", _("how to pay"), self.how, bill.number)] if waits else []

    def _owed_here(self, context: Context, target: int | Who | None) -> list[Owed]:
        connection = context.connection
        ledger = self._till.ledger(context)
        mine = self._till.me(context, ledger)
        if target is None and context.replied_to is None:
            return owing.in_ledger(connection, ledger, mine, context.now)
        if target is None or isinstance(target, int):
            bill = self._till.bill(context, target)
            if bill is None:
                return owing.in_ledger(connection, ledger, mine, context.now)
            return owing.for_bill(connection, bill, mine)
        return owing.to_somebody(connection, ledger, mine, self._till.account(context, ledger, target), context.now)

    def _owed_anywhere(self, context: Context, target: int | Who | None) -> list[Owed]:
        """In all rooms; a number means nothing here."""
        if isinstance(target, int):
            raise UserError(_("Bills have their numbers in their room: ask there, or mention whom you want to pay."))
        users = people.user_ids(context.connection, who_asks(context))
        found: dict[tuple[int, int], list[Owed]] = {}
        for balance in ledger_store.balances_of_user(context.connection, users):
            key = (balance.ledger, balance.account)
            if key in found or balance.minor >= 0:
                continue
            if target is None:
                found[key] = owing.in_ledger(context.connection, balance.ledger, balance.account, context.now)
                continue
            other = _find(context, balance.ledger, target)
            if other is not None:
                found[key] = owing.to_somebody(context.connection, balance.ledger, balance.account, other, context.now)
        return [owed for each in found.values() for owed in each]


def _find(context: Context, ledger: LedgerId, who: Who) -> AccountId | None:
    """The account of somebody in a ledger, where there is one."""
    match who:
        case User(user):
            return ledger_store.find_account(context.connection, ledger, user)
        case Guest(name):
            return ledger_store.find_guest(context.connection, ledger, name)
    raise UserError(_("Mention the person, or write the whole Matrix id."))
