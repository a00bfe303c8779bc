"""PostgreSQL as several processes' database: a pool of connections, on which writes wait for the next question.

To go to the server and back takes longer than most of what it is asked. So whatever nobody waits for (the beginning of
a transaction, what is written) is sent along with what is asked next, in one pipeline.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from appservice.driver import Sent
from appservice.work import Durability, T, Work, in_transaction

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_SERIALIZATION_ATTEMPTS = 30
_MOST_PREPARED = 500
"""For each connection: psycopg keeps 100, fewer than we have, and those that drop out are planned anew each time."""
_LONGEST_IDLE_TRANSACTION = "30s"
"""After so long in the middle of a transaction a process counts as gone, and what it had locked is free again."""
_READS_ONLY = "reads_only"
_BEGIN_WRITING = "BEGIN ISOLATION LEVEL SERIALIZABLE"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresBackend:
    """A pool of connections, each used by one thread at a time."""

    def __init__(self, url: URL, durability: Durability, connections: int) -> None:
        self.writer = create_engine(
            url,
            isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves
            pool_size=connections,
            max_overflow=0,
            pool_recycle=1800,
            connect_args={"application_name": "appservice"},
            hide_parameters=True,  # errors are logged and stored, people's words are not for either
        )
        self._reader = self.writer.execution_options(**{_READS_ONLY: True})
        _configure(self.writer, durability)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="database")

    async def write(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _in_serializable_transaction, self.writer, work
        )

    async def read(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, in_transaction, self._reader, work)

    def close(self) -> None:
        self._threads.shutdown()
        self.writer.dispose()


class PipeliningConnection(psycopg.Connection[Any]):
    """Sends what may wait along with what is asked next. Errors of what waited are raised there, at the latest when the
    transaction ends."""

    waiting: tuple[Sent, ...] = ()

    def send_later(self, sent: Sent) -> None:
        self.waiting += (sent,)

    def ask(self, *questions: Sent) -> list[Any]:
        """What waits and then these, in one pipeline; a cursor with the answer to each of these."""
        waiting, self.waiting = self.waiting, ()
        if not waiting and len(questions) == 1:
            return [self._run(*questions)]
        with self.pipeline():
            cursors = [self._run(sent) for sent in (*waiting, *questions)]
        return cursors[len(waiting) :]

    def take_back(self, sent: Sent) -> bool:
        """Forget what waits from this on; says whether it waited itself. If not, it is all from after it."""
        before = list(itertools.takewhile(lambda one: one is not sent, self.waiting))
        waited = len(before) < len(self.waiting)
        self.waiting = tuple(before) if waited else ()
        return waited

    def run_bare(self, sql: str) -> None:
        """Past what psycopg does for each statement: behind whatever begins with ROLLBACK it has the server forget all
        that it has prepared, because a table may be no more. What is wrong with it is raised by what is asked next."""
        self.pgconn.exec_(sql.encode())

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """For those who go on by themselves."""
        if self.waiting:
            self.ask()
        return super().cursor(*args, **kwargs)

    def commit(self) -> None:
        if self.waiting:
            self.ask(Sent("COMMIT"))
        super().commit()

    def rollback(self) -> None:
        self.waiting = ()
        super().rollback()

    def _run(self, sent: Sent) -> Any:
        cursor = super().cursor()
        if sent.many:
            cursor.executemany(sent.sql, sent.parameters)
        else:
            cursor.execute(sent.sql, sent.parameters or None, prepare=True)
        return cursor


def _configure(writer: Engine, durability: Durability) -> None:
    @event.listens_for(writer, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: Sequence[Any], options: Any) -> PipeliningConnection:
        return PipeliningConnection.connect(*arguments, **options)

    @event.listens_for(writer, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.prepared_max = _MOST_PREPARED
        connection.execute(f"SET synchronous_commit = {'on' if durability == 'full' else 'off'}")
        # Planned once: that takes longer than to run them, and no plan of ours depends on values.
        connection.execute("SET plan_cache_mode = 'force_generic_plan'")
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_LONGEST_IDLE_TRANSACTION}'")
        connection.commit()

    @event.listens_for(writer, "begin")
    def _begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        raw.send_later(Sent(_BEGIN_READING if connection.get_execution_options().get(_READS_ONLY) else _BEGIN_WRITING))


def _in_serializable_transaction(engine: Engine, work: Work[T]) -> T:
    for attempt in range(_SERIALIZATION_ATTEMPTS):
        try:
            return in_transaction(engine, work)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in (_SERIALIZATION_FAILURE, _DEADLOCK) or attempt == _SERIALIZATION_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
    raise AssertionError("unreachable")
