"""What Spliit exports.

The JSON says everything in minor units: who paid, and how it is split (evenly, by shares, by percentages, by amounts).
In the CSV a person's cell is his share, and its sign says only whether he paid: + for the payer, - for the others. A
payer who bears nothing himself is not to be seen in it, so such a line cannot be taken in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.importing import cells
from laiwang_bridge.payments.books.importing.cells import Habits
from laiwang_bridge.payments.books.importing.found import BadCell, Found, Source, Trouble, with_keys
from laiwang_bridge.payments.books.importing.splitwise import people_of
from laiwang_bridge.payments.books.importing.table import Row, named
from laiwang_bridge.payments.books.importing.weighing import Bill, People, settled, weigh
from laiwang_bridge.payments.money.money import Currency, currency

_COLUMNS = ("date", "description", "category", "currency", "cost", "is reimbursement", "split mode")
_OTHERS = frozenset(("paid by", "original cost", "original currency", "conversion rate", "notes"))
_YES = ("yes", "true")


def is_such(rows: Sequence[Row]) -> bool:
    header = next((row.cells for row in rows if not row.is_blank), ())
    columns = named(header)
    return all(name in columns for name in _COLUMNS)


def is_such_json(whole: Any) -> bool:
    return isinstance(whole, Mapping) and all(
        isinstance(whole.get(name), list) for name in ("participants", "expenses")
    )


def read_json(whole: Mapping[str, Any], home: str) -> Found:
    """The books of JSON that `is_such_json`; `home` is the currency where it names none that is known."""
    money, assumed = _currency(whole.get("currencyCode") or whole.get("currency"), home)
    named_by_id = _names_by_id(whole["participants"])
    bills = [(number, _of_json(one, named_by_id, money)) for number, one in enumerate(whole["expenses"], 1)]
    title = whole.get("name")
    return _read(title if isinstance(title, str) else "", money, People(list(named_by_id.values())), bills, assumed)


def read(rows: Sequence[Row], home: str) -> Found:
    """The books of a table that `is_such`."""
    filled = [row for row in rows if not row.is_blank]
    header = filled[0].cells
    columns = named(header)
    known = {columns[name] for name in (*_COLUMNS, *(_OTHERS & columns.keys()))}
    names = ["" if place in known else cell for place, cell in enumerate(header)]
    people = people_of(names, 0)
    body = filled[1:]
    signs = [row.cells[columns["currency"]] for row in body if columns["currency"] < len(row.cells)]
    money, assumed = _currency(signs[0] if signs else "", home)
    places = {account.name: at for at, account in people}
    bills = [(row.line, _of_row(row, len(header), columns, places, money)) for row in body]
    return _read("", money, People(list(places)), bills, assumed)


def _read(
    title: str, money: Currency, people: People, bills: Sequence[tuple[int, Bill | BadCell]], assumed: bool
) -> Found:
    found = weigh(people, bills, _sound)
    books = with_keys(Source.SPLIIT, Books(title, money.code, people.accounts, found.entries))
    return Found(Source.SPLIIT, books, found.bad, (), found.left_out, assumed=assumed)


def _sound(bill: Bill | BadCell) -> tuple[Bill, bool]:
    if isinstance(bill, BadCell):
        raise bill
    return bill, False


def _of_json(one: Any, names: Mapping[str, str], money: Currency) -> Bill | BadCell:
    try:
        amount = cells.checked(_whole(one["amount"]), str(one["amount"]))
        mode = one.get("splitMode", "EVENLY")
        parts = {_named(part["participantId"], names): _whole(part["shares"]) for part in one["paidFor"]}
        is_exact = mode == "BY_AMOUNT"
        if is_exact:
            parts = settled(parts, amount)
        return Bill(
            date=cells.day_of(str(one["expenseDate"]), Habits()),
            title=str(one["title"]),
            currency=money.code,
            paid=_paid(one, amount, names),
            split={name: Fraction(1 if mode == "EVENLY" else part) for name, part in parts.items()},
            is_exact=is_exact,
            is_payment=one.get("isReimbursement") is True,
            category=_category(one.get("category")),
            note=str(one.get("notes") or ""),
        )
    except BadCell as error:
        return error
    except (KeyError, TypeError, AttributeError) as error:
        return BadCell(Trouble.SHORT, str(error))


def _paid(one: Mapping[str, Any], amount: int, names: Mapping[str, str]) -> Mapping[str, int]:
    """One payer, or (in a derived program) several with what each has paid."""
    if isinstance(one.get("paidBy"), list):
        return {_named(part["participantId"], names): _whole(part["amount"]) for part in one["paidBy"]}
    return {_named(one["paidById"], names): amount}


def _of_row(
    row: Row, width: int, columns: Mapping[str, int], places: Mapping[str, int], money: Currency
) -> Bill | BadCell:
    try:
        if len(row.cells) < width:
            raise BadCell(Trouble.SHORT)
        cost = cells.minor_of(row.cells[columns["cost"]], money, Habits("."))
        parts = {name: cells.rounded(row.cells[at] or "0", money)[0] for name, at in places.items()}
        payer = _payer(row, columns, parts, cost)
        sign = -1 if cost < 0 else 1
        shares = settled({name: sign * abs(part) for name, part in parts.items() if part}, cost)
        return Bill(
            date=cells.day_of(row.cells[columns["date"]], Habits()),
            title=cells.words_of(row.cells[columns["description"]]),
            currency=money.code,
            paid={payer: cost},
            split={name: Fraction(minor) for name, minor in shares.items()},
            is_exact=True,
            is_payment=row.cells[columns["is reimbursement"]].strip().casefold() in _YES,
            category=cells.words_of(row.cells[columns["category"]]),
        )
    except BadCell as error:
        return error


def _payer(row: Row, columns: Mapping[str, int], parts: Mapping[str, int], cost: int) -> str:
    if "paid by" in columns and (name := cells.words_of(row.cells[columns["paid by"]])) in parts:
        return name
    payers = [name for name, part in parts.items() if part and (part > 0) == (cost > 0)]
    if len(payers) != 1:
        raise BadCell(Trouble.PAYER)
    return payers[0]


def _names_by_id(participants: Sequence[Any]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in participants:
        if isinstance(one, Mapping) and isinstance(one.get("id"), str):
            name = str(one.get("name", ""))
            found[one["id"]] = name if name not in taken else f"{name} ({len(found) + 1})"
            taken.add(found[one["id"]])
    return found


def _named(id: object, names: Mapping[str, str]) -> str:
    if not isinstance(id, str) or id not in names:
        raise BadCell(Trouble.PERSON, str(id))
    return names[id]


def _whole(value: object) -> int:
    exact = cells.fraction_of(value)
    if exact.denominator != 1:
        raise BadCell(Trouble.AMOUNT, str(value))
    return exact.numerator


def _category(value: object) -> str:
    return str(value.get("name") or "") if isinstance(value, Mapping) else ""


def _currency(text: object, home: str) -> tuple[Currency, bool]:
    try:
        return cells.code_of(str(text or "")), False
    except BadCell:
        return currency(home), True
