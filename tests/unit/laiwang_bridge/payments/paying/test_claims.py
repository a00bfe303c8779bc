"""Claims, confirmations, disputes and settlements in any order: in the books is only what was confirmed."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.database import Database
from appservice.language import Language
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.bills import bill_store, billing
from laiwang_bridge.payments.bills.bill_store import Bill, BillId, NewBill
from laiwang_bridge.payments.bills.billing import Draft
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId, Equal
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.paying import claim_store, claims, open_shares, standing
from laiwang_bridge.payments.paying.rules import ClaimState, ShareState
from laiwang_bridge.payments.paying.settlement_store import settlement
from tests.support.folders import fast_folder

EUR = currency("EUR")
DAY = dt.date(2026, 11, 20)
BOT = UserID("@pay:example.org")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with fast_folder() as folder:
        url = f"sqlite:///{folder / 'laiwang.db'}"
        migrate(url)
        opened = Database(url)
        yield opened
        opened.close_now()


class World:
    """A room of four and what they do, drawn by lot; the model knows only nets of bills and what was confirmed."""

    def __init__(self, connection: Connection, seed: int) -> None:
        self.connection = connection
        self.random = random.Random(seed)
        self.ledger = ledger_store.open_ledger(connection, RoomID(f"!room{seed}"), "EUR", 1)
        users = [UserID(f"@{name}:example.org") for name in ("ann", "ben", "cai", "dan")]
        self.accounts = [ledger_store.account_of(connection, self.ledger, user, 1) for user in users]
        self.bills: list[BillId] = []
        self.now = 1
        self.transfers: Counter[AccountId] = Counter()

    def step(self) -> None:
        self.now += 1
        acts = (self.add, self.claim, self.claim, self.receive, self.receive, self.withdraw, self.refuse, self.dispute)
        more = (self.transfer, self.confirm, self.undo, self.edit, self.void, self.settle, self.give_back)
        with suppress(claims.Refusal):
            self.random.choice((*acts, *more))()

    def someone(self) -> AccountId:
        return self.random.choice(self.accounts)

    def bill(self) -> Bill:
        if not self.bills:
            self.add()
        return bill_store.find(self.connection, self.random.choice(self.bills))

    def draft(self) -> Draft:
        people = self.random.sample(self.accounts, self.random.randint(1, 4))
        total = self.random.randint(1, 10_000)
        payers = self.random.sample(self.accounts, self.random.randint(1, 2))
        paid = dict.fromkeys(payers, total // len(payers))
        paid[payers[0]] += total - sum(paid.values())
        return Draft("dinner", Money(total, EUR), paid, Equal(tuple(people)), DAY)

    def add(self) -> None:
        self.now += 1
        new = NewBill(self.someone(), None, BOT, Language.EN)
        made = billing.add(self.connection, self.ledger, self.draft(), new, f"bill{self.now}", self.now)
        assert made is not None
        self.bills.append(made.id)
        claims.bill_changed(self.connection, made)

    def edit(self) -> None:
        bill = self.bill()
        if not bill.is_void:
            changed = billing.change(self.connection, bill, self.draft(), bill.author, f"edit{self.now}", self.now)
            assert changed is not None
            claims.bill_changed(self.connection, changed)

    def void(self) -> None:
        changed = billing.void(self.connection, self.bill(), self.someone(), f"void{self.now}", self.now)
        if changed is not None:
            claims.bill_changed(self.connection, changed)

    def claim(self) -> None:
        minor = self.random.choice((None, None, self.random.randint(1, 3000)))
        claims.claim(self.connection, self.bill(), self.someone(), minor, self.now)

    def receive(self) -> None:
        debtor = self.random.choice((None, self.someone()))
        minor = self.random.choice((None, self.random.randint(1, 3000))) if debtor else None
        bill = self.bill()
        getting = standing.creditors(self.connection, bill)
        if getting:
            claims.receive(self.connection, bill, self.random.choice(getting), debtor, minor, self.now)

    def withdraw(self) -> None:
        claims.withdraw(self.connection, self.bill(), self.someone(), f"withdraw{self.now}", self.now)

    def dispute(self) -> None:
        bill, who = self.bill(), self.someone()
        if self.random.random() < 0.5:
            claims.dispute(self.connection, bill, who, "wrong", self.now)
        else:
            claims.give_in(self.connection, bill, who)

    def transfer(self) -> None:
        payer, payee = self.random.sample(self.accounts, 2)
        by = self.random.choice((payer, payee))
        minor = self.random.randint(1, 3000)
        claims.transfer(self.connection, self.ledger, payer, payee, "EUR", minor, self.now, said_by=by)

    def give_back(self) -> None:
        """What a payment service does: a part of what was paid for a bill goes back."""
        one = self._any(ClaimState.CONFIRMED)
        minor = self.random.randint(1, one.minor)
        claims.transfer(
            self.connection, self.ledger, one.payee, one.debtor, "EUR", minor, self.now, said_by=one.debtor, of=one.bill
        )

    def _any(self, *states: ClaimState) -> claim_store.Claim:
        found = [one for one in self.all_claims() if one.state in states]
        if not found:
            raise claims.NobodySaid
        return self.random.choice(found)

    def confirm(self) -> None:
        one = self._any(*ClaimState)
        claims.confirm(self.connection, one, one.payee, self.now)

    def refuse(self) -> None:
        claims.refuse(self.connection, self._any(*ClaimState))

    def undo(self) -> None:
        claims.undo(self.connection, self._any(*ClaimState), self.someone(), f"undo{self.now}", self.now)

    def settle(self) -> None:
        """All pay what the plan suggests: after that nobody owes anything, whatever was open."""
        for each in settlement(self.connection, self.ledger, "EUR", self.now).transfers:
            claims.transfer(
                self.connection, self.ledger, each.payer, each.payee, "EUR", each.minor, self.now, said_by=each.payee
            )
        assert ledger_store.balances(self.connection, self.ledger) == {}

    def all_claims(self) -> list[claim_store.Claim]:
        found: list[claim_store.Claim] = []
        while one := claim_store.find(self.connection, claim_store.ClaimId(len(found) + 1)):
            found.append(one)
        return found

    def check(self) -> None:
        expected: Counter[AccountId] = Counter()
        for id in self.bills:
            bill = bill_store.find(self.connection, id)
            for account, net in bill.nets.items():
                expected[account] += net
        for one in self.all_claims():
            if one.state is ClaimState.CONFIRMED:
                expected[one.debtor] += one.minor
                expected[one.payee] -= one.minor
        books = {
            account: minor for (account, _code), minor in ledger_store.balances(self.connection, self.ledger).items()
        }
        assert {account: minor for account, minor in books.items() if minor} == {
            account: minor for account, minor in expected.items() if minor
        }
        assert sum(books.values()) == 0
        for id in self.bills:
            self.check_bill(bill_store.find(self.connection, id))

    def check_bill(self, bill: Bill) -> None:
        shares = standing.statuses(self.connection, bill)
        noted = {one.account: one.waits for one in open_shares.of_bill(self.connection, bill.id)}
        assert noted == {
            account: share.state is ShareState.OPEN for account, share in shares.items() if share.owed > share.paid
        }
        for share in shares.values():
            assert share.paid + share.claimed + share.open == share.owed
        if bill.is_void:
            assert all(share.owed == 0 for share in shares.values())


@given(st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_was_confirmed_is_in_the_books_whatever_people_say(database: Database, seed: int) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        here = World(connection, seed)
        for number in range(30):
            here.step()
            if number % 5 == 4:
                here.check()
        transaction.rollback()


def test_when_all_have_paid_what_the_plan_says_every_share_is_settled(database: Database) -> None:
    for seed in range(4):
        with database.engine.connect() as connection, connection.begin() as transaction:
            here = World(connection, seed)
            for _ in range(6):
                here.add()
            here.settle()
            for id in here.bills:
                shares = standing.statuses(connection, bill_store.find(connection, id))
                assert all(share.state in (ShareState.PAID, ShareState.NOTHING) for share in shares.values())
            here.check()
            transaction.rollback()


@given(st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_pays_or_gets_what_the_plan_says_has_settled_his_shares_whatever_was_before(
    database: Database, seed: int
) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        here = World(connection, seed)
        for _ in range(30):
            here.step()
        plan = settlement(connection, here.ledger, "EUR", here.now)
        concerned = {account for each in plan.transfers for account in (each.payer, each.payee)}
        here.settle()
        here.check()
        for id in here.bills:
            for account, share in standing.statuses(connection, bill_store.find(connection, id)).items():
                assert account not in concerned or share.paid == share.owed
        transaction.rollback()


def test_the_same_confirmation_is_booked_once(database: Database) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        here = World(connection, 1)
        ann, ben = here.accounts[:2]
        made = claims.transfer(connection, LedgerId(here.ledger), ben, ann, "EUR", 500, 2, said_by=ben)
        claims.confirm(connection, made.claims[0], ann, 3)
        found = claim_store.find(connection, made.claims[0].id)
        assert found is not None
        with pytest.raises(claims.TooLate):
            claims.confirm(connection, found, ann, 4)
        claims.confirm(connection, made.claims[0], ann, 5)  # as it was read before
        assert ledger_store.balances(connection, LedgerId(here.ledger))[ben, "EUR"] == 500
        transaction.rollback()
