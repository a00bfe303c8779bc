"""The books as a table: RFC 4180, one row for each entry, one column for each person.

The columns are those of Splitwise (Date, Description, Category, Cost, Currency, then the people), each person's cell
being what he has of that row, so that a row adds up to 0: what reads the one reads the other too, and we do ourselves.
What was taken back is left out, as it changes nothing. The file begins with a byte order mark, because Excel takes it
for another coding without one and spoils every Chinese name, while everything else skips it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from laiwang_bridge.payments.books.book import PAYMENT, Books, Entry, balances, currencies_of, nets_of
from laiwang_bridge.payments.books.exporting.naming import column_names, one_line
from laiwang_bridge.payments.money.money import Money, currency, decimal_text

MARK = "\ufeff"
FIRST_COLUMNS = ("Date", "Description", "Category", "Cost", "Currency")
TOTAL = "Total balance"

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(books: Books) -> str:
    names = column_names(books)
    standing = books.standing
    # A system account is a column only where something is in it: nobody wants to see an empty red packet.
    used = {posting.account for entry in standing for posting in entry.postings}
    numbers = [a.number for a in books.accounts if a.number in used or a.kind != "system"]
    text = io.StringIO()
    text.write(MARK)
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow([*FIRST_COLUMNS, *(guarded(names[number]) for number in numbers)])
    for entry in standing:
        for code in currencies_of(entry):
            table.writerow(_row(entry, code, numbers))
    table.writerow([])
    sums = balances(standing)
    last = max((entry.date for entry in standing), default=None)
    for code in dict.fromkeys(code for _account, code in sums):
        nets = {number: sums.get((number, code), 0) for number in numbers}
        table.writerow([last or "", TOTAL, " ", " ", code, *_cells(nets, code)])
    return text.getvalue()


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, "CSV Injection")."""
    return f"'{text}" if text.lstrip("'").startswith(_DANGEROUS) else text


def unguarded(text: str) -> str:
    """Such text as it was."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_DANGEROUS) else text


def _row(entry: Entry, code: str, numbers: list[int]) -> list[str]:
    nets = nets_of(entry, code)
    cost = entry.total if code == entry.currency else sum(minor for minor in nets.values() if minor > 0)
    category = "Payment" if entry.kind == PAYMENT else one_line(entry.category)
    first = [entry.date.isoformat(), guarded(one_line(entry.title)), guarded(category), _decimal(cost, code), code]
    return first + _cells({number: nets.get(number, 0) for number in numbers}, code)


def _cells(nets: Mapping[int, int], code: str) -> list[str]:
    return [_decimal(minor, code) for minor in nets.values()]


def _decimal(minor: int, code: str) -> str:
    return decimal_text(Money(minor, currency(code)))
