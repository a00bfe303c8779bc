"""Many entries at once: a handful of statements, where one by one it would be ten for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from laiwang_bridge.payments.ledger.entries import EntryId, NewEntry, Unbalanced, faults
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry, pay_note, pay_posting
from laiwang_bridge.payments.ledger.rows import row_of_entry, rows_of_postings

_BATCH = 400
_NEXT_ON_POSTGRES = text("select nextval(pg_get_serial_sequence('pay_entry', 'id')) from generate_series(1, :count)")


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
    postings = [row for id, entry in entries.items() for row in rows_of_postings(id, entry)]
    notes = [{"entry": id, "text": entry.note} for id, entry in entries.items() if entry.note]
    rows = [row_of_entry(ledger, id, entry, now) for id, entry in entries.items()]
    for table, each in ((pay_posting, postings), (pay_entry, rows), (pay_note, notes)):
        if each:
            connection.execute(insert(table), each)


def _batches(values: list[Any]) -> Iterable[list[Any]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
