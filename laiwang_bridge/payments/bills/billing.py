"""Bills in the books: added, changed, voided, brought back. What is wrong there is reversed, never changed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlalchemy import Connection

from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill, NewBill
from laiwang_bridge.payments.bills.versions import Change, Content, Version
from laiwang_bridge.payments.ledger import ledger_store, rate_store
from laiwang_bridge.payments.ledger.entries import EntryId, Exchange, NewEntry, Posting, bill_postings
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId, Equal, Percent, Split, Weights, divide, exact_shares
from laiwang_bridge.payments.money.money import Money, currency

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
    draft, exchange = _exchanged(connection, ledger, draft)
    content, postings = _divided(connection, ledger, draft)
    entry = _post(connection, ledger, content, postings, new.author, key, now, event=new.event, exchange=exchange)
    return bill_store.add(connection, ledger, new, content, entry, now)


def again(connection: Connection, bill: Bill, date: datetime.date) -> Draft:
    """The same bill of another day: one that was converted in its own currency, for that day has a rate of its own."""
    draft = replace(draft_of(bill.content), date=date)
    exchange = exchange_of(connection, bill)
    if exchange is None:
        return draft
    return _in_proportion(draft, Money(exchange.minor, currency(exchange.currency)))


def change(connection: Connection, bill: Bill, draft: Draft, by: AccountId, key: str, now: int) -> Bill | None:
    """A bill says something else from now on; None where `key` was applied before.

    What changes no money (title, category) leaves the books alone. Raises `CannotDivide`.
    """
    if draft.total == bill.content.total:
        return _change(connection, bill, draft, exchange_of(connection, bill), by, key, now)
    return _change(connection, bill, *_exchanged(connection, bill.ledger, draft), by, key, now)


def _change(
    connection: Connection, bill: Bill, draft: Draft, exchange: Exchange | None, by: AccountId, key: str, now: int
) -> Bill | None:
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
    entry = _post(connection, bill.ledger, content, postings, by, key, now, exchange=exchange)
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
    exchange = before.exchange if before is not None else None
    entry = _post(connection, bill.ledger, bill.content, postings, by, key, now, exchange=exchange)
    return bill_store.put_version(connection, bill, Change.RESTORED, bill.content, entry, by, now)


def back_to(connection: Connection, bill: Bill, earlier: Version, by: AccountId, key: str, now: int) -> Bill | None:
    """A bill says again what an earlier version of it said."""
    exchange = None if earlier.entry is None else ledger_store.exchange_of(connection, earlier.entry)
    return _change(connection, bill, draft_of(earlier.content), exchange, by, key, now)


def exchange_of(connection: Connection, bill: Bill) -> Exchange | None:
    """How the total of a bill was converted, if it was."""
    return None if bill.version.entry is None else ledger_store.exchange_of(connection, bill.version.entry)


def _exchanged(connection: Connection, ledger: LedgerId, draft: Draft) -> tuple[Draft, Exchange | None]:
    """The same in the currency of the room, if it wants that and there is a rate.

    The total is converted, once; what people have paid and bear of it stays in proportion. Raises `CannotDivide`.
    """
    settings = ledger_store.settings(connection, ledger)
    if not settings.convert or draft.total.currency.code == settings.currency or not draft.total.minor:
        return draft, None
    found = rate_store.exchange(connection, ledger, draft.total, settings.currency, draft.date)
    if found is None:
        return draft, None
    total, exchange = found
    return _in_proportion(draft, total), exchange


def _in_proportion(draft: Draft, total: Money) -> Draft:
    """The same with another total, in another currency. Raises `CannotDivide`."""
    paid = {account: Fraction(minor, draft.total.minor) for account, minor in draft.paid.items()}
    split = draft.split
    if not isinstance(split, Equal | Weights | Percent):  # these say amounts
        shares = exact_shares(draft.total.minor, split)
        split = Weights({account: share / draft.total.minor for account, share in shares.items()})
    return replace(draft, total=total, paid=divide(total.minor, Weights(paid)).shares, split=split)


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
    exchange: Exchange | None = None,
) -> EntryId | None:
    if not postings:
        return None
    entry = NewEntry(KIND, key, content.date, postings, by, event, exchange=exchange)
    return ledger_store.post(connection, ledger, entry, now)
