"""Many entries and bills at once: a handful of statements, where one by one it would be ten for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection, func, insert, select, text

from appservice.language import Language
from laiwang_bridge.payments.bills.bill_store import (
    BillId,
    Change,
    Content,
    Version,
    pay_bill,
    pay_bill_version,
    row_of_version,
)
from laiwang_bridge.payments.ledger.entries import EntryId, NewEntry, Unbalanced, faults
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry, pay_note, pay_posting
from laiwang_bridge.payments.ledger.splitting import AccountId

_BATCH = 400
_NEXT_ON_POSTGRES = text("select nextval(pg_get_serial_sequence('pay_entry', 'id')) from generate_series(1, :count)")


@dataclass(frozen=True, slots=True)
class Kept:
    """A bill to be kept for an entry that is in the books. With `is_void` the entry was taken back."""

    entry: EntryId
    content: Content
    is_void: bool


def applied(connection: Connection, ledger: LedgerId, keys: Iterable[str]) -> dict[str, EntryId]:
    """Which of these keys were applied to a ledger before, and by which entries."""
    found: dict[str, EntryId] = {}
    for some in _batches(list(keys)):
        statement = select(pay_entry.c.key, pay_entry.c.id).where(
            pay_entry.c.ledger == ledger, pay_entry.c.key.in_(some)
        )
        found |= {key: EntryId(id) for key, id in connection.execute(statement)}
    return found


def reserve(connection: Connection, count: int) -> list[EntryId]:
    """Ids for so many new entries, in the order in which they have to be posted."""
    if connection.dialect.name == "sqlite":  # there is one writer, and no entry ever goes
        last = connection.execute(select(func.coalesce(func.max(pay_entry.c.id), 0))).scalar_one()
        return [EntryId(last + number) for number in range(1, count + 1)]
    return [EntryId(id) for id in connection.execute(_NEXT_ON_POSTGRES, {"count": count}).scalars()]


def post(connection: Connection, ledger: LedgerId, entries: Mapping[EntryId, NewEntry], now: int) -> None:
    """Write entries under ids that were reserved; their keys are new to the ledger. Raises `Unbalanced`."""
    for entry in entries.values():
        if found := faults(entry.postings):
            raise Unbalanced("; ".join(found))
    postings = [
        {
            "entry": id,
            "number": number,
            "account": one.account,
            "currency": one.currency,
            "minor": one.minor,
            "carry": one.carry,
        }
        for id, entry in entries.items()
        for number, one in enumerate(entry.postings, 1)
    ]
    notes = [{"entry": id, "text": entry.note} for id, entry in entries.items() if entry.note]
    rows = [_row(ledger, id, entry, now) for id, entry in entries.items()]
    for table, each in ((pay_posting, postings), (pay_entry, rows), (pay_note, notes)):
        if each:
            connection.execute(insert(table), each)


def keep_bills(
    connection: Connection,
    ledger: LedgerId,
    bills: Sequence[Kept],
    author: AccountId,
    card_bot: UserID,
    language: Language,
    now: int,
) -> None:
    """Keep bills that have no card, with the next numbers of their room."""
    if not bills:
        return
    last = connection.execute(select(func.max(pay_bill.c.number)).where(pay_bill.c.ledger == ledger)).scalar() or 0
    rows = [
        {
            "ledger": ledger,
            "number": number,
            "author": author,
            "card_bot": card_bot,
            "language": language.value,
            "is_void": bill.is_void,
            "current": len(_changes(bill)),
            "created_at": now,
        }
        for number, bill in enumerate(bills, last + 1)
    ]
    connection.execute(insert(pay_bill), rows)
    here = select(pay_bill.c.number, pay_bill.c.id).where(pay_bill.c.ledger == ledger, pay_bill.c.number > last)
    ids = {number: BillId(id) for number, id in connection.execute(here)}
    versions = []
    for number, bill in enumerate(bills, last + 1):
        for at, change in enumerate(_changes(bill), 1):
            versions.append(row_of_version(ids[number], Version(at, change, bill.content, bill.entry, author, now)))
    connection.execute(insert(pay_bill_version), versions)


def _changes(bill: Kept) -> tuple[Change, ...]:
    return (Change.ADDED, Change.VOIDED) if bill.is_void else (Change.ADDED,)


def _row(ledger: LedgerId, id: EntryId, entry: NewEntry, now: int) -> dict[str, Any]:
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


def _batches(values: list[Any]) -> Iterable[list[Any]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
