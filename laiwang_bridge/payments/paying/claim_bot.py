"""What people tap and type about one bill's payments: paid, received, wrong, and how each is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from mautrix.types import UserID

from appservice.bots import Argument, Button, Context, Router, UserError, Voice, button
from appservice.content import code, lines
from appservice.language import _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import Who
from laiwang_bridge.payments.paying import claim_store, claims, open_shares, receiving, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.rules import ClaimState, ShareStatus
from laiwang_bridge.payments.till import BillNumber, HowMuch, MarkedBillNumber, Till, Whom, shown

PAID, RECEIVED, WRONG = "✅", "👍", "❌"
GROUP = _("Paying")

_SAID_ALREADY = _("You have said so already. Now whoever gets the money has to confirm it.")
_IS_VOID = _("Bill {number} is void: nobody owes anything for it.")
_NO_PART = _("You have no part in bill {number}.")
Reason = Annotated[str, Argument(_("what is wrong"), rest=True, most=300, example="I had no wine", chinese="我没喝酒")]


class ClaimBot:
    """Claims about bills. `pay` is what `paid @ben 20` means, where it is for no bill, `balance` how that is typed."""

    def __init__(self, prefixes: Sequence[str], till: Till) -> None:
        self._till = till
        self._rights = Rights(till.around.rooms)
        self.pay: Callable[[Context, Who, str], None] = lambda _context, _whom, _amount: None
        self.balance: Callable[[Voice], str] = lambda _voice: ""
        self.router = router = Router("claims", prefixes)
        command = router.command
        command(
            "paid", "已付", "已付款", "付了", help=_("Say that you have paid your share"), group=GROUP, named_in="room"
        )(self.paid)  # fmt: skip
        command("unpaid", "没付", "还没付", help=_("Take back that you have paid"), group=GROUP, named_in="room")(
            self.unpaid
        )
        command(
            "received", "收到", "收到了", help=_("Say that you have got the money"), group=GROUP, named_in="room"
        )(self.received)  # fmt: skip
        command(
            "unreceived", "撤销收到", help=_("Take back that you have got the money"), group=GROUP, named_in="room"
        )(self.unreceived)  # fmt: skip
        command(
            "missing", "没收到", "未收到", help=_("Say that the money has not come"), group=GROUP, named_in="room"
        )(self.missing)  # fmt: skip
        command("dispute", "异议", "有误", help=_("Say that a bill is wrong"), group=GROUP, named_in="room")(
            self.dispute
        )
        command(
            "accept", "没异议", "认可", help=_("Take back that a bill is wrong"), group=GROUP, named_in="room"
        )(self.accept)  # fmt: skip

    def buttons(self, bill: Bill, statuses: Mapping[AccountId, ShareStatus]) -> list[Button]:
        """For the card of a bill. A tap taken back takes back what it said."""
        number = bill.number
        wrong = button(WRONG, _("that is wrong"), self.dispute, number).undone_by(self.accept, number)
        if not any(share.owed for share in statuses.values()):
            return [wrong]
        return [
            button(PAID, _("I paid"), self.paid, number).undone_by(self.unpaid, number),
            button(RECEIVED, _("received"), self.received, number).undone_by(self.unreceived, number),
            wrong,
        ]

    # -- whoever owes ---------------------------------------------------------------------------------------------

    def paid(
        self, context: Context, bill: MarkedBillNumber | None = None, whom: Whom | None = None, amount: HowMuch = ""
    ) -> None:  # fmt: skip
        named = self._till.bill(context, bill)
        payee = None if whom is None or named is None else self._payee(context, named, whom, is_sure=bill is not None)
        if whom is not None and payee is None:
            self.pay(context, whom, amount)
            return
        found = named or self._only(context, amount)
        self.must_stand_alone(context, found)
        unit = found.content.total.currency.code
        me = self._share(context, found)
        money = self._till.amount(context, amount, unit, lambda said: context.line(self.paid, found.number, whom, said))
        if money is not None and money.currency.code != unit:
            raise UserError(
                _("Bill {number} is in {currency}. For another currency write {line}."),
                number=_number(found), currency=unit, line=code("pay"),
            )  # fmt: skip
        open_before = standing.statuses(context.connection, found)[me].open
        try:
            minor = money.minor if money else None
            outcome = claims.claim(context.connection, found, me, minor, context.now, payee=payee)
        except claims.OwesNothing:
            if context.event.type == "m.reaction" and standing.statuses(context.connection, found)[me].claimed:
                return  # the same tap twice; the card shows that it was heard
            raise self._owes_nothing(context, found, me) from None
        except claims.SaidForAll:
            raise UserError(_SAID_ALREADY) from None
        self._tell(context, outcome)
        if outcome.minor > open_before:
            said = _(
                "That is {over} more than is open of your share. It counts as your credit: {line} and the plan to "
                "settle have it, the cards of other bills do not."
            )
            over = shown(outcome.minor - open_before, unit, context.language)
            context.reply(said, over=over, line=code(self.balance(context)))

    def unpaid(self, context: Context, bill: BillNumber | None = None) -> None:
        found = self._needed(context, bill, self.unpaid)
        me = self._share(context, found)
        try:
            outcome = claims.withdraw(context.connection, found, me, context.unit.key, context.now)
        except claims.NobodySaid:
            raise UserError(_("You have not said that you paid bill {number}."), number=_number(found)) from None
        except claims.TooLate:
            raise UserError(
                _("It is in the books already: whoever got the money takes it out again with {line}."),
                line=context.line(self.unreceived, found.number),
            ) from None
        self._tell(context, outcome)

    def must_stand_alone(self, context: Context, bill: Bill) -> None:
        """Raises `UserError` for a bill whose shares are paid with all the others, and not for themselves."""
        if bill.is_imported and not bill.is_void:
            raise UserError(
                _("Bill {number} was imported: what is owed for it is settled with all the rest, see {line}."),
                number=_number(bill), line=code(self.balance(context)),
            )  # fmt: skip

    def _payee(self, context: Context, bill: Bill, whom: Who, *, is_sure: bool) -> AccountId | None:
        """Somebody as one of those who get money for a bill; None if he is not, unless the bill was named for sure."""
        account = standing.share_of(context.connection, bill, self._till.account(context, bill.ledger, whom))
        getting = standing.creditors(context.connection, bill)
        if account in getting:
            return account
        if is_sure and getting:
            faces = self._till.cards.faces(context.connection, bill.ledger)
            raise UserError(
                _("The money for bill {number} goes to {who}."),
                number=_number(bill), who=[faces[one].rich for one in getting],
            )  # fmt: skip
        return None

    def _only(self, context: Context, amount: str) -> Bill:
        """The one bill of which somebody has a share to pay. Raises `UserError`."""
        ledger = self._till.ledger(context)
        waiting = open_shares.of_accounts(context.connection, [self._till.me(context, ledger)])
        if not waiting:
            raise UserError(_("You owe nothing for any bill here."))
        newest = bill_store.find(context.connection, waiting[-1].bill)
        if len(waiting) > 1:
            raise UserError(
                _("For which bill? Reply to its card, or write its number:"),
                try_instead=context.line(self.paid, newest.number, None, amount),
            )
        return newest

    def _share(self, context: Context, bill: Bill) -> AccountId:
        me = self._till.me(context, bill.ledger)
        share = standing.share_of(context.connection, bill, me)
        if share is None:
            raise UserError(_NO_PART, number=_number(bill))
        return share

    def _owes_nothing(self, context: Context, bill: Bill, me: AccountId) -> UserError:
        state = standing.statuses(context.connection, bill)[me]
        if bill.is_void:
            return UserError(_IS_VOID, number=_number(bill))
        if state.claimed:
            return UserError(_SAID_ALREADY)
        if state.owed:
            return UserError(_("Your share of bill {number} is paid."), number=_number(bill))
        if me in standing.creditors(context.connection, bill):
            return UserError(
                _("You owe nothing for bill {number}: the others owe you. When you have got the money:"),
                number=_number(bill), try_instead=context.line(self.received, bill.number),
            )  # fmt: skip
        return UserError(_("You owe nothing for bill {number}."), number=_number(bill))

    # -- whoever gets it ------------------------------------------------------------------------------------------

    def received(
        self, context: Context, bill: MarkedBillNumber | None = None, whom: Whom | None = None, amount: HowMuch = ""
    ) -> None:  # fmt: skip
        found = self._till.bill(context, bill)
        if found is None:
            for outcome in receiving.for_no_bill(self._till, context, whom, amount, self.received):
                self._tell(context, outcome)
            return
        connection, now = context.connection, context.now
        if context.event.type == "m.reaction" and not self._getting(context, found):
            return  # the thumb of somebody else is just a thumb
        self.must_stand_alone(context, found)
        unit = found.content.total.currency.code
        debtor = self._debtor(context, found, whom)
        money = self._till.amount(
            context, amount, unit, lambda said: context.line(self.received, found.number, whom, said)
        )
        if money is not None and (debtor is None or money.currency.code != unit):
            example = ledger_store.accounts(connection, found.ledger)[found.author].name
            raise UserError(
                _("From whom? Name them before the amount, in {currency}:"), currency=unit,
                try_instead=f"{context.line(self.received, found.number)} {example} {amount}",
            )  # fmt: skip
        me = self._till.me(context, found.ledger)
        done: list[Outcome] = []
        for payee in self._payees(context, found):
            try:
                minor = money.minor if money else None
                done.append(claims.receive(connection, found, payee, debtor, minor, now, by=me))
            except claims.Refusal:
                continue
            if debtor is not None:
                break
        if not done:
            raise self._nothing_came(context, found, debtor)
        for outcome in done:
            self._tell(context, outcome)

    def unreceived(self, context: Context, bill: BillNumber | None = None, whom: Whom | None = None) -> None:
        found = self._needed(context, bill, self.unreceived)
        debtor = self._debtor(context, found, whom)
        payees = self._payees(context, found)
        face = standing.faces_of(context.connection, found)
        confirmed = claim_store.of_bill(context.connection, found.id, ClaimState.CONFIRMED)
        mine = [one for one in confirmed if face(one.payee) in payees and debtor in (None, face(one.debtor))]
        if not mine:
            raise UserError(_("Nothing is in the books as paid to you for bill {number}."), number=_number(found))
        waiting = claim_store.of_bill(context.connection, found.id, ClaimState.CLAIMED)
        if context.event.type == "m.room.redaction" and any(face(one.payee) in payees for one in waiting):
            self._ask_which(context, found, waiting)
            return
        me = self._till.me(context, found.ledger)
        gone = [one for one in confirmed if face(one.debtor) in payees and debtor in (None, face(one.payee))]
        for one in (*mine, *gone):  # with what came, what of it went back again
            key = f"{context.unit.key}/{one.id}"
            self._tell(context, claims.undo(context.connection, one, me, key, context.now))

    def _ask_which(self, context: Context, bill: Bill, waiting: Sequence[Claim]) -> None:
        """Who taps 👍 once more for the next payment takes his first 👍 away: he may mean either."""
        faces = self._till.cards.faces(context.connection, bill.ledger)
        context.reply(
            _("Nothing has changed. Tap 👍 again when it has come from {who}; to take back what you confirmed: {line}"),
            who=[faces[one].rich for one in dict.fromkeys(claim.debtor for claim in waiting)],
            line=code(context.line(self.unreceived, bill.number)),
        )  # fmt: skip

    def missing(self, context: Context, bill: BillNumber | None = None, whom: Whom | None = None) -> None:
        found = self._needed(context, bill, self.missing)
        debtor = self._debtor(context, found, whom)
        payees = self._payees(context, found)
        face = standing.faces_of(context.connection, found)
        said = claim_store.of_bill(context.connection, found.id, ClaimState.CLAIMED)
        mine = [one for one in said if face(one.payee) in payees and debtor in (None, face(one.debtor))]
        if not mine:
            raise self._nothing_said(context, found, payees, debtor)
        for one in mine:
            self._tell(context, claims.refuse(context.connection, one))

    def _nothing_said(
        self, context: Context, bill: Bill, payees: Sequence[AccountId], debtor: AccountId | None
    ) -> UserError:
        """Nobody waits for a word about what he says to have paid for a bill."""
        face = standing.faces_of(context.connection, bill)
        booked = claim_store.of_bill(context.connection, bill.id, ClaimState.CONFIRMED)
        if any(face(one.payee) in payees and debtor in (None, face(one.debtor)) for one in booked):
            whom = None if debtor is None else receiving.who(context, bill.ledger, debtor)
            return UserError(
                _("It is in the books already. To take it out again:"),
                try_instead=context.line(self.unreceived, bill.number, whom),
            )
        return UserError(_("Nobody says that he has paid you anything for bill {number}."), number=_number(bill))

    def _payees(self, context: Context, bill: Bill) -> list[AccountId]:
        """For whom somebody may say what has come. Raises `UserError` where that is nobody."""
        found = self._getting(context, bill)
        if not found:
            faces = self._till.cards.faces(context.connection, bill.ledger)
            getting = standing.creditors(context.connection, bill)
            if not getting:
                self.must_stand_alone(context, bill)
                said = _IS_VOID if bill.is_void else _("Nobody owes anything for bill {number}.")
                raise UserError(said, number=_number(bill))
            accounts = ledger_store.accounts(context.connection, bill.ledger)
            said = (
                _("Only {who} can say that, who gets the money.")
                if any(self._is_here(context, accounts[one]) for one in getting)
                else _("{who} cannot say that here: whoever made the bill can, or a host of this room.")
            )
            raise UserError(said, who=[faces[one].rich for one in getting])
        return found

    def _getting(self, context: Context, bill: Bill) -> list[AccountId]:
        """For himself; and the author of a bill, and hosts, for those who cannot: guests, and whoever has left."""
        me = ledger_store.find_account(context.connection, bill.ledger, context.sender)
        if me is None:
            return []
        accounts = ledger_store.accounts(context.connection, bill.ledger)
        getting = standing.creditors(context.connection, bill)
        mine = standing.share_of(context.connection, bill, me)
        if bill.author != me and not self._rights.is_host(context):
            return [one for one in getting if one == mine]
        return [one for one in getting if one == mine or not self._is_here(context, accounts[one])]

    def _is_here(self, context: Context, account: Account) -> bool:
        if account.kind is not AccountKind.USER:
            return False
        rooms = self._till.around.rooms
        return rooms.membership(context.connection, context.room, UserID(account.name)) == "join"

    def _debtor(self, context: Context, bill: Bill, whom: Who | None) -> AccountId | None:
        if whom is None:
            return None
        account = self._till.account(context, bill.ledger, whom)
        share = standing.share_of(context.connection, bill, account)
        if share is None:
            raise UserError(_("They have no part in bill {number}."), number=_number(bill))
        return share

    def _nothing_came(self, context: Context, bill: Bill, debtor: AccountId | None) -> UserError:
        if debtor is not None:
            return UserError(_("They owe you nothing more for bill {number}."), number=_number(bill))
        owing = [one for one, his in standing.statuses(context.connection, bill).items() if his.owed > his.paid]
        if not owing:
            return UserError(_("Bill {number} is paid."), number=_number(bill))
        who = receiving.typed(context, bill.ledger, owing[0])
        return UserError(
            _("Nobody has said yet that he paid bill {number}. If you have got it all the same, say from whom:"),
            number=_number(bill), try_instead=f"{context.line(self.received, bill.number)} {who}",
        )  # fmt: skip

    # -- disputes -------------------------------------------------------------------------------------------------

    def dispute(self, context: Context, bill: MarkedBillNumber | None = None, reason: Reason = "") -> None:
        found = self._needed(context, bill, self.dispute)
        me = self._till.me(context, found.ledger)
        if me not in found.nets:
            raise UserError(_NO_PART, number=_number(found))
        if found.is_void:
            raise UserError(_IS_VOID, number=_number(found))
        claims.dispute(context.connection, found, me, reason.strip(), context.now)
        self._till.cards.refresh(context.unit, [found.id])
        faces = self._till.cards.faces(context.connection, found.ledger)
        author = faces[found.author]
        said = _(
            "{author}: {who} says that bill {number} is wrong. It stays as it is until somebody changes it, or {who} "
            "writes {line}."
        )
        why = context.say(_("What {who} says: {reason}"), who=faces[me].rich, reason=reason.strip())
        told = context.say(
            said, author=author.rich, who=faces[me].rich, number=_number(found),
            line=code(context.line(self.accept, found.number)),
        )  # fmt: skip
        context.reply(
            lines(told, why if reason.strip() else ""),
            mentions=[author.user] if author.user is not None and found.author != me else [],
        )  # fmt: skip

    def accept(self, context: Context, bill: BillNumber | None = None) -> None:
        found = self._needed(context, bill, self.accept)
        if not claims.give_in(context.connection, found, self._till.me(context, found.ledger)):
            raise UserError(_("You have not said that bill {number} is wrong."), number=_number(found))
        self._till.cards.refresh(context.unit, [found.id])
        agree(context)

    # -- telling --------------------------------------------------------------------------------------------------

    def _needed(self, context: Context, number: int | None, handler: Callable[..., None]) -> Bill:
        found = self._till.bill(context, number)
        if found is None:
            newest = bill_store.bills(context.connection, self._till.ledger(context), most=1)
            raise UserError(
                _("For which bill? Reply to its card, or write its number:"),
                try_instead=context.line(handler, newest[0].number if newest else 1),
            )
        return found

    def _tell(self, context: Context, outcome: Outcome) -> None:
        self._till.tell(context.unit, outcome)
        agree(context)


def agree(context: Context) -> None:
    """Whoever tapped sees what it did on the card; whoever wrote gets a sign that he was understood."""
    if context.event.type == "m.room.message":
        context.agree()


def _number(bill: Bill) -> str:
    return f"#{bill.number}"
