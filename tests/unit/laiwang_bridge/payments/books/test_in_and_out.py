"""Books that come into a ledger are the same books there, once, and what cannot be books never comes near it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from appservice.database import metadata
from appservice.language import Language
from laiwang_bridge.database import tables
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.books.book import BILL, Account, AccountKind, Books, Entry, balances
from laiwang_bridge.payments.books.books_in import Brought, Importer, bring_in
from laiwang_bridge.payments.books.books_out import books_of
from laiwang_bridge.payments.books.importing.found import Source
from laiwang_bridge.payments.books.importing.reader import read_books
from laiwang_bridge.payments.books.importing.soundness import is_sound
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.splitting import AccountId
from tests.unit.laiwang_bridge.payments.books.made_up import books
from tests.unit.laiwang_bridge.payments.books.test_readers import FILES, read
from tests.unit.laiwang_bridge.payments.books.test_writers import TRIP

T = TypeVar("T")
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
ME = UserID("@me:town")


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A database in memory, for all tests here; each has rooms of its own."""
    assert tables.metadata is metadata
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


class Room:
    """A room with books."""

    count = iter(range(10_000_000))

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ledger = ledger_store.open_ledger(connection, RoomID(f"!{next(self.count)}"), "EUR", 1)
        self.me = ledger_store.account_of(connection, self.ledger, ME, 1)

    def take_in(self, source: Source, some: Books) -> Brought:
        known = {account.number: account for account in some.accounts}

        def account_of(number: int) -> AccountId:
            account = known[number]
            if account.kind is AccountKind.USER:
                return ledger_store.account_of(self.connection, self.ledger, UserID(account.user), 1)
            return ledger_store.guest_account(self.connection, self.ledger, f"{number} {account.name}", 1)

        by = Importer(self.me, UserID("@bot:town"), Language.EN)
        return bring_in(self.connection, self.ledger, source, some, account_of, by, 2)

    def books(self) -> Books:
        return books_of(self.connection, self.ledger, "", str)


@few
@given(made_up=books())
def test_all_of_it_comes_in_once_and_leaves_as_it_was(connection: Connection, made_up: Books) -> None:
    room = Room(connection)
    assert room.take_in(Source.OURS, made_up) == Brought(len(made_up.entries), 0)
    assert room.take_in(Source.OURS, made_up) == Brought(0, len(made_up.entries))
    again = room.books()
    assert list(map(shape, again.entries)) == list(map(shape, made_up.entries))
    assert sorted(balances(again.entries).values()) == sorted(balances(made_up.entries).values())
    assert len(again.standing) == len(made_up.standing)
    other = Room(connection)
    other.take_in(Source.OURS, again)
    assert list(map(shape, other.books().entries)) == list(map(shape, made_up.entries))
    assert room.take_in(Source.OURS, other.books()) == Brought(0, len(made_up.entries))


def shape(entry: Entry) -> object:
    """What of an entry has to be the same in another ledger, whatever its accounts are numbered."""
    numbers: dict[int, int] = {}
    postings = [
        (numbers.setdefault(one.account, len(numbers)), one.currency, one.minor, one.carry) for one in entry.postings
    ]
    shares = [(numbers.get(part.account), part.minor) for part in entry.shares] if entry.kind == BILL else []
    reversed_ = entry.reverses is not None
    return entry.date, postings, [] if reversed_ else shares, entry.reverses, entry.exchange


@few
@given(made_up=books(), data=st.data())
def test_books_that_grow_bring_in_what_is_new(connection: Connection, made_up: Books, data: st.DataObject) -> None:
    room = Room(connection)
    first = data.draw(st.integers(0, len(made_up.entries)))
    room.take_in(Source.OURS, replace(made_up, entries=made_up.entries[:first]))
    assert room.take_in(Source.OURS, made_up) == Brought(len(made_up.entries) - first, first)
    assert list(map(shape, room.books().entries)) == list(map(shape, made_up.entries))


@pytest.mark.parametrize(
    "name", ["splitwise-de.csv", "splitwise-en.csv", "ihatemoney.json", "cospend.csv", "spliit.json", "tricount-fr.csv"]
)
def test_what_others_have_kept_has_the_same_balances_here(connection: Connection, name: str) -> None:
    found = read((FILES / name).read_bytes())
    room = Room(connection)
    assert room.take_in(found.source, found.books).added == len(found.books.entries)
    there = {place: minor for place, minor in balances(found.books.entries).items() if minor}
    assert sorted(ledger_store.balances(connection, room.ledger).values()) == sorted(there.values())
    assert room.take_in(found.source, found.books).added == 0


def test_what_is_taken_back_elsewhere_makes_its_bill_void_here(connection: Connection) -> None:
    room = Room(connection)
    room.take_in(Source.OURS, replace(TRIP, entries=TRIP.entries[:3]))
    assert len(room.books().standing) == 3
    room.take_in(Source.OURS, TRIP)
    assert [entry.key.rpartition(":")[2] for entry in room.books().standing] == ["$dinner", "$b"]
    voided = [bill.content.title for bill in bill_store.bills(connection, room.ledger, with_void=True) if bill.is_void]
    assert voided == ["+tea"]


def changed(change: Callable[[Entry], Entry]) -> Books:
    return replace(TRIP, entries=(change(TRIP.entries[0]), *TRIP.entries[1:]))


@pytest.mark.parametrize(
    "wrong",
    [
        changed(lambda one: replace(one, postings=one.postings[:2])),
        changed(lambda one: replace(one, postings=())),
        changed(lambda one: replace(one, postings=tuple(replace(p, account=9) for p in one.postings))),
        changed(lambda one: replace(one, postings=tuple(replace(p, currency="XAU") for p in one.postings))),
        changed(lambda one: replace(one, postings=tuple(replace(p, minor=p.minor * 10**12) for p in one.postings))),
        changed(lambda one: replace(one, postings=(replace(one.postings[0], carry=1), *one.postings[1:]))),
        changed(lambda one: replace(one, paid=one.paid[:0])),
        changed(lambda one: replace(one, currency="USD")),
        changed(lambda one: replace(one, number=2)),
        changed(lambda one: replace(one, key=TRIP.entries[1].key)),
        changed(lambda one: replace(one, reverses=7)),
        replace(TRIP, entries=(*TRIP.entries[:3], replace(TRIP.entries[3], reverses=1))),
        replace(TRIP, entries=(*TRIP.entries, replace(TRIP.entries[3], number=5, key="again"))),
        replace(TRIP, accounts=(*TRIP.accounts, Account(1, AccountKind.GUEST, "twice"))),
        replace(TRIP, currency="eur"),
    ],
)
def test_books_that_cannot_be_are_refused_whatever_their_hashes_say(wrong: Books) -> None:
    assert is_sound(TRIP)
    assert not is_sound(wrong)


@few
@given(books())
def test_all_books_of_ours_are_sound(made_up: Books) -> None:
    assert is_sound(made_up)


@few
@given(st.binary(max_size=300) | st.text("{}[]\",:1'=\n;.", max_size=200).map(str.encode))
def test_no_bytes_make_a_reader_stumble(data: bytes) -> None:
    read_books(data, "EUR")


@few
@given(st.sampled_from(sorted(FILES.iterdir())), st.data())
def test_no_damage_to_a_file_makes_a_reader_stumble(file: object, data: st.DataObject) -> None:
    whole = file.read_bytes()  # type: ignore[attr-defined]
    at = data.draw(st.integers(0, len(whole)))
    until = data.draw(st.integers(at, min(len(whole), at + 40)))
    read_books(whole[:at] + data.draw(st.binary(max_size=8)) + whole[until:], "EUR")
