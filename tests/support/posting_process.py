"""A process that posts entries for as long as it lives, one transaction each, and says which of them are durable.

    python -m tests.support.posting_process DATABASE-URL FIRST

Entry number n has the key `n` and moves n + 1 cents. Whoever kills it starts the next one with the first number that
was not said; that may be in the books already.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
from functools import partial
from itertools import count
from random import Random

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, select

from appservice.database import Database
from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import NewEntry, bill_postings
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry
from laiwang_bridge.payments.ledger.splitting import Equal, divide

ROOM = RoomID("!room:example.org")


def post(connection: Connection, number: int) -> None:
    ledger = ledger_store.open_ledger(connection, ROOM, "EUR", 1)
    people = tuple(ledger_store.account_of(connection, ledger, UserID(f"@{name}:x"), 1) for name in "abc")
    division = divide(number + 1, Equal(people), ledger_store.carry_of(connection, ledger, "EUR"))
    postings = bill_postings("EUR", {people[0]: number + 1}, division.shares, division.carry)
    ledger_store.post(connection, ledger, NewEntry("bill", str(number), dt.date(2026, 11, 22), postings), 1)


async def main(url: str, first: int) -> None:
    database = Database(url)
    for number in count(first):
        await database.write(partial(post, number=number))
        os.write(1, b"%d\n" % number)


def kill_again_and_again(url: str, kills: int, chance: Random) -> list[str]:
    """Let it post and kill it, so many times; gives what is wrong with the books afterwards."""
    said = 0
    for _ in range(kills):
        command = [sys.executable, "-m", "tests.support.posting_process", url, str(said)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            # The moment is a number of entries and some more microseconds, not a time: slow machines get there too.
            for _ in range(chance.randint(1, 40)):
                said = int(process.stdout.readline()) + 1
            for _ in range(chance.randint(0, 20_000)):
                pass
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split(b"\n")[:-1]
            said = int(rest[-1]) + 1 if rest else said
    return _wrong(url, said)


def _wrong(url: str, said: int) -> list[str]:
    database = Database(url)
    with database.engine.begin() as connection:
        faults = [fault.sentence for fault in audit(connection).faults]
        keys = [int(key) for key in connection.execute(select(pay_entry.c.key).order_by(pay_entry.c.id)).scalars()]
        ledger = ledger_store.ledger_of(connection, ROOM)
        assert ledger is not None
        owed = sum(minor for minor in ledger_store.nets(connection, ledger, "EUR").values() if minor > 0)
    database.close_now()
    if keys != list(range(len(keys))):
        faults.append("entries are missing, double or out of order")
    if not said <= len(keys) <= said + 1:
        faults.append(f"{said} were said to be durable, {len(keys)} are there")
    total = sum(number + 1 for number in keys)
    if abs(owed * 3 - total * 2) > 3:
        faults.append(f"of {total} cents {owed} are owed")
    return faults


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
