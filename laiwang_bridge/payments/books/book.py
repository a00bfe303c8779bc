"""The books of one room as a value: what is written to files and read from them.

Amounts are integers in the minor unit of their currency. In a posting + means that the others owe this account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from laiwang_bridge.payments.ledger.entries import Exchange

BILL, PAYMENT = "bill", "payment"
"""The kinds of entries that people make; there are others, such as those of red packets."""


class AccountKind(StrEnum):
    """USER: somebody with a Matrix id. GUEST: a name. SYSTEM: nobody, but a place that money is counted in."""

    USER = "user"
    GUEST = "guest"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """Who can owe or be owed. `number` is unique in its books; `user` is the Matrix id, "" for all but a USER."""

    number: int
    kind: AccountKind
    name: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """`carry` is what rounding charged the account above its exact share, in grains (see `splitting`)."""

    account: int
    currency: str
    minor: int
    carry: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one account has paid of a bill, or bears of it."""

    account: int
    minor: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced set of postings, in the order it was made (`number`, from 1), and what is known about it.

    `paid` and `shares` add up to the same total, in `currency`; both are empty where that is not known. `reverses` is
    the number of the entry that this one takes back. `key` is what the entry is known by, so that it is made once.
    `author` is a Matrix id, `at` when it was made, in milliseconds since the epoch.
    """

    number: int
    kind: str
    date: dt.date
    title: str
    postings: tuple[Posting, ...]
    currency: str = ""
    category: str = ""
    paid: tuple[Part, ...] = ()
    shares: tuple[Part, ...] = ()
    key: str = ""
    author: str = ""
    at: int = 0
    reverses: int | None = None
    note: str = ""
    exchange: Exchange | None = None

    @property
    def total(self) -> int:
        """What the bill came to; what changed hands where the total is not known."""
        if self.paid:
            return sum(part.minor for part in self.paid)
        return sum(
            posting.minor for posting in self.postings if posting.minor > 0 and posting.currency == self.currency
        )


@dataclass(frozen=True, slots=True)
class Books:
    """All of it. `currency` is the one that the room counts in."""

    title: str
    currency: str
    accounts: tuple[Account, ...] = ()
    entries: tuple[Entry, ...] = field(default=())

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The entries that were not taken back, without those that did so."""
        gone = {entry.reverses for entry in self.entries if entry.reverses is not None}
        return tuple(entry for entry in self.entries if entry.reverses is None and entry.number not in gone)


def balances(entries: Sequence[Entry]) -> Mapping[tuple[int, str], int]:
    """What each account has in each currency; those that are even are there too, with 0."""
    found: dict[tuple[int, str], int] = {}
    for entry in entries:
        for posting in entry.postings:
            place = (posting.account, posting.currency)
            found[place] = found.get(place, 0) + posting.minor
    return found


def nets_of(entry: Entry, currency: str) -> Mapping[int, int]:
    """What each account has of one entry in one currency."""
    found: dict[int, int] = {}
    for posting in entry.postings:
        if posting.currency == currency:
            found[posting.account] = found.get(posting.account, 0) + posting.minor
    return found


def currencies_of(entry: Entry) -> tuple[str, ...]:
    return tuple(dict.fromkeys(posting.currency for posting in entry.postings))
