"""Bills through the real handler, in turn with I Hate Money: `bench.payments` has it run.

Ours is a line that somebody writes in a room: it comes in the homeserver's transaction, is stored, read, divided and
entered, with its card, the card's buttons and its reminders. Theirs is a form that an app fills in, by their API.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, func, insert, select

from appservice.database import Database, metadata
from appservice.dispatch import Dispatcher
from appservice.inbox import Inbox
from appservice.language import Catalogues
from appservice.room_tables import room, room_member
from appservice.transaction import Transaction
from bench.report import Report, spread
from laiwang_bridge.application import CATALOGUES, Application
from laiwang_bridge.config import AppService, Config, Homeserver
from laiwang_bridge.demo.environment import Environment
from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry
from laiwang_bridge.running import hold_what_was_built

NOW = 1_700_000_000_000
DOMAIN = "bench"
ROOMS, MEMBERS = 50, 4
_EVENTS_A_TRANSACTION = 10
_PATIENCE_SECONDS = 10
_MILLISECONDS_BETWEEN_BILLS = 2_500
_TURNS = 10
_SECRET = b"the secret of the benchmark"
_THEIRS = Environment(
    "I-Hate-Money",
    "ihatemoney",
    Path(__file__).with_name("ihatemoney-requirements.txt"),
    "ihatemoney.run",
    "LAIWANG_IHATEMONEY_PYTHON",
)


@dataclass(frozen=True, slots=True)
class Took:
    """What a turn took, in seconds."""

    clock: float
    processor: float


async def race(report: Report, folder: Path, count: int) -> None:
    """So many bills each, in turns; a bill counts when it is durable with all that belongs to it."""
    each = max(count // _TURNS, _EVENTS_A_TRANSACTION)
    ours, theirs = [], []
    bridge = await Bridge.started(folder / "bills.db")
    with IHateMoney(folder) as peer:
        for turn in range(_TURNS):
            if turn % 2:
                theirs.append(peer.turn(each))
            ours.append(await bridge.turn(each))
            if not turn % 2:
                theirs.append(peer.turn(each))
        kept_there = peer.finish()
    kept, faults = await bridge.finish()
    seconds = statistics.median(turn.clock for turn in ours) / each
    rows = [_row("laiwang-bridge", ours, each), _row("I Hate Money", theirs, each)]
    report.table(("bills", "a second", "ms of processor time each"), rows)
    ratio = statistics.median(their.clock / our.clock for our, their in zip(ours, theirs, strict=True))
    sent = each * _TURNS
    report.aim("bills a second, beside I Hate Money's", ratio >= 1, f"{ratio:.1f} times as many")
    report.aim("bills a second, through the real handler", seconds <= 0.001, f"{1 / seconds:,.0f}")
    report.aim("none lost", kept == kept_there == sent and not faults, f"{kept:,} of {sent:,}, {faults} faults")


def _row(name: str, turns: list[Took], each: int) -> tuple[str, str, str]:
    costs = spread([turn.processor * 1000 / each for turn in turns], 1)
    return name, spread([each / turn.clock for turn in turns]), costs


class Bridge:
    """The whole program without a homeserver: transactions go in, and what is due is worked out as ever."""

    def __init__(self, database: Database, application: Application) -> None:
        self._database = database
        self._sent = 0
        self._dispatcher = Dispatcher(
            database, application.routes, wake_outbox=lambda _lane: None, secret=_SECRET, clock=self._clock
        )
        self._inbox = Inbox(database, self._dispatcher.wake, self._clock)

    @classmethod
    async def started(cls, path: Path) -> Self:
        database = Database(f"sqlite:///{path}")
        config = Config(
            homeserver=Homeserver(address="http://localhost:1", domain=DOMAIN),
            appservice=AppService(as_token="benchmark", hs_token="benchmark"),
        )
        application = Application(config, database, _SECRET, Catalogues(CATALOGUES))
        await database.write(partial(_furnish, bot=application.pay_bot))
        hold_what_was_built()  # as the bridge itself does
        bridge = cls(database, application)
        await bridge._dispatcher.start()
        return bridge

    async def turn(self, count: int) -> Took:
        began, worked = time.perf_counter(), time.process_time()
        until = self._sent + count
        for first in range(self._sent, until, _EVENTS_A_TRANSACTION):
            events = [message(number) for number in range(first, min(first + _EVENTS_A_TRANSACTION, until))]
            await self._inbox.accept(Transaction(f"t{first}", events))
            self._sent += len(events)
        await self._until_booked(until)
        return Took(time.perf_counter() - began, time.process_time() - worked)

    async def finish(self) -> tuple[int, int]:
        """How many bills there are, and how many faults an audit finds."""
        await self._dispatcher.close()
        booked = await self._database.read(_booked)
        faults = (await self._database.read(audit)).faults
        await self._database.close()
        return booked, len(faults)

    def _clock(self) -> int:
        """Some seconds go by with each bill, so that nobody writes more than people do."""
        return NOW + self._sent * _MILLISECONDS_BETWEEN_BILLS

    async def _until_booked(self, count: int) -> None:
        """Wait for so many bills, or until none has come for a while."""
        before, last = 0, time.perf_counter()
        while before < count and time.perf_counter() - last < _PATIENCE_SECONDS:
            booked = await self._database.read(_booked)
            if booked > before:
                before, last = booked, time.perf_counter()
            await asyncio.sleep(0.02)


class IHateMoney:
    """Their program, in a process and an environment of its own."""

    def __init__(self, folder: Path) -> None:
        program = Path(__file__).with_name("peer_bills.py")
        self._process = subprocess.Popen(
            [_THEIRS.python(print), program, folder, str(ROOMS), str(MEMBERS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def turn(self, count: int) -> Took:
        assert self._process.stdin is not None
        print(count, file=self._process.stdin, flush=True)
        clock, processor = self._line().split()
        return Took(float(clock), float(processor))

    def finish(self) -> int:
        """How many bills it has."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("I Hate Money ended; run bench/peer_bills.py by hand to see why")
        return line


def _furnish(connection: Connection, bot: UserID) -> None:
    metadata.create_all(connection)
    rooms = [RoomID(f"!room{number}:{DOMAIN}") for number in range(ROOMS)]
    connection.execute(insert(room), [{"room_id": each, "read_at": NOW, "version": "12"} for each in rooms])
    members = [
        {"room_id": each, "user_id": user, "membership": "join", "display_name": user[1:].partition(":")[0]}
        for place, each in enumerate(rooms)
        for user in (*(member(place, number) for number in range(MEMBERS)), bot)
    ]
    connection.execute(insert(room_member), members)


def message(number: int) -> dict[str, object]:
    """The bill of this number, as the homeserver hands it over."""
    place, turn = number % ROOMS, number // ROOMS
    writer, *others = (member(place, (turn + each) % MEMBERS) for each in range(3))
    names = " ".join(other.partition(":")[0] for other in others)
    return {
        "type": "m.room.message",
        "room_id": f"!room{place}:{DOMAIN}",
        "sender": writer,
        "event_id": f"$bill{number}",
        "origin_server_ts": NOW,
        "content": {"msgtype": "m.text", "body": f"!aa {10 + number % 90}.{number % 100:02} dinner {names}"},
    }


def member(place: int, number: int) -> UserID:
    """Somebody in the room of this number."""
    return UserID(f"@p{number}of{place}:{DOMAIN}")


def _booked(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(pay_entry)).scalar_one()
