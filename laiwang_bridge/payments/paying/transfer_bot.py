"""Money that went from one person to another for no bill in particular: `pay @ben 20`, and what the other says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from mautrix.types import UserID

from appservice.bots import Argument, Button, Context, Router, UserError, Voice, button
from appservice.content import Rich, lines
from appservice.effects import EffectKey
from appservice.language import Message, _
from appservice.unit import Unit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, claims, standing
from laiwang_bridge.payments.paying.claim_bot import GROUP, agree
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimCard, ClaimId
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.rules import ClaimState
from laiwang_bridge.payments.till import HowMuch, Till, Whom, shown
from laiwang_bridge.people.mail import is_here

Number = Annotated[int, Argument(_("which payment"), least=1)]

_SENTENCES: dict[ClaimState, Message] = {
    ClaimState.CLAIMED: _("{payer} says: {amount} went to {payee}. {asked}: has it come?"),
    ClaimState.CONFIRMED: _("{payer} has paid {payee} {amount}."),
    ClaimState.WITHDRAWN: _("{payer} has taken back that {amount} went to {payee}."),
    ClaimState.REFUSED: _("{payer} says that {amount} went to {payee}, and {asked} that it has not come."),
    ClaimState.UNDONE: _("That {payer} has paid {payee} {amount} was taken out of the books again."),
}
_BY_ONE = _(
    "{payee} has no account here and nobody who is asked instead, so what {payer} says counts. "
    "Only {payer} can take it back."
)


class TransferBot:
    """Payments that are for all that stands between two people."""

    def __init__(self, prefixes: Sequence[str], till: Till) -> None:
        self._till = till
        self.router = router = Router("transfers", prefixes)
        command = router.command
        command(
            "pay", "还", "还款", "付给", help=_("Say that you have given somebody money"), group=GROUP, named_in="room"
        )(self.pay)  # fmt: skip
        command("arrived", "到账", help=_("Say that a payment has come"), group=GROUP, listed=False)(self.arrived)
        command(
            "notarrived", "未到账", help=_("Say that a payment has not come"), group=GROUP, listed=False
        )(self.notarrived)  # fmt: skip
        command(
            "retract", "撤回付款", help=_("Take a payment back"), group=GROUP, listed=False
        )(self.retract)  # fmt: skip

    def pay(self, context: Context, whom: Whom, amount: HowMuch = "") -> None:
        ledger = self._till.open_ledger(context)
        me = self._till.me(context, ledger)
        payee = self._till.account(context, ledger, whom)
        self._till.must_be_two(context, ledger, me, payee)
        settings = ledger_store.settings(context.connection, ledger)
        money = self._till.amount(context, amount, settings.currency, lambda said: context.line(self.pay, whom, said))
        if money is None:
            raise UserError(
                _("How much? Write it behind the name:"), try_instead=context.line(self.pay, whom, "20")
            )  # fmt: skip
        outcome = claims.transfer(
            context.connection, ledger, me, payee, money.currency.code, money.minor, context.now, said_by=me
        )
        [one] = outcome.claims
        text, buttons, asked = self._card(context, one)
        key = context.reply(text, buttons=buttons, mentions=asked)
        card = ClaimCard(key, context.bot.user_id, context.language)
        claim_store.note_card(context.connection, one.id, card)
        self._till.tell(context.unit, outcome)

    def arrived(self, context: Context, number: Number) -> None:
        one = self._found(context, number)
        me = self._till.me(context, one.ledger)
        self._must_get(context, one, me)
        self._done(context, lambda: claims.confirm(context.connection, one, me, context.now))

    def notarrived(self, context: Context, number: Number) -> None:
        one = self._found(context, number)
        self._must_get(context, one, self._till.me(context, one.ledger))
        self._done(context, lambda: claims.refuse(context.connection, one))

    def retract(self, context: Context, number: Number) -> None:
        one = self._found(context, number)
        me = self._till.me(context, one.ledger)
        gave, got = (standing.are_one(context.connection, one.ledger, me, each) for each in (one.debtor, one.payee))
        if not gave and not got:
            faces = self._till.cards.faces(context.connection, one.ledger)
            speaker = standing.speaker_of(context.connection, one.ledger, one.payee)
            who = [faces[each].rich for each in (one.debtor, speaker) if each is not None]
            raise UserError(_("Only {who} can take it back."), who=who)
        if one.state is ClaimState.CONFIRMED:
            self._done(context, lambda: claims.undo(context.connection, one, me, context.unit.key, context.now))
        elif gave:
            self._done(context, lambda: claims.take_back(context.connection, one))
        else:
            self.notarrived(context, number)

    def got_button(self, reaction: str, one: Claim) -> Button:
        """For the room: it has come."""
        return button(reaction, _("it has come"), self.arrived, one.id)

    def missing_button(self, reaction: str, one: Claim) -> Button:
        """For the room: nothing came."""
        return button(reaction, _("nothing came"), self.notarrived, one.id)

    def _must_get(self, context: Context, one: Claim, me: AccountId) -> None:
        """Raises `UserError` for whoever cannot say what has come."""
        if not standing.are_one(context.connection, one.ledger, me, one.payee):
            raise UserError(_("Only whoever gets the money can say that."))

    def _found(self, context: Context, number: int) -> Claim:
        found = claim_store.find(context.connection, ClaimId(number))
        if found is None or found.ledger != ledger_store.ledger_of(context.connection, context.room):
            raise UserError(_("There is no such payment here."))
        return found

    def _done(self, context: Context, act: claims.Deed) -> None:
        try:
            outcome = act()
        except claims.TooLate:
            raise UserError(_("That was decided already.")) from None
        self._till.tell(context.unit, outcome)
        agree(context)

    def show(self, unit: Unit, outcome: Outcome) -> None:
        """Bring the messages about these payments up to date."""
        for one in outcome.claims:
            card = one.card
            voice = self._till.voice(unit, one.ledger, card.bot, card.language) if card is not None else None
            if card is not None and voice is not None and is_here(voice, card.key):
                text, buttons, _asked = self._card(voice, one)
                voice.edit(card.key, text, buttons=buttons)

    def send(self, voice: Voice, one: Claim) -> EffectKey:
        """Ask about a payment where nobody has just written."""
        text, buttons, _asked = self._card(voice, one)
        return voice.send(text, buttons=buttons)

    def _card(self, voice: Voice, one: Claim) -> tuple[Rich, list[Button], list[UserID]]:
        faces = self._till.cards.faces(voice.connection, one.ledger)
        payer, payee = faces[one.debtor], faces[one.payee]
        speaker = standing.speaker_of(voice.connection, one.ledger, one.payee)
        asked = payee if speaker is None else faces[speaker]
        text = voice.say(
            _SENTENCES[one.state],
            payer=payer.rich,
            payee=payee.rich,
            asked=asked.rich,
            amount=shown(one.minor, one.currency, voice.language),
        )
        if one.state is ClaimState.CONFIRMED and speaker is None:
            text = lines(text, voice.say(_BY_ONE, payer=payer.rich, payee=payee.rich))
        if one.state is not ClaimState.CLAIMED:
            undo = [button("↩️", _("take it back"), self.retract, one.id)] if one.state is ClaimState.CONFIRMED else []
            return text, undo, []
        buttons = [
            self.got_button("👍", one),
            self.missing_button("👎", one),
            button("↩️", _("take it back"), self.retract, one.id),
        ]
        if asked.user is not None:
            buttons = [each.only_for(asked.user) for each in buttons[:2]] + buttons[2:]
        return text, buttons, [asked.user] if asked.user is not None else []
