"""What is handed straight to the driver, past what SQLAlchemy does for each statement: savepoints, prepared statements.

Transactions, errors and those who watch statements are SQLAlchemy's as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def hand_over(connection: Connection, sql: str, parameters: Any = (), *, many: bool = False) -> Any:
    """Have the driver run a statement in the transaction at hand, once or (`many`) for each of the parameters.

    Returns the driver's cursor. Raises `DBAPIError`, like SQLAlchemy.
    """
    raw: Any = connection.connection.dbapi_connection
    if not connection.in_transaction():
        connection.begin()
    cursor = raw.cursor()
    for watcher in connection.dispatch.before_cursor_execute:
        watcher(connection, cursor, sql, parameters, None, many)
    dialect = connection.dialect
    try:
        if many:
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
    except dialect.loaded_dbapi.Error as error:
        is_lost = dialect.is_disconnect(error, raw, cursor)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            parameters,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=connection.engine.hide_parameters,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error
    return cursor


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Work that is undone alone if it raises, within a transaction that goes on."""
    hand_over(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        with suppress(DBAPIError):  # where the transaction is gone as a whole, so is this
            hand_over(connection, "ROLLBACK TO SAVEPOINT part")
            hand_over(connection, "RELEASE SAVEPOINT part")
        raise
    hand_over(connection, "RELEASE SAVEPOINT part")
