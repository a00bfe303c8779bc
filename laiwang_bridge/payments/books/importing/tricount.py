"""What Tricount exports as CSV: for each person a column with what he paid and one with what he bears (below 0).

The headings are in the language of whoever exported. The columns are told by their place and by each other: there is
one for the payer's name, and those of the people begin with the same words and end with the name. Amounts of people
are in the currency of the tricount. The last line says what this is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.importing import cells
from laiwang_bridge.payments.books.importing.cells import Habits
from laiwang_bridge.payments.books.importing.found import BadCell, Found, Source, Trouble, with_keys
from laiwang_bridge.payments.books.importing.table import Row
from laiwang_bridge.payments.books.importing.weighing import Bill, People, settled, weigh
from laiwang_bridge.payments.money.money import Currency, currency

_TITLE, _AMOUNT, _CURRENCY = 0, 1, 2
_CATEGORIES = frozenset(["category", "catégorie", "kategorie", "categoría", "categoria", "categorie", "类别", "分类"])
_NO_CATEGORY = frozenset(["no category", "aucune catégorie", "keine kategorie", "sin categoría", "nessuna categoria"])
_TRANSFERS = ("reimbursement", "remboursement", "rückzahlung", "reembolso", "rimborso", "terugbetaling", "转账")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things are. `paid` and `borne` are places by name; `home` is the currency of both, "" where it is not
    said."""

    payer: int
    paid: Mapping[str, int]
    borne: Mapping[str, int]
    date: int
    category: int | None
    home: str


def is_such(rows: Sequence[Row]) -> bool:
    return _columns(rows) is not None


def read(rows: Sequence[Row], home: str) -> Found:
    """The books of a table that `is_such`; `home` is the currency where it names none."""
    columns = _columns(rows)
    assert columns is not None
    filled = [row for row in rows if not row.is_blank]
    body = [row for row in filled[1:] if len(row.cells) > columns.payer]
    places = (*columns.paid.values(), *columns.borne.values(), _AMOUNT)
    amounts = (row.cells[at] for row in body for at in places if at < len(row.cells))
    habits = cells.habits_of(amounts, (row.cells[columns.date] for row in body if columns.date < len(row.cells)))
    codes = {row.cells[_CURRENCY].strip() for row in body}
    code = columns.home or (codes.pop() if len(codes) == 1 else "")
    try:
        money, assumed = cells.code_of(code), False
    except BadCell:
        money, assumed = currency(home), True
    people = People(list(dict.fromkeys((*columns.paid, *columns.borne))))
    lines = ((row.line, row) for row in body)
    found = weigh(people, lines, lambda row: (_bill(row, columns, money, habits), False))
    books = with_keys(Source.TRICOUNT, Books("", money.code, people.accounts, found.entries))
    return Found(Source.TRICOUNT, books, found.bad, (), found.left_out, assumed=assumed)


def _columns(rows: Sequence[Row]) -> Columns | None:
    filled = [row for row in rows if not row.is_blank]
    if len(filled) < 2:
        return None
    header = [cell.strip() for cell in filled[0].cells]
    for payer, heading in enumerate(header):
        paid = {
            name[len(heading) + 1 :].strip(): at for at, name in enumerate(header) if name.startswith(f"{heading} ")
        }
        if payer > _CURRENCY and heading and len(paid) > 1:
            break
    else:
        return None
    borne = _with_the_same_beginning(header, paid)
    first = filled[1].cells
    date = next((at for at, cell in enumerate(first) if at > _CURRENCY and cells.is_day(cell)), None)
    if borne is None or date is None:
        return None
    category = next((at for at, name in enumerate(header) if name.casefold() in _CATEGORIES), None)
    home = next((name[-4:-1] for name in header[3:payer] if name.endswith(")") and name[-5:-4] == "("), "")
    return Columns(payer, paid, borne, date, category, home)


def _with_the_same_beginning(header: Sequence[str], paid: Mapping[str, int]) -> Mapping[str, int] | None:
    """The other columns that end with the names and begin with the same words: what each one bears."""
    beginnings: dict[str, dict[str, int]] = {}
    for name in paid:
        for at, heading in enumerate(header):
            if at not in paid.values() and heading.endswith(f" {name}"):
                beginnings.setdefault(heading[: -len(name)], {})[name] = at
    return next((places for places in beginnings.values() if len(places) == len(paid)), None)


def _bill(row: Row, columns: Columns, money: Currency, habits: Habits) -> Bill:
    if len(row.cells) <= max(columns.date, *columns.paid.values(), *columns.borne.values()):
        raise BadCell(Trouble.SHORT)
    paid = _amounts(row, columns.paid, money, habits)
    borne = {name: -minor for name, minor in _amounts(row, columns.borne, money, habits).items()}
    if not paid:
        payer = cells.words_of(row.cells[columns.payer])
        if payer not in columns.paid:
            raise BadCell(Trouble.PERSON, payer)
        paid = {payer: sum(borne.values())}
    shares = settled(borne, sum(paid.values()))
    title = cells.words_of(row.cells[_TITLE])
    category = "" if columns.category is None else cells.words_of(row.cells[columns.category])
    return Bill(
        date=cells.day_of(row.cells[columns.date], habits),
        title=title,
        currency=money.code,
        paid=paid,
        split={name: Fraction(minor) for name, minor in shares.items()},
        is_exact=True,
        is_payment=any(word in kind.casefold() for kind in row.cells[3 : columns.payer] for word in _TRANSFERS),
        category="" if category.casefold() in _NO_CATEGORY else category,
    )


def _amounts(row: Row, places: Mapping[str, int], money: Currency, habits: Habits) -> dict[str, int]:
    found = {name: cells.minor_of(row.cells[at], money, habits) for name, at in places.items() if at < len(row.cells)}
    return {name: minor for name, minor in found.items() if minor}
