"""Bills that say who paid and who bears it by which weight, made into entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from laiwang_bridge.payments.books.book import BILL, PAYMENT, Account, AccountKind, Entry, Part, Posting
from laiwang_bridge.payments.books.importing.found import BadCell, BadLine, Trouble
from laiwang_bridge.payments.ledger.splitting import AccountId, CannotDivide, Exact, Split, Weights, divide

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill as a file tells it. `paid` are minor units by name; so are the shares of an `Exact` split."""

    date: dt.date
    title: str
    currency: str
    paid: Mapping[str, int]
    split: Mapping[str, Fraction]
    is_exact: bool = False
    is_payment: bool = False
    category: str = ""
    note: str = ""


class People:
    """Accounts by name, numbered in the order in which they are first named."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        self._pieces: set[str] = set()
        self._most_pieces = 1
        for name in names:
            self.number(name)

    def number(self, name: str) -> int:
        if name not in self._numbers:
            pieces = _pieces(name)
            self._numbers[name] = len(self._numbers) + 1
            self._pieces.update(pieces)
            self._most_pieces = max(self._most_pieces, len(pieces))
        return self._numbers[name]

    def knows_a_piece(self, piece: str) -> bool:
        """Whether somebody's name, or what stands between two commas of it, is this."""
        return piece in self._pieces

    def named_in(self, text: str) -> list[str]:
        """Names that are separated by commas, where a name may have a comma itself. Raises `BadCell`."""
        pieces = _pieces(text)
        found: list[str] = []
        at = 0
        while at < len(pieces):
            ends = range(min(len(pieces), at + self._most_pieces), at, -1)
            end = next((end for end in ends if ", ".join(pieces[at:end]) in self._numbers), None)
            if end is None:
                raise BadCell(Trouble.PERSON, pieces[at]) if pieces[at] else BadCell(Trouble.NOBODY)
            found.append(", ".join(pieces[at:end]))
            at = end
        return found

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(Account(number, AccountKind.GUEST, name) for name, number in self._numbers.items())


def _pieces(text: str) -> list[str]:
    return [piece.strip() for piece in text.split(",")]


class Scales:
    """Divides bills one after the other, odd cents going to whoever had the fewest so far."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._carry: dict[tuple[str, AccountId], int] = {}

    def entry(self, bill: Bill, number: int) -> Entry | None:
        """A bill as an entry; None for one that moves nothing. Raises `BadCell`."""
        total = sum(bill.paid.values())
        paid = {AccountId(self._people.number(name)): minor for name, minor in bill.paid.items()}
        shares = self._shares(bill, total)
        nets = {who: paid.get(who, 0) - shares.get(who, 0) for who in dict.fromkeys((*paid, *shares))}
        postings = tuple(Posting(who, bill.currency, minor) for who, minor in nets.items() if minor)
        if not postings:
            return None
        return Entry(
            number=number,
            kind=PAYMENT if bill.is_payment else BILL,
            date=bill.date,
            title=bill.title,
            postings=postings,
            currency=bill.currency,
            category="" if bill.is_payment else bill.category,
            paid=tuple(Part(who, minor) for who, minor in paid.items() if minor),
            shares=tuple(Part(who, minor) for who, minor in shares.items() if minor),
            note=bill.note,
        )

    def _shares(self, bill: Bill, total: int) -> Mapping[AccountId, int]:
        parts = {AccountId(self._people.number(name)): part for name, part in bill.split.items()}
        split: Split = Exact({who: int(part) for who, part in parts.items()}) if bill.is_exact else Weights(parts)
        carry = {who: self._carry.get((bill.currency, who), 0) for who in parts}
        try:
            division = divide(total, split, carry)
        except CannotDivide as error:
            raise BadCell(Trouble.NOBODY) from error
        for who, grains in division.carry.items():
            self._carry[bill.currency, who] = self._carry.get((bill.currency, who), 0) + grains
        return division.shares


def settled(shares: Mapping[str, int], total: int) -> dict[str, int]:
    """Shares that were rounded one by one, made to add up to the total: a unit more or less for the first of them.

    Raises `BadCell` where more than that is missing.
    """
    missing = total - sum(shares.values())
    bearing = [name for name, minor in shares.items() if minor]
    if abs(missing) > len(bearing):
        raise BadCell(Trouble.NOT_ZERO, str(missing))
    step = 1 if missing > 0 else -1
    return {**shares} | {name: shares[name] + step for name in bearing[: abs(missing)]}


@dataclass(frozen=True, slots=True)
class Weighed:
    """The lines of a file: what they come to, what is wrong with the others, how many move nothing, and how many had
    an amount with more decimals than its currency."""

    entries: tuple[Entry, ...]
    bad: tuple[BadLine, ...]
    left_out: int
    rounded: int


def weigh(people: People, lines: Iterable[tuple[int, T]], bill_of: Callable[[T], tuple[Bill, bool]]) -> Weighed:
    """Divide the bills of a file one after the other. `bill_of` reads one, tells whether it was rounded, and raises
    `BadCell` where it cannot."""
    scales = Scales(people)
    entries: list[Entry] = []
    bad: list[BadLine] = []
    left_out = rounded = 0
    for number, line in lines:
        try:
            bill, was_rounded = bill_of(line)
            entry = scales.entry(bill, len(entries) + 1)
        except BadCell as error:
            bad.append(BadLine(number, error.trouble, error.what))
            continue
        rounded += was_rounded
        if entry is None:
            left_out += 1
        else:
            entries.append(entry)
    return Weighed(tuple(entries), tuple(bad), left_out, rounded)
