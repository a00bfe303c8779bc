"""Bringing the tables of a database to the form that this program works with.

All of it is one transaction on both databases: it happens entirely or not at all, and once, however many processes
start together. A new database gets the newest tables at once, an older one goes through the revisions it lacks (the
tests hold that both come to the same).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from appservice.database import UnsupportedDatabase, parse_url
from laiwang_bridge.database.backup import back_up
from laiwang_bridge.database.errors import MigrationFailed, migration_failed, out_of_reach
from laiwang_bridge.database.schema import OURS, Schema, Standing, State, note_revision, read_state

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOCK = 0x6C61_6977_616E_67
"""PostgreSQL's number for "somebody changes laiwang's tables"."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What was done: from which revision (None: there were no tables) to which; the same where nothing had to be.

    `backup` is the copy of the old database, made on SQLite only.
    """

    before: str | None
    after: str
    backup: Path | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after


def database_state(url: str, schema: Schema = OURS) -> State:
    """What is in the database now; nothing is changed, not even an SQLite file made.

    Raises `OutOfReach`, and `UnsupportedDatabase` for a URL that can not work.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return State(Standing.EMPTY, None, schema.head)
    return _look(parsed, lambda connection: read_state(connection, schema))


def read_once(url: str, work: Callable[[Connection], T]) -> T:
    """Look something up in the database of a bridge that may be running. Raises `OutOfReach`."""
    return _look(parse_url(url), work)


def migrate(url: str, schema: Schema = OURS) -> Migration:
    """Make the tables, or bring them up to date; nothing happens where they are.

    An SQLite database is copied first. Raises `UnusableDatabase` (`OutOfReach`, `NotOurs`, `MigrationFailed`), and
    `UnsupportedDatabase` for a URL that can not work.
    """
    state = database_state(url, schema)
    if state.refusal is not None:
        raise state.refusal
    if state.standing is Standing.CURRENT:
        return Migration(state.head, state.head)
    parsed = parse_url(url)
    _make_private(parsed)
    try:
        done = _in_transaction(parsed, "BEGIN IMMEDIATE", lambda connection: _migrate(connection, schema))
    except DBAPIError as error:
        raise migration_failed(parsed, error) from error
    if done.before is None:
        log.info("made the tables of the database (revision %s)", done.after)
    elif done.changed:
        log.info("brought the tables of the database from revision %s to %s", done.before, done.after)
    if done.backup is not None:
        log.info("the database as it was before is %s", done.backup)
    return done


def _make_private(url: URL) -> None:
    """A new SQLite file is its owner's alone, and so is what SQLite puts beside it."""
    if url.get_backend_name() == "sqlite":
        with suppress(OSError):  # it is there already; or SQLite is going to say why it cannot be
            Path(str(url.database)).touch(mode=0o600, exist_ok=False)


def _look(url: URL, work: Callable[[Connection], T]) -> T:
    try:
        return _in_transaction(url, "BEGIN", work)
    except DBAPIError as error:
        raise out_of_reach(url, error) from error


def _in_transaction(url: URL, begin: str, work: Callable[[Connection], T]) -> T:
    engine = _engine(url, begin)
    try:
        with _connected(engine) as connection, connection.begin():
            return work(connection)
    finally:
        engine.dispose()


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        raise out_of_reach(engine.url, error) from error


def _engine(url: URL, begin: str) -> Engine:
    """Connections for this one purpose, apart from those of a running bridge."""
    if url.get_backend_name() != "sqlite":
        # The encoding is named because SQLAlchemy cannot speak with a database that has none (SQL_ASCII).
        arguments = {"application_name": "laiwang-bridge", "connect_timeout": 10, "client_encoding": "utf8"}
        try:
            # After waiting for the lock we must see what its last owner did: no snapshot from before.
            return create_engine(
                url, isolation_level="READ COMMITTED", poolclass=NullPool, connect_args=arguments, hide_parameters=True
            )
        except ModuleNotFoundError as error:
            raise UnsupportedDatabase(
                "PostgreSQL needs the psycopg driver; install it with: pip install 'laiwang-bridge[postgres]'"
            ) from error
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        # Changing a table may mean making it anew; with foreign keys on, dropping the old one would delete what
        # refers to its rows.
        for pragma in ("foreign_keys=OFF", "busy_timeout=30000", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _migrate(connection: Connection, schema: Schema) -> Migration:
    """The work inside of the transaction; looks again, because another process may have been quicker."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    state = read_state(connection, schema)
    if state.refusal is not None:
        raise state.refusal
    backup = None
    match state.standing:
        case Standing.EMPTY:
            schema.newest.create_all(connection)
        case Standing.OLD:
            backup = _copy(connection, f"{state.revision}")
            _run_revisions(connection, schema, state.revision)
    if state.revision != state.head:
        note_revision(connection, state.head)
    return Migration(state.revision, state.head, backup)


def _copy(connection: Connection, name: str) -> Path | None:
    if connection.dialect.name != "sqlite":
        return None
    database = Path(str(connection.engine.url.database))
    try:
        return back_up(database, name)
    except (OSError, sqlite3.Error) as error:
        raise MigrationFailed(
            f"{database} could not be copied before changing it: {error}.", "Make room beside it for a second one."
        ) from error


def _run_revisions(connection: Connection, schema: Schema, after: str | None) -> None:
    # alembic costs 10 MB, and most starts need none of it
    from laiwang_bridge.database.revisions import run  # noqa: PLC0415

    run(connection, schema.folder, after)
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("pragma foreign_key_check")).first()
    if broken is not None:
        raise MigrationFailed(
            f"The database could not be brought up to date: a row of {broken[0]} refers to one of {broken[2]} that is "
            "not there.",
            "Nothing was changed; please report this.",
        )
