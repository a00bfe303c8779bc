"""What IHateMoney exports as JSON and as CSV: bills with one payer and those who owe, each bearing by his weight.

A weight is told with the bills that somebody paid; whoever never paid has 1. Since its version 7 a bill has a type,
Expense or Reimbursement. The CSV separates those who owe by commas, also where a name has one itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.importing import cells
from laiwang_bridge.payments.books.importing.cells import Habits
from laiwang_bridge.payments.books.importing.found import BadCell, Found, Source, Trouble, with_keys
from laiwang_bridge.payments.books.importing.table import Row, named
from laiwang_bridge.payments.books.importing.weighing import Bill, People, weigh
from laiwang_bridge.payments.money.money import currency

_NEEDED = ("what", "amount", "date", "payer_name", "owers")
_NO_CURRENCY = ("", "XXX")


def is_such(rows: Sequence[Row]) -> bool:
    header = next((row.cells for row in rows if not row.is_blank), ())
    columns = named(header)
    return all(name in columns for name in _NEEDED) and "timestamp" not in columns


def is_such_json(whole: Any) -> bool:
    return isinstance(whole, list) and bool(whole) and all(_has_all(one) for one in whole)


def read(rows: Sequence[Row], home: str) -> Found:
    """The books of a table that `is_such`; `home` is the currency where it names none."""
    filled = [row for row in rows if not row.is_blank]
    columns = named(filled[0].cells)
    bills = [
        (row.line, {name: row.cells[at] if at < len(row.cells) else "" for name, at in columns.items()})
        for row in filled[1:]
    ]
    return _read(bills, home)


def read_json(whole: Sequence[Mapping[str, Any]], home: str) -> Found:
    return _read(list(enumerate(whole, 1)), home)


def _read(bills: Sequence[tuple[int, Mapping[str, Any]]], home: str) -> Found:
    people = People([cells.words_of(str(bill["payer_name"])) for _line, bill in bills])
    for _line, bill in bills:
        if isinstance(bill["owers"], list):
            for name in bill["owers"]:
                people.number(cells.words_of(str(name)))
        elif isinstance(bill["owers"], str) and "," not in bill["owers"] and bill["owers"].strip():
            people.number(cells.words_of(bill["owers"]))
    weights = {cells.words_of(str(bill["payer_name"])): bill.get("payer_weight", 1) for _line, bill in bills}
    found = weigh(people, bills, lambda bill: _bill(bill, people, weights, home))
    assumed = any(_code(bill) in _NO_CURRENCY for _line, bill in bills)
    books = with_keys(Source.IHATEMONEY, Books("", home, people.accounts, found.entries))
    return Found(Source.IHATEMONEY, books, found.bad, (), found.left_out, found.rounded, assumed)


def _bill(bill: Mapping[str, Any], people: People, weights: Mapping[str, object], home: str) -> tuple[Bill, bool]:
    code = _code(bill)
    money = currency(home) if code in _NO_CURRENCY else cells.code_of(code)
    amount, was_rounded = cells.rounded(bill["amount"], money)
    payer = cells.words_of(str(bill["payer_name"]))
    owers = bill["owers"]
    names = [cells.words_of(str(one)) for one in owers] if isinstance(owers, list) else _names(str(owers), people)
    said = Bill(
        date=cells.day_of(str(bill["date"]), Habits()),
        title=cells.words_of(str(bill["what"])),
        currency=money.code,
        paid={payer: amount},
        split={name: _weight(weights.get(name, 1)) for name in names},
        is_payment=str(bill.get("bill_type", "")).casefold() == "reimbursement",
    )
    return said, was_rounded


def _names(text: str, people: People) -> list[str]:
    """The CSV escapes only the beginning of the list. Names that nobody else mentions are taken as they are."""
    plain = cells.words_of(text)
    for piece in plain.split(","):
        if piece.strip() and not people.knows_a_piece(piece.strip()):
            people.number(piece.strip())
    return people.named_in(plain)


def _code(bill: Mapping[str, Any]) -> str:
    return str(bill.get("currency") or bill.get("original_currency") or "").strip().upper()


def _weight(value: object) -> Fraction:
    weight = cells.fraction_of(value)
    if weight < 0:
        raise BadCell(Trouble.AMOUNT, str(value))
    return weight


def _has_all(one: object) -> bool:
    return isinstance(one, Mapping) and all(name in one for name in _NEEDED)
