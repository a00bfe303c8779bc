"""What it takes to bring the books of another program into a room, and out again: 10,000 rows of Splitwise.

    python -m bench books
    python -m bench books --rows 50000

Aim: 10,000 rows within 5 s from the bytes of the file to books that are durable, every balance that of the file to the
cent, and nothing added when the same file comes again.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.database import Database
from appservice.language import Language
from bench.report import Report, memory_folder
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.books_in import Brought, Importer, bring_in, count_known
from laiwang_bridge.payments.books.books_out import books_of
from laiwang_bridge.payments.books.exporting import FileFormat, write
from laiwang_bridge.payments.books.importing import packing
from laiwang_bridge.payments.books.importing.found import Found
from laiwang_bridge.payments.books.importing.reader import read_books
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.splitting import AccountId

_PEOPLE = ("Ann", "Bob", "Carl", "Dora", "Emil")
_ROOM, _ME, _BOT = RoomID("!trip"), UserID("@ann:example.org"), UserID("@pay:example.org")
_SECONDS = 5.0


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench books", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    given = parser.parse_args(arguments)
    with memory_folder() as folder:
        return asyncio.run(_measure(Report(f"Books: {given.rows:,} rows of Splitwise"), folder, given.rows))


async def _measure(report: Report, folder: Path, rows: int) -> int:
    data, totals = splitwise(rows)
    url = f"sqlite:///{folder / 'books.db'}"
    migrate(url)
    database = Database(url)
    rows_of: list[tuple[str, str]] = []
    begun = time.perf_counter()

    def lap(what: str, since: float) -> float:
        rows_of.append((what, f"{(time.perf_counter() - since) * 1000:,.0f} ms"))
        return time.perf_counter()

    try:
        packed = packing.pack(read_books(data, "EUR"))
        at = lap("the file is read (job)", begun)
        await database.write(lambda connection: _look(connection, _found(packed)))
        at = lap("it is shown", at)
        found = _found(packed)
        first = await database.write(lambda connection: _take_in(connection, found))
        taken = lap("it is taken in, durably", at)
        whole = taken - begun
        again = await database.write(lambda connection: _take_in(connection, found))
        at = lap("the same file comes again", taken)
        books: Books = await database.read(lambda connection: books_of(connection, _ledger(connection), "", str))
        at = lap("the books are read for a file", at)
        for format in FileFormat:
            written = write(books, format, "books")
            at = lap(f"they are written as {format} ({len(written.data):,} bytes)", at)
        balances = await database.read(lambda connection: ledger_store.balances(connection, _ledger(connection)))
        faults = await database.read(audit)
    finally:
        await database.close()
    report.table(("", "time"), rows_of)
    report.aim(f"{rows:,} rows within {_SECONDS:g} s", whole <= _SECONDS * max(1, rows / 10_000), f"{whole:.2f} s")
    report.aim("every balance to the cent", sorted(balances.values()) == sorted(filter(None, totals)), "compared")
    report.aim("the same file adds nothing", (first.added, again.added) == (rows, 0), f"{again.added} added")
    report.aim("the audit finds nothing", not faults.faults, f"{faults.entries:,} entries looked at")
    return report.finish()


def splitwise(rows: int) -> tuple[bytes, list[int]]:
    """A made-up export, and what each person has by it in cents."""
    random = Random(1)
    totals = [0] * len(_PEOPLE)
    lines = [f"Date,Description,Category,Cost,Currency,{','.join(_PEOPLE)}"]
    for number in range(rows):
        cost = random.randint(1, 50_000)
        shares = [(cost + place) // len(_PEOPLE) for place in range(len(_PEOPLE))]
        nets = [-share for share in shares]
        nets[random.randrange(len(nets))] += cost
        totals = [total + net for total, net in zip(totals, nets, strict=True)]
        day = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}"
        lines.append(f"{day},Thing {number % 3000},General,{_decimal(cost)},EUR,{','.join(map(_decimal, nets))}")
    lines += ["", f"2026-01-01,Total balance, , ,EUR,{','.join(map(_decimal, totals))}"]
    return "\n".join(lines).encode(), totals


def _found(packed: packing.Packed) -> Found:
    found = packing.unpack(packed)
    assert isinstance(found, Found)
    return found


def _look(connection: Connection, found: Found) -> int:
    return count_known(connection, _ledger(connection), found.source, found.books)


def _take_in(connection: Connection, found: Found) -> Brought:
    ledger = _ledger(connection)
    names = {account.number: account.name for account in found.books.accounts}
    by = Importer(ledger_store.account_of(connection, ledger, _ME, 1), _BOT, Language.EN)

    def account_of(number: int) -> AccountId:
        return ledger_store.guest_account(connection, ledger, names[number], 1)

    who = {number: account_of(number) for number in names}.__getitem__
    return bring_in(connection, ledger, found.source, found.books, who, by, 2)


def _ledger(connection: Connection) -> ledger_store.LedgerId:
    found = ledger_store.ledger_of(connection, _ROOM)
    return found if found is not None else ledger_store.open_ledger(connection, _ROOM, "EUR", 1)


def _decimal(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
