"""Which entries came into the books by which import, so that one can be taken back as a whole, and come again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NewType

from sqlalchemy import BigInteger, Column, Connection, Index, Row, Table, Text, insert, select, update

from appservice.database import metadata
from appservice.sql import Sequence64
from laiwang_bridge.payments.bills.bill_tables import pay_bill, pay_bill_version
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry
from laiwang_bridge.payments.ledger.splitting import AccountId

ImportId = NewType("ImportId", int)

_UNDONE = "import-undone:"
"""How the keys of the entries begin that take an import back."""
_BATCH = 400

pay_import_done = Table(
    "pay_import_done",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", BigInteger, nullable=False),
    Column("by", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Index("ix_pay_import_done_ledger", "ledger"),
    sqlite_autoincrement=True,
)
pay_import_done_entry = Table(
    "pay_import_done_entry",
    metadata,
    Column("entry", BigInteger, primary_key=True, autoincrement=False),
    Column("done", BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Done:
    """An import that was taken in. `by` is who did it, `source` what program the books came from,
    `undone_at` when it was taken back as a whole (milliseconds), if it was."""

    id: ImportId
    ledger: LedgerId
    by: AccountId
    source: str
    at: int
    undone_at: int | None

    @property
    def last_at(self) -> int:
        """When something was last done about it."""
        return self.at if self.undone_at is None else self.undone_at


def keep(
    connection: Connection, ledger: LedgerId, by: AccountId, source: str, entries: Sequence[EntryId], now: int
) -> None:
    """Remember what an import has made."""
    values = {"ledger": ledger, "by": by, "source": source, "at": now}
    made = connection.execute(insert(pay_import_done).values(values)).inserted_primary_key
    assert made is not None
    connection.execute(insert(pay_import_done_entry), [{"entry": entry, "done": made[0]} for entry in entries])


def last_standing(connection: Connection, ledger: LedgerId) -> Done | None:
    """The newest import of a room that was not taken back."""
    return _newest(connection, pay_import_done.c.ledger == ledger, pay_import_done.c.undone_at.is_(None))


def last_of(connection: Connection, ledger: LedgerId, by: AccountId) -> Done | None:
    """The newest import that somebody made, whether it was taken back or not."""
    return _newest(connection, pay_import_done.c.ledger == ledger, pay_import_done.c.by == by)


def entries_of(connection: Connection, done: ImportId) -> list[EntryId]:
    here = pay_import_done_entry.c.done == done
    rows = connection.execute(select(pay_import_done_entry.c.entry).where(here).order_by(pay_import_done_entry.c.entry))
    return [EntryId(entry) for entry in rows.scalars()]


def note_undone(connection: Connection, done: ImportId, now: int) -> None:
    connection.execute(update(pay_import_done).where(pay_import_done.c.id == done).values(undone_at=now))


def undo_key(done: ImportId, entry: EntryId) -> str:
    """The key of the entry that takes one of an import back."""
    return f"{_UNDONE}{done}/{entry}"


def taken_back(connection: Connection, ledger: LedgerId, entries: Iterable[EntryId]) -> set[EntryId]:
    """Those of these entries that were taken back with the import which brought them, and may come again.

    A bill that was brought back by hand since counts, so it may not.
    """
    gone: set[EntryId] = set()
    wanted = list(entries)
    for start in range(0, len(wanted), _BATCH):
        some = wanted[start : start + _BATCH]
        undone = select(pay_entry.c.reverses).where(
            pay_entry.c.ledger == ledger, pay_entry.c.reverses.in_(some), pay_entry.c.key.startswith(_UNDONE)
        )
        back = (
            select(pay_bill_version.c.entry)
            .join(pay_bill, pay_bill.c.id == pay_bill_version.c.bill)
            .where(pay_bill_version.c.entry.in_(some), pay_bill.c.is_void.is_(False))
        )
        gone |= {EntryId(entry) for entry in connection.execute(undone).scalars()}
        gone -= {EntryId(entry) for entry in connection.execute(back).scalars()}
    return gone


def _newest(connection: Connection, *where: Any) -> Done | None:
    row = connection.execute(select(pay_import_done).where(*where).order_by(pay_import_done.c.id.desc()).limit(1))
    found = row.first()
    return None if found is None else _done(found)


def _done(row: Row[Any]) -> Done:
    return Done(ImportId(row.id), LedgerId(row.ledger), AccountId(row.by), row.source, row.at, row.undone_at)
