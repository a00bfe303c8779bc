"""What bills say, version by version, and how that is kept as rows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from appservice.bots.line import fold
from appservice.language import contains_han
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.split_text import split_from_text, split_to_text
from laiwang_bridge.payments.ledger.splitting import AccountId, Itemised, Split
from laiwang_bridge.payments.money.money import Money, currency


class Change(StrEnum):
    """What made a version of a bill. RESTORED: a bill that had been void counts again."""

    ADDED = "added"
    EDITED = "edited"
    VOIDED = "voided"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Content:
    """What a bill says: `paid` who paid how much of the total, `shares` who bears how much, both in minor units and
    summing up to the total; `split` is how the shares were meant."""

    title: str
    total: Money
    paid: Mapping[AccountId, int]
    split: Split
    shares: Mapping[AccountId, int]
    date: datetime.date
    category: str | None = None

    @property
    def called(self) -> str:
        """Its title, or what was bought where the line named no other; may be empty."""
        if self.title or not isinstance(self.split, Itemised):
            return self.title
        titles = [item.title for item in self.split.items if item.title]
        return ("、" if any(map(contains_han, titles)) else ", ").join(titles)


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a bill, the first being 1. `entry` is what it is in the books, None where that is nothing.

    `at` is in milliseconds since the epoch.
    """

    number: int
    change: Change
    content: Content
    entry: EntryId | None
    by: AccountId
    at: int


def nets_of(content: Content) -> dict[AccountId, int]:
    """What each has paid beyond his share."""
    people = dict.fromkeys((*content.paid, *content.shares))
    return {account: content.paid.get(account, 0) - content.shares.get(account, 0) for account in people}


def version_of_row(row: Any) -> Version:
    content = Content(
        title=row.title,
        total=Money(row.minor, currency(row.currency)),
        paid=_amounts(row.paid),
        split=split_from_text(row.split),
        shares=_amounts(row.shares),
        date=datetime.date.fromisoformat(row.date),
        category=row.category,
    )
    entry = None if row.entry is None else EntryId(row.entry)
    return Version(row.version, Change(row.change), content, entry, AccountId(row.by), row.at)


def row_of_version(bill: int, version: Version) -> dict[str, Any]:
    content = version.content
    return {
        "bill": bill,
        "version": version.number,
        "change": version.change.value,
        "title": content.title,
        "searched": fold(f"{content.title} {_items_of(content)} {content.category or ''}"),
        "minor": content.total.minor,
        "currency": content.total.currency.code,
        "date": content.date.isoformat(),
        "category": content.category,
        "paid": _amounts_text(content.paid),
        "split": split_to_text(content.split),
        "shares": _amounts_text(content.shares),
        "entry": version.entry,
        "by": version.by,
        "at": version.at,
    }


def _items_of(content: Content) -> str:
    return " ".join(item.title for item in content.split.items) if isinstance(content.split, Itemised) else ""


def _amounts(text: str) -> dict[AccountId, int]:
    return {AccountId(account): minor for account, minor in orjson.loads(text)}


def _amounts_text(amounts: Mapping[AccountId, int]) -> str:
    return orjson.dumps(list(amounts.items())).decode()
