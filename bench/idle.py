"""What a bridge costs that has nothing to do: memory and start-up time, empty and with much to remember.

The bridge is started as an admin would, beside a real Synapse. Aims: under 80 MB empty; with 10,000 rooms and 100,000
friendships known under 200 MB, and listening within 3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import psutil
from sqlalchemy import Connection, Table, insert

from appservice.database import Database
from appservice.room_tables import room, room_member
from bench.homeserver import House, house
from bench.report import Report, memory_folder
from laiwang_bridge.config_text import config_text
from laiwang_bridge.database.migration import migrate
from laiwang_bridge.demo import process
from laiwang_bridge.people.store import friendship, matrix_id, person

_PERSONS, _FRIENDSHIPS, _ROOMS, _MEMBERS = 20_000, 100_000, 10_000, 4
_AIM_EMPTY_MB, _AIM_FULL_MB, _AIM_SECONDS = 80, 200, 3.0
_SETTLE_SECONDS = 5.0
_BATCH = 10_000


def _fill(connection: Connection) -> None:
    """As many persons, friendships and rooms as a large server of acquaintances has."""
    chance = random.Random(1)
    persons = range(1, _PERSONS + 1)
    _insert(connection, person, [{"id": one, "created_at": 1} for one in persons])
    ids = [{"user_id": f"@person{one}:localhost", "person": one, "since": 1} for one in persons]
    _insert(connection, matrix_id, ids)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < _FRIENDSHIPS:
        one, another = chance.sample(persons, 2)
        pairs.add((min(one, another), max(one, another)))
    ties = [(low, high) for low, high in pairs] + [(high, low) for low, high in pairs]
    _insert(connection, friendship, [{"person": one, "friend": another, "since": 1} for one, another in sorted(ties)])
    rooms = [f"!room{number}:localhost" for number in range(_ROOMS)]
    _insert(connection, room, [{"room_id": one, "version": "12", "read_at": 1} for one in rooms])
    members = [
        {"room_id": one, "user_id": f"@person{number}:localhost", "membership": "join", "display_name": "Somebody"}
        for one in rooms
        for number in chance.sample(persons, _MEMBERS)
    ]
    _insert(connection, room_member, members)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(table), rows[start : start + _BATCH])


async def _run(here: House, folder: Path) -> tuple[float, float]:
    """Start the bridge; returns seconds until it listens, and its resident megabytes once it is quiet."""
    config = folder / "config.yaml"
    config.write_text(config_text(here.config))
    command: list[str | Path] = [sys.executable, "-m", "laiwang_bridge", "-c", config, "run"]
    began = time.perf_counter()
    with (folder / "bridge.log").open("wb") as output:
        running = process.spawn(command, output=output)
    try:
        live = f"{here.config.appservice.address}/live"
        async with aiohttp.ClientSession() as session:
            while True:
                if running.poll() is not None:
                    raise RuntimeError((folder / "bridge.log").read_text())
                try:
                    async with session.get(live) as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
        await asyncio.sleep(_SETTLE_SECONDS)
        return seconds, psutil.Process(running.pid).memory_info().rss / 1e6
    finally:
        await process.stop(running)


async def _measure(report: Report) -> None:
    with memory_folder() as folder:
        async with house(folder) as here:
            empty_seconds, empty_mb = await _run(here, folder)
            migrate(here.config.database.url)
            database = Database(here.config.database.url)
            await database.write(_fill)
            await database.close()
            full_seconds, full_mb = await _run(here, folder)
    report.table(
        ("bridge", "listens after s", "resident MB"),
        [
            ["empty", f"{empty_seconds:.2f}", f"{empty_mb:.0f}"],
            [f"{_ROOMS:,} rooms, {_FRIENDSHIPS:,} friendships", f"{full_seconds:.2f}", f"{full_mb:.0f}"],
        ],
    )
    report.aim(f"empty under {_AIM_EMPTY_MB} MB", empty_mb < _AIM_EMPTY_MB, f"{empty_mb:.0f} MB")
    report.aim(f"full under {_AIM_FULL_MB} MB", full_mb < _AIM_FULL_MB, f"{full_mb:.0f} MB")
    report.aim(f"full listening within {_AIM_SECONDS:.0f} s", full_seconds < _AIM_SECONDS, f"{full_seconds:.2f} s")


def main(arguments: Sequence[str] = ()) -> int:
    argparse.ArgumentParser(prog="idle", description=__doc__).parse_args(arguments)
    report = Report("idle: memory and start-up")
    asyncio.run(_measure(report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
