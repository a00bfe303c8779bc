"""Jobs in the outside world: done once in their order, repeated after a crash, and nothing of them kept afterwards."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from appservice import outbox
from appservice.database import Database, Work, metadata
from appservice.effects import EffectKey, Job
from appservice.routes import Later
from appservice.unit import Emission
from tests.support.road import has_notes, notes, open_road
from tests.support.waiting import eventually
from tests.support.workshop import Worker, Workshop, job, open_workshop

T = TypeVar("T")

_ROOT = Path(__file__).parents[2]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


def wanted(effect: Job, key: str = "k", **more: Any) -> Emission:
    return Emission(EffectKey(key), effect, notify="done", **more)


def several(count: int, **more: Any) -> list[Emission]:
    return [wanted(job(number, **more), f"k{number}") for number in range(count)]


def recorder(done: list[int]) -> Worker:
    async def work(job: Job) -> Mapping[str, Any]:
        done.append(job.given["number"])
        return {"number": job.given["number"]}

    return work


async def settled(shop: Workshop, seconds: float = 60.0) -> None:
    async def nothing_waits() -> bool:
        return not await shop.database.read(outbox.waiting_lanes)

    await eventually(nothing_waits, "no job waits", seconds=seconds)


async def kept(database: Database) -> str:
    """All that the tables hold."""

    def read(connection: Any) -> str:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))

    return await database.read(read)


# -- order ----------------------------------------------------------------------------------------------------------


async def test_the_jobs_of_a_queue_are_done_once_and_in_their_order(database: Database) -> None:
    done: list[int] = []
    async with open_workshop(database, recorder(done)) as shop:
        await shop.emit(*several(30))
        await settled(shop)
    assert done == list(range(30))


async def test_queues_do_not_wait_for_each_other(database: Database) -> None:
    gate, done = asyncio.Event(), []

    async def work(job: Job) -> Mapping[str, Any]:
        if job.queue == "slow":
            await gate.wait()
        done.append(job.queue)
        return {}

    async with open_workshop(database, work) as shop:
        await shop.emit(wanted(job(queue="slow"), "a"), wanted(job(queue="quick"), "b"))
        await eventually(lambda: done == ["quick"])
        gate.set()
        await settled(shop)
    assert done == ["quick", "slow"]


async def test_a_job_of_the_same_key_is_done_once(database: Database) -> None:
    done: list[int] = []
    async with open_workshop(database, recorder(done)) as shop:
        await shop.emit(wanted(job(1)))
        await shop.emit(wanted(job(1)))
        await settled(shop)
    assert done == [1]


async def test_whoever_asked_gets_the_outcome(database: Database) -> None:
    async with open_workshop(database, recorder([])) as shop:
        await shop.emit(wanted(job(7), context={"who": "lin"}))
        await eventually(lambda: has_notes(database, 1))
    assert await notes(database) == ["k lin: {'number': 7} None"]


@pytest.mark.postgres
async def test_two_processes_on_one_database_do_each_job_once(postgres_url: str) -> None:
    done: list[int] = []
    options = {"shared": True, "poll_seconds": 0.1}
    async with (
        open_road(postgres_url) as database,
        open_workshop(database, recorder(done), **options) as one,
        open_workshop(database, recorder(done), **options) as other,
    ):
        for number in range(20):
            await (one if number % 2 else other).emit(wanted(job(number, queue=f"q{number % 3}"), f"k{number}"))
        await settled(one)
    assert sorted(done) == list(range(20))
    assert [number for number in done if number % 3 == 1] == [1, 4, 7, 10, 13, 16, 19]


# -- trouble --------------------------------------------------------------------------------------------------------


async def test_what_has_to_wait_is_done_later_and_what_follows_it_after_it(database: Database) -> None:
    tries, done = [], []

    async def work(job: Job) -> Mapping[str, Any]:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise Later("greylisted", 0.3)
        done.append(job.given["number"])
        return {}

    async with open_workshop(database, work) as shop:
        await shop.emit(*several(2))
        await settled(shop)
    assert done == [0, 1]
    assert tries[1] - tries[0] >= 0.3
    assert tries[2] - tries[1] >= 0.3


async def test_waiting_is_no_failure_however_often(database: Database) -> None:
    tries: list[int] = []

    async def work(job: Job) -> Mapping[str, Any]:
        tries.append(1)
        if len(tries) < 60:
            raise Later("not yet", 0.01)
        return {}

    async with open_workshop(database, work) as shop:
        await shop.emit(wanted(job()))
        await settled(shop, 20)
    assert len(tries) == 60


async def test_a_wait_outlives_the_process(database: Database) -> None:
    async def wait(job: Job) -> Mapping[str, Any]:
        raise Later("not yet", 1.0)

    done: list[int] = []
    async with open_workshop(database, wait) as shop:
        await shop.emit(wanted(job(3)))
        began = time.monotonic()
        await asyncio.sleep(0.2)
    async with open_workshop(database, recorder(done)) as shop:
        await settled(shop)
    assert done == [3]
    assert time.monotonic() - began >= 1.0


async def test_a_fault_becomes_a_dead_letter_and_the_queue_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appservice.courier._ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER", 1)
    done: list[int] = []

    async def work(job: Job) -> Mapping[str, Any]:
        done.append(job.given["number"])
        if job.given["number"] == 0:
            raise RuntimeError("a mistake of ours")
        return {}

    async with open_workshop(database, work) as shop:
        await shop.emit(*several(2))
        await settled(shop)
        await eventually(lambda: has_notes(database, 2))
    assert done == [0, 0, 1]
    assert await notes(database) == ["k0 None: None APPSERVICE_FAULT", "k1 None: {} None"]


@pytest.mark.parametrize("outcome", [{"a": object()}, {"a": {1, 2}}, object()])
async def test_an_outcome_that_cannot_be_stored_is_a_fault(
    database: Database, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    monkeypatch.setattr("appservice.courier._ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER", 0)

    async def work(job: Job) -> Mapping[str, Any]:
        return outcome  # type: ignore[no-any-return]

    async with open_workshop(database, work) as shop:
        await shop.emit(wanted(job()))
        await eventually(lambda: has_notes(database, 1))
    assert await notes(database) == ["k None: None APPSERVICE_FAULT"]


async def test_a_job_that_nobody_does_any_more_is_a_fault_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appservice.courier._ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER", 0)
    async with open_workshop(database, None) as shop:
        await shop.emit(wanted(job()))
        await eventually(lambda: has_notes(database, 1))
    assert await notes(database) == ["k None: None APPSERVICE_FAULT"]


# -- crashes --------------------------------------------------------------------------------------------------------


async def test_a_process_killed_in_the_middle_of_a_job_does_it_again(sqlite_url: str, folder: Path) -> None:
    path = folder / "done"
    async with open_road(sqlite_url) as database:
        await database.write(lambda c: outbox.put(c, several(3), 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.workshop", sqlite_url, str(path), cwd=_ROOT
    )
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL
    assert path.read_text() == "0\n1\n"
    done: list[int] = []
    async with open_road(sqlite_url) as database, open_workshop(database, recorder(done)) as shop:
        await settled(shop)
    assert done[-2:] == [1, 2]
    assert done in ([1, 2], [0, 1, 2]), "the first may be repeated too, if its end was not recorded yet"


async def test_what_was_done_and_not_recorded_is_done_again_before_what_follows_it(sqlite_url: str) -> None:
    done: list[int] = []
    async with open_road(sqlite_url), _failing(sqlite_url) as database:
        async with open_workshop(database, recorder(done)) as shop:
            await shop.emit(*several(2))
            await eventually(lambda: done)
            await asyncio.sleep(0.3)
        assert set(done) == {0}, "nothing follows it before it is recorded"
        database.fails = False
        done.clear()
        async with open_workshop(database, recorder(done)) as shop:
            await settled(shop)
        assert done == [0, 1]


async def test_a_courier_that_stops_leaves_the_job_to_the_next(database: Database) -> None:
    began = asyncio.Event()

    async def stand_still(job: Job) -> Mapping[str, Any]:
        began.set()
        await asyncio.Event().wait()
        return {}

    async with open_workshop(database, stand_still) as shop:
        await shop.emit(wanted(job(5)))
        await began.wait()
    done: list[int] = []
    async with open_workshop(database, recorder(done)) as shop:
        await settled(shop)
    assert done == [5]


class FailingDatabase(Database):
    """Takes jobs, but while it `fails` nothing of what became of them."""

    fails = True

    async def write(self, work: Work[T]) -> T:
        if self.fails and "_record" in getattr(work, "__qualname__", ""):
            raise OSError("the power is gone")
        return await super().write(work)


@asynccontextmanager
async def _failing(url: str) -> AsyncIterator[FailingDatabase]:
    database = FailingDatabase(url)
    yield database
    await database.close()


# -- what is kept ---------------------------------------------------------------------------------------------------


async def test_what_a_job_was_given_is_wiped_once_it_is_done(database: Database) -> None:
    async with open_workshop(database, recorder([])) as shop:
        await database.write(lambda c: outbox.put(c, [wanted(job(1), context={"who": "secret-who"})], 0))
        assert "secret-1" in await kept(database)
        shop.courier.wake("job:post")
        await eventually(lambda: has_notes(database, 1))
        await settled(shop)

        async def is_wiped() -> bool:
            return "secret-1" not in (await kept(database))

        await eventually(is_wiped)


async def test_nothing_of_it_stays_in_the_files_of_an_sqlite_database(sqlite_url: str, folder: Path) -> None:
    async with open_road(sqlite_url) as database, open_workshop(database, recorder([])) as shop:
        await shop.emit(*several(5))
        await settled(shop)
    assert b"secret-" not in _content(folder)


def _content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def _bury(database: Database, monkeypatch: pytest.MonkeyPatch, effect: Job) -> str:
    """Have a job given up; returns what is kept then."""
    monkeypatch.setattr("appservice.courier._ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER", 0)

    async def fail(job: Job) -> Mapping[str, Any]:
        raise RuntimeError("a mistake")

    async with open_workshop(database, fail) as shop:
        await shop.emit(Emission(EffectKey("k"), effect, context={"who": "secret-who"}))
        await settled(shop)
    return await kept(database)


async def test_a_job_that_was_given_up_can_be_tried_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "secret-1" in await _bury(database, monkeypatch, job(1))
    done: list[int] = []
    async with open_workshop(database, recorder(done)) as shop:
        for lane in await database.write(lambda c: outbox.revive(c, [1])):
            shop.courier.wake(lane)
        await settled(shop)
    assert done == [1]


async def test_of_a_sensitive_one_nothing_is_left_to_try(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    left = await _bury(database, monkeypatch, job(1, sensitive=True))
    assert "secret" not in left
    assert "APPSERVICE_FAULT" in left
    assert await database.write(lambda c: outbox.revive(c, [1])) == []
    assert await database.read(outbox.waiting_lanes) == []
