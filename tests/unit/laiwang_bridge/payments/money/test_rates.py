"""Rates: read as the bank publishes them, used for the day that is meant, applied to a total once."""

from __future__ import annotations

import datetime as dt
import io
import logging
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice.database import Database
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.ledger import ledger_store, rate_store
from laiwang_bridge.payments.ledger.rates_file import RatesFile
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.money.rates import (
    BANK,
    BY_HAND,
    Rate,
    UnreadableRates,
    across,
    converted,
    decimal_text,
    read_fixings,
    read_rate,
)

TABLE = b"""Date,USD,JPY,BGN,CNY,
2026-11-20,1.0842,163.25,1.9558,7.8312,
2026-11-19,1.0821,162.9,1.9558,7.83,
1999-01-04,1.1789,133.73,N/A,N/A,
"""
FRIDAY, SATURDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 21)


def zipped(table: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, table)
    return packed.getvalue()


@pytest.mark.parametrize("data", [TABLE, b"\xef\xbb\xbf" + TABLE, zipped(TABLE, "eurofxref-hist.csv")])
def test_the_file_of_the_bank_is_read_packed_or_not(data: bytes) -> None:
    fixings = read_fixings(data)
    assert list(fixings) == [FRIDAY, dt.date(2026, 11, 19), dt.date(1999, 1, 4)]
    assert fixings[FRIDAY]["USD"] == "1.0842"
    assert fixings[dt.date(1999, 1, 4)] == {"USD": "1.1789", "JPY": "133.73"}


def test_the_table_of_one_day_is_read_too() -> None:
    assert read_fixings(b"Date, USD, JPY, \n20 November 2026, 1.0842, 163.25, \n") == {
        FRIDAY: {"USD": "1.0842", "JPY": "163.25"}
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 broken",
        b"\xff\xfe",
        b"day;rate\n",
        TABLE + b"yesterday,1,2,3,4\n",
        zipped(TABLE, "a.csv", "b.csv"),
    ],
)
def test_what_is_no_such_file_is_told(data: bytes) -> None:
    with pytest.raises(UnreadableRates):
        read_fixings(data)


def test_rates_between_two_others_go_through_the_euro() -> None:
    fixing = read_fixings(TABLE)[FRIDAY]
    assert across(fixing, "EUR", "USD") == "1.0842"
    assert across(fixing, "USD", "EUR") == "0.9223390518"
    assert across(fixing, "USD", "CNY") == "7.223021583"
    assert across(fixing, "USD", "XYZ") is None


@given(st.fractions(Fraction(1, 10**9), Fraction(10**9)))
def test_a_rate_as_text_has_ten_digits(value: Fraction) -> None:
    text = decimal_text(value)
    assert abs(Fraction(text) - value) <= value / 10**9
    assert "e" not in text
    assert len(text.replace(".", "").strip("0")) <= 10


@pytest.mark.parametrize(
    ("minor", "of", "to", "rate", "expected"),
    [
        (10000, "USD", "EUR", "0.92", 9200),
        (10001, "USD", "EUR", "0.5", 5001),
        (-10001, "USD", "EUR", "0.5", -5001),
        (1000, "JPY", "EUR", "0.006125", 613),
        (1234, "EUR", "JPY", "163.25", 2015),
        (1234, "KWD", "EUR", "3", 370),
        (0, "USD", "EUR", "0.92", 0),
    ],
)
def test_amounts_are_converted_with_the_decimals_of_both(
    minor: int, of: str, to: str, rate: str, expected: int
) -> None:
    assert converted(minor, currency(of), currency(to), rate) == expected


@pytest.mark.parametrize(("text", "rate"), [("0.92", "0.92"), (" 0,920", "0.92"), ("163", "163"), ("007.50", "7.5")])
def test_a_rate_that_somebody_types(text: str, rate: str) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "0.0", "-1", "1e5", "1.2.3", "a", "1/2", "nan", "9" * 30])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        read_rate(text)


@pytest.fixture
def connection(sqlite_url: str) -> Iterator[Connection]:
    migrate(sqlite_url)
    database = Database(sqlite_url)
    with database.engine.begin() as opened:
        rate_store.keep_fixings(opened, read_fixings(TABLE))
        yield opened
    database.close_now()


def test_the_last_fixing_on_or_before_the_day_counts(connection: Connection) -> None:
    ledger = ledger_store.open_ledger(connection, RoomID("!r:x"), "EUR", 1)

    def rate(day: dt.date, code: str = "USD") -> Rate | None:
        return rate_store.rate_on(connection, ledger, code, "EUR", day)

    assert rate(FRIDAY) == rate(SATURDAY) == Rate("0.9223390518", FRIDAY, BANK)
    assert rate(dt.date(2026, 11, 19)) == Rate("0.9241290084", dt.date(2026, 11, 19), BANK)
    assert rate(dt.date(2027, 1, 1)) is None, "that is too long ago"
    assert rate(FRIDAY, "VND") is None
    assert rate_store.keep_fixings(connection, read_fixings(TABLE)) == 0


def test_what_a_room_has_set_counts_more(connection: Connection) -> None:
    ledger = ledger_store.open_ledger(connection, RoomID("!r:x"), "EUR", 1)
    rate_store.set_rate(connection, ledger, "USD", "EUR", "0.9", 1)
    assert rate_store.rate_on(connection, ledger, "USD", "EUR", SATURDAY) == Rate("0.9", SATURDAY, BY_HAND)
    found = rate_store.rate_on(connection, ledger, "USD", "CNY", SATURDAY)
    assert found is not None
    assert found.source == BANK
    exchanged = rate_store.exchange(connection, ledger, Money(10000, currency("USD")), "EUR", SATURDAY)
    assert exchanged is not None
    total, kept = exchanged
    assert total == Money(9000, currency("EUR"))
    assert (kept.currency, kept.minor, kept.rate) == ("USD", 10000, "0.9")
    assert rate_store.drop_rate(connection, ledger, "USD", "EUR")
    assert not rate_store.drop_rate(connection, ledger, "USD", "EUR")


async def test_the_file_is_read_again_when_it_has_changed(
    sqlite_url: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(sqlite_url)
    database = Database(sqlite_url)
    path = folder / "eurofxref-hist.csv"
    file = RatesFile(path, database)
    with caplog.at_level(logging.INFO, logger="laiwang_bridge"):
        await file.look()
        path.write_bytes(b"nothing")
        await file.look()
        path.write_bytes(TABLE)
        await file.look()
        await file.look()
    assert await database.read(lambda connection: rate_store.keep_fixings(connection, read_fixings(TABLE))) == 0
    said = [record.getMessage() for record in caplog.records if record.name.endswith("rates_file")]
    assert [line.partition(str(path))[2] or line for line in said][:2] == [
        " (payments.rates_file) cannot be read: No such file or directory",
        " (payments.rates_file) has no rates: its first line does not begin with Date and currencies",
    ]
    assert len(said) == 3
    await database.close()
