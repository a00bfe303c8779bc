"""Who paid what and who bears what, by month and by category. Pure: amounts are minor units, each currency by itself.

Only bills count: a payment between two people is nobody's spending, and what was taken back never was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from laiwang_bridge.payments.books.book import BILL, AccountKind, Books, Entry
from laiwang_bridge.payments.books.exporting.naming import column_names


class Span(StrEnum):
    """The month that is now, the year that is now, or all there is; the values are what people type."""

    MONTH = "month"
    YEAR = "year"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What bills in one currency came to. People are named; `months` (like `2026-11`) says who paid what in each.

    The bills of which nobody knows who paid (`unknown`, their total) are in no other number but `bills`.
    """

    currency: str
    bills: int = 0
    total: int = 0
    unknown: int = 0
    paid: Mapping[str, int] = field(default_factory=dict)
    borne: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    months: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def first_day(span: Span, today: dt.date) -> dt.date:
    """The first day that counts."""
    match span:
        case Span.MONTH:
            return today.replace(day=1)
        case Span.YEAR:
            return today.replace(month=1, day=1)
    return dt.date.min


def statistics_of(books: Books, span: Span, today: dt.date) -> tuple[Statistics, ...]:
    """One for each currency in which there are bills, that of the room first, then by how many bills there are."""
    since = first_day(span, today)
    names = column_names(books)
    people = {account.number for account in books.accounts if account.kind is not AccountKind.SYSTEM}
    by_code: dict[str, list[Entry]] = {}
    for entry in books.standing:
        if entry.kind == BILL and since <= entry.date and (span is Span.ALL or entry.date <= _last_day(span, today)):
            by_code.setdefault(entry.currency, []).append(entry)
    found = [_of(code, entries, {number: names[number] for number in people}) for code, entries in by_code.items()]
    return tuple(sorted(found, key=lambda one: (one.currency != books.currency, -one.bills, one.currency)))


def _last_day(span: Span, today: dt.date) -> dt.date:
    first = today.replace(day=1, month=12 if span is Span.YEAR else today.month)
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _of(code: str, entries: Sequence[Entry], names: Mapping[int, str]) -> Statistics:
    paid: dict[str, int] = {}
    borne: dict[str, int] = {}
    categories: dict[str, int] = {}
    months: dict[str, dict[str, int]] = {}
    total = unknown = 0
    for entry in entries:
        if not entry.paid:
            unknown += entry.total
            continue
        total += entry.total
        month = months.setdefault(f"{entry.date:%Y-%m}", {})
        for part in entry.paid:
            name = names.get(part.account, "?")
            paid[name] = paid.get(name, 0) + part.minor
            month[name] = month.get(name, 0) + part.minor
        for part in entry.shares:
            name = names.get(part.account, "?")
            borne[name] = borne.get(name, 0) + part.minor
        categories[entry.category] = categories.get(entry.category, 0) + entry.total
    return Statistics(
        currency=code,
        bills=len(entries),
        total=total,
        unknown=unknown,
        paid=_largest_first(paid),
        borne=_largest_first(borne),
        categories=_largest_first(categories),
        months={month: _largest_first(months[month]) for month in sorted(months)},
    )


def _largest_first(amounts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(amounts.items(), key=lambda one: (-one[1], one[0])))
