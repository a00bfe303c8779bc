"""What bills cost: made durable through the real handler, balances and an audit of a million postings, settling.

    python -m bench payments
    python -m bench payments --operations 1000000      so many random operations, compared with books kept twice
    python -m bench payments --kills 1000              a process that posts entries is killed so many times

Aims: 1,000 bills a second on SQLite, the balances of a room of a million postings within 1 ms for 99 of 100, a full
audit of them within 0.5 s, settling 20 people within 150 ms, always with as few payments as any of the usual methods.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

from mautrix.types import RoomID
from sqlalchemy import Connection, func, insert, select, text

from appservice.database import Database, metadata
from bench.bills import DOMAIN, MEMBERS, NOW, ROOMS, member, race
from bench.peers import KINDS, PEERS
from bench.report import Report, memory_folder, percentile, spread
from laiwang_bridge.database import migrate
from laiwang_bridge.payments.audit import audit, audit_books
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import NewEntry, Posting
from laiwang_bridge.payments.ledger.ledger_tables import pay_account, pay_balance, pay_entry, pay_ledger, pay_posting
from laiwang_bridge.payments.ledger.settling import plan
from laiwang_bridge.payments.ledger.splitting import AccountId
from tests.support.bookkeeping import Books, operate
from tests.support.posting_process import kill_again_and_again

_WRITERS = 16


def main(options: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench payments", description="What bills cost.")
    parser.add_argument("--bills", type=int, default=5_000, help="through the real handler (5000)")
    parser.add_argument("--entries", type=int, default=10_000, help="of four postings, straight into the books (10000)")
    parser.add_argument("--postings", type=int, default=1_000_000, help="of the books that are looked at (1000000)")
    parser.add_argument("--plans", type=int, default=40, help="of each kind and size (40)")
    parser.add_argument("--operations", type=int, default=0, help="random ones, and nothing else (0)")
    parser.add_argument("--kills", type=int, default=0, help="of a process that posts, and nothing else (0)")
    parser.add_argument("--seed", type=int, default=20261122, help="another number is another run of chance")
    arguments = parser.parse_args(options)
    if arguments.operations:
        return _operations(arguments.operations, arguments.seed)
    if arguments.kills:
        return _kills(arguments.kills, arguments.seed)
    report = Report("payments")
    with memory_folder() as folder:
        asyncio.run(_entries(report, folder / "entries.db", arguments.entries))
        asyncio.run(race(report, folder, arguments.bills))
        asyncio.run(_large_books(report, folder / "books.db", arguments.postings))
    _plans(report, arguments.plans, arguments.seed)
    return report.finish()


# -- entries of four postings -----------------------------------------------------------------------------------------


async def _entries(report: Report, path: Path, count: int) -> None:
    """What writes at the same time is committed together; each entry is a piece of work of its own."""
    database = Database(f"sqlite:///{path}")

    def open_books(connection: Connection) -> list[tuple[ledger_store.LedgerId, list[AccountId]]]:
        metadata.create_all(connection)
        books = []
        for place in range(ROOMS):
            ledger = ledger_store.open_ledger(connection, RoomID(f"!{place}:{DOMAIN}"), "EUR", NOW)
            users = (member(place, number) for number in range(MEMBERS))
            books.append((ledger, [ledger_store.account_of(connection, ledger, user, NOW) for user in users]))
        return books

    books = await database.write(open_books)
    day = dt.date(2026, 11, 22)

    def post(connection: Connection, number: int) -> None:
        ledger, accounts = books[number % ROOMS]
        minors = (3 * number + 3, -number, -number - 1, -number - 2)
        postings = tuple(Posting(account, "EUR", minor) for account, minor in zip(accounts, minors, strict=True))
        ledger_store.post(connection, ledger, NewEntry("bill", str(number), day, postings), NOW)

    times: list[float] = []

    async def write(first: int) -> None:
        for number in range(first, count, _WRITERS):
            began = time.perf_counter()
            await database.write(partial(post, number=number))
            times.append(time.perf_counter() - began)

    began, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write(first) for first in range(_WRITERS)))
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    await database.close()
    report.note(f"{count:,} entries of four postings: {worked * 1000 / count:.2f} ms of processor time each")
    report.aim("entries a second, each durable", count / seconds >= 2000, f"{count / seconds:,.0f}")
    slowest = percentile(times, 0.99) * 1000
    report.aim(f"one of them, {_WRITERS} written at once, 99 of 100", slowest <= 20, f"{slowest:.0f} ms")


# -- books of a million postings --------------------------------------------------------------------------------------


async def _large_books(report: Report, path: Path, postings: int) -> None:
    database = Database(f"sqlite:///{path}")
    began = time.perf_counter()
    await database.write(partial(_fill, entries=postings // 4))
    seconds = time.perf_counter() - began
    size = await asyncio.to_thread(lambda: sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*")))
    report.note(
        f"{postings:,} postings of one room and others, through all guards, in {seconds:.0f} s "
        f"({postings / seconds:,.0f}/s, {size / 2**20:.0f} MB with its log)"
    )
    await database.write(lambda connection: connection.execute(text("analyze")))
    times: list[float] = []
    for _ in range(2_000):
        await database.read(lambda connection: _in_thread(connection, times))
    report.aim(
        "balances of a room, 99 of 100",
        percentile(times, 0.99) <= 0.001,
        f"{percentile(times, 0.99) * 1000:.2f} ms (median {percentile(times, 0.5) * 1000:.2f} ms)",
    )
    audits = []
    for _ in range(3):
        began = time.perf_counter()
        faults = await database.read(audit_books)
        audits.append(time.perf_counter() - began)
        report.aim("an audit finds nothing", not faults, f"{len(faults)} faults")
    report.aim("full audit of the books", min(audits) <= 0.5, f"{spread(audits, 2)} s")
    await database.close()


def _in_thread(connection: Connection, times: list[float]) -> None:
    began = time.perf_counter()
    ledger_store.balances(connection, ledger_store.LedgerId(1))
    times.append(time.perf_counter() - began)


def _fill(connection: Connection, entries: int) -> None:
    """Half of all entries in one room of 20 people, the rest in 500 rooms of 8."""
    metadata.create_all(connection)
    sizes = {1: 20} | dict.fromkeys(range(2, 502), 8)
    for ledger in sizes:
        ledger_store.open_ledger(connection, RoomID(f"!{ledger}:{DOMAIN}"), "EUR", NOW)
    rows = [
        {"ledger": ledger, "kind": "user", "name": f"@p{number}", "known_as": f"@p{number}", "weight": "1", "since": 0}
        for ledger, size in sizes.items()
        for number in range(size)
    ]
    connection.execute(insert(pay_account), rows)
    members: dict[int, list[int]] = {}
    for id, ledger in connection.execute(select(pay_account.c.id, pay_account.c.ledger)):
        members.setdefault(ledger, []).append(id)
    chance = Random(1)
    for first in range(1, entries + 1, 5_000):
        numbers = range(first, min(first + 5_000, entries + 1))
        ledgers = [1 if number % 2 else 2 + number // 2 % 500 for number in numbers]
        postings = []
        for number, ledger in zip(numbers, ledgers, strict=True):
            payer, *others = chance.sample(members[ledger], 4)
            shares = [chance.randint(1, 9_999) for _ in others]
            for place, (account, minor) in enumerate(
                zip((payer, *others), (sum(shares), *(-each for each in shares)), strict=True)
            ):
                row = {"entry": number, "number": place, "account": account, "currency": "EUR", "minor": minor}
                postings.append(row | {"carry": 0})
        connection.execute(insert(pay_posting), postings)
        rows = [
            {"id": number, "ledger": ledger, "kind": "bill", "key": f"${number}", "date": "2026-11-22"}
            for number, ledger in zip(numbers, ledgers, strict=True)
        ]
        connection.execute(insert(pay_entry), [{**row, "created_at": NOW} for row in rows])


# -- settling ---------------------------------------------------------------------------------------------------------


def _plans(report: Report, count: int, seed: int) -> None:
    chance = Random(seed)
    rows, slowest_of_20, worse = [], 0.0, 0
    for people in (8, 12, 16, 20, 40, 80):
        for kind, make in KINDS.items():
            ours, times, theirs = 0, [], dict.fromkeys(PEERS, 0)
            for _ in range(count):
                nets = make(people, chance)
                began = time.perf_counter()
                made = plan({AccountId(number): net for number, net in enumerate(nets)})
                times.append(time.perf_counter() - began)
                ours += len(made.transfers)
                found = {name: peer(nets) for name, peer in PEERS.items()}
                worse += len(made.transfers) > min(found.values())
                theirs = {name: theirs[name] + found[name] for name in PEERS}
            if people == 20:
                slowest_of_20 = max(slowest_of_20, *times)
            ratios = [f"{number / ours:.2f}x" for number in theirs.values()]
            rows.append([f"{people}", kind, f"{ours / count:.2f}", *ratios, f"{max(times) * 1000:.1f}"])
    report.table(("people", "nets", "payments", *PEERS, "slowest ms"), rows)
    report.aim("20 people, the slowest of all", slowest_of_20 <= 0.15, f"{slowest_of_20 * 1000:.0f} ms")
    report.aim("never more payments than any of the usual methods", not worse, f"{worse} times")


# -- random operations ------------------------------------------------------------------------------------------------


def _operations(count: int, seed: int) -> int:
    """Books kept twice under random operations; all rooms are compared and audited every tenth of the way."""
    report = Report(f"{count:,} random operations on books that are kept twice (seed {seed})")
    chance = Random(seed)
    violations: list[str] = []
    with memory_folder() as folder:
        database = Database(f"sqlite:///{folder / 'books.db'}", durability="normal")
        rooms: list[Books] = []
        done, began = 0, time.perf_counter()
        for part in range(1, 11):
            with database.engine.begin() as connection:
                if not rooms:
                    metadata.create_all(connection)
                    rooms = [Books.opened(connection, f"!{number}:{DOMAIN}", 3 + number % 18) for number in range(200)]
                for books in rooms:
                    books.connection = connection
                try:
                    while done < count * part // 10:
                        operate(chance.choice(rooms), chance)
                        done += 1
                    for books in rooms:
                        books.compare()
                except AssertionError as wrong:
                    violations.append(str(wrong))
                violations += [fault.sentence for fault in audit_books(connection)]
            report.note(f"{done:,} operations, {time.perf_counter() - began:,.0f} s, {len(violations)} violations")
            if violations:
                break
        with database.engine.begin() as connection:
            found = audit(connection)
            kept = connection.execute(select(func.count()).select_from(pay_balance)).scalar_one()
            books_there = connection.execute(select(func.count()).select_from(pay_ledger)).scalar_one()
        database.close_now()
    for violation in violations[:20]:
        report.note(violation)
    report.note(f"{books_there} rooms, {found.entries:,} entries, {found.postings:,} postings, {kept:,} balances")
    report.aim("nothing was ever wrong", not violations and not found.faults, f"{len(violations)} violations")
    return report.finish()


def _kills(count: int, seed: int) -> int:
    report = Report(f"kill -9 of a process that posts entries, {count:,} times (seed {seed})")
    with memory_folder() as folder:
        url = f"sqlite:///{folder / 'books.db'}"
        migrate(url)
        faults = kill_again_and_again(url, count, Random(seed))
    for fault in faults[:20]:
        report.note(fault)
    report.aim("nothing lost, nothing doubled, an audit finds nothing", not faults, f"{len(faults)} faults")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
