"""What is handed straight to the driver, past what SQLAlchemy does for each statement: savepoints, prepared statements.

Transactions, errors and those who watch statements are SQLAlchemy's as ever. What need not be asked one after the other
goes to PostgreSQL together (`appservice.postgres`); SQLite is no journey away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_UNDO, _RELEASE = "ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part"


class Sent(NamedTuple):
    """A statement as the driver takes it, to be run once or (`many`) for each of the parameters."""

    sql: str
    parameters: Any = ()
    many: bool = False


def hand_over(connection: Connection, sent: Sent) -> Any:
    """Have the driver run a statement in the transaction at hand.

    Returns the driver's cursor. Raises `DBAPIError`, like SQLAlchemy.
    """
    raw = _watched(connection, sent)
    try:
        return raw.ask(sent)[0] if _pipelines(connection) else _run(raw, sent)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ever(connection, raw, sent, error) from error


def hand_over_all(connection: Connection, statements: Sequence[Sent]) -> list[Any]:
    """The same for several, of which none needs the answer to another."""
    if not _pipelines(connection):
        return [hand_over(connection, sent) for sent in statements]
    for sent in statements:
        raw = _watched(connection, sent)
    try:
        answers: list[Any] = raw.ask(*statements)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ever(connection, raw, statements[-1], error) from error
    return answers


def hand_over_later(connection: Connection, sent: Sent) -> None:
    """Have the driver run a statement, at the latest before the next one: what is wrong with it may be raised only
    there, or where the transaction or the savepoint ends."""
    if _pipelines(connection):
        _watched(connection, sent).send_later(sent)
    else:
        hand_over(connection, sent)


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Work that is undone alone if it raises, within a transaction that goes on."""
    begin = Sent("SAVEPOINT part")
    hand_over_later(connection, begin)
    try:
        yield
        hand_over(connection, Sent(_RELEASE))
    except BaseException as error:
        # Where the transaction is gone as a whole, so is this.
        with suppress(DBAPIError, connection.dialect.loaded_dbapi.Error):
            _undo(connection, begin, is_ours=not isinstance(error, DBAPIError))
        raise


def _undo(connection: Connection, begin: Sent, *, is_ours: bool) -> None:
    """Back to the beginning of a part; `is_ours` says that it was no statement that failed."""
    if _pipelines(connection):
        raw: Any = connection.connection.dbapi_connection
        if raw.take_back(begin):
            return
        if is_ours:
            raw.run_bare(f"{_UNDO}; {_RELEASE}")
            return
    hand_over(connection, Sent(_UNDO))
    hand_over(connection, Sent(_RELEASE))


def _watched(connection: Connection, sent: Sent) -> Any:
    """The driver's connection, in a transaction; those who watch know what it is about to run."""
    raw: Any = connection.connection.dbapi_connection
    if not connection.in_transaction():
        connection.begin()
    for watcher in connection.dispatch.before_cursor_execute:
        watcher(connection, None, sent.sql, sent.parameters, None, sent.many)
    return raw


def _pipelines(connection: Connection) -> bool:
    """Whether the driver's connection is one of `appservice.postgres`."""
    return connection.dialect.name == "postgresql"


def _run(raw: Any, sent: Sent) -> Any:
    cursor = raw.cursor()
    if sent.many:
        cursor.executemany(sent.sql, sent.parameters)
    else:
        cursor.execute(sent.sql, sent.parameters)
    return cursor


def _as_ever(connection: Connection, raw: Any, sent: Sent, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy raises it."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, raw, None)  # type: ignore[arg-type]
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        sent.sql,
        sent.parameters,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=connection.engine.hide_parameters,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
