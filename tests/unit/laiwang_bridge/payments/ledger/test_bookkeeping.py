"""Whatever is done with the books, in whatever order: they add up, they tell the truth, and an audit finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, text

from appservice.database import Database, metadata
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.audit import Rule, audit, told
from laiwang_bridge.payments.ledger import ledger_store as store
from tests.support.bookkeeping import CURRENCIES, Books, any_split, operate
from tests.support.posting_process import kill_again_and_again
from tests.support.tables import make_tables

CHANCE = st.randoms(use_true_random=False)
TOTALS = st.integers(-99_999, 999_999).filter(bool)
WHICH = st.integers(0, 1000)


@contextmanager
def memory() -> Iterator[Connection]:
    import laiwang_bridge.database.tables  # noqa: F401, PLC0415 - bills are audited too

    database = Database("sqlite://")
    make_tables(database.engine, metadata)
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    database.close_now()


class Bookkeeping(RuleBasedStateMachine):
    """People add, change, undo, pay, come, go and are forgotten; files are imported, and messages come twice."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = memory()
        self.books = Books.opened(self._opened.__enter__(), "!room:example.org", 3)

    @initialize(people=st.integers(0, 9))
    def come(self, people: int) -> None:
        for _ in range(people):
            self.books.join()

    @rule(total=TOTALS, currency=st.sampled_from(CURRENCIES), chance=CHANCE, payers=st.integers(1, 2))
    def add(self, total: int, currency: str, chance: Random, payers: int) -> None:
        fitting, split = any_split(chance, self.books.members, total)
        self.books.add(fitting, currency, split, chance.sample(self.books.members, payers))

    @rule(which=WHICH, total=TOTALS, currency=st.sampled_from(CURRENCIES), chance=CHANCE)
    def edit(self, which: int, total: int, currency: str, chance: Random) -> None:
        if standing := list(self.books.standing):
            fitting, split = any_split(chance, self.books.members, total)
            self.books.edit(standing[which % len(standing)], fitting, currency, split, self.books.members[-1:])

    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        if standing := list(self.books.standing):
            self.books.undo(standing[which % len(standing)])

    @rule(which=WHICH)
    def comes_again(self, which: int) -> None:
        if self.books.keys:
            self.books.again(self.books.keys[which % len(self.books.keys)])

    @rule(chance=CHANCE, currency=st.sampled_from(CURRENCIES))
    def bring(self, chance: Random, currency: str) -> None:
        nets = {account: chance.randint(-5_000, 5_000) for account in self.books.members[1:]}
        self.books.bring(nets | {self.books.members[0]: -sum(nets.values())}, currency)

    @rule(currency=st.sampled_from(CURRENCIES), which=WHICH)
    def pay(self, currency: str, which: int) -> None:
        self.books.pay(currency, which)

    @rule(currency=st.sampled_from(CURRENCIES))
    def settle(self, currency: str) -> None:
        self.books.settle(currency)

    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        self.books.forget(self.books.members[which % len(self.books.members)])

    @rule()
    def join(self) -> None:
        self.books.join()

    @rule()
    def move(self) -> None:
        self.books.move()

    @invariant()
    def both_books_are_the_same(self) -> None:
        self.books.compare()

    def teardown(self) -> None:
        assert audit(self.books.connection).faults == ()
        self._opened.__exit__(None, None, None)


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_some_thousand_operations_in_several_rooms_leave_nothing_to_complain_about() -> None:
    chance = Random(20261122)
    with memory() as connection:
        rooms = [Books.opened(connection, f"!{number}:example.org", 3 + number) for number in range(6)]
        for _ in range(1_500):
            operate(chance.choice(rooms), chance)
        for books in rooms:
            books.compare()
        found = audit(connection)
    assert found.faults == ()
    assert found.entries > 1_000
    assert "WRONG" not in "\n".join(told(found))


@pytest.mark.parametrize(
    ("rule", "guards", "deed"),
    [
        (Rule.BALANCED, ["pay_posting_no_update"], "update pay_posting set minor = minor + 1 where number = 1"),
        (Rule.BALANCED, ["pay_posting_no_update"], "update pay_posting set carry = 1 where number = 1"),
        (Rule.BALANCED, ["pay_posting_no_update"], "update pay_posting set currency = 'USD' where number = 1"),
        (Rule.SUMS, ["pay_balance_moves"], "update pay_balance set minor = minor + 1 where account = 1"),
        (Rule.LEDGERS, ["pay_balance_moves"], "update pay_balance set minor = minor + 1 where account = 1"),
        (Rule.KEPT, ["pay_entry_no_delete"], "delete from pay_entry where id = 1"),
        (Rule.KEPT, ["pay_posting_no_delete"], "delete from pay_posting where entry = 1"),
        (Rule.KEPT, ["pay_posting_no_update"], "update pay_posting set entry = 9 where entry = 1"),
        (Rule.KEPT, ["pay_balance_no_delete"], "select 1"),
        (Rule.REVERSED, ["pay_entry_no_update"], "update pay_entry set reverses = 2 where id = 3"),
        (Rule.REVERSED, ["pay_entry_no_update"], "update pay_entry set reverses = 3 where id = 2"),
    ],
)
def test_an_audit_finds_what_somebody_did_behind_our_back(rule: Rule, guards: list[str], deed: str) -> None:
    with memory() as connection:
        books = Books.opened(connection, "!room:example.org", 3)
        for minor in (900, 500, 300):
            books.bring({books.members[0]: minor, books.members[1]: -minor}, "EUR")
        assert audit(connection).faults == ()
        connection.execute(text("pragma defer_foreign_keys = on"))
        for guard in guards:
            connection.execute(text(f"drop trigger {guard}"))
        connection.execute(text(deed))
        faults = audit(connection).faults
    assert rule in {fault.rule for fault in faults}
    assert any(rule in line for line in told(_audit_of(faults)) if line.startswith("WRONG"))


def _audit_of(faults: Any) -> Any:
    from laiwang_bridge.payments.audit import Audit  # noqa: PLC0415

    return Audit(1, 3, 6, 0, faults)


def test_balances_of_a_room_are_there_at_once() -> None:
    with memory() as connection:
        books = Books.opened(connection, "!room:example.org", 3)
        books.bring({books.members[0]: 5, books.members[1]: -5}, "EUR")
        balances = store.balances(connection, books.ledger)
        assert balances[books.members[0], "EUR"] == 5
        assert (books.members[2], "EUR") not in balances


def test_a_process_that_is_killed_while_it_posts_loses_and_doubles_nothing(sqlite_url: str) -> None:
    migrate(sqlite_url)
    assert kill_again_and_again(sqlite_url, 3, Random(20261122)) == []
