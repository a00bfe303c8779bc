"""What Cospend exports (and MoneyBuster, on telephones): tables one below the other, with an empty line between.

Members with their weights, bills, categories, ways of payment, currencies. The first currency is that of the amounts.
Amounts are floats there, so they are rounded to whole minor units. Comments are percent-encoded. A bill called
`deleteMeIfYouWant` is none: so the telephones write down who there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from urllib.parse import unquote_plus

from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.importing import cells
from laiwang_bridge.payments.books.importing.cells import Habits
from laiwang_bridge.payments.books.importing.found import BadCell, Found, Source, Trouble, with_keys
from laiwang_bridge.payments.books.importing.table import Row, named
from laiwang_bridge.payments.books.importing.weighing import Bill, People, weigh
from laiwang_bridge.payments.money.money import Currency, currency

_NEEDED = ("what", "amount", "date", "timestamp", "payer_name", "owers")
_REIMBURSEMENT = "-11"
_ONLY_A_NAME = "deleteMeIfYouWant"
_SECTIONS = ("name", "what", "categoryname", "paymentmodename", "currencyname")

Line = tuple[int, Mapping[str, str]]


def is_such(rows: Sequence[Row]) -> bool:
    return any(map(_has_bills, rows))


def read(rows: Sequence[Row], home: str) -> Found:
    """The books of a table that `is_such`; `home` is the currency where it names none that is known."""
    sections = _sections(rows)
    bills = [line for line in sections["what"] if line[1].get("deleted", "0") != "1"]
    left_out = len(sections["what"]) - len(bills)
    money, assumed = _currency(sections["currencyname"], home)
    categories = {one.get("categoryid", ""): one.get("categoryname", "") for _line, one in sections["categoryname"]}
    people = People([one["name"] for _line, one in sections["name"] if one.get("name")])
    weights = {one["name"]: one.get("weight") or "1" for _line, one in sections["name"] if one.get("name")}
    for _line, one in bills:
        people.number(one["payer_name"])
        weights.setdefault(one["payer_name"], one.get("payer_weight") or "1")
    told = [line for line in bills if line[1]["what"] != _ONLY_A_NAME]
    found = weigh(people, told, lambda one: _bill(one, people, weights, categories, money))
    books = with_keys(Source.COSPEND, Books("", money.code, people.accounts, found.entries))
    return Found(Source.COSPEND, books, found.bad, (), left_out + found.left_out, found.rounded, assumed)


def _sections(rows: Sequence[Row]) -> Mapping[str, list[Line]]:
    found: dict[str, list[Line]] = {name: [] for name in _SECTIONS}
    columns: dict[str, int] = {}
    section: list[Line] = []
    for row in rows:
        first = row.cells[0].strip() if row.cells else ""
        if row.is_blank:
            columns = {}
        elif not columns and first in _SECTIONS and (first != "what" or _has_bills(row)):
            columns, section = named(row.cells), found[first]
        elif columns:
            values = {name: row.cells[at] if at < len(row.cells) else "" for name, at in columns.items()}
            section.append((row.line, {name: cells.words_of(value) for name, value in values.items()}))
    return found


def _has_bills(row: Row) -> bool:
    columns = named(row.cells)
    return all(name in columns for name in _NEEDED)


def _currency(section: Sequence[Line], home: str) -> tuple[Currency, bool]:
    try:
        return cells.code_of(section[0][1].get("currencyname", "")), False
    except (BadCell, IndexError):
        return currency(home), True


def _bill(
    one: Mapping[str, str],
    people: People,
    weights: Mapping[str, str],
    categories: Mapping[str, str],
    money: Currency,
) -> tuple[Bill, bool]:
    amount, was_rounded = cells.rounded(one["amount"], money)
    category = one.get("categoryid", "")
    bill = Bill(
        date=cells.day_of(one["date"], Habits()),
        title=one["what"],
        currency=money.code,
        paid={one["payer_name"]: amount},
        split={name: _weight(weights.get(name, "1")) for name in people.named_in(one["owers"])},
        is_payment=category == _REIMBURSEMENT,
        category=categories.get(category, ""),
        note=unquote_plus(one.get("comment", "")),
    )
    return bill, was_rounded


def _weight(text: str) -> Fraction:
    weight = cells.fraction_of(text)
    if weight < 0:
        raise BadCell(Trouble.AMOUNT, text)
    return weight
