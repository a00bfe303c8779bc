"""Kills the service, and the homeserver, many times while people write, and looks what can be seen of it afterwards.

    python -m bench kill --kills 200 --database sqlite --homeserver-restarts 20

Every message that the homeserver accepted must have had its effect exactly once and in order, as members see it in
their rooms. Ends with status 1 when one did not. The play itself is that of `tests/synapse/test_kill.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.databases import empty_database
from bench.report import Report, memory_folder
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.synapse import Synapse
from tests.support.counting_service import ProcessSettings
from tests.support.killing import Play, ServiceProcess, Violated, make_registration, stage

_DATABASES = ("sqlite", "postgres")
_KILLS_A_ROUND = 25
_MESSAGES_A_SECOND = 5.0
_LIFE_SECONDS = (0.3, 2.2)
"""From the start of the process; it needs a good half of a second to be there."""


@dataclass(slots=True)
class Tally:
    """What happened on one database."""

    database: str
    kills: int = 0
    restarts: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """A play of its own: a new homeserver, an empty database, and so much trouble."""

    folder: Path
    database_url: str
    kills: int
    restarts: int
    seed: int

    async def run(self, tally: Tally) -> None:
        port = free_port()
        registration = self.folder / "registration.yaml"
        make_registration(registration, f"http://127.0.0.1:{port}")
        synapse = Synapse(self.folder / "synapse", registrations=[registration])
        await synapse.start()
        settings = ProcessSettings(self.database_url, str(registration), synapse.client_url, port)
        service = ServiceProcess(settings, self.folder)
        try:
            async with stage(synapse, self.database_url, service, seed=self.seed) as play:
                await self._disturb(play, synapse, service, tally)
                await play.settled(120)
                tally.seen.update(await play.verify())
        finally:
            service.kill()
            synapse.kill()

    async def _disturb(self, play: Play, synapse: Synapse, service: ServiceProcess, tally: Tally) -> None:
        chance = Random(self.seed)
        troubles = ["kill"] * self.kills + ["restart"] * self.restarts
        chance.shuffle(troubles)
        over = asyncio.Event()
        talking = asyncio.create_task(play.keep_talking(_MESSAGES_A_SECOND, over))
        try:
            for trouble in troubles:
                await asyncio.sleep(chance.uniform(*_LIFE_SECONDS))
                if trouble == "kill":
                    service.kill()
                    service.start()
                    tally.kills += 1
                else:
                    if chance.random() < 0.5:
                        synapse.kill()
                    else:
                        await synapse.stop()
                    await synapse.start()
                    tally.restarts += 1
        finally:
            over.set()
            await talking


def main(options: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench kill", description="Kill the service while people write.")
    parser.add_argument("--kills", type=int, default=200, help="of the service, in all (200)")
    parser.add_argument("--database", choices=_DATABASES, help="only on this one (both)")
    parser.add_argument("--homeserver-restarts", type=int, default=20, help="half of them kill -9, in all (20)")
    parser.add_argument("--seed", type=int, default=20261122, help="another number is another run of chance")
    arguments = parser.parse_args(options)
    databases = (arguments.database,) if arguments.database else _DATABASES

    report = Report(f"kill -9 while people write (seed {arguments.seed})")
    tallies = []
    for number, database in enumerate(databases):
        kills = _share(arguments.kills, len(databases), number)
        restarts = _share(arguments.homeserver_restarts, len(databases), number)
        tallies.append(_play(report, database, kills, restarts, arguments.seed))
    heading = ("database", "kills", "homeserver restarts", "messages", "effects", "rooms made", "violations", "minutes")
    report.table(heading, [_row(tally) for tally in tallies])
    violations = sum(len(tally.violations) for tally in tallies)
    report.aim("nothing lost, doubled or out of order", violations == 0, f"{violations} violations")
    return report.finish()


def _play(report: Report, database: str, kills: int, restarts: int, seed: int) -> Tally:
    tally = Tally(database)
    rounds = max(-(-kills // _KILLS_A_ROUND), 1)
    began = time.monotonic()
    for number in range(rounds):
        with memory_folder() as folder, empty_database(database, folder) as url:
            share = _share(kills, rounds, number), _share(restarts, rounds, number)
            try:
                asyncio.run(Round(folder, url, *share, seed + number).run(tally))
            except Violated as violation:
                tally.violations.append(str(violation))
                report.note(f"round {number + 1} on {database} (seed {seed + number}): {violation}")
        report.note(f"{database}: {tally.kills} kills and {tally.restarts} restarts, {tally.seen['messages']} messages")
    tally.seconds = time.monotonic() - began
    return tally


def _share(total: int, parts: int, number: int) -> int:
    """The share of one of several parts that are as equal as can be."""
    return total * (number + 1) // parts - total * number // parts


def _row(tally: Tally) -> tuple[str, ...]:
    counted = [f"{tally.seen[what]:,}" for what in ("messages", "effects", "rooms")]
    minutes = f"{tally.seconds / 60:.1f}"
    return (tally.database, str(tally.kills), str(tally.restarts), *counted, str(len(tally.violations)), minutes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
