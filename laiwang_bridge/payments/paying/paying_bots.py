"""Paying, put together: claims, transfers, settling up, reminders, polls, bills that come again."""

from __future__ import annotations

from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Router
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.money.money import Money, currency, decimal_text
from laiwang_bridge.payments.paying import claim_store, notice_store, open_shares, poll_store
from laiwang_bridge.payments.paying.claim_bot import ClaimBot
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.leaving import Leaving
from laiwang_bridge.payments.paying.moving import MovingPayments
from laiwang_bridge.payments.paying.notice_texts import NoticeTexts
from laiwang_bridge.payments.paying.notices import Notices
from laiwang_bridge.payments.paying.poll_bot import PollBot
from laiwang_bridge.payments.paying.recurring import Recurring
from laiwang_bridge.payments.paying.reminder_bot import ReminderBot
from laiwang_bridge.payments.paying.reminder_texts import ReminderTexts
from laiwang_bridge.payments.paying.reminders import Reminders
from laiwang_bridge.payments.paying.series_bot import SeriesBot
from laiwang_bridge.payments.paying.settle_bot import SettleBot
from laiwang_bridge.payments.paying.settle_cards import SettleCards
from laiwang_bridge.payments.paying.transfer_bot import TransferBot
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId


class PayingBots:
    """All that people can do about what they owe."""

    def __init__(self, prefixes: tuple[str, ...], till: Till) -> None:
        self.reminder_texts = texts = ReminderTexts(till)
        self.plans = plans = SettleCards(till)
        self.claims = ClaimBot(prefixes, till)
        self.transfers = TransferBot(prefixes, till)
        self.settling = SettleBot(prefixes, till, plans)
        self.reminders = Reminders(till.around, texts)
        self.reminding = ReminderBot(prefixes, till, self.claims, self.reminders, texts)
        notice_texts = NoticeTexts(till)
        self._notices = Notices(till.around, notice_texts)
        self._leaving = Leaving(till, self.settling.mine, self.reminding.pay_button, self.reminding.got_button)
        self.polls = PollBot(prefixes, till)
        self.moved = MovingPayments(till, plans, self.transfers, self.polls).moved
        self.recurring = Recurring(till)
        self.series = SeriesBot(prefixes, till, self.recurring)
        self.claims.pay = self.transfers.pay
        self.claims.balance = lambda voice: voice.line(self.settling.balance)
        texts.paid = lambda voice, number: voice.line(self.claims.paid, number)
        texts.received = lambda voice: voice.line(self.claims.received)
        notice_texts.got = lambda reaction, claim, in_chat: (self.reminding if in_chat else self.transfers).got_button(
            reaction, claim
        )
        notice_texts.missing = lambda reaction, claim, in_chat: (
            self.reminding if in_chat else self.transfers
        ).missing_button(reaction, claim)
        till.told.extend((self.transfers.show, plans.paid, self.reminders.paid, self._notices.told))
        till.cards.buttons.extend((self.claims.buttons, self.reminding.buttons))
        till.cards.changed.extend((self.reminders.bill_changed, plans.bill_changed, self._notices.bill_changed))
        self.routers: tuple[Router, ...] = (
            self.claims.router,
            self.transfers.router,
            self.settling.router,
            self.reminding.router,
            self.polls.router,
            self.series.router,
        )

    def add_to(self, routes: Routes) -> None:
        self.reminders.add_to(routes)
        self._notices.add_to(routes)
        self._leaving.add_to(routes)
        self.polls.add_to(routes)
        self.recurring.add_to(routes)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten. His accounts go on under another name; what he owes stays."""
        users = people.user_ids(unit.connection, person)
        self.reminders.person_leaves(unit, users)
        self._notices.person_leaves(unit, users)
        for user in users:
            poll_store.forget(unit.connection, user)
            for _ledger, account in ledger_store.accounts_of_user(unit.connection, user):
                claim_store.forget_words(unit.connection, account)

    def export(self, connection: Connection, person: PersonId) -> list[dict[str, Any]]:
        """What somebody said about payments and in polls, when he was reminded and whether he wants to be."""
        return [self._kept(connection, user) for user in people.user_ids(connection, person)]

    def _kept(self, connection: Connection, user: UserID) -> dict[str, Any]:
        known = open_shares.reminded(connection, user)
        accounts = [account for _ledger, account in ledger_store.accounts_of_user(connection, user)]
        return {
            "user": user,
            "wants_reminders": not known.off,
            "last_reminded_at": known.last_at,
            "told_of": notice_store.export(connection, user),
            "polls": poll_store.export(connection, user),
            "payments": [_claim(one) for account in accounts for one in claim_store.of_account(connection, account)],
            "disputes": [
                {"bill": one.bill, "reason": one.reason, "at": one.at}
                for account in accounts
                for one in claim_store.disputes_by(connection, account)
            ],
        }


def _claim(one: Claim) -> dict[str, Any]:
    """Accounts are told by their numbers: who the others are is theirs to say."""
    return {
        "from": one.debtor,
        "to": one.payee,
        "amount": decimal_text(Money(one.minor, currency(one.currency))),
        "currency": one.currency,
        "bill": one.bill,
        "state": one.state.value,
        "at": one.at,
    }
