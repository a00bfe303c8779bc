"""The card of a plan to settle: its payments by number, each with what has become of it, edited in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from appservice.bots import Button, Context, Voice
from appservice.content import Rich, bold, code, lines, numbered, paragraphs
from appservice.effects import EffectKey
from appservice.language import N_, Message, _
from appservice.unit import Unit
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store, settling
from laiwang_bridge.payments.ledger.ledger_settings import SettleMode
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.settling import Plan, Treasurer, as_units
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, plan_claims, plan_field, plan_store, settlement_store, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.plan_store import How, ShownPlan, Suggested
from laiwang_bridge.payments.paying.rules import ClaimState, still_fits
from laiwang_bridge.payments.till import Till, shown
from laiwang_bridge.people.mail import is_here

MOST_BUTTONS = 10
KEYCAPS = (*(f"{number}\ufe0f\u20e3" for number in range(1, 10)), "🔟")

_MODES: dict[SettleMode, Message] = {
    SettleMode.PAIRWISE: _("Everybody pays only those to whom he owes something."),
    SettleMode.TREASURER: _("All payments go through one person."),
}
_LINES: dict[ClaimState | None, Message] = {
    None: _("{payer} → {payee}: {amount}"),
    ClaimState.CLAIMED: _("{payer} → {payee}: {amount} · ⏳ paid, says {payer}; {payee} has to confirm it"),
    ClaimState.CONFIRMED: _("{payer} → {payee}: {amount} · ✅ paid"),
    ClaimState.REFUSED: _("{payer} → {payee}: {amount} · has not come, says {payee}"),
}
_PART = _("{payer} → {payee}: {amount} · ⏳ {part} paid, says {payer}; {payee} has to confirm it")


class SettleCards:
    """Shows plans. `button` gives the button of one of its payments, `more` are others, `settle` and `why` how these
    are typed."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.button: Callable[[Suggested, str, Rich], Button] | None = None
        self.more: list[Button] = []
        self.settle: Callable[[Voice], str] = lambda _voice: ""
        self.why: Callable[[Voice, int], str] = lambda _voice, _number: ""

    def make(self, context: Context, ledger: LedgerId, how: How) -> None:
        """Show what to pay, as the answer to a command; the numbers of an older plan are good no more."""
        made = suggestions(context.connection, ledger, how, context.now)
        found = plan_claims.with_claims(context.connection, ledger, made)
        earlier = plan_store.find(context.connection, ledger)
        if earlier is not None:
            self._retire(context.unit, earlier)
        plan = ShownPlan(ledger, None, context.bot.user_id, context.language, how, False, found)
        text, buttons = self._card(context, plan)
        card = context.reply(text, buttons=buttons, fields=self._field(context.connection, plan))
        plan_store.keep(context.connection, replace(plan, card=card))

    def send(self, voice: Voice, plan: ShownPlan) -> EffectKey:
        """Show a plan where nobody has just asked for it."""
        text, buttons = self._card(voice, plan)
        return voice.send(text, buttons=buttons, fields=self._field(voice.connection, plan))

    def is_open(self, connection: Connection, plan: ShownPlan) -> bool:
        """Whether anything of a plan is still to be paid."""
        return any(_is_open(connection, one) for one in plan.payments)

    def refresh(self, unit: Unit, ledger: LedgerId) -> None:
        """Show the plan as it stands now."""
        plan = plan_store.find(unit.connection, ledger)
        if plan is not None and not plan.is_stale:
            if not _fits(unit.connection, plan):
                plan_store.note_stale(unit.connection, ledger)
                plan = replace(plan, is_stale=True)
            self._edit(unit, plan)

    def check(self, unit: Unit, ledger: LedgerId) -> None:
        """Something has happened in the books: if the plan does not fit any more, it says so."""
        plan = plan_store.find(unit.connection, ledger)
        if plan is not None and not plan.is_stale and not _fits(unit.connection, plan):
            self.refresh(unit, ledger)

    def bill_changed(self, unit: Unit, bill: Bill) -> None:
        self.check(unit, bill.ledger)

    def paid(self, unit: Unit, outcome: Outcome) -> None:
        """Something has become of payments: the plan shows it."""
        for one in outcome.claims:
            if one.state in (ClaimState.CLAIMED, ClaimState.CONFIRMED):
                self._note_payment(unit.connection, one)
        for ledger in dict.fromkeys(one.ledger for one in outcome.claims):
            self.refresh(unit, ledger)

    def _note_payment(self, connection: Connection, claim: Claim) -> None:
        """A payment of which the plan may not know, for a bill or for none: if it suggests just this one, it is
        meant."""
        plan = plan_store.find(connection, claim.ledger)
        if plan is None or plan.is_stale or any(one.claim == claim.id for one in plan.payments):
            return
        units = standing.heads_of(connection, claim.ledger)
        free: set[ClaimState | None] = {None, ClaimState.REFUSED}
        if claim.state is ClaimState.CONFIRMED:
            free.add(ClaimState.CLAIMED)
        for one in plan.payments:
            if plan_claims.is_this(units, one, claim) and state_of(connection, one) in free:
                plan_store.note_claim(connection, claim.ledger, one.number, claim.id)
                return

    def _retire(self, unit: Unit, plan: ShownPlan) -> None:
        if not plan.is_stale and self.is_open(unit.connection, plan):
            self._edit(unit, replace(plan, is_stale=True))

    def _edit(self, unit: Unit, plan: ShownPlan) -> None:
        voice = self._till.voice(unit, plan.ledger, plan.bot, plan.language)
        if voice is not None and plan.card is not None and is_here(voice, plan.card):
            text, buttons = self._card(voice, plan)
            voice.edit(plan.card, text, buttons=buttons, fields=self._field(unit.connection, plan))

    def _field(self, connection: Connection, plan: ShownPlan) -> dict[str, Any]:
        states = [state_of(connection, one) for one in plan.payments]
        return plan_field.field_of(plan, states, self._till.cards.faces(connection, plan.ledger))

    def _card(self, voice: Voice, plan: ShownPlan) -> tuple[Rich, list[Button]]:
        if not plan.payments:
            return voice.say(_("Nobody owes anybody anything here.")), []
        left = [one for one in plan.payments if _is_open(voice.connection, one)]
        shown_payments = self._payments(voice, plan)
        if plan.is_stale:
            again = voice.say(_("This plan is out of date. For a new one: {line}"), line=code(self.settle(voice)))
            return paragraphs(again, shown_payments), []
        if not left:
            return paragraphs(voice.say(_("All is settled.")), shown_payments), []
        head = voice.say(
            N_("To settle up, **one payment**:", "To settle up, **{count} payments**:"), count=len(plan.payments)
        )
        below = voice.say(
            _("Whoever pays and whoever gets it tap the number of the payment. Why it is so: {line}"),
            line=code(self.why(voice, left[0].number)),
        )
        mode = _MODES.get(plan.how.mode)
        text = paragraphs(lines(head, voice.say(mode) if mode else ""), shown_payments, below)
        return text, self._buttons(voice, plan.ledger, left)

    def _buttons(self, voice: Voice, ledger: LedgerId, left: Iterable[Suggested]) -> list[Button]:
        faces = self._till.cards.faces(voice.connection, ledger)
        found = []
        for one in left:
            if self.button is not None and one.number <= MOST_BUTTONS:
                label = voice.say(_("{payer} → {payee}"), payer=faces[one.payer].name, payee=faces[one.payee].name)
                found.append(self.button(one, KEYCAPS[one.number - 1], label))
        return [*found, *self.more]

    def _payments(self, voice: Voice, plan: ShownPlan) -> Rich:
        faces = self._till.cards.faces(voice.connection, plan.ledger)
        beside = plan_claims.beside(voice.connection, plan.ledger, plan.payments)

        def line(one: Suggested) -> Rich:
            state = state_of(voice.connection, one)
            part = sum(claim.minor for claim in beside[one.number]) if state is not ClaimState.CONFIRMED else 0
            said = _PART if part and state is None else _LINES.get(state, _LINES[None])
            return voice.say(
                said, payer=bold(faces[one.payer].rich), payee=bold(faces[one.payee].rich),
                amount=shown(one.minor, one.currency, voice.language),
                part=shown(part, one.currency, voice.language),
            )  # fmt: skip

        return numbered(line(one) for one in plan.payments)


def suggestions(connection: Connection, ledger: LedgerId, how: How, now: int) -> tuple[Suggested, ...]:
    """The payments that bring everybody to zero, currency by currency, numbered through."""
    found: list[Suggested] = []
    for currency in currencies(connection, ledger):
        for each in plan_in(connection, ledger, currency, how, now).transfers:
            found.append(Suggested(len(found) + 1, each.payer, each.payee, currency, each.minor))
    return tuple(found)


def plan_in(connection: Connection, ledger: LedgerId, currency: str, how: How, now: int) -> Plan:
    """The plan for one currency."""
    if how.mode is SettleMode.TREASURER and how.treasurer is not None:
        units = standing.heads_of(connection, ledger)
        nets = _nets(connection, ledger, currency, units)
        return settling.plan(nets, Treasurer(units.get(how.treasurer, how.treasurer)))
    return settlement_store.settlement(connection, ledger, currency, now, how.mode)


def currencies(connection: Connection, ledger: LedgerId) -> list[str]:
    """Those in which somebody owes something, the room's own first."""
    own = ledger_store.settings(connection, ledger).currency
    open_ones = {code for (_account, code), minor in ledger_store.balances(connection, ledger).items() if minor}
    return sorted(open_ones, key=lambda code: (code != own, code))


def state_of(connection: Connection, one: Suggested) -> ClaimState | None:
    """What has become of a payment; None where nobody says (any more) that it was made."""
    claim = claim_store.find(connection, one.claim) if one.claim is not None else None
    return None if claim is None or claim.state in (ClaimState.WITHDRAWN, ClaimState.UNDONE) else claim.state


def _is_open(connection: Connection, one: Suggested) -> bool:
    return state_of(connection, one) is not ClaimState.CONFIRMED


def _fits(connection: Connection, plan: ShownPlan) -> bool:
    """Whether what is left of a plan brings everybody to zero; a plan that was paid is done with, whatever comes."""
    left = [one for one in plan.payments if _is_open(connection, one)]
    if not left:
        return True
    units = standing.heads_of(connection, plan.ledger)
    codes = {*currencies(connection, plan.ledger), *(one.currency for one in left)}
    return all(
        still_fits(
            [(one.payer, one.payee, one.minor) for one in left if one.currency == code],
            _nets(connection, plan.ledger, code, units),
        )
        for code in codes
    )


def _nets(
    connection: Connection, ledger: LedgerId, currency: str, units: dict[AccountId, AccountId]
) -> dict[AccountId, int]:
    balances = ledger_store.balances(connection, ledger)
    return as_units({account: minor for (account, code), minor in balances.items() if code == currency}, units)
