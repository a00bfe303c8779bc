"""What Splitwise exports: a row for each bill or payment, with what each person has of it, and the totals at the end.

The first five columns are date, description, category, cost and currency, in the language of whoever exported; then
comes a column for each person. A cell is what he paid less what he owes, so a row adds up to 0, and taking it in as it
is keeps every balance to the cent, also of bills that several people paid. Who paid is known where just one person is
in the black. Rows of totals have neither category nor cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
from laiwang_bridge.payments.books.importing import cells
from laiwang_bridge.payments.books.importing.cells import Habits
from laiwang_bridge.payments.books.importing.found import (
    BadCell,
    BadLine,
    Difference,
    Found,
    Source,
    Trouble,
    with_keys,
)
from laiwang_bridge.payments.books.importing.table import Row
from laiwang_bridge.payments.money.money import Money, decimal_text

FIRST = 5
"""How many columns come before the people."""

_PAYMENTS = frozenset((
    "payment", "zahlung", "paiement", "pago", "pagamento", "betaling", "betalning", "płatność", "platba", "maksu",
    "ödeme", "fizetés", "plată", "плащане", "оплата", "платёж", "платеж", "платіж", "付款", "支付", "支払い", "支払",
    "결제", "지불", "thanh toán", "pembayaran", "การชำระเงิน",
))  # fmt: skip


def is_such(rows: Sequence[Row]) -> bool:
    """A heading with people, and below it something with a date in the first and a currency in the fifth column."""
    filled = [row for row in rows if not row.is_blank][:2]
    if not filled or len(filled[0].cells) <= FIRST or any(cells.is_day(cell) for cell in filled[0].cells):
        return False
    if len(filled) == 1:
        return [cell.strip().casefold() for cell in filled[0].cells[:FIRST]] == [
            "date",
            "description",
            "category",
            "cost",
            "currency",
        ]
    below = filled[1].cells
    code = below[4].strip() if len(below) > FIRST else ""
    return cells.is_day(below[0]) and len(code) == 3 and code.isalpha()


def read(rows: Sequence[Row]) -> Found:
    """The books of a table that `is_such`."""
    filled = [row for row in rows if not row.is_blank]
    header = filled[0].cells
    people = people_of(header[FIRST:], FIRST)
    body = filled[1:]
    habits = cells.habits_of(
        (cell for row in body for cell in row.cells[3:4] + row.cells[FIRST:]), (row.cells[0] for row in body)
    )
    entries: list[Entry] = []
    bad: list[BadLine] = []
    said: dict[tuple[int, str], int] = {}
    left_out = 0
    for row in body:
        try:
            if _is_total(row):
                said |= _totals(row, people, habits)
                continue
            entry = _entry(row, len(header), people, habits, len(entries) + 1)
        except BadCell as error:
            bad.append(BadLine(row.line, error.trouble, error.what))
            continue
        if entry is None:
            left_out += 1
        else:
            entries.append(entry)
    accounts = tuple(account for _place, account in people)
    books = with_keys(Source.SPLITWISE, Books("", _usual(entries), accounts, tuple(entries)))
    differences = () if bad else _differences(books, said)
    return Found(Source.SPLITWISE, books, tuple(bad), differences, left_out)


def people_of(names: Iterable[str], first: int) -> list[tuple[int, Account]]:
    """The people by the places of their columns; one without a name is none, and namesakes are counted."""
    found: list[tuple[int, Account]] = []
    seen: dict[str, int] = {}
    for place, text in enumerate(names, first):
        name = cells.words_of(text)
        if not name:
            continue
        seen[name] = seen.get(name, 0) + 1
        shown = name if seen[name] == 1 else f"{name} ({seen[name]})"
        found.append((place, Account(len(found) + 1, AccountKind.GUEST, shown)))
    return found


def _is_total(row: Row) -> bool:
    return len(row.cells) > FIRST and not row.cells[2].strip() and not row.cells[3].strip()


def _totals(row: Row, people: Sequence[tuple[int, Account]], habits: Habits) -> Mapping[tuple[int, str], int]:
    if people and len(row.cells) <= people[-1][0]:
        raise BadCell(Trouble.SHORT)
    money = cells.code_of(row.cells[4])
    return {(account.number, money.code): cells.minor_of(row.cells[at], money, habits) for at, account in people}


def _entry(row: Row, width: int, people: Sequence[tuple[int, Account]], habits: Habits, number: int) -> Entry | None:
    """One row as an entry; None for one that moves nothing. Raises `BadCell`."""
    if len(row.cells) < width or any(cell.strip() for cell in row.cells[width:]):
        raise BadCell(Trouble.SHORT)
    date = cells.day_of(row.cells[0], habits)
    money = cells.code_of(row.cells[4])
    cost = cells.minor_of(row.cells[3], money, habits)
    nets = {account.number: cells.minor_of(row.cells[at], money, habits) for at, account in people}
    over = sum(nets.values())
    if over:
        raise BadCell(Trouble.NOT_ZERO, decimal_text(Money(over, money)))
    nets = {number: minor for number, minor in nets.items() if minor}
    if not nets:
        return None
    category = cells.words_of(row.cells[2])
    is_payment = category.casefold() in _PAYMENTS
    paid, shares = _who_paid(nets, cost)
    return Entry(
        number=number,
        kind=PAYMENT if is_payment else BILL,
        date=date,
        title=cells.words_of(row.cells[1]),
        postings=tuple(Posting(account, money.code, minor) for account, minor in nets.items()),
        currency=money.code,
        category="" if is_payment else category,
        paid=paid,
        shares=shares,
    )


def _who_paid(nets: Mapping[int, int], cost: int) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Who paid the cost and who bears how much of it, where the row can only mean one thing."""
    sign = -1 if cost < 0 else 1
    ahead = [account for account, minor in nets.items() if sign * minor > 0]
    if len(ahead) != 1 or sign * cost < sign * nets[ahead[0]]:
        return (), ()
    payer = ahead[0]
    shares = {account: (cost if account == payer else 0) - minor for account, minor in nets.items()}
    return (Part(payer, cost),), tuple(Part(account, minor) for account, minor in shares.items() if minor)


def _usual(entries: Sequence[Entry]) -> str:
    """The currency of most of them."""
    codes = [entry.currency for entry in entries]
    return max(dict.fromkeys(codes), key=codes.count, default="")


def _differences(books: Books, said: Mapping[tuple[int, str], int]) -> tuple[Difference, ...]:
    """Where the totals of the file are not what its rows add up to."""
    names = {account.number: account.name for account in books.accounts}
    found = balances(books.entries)
    return tuple(
        Difference(names[account], code, minor, found.get((account, code), 0))
        for (account, code), minor in said.items()
        if minor != found.get((account, code), 0)
    )
