"""What we write, other programs read: nothing is lost, nothing can be mistaken, and every balance is right."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.books.book import (
    BILL,
    PAYMENT,
    Account,
    AccountKind,
    Books,
    Entry,
    Part,
    Posting,
    balances,
)
from laiwang_bridge.payments.books.exporting import FileFormat, lossless, spreadsheet, write
from laiwang_bridge.payments.books.importing.found import Found, Source
from laiwang_bridge.payments.books.importing.reader import read_books
from tests.support.accounting import complaints_of_beancount, complaints_of_hledger, find_hledger
from tests.unit.laiwang_bridge.payments.books.made_up import books

few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ANN, BOB, CARL = (
    Account(1, AccountKind.USER, "Ann", "@ann:town"),
    Account(2, AccountKind.USER, "=HYPERLINK(1)", "@bob:town"),
    Account(3, AccountKind.GUEST, "小明"),
)
DINNER = Entry(
    1,
    BILL,
    date(2026, 11, 20),
    'Dinner; "by" the | sea',
    (Posting(1, "EUR", 8000), Posting(2, "EUR", -4000), Posting(3, "EUR", -4000)),
    "EUR",
    "food: out",
    (Part(1, 12000),),
    (Part(1, 4000), Part(2, 4000), Part(3, 4000)),
    "$dinner",
    "@ann:town",
    1_700_000_000_000,
)
TEA = Entry(2, BILL, date(2026, 11, 21), "+tea", (Posting(3, "JPY", 500), Posting(1, "JPY", -500)), "JPY", key="$tea")
BACK = Entry(3, PAYMENT, date(2026, 11, 22), "", (Posting(2, "EUR", 4000), Posting(1, "EUR", -4000)), "EUR", key="$b")
NO_TEA = Entry(
    4, BILL, date(2026, 11, 21), "+tea", (Posting(3, "JPY", -500), Posting(1, "JPY", 500)), "JPY", key="$n", reverses=2
)
TRIP = Books("The trip", "EUR", (ANN, BOB, CARL), (DINNER, TEA, BACK, NO_TEA))


def text_of(format: FileFormat, of: Books = TRIP) -> str:
    return write(of, format, "trip").data.decode()


@few
@given(books())
def test_json_gives_the_same_books_back(made_up: Books) -> None:
    assert lossless.read(lossless.write(made_up)) == made_up
    found = read_books(write(made_up, FileFormat.JSON, "x").data, "EUR")
    assert isinstance(found, Found)
    assert (found.source, found.books) == (Source.OURS, made_up)


@few
@given(books().filter(lambda one: bool(one.entries)), st.data())
def test_whatever_is_changed_in_the_json_is_noticed(made_up: Books, data: st.DataObject) -> None:
    whole = json.loads(lossless.write(made_up))
    entry = data.draw(st.sampled_from(whole["entries"]))
    match data.draw(st.sampled_from(("amount", "title", "gone", "account", "head"))):
        case "amount":
            entry["postings"][0][2] += 1
        case "title":
            entry["title"] += "!"
        case "gone":
            whole["entries"].remove(entry)
        case "account":
            whole["accounts"][0]["name"] += "!"
        case "head":
            whole["title"] += "!"
    with pytest.raises(lossless.Changed):
        lossless.read(json.dumps(whole))


def test_each_hash_of_the_json_holds_the_one_before() -> None:
    whole = json.loads(text_of(FileFormat.JSON))
    assert len({entry["hash"] for entry in whole["entries"]}) == 4
    assert write(TRIP, FileFormat.JSON, "trip").head == whole["head"]
    assert whole["entries"][3]["reverses"] == 2


def test_the_table_has_a_column_for_each_person_and_no_formula() -> None:
    text = text_of(FileFormat.CSV)
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == text.count("\n")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [
        ["Date", "Description", "Category", "Cost", "Currency", "Ann", "'=HYPERLINK(1)", "小明"],
        ["2026-11-20", 'Dinner; "by" the | sea', "food: out", "120.00", "EUR", "80.00", "-40.00", "-40.00"],
        ["2026-11-22", "", "Payment", "40.00", "EUR", "-40.00", "40.00", "0.00"],
        [],
        ["2026-11-22", "Total balance", " ", " ", "EUR", "40.00", "0.00", "-40.00"],
    ]


@few
@given(
    st.text(max_size=6).map("'".__mul__(2).__add__) | st.sampled_from(("=1", "'=1", "''@", "－1", "\t=", "-", "a=1"))
)
def test_text_is_guarded_and_comes_back(text: str) -> None:
    guarded = spreadsheet.guarded(text)
    assert guarded[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    assert spreadsheet.unguarded(guarded) == text


@few
@given(books())
def test_the_table_is_read_back_with_every_balance(made_up: Books) -> None:
    standing = [entry for entry in made_up.standing if any(posting.minor for posting in entry.postings)]
    found = read_books(write(made_up, FileFormat.CSV, "x").data, "EUR")
    if not standing:
        return
    assert isinstance(found, Found)
    assert (found.source, found.bad, found.differences) == (Source.SPLITWISE, (), ())
    assert len(found.books.entries) == len(standing)
    ours = sorted((code, minor) for (_account, code), minor in balances(standing).items() if minor)
    theirs = sorted((code, minor) for (_account, code), minor in balances(found.books.entries).items() if minor)
    assert ours == theirs


def test_quicken_gets_an_account_for_each_person_and_currency() -> None:
    assert text_of(FileFormat.QIF).splitlines()[:13] == [
        "!Account",
        "NAnn EUR",
        "TOth A",
        "^",
        "!Type:Oth A",
        "D11/20/2026",
        "T80.00",
        "N1",
        'PDinner; "by" the | sea',
        "Lfood: out",
        "^",
        "D11/22/2026",
        "T-40.00",
    ]


@few
@given(books())
def test_the_records_of_quicken_add_up(made_up: Books) -> None:
    amounts = [
        line[1:] for line in text_of(FileFormat.QIF, made_up).splitlines() if line.startswith("T") and line[1:2] != "O"
    ]
    assert all(amount.lstrip("-").replace(".", "").isdigit() for amount in amounts)
    standing = made_up.standing
    moved = sum(bool(one.minor) for entry in standing for one in entry.postings)
    assert len(amounts) == moved


def test_beancount_finds_nothing_wrong(tmp_path: Path) -> None:
    files = _samples(tmp_path, FileFormat.BEANCOUNT)
    assert complaints_of_beancount(files) == ""
    spoilt = tmp_path / "spoilt.beancount"
    spoilt.write_text(text_of(FileFormat.BEANCOUNT).replace("80.00 EUR", "80.01 EUR", 1))
    assert "does not balance" in complaints_of_beancount([spoilt])


def test_hledger_finds_nothing_wrong(tmp_path: Path) -> None:
    hledger = find_hledger()
    if hledger is None:
        pytest.skip("there is no hledger here, and apt-get cannot fetch it: its journals are checked by nobody")
    for file in _samples(tmp_path, FileFormat.HLEDGER):
        assert complaints_of_hledger(hledger, file) == ""
    spoilt = tmp_path / "spoilt.journal"
    spoilt.write_text(text_of(FileFormat.HLEDGER).replace("80.00 EUR", "80.01 EUR", 1))
    assert "balance" in complaints_of_hledger(hledger, spoilt)


def _samples(folder: Path, format: FileFormat) -> list[Path]:
    """Books of all shapes in files, and those of the trip."""
    made: list[Books] = [TRIP]

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(books())
    def collect(made_up: Books) -> None:
        made.append(made_up)

    collect()
    files = []
    for number, one in enumerate(made):
        files.append(folder / f"{number}.txt")
        files[-1].write_bytes(write(one, format, "x").data)
    return files
