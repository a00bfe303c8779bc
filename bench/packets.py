"""Red packets: whether every place in the row is as good as any other, and very many taps on one packet at once.

The taps go the whole road of a bridge, from the homeserver's transaction to the handled entry, for one packet in one
room; and again by eight workers side by side, as if the room were nobody's and every tap a process of its own. Half as
many people as taps reach for it, each twice, all real handlers on a real database. Aims: the mean of every place within
0.5 %, every unit given once, nobody two parts, however many tap.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from appservice import inbox
from appservice.database import own_fault
from appservice.inbox import Entry
from appservice.transaction import Transaction
from bench.databases import empty_database
from bench.report import Report, memory_folder
from laiwang_bridge.payments.packets import accounts, drawing
from tests.support.road import open_desk
from tests.support.waiting import eventually
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, Town, open_town

_DATABASES = ("sqlite", "postgres")
_PACKETS, _TOTAL, _PLACES = 200_000, 100_00, 10
_TAPS, _PARTS = 10_000, 100
_IN_A_TRANSACTION = 100
_WORKERS = 8


def main(options: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench packets", description=__doc__)
    parser.add_argument("--packets", type=int, default=_PACKETS, help=f"for the fairness of the draw ({_PACKETS:,})")
    parser.add_argument("--taps", type=int, default=_TAPS, help=f"on one packet ({_TAPS:,})")
    parser.add_argument("--databases", nargs="+", choices=_DATABASES, default=list(_DATABASES))
    arguments = parser.parse_args(options)
    report = Report(f"red packets: {arguments.packets:,} of them; {arguments.taps:,} taps on one")
    _draw(report, arguments.packets)
    rows: list[Sequence[str]] = []
    for database in arguments.databases:
        for name, work in (("one room", _by_the_road), ("eight at once", _side_by_side)):
            with memory_folder() as folder, empty_database(database, folder) as url:
                rows.append(asyncio.run(_storm(report, url, f"{database}, {name}", arguments.taps, work)))
    report.table(("", "taps/s", "seconds", "edits", "tried again"), rows)
    return report.finish()


def _draw(report: Report, packets: int) -> None:
    sums, squares, best = [0] * _PLACES, [0] * _PLACES, [0] * _PLACES
    began = time.perf_counter()
    for number in range(packets):
        seed = hashlib.sha256(f"packet {number}".encode()).digest()
        amounts = drawing.lucky_parts(seed, _TOTAL, _PLACES)
        best[amounts.index(max(amounts))] += 1
        for place, amount in enumerate(amounts):
            sums[place] += amount
            squares[place] += amount * amount
    seconds = time.perf_counter() - began
    means = [each / packets for each in sums]
    spreads = [(square / packets - mean * mean) ** 0.5 for square, mean in zip(squares, means, strict=True)]
    rows = [
        (
            f"place {place + 1}",
            f"{means[place] / 100:.3f}",
            f"{spreads[place] / 100:.2f}",
            f"{best[place] / packets:.1%}",
        )
        for place in range(_PLACES)
    ]
    report.table((f"{_TOTAL / 100:.2f} in {_PLACES}", "mean", "deviation", "has the most"), rows)
    report.note(f"  {packets / seconds:,.0f} packets drawn a second")
    fair = _TOTAL / _PLACES
    worst = max(abs(mean - fair) / fair for mean in means)
    report.aim("the mean of every place within 0.5 %", worst <= 0.005, f"{worst:.2%} off at most")


class _Taps:
    """So many taps on one card; every person taps twice."""

    def __init__(self, town: Town, room: RoomID, card: EventID, count: int) -> None:
        self.town = town
        self.room = room
        self._card = card
        self.count = count
        self.tried_again = 0

    def event(self, number: int) -> dict[str, Any]:
        relation = {"rel_type": "m.annotation", "event_id": self._card, "key": "🧧"}
        event = {"event_id": f"$tap{number}", "room_id": self.room, "type": "m.reaction"}
        sender = f"@guest{number % (self.count // 2)}:town"
        return event | {"sender": sender, "content": {"m.relates_to": relation}}


async def _by_the_road(taps: _Taps) -> None:
    """From the homeserver's transactions through inbox and dispatcher; the time goes on meanwhile."""
    town, began = taps.town, time.monotonic()

    def clock() -> int:
        return town.now + int((time.monotonic() - began) * 1000)

    async with _desk(town, clock) as accept:
        for first in range(0, taps.count, _IN_A_TRANSACTION):
            numbers = range(first, min(first + _IN_A_TRANSACTION, taps.count))
            await accept(Transaction(f"taps{first}", tuple(taps.event(number) for number in numbers)))
    town.now = clock()


@asynccontextmanager
async def _desk(town: Town, clock: Callable[[], int]) -> AsyncIterator[Any]:
    async with open_desk(town.database, town.app.routes, clock) as desk:
        yield desk.inbox.accept
        await eventually(desk.settled, seconds=600)


async def _side_by_side(taps: _Taps) -> None:
    """Each in a transaction of its own, eight at once, whatever the room; what could not be serialised comes again."""

    async def worker(mine: range) -> None:
        for number in mine:
            event = taps.event(number)
            entry = Entry(0, event["event_id"], f"{number}", inbox.Kind.EVENT, orjson.dumps(event), 0, 0)
            while not await _is_handled(taps.town, entry):
                taps.tried_again += 1

    await asyncio.gather(*(worker(range(first, taps.count, _WORKERS)) for first in range(_WORKERS)))


async def _is_handled(town: Town, entry: Entry) -> bool:
    def work(connection: Connection) -> None:
        town.handle(connection, entry, town.now)

    try:
        await town.database.write(work)
    except DBAPIError as error:
        if not own_fault(error):
            raise
        return False
    return True


async def _storm(report: Report, url: str, name: str, count: int, work: Callable[[_Taps], Any]) -> Sequence[str]:
    async with open_town(url) as town:
        lin = await town.arrive("lin")
        room = await town.gather(lin)
        await town.member(room, UserID("@other:town"), "join")
        await town.say(lin.user, room, f"!aa packet {_TOTAL // 100} {_PARTS}")
        [card] = [event for event, body in town.shown(room).items() if body.startswith("🧧")]
        before = len(town.rooms[room].messages_of(BOT))
        taps = _Taps(town, room, card, count)
        began = time.perf_counter()
        await work(taps)
        seconds = time.perf_counter() - began
        await town.wait(MINUTE)
        said = len(town.rooms[room].messages_of(BOT)) - before
        parts = await town.rows("packet_part")
        people = {row["person"] for row in parts}
        balanced = await town.database.read(accounts.unbalanced) == []
        exact = sum(row["amount"] for row in parts) == _TOTAL and len(parts) == _PARTS and balanced
    report.aim(f"{name}: the sum is exact", exact, f"{sum(row['amount'] for row in parts) / 100:.2f}")
    report.aim(f"{name}: nobody has two parts", len(people) == _PARTS, f"{_PARTS - len(people)} have")
    return name, f"{count / seconds:,.0f}", f"{seconds:.1f}", str(said), str(taps.tried_again)
