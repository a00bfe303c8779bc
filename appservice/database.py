"""One database for everything: SQLite (embedded, the default) or PostgreSQL.

Work is a plain synchronous function over a SQLAlchemy connection. It runs in a thread, inside one transaction, and
may run more than once, so it does no other I/O. On both databases the effect is as if all work ran one after the
other: SQLite has a single writer, PostgreSQL runs SERIALIZABLE and repeats what could not be serialised.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from typing import IO, TYPE_CHECKING

from sqlalchemy import Engine, MetaData
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from appservice.sqlite import SqliteBackend, fault_of_sqlite
from appservice.work import Durability, T, Work

if TYPE_CHECKING:
    from appservice.postgres import PostgresBackend

__all__ = [
    "Database",
    "DatabaseInUse",
    "Durability",
    "UnsupportedDatabase",
    "Work",
    "metadata",
    "own_fault",
    "parse_url",
    "storable",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Connection lost, transaction cut short, not serialisable, no resources, locked, shutting down, system error.
_FAULTS_OF_POSTGRES = frozenset(("08", "25", "40", "53", "55", "57", "58"))


class DatabaseInUse(Exception):
    """Another process already works on this SQLite file."""


class UnsupportedDatabase(Exception):
    """The URL names a database that the bridge cannot use, or its driver is not installed."""


def own_fault(error: Exception) -> bool:
    """Whether the database itself is at fault (away, locked, full), so that the same work can succeed later.

    Otherwise the work is: SQLite says OperationalError to a missing column too.
    """
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or fault_of_sqlite(error):
        return True
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        return state[:2] in _FAULTS_OF_POSTGRES
    from_postgres = hasattr(error.orig, "sqlstate")
    return from_postgres and isinstance(error, OperationalError | InterfaceError)


def storable(text: str) -> str:
    """The text as every database takes it: without NULs and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def parse_url(text: str) -> URL:
    """Read a database URL, choosing our driver where the URL leaves it open.

    Raises `UnsupportedDatabase` with a sentence for the admin.
    """
    try:
        url = make_url(text)
    except Exception as error:
        raise UnsupportedDatabase(
            f"{text!r} is not a database URL; write sqlite:///file.db or postgresql://user:password@host/name"
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
        self._backend: SqliteBackend | PostgresBackend
        if self.is_sqlite:
            self._backend = SqliteBackend(self.url, durability, connections)
        else:
            self._backend = _postgres(self.url, durability, connections)

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


def _postgres(url: URL, durability: Durability, connections: int) -> PostgresBackend:
    try:
        from appservice.postgres import PostgresBackend  # noqa: PLC0415 - its driver is an extra
    except ModuleNotFoundError as error:
        raise UnsupportedDatabase(
            "PostgreSQL needs the psycopg driver; install it with: pip install 'psycopg[binary]'"
        ) from error
    return PostgresBackend(url, durability, connections)


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
