"""Asking for reminders, answering them in one's own chat, and wanting none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from appservice.bots import Argument, Button, Context, Router, UserError, button
from appservice.content import lines
from appservice.language import _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import back_off, claim_store, claims, open_shares, standing
from laiwang_bridge.payments.paying.claim_bot import GROUP, ClaimBot
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimId
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.open_shares import BillWishes, OpenShare
from laiwang_bridge.payments.paying.reminder_texts import ReminderTexts
from laiwang_bridge.payments.paying.reminders import Reminders
from laiwang_bridge.payments.paying.rules import ShareState, ShareStatus
from laiwang_bridge.payments.till import BillNumber, Till, shown
from laiwang_bridge.people.names import who_asks

REMIND = "🔔"
_LEAVE_ME_ALONE = (
    *("do not remind me", "don't remind me", "don’t remind me", "dont remind me", "stop reminding me"),
    *("别再提醒我", "别提醒我", "不要提醒我", "不用提醒我"),
)

Id = Annotated[int, Argument(_("which one"), least=1)]
OnOrOff = Annotated[
    Literal["on", "off"], Argument(_("on or off"), words={"on": ("yes", "开"), "off": ("no", "关")}, example="off")
]
What = Annotated[Literal["reminders"], Argument(_("what"), words={"reminders": ("reminder", "提醒")})]


class ReminderBot:
    """What people type about reminders."""

    def __init__(
        self, prefixes: Sequence[str], till: Till, claim_bot: ClaimBot, reminders: Reminders, texts: ReminderTexts
    ) -> None:
        self._till = till
        self._claim_bot = claim_bot
        self._reminders = reminders
        self.router = router = Router("reminders", prefixes)
        command = router.command
        command(
            "remind", "催", "提醒", help=_("Remind those who have not paid"), group=GROUP, named_in="room"
        )(self.remind)  # fmt: skip
        command("reminders", "提醒设置", help=_("Whether you are reminded"), group=GROUP)(self.reminders)
        command("no", "不再", *_LEAVE_ME_ALONE, help=_("No more reminders"), group=GROUP, listed=False)(self.no)
        command("paidfor", "付清", help=_("Say that you have paid a bill"), where="direct", listed=False)(self.paid_for)
        command("gotit", "钱到了", help=_("Say that a payment has come"), where="direct", listed=False)(self.got_it)
        command("notcome", "钱没到", help=_("Say that a payment has not come"), where="direct", listed=False)(
            self.not_come
        )
        texts.pay_button = self.pay_button
        texts.got_button = self.got_button
        texts.off = lambda voice: voice.line(self.reminders, "off")

    def buttons(self, bill: Bill, statuses: Mapping[AccountId, ShareStatus]) -> list[Button]:
        """For the card of a bill, while somebody has not paid."""
        if not any(share.state is ShareState.OPEN for share in statuses.values()):
            return []
        return [button(REMIND, _("remind"), self.remind, bill.number)]

    def remind(self, context: Context, bill: BillNumber | None = None) -> None:
        connection = context.connection
        found = self._till.bill(context, bill)
        if found is None:
            newest = bill_store.bills(connection, self._till.ledger(context), most=1)
            raise UserError(
                _("Of which bill? Reply to its card, or write its number:"),
                try_instead=context.line(self.remind, newest[0].number if newest else 1),
            )
        me = self._till.me(context, found.ledger)
        if me not in (found.author, standing.share_of(connection, found, me), *standing.creditors(connection, found)):
            raise UserError(_("You have no part in bill {number}."), number=f"#{found.number}")
        self._claim_bot.must_stand_alone(context, found)
        wishes = open_shares.wishes_for(connection, found.id)
        if not back_off.may_ask(wishes.asked_at, context.now):
            raise UserError(_("Somebody has asked for that already in the last 24 hours."))
        asked = self._reminders.ask(context.unit, found)
        if not asked:
            raise UserError(_("Nobody has to pay anything for bill {number} any more."), number=f"#{found.number}")
        open_shares.wish(connection, found.id, BillWishes(wishes.off, context.now))
        faces = self._till.cards.faces(connection, found.ledger)
        told = {one: self._reminders.whom(connection, found.ledger, one) for one in asked}
        users = [one for one in told.values() if one is not None]
        rest = [faces[one].name for one, user in told.items() if user is None]
        themselves = context.say(_("You have to tell {who} yourself: they are not here."), who=rest) if rest else ""
        if not users:
            raise UserError(_("You have to tell {who} yourself: they are not here."), who=rest)
        names = self._till.around.names
        said = context.say(
            _("I remind {who}, once and when it does not disturb."),
            who=[names.of_user(connection, user) for user in dict.fromkeys(users)],
        )
        context.reply(lines(said, themselves))

    def reminders(self, context: Context, wish: OnOrOff, bill: BillNumber | None = None) -> None:
        found = None if context.is_direct and bill is None else self._till.bill(context, bill)
        if found is None:
            who_asks(context)
            self._reminders.choose(context.unit, context.sender, off=wish == "off")
            context.reply(_("I remind you of what you owe.") if wish == "on" else _("I do not remind you any more."))
            return
        if self._till.me(context, found.ledger) != found.author:
            raise UserError(
                _("Only whoever made the bill decides that. For yourself, in all rooms:"),
                try_instead=context.line(self.reminders, wish),
            )
        known = open_shares.wishes_for(context.connection, found.id)
        open_shares.wish(context.connection, found.id, BillWishes(wish == "off", known.asked_at))
        self._reminders.bill_changed(context.unit, found)
        context.reply(
            _("Whoever has not paid bill {number} is reminded of it.") if wish == "on"
            else _("Nobody is reminded of bill {number} any more."),
            number=f"#{found.number}",
        )  # fmt: skip

    def no(self, context: Context, what: What = "reminders", bill: BillNumber | None = None) -> None:
        self.reminders(context, "off", bill)

    # -- answers in one's own chat ------------------------------------------------------------------------------------

    def paid_for(self, context: Context, id: Id) -> None:
        connection = context.connection
        try:
            bill = bill_store.find(connection, BillId(id))
        except LookupError:
            raise _not_yours() from None
        account = ledger_store.find_account(connection, bill.ledger, context.sender)
        share = None if account is None else standing.share_of(connection, bill, account)
        if share is None:
            raise _not_yours()
        try:
            outcome = claims.claim(connection, bill, share, None, context.now)
        except (claims.OwesNothing, claims.SaidForAll):
            raise UserError(_("You have said so already, or it is paid.")) from None
        self._till.tell(context.unit, outcome)
        self._said(context, outcome, bill.ledger)

    def got_it(self, context: Context, id: Id) -> None:
        claim, me = self._asked_of(context, id)
        self._answer(context, claim, lambda: claims.confirm(context.connection, claim, me, context.now))

    def not_come(self, context: Context, id: Id) -> None:
        claim, _me = self._asked_of(context, id)
        self._answer(context, claim, lambda: claims.refuse(context.connection, claim))

    def _asked_of(self, context: Context, id: int) -> tuple[Claim, AccountId]:
        """A payment that somebody can say something about, and his account. Raises `UserError`."""
        claim = claim_store.find(context.connection, ClaimId(id))
        me = None if claim is None else ledger_store.find_account(context.connection, claim.ledger, context.sender)
        if claim is None or me is None or not standing.are_one(context.connection, claim.ledger, me, claim.payee):
            raise _not_yours()
        return claim, me

    def _answer(self, context: Context, claim: Claim, act: claims.Deed) -> None:
        try:
            outcome = act()
        except claims.TooLate:
            raise UserError(_("That was decided already.")) from None
        self._till.tell(context.unit, outcome)
        self._said(context, outcome, claim.ledger)

    def _said(self, context: Context, outcome: Outcome, ledger: LedgerId) -> None:
        where = ledger_store.room_of(context.connection, ledger)
        amount = shown(outcome.minor, outcome.claims[0].currency, context.language)
        if self._till.around.rooms.membership(context.connection, where, context.sender) != "join":
            context.reply(_("{amount}: the other one is told."), amount=amount)
            return
        room = self._till.room_name(context.connection, where, [context.sender])
        context.reply(_("{amount}: I have told {room}."), amount=amount, room=room)

    def pay_button(self, reaction: str, share: OpenShare) -> Button:
        """For his own chat: he has paid a share."""
        return button(reaction, _("I paid"), self.paid_for, share.bill)

    def got_button(self, reaction: str, claim: Claim) -> Button:
        """For his own chat: it has come."""
        return button(reaction, _("it has come"), self.got_it, claim.id)

    def missing_button(self, reaction: str, claim: Claim) -> Button:
        """For his own chat: nothing came."""
        return button(reaction, _("nothing came"), self.not_come, claim.id)


def _not_yours() -> UserError:
    return UserError(_("There is nothing of yours with this number."))
