"""What a step costs where a million people know each other: stepping into a cluster, looking what friends talk about.

    python -m bench graph
    python -m bench graph --persons 100000 --databases sqlite --plot docs/images/graph.svg

Both are done by the whole program, from the event to the effects in the outbox, one transaction each, on a town of a
million people, twenty million friendships and up to a hundred thousand live clusters (`bench.town`), its database in
memory-backed storage. Aims at the full size, for people taken at random: a join's consequences within 50 ms and the
list within 20 ms for 99 of 100, the process under 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psutil
from mautrix.types import RoomID
from sqlalchemy import Connection, event

from appservice import inbox, outbox, timers
from appservice.database import Database
from appservice.inbox import Entry
from appservice.language import Catalogues
from appservice.unit import Unit
from bench import town
from bench.databases import empty_database
from bench.report import Report, memory_folder, percentile
from bench.town import NOW, Size
from laiwang_bridge.application import CATALOGUES, Application
from laiwang_bridge.clusters.feed import feed
from laiwang_bridge.config import AppService, Config, Homeserver
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.running import hold_what_was_built

_DATABASES = ("sqlite", "postgres")
_PERSONS = 1_000_000
_CLUSTERS = (1_000, 10_000, 100_000)
_MEASURED = 400
_AIM_JOIN_MS, _AIM_LIST_MS, _AIM_MB = 50, 20, 300
_TOKEN = "benchmark"


@dataclass(slots=True)
class Costs:
    """What one kind of step cost each time it was taken: milliseconds, those of them in which our own thread was at
    work (the rest is waiting for others on the machine, and for PostgreSQL), and statements."""

    milliseconds: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)

    @property
    def row(self) -> list[str]:
        if not self.milliseconds:
            return ["-", "-", "-", "-"]
        return [
            f"{percentile(self.milliseconds, 0.5):.1f}",
            f"{percentile(self.milliseconds, 0.99):.1f}",
            f"{percentile(self.working, 0.99):.1f}",
            f"{max(self.statements)}",
        ]


@dataclass(slots=True)
class Measured:
    """What was measured on one database at one number of clusters: for people at random, and by how many friends."""

    database: str
    clusters: int
    joins: Costs = field(default_factory=Costs)
    looks: Costs = field(default_factory=Costs)
    joins_by_friends: dict[int, Costs] = field(default_factory=dict)
    looks_by_friends: dict[int, Costs] = field(default_factory=dict)


class Bridge:
    """The program without a homeserver: an event goes in, its effects are in the outbox."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        config = Config(
            homeserver=Homeserver(address="http://localhost:1", domain=town.DOMAIN),
            appservice=AppService(as_token=_TOKEN, hs_token=_TOKEN),
        )
        self.application = Application(config, self.database, b"the secret of the benchmark", Catalogues(CATALOGUES))
        self._numbers = itertools.count(1)
        self._statements = 0
        hold_what_was_built()
        event.listen(self.database.engine, "before_cursor_execute", self._count)

    async def open_chats(self, persons: Sequence[PersonId]) -> None:
        await self.database.write(partial(town.open_chats, persons=list(persons), bot=self.application.bot))

    async def visible(self, person: PersonId) -> RoomID | None:
        """The room of a cluster that somebody may step into."""
        seen = await self.database.read(lambda connection: feed(connection, person, NOW))
        return seen[0].named.room_id if seen else None

    async def join(self, person: PersonId, room: RoomID, costs: Costs) -> None:
        user = town.user(person)
        content = {"membership": "join", "displayname": f"Person {person}"}
        await self._happens(
            room, {"type": "m.room.member", "sender": user, "state_key": user, "content": content}, costs
        )

    async def look(self, person: PersonId, costs: Costs) -> None:
        content = {"msgtype": "m.text", "body": "!zd list"}
        said = {"type": "m.room.message", "sender": town.user(person), "content": content}
        await self._happens(town.chat(person), said, costs)

    async def _happens(self, room: RoomID, content: dict[str, Any], costs: Costs) -> None:
        number = next(self._numbers)
        told = {**content, "event_id": f"$event{number}", "room_id": room, "origin_server_ts": NOW}
        entry = Entry(0, told["event_id"], room, inbox.Kind.EVENT, orjson.dumps(told), 0, 0)
        self._statements = 0
        began = time.perf_counter()
        working = await self.database.write(partial(self._handle, entry=entry, now=NOW + number * 1_000))
        costs.working.append(working * 1000)
        costs.milliseconds.append((time.perf_counter() - began) * 1000)
        costs.statements.append(self._statements)

    def _handle(self, connection: Connection, entry: Entry, now: int) -> float:
        began = time.thread_time()
        unit = Unit(connection, now, entry.key, b"the secret of the benchmark")
        self.application.routes.handle(unit, entry)
        for key in unit.cancelled_timers:
            timers.cancel_timer(connection, key)
        timers.set_timers(connection, unit.timers)
        outbox.put(connection, unit.emissions, now)
        return time.thread_time() - began

    def _count(self, *_anything: object) -> None:
        self._statements += 1


async def measure(bridge: Bridge, size: Size, database: str, many: int) -> Measured:
    """Let people look, and step into what they see."""
    chance = Random(size.clusters)
    found = Measured(database, size.clusters)
    somebody = [PersonId(one) for one in chance.sample(range(1, size.persons + 1), many)]
    await _take(bridge, somebody, found.looks, found.joins)
    for friends, persons in _rulers(size).items():
        looks = found.looks_by_friends[friends] = Costs()
        joins = found.joins_by_friends[friends] = Costs()
        await _take(bridge, persons, looks, joins)
    return found


def _rulers(size: Size) -> dict[int, list[PersonId]]:
    """Others for each number of clusters: who has looked and stepped in is not the same any more."""
    place = {1_000: 0, 10_000: 1}.get(size.clusters, 2)
    each = town.RULERS_EACH // 3
    return {friends: persons[place * each : (place + 1) * each] for friends, persons in size.rulers().items()}


async def _take(bridge: Bridge, persons: Sequence[PersonId], looks: Costs, joins: Costs) -> None:
    await bridge.open_chats(persons)
    warm, *others = persons
    await _look_and_step_in(bridge, [warm], Costs(), Costs())  # what is built once is built now
    await _look_and_step_in(bridge, others, looks, joins)


async def _look_and_step_in(bridge: Bridge, persons: Sequence[PersonId], looks: Costs, joins: Costs) -> None:
    for person in persons:
        await bridge.look(person, looks)
    for person in persons:
        room = await bridge.visible(person)
        if room is not None:
            await bridge.join(person, room, joins)


async def _run(report: Report, url: str, database: str, persons: int, clusters: Sequence[int]) -> list[Measured]:
    seconds = await _elsewhere(town.populate, url, Size(persons, 0))
    report.note(f"{database}: made in " + ", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items()))
    found: list[Measured] = []
    first = 0
    for count in clusters:
        size = Size(persons, count)
        taken = await _elsewhere(town.settle, url, size, first)
        first = count
        bridge = Bridge(url)
        found.append(await measure(bridge, size, database, _MEASURED))
        await bridge.database.close()
        report.note(f"{database}: {count:,} clusters made in {taken:.0f} s; process at {_resident():.0f} MB")
    return found


async def _elsewhere(work: Callable[..., Any], *arguments: Any) -> Any:
    """In a process of its own, so that its memory is not counted as ours."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(None, pool.apply, work, arguments)


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _tell(report: Report, measured: Sequence[Measured]) -> None:
    heading = (
        "database",
        "clusters",
        "friends",
        "look p50 ms",
        "p99",
        "working",
        "statements",
        "join p50 ms",
        "p99",
        "working",
        "statements",
    )
    rows = []
    for each in measured:
        rows.append([each.database, f"{each.clusters:,}", "at random", *each.looks.row, *each.joins.row])
        for friends, looks in each.looks_by_friends.items():
            joins = each.joins_by_friends[friends]
            rows.append([each.database, f"{each.clusters:,}", f"{friends:,}", *looks.row, *joins.row])
    report.table(heading, rows)


def _judge(report: Report, measured: Sequence[Measured]) -> None:
    largest = max(each.clusters for each in measured)
    for each in measured:
        if each.clusters == largest:
            join, look = (percentile(costs.milliseconds, 0.99) for costs in (each.joins, each.looks))
            report.aim(
                f"{each.database}: a join within {_AIM_JOIN_MS} ms (p99)", join <= _AIM_JOIN_MS, f"{join:.1f} ms"
            )
            report.aim(
                f"{each.database}: a look within {_AIM_LIST_MS} ms (p99)", look <= _AIM_LIST_MS, f"{look:.1f} ms"
            )
    megabytes = _resident()
    report.aim(f"the process under {_AIM_MB} MB", megabytes < _AIM_MB, f"{megabytes:.0f} MB")


def plot(path: Path, measured: Sequence[Measured]) -> None:
    """Draw how the costs grow with friends and with clusters. Needs the extra `plots`."""
    import matplotlib  # noqa: PLC0415 - an extra that only this needs
    from matplotlib.figure import Figure  # noqa: PLC0415

    with matplotlib.rc_context({"svg.hashsalt": "laiwang-bridge"}):  # else names in the file would be random
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for database, colour in zip(_DATABASES, ("#0072b2", "#e69f00"), strict=True):
            mine = sorted((each for each in measured if each.database == database), key=lambda each: each.clusters)
            if not mine:
                continue
            for name, style in (("joins", "-"), ("looks", "--")):
                by_friends: dict[int, Costs] = getattr(mine[-1], f"{name}_by_friends")
                friends = [count for count, costs in by_friends.items() if costs.milliseconds]
                label = f"{database}, {'stepping in' if name == 'joins' else 'looking'}"
                medians = [percentile(by_friends[count].milliseconds, 0.5) for count in friends]
                left.plot(friends, medians, style, marker="o", color=colour, label=label)
                clusters = [each.clusters for each in mine]
                tails = [percentile(getattr(each, name).milliseconds, 0.99) for each in mine]
                right.plot(clusters, tails, style, marker="o", color=colour, label=label)
        most = max(each.clusters for each in measured)
        left.set(xscale="log", yscale="log", xlabel=f"friends ({most:,} clusters), median")
        left.set_ylabel("milliseconds")
        right.set(xscale="log", xlabel="live clusters (people at random), 99th percentile")
        for axes in (left, right):
            axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
            axes.yaxis.set_major_formatter(lambda count, _: f"{count:g}")
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        left.legend(frameon=False, fontsize="small")
        when = "Date" if path.suffix.lower() == ".svg" else "Creation Time"
        figure.savefig(path, dpi=144, metadata={when: None})


def main(options: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench graph", description=__doc__)
    parser.add_argument("--persons", type=int, default=_PERSONS, help=f"with 20 friendships each ({_PERSONS:,})")
    parser.add_argument("--databases", nargs="+", choices=_DATABASES, default=list(_DATABASES))
    parser.add_argument("--clusters", nargs="+", type=int, default=list(_CLUSTERS), help="one size after the other")
    parser.add_argument("--plot", type=Path, help="draw the costs into this file (SVG or PNG)")
    arguments = parser.parse_args(options)
    report = Report(f"graph: {arguments.persons:,} persons, {arguments.persons * 20:,} friendships")
    measured: list[Measured] = []
    for database in arguments.databases:
        with memory_folder() as folder, empty_database(database, folder) as url:
            measured += asyncio.run(_run(report, url, database, arguments.persons, arguments.clusters))
    _tell(report, measured)
    _judge(report, measured)
    if arguments.plot:
        plot(arguments.plot, measured)
    return report.finish()
