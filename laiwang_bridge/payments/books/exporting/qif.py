"""The books in the Quicken Interchange Format, which many programs for one's own money read.

It knows neither currencies nor several people, so each person's money in each currency is an account of its own, with
what the others owe him going in. Dates are MM/DD/YYYY, as Quicken writes them. What was taken back is left out.
"""

from __future__ import annotations

from laiwang_bridge.payments.books.book import PAYMENT, Books, Entry, balances, currencies_of, nets_of
from laiwang_bridge.payments.books.exporting.naming import column_names, one_line
from laiwang_bridge.payments.money.money import Money, currency, decimal_text


def write(books: Books) -> str:
    names = column_names(books)
    standing = books.standing
    records: dict[tuple[int, str], list[str]] = {place: [] for place in balances(standing)}
    for entry in standing:
        for code in currencies_of(entry):
            for account, minor in nets_of(entry, code).items():
                if minor:
                    records[account, code] += [*_record(entry, code, minor), "^"]
    lines: list[str] = []
    for (account, code), record in records.items():
        lines += ["!Account", f"N{names[account]} {code}", "TOth A", "^", "!Type:Oth A", *record]
    return "\n".join(lines) + "\n"


def _record(entry: Entry, code: str, minor: int) -> list[str]:
    category = "Payment" if entry.kind == PAYMENT else one_line(entry.category)
    lines = [
        f"D{entry.date:%m/%d}/{entry.date.year:04d}",
        f"T{decimal_text(Money(minor, currency(code)))}",
        f"N{entry.number}",
        f"P{one_line(entry.title)}",
    ]
    return lines + ([f"L{category}"] if category else [])
