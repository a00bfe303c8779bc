"""Rows for whatever tables a database has, and what it looks like, to compare before and after."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from laiwang_bridge.database.schema import Schema, revision_table

Rows = dict[str, list[dict[str, Any]]]


def fill(connection: sa.Connection, rows_each: int = 3) -> Rows:
    """Put rows into every table there is; references lead to rows that exist."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name == "pay_entry":
            _fill_books(connection, found, rows_each)
        elif table.name not in (revision_table.name, "pay_posting", "pay_balance"):
            connection.execute(table.insert(), [_row(table, number) for number in range(1, rows_each + 1)])
    return contents(connection)


def _fill_books(connection: sa.Connection, found: sa.MetaData, rows_each: int) -> None:
    """Books take only what is balanced: postings first, then their entry; balances come by themselves."""
    posting, entry = found.tables["pay_posting"], found.tables["pay_entry"]
    for number in range(1, rows_each + 1):
        row = {"entry": number, "account": number, "currency": "EUR", "carry": 0}
        connection.execute(posting.insert(), [{**row, "number": 1, "minor": 5}, {**row, "number": 2, "minor": -5}])
        connection.execute(entry.insert(), _row(entry, number) | {"reverses": None})


def contents(connection: sa.Connection) -> Rows:
    """Every row of every table, in an order of its own."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        table.name: sorted((dict(row) for row in connection.execute(table.select()).mappings()), key=repr)
        for table in found.sorted_tables
        if table.name != revision_table.name
    }


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: sa.Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        return _value(key.column, number)
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.LargeBinary):
        return bytes([number])
    return f"{column.table.name} {column.name} {number} 来往"


def differences(connection: sa.Connection, schema: Schema) -> list[Any]:
    """How the tables differ from those that the code works with."""
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, parents: name != revision_table.name,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, schema.newest))


def fine_print(connection: sa.Connection) -> dict[str, str]:
    """What alembic does not compare: conditions of indexes, triggers, checks, and how SQLite keeps a table."""
    if connection.dialect.name == "sqlite":
        statement = "select name, sql from sqlite_master where sql is not null and type in ('index', 'trigger')"
        found = {name: " ".join(sql.split()) for name, sql in connection.execute(sa.text(statement))}
        for name, without_rowid in connection.execute(sa.text("select name, wr from pragma_table_list")):
            found[name] = f"without rowid: {without_rowid}"
        autoincrement = "select name from sqlite_master where sql like '%AUTOINCREMENT%'"
        for name in connection.execute(sa.text(autoincrement)).scalars():
            found[name] += ", counts for ever"
        return found
    statements = (
        "select indexname, indexdef from pg_indexes where schemaname = 'public'",
        "select 'trigger ' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
        "select 'function ' || proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
        "select 'check ' || conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'c'",
    )
    return {row[0]: row[1] for statement in statements for row in connection.execute(sa.text(statement))}
