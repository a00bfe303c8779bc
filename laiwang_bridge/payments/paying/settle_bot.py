"""What people ask about all that stands between them: balance, settle, why, owe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Argument, Button, Context, Router, UserError, Voice, button
from appservice.content import Rich, bold, bullets, code, lines, paragraphs, words
from appservice.language import Message, _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.card_text import Face
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_settings import SettleMode
from laiwang_bridge.payments.ledger.ledger_store import AccountKind, LedgerId, RoomBalance
from laiwang_bridge.payments.ledger.settling import Pairwise, Reason, Treasurer, explain
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, claims, plan_claims, plan_store, settlement_store, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.plan_store import How, ShownPlan, Suggested
from laiwang_bridge.payments.paying.rules import ClaimState
from laiwang_bridge.payments.paying.settle_cards import SettleCards, currencies, plan_in, state_of
from laiwang_bridge.payments.till import Till, Whom, shown, title_of
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks

GROUP = _("Settling up")

_WORDS = {
    "minimal": ("fewest", "min", "最少"),
    "pairwise": ("pairs", "两两", "各还各的"),
    "treasurer": ("through", "管账", "统一"),
}
Mode = Annotated[SettleMode | None, Argument(_("how"), words=_WORDS, example="minimal")]
Number = Annotated[int, Argument(_("which payment"), least=1)]


class SettleBot:
    """Balances, plans to settle, and somebody's total over all rooms."""

    def __init__(self, prefixes: Sequence[str], till: Till, plans: SettleCards) -> None:
        self._till = till
        self._plans = plans
        self.router = router = Router("settling", prefixes)
        command = router.command
        command("balance", "余额", "谁欠谁", help=_("Who owes whom"), group=GROUP)(self.balance)
        command(
            "settle", "结算", "结清", help=_("Which payments settle everything"), group=GROUP, named_in="room"
        )(self.settle)  # fmt: skip
        command("why", "为什么", help=_("Why a payment is suggested"), group=GROUP, named_in="room")(self.why)
        command("owe", "我欠", "总账", help=_("What you owe and what you are owed"), group=GROUP)(self.owe)
        command(
            "settled", "已结", help=_("Say that a payment of the plan was made"), group=GROUP, named_in="room"
        )(self.settled)  # fmt: skip
        command(
            "unsettled", "未结", help=_("Take back that a payment of the plan was made"), group=GROUP,
            listed=False,
        )(self.unsettled)  # fmt: skip
        plans.button = self._button
        plans.settle = lambda voice: voice.line(self.settle)
        plans.why = lambda voice, number: voice.line(self.why, number)

    # -- balance ----------------------------------------------------------------------------------------------------

    def balance(self, context: Context) -> None:
        ledger = ledger_store.ledger_of(context.connection, context.room)
        if ledger is None and context.is_direct:
            self.owe(context)
            return
        ledger = self._till.ledger(context)
        faces = self._till.cards.faces(context.connection, ledger)
        parts = [self._balance(context, ledger, currency, faces) for currency in currencies(context.connection, ledger)]
        disputed = self._disputed(context, ledger, faces)
        if not parts:
            context.reply(paragraphs(context.say(_("Nobody owes anybody anything here.")), disputed))
            return
        settle = context.say(_("How to settle up: {line}"), line=code(context.line(self.settle)))
        context.reply(paragraphs(*parts, disputed, settle))

    def _disputed(self, context: Context, ledger: LedgerId, faces: dict[AccountId, Face]) -> Rich:
        """Which bills somebody says to be wrong."""
        found = claim_store.disputes_in(context.connection, ledger)
        if not found:
            return words("")
        rows = [
            context.say(
                _("{bill}, says {who}: {reason}") if one.reason else _("{bill}, says {who}"),
                bill=title_of(context, bill_store.find(context.connection, one.bill)),
                who=faces[one.account].rich,
                reason=one.reason,
            )
            for one in found
        ]
        return lines(bold(context.say(_("Said to be wrong"))), bullets(rows))

    def _balance(
        self, context: Context, ledger: LedgerId, currency: str, faces: dict[AccountId, Face]
    ) -> Rich:  # fmt: skip
        nets = {
            account: minor
            for (account, unit), minor in ledger_store.balances(context.connection, ledger).items()
            if unit == currency and account in faces
        }
        people_shown = [
            context.say(
                _("{who} gets {amount}") if minor > 0 else _("{who} owes {amount}"),
                who=faces[account].rich, amount=shown(abs(minor), currency, context.language),
            )
            for account, minor in sorted(nets.items(), key=lambda pair: -pair[1])
        ]  # fmt: skip
        debts = settlement_store.who_owes_whom(context.connection, ledger, currency)
        pairs = [
            context.say(
                _("{payer} → {payee}: {amount}"), payer=faces[payer].rich, payee=faces[payee].rich,
                amount=shown(minor, currency, context.language),
            )
            for (payer, payee), minor in debts.items()
        ]  # fmt: skip
        return lines(
            bold(context.say(_("Balance in {currency}"), currency=currency)),
            bullets(people_shown),
            context.say(_("Who owes whom by the bills:")) if pairs else "",
            bullets(pairs) if pairs else "",
        )

    # -- settle -----------------------------------------------------------------------------------------------------

    def settle(self, context: Context, how: Mode = None, whom: Whom | None = None) -> None:
        connection = context.connection
        ledger = self._till.ledger(context)
        settings = ledger_store.settings(connection, ledger)
        mode = how or settings.mode
        if mode is SettleMode.TREASURER:
            treasurer = settings.treasurer if whom is None else self._till.account(context, ledger, whom)
            if treasurer is None:
                raise UserError(
                    _("Through whom? Name the one who collects and pays out:"),
                    try_instead=f"{context.line(self.settle, SettleMode.TREASURER)} {context.sender}",
                )
            self._plans.make(context, ledger, How(mode, treasurer))
            return
        if whom is not None:
            raise UserError(
                _("To have everything go through one person:"),
                try_instead=context.line(self.settle, SettleMode.TREASURER, whom),
            )
        self._plans.make(context, ledger, How(mode))

    def why(self, context: Context, number: Number = 1) -> None:
        connection = context.connection
        plan, one = self._found(context, number)
        if state_of(connection, one) is ClaimState.CONFIRMED:
            raise UserError(_("Payment {number} was made."), number=number)
        made = plan_in(connection, plan.ledger, one.currency, plan.how, context.now)
        same = (one.payer, one.payee, one.minor)
        transfer = next((each for each in made.transfers if (each.payer, each.payee, each.minor) == same), None)
        if transfer is None:
            raise UserError(_("This plan is out of date. For a new one:"), try_instead=context.line(self.settle))
        faces = self._till.cards.faces(connection, plan.ledger)
        context.reply(self._reason(context, one, explain(made, transfer), faces))

    def _reason(
        self, context: Context, one: Suggested, reason: Reason, faces: dict[AccountId, Face]
    ) -> Rich:  # fmt: skip
        def money(minor: int) -> str:
            return shown(minor, one.currency, context.language)

        def payment(payer: AccountId, payee: AccountId, minor: int) -> Rich:
            return context.say(
                _("{payer} → {payee}: {amount}"),
                payer=faces[payer].rich, payee=faces[payee].rich, amount=money(minor),
            )  # fmt: skip

        head = lines(
            bold(context.say(_("Payment {number}"), number=one.number)), payment(one.payer, one.payee, one.minor)
        )
        names = {"payer": faces[one.payer].rich, "payee": faces[one.payee].rich, "amount": money(one.minor)}
        if isinstance(reason.mode, Pairwise):
            return paragraphs(
                head, context.say(_("By the bills and payments of the two, {payer} owes {payee} {amount}."), **names)
            )
        if isinstance(reason.mode, Treasurer):
            who = faces[reason.mode.account].rich
            return paragraphs(head, context.say(_("Everything goes through {who}."), who=who))
        nets = [
            context.say(
                _("{who} gets {amount}") if minor > 0 else _("{who} owes {amount}"),
                who=faces[account].rich, amount=money(abs(minor)),
            )
            for account, minor in reason.nets.items()
            if minor
        ]  # fmt: skip
        return paragraphs(
            head,
            lines(context.say(_("All their bills and payments together:")), bullets(nets)),
            lines(
                context.say(_("That adds up to zero, and these payments bring each of them to zero:")),
                bullets(payment(each.payer, each.payee, each.minor) for each in reason.transfers),
            ),
        )

    # -- the payments of a plan ---------------------------------------------------------------------------------------

    def settled(self, context: Context, number: Number) -> None:
        connection = context.connection
        plan, one = self._found(context, number)
        me = self._till.me(context, plan.ledger)
        state = state_of(connection, one)
        claim = claim_store.find(connection, one.claim) if one.claim is not None and state is not None else None
        gets, gives = self._is(connection, plan.ledger, me, one.payee), self._is(connection, plan.ledger, me, one.payer)
        gives = gives or self._is_among_guests(connection, plan.ledger, one)
        if state is ClaimState.CONFIRMED:
            raise UserError(_("Payment {number} was made."), number=number)
        if not gets and not gives:
            faces = self._till.cards.faces(connection, plan.ledger)
            raise UserError(
                _("Only {payer} and {payee} can say that payment {number} was made."),
                payer=faces[one.payer].rich, payee=faces[one.payee].rich, number=number,
            )  # fmt: skip
        beside = plan_claims.beside(connection, plan.ledger, plan.payments)[number]
        if gets:
            self._all_came(context, plan, one, [claim] if claim is not None else [], beside)
            return
        left = one.minor - sum(each.minor for each in beside)
        if left <= 0 or (claim is not None and state is ClaimState.CLAIMED):
            raise UserError(_("You have said so already. Now whoever gets the money has to confirm it."))
        outcome = claims.transfer(
            connection, plan.ledger, one.payer, one.payee, one.currency, left, context.now, said_by=me
        )
        plan_store.note_claim(connection, plan.ledger, number, outcome.claims[0].id)
        self._till.tell(context.unit, outcome)

    def _all_came(
        self, context: Context, plan: ShownPlan, one: Suggested, own: Sequence[Claim], beside: Sequence[Claim]
    ) -> None:  # fmt: skip
        """Whoever gets it says that a payment has come: what the other has said of it is part of it, not more."""
        connection, now = context.connection, context.now
        me = self._till.me(context, plan.ledger)
        said = [*own, *beside] if sum(each.minor for each in (*own, *beside)) <= one.minor else list(own)
        done = [claims.confirm(connection, each, me, now) for each in said]
        left = one.minor - sum(each.minor for each in said)
        if left > 0:
            done.append(
                claims.transfer(
                    connection, plan.ledger, one.payer, one.payee, one.currency, left, now, said_by=one.payee
                )
            )
        plan_store.note_claim(connection, plan.ledger, one.number, done[-1].claims[0].id)
        self._till.tell(context.unit, claims.together(done))

    def unsettled(self, context: Context, number: Number) -> None:
        connection = context.connection
        plan, one = self._found(context, number, stale_too=True)
        claim = claim_store.find(connection, one.claim) if one.claim is not None else None
        me = self._till.me(context, plan.ledger)
        state = None if claim is None else claim.state
        if claim is not None and state is ClaimState.CLAIMED and self._is(connection, plan.ledger, me, one.payer):
            self._till.tell(context.unit, claims.take_back(connection, claim))
        elif (
            claim is not None
            and state is ClaimState.CONFIRMED
            and (
                self._is(connection, plan.ledger, me, one.payee)
                or self._is_among_guests(connection, plan.ledger, one)
                or claims.is_booked_by(connection, claim, me)
            )
        ):
            self._till.tell(context.unit, claims.undo(connection, claim, me, context.unit.key, context.now))
        else:
            raise UserError(_("There is nothing that you could take back of payment {number}."), number=number)

    def _is(self, connection: Connection, ledger: LedgerId, me: AccountId, other: AccountId) -> bool:
        """Whether somebody is, or settles with, the one whom the plan names."""
        return standing.are_one(connection, ledger, me, other)

    def _is_among_guests(self, connection: Connection, ledger: LedgerId, one: Suggested) -> bool:
        """Whether neither of the two can say anything here: then everybody can."""
        accounts = ledger_store.accounts(connection, ledger)
        return all(accounts[each].kind is not AccountKind.USER for each in (one.payer, one.payee))

    def _found(self, context: Context, number: int, *, stale_too: bool = False) -> tuple[ShownPlan, Suggested]:
        plan = plan_store.find(context.connection, self._till.ledger(context))
        again = context.line(self.settle)
        if plan is None:
            raise UserError(_("There is no plan here yet. To make one:"), try_instead=again)
        if plan.is_stale and not stale_too:
            raise UserError(_("This plan is out of date. For a new one:"), try_instead=again)
        one = next((each for each in plan.payments if each.number == number), None)
        if one is None:
            raise UserError(_("The plan has no payment {number}."), number=number, try_instead=again)
        return plan, one

    def _button(self, one: Suggested, reaction: str, label: Rich) -> Button:
        return button(reaction, label, self.settled, one.number).undone_by(self.unsettled, one.number)

    # -- one's own --------------------------------------------------------------------------------------------------

    def owe(self, context: Context) -> None:
        users = [context.sender]
        if context.is_direct:
            users = people.user_ids(context.connection, who_asks(context)) or users
        found = [
            one for one in ledger_store.balances_of_user(context.connection, users)
            if context.is_direct or one.room == context.room
        ]  # fmt: skip
        if not found:
            nothing = _("You owe nobody anything, and nobody owes you.")
            context.reply(nothing if context.is_direct else _("You owe nobody anything here, and nobody owes you."))
            return
        parts = [
            self.mine(context, one, users) if self._is_inside(context.connection, one.room, users)
            else self._left(context, one) for one in found
        ]  # fmt: skip
        context.reply(paragraphs(self._totals(context, found) if context.is_direct else "", bullets(parts)))

    def _is_inside(self, connection: Connection, room: RoomID, users: Sequence[UserID]) -> bool:
        return any(self._till.around.rooms.membership(connection, room, user) == "join" for user in users)

    def _totals(self, context: Context, found: Sequence[RoomBalance]) -> Rich:
        totals: dict[str, int] = {}
        for one in found:
            totals[one.currency] = totals.get(one.currency, 0) + one.minor
        return bold(
            lines(*(
                context.say(
                    _("In all you are owed {amount}") if minor >= 0 else _("In all you owe {amount}"),
                    amount=shown(abs(minor), currency, context.language),
                )
                for currency, minor in totals.items()
            ))
        )  # fmt: skip

    def _left(self, context: Context, one: RoomBalance) -> Rich:
        """Of a room that he has left he is told what is his own, and neither its name nor who is in it now."""
        said = _("a room that you left: you are owed {amount}") if one.minor > 0 else _(
            "a room that you left: you owe {amount}"
        )  # fmt: skip
        return context.say(said, amount=shown(abs(one.minor), one.currency, context.language))

    def mine(self, context: Voice, one: RoomBalance, users: Sequence[UserID]) -> Rich:
        """What one person has in one room, and to whom it goes or from whom it comes."""
        said: Message = _("{room}: you are owed {amount}") if one.minor > 0 else _("{room}: you owe {amount}")
        head = context.say(
            said, room=self._till.room_name(context.connection, one.room, users),
            amount=shown(abs(one.minor), one.currency, context.language),
        )  # fmt: skip
        faces = self._till.cards.faces(context.connection, one.ledger)
        me = one.account
        plan = settlement_store.settlement(context.connection, one.ledger, one.currency, context.unit.now)
        mine = [each for each in plan.transfers if me in (each.payer, each.payee)]
        to_whom = [
            context.say(
                _("{amount} to {who}") if each.payer == me else _("{amount} from {who}"),
                who=faces[each.payee if each.payer == me else each.payer].name,
                amount=shown(each.minor, one.currency, context.language),
            )
            for each in mine
        ]
        return context.say(_("{total} ({parts})"), total=head, parts=to_whom) if to_whom else head
