"""Entries as rows of their tables, and rows as entries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from laiwang_bridge.payments.ledger.entries import Entry, EntryId, Exchange, NewEntry, Posting
from laiwang_bridge.payments.ledger.splitting import AccountId


def row_of_entry(ledger: int, id: EntryId, entry: NewEntry, now: int) -> dict[str, Any]:
    """An entry without its postings and its note."""
    exchange = entry.exchange
    return {
        "id": id,
        "ledger": ledger,
        "kind": entry.kind,
        "key": entry.key,
        "date": entry.date.isoformat(),
        "author": entry.author,
        "event_id": entry.event_id,
        "reverses": entry.reverses,
        "exchange_currency": exchange and exchange.currency,
        "exchange_minor": exchange and exchange.minor,
        "exchange_rate": exchange and exchange.rate,
        "exchange_fixed_on": exchange and exchange.fixed_on.isoformat(),
        "exchange_source": exchange and exchange.source,
        "created_at": now,
    }


def rows_of_postings(id: EntryId, entry: NewEntry) -> list[dict[str, Any]]:
    return [
        {
            "entry": id,
            "number": number,
            "account": one.account,
            "currency": one.currency,
            "minor": one.minor,
            "carry": one.carry,
        }
        for number, one in enumerate(entry.postings, 1)
    ]


def posting_of_row(row: Any) -> Posting:
    return Posting(AccountId(row.account), row.currency, row.minor, row.carry)


def entry_of_row(row: Any, postings: list[Posting], reversed_by: int | None) -> Entry:
    """`row` has the note as well; `reversed_by` is the entry that took this one back."""
    return Entry(
        EntryId(row.id),
        row.kind,
        row.key,
        dt.date.fromisoformat(row.date),
        tuple(postings),
        None if row.author is None else AccountId(row.author),
        row.event_id,
        None if row.reverses is None else EntryId(row.reverses),
        None if reversed_by is None else EntryId(reversed_by),
        exchange_of_row(row),
        row.text,
        row.created_at,
    )


def exchange_of_row(row: Any) -> Exchange | None:
    if row.exchange_currency is None:
        return None
    return Exchange(
        row.exchange_currency,
        row.exchange_minor,
        row.exchange_rate,
        dt.date.fromisoformat(row.exchange_fixed_on),
        row.exchange_source,
    )
