"""What SQLite and PostgreSQL say differently, said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from appservice.prepared import Prepared

Sequence64 = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER."""


def among(column: Column[Any], parameter: str) -> ColumnElement[bool]:
    """Whether a column is one of many values, given as a list under the name `parameter`.

    One parameter however many they are: with `in_` each number of values is another statement, which is written, read
    and planned anew.
    """
    return _Among(column, bindparam(parameter, type_=_Many(column.type)))


class _Many(TypeDecorator[Sequence[Any]]):
    """A list of values in one parameter: an array, or JSON where there are none."""

    impl = Text
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.each) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else orjson.dumps(value).decode()


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """A condition as it is: SQLite would be given "… = 1", and look at each row of the table for it."""
        return self


@compiles(_Among, "postgresql")
def _any_of_array(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


def insert_ignoring(connection: Connection, table: Table) -> Any:
    """INSERT … ON CONFLICT DO NOTHING in the dialect at hand; the result's `rowcount` tells what was new."""
    return _insert_ignoring(connection.dialect.name, table)


@cache
def _insert_ignoring(dialect: str, table: Table) -> Any:
    # Every transaction of the homeserver needs two of these, and building one costs as much as running it.
    ignoring = (sqlite if dialect == "sqlite" else postgresql).insert(table).on_conflict_do_nothing()
    return ignoring.execution_options(preserve_rowcount=True)  # PostgreSQL's are not kept unasked


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns, without those whose key is there already."""
    if rows:
        _insert_new(connection.dialect.name, table, tuple(rows[0])).send_all(connection, rows)


@cache
def _insert_new(dialect: str, table: Table, names: tuple[str, ...]) -> Prepared:
    return Prepared(_insert_ignoring(dialect, table), names)


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns: one statement on PostgreSQL, whose driver would send one for each."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        _insert_each(table, names).send_all(connection, rows)
    else:
        _insert_columns(table, names).send(connection, **{name: [row[name] for row in rows] for name in names})


@cache
def _insert_each(table: Table, names: tuple[str, ...]) -> Prepared:
    return Prepared(insert(table), names)


@cache
def _insert_columns(table: Table, names: tuple[str, ...]) -> Prepared:
    columns = [func.unnest(bindparam(name, type_=postgresql.ARRAY(table.c[name].type))) for name in names]
    return Prepared(insert(table).from_select(names, select(*columns)))


def upsert(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, or overwrite the one with the same primary key."""
    _upsert(connection.dialect.name, table, tuple(values)).send(connection, **values)


def upsert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for many rows, all with the same columns."""
    if rows:
        _upsert(connection.dialect.name, table, tuple(rows[0])).send_all(connection, rows)


@cache
def _upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Prepared:
    put = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: put.excluded[name] for name in names if name not in keys}
    return Prepared(put.on_conflict_do_update(index_elements=keys, set_=rest), names)


def guard(table: Table, *, sqlite: Sequence[str], postgres: Sequence[str]) -> None:
    """Have these statements (triggers, and the functions that they call) run after the table was made.

    They are noted in `table.info["guards"]`, by dialect, so that revisions of the tables can have them too.
    """
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgres)):
        for statement in statements:
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
    table.info["guards"] = {"sqlite": tuple(sqlite), "postgresql": tuple(postgres)}
