"""One database for everything: SQLite (embedded, the default) or PostgreSQL.

Work is a plain synchronous function over a SQLAlchemy connection. It runs in a thread, inside one transaction, and
may run more than once, so it does no other I/O. On both databases the effect is as if all work ran one after the
other: SQLite has a single writer, PostgreSQL runs SERIALIZABLE and repeats what could not be serialised.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

T = TypeVar("T")
Work = Callable[[Connection], T]
Durability = Literal["full", "normal"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_GROUP_COMMIT_LIMIT = 64
_SERIALIZATION_ATTEMPTS = 30


class DatabaseInUse(Exception):
    """Another process already works on this SQLite file."""


class UnsupportedDatabase(Exception):
    """The URL names a database that the bridge cannot use, or its driver is not installed."""


def parse_url(text: str) -> URL:
    """Read a database URL, choosing our driver where the URL leaves it open.

    Raises `UnsupportedDatabase` with a sentence for the admin.
    """
    try:
        url = make_url(text)
    except Exception as error:
        raise UnsupportedDatabase(
            f"{text!r} is not a database URL; write sqlite:///laiwang.db or postgresql://user:password@host/name"
        ) from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise UnsupportedDatabase(f"{backend} is not supported; use sqlite:///… or postgresql://…")


class Database:
    """Access to the one database. `write` and `read` are the only ways in.

    `exclusive` (SQLite only) refuses to open a file that another process holds open exclusively.
    """

    def __init__(
        self,
        url: str,
        *,
        durability: Durability = "full",
        connections: int = 8,
        exclusive: bool = False,
    ) -> None:
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock_file = _lock(self.url) if self.is_sqlite and exclusive else None
        self._backend: _SqliteBackend | _PostgresBackend
        if self.is_sqlite:
            self._backend = _SqliteBackend(self.url, durability, connections)
        else:
            self._backend = _PostgresBackend(self.url, durability, connections)

    @property
    def engine(self) -> Engine:
        """The engine that writes; for migrations and command-line tools, never for a running bridge."""
        return self._backend.writer

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own; when this returns, its effect is durable."""
        return await self._backend.write(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent snapshot; it must not write."""
        return await self._backend.read(work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        self._backend.close()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _lock(url: URL) -> IO[str] | None:
    if not url.database or url.database == ":memory:":
        return None
    path = f"{url.database}.lock"
    handle = open(path, "a+", encoding="ascii")  # noqa: SIM115 - held for the life of the process
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise DatabaseInUse(
            f"{url.database} is in use by another bridge (process {owner}). Stop that one first; "
            "to share the work between several processes, use PostgreSQL."
        ) from error
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


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


class _SqliteBackend:
    """One writer thread that commits waiting work together (one fsync for many), readers beside it."""

    def __init__(self, url: URL, durability: Durability, connections: int) -> None:
        in_memory = not url.database or url.database == ":memory:"
        self.writer = _sqlite_engine(url, "BEGIN IMMEDIATE", durability, 1)
        # A database in memory belongs to one connection: reads then queue up with the writes.
        self._reader = None if in_memory else _sqlite_engine(url, "BEGIN", durability, connections)
        self._readers = ThreadPoolExecutor(connections, thread_name_prefix="database-read")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        if self._closed:
            raise RuntimeError("the database is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="database-write", daemon=True)
            self._thread.start()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, future))
        return await future

    async def read(self, work: Work[T]) -> T:
        if self._reader is None:
            return await self.write(work)
        return await asyncio.get_running_loop().run_in_executor(self._readers, _in_transaction, self._reader, work)

    def _serve(self) -> None:
        with self.writer.connect() as connection:
            while (job := self._jobs.get()) is not None:
                batch = [job]
                stop = False
                with suppress(queue.Empty):
                    while len(batch) < _GROUP_COMMIT_LIMIT:
                        following = self._jobs.get_nowait()
                        if following is None:
                            stop = True
                            break
                        batch.append(following)
                _commit_together(connection, batch)
                _settle(batch)
                if stop:
                    return

    def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
        self._readers.shutdown()
        if self._reader is not None:
            self._reader.dispose()
        self.writer.dispose()


def _commit_together(connection: Connection, batch: list[_Job]) -> None:
    try:
        with connection.begin():
            if len(batch) == 1:
                batch[0].result = batch[0].work(connection)
                return
            for job in batch:
                try:
                    with connection.begin_nested():
                        job.result = job.work(connection)
                except Exception as error:
                    job.error = error
    except Exception as error:
        for job in batch:
            job.error = job.error or error


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


def _sqlite_engine(url: URL, begin: str, durability: Durability, connections: int) -> Engine:
    in_memory = not url.database or url.database == ":memory:"
    engine = create_engine(
        url,
        poolclass=StaticPool if in_memory else QueuePool,
        connect_args={"check_same_thread": False, "timeout": 30, "cached_statements": 256},
        **({} if in_memory else {"pool_size": connections, "max_overflow": 0}),
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={durability.upper()}",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "secure_delete=ON",  # a handled message leaves no readable remains in the file
            "cache_size=-4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class _PostgresBackend:
    """A pool of connections, each used by one thread at a time."""

    def __init__(self, url: URL, durability: Durability, connections: int) -> None:
        options = "" if durability == "full" else "-c synchronous_commit=off"
        try:
            self.writer = create_engine(
                url,
                isolation_level="SERIALIZABLE",
                pool_size=connections,
                max_overflow=0,
                pool_recycle=1800,
                connect_args={"application_name": "laiwang-bridge", "options": options},
            )
        except ModuleNotFoundError as error:
            raise UnsupportedDatabase(
                "PostgreSQL needs the psycopg driver; install it with: pip install 'laiwang-bridge[postgres]'"
            ) from error
        self._reader = self.writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="database")

    async def write(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _in_serializable_transaction, self.writer, work
        )

    async def read(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _in_transaction, self._reader, work)

    def close(self) -> None:
        self._threads.shutdown()
        self.writer.dispose()


def _in_transaction(engine: Engine, work: Work[T]) -> T:
    with engine.connect() as connection, connection.begin():
        return work(connection)


def _in_serializable_transaction(engine: Engine, work: Work[T]) -> T:
    for attempt in range(_SERIALIZATION_ATTEMPTS):
        try:
            return _in_transaction(engine, work)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in (_SERIALIZATION_FAILURE, _DEADLOCK) or attempt == _SERIALIZATION_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
    raise AssertionError("unreachable")
