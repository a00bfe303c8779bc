"""Bills that are added, changed, made void and brought back in any order: the books follow, and keep all of it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.database import Database
from appservice.language import Language
from laiwang_bridge.database import tables
from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.bills import bill_store, billing
from laiwang_bridge.payments.bills.bill_store import Bill, NewBill
from laiwang_bridge.payments.bills.billing import Draft
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.split_text import split_from_text, split_to_text
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.money.money import Money, currency
from tests.support.bookkeeping import any_split

DAY = datetime.date(2026, 11, 20)
BOT = UserID("@pay:example.org")
STEPS = st.lists(st.tuples(st.sampled_from("aaeevru"), st.integers(0, 1000)), min_size=1, max_size=14)


@pytest.fixture(scope="module")
def books() -> Iterator[Connection]:
    """Empty books for all tests here, which leave nothing in them."""
    database = Database("sqlite://")
    with database.engine.connect() as connection, connection.begin() as transaction:
        tables.metadata.create_all(connection)
        yield connection
        transaction.rollback()
    database.close_now()


@contextmanager
def room(books: Connection) -> Iterator[tuple[Connection, LedgerId, list[AccountId]]]:
    with books.begin_nested() as savepoint:
        ledger = ledger_store.open_ledger(books, RoomID("!room:example.org"), "EUR", 1)
        people = [ledger_store.account_of(books, ledger, UserID(f"@p{n}:example.org"), 1) for n in range(4)]
        yield books, ledger, people
        savepoint.rollback()


def drafted(chance: Random, people: list[AccountId]) -> Draft:
    total, split = any_split(chance, people, chance.choice((-1, 1)) * chance.randint(1, 99_999))
    first, second = chance.sample(people, 2)
    part = chance.randint(0, abs(total)) * (1 if total > 0 else -1)
    paid = {first: total - part, second: part}
    return Draft("x", Money(total, currency(chance.choice(("EUR", "JPY")))), paid, split, DAY)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, chance=st.randoms(use_true_random=False))
def test_the_books_are_the_sum_of_the_bills_that_count(
    books: Connection, steps: list[tuple[str, int]], chance: Random
) -> None:
    with room(books) as (connection, ledger, people):
        bills: list[Bill] = []
        for number, (step, which) in enumerate(steps):
            key, now = f"$step{number}", number + 2
            bill = bills[which % len(bills)] if bills else None
            changed = None
            if step == "a" or bill is None:
                new = NewBill(people[0], EventID(key), BOT, Language.EN)
                changed = billing.add(connection, ledger, drafted(chance, people), new, key, now)
                assert billing.add(connection, ledger, drafted(chance, people), new, key, now) is None, "once"
                assert changed is not None
                bills.append(changed)
            elif step == "e" and not bill.is_void:
                changed = billing.change(connection, bill, drafted(chance, people), people[1], key, now)
            elif step == "v":
                changed = billing.void(connection, bill, people[0], key, now)
            elif step == "r":
                changed = billing.restore(connection, bill, people[0], key, now)
            elif step == "u" and not bill.is_void:
                earlier = bill_store.history(connection, bill.id)[0]
                changed = billing.back_to(connection, bill, earlier, people[2], key, now)
            if changed is not None:
                bills[[one.id for one in bills].index(changed.id)] = changed
        expected: Counter[tuple[AccountId, str]] = Counter()
        for bill in bills:
            assert bill_store.find(connection, bill.id) == bill
            for account, net in bill.nets.items():
                expected[account, bill.content.total.currency.code] += net
        found = ledger_store.balances(connection, ledger)
        assert {place: minor for place, minor in found.items() if minor} == {
            place: minor for place, minor in expected.items() if minor
        }
        assert not audit(connection).faults


@given(chance=st.randoms(use_true_random=False), total=st.integers(-9999, 9999).filter(bool))
@settings(max_examples=100, deadline=None)
def test_a_split_is_read_as_it_was_kept(chance: Random, total: int) -> None:
    _total, split = any_split(chance, [AccountId(number) for number in range(1, 6)], total)
    assert split_from_text(split_to_text(split)) == split


def test_what_was_void_comes_back_to_the_cent(books: Connection) -> None:
    with room(books) as (connection, ledger, people):
        chance = Random(3)
        bills = []
        for number in range(5):
            new = NewBill(people[0], EventID(f"$b{number}"), BOT, Language.EN)
            bill = billing.add(connection, ledger, drafted(chance, people), new, f"$b{number}", 2)
            assert bill is not None
            bills.append(bill)
        before = ledger_store.balances(connection, ledger)
        carry = ledger_store.carry_of(connection, ledger, "EUR")
        void = billing.void(connection, bills[1], people[0], "$void", 3)
        assert void is not None
        assert billing.void(connection, void, people[0], "$again", 3) is None
        back = billing.restore(connection, void, people[0], "$back", 4)
        assert back is not None
        assert ledger_store.balances(connection, ledger) == before
        assert ledger_store.carry_of(connection, ledger, "EUR") == carry
        assert [version.change for version in bill_store.history(connection, back.id)] == [
            "added",
            "voided",
            "restored",
        ]
