"""SQLite as a server's database: one writer that commits waiting work together, readers beside it."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from appservice.driver import savepoint
from appservice.work import Durability, T, Work, do, in_transaction

log = logging.getLogger(__name__)

_GROUP_COMMIT_LIMIT = 64
_BUSY_MILLISECONDS = 30_000
_WIPE_WHEN_QUIET_FOR, _WIPE_AT_LEAST_EVERY = 1.0, 60.0


def fault_of_sqlite(error: DBAPIError) -> bool:
    """Whether the file is locked, full or unreadable; not so where the statement was wrong."""
    cause = error.orig
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF != sqlite3.SQLITE_ERROR


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteBackend:
    """Everything that writes goes through one thread, so nothing ever waits for a lock of ours."""

    def __init__(self, url: URL, durability: Durability, connections: int) -> None:
        self.writer = _engine(url, "BEGIN IMMEDIATE", durability, 1)
        # A database in memory belongs to one connection: reads then queue up with the writes.
        self._reader = None if _in_memory(url) else _engine(url, "BEGIN", durability, connections, reads_only=True)
        self._readers = ThreadPoolExecutor(connections, thread_name_prefix="database-read")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._door:  # nothing gets into the queue behind its end
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="database-write", daemon=True)
                self._thread.start()
            self._jobs.put(_Job(work, future))
        return await future

    async def read(self, work: Work[T]) -> T:
        if self._reader is None:
            return await self.write(work)
        return await asyncio.get_running_loop().run_in_executor(self._readers, in_transaction, self._reader, work)

    def close(self) -> None:
        """Do what is still waiting, then end."""
        with self._door:
            self._closed = True
            self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()
        self._readers.shutdown()
        if self._reader is not None:
            self._reader.dispose()
        self.writer.dispose()

    def _serve(self) -> None:
        writer = _Writer(self.writer, wipes=self._reader is not None)
        while batch := self._next(writer):
            writer.commit(batch)
            _settle(batch)
        writer.close()

    def _next(self, writer: _Writer) -> list[_Job]:
        """All that is waiting, at least one job; empty at the end of the queue."""
        batch: list[_Job] = []
        while not batch:
            try:
                first = self._jobs.get(timeout=writer.patience)
            except queue.Empty:
                writer.wipe()
                continue
            if first is None:
                return []
            batch.append(first)
        with suppress(queue.Empty):
            while len(batch) < _GROUP_COMMIT_LIMIT:
                following = self._jobs.get_nowait()
                if following is None:
                    self._jobs.put(None)
                    break
                batch.append(following)
        return batch


class _Writer:
    """The one connection that writes, opened when it is first needed and again after it failed."""

    def __init__(self, engine: Engine, *, wipes: bool) -> None:
        self._engine = engine
        self._wipes = wipes
        self._connection: Connection | None = None
        self._remains_since: float | None = None

    @property
    def patience(self) -> float | None:
        """For how many seconds of quiet to wait before `wipe`; None when there is nothing to wipe."""
        if self._remains_since is None or not self._wipes:
            return None
        overdue = time.monotonic() - self._remains_since > _WIPE_AT_LEAST_EVERY
        return 0.0 if overdue else _WIPE_WHEN_QUIET_FOR

    def commit(self, batch: list[_Job]) -> None:
        """One transaction for all. A job that fails is rolled back alone; if the database fails, all of them fail."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            _commit_together(self._connection, batch)
        except BaseException as error:
            for job in batch:
                job.error = job.error or error
        self._remains_since = self._remains_since or time.monotonic()

    def wipe(self) -> None:
        """Empty the write-ahead log.

        `secure_delete` clears what is deleted from the file; in the log it stays readable until overwritten.
        """
        self._remains_since = None
        if self._connection is None:
            return
        raw: Any = self._connection.connection.dbapi_connection
        try:
            raw.execute("PRAGMA busy_timeout=100")  # a reader that takes its time is not waited for
            busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            raw.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        except sqlite3.Error as error:
            log.warning("cannot empty the write-ahead log: %s", error)
            busy = 1
        if busy:
            self._remains_since = time.monotonic()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _commit_together(connection: Connection, batch: list[_Job]) -> None:
    with connection.begin():
        if len(batch) == 1:
            batch[0].result = do(batch[0].work, connection)
            return
        raw: Any = connection.connection.dbapi_connection
        for job in batch:
            try:
                with savepoint(connection):
                    job.result = do(job.work, connection)
            except Exception as error:
                if not raw.in_transaction:
                    raise  # a full disk, for one, takes the whole transaction with it
                job.error = error


def _settle(batch: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, jobs in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_in_loop, jobs)


def _settle_in_loop(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()


def _in_memory(url: URL) -> bool:
    return not url.database or url.database == ":memory:"


def _engine(url: URL, begin: str, durability: Durability, connections: int, *, reads_only: bool = False) -> Engine:
    engine = create_engine(
        url,
        poolclass=StaticPool if _in_memory(url) else QueuePool,
        connect_args={"check_same_thread": False, "timeout": 30, "cached_statements": 256},
        hide_parameters=True,  # errors are logged and stored, people's words are not for either
        **({} if _in_memory(url) else {"pool_size": connections, "max_overflow": 0}),
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            f"synchronous={durability.upper()}",
            "foreign_keys=ON",
            "secure_delete=ON",  # a handled message leaves no readable remains in the file
            "cache_size=-4000",
            f"query_only={'ON' if reads_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        raw.execute(begin)  # straight to the driver: SQLAlchemy's way round costs as much as a whole insert

    return engine
