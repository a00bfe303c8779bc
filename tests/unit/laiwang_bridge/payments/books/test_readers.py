"""What other programs export is read to the cent, or it is said which line is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from laiwang_bridge.payments.books.book import PAYMENT, Books, balances
from laiwang_bridge.payments.books.importing.found import Found, NoBooks, Source, Trouble, Unreadable
from laiwang_bridge.payments.books.importing.reader import read_books

FILES = Path(__file__).with_name("files")


def read(text: str | bytes, home: str = "EUR") -> Found:
    found = read_books(text if isinstance(text, bytes) else text.encode(), home)
    assert isinstance(found, Found), found
    return found


def of_file(name: str, home: str = "EUR") -> Found:
    found = read((FILES / name).read_bytes(), home)
    assert found.bad == ()
    assert found.differences == ()
    return found


def nets(books: Books, code: str = "EUR") -> Mapping[str, int]:
    names = {account.number: account.name for account in books.accounts}
    sums = balances(books.entries).items()
    return {names[account]: minor for (account, currency), minor in sums if currency == code}


def splitwise(*rows: str, people: str = "Ann,Bob") -> str:
    return "\n".join([f"Date,Description,Category,Cost,Currency,{people}", *rows])


def test_a_german_export_of_splitwise_is_read_as_it_is() -> None:
    found = of_file("splitwise-de.csv")
    assert found.source is Source.SPLITWISE
    assert [account.name for account in found.books.accounts] == ["Ines Giner", "ARN", "Lukas", "Papa"]
    assert nets(found.books) == {"Ines Giner": -10418, "ARN": -246617, "Lukas": 31252, "Papa": 225783}
    assert nets(found.books, "USD") == {"Ines Giner": 10203, "ARN": -2250, "Lukas": 1750, "Papa": -9703}
    flight, hotel, title, dinner, payment = found.books.entries
    assert title.title == "14,30"
    assert (hotel.category, hotel.total, hotel.paid[0].minor) == ("Hotel", 40390, 40390)
    assert [part.minor for part in hotel.shares] == [10098, 10097, 10098, 10097]
    assert dinner.paid == ()  # two people paid; how much each did is not in the file
    assert (payment.kind, payment.category) == (PAYMENT, "")
    assert flight.date.isoformat() == "2026-07-02"


def test_refunds_yen_and_bills_for_oneself_are_understood() -> None:
    found = of_file("splitwise-en.csv")
    assert found.left_out == 1
    assert nets(found.books) == {"Ann": 2000, "Bob": 1000, "Carl": -3000}
    assert nets(found.books, "JPY") == {"Ann": -1000, "Bob": 2000, "Carl": -1000}
    refund = found.books.entries[-1]
    assert (refund.total, refund.paid[0].account) == (-3000, 1)
    assert [(part.account, part.minor) for part in refund.shares] == [(1, -1000), (2, -1000), (3, -1000)]


def test_a_file_that_went_through_a_spreadsheet_abroad_is_read_too() -> None:
    text = (
        "Datum;Beschreibung;Kategorie;Kosten;Währung;Ann;Bob\r\n"
        "02.07.2026;Miete;Miete;1.234,50;EUR;617,25;-617,25\r\n"
        "03.07.2026;Bus;Bus;2;EUR;−1;1\r\n"
    )
    for charset in ("utf-8-sig", "utf-16", "cp1252", "utf-8"):
        found = read(text.replace("−", "-").encode(charset))
        assert nets(found.books) == {"Ann": 61725 - 100, "Bob": 100 - 61725}
        assert found.books.entries[0].date.isoformat() == "2026-07-02"
    chinese = splitwise("2026/7/2,火锅,餐饮,100.00,CNY,50.00,-50.00", people="小明,小红")
    assert [account.name for account in read(chinese.encode("gb18030")).books.accounts] == ["小明", "小红"]


@pytest.mark.parametrize(
    ("row", "trouble"),
    [
        ("2026-07-02,A,B,10.00,EUR,5.00,-4.99", Trouble.NOT_ZERO),
        ("2026-07-02,A,B,10.00,EUR,5.00", Trouble.SHORT),
        ("2026-07-02,A,B,10.00,EUR,5.00,-5.00,1", Trouble.SHORT),
        ("2026-13-02,A,B,10.00,EUR,5.00,-5.00", Trouble.DATE),
        ("03/04/2026,A,B,10.00,EUR,5.00,-5.00", Trouble.DATE),
        ("2026-07-02,A,B,abc,EUR,5.00,-5.00", Trouble.AMOUNT),
        ("2026-07-02,A,B,1.2.3,EUR,5.00,-5.00", Trouble.AMOUNT),
        ("2026-07-02,A,B,10.001,EUR,5.00,-5.00", Trouble.DECIMALS),
        ("2026-07-02,A,B,10.00,JPY,5.50,-5.50", Trouble.DECIMALS),
        ("2026-07-02,A,B,10.00,XAU,5.00,-5.00", Trouble.CURRENCY),
        ("2026-07-02,A,B," + "9" * 5000 + ",EUR,5.00,-5.00", Trouble.LARGE),
        ("2026-07-02,A,B,1" + "0" * 20 + ",EUR,5.00,-5.00", Trouble.LARGE),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(row: str, trouble: Trouble) -> None:
    found = read(splitwise("2026-07-01,Good,B,10.00,EUR,5.00,-5.00", row))
    assert [(bad.line, bad.trouble) for bad in found.bad] == [(3, trouble)]
    assert nets(found.books) == {"Ann": 500, "Bob": -500}


def test_a_number_that_means_two_things_is_not_guessed() -> None:
    unclear = '2026-07-02,A,B,"1,234",EUR,617,-617'
    assert [bad.trouble for bad in read(splitwise(unclear)).bad] == [Trouble.UNCLEAR_AMOUNT]
    assert nets(read(splitwise(unclear, "2026-07-02,A,B,1.50,EUR,-0.75,0.75")).books) == {"Ann": 61625, "Bob": -61625}
    assert read(splitwise('2026-07-02,A,B,"1,234.00",EUR,617.00,-617.00')).bad == ()
    assert nets(read(splitwise("2026-07-02,A,B,2.000,KWD,1.000,-1.000")).books, "KWD") == {"Ann": 1000, "Bob": -1000}


def test_totals_that_do_not_fit_are_told() -> None:
    rows = ("2026-07-02,A,B,10.00,EUR,5.00,-5.00", "2026-08-02,Total balance, , ,EUR,6.00,-6.00")
    assert [(one.name, one.said, one.found) for one in read(splitwise(*rows)).differences] == [
        ("Ann", 600, 500),
        ("Bob", -600, -500),
    ]


def test_columns_without_a_name_and_namesakes_stay_apart() -> None:
    found = read(splitwise("2026-07-02,A,B,10.00,EUR,5.00,,-5.00,", people="Ann,,Ann,"))
    assert nets(found.books) == {"Ann": 500, "Ann (2)": -500}


@pytest.mark.parametrize("name", ["ihatemoney.json", "ihatemoney.csv"])
def test_ihatemoney_is_divided_by_weight(name: str) -> None:
    found = of_file(name, "EUR")
    assert found.source is Source.IHATEMONEY
    assert found.assumed
    kinds = {entry.title.strip("="): entry.kind for entry in found.books.entries}
    assert kinds == {"refund": PAYMENT, "red wine": "bill", "cheese": "bill"}
    # 200.00 by 2:1, 10.00 by 2:1:1:1, 13.33 from tata to fred.
    assert nets(found.books) == {
        "tata": 1333 - 6667 - 200,
        "fred": -1333 + 20000 - 200,
        "zorglub": -13333 + 1000 - 400,
        "pepe": -200,
    }


def test_bills_of_ihatemoney_may_have_currencies_of_their_own() -> None:
    bill = (
        '{"what":"a","amount":10.5,"currency":"%s","date":"2026-01-01","payer_name":"A","payer_weight":1,"owers":["B"]}'
    )
    found = read(f"[{bill % 'CAD'},{bill % 'JPY'}]")
    assert nets(found.books, "CAD") == {"A": 1050, "B": -1050}
    assert nets(found.books, "JPY") == {"A": 10, "B": -10}
    assert (found.rounded, found.assumed) == (1, False)


def test_cospend_has_weights_categories_deleted_bills_and_names_with_commas() -> None:
    found = of_file("cospend.csv", "EUR")
    assert found.source is Source.COSPEND
    assert (found.left_out, found.rounded, found.assumed) == (1, 1, False)
    assert [account.name for account in found.books.accounts] == ["Roger", "Alice, Bob", "Mia"]
    groceries, lunch, back = found.books.entries
    assert [(part.account, part.minor) for part in groceries.shares] == [(1, 1000), (2, 2000)]
    assert (groceries.category, groceries.note, lunch.title) == ("Food", "two bags, full", 'Lunch "menu"')
    assert back.kind == PAYMENT
    assert nets(found.books, "CHF") == {"Roger": 2000, "Alice, Bob": -2000 + 3333 - 1000, "Mia": -3333 + 1000}


def test_spliit_says_in_json_how_each_bill_is_split() -> None:
    found = of_file("spliit.json")
    assert found.books.title == "Lisbon"
    dinner, tram, wine, tickets, back = found.books.entries
    assert sorted(part.minor for part in dinner.shares) == [3333, 3333, 3334]
    assert (dinner.category, dinner.note) == ("Dining Out", "by the sea")
    assert [part.minor for part in tram.shares] == [300, 600]
    assert [part.minor for part in wine.shares] == [500, 1500]
    assert [part.minor for part in tickets.shares] == [1000, 234]
    assert back.kind == PAYMENT


def test_the_table_of_spliit_is_read_where_it_says_who_paid() -> None:
    found = read((FILES / "spliit.csv").read_bytes())
    assert [(bad.line, bad.trouble) for bad in found.bad] == [(4, Trouble.PAYER)]
    dinner, tram = found.books.entries
    assert dinner.total == 10000
    assert sorted(part.minor for part in dinner.shares) == [3333, 3333, 3334]
    assert [(part.account, part.minor) for part in tram.paid] == [(2, 900)]


def test_tricount_is_read_in_whatever_language() -> None:
    found = of_file("tricount-fr.csv")
    assert found.source is Source.TRICOUNT
    shopping, taxi, back = found.books.entries
    assert (shopping.category, taxi.category, back.kind) == ("Alimentation", "", PAYMENT)
    assert nets(found.books) == {"Ann": 2000 - 667 - 500, "Bob": -1000 + 1334, "Carl": -1000 - 667 + 500}


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", NoBooks.EMPTY),
        (b"\xef\xbb\xbf \n", NoBooks.EMPTY),
        (b"a,b\n1,2\n", NoBooks.UNKNOWN),
        (b"{", NoBooks.UNKNOWN),
        (b"[" * 5000, NoBooks.UNKNOWN),
        (b'{"a": 1}', NoBooks.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n\0\0", NoBooks.UNKNOWN),
        (b"x" * 20_000_000, NoBooks.TOO_LARGE),
        (b'{"format": "laiwang-bridge books", "version": 9}', NoBooks.NEWER),
    ],
)
def test_what_is_no_such_file_is_said_to_be_none(data: bytes, cause: NoBooks) -> None:
    found = read_books(data, "EUR")
    assert isinstance(found, Unreadable)
    assert found.cause is cause


def test_a_file_that_has_grown_brings_in_what_is_new_alone() -> None:
    row = "2026-07-02,Coffee,B,10.00,EUR,5.00,-5.00"
    once, twice = read(splitwise(row)), read(splitwise(row, row))
    regrouped = read(splitwise("2026-07-02,Coffee,Drinks,10.00,EUR,-5.00,5.00", people="Bob,Ann"))
    keys = [entry.key for entry in twice.books.entries]
    assert len(set(keys)) == 2
    assert [entry.key for entry in once.books.entries] == keys[:1]
    assert [entry.key for entry in regrouped.books.entries] == keys[:1]
