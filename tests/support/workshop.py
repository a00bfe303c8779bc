"""Jobs of the outbox with a worker that leaves traces in a file: by hand, and as a process that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mautrix.types import UserID

from appservice import outbox
from appservice.courier import Courier
from appservice.database import Database
from appservice.delivery import Delivery
from appservice.effects import Answer, Job
from appservice.ghosts import Ghosts
from appservice.homeserver import Homeserver
from appservice.reachability import Reachability
from appservice.routes import Routes
from appservice.unit import Emission, Unit
from tests.support.road import SECRET, Clock, Desk, note, open_desk

BOT = UserID("@laiwang:localhost")
Worker = Callable[[Job], Awaitable[Mapping[str, Any]]]


def job(number: int = 0, queue: str = "post", **more: Any) -> Job:
    return Job(sender=BOT, name="deed", queue=queue, given={"number": number, "secret": f"secret-{number}"}, **more)


class Workshop:
    """One process's courier, which does jobs with `worker`; there is no homeserver, and none is needed.

    The answers to what was emitted with `notify="done"` are noted (`tests.support.road.notes`).
    """

    def __init__(self, database: Database, desk: Desk, routes: Routes, **options: Any) -> None:
        self.database = database
        self.clock = Clock()
        homeserver = Homeserver("http://127.0.0.1:1", "localhost", "token")
        self.reachability = Reachability(homeserver, self.clock)
        delivery = Delivery(homeserver, Ghosts(database, homeserver, self.clock), database, BOT, routes.work)
        self.courier = Courier(
            database,
            delivery,
            self.reachability,
            wake_inbox=desk.dispatcher.wake,
            instance=SECRET,
            clock=self.clock,
            **options,
        )
        self.homeserver = homeserver

    async def emit(self, *emissions: Emission) -> None:
        for lane in await self.database.write(lambda c: outbox.put(c, emissions, self.clock())):
            self.courier.wake(lane)


def _noted(unit: Unit, answer: Answer) -> None:
    note(unit, f"{answer.key} {answer.context.get('who')}: {answer.outcome} {answer.error}")


@asynccontextmanager
async def open_workshop(database: Database, worker: Worker | None, **options: Any) -> AsyncIterator[Workshop]:
    routes = Routes()
    routes.on_answer("done", _noted)
    if worker is not None:
        routes.on_job("deed", worker)
    async with open_desk(database, routes) as desk:
        shop = Workshop(database, desk, routes, **options)
        await shop.courier.start()
        try:
            yield shop
        finally:
            await shop.courier.close()
            await shop.reachability.close()
            await shop.homeserver.close()


async def _serve(url: str, path: Path) -> None:
    """Do what waits; die without a word in the middle of the job whose number is 1, the deed being done."""

    async def deed(job: Job) -> Mapping[str, Any]:
        with path.open("a", encoding="ascii") as file:
            file.write(f"{job.given['number']}\n")
        if job.given["number"] == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    database = Database(url)
    async with open_workshop(database, deed):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
