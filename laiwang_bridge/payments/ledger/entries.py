"""What the books are made of: balanced sets of postings that are only ever added to.

A posting says that an account has given (+) or taken (-) so many minor units: + means that the others owe it. What was
wrong is not changed, it is reversed by another entry.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NewType

from laiwang_bridge.payments.ledger.splitting import AccountId

EntryId = NewType("EntryId", int)
"""Numbers of entries grow in the order in which they were made; nothing that a sender says about time changes it."""

LARGEST_MINOR = 10**15
"""No posting is larger; so no sum of a ledger leaves 64 bits."""


@dataclass(frozen=True, slots=True)
class Posting:
    """`minor` units of `currency` (ISO 4217 code) that the others owe the account (+) or it owes them (-).

    `carry` is what rounding charged this account above its exact share, in grains (see `splitting`).
    """

    account: AccountId
    currency: str
    minor: int
    carry: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """How the total of a bill was converted, once: from `minor` units of `currency` at `rate`, which `source` fixed on
    `fixed_on`: a decimal number as text, units of the ledger's currency for one unit of this one."""

    currency: str
    minor: int
    rate: str
    fixed_on: dt.date
    source: str


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be posted. `kind` is a plain word: bill, payment, reversal, packet, import…

    `key` is what it is known by: the same key is applied to a ledger once (an event's id, for most). `author` is the
    account of whoever caused it, if somebody did. `date` is when it took place, as people said; it orders nothing.
    """

    kind: str
    key: str
    date: dt.date
    postings: tuple[Posting, ...]
    author: AccountId | None = None
    event_id: str | None = None
    reverses: EntryId | None = None
    exchange: Exchange | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the books. `reversed_by` is the entry that took it back."""

    id: EntryId
    kind: str
    key: str
    date: dt.date
    postings: tuple[Posting, ...]
    author: AccountId | None
    event_id: str | None
    reverses: EntryId | None
    reversed_by: EntryId | None
    exchange: Exchange | None
    note: str | None
    created_at: int


class Unbalanced(ValueError):
    """Something was found that books must never have."""


def bill_postings(
    currency: str,
    paid: Mapping[AccountId, int],
    shares: Mapping[AccountId, int],
    carry: Mapping[AccountId, int] | None = None,
) -> tuple[Posting, ...]:
    """Postings of a bill: what each has paid, and what each bears. Raises `Unbalanced` where these differ in sum."""
    if sum(paid.values()) != sum(shares.values()):
        raise Unbalanced("what was paid is not what is borne")
    rounding = carry or {}
    given = [Posting(account, currency, minor) for account, minor in paid.items() if minor]
    taken = [
        Posting(account, currency, -minor, rounding.get(account, 0))
        for account, minor in shares.items()
        if minor or rounding.get(account, 0)
    ]
    return (*given, *taken)


def payment_postings(currency: str, payer: AccountId, payee: AccountId, minor: int) -> tuple[Posting, ...]:
    """Postings of money that went from one to another."""
    return Posting(payer, currency, minor), Posting(payee, currency, -minor)


def reverse(entry: Entry, key: str, date: dt.date, author: AccountId | None = None) -> NewEntry:
    """The entry that takes another one back, with its rounding."""
    postings = tuple(
        Posting(posting.account, posting.currency, -posting.minor, -posting.carry) for posting in entry.postings
    )
    return NewEntry("reversal", key, date, postings, author, reverses=entry.id)


def faults(postings: Iterable[Posting]) -> list[str]:
    """What is wrong with a set of postings; empty where it is balanced."""
    sums: Counter[str] = Counter()
    carries: Counter[str] = Counter()
    found, any_at_all = [], False
    for posting in postings:
        any_at_all = True
        sums[posting.currency] += posting.minor
        carries[posting.currency] += posting.carry
        if abs(posting.minor) > LARGEST_MINOR:
            found.append(f"{posting.minor} is more than any posting may have")
    found += [f"{currency} has {total} over" for currency, total in sums.items() if total]
    found += [f"the rounding of {currency} has {total} grains over" for currency, total in carries.items() if total]
    return found if any_at_all else ["there are no postings"]


def balances(entries: Iterable[Entry]) -> dict[tuple[AccountId, str], int]:
    """What each account has in each currency by these entries; 0 is left out."""
    sums: Counter[tuple[AccountId, str]] = Counter()
    for entry in entries:
        for posting in entry.postings:
            sums[posting.account, posting.currency] += posting.minor
    return {place: minor for place, minor in sums.items() if minor}
