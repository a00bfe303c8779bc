"""Tables for databases of tests: copied from where they were made once, which takes a tenth of the time or less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, text
from sqlalchemy.engine import URL

from appservice.database import Database


def make_tables(engine: Engine, *collections: MetaData) -> None:
    """Make all tables of these in a database to which nobody is connected; what is in it already stays there."""
    names = tuple(name for collection in collections for name in collection.tables)
    if engine.dialect.name == "postgresql":
        done = _copied_in_postgres(engine, collections, names)
    else:
        done = _copied_in_sqlite(engine, collections, names)
    if not done:
        for collection in collections:
            collection.create_all(engine)


def _copied_in_sqlite(engine: Engine, collections: Sequence[MetaData], names: Sequence[str]) -> bool:
    file = engine.url.database
    if not file or file == ":memory:":
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            if raw.execute("select 1 from sqlite_master").fetchone() is None:
                raw.deserialize(_file(tuple(collections), tuple(names)))
                return True
        return False
    if Path(file).exists():
        return False
    Path(file).write_bytes(_file(tuple(collections), tuple(names)))
    return True


@cache
def _file(collections: tuple[MetaData, ...], names: tuple[str, ...]) -> bytes:
    """An SQLite database with these tables, of these names, and nothing in them."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for collection in collections:
            collection.create_all(connection)
        connection.commit()
        raw: Any = connection.connection.dbapi_connection
        made: bytes = raw.serialize()
    engine.dispose()
    return made


def _copied_in_postgres(engine: Engine, collections: Sequence[MetaData], names: Sequence[str]) -> bool:
    name, server = engine.url.database, engine.url.set(database="postgres")
    # Whoever looked into it would have to be waited for, until he is gone; and it would be larger from then on.
    untouched = text("select pg_database_size(:name) = pg_database_size('template0')").bindparams(name=name)
    with _administration(server) as connection:
        if not connection.execute(untouched).scalar_one():
            return False
        template = _template(server, tuple(collections), tuple(names))
        connection.execute(text(f'drop database "{name}"'))
        connection.execute(text(f'create database "{name}" template {template}'))
    return True


@cache
def _template(server: URL, collections: tuple[MetaData, ...], names: tuple[str, ...]) -> str:
    """The name of a database with these tables on that server."""
    name = f"template_{uuid4().hex}"
    with _administration(server) as connection:
        connection.execute(text(f"create database {name} template template0"))
    engine = create_engine(server.set(database=name))
    for collection in collections:
        collection.create_all(engine)
    engine.dispose()
    return name


@contextmanager
def _administration(server: URL) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def open_table(url: str, table: Table) -> Iterator[Connection]:
    """A connection to a database with this table, in a transaction that is undone in the end."""
    database = Database(url)
    with database.engine.connect() as connection, connection.begin() as transaction:
        table.create(connection)
        yield connection
        transaction.rollback()
    database.close_now()
