"""The books of a room: what is written stays, adds up, and is there once. On SQLite and PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from appservice.database import Database
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.ledger import ledger_store as store
from laiwang_bridge.payments.ledger.entries import (
    Exchange,
    NewEntry,
    Posting,
    Unbalanced,
    bill_postings,
    payment_postings,
)
from laiwang_bridge.payments.ledger.ledger_settings import Confirmation, LedgerSettings, SettleMode, WhoAdds, WhoChanges
from laiwang_bridge.payments.ledger.ledger_store import AccountKind, LedgerId
from laiwang_bridge.payments.ledger.ledger_tables import pay_posting
from laiwang_bridge.payments.ledger.splitting import AccountId, Equal, divide
from laiwang_bridge.payments.paying.settlement_store import settlement, who_owes_whom
from tests.support.folders import fast_folder
from tests.support.postgres import Postgres

ROOM, OTHER_ROOM = RoomID("!dinner:example.org"), RoomID("!flat:example.org")
ANN, BEN, CAI = (UserID(f"@{name}:example.org") for name in ("ann", "ben", "cai"))
DAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def made(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database for all tests here, which leave nothing in it."""
    if request.param == "sqlite":
        with fast_folder() as folder:
            yield from _open(f"sqlite:///{folder / 'laiwang.db'}")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database()
        yield from _open(url)
        server.drop_database(url)


def _open(url: str) -> Iterator[Database]:
    migrate(url)
    database = Database(url)
    yield database
    database.close_now()


@pytest.fixture
def connection(made: Database) -> Iterator[Connection]:
    with made.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()


@pytest.fixture
def ledger(connection: Connection) -> LedgerId:
    return store.open_ledger(connection, ROOM, "EUR", 1)


def persons(connection: Connection, ledger: LedgerId) -> tuple[AccountId, AccountId, AccountId]:
    ann, ben, cai = (store.account_of(connection, ledger, user, 1) for user in (ANN, BEN, CAI))
    return ann, ben, cai


def dinner(connection: Connection, ledger: LedgerId, key: str = "$dinner", minor: int = 1000) -> store.EntryId | None:
    """Ann has paid for all three."""
    three = persons(connection, ledger)
    division = divide(minor, Equal(three), store.carry_of(connection, ledger, "EUR"))
    postings = bill_postings("EUR", {three[0]: minor}, division.shares, division.carry)
    return store.post(connection, ledger, NewEntry("bill", key, DAY, postings, three[0], "$dinner", note="面"), 7)


def test_what_is_posted_is_there(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, cai = persons(connection, ledger)
    id = dinner(connection, ledger)
    assert id is not None
    assert store.balances(connection, ledger) == {(ann, "EUR"): 666, (ben, "EUR"): -333, (cai, "EUR"): -333}
    entry = store.entry(connection, id)
    assert entry is not None
    assert (entry.kind, entry.key, entry.date, entry.author, entry.note) == ("bill", "$dinner", DAY, ann, "面")
    assert [(each.account, each.minor) for each in entry.postings] == [
        (ann, 1000),
        (ann, -334),
        (ben, -333),
        (cai, -333),
    ]
    assert store.entries(connection, ledger) == [entry]
    assert store.was_applied(connection, ledger, "$dinner") == id


def test_the_same_key_is_applied_once(connection: Connection, ledger: LedgerId) -> None:
    assert dinner(connection, ledger) is not None
    before = store.balances(connection, ledger)
    assert dinner(connection, ledger) is None
    assert store.balances(connection, ledger) == before
    other = store.open_ledger(connection, OTHER_ROOM, "EUR", 1)
    assert dinner(connection, other) is not None


def test_the_odd_cent_goes_round(connection: Connection, ledger: LedgerId) -> None:
    for number in range(3):
        dinner(connection, ledger, f"${number}")
    ann, ben, cai = persons(connection, ledger)
    assert store.nets(connection, ledger, "EUR") == {ann: 2000, ben: -1000, cai: -1000}
    assert store.carry_of(connection, ledger, "EUR") == {}


def test_a_reversal_leaves_nothing_and_comes_once(connection: Connection, ledger: LedgerId) -> None:
    id = dinner(connection, ledger)
    assert id is not None
    undone = store.reverse_entry(connection, ledger, id, "$undo", DAY, 8)
    assert undone is not None
    assert store.balances(connection, ledger) == {}
    assert store.carry_of(connection, ledger, "EUR") == {}
    assert store.reverse_entry(connection, ledger, id, "$again", DAY, 9) is None
    entry, reversal = store.entry(connection, id), store.entry(connection, undone)
    assert entry is not None
    assert reversal is not None
    assert (entry.reversed_by, reversal.reverses) == (undone, id)


def test_an_exchange_is_kept_with_the_entry(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, _ = persons(connection, ledger)
    exchange = Exchange("USD", 1000, "0.9214", DAY, "ECB")
    entry = NewEntry("payment", "$usd", DAY, payment_postings("EUR", ann, ben, 921), exchange=exchange)
    id = store.post(connection, ledger, entry, 1)
    assert id is not None
    found = store.entry(connection, id)
    assert found is not None
    assert found.exchange == exchange


def test_currencies_stay_apart(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, _ = persons(connection, ledger)
    postings = (*payment_postings("EUR", ann, ben, 500), *payment_postings("JPY", ben, ann, 900))
    store.post(connection, ledger, NewEntry("payment", "$both", DAY, postings), 1)
    assert store.nets(connection, ledger, "EUR") == {ann: 500, ben: -500}
    assert store.nets(connection, ledger, "JPY") == {ann: -900, ben: 900}


@pytest.mark.parametrize(
    "minors", [(5, -4), (5,), (), (5, -5, 1), (10**15 + 1, -(10**15) - 1)], ids=lambda minors: str(minors)
)
def test_what_does_not_add_up_is_no_entry(connection: Connection, ledger: LedgerId, minors: tuple[int, ...]) -> None:
    three = persons(connection, ledger)
    postings = tuple(Posting(account, "EUR", minor) for account, minor in zip(three, minors, strict=False))
    with pytest.raises(Unbalanced):
        store.post(connection, ledger, NewEntry("bill", "$odd", DAY, postings), 1)


def refused(connection: Connection, *statements: str) -> bool:
    """Whether the database refuses the last of these, the others having been taken."""
    *before, last = statements
    with connection.begin_nested() as savepoint:
        for statement in before:
            connection.execute(text(statement))
        try:
            connection.execute(text(last))
        except DBAPIError:
            savepoint.rollback()
            return True
        savepoint.rollback()
        return False


def posting(entry: int, number: int, account: AccountId, minor: int, currency: str = "EUR", carry: int = 0) -> str:
    return (
        "insert into pay_posting (entry, number, account, currency, minor, carry) "
        f"values ({entry}, {number}, {account}, '{currency}', {minor}, {carry})"
    )


def closing(entry: int, ledger: LedgerId, key: str = "$k", reverses: str = "null", author: str = "null") -> str:
    return (
        "insert into pay_entry (id, ledger, kind, key, date, reverses, author, created_at) "
        f"values ({entry}, {ledger}, 'bill', '{key}', '2026-11-20', {reverses}, {author}, 1)"
    )


def test_the_database_takes_what_is_balanced(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, _ = persons(connection, ledger)
    assert not refused(connection, posting(90, 1, ann, 5), posting(90, 2, ben, -5), closing(90, ledger))


def test_the_database_refuses_what_does_not_add_up(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, _ = persons(connection, ledger)
    assert refused(connection, closing(90, ledger))
    assert refused(connection, posting(90, 1, ann, 5), posting(90, 2, ben, -4), closing(90, ledger))
    assert refused(connection, posting(90, 1, ann, 5), posting(90, 2, ben, -5, "USD"), closing(90, ledger))
    assert refused(connection, posting(90, 1, ann, 5), posting(90, 2, ben, -5, carry=1), closing(90, ledger))


def test_the_database_refuses_parts_of_a_unit_and_too_much(connection: Connection, ledger: LedgerId) -> None:
    ann, *_ = persons(connection, ledger)
    half = posting(90, 1, ann, 5).replace("5, 0)", "0.5, 0)")
    assert connection.dialect.name != "sqlite" or refused(connection, half)
    assert refused(connection, posting(90, 1, ann, 10**15 + 1))


def test_the_database_refuses_accounts_of_another_room(connection: Connection, ledger: LedgerId) -> None:
    ann, *_ = persons(connection, ledger)
    stranger = store.account_of(connection, store.open_ledger(connection, OTHER_ROOM, "EUR", 1), BEN, 1)
    assert refused(connection, posting(90, 1, ann, 5), posting(90, 2, stranger, -5), closing(90, ledger))
    ours = posting(90, 1, ann, 5), posting(90, 2, ann, -5)
    assert refused(connection, *ours, closing(90, ledger, author=str(stranger)))
    assert refused(connection, f"update pay_account set ledger = ledger + 1 where id = {ann}")


def test_the_database_refuses_to_change_or_remove_what_is_written(connection: Connection, ledger: LedgerId) -> None:
    id = dinner(connection, ledger)
    assert refused(connection, f"update pay_posting set minor = minor + 1 where entry = {id}")
    assert refused(connection, f"delete from pay_posting where entry = {id}")
    assert refused(connection, f"update pay_entry set kind = 'gift' where id = {id}")
    assert refused(connection, f"delete from pay_entry where id = {id}")
    ann, *_ = persons(connection, ledger)
    assert refused(connection, posting(id or 0, 9, ann, 0))
    for way in ("insert", "insert or replace") if connection.dialect.name == "sqlite" else ("insert",):
        assert refused(connection, posting(id or 0, 1, ann, 0).replace("insert", way, 1))
        again = (
            posting(90, 1, ann, 5),
            posting(90, 2, ann, -5),
            closing(90, ledger, "$dinner").replace("insert", way, 1),
        )
        assert refused(connection, *again)
    if connection.dialect.name != "sqlite":
        assert refused(connection, "truncate pay_posting cascade")


def test_the_database_refuses_balances_that_are_not_the_sum(connection: Connection, ledger: LedgerId) -> None:
    id = dinner(connection, ledger)
    ann, ben, _ = persons(connection, ledger)
    assert refused(connection, f"update pay_balance set minor = minor + 1 where account = {ann}")
    assert refused(connection, f"update pay_balance set minor = 0, carry = 0, entry = {id}, number = 1")
    assert refused(connection, f"delete from pay_balance where account = {ann}")
    made_up = (
        f"insert into pay_balance (account, currency, minor, carry, entry, number) values ({ann}, 'USD', 5, 0, 0, 0)"
    )
    assert refused(connection, made_up)
    twice = f"update pay_balance set minor = minor - 333 where account = {ben}"
    assert refused(connection, twice)


def test_the_database_refuses_a_reversal_that_is_not_the_opposite(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, _ = persons(connection, ledger)
    first = store.post(connection, ledger, NewEntry("payment", "$1", DAY, payment_postings("EUR", ann, ben, 5)), 1)
    assert first is not None
    less = posting(90, 1, ann, -4), posting(90, 2, ben, 4)
    assert refused(connection, *less, closing(90, ledger, reverses=str(first)))
    other = store.open_ledger(connection, OTHER_ROOM, "EUR", 1)
    opposite = posting(90, 1, ann, -5), posting(90, 2, ben, 5)
    assert refused(connection, *opposite, closing(90, other, reverses=str(first)))
    assert not refused(connection, *opposite, closing(90, ledger, reverses=str(first)))
    store.reverse_entry(connection, ledger, first, "$2", DAY, 1)
    assert refused(connection, *opposite, closing(90, ledger, reverses=str(first)))


def test_postings_without_their_entry_are_not_committed(made: Database) -> None:
    with pytest.raises(DBAPIError):
        half_an_entry(made)
    with made.engine.begin() as connection:
        assert connection.execute(pay_posting.select()).all() == []


def half_an_entry(made: Database) -> None:
    with made.engine.begin() as connection:
        ledger = store.open_ledger(connection, ROOM, "EUR", 1)
        row = {"entry": 5, "number": 1, "account": store.account_of(connection, ledger, ANN, 1), "currency": "EUR"}
        connection.execute(insert(pay_posting), {**row, "minor": 5, "carry": 0})


def test_settings_are_kept(connection: Connection, ledger: LedgerId) -> None:
    ann, *_ = persons(connection, ledger)
    assert store.settings(connection, ledger) == LedgerSettings("EUR")
    kept = "CNY", WhoAdds.HOSTS, WhoChanges.MEMBERS, Confirmation.ONE, False, SettleMode.TREASURER, ann, 100_000, True
    wanted = LedgerSettings(*kept, remind_days=(1, 3), decimal_mark=",")
    store.change_settings(connection, ledger, wanted)
    assert store.settings(connection, ledger) == wanted


def test_a_ledger_moves_with_its_room(connection: Connection, ledger: LedgerId) -> None:
    assert store.open_ledger(connection, ROOM, "USD", 9) == ledger
    assert store.move(connection, ROOM, OTHER_ROOM)
    assert store.ledger_of(connection, ROOM) is None
    assert store.ledger_of(connection, OTHER_ROOM) == ledger
    assert store.room_of(connection, ledger) == OTHER_ROOM
    assert not store.move(connection, ROOM, OTHER_ROOM)


def test_guests_are_known_by_name(connection: Connection, ledger: LedgerId) -> None:
    guest = store.guest_account(connection, ledger, "Uncle  Li", 1)
    assert store.guest_account(connection, ledger, "uncle li", 1) == guest
    assert store.find_guest(connection, ledger, "UNCLE LI") == guest
    assert store.find_account(connection, ledger, UserID("Uncle Li")) is None
    assert store.accounts(connection, ledger)[guest].name == "Uncle Li"
    packet = store.system_account(connection, ledger, "packet:7", 1)
    assert store.accounts(connection, ledger)[packet].kind is AccountKind.SYSTEM


def test_whoever_is_forgotten_leaves_sums_without_a_name(connection: Connection, ledger: LedgerId) -> None:
    id = dinner(connection, ledger)
    before = store.balances(connection, ledger)
    store.forget_user(connection, ANN)
    entry = store.entry(connection, id or store.EntryId(0))
    assert entry is not None
    assert entry.note is None
    assert store.balances(connection, ledger) == before
    assert store.find_account(connection, ledger, ANN) is None
    assert ANN not in {account.name for account in store.accounts(connection, ledger).values()}
    assert store.account_of(connection, ledger, ANN, 1) not in {account for account, _ in before}


def test_somebody_sees_what_he_has_in_all_rooms(connection: Connection, ledger: LedgerId) -> None:
    other = store.open_ledger(connection, OTHER_ROOM, "EUR", 1)
    dinner(connection, ledger)
    dinner(connection, other, minor=900)
    found = store.balances_of_user(connection, [BEN])
    assert [(each.room, each.currency, each.minor) for each in found] == [
        (ROOM, "EUR", -333),
        (OTHER_ROOM, "EUR", -300),
    ]


def test_entries_come_newest_first_and_in_pages(connection: Connection, ledger: LedgerId) -> None:
    made = [dinner(connection, ledger, f"${number}") for number in range(5)]
    found = store.entries(connection, ledger, limit=2)
    assert [each.id for each in found] == made[:2:-1]
    assert [each.id for each in store.entries(connection, ledger, before=found[-1].id)] == made[2::-1]


def test_couples_pay_as_one_whoever_of_them_is_named(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, cai = persons(connection, ledger)
    store.change_account(connection, ben, weight=Fraction(1, 2), settles_with=None)
    store.change_account(connection, cai, weight=Fraction(1), settles_with=ben)
    assert store.accounts(connection, ledger)[ben].weight == Fraction(1, 2)
    dinner(connection, ledger, minor=900)
    assert [(each.payer, each.payee, each.minor) for each in settlement(connection, ledger, "EUR", 1).transfers] == [
        (ben, ann, 600)
    ]
    store.change_account(connection, ben, weight=Fraction(1), settles_with=ann)
    assert store.accounts(connection, ledger)[cai].settles_with == ann
    assert settlement(connection, ledger, "EUR", 1).transfers == ()
    with pytest.raises(ValueError, match="himself"):
        store.change_account(connection, ann, weight=Fraction(1), settles_with=cai)


def test_a_plan_stays_while_it_is_paid(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, cai = persons(connection, ledger)
    dinner(connection, ledger)
    made = settlement(connection, ledger, "EUR", 1)
    assert [(each.payer, each.payee, each.minor) for each in made.transfers] == [(ben, ann, 333), (cai, ann, 333)]
    store.post(connection, ledger, NewEntry("payment", "$p", DAY, payment_postings("EUR", ben, ann, 333)), 1)
    again = settlement(connection, ledger, "EUR", 1)
    assert [(each.payer, each.payee, each.minor) for each in again.transfers] == [(cai, ann, 333)]
    assert settlement(connection, ledger, "USD", 1).transfers == ()


def test_each_room_settles_in_its_way(connection: Connection, ledger: LedgerId) -> None:
    ann, ben, cai = persons(connection, ledger)
    for key, payer, payee in (("$1", ann, ben), ("$2", ben, cai)):
        store.post(connection, ledger, NewEntry("loan", key, DAY, payment_postings("EUR", payer, payee, 700)), 1)
    assert who_owes_whom(connection, ledger, "EUR") == {(ben, ann): 700, (cai, ben): 700}
    settings = store.settings(connection, ledger)
    for mode, expected in (
        (SettleMode.MINIMAL, [(cai, ann, 700)]),
        (SettleMode.PAIRWISE, [(ben, ann, 700), (cai, ben, 700)]),
        (SettleMode.TREASURER, [(cai, ben, 700), (ben, ann, 700)]),
    ):
        store.change_settings(connection, ledger, replace(settings, mode=mode, treasurer=ben))
        made = settlement(connection, ledger, "EUR", 1)
        assert [(each.payer, each.payee, each.minor) for each in made.transfers] == expected
