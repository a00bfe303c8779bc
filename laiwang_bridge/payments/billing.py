"""Bills in the books: added, changed, voided, brought back. What is wrong there is reversed, never changed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from laiwang_bridge.payments import bill_store, ledger_store
from laiwang_bridge.payments.bill_store import Bill, Change, Content, NewBill
from laiwang_bridge.payments.entries import EntryId, NewEntry, Posting, bill_postings
from laiwang_bridge.payments.ledger_store import LedgerId
from laiwang_bridge.payments.money import Money
from laiwang_bridge.payments.splitting import AccountId, Split, divide

KIND = "bill"
"""What entries of bills are called in the books."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a bill is to say: `paid` is who paid how much of the total, in minor units, and sums up to it."""

    title: str
    total: Money
    paid: Mapping[AccountId, int]
    split: Split
    date: datetime.date
    category: str | None = None


def draft_of(content: Content) -> Draft:
    """A bill's content as it could be given again."""
    return Draft(content.title, content.total, content.paid, content.split, content.date, content.category)


def add(connection: Connection, ledger: LedgerId, draft: Draft, new: NewBill, key: str, now: int) -> Bill | None:
    """A new bill; None where `key` (an event's id, for most) was applied to this ledger before.

    Raises `CannotDivide` where the split does not fit the total.
    """
    if ledger_store.was_applied(connection, ledger, key) is not None:
        return None
    content, postings = _divided(connection, ledger, draft)
    entry = _post(connection, ledger, content, postings, new.author, key, now, event=new.event)
    return bill_store.add(connection, ledger, new, content, entry, now)


def change(connection: Connection, bill: Bill, draft: Draft, by: AccountId, key: str, now: int) -> Bill | None:
    """A bill says something else from now on; None where `key` was applied before.

    What changes no money (title, category) leaves the books alone. Raises `CannotDivide`.
    """
    before = bill.content
    if (draft.total, dict(draft.paid), draft.split, draft.date) == (
        before.total,
        dict(before.paid),
        before.split,
        before.date,
    ):
        content = replace(before, title=draft.title, category=draft.category)
        return bill_store.put_version(connection, bill, Change.EDITED, content, bill.version.entry, by, now)
    if ledger_store.was_applied(connection, bill.ledger, key) is not None:
        return None
    if bill.version.entry is not None:
        _reverse(connection, bill, bill.version.entry, by, f"{key}/reversal", now)
    content, postings = _divided(connection, bill.ledger, draft)
    entry = _post(connection, bill.ledger, content, postings, by, key, now)
    return bill_store.put_version(connection, bill, Change.EDITED, content, entry, by, now)


def void(connection: Connection, bill: Bill, by: AccountId, key: str, now: int) -> Bill | None:
    """A bill counts no more; None where it does not anyway."""
    if bill.is_void:
        return None
    if bill.version.entry is not None:
        _reverse(connection, bill, bill.version.entry, by, key, now)
    return bill_store.put_version(connection, bill, Change.VOIDED, bill.content, bill.version.entry, by, now)


def restore(connection: Connection, bill: Bill, by: AccountId, key: str, now: int) -> Bill | None:
    """A void bill counts again, to the cent as before; None where it counts anyway."""
    if not bill.is_void:
        return None
    before = None if bill.version.entry is None else ledger_store.entry(connection, bill.version.entry)
    postings = before.postings if before is not None else ()
    entry = _post(connection, bill.ledger, bill.content, postings, by, key, now)
    return bill_store.put_version(connection, bill, Change.RESTORED, bill.content, entry, by, now)


def back_to(
    connection: Connection, bill: Bill, earlier: bill_store.Version, by: AccountId, key: str, now: int
) -> Bill | None:
    """A bill says again what an earlier version of it said."""
    return change(connection, bill, draft_of(earlier.content), by, key, now)


def _divided(connection: Connection, ledger: LedgerId, draft: Draft) -> tuple[Content, tuple[Posting, ...]]:
    code = draft.total.currency.code
    division = divide(draft.total.minor, draft.split, ledger_store.carry_of(connection, ledger, code))
    content = Content(draft.title, draft.total, draft.paid, draft.split, division.shares, draft.date, draft.category)
    return content, bill_postings(code, draft.paid, division.shares, division.carry)


def _reverse(connection: Connection, bill: Bill, entry: EntryId, by: AccountId, key: str, now: int) -> None:
    """Take a bill's entry back as of the day of the bill, so that no month has what did not happen."""
    ledger_store.reverse_entry(connection, bill.ledger, entry, key, bill.content.date, now, by)


def _post(
    connection: Connection,
    ledger: LedgerId,
    content: Content,
    postings: tuple[Posting, ...],
    by: AccountId,
    key: str,
    now: int,
    *,
    event: str | None = None,
) -> EntryId | None:
    if not postings:
        return None
    entry = NewEntry(KIND, key, content.date, postings, by, event)
    return ledger_store.post(connection, ledger, entry, now)
