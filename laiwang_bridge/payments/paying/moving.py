"""What is under way when a room is replaced by another goes on there: the plan, payments that wait, polls."""

from __future__ import annotations

from dataclasses import replace

from mautrix.types import RoomID, UserID

from appservice.bots import Voice
from appservice.effects import EffectKey
from appservice.language import Language, _
from appservice.unit import Unit
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.paying import claim_store, plan_store, poll_store
from laiwang_bridge.payments.paying.claim_store import ClaimCard
from laiwang_bridge.payments.paying.poll_bot import PollBot
from laiwang_bridge.payments.paying.settle_cards import SettleCards
from laiwang_bridge.payments.paying.transfer_bot import TransferBot
from laiwang_bridge.payments.till import Till, link_to
from laiwang_bridge.people.mail import is_here

MOST_CARDS = 5
"""So many payments and polls are shown anew, the newest ones; the others are still known by `received` and `close`."""


class MovingPayments:
    """Shows on new cards what old ones cannot show any more."""

    def __init__(self, till: Till, plans: SettleCards, transfers: TransferBot, polls: PollBot) -> None:
        self._till = till
        self._plans = plans
        self._transfers = transfers
        self._polls = polls

    def moved(self, unit: Unit, ledger: LedgerId, old: RoomID, new: RoomID) -> None:
        """The books of a room went to another one."""
        plan = plan_store.find(unit.connection, ledger)
        if plan is not None and not plan.is_stale and self._plans.is_open(unit.connection, plan):
            voice = self._voice(unit, new, plan.bot, plan.language)
            if voice is not None:
                self._leave_word(unit, plan.card, plan.bot, old, voice)
                plan_store.keep(
                    unit.connection, replace(plan, card=self._plans.send(voice, plan), bot=voice.bot.user_id)
                )
        waiting = claim_store.open_in(unit.connection, ledger)
        for one, card in [(one, one.card) for one in waiting if one.card is not None][-MOST_CARDS:]:
            voice = self._voice(unit, new, card.bot, card.language)
            if voice is not None:
                self._leave_word(unit, card.key, card.bot, old, voice)
                there = ClaimCard(self._transfers.send(voice, one), voice.bot.user_id, card.language)
                claim_store.note_card(unit.connection, one.id, there)
        for poll in poll_store.open_in(unit.connection, ledger)[:MOST_CARDS][::-1]:
            voice = self._voice(unit, new, poll.bot, poll.language)
            if voice is not None:
                self._leave_word(unit, poll.card, poll.bot, old, voice)
                self._polls.send(voice, poll)

    def _voice(self, unit: Unit, room: RoomID, bot: UserID, language: Language) -> Voice | None:
        around = self._till.around
        if bot not in around.rooms.members(unit.connection, room):
            return around.speak_in(unit, room, language)
        return around.speak(unit, bot, room, language, is_direct=around.rooms.is_direct(unit.connection, room, bot))

    def _leave_word(self, unit: Unit, card: EffectKey | None, bot: UserID, old: RoomID, new: Voice) -> None:
        """Have a card in the old room say where it goes on, where we may still speak."""
        rooms = self._till.around.rooms
        if card is None or bot not in rooms.members(unit.connection, old):
            return
        voice = self._till.around.speak(unit, bot, old, new.language)
        if is_here(voice, card) and rooms.may_speak(unit.connection, old, bot) and isinstance(new.room, str):
            voice.edit(card, _("This goes on in {room}."), buttons=None, room=link_to(voice, RoomID(new.room)))
