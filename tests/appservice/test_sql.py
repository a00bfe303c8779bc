"""What both databases are told with the same words."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, MetaData, Table, Text, select

from appservice.database import Database
from appservice.sql import insert_all

shelf = Table(
    "shelf",
    MetaData(),
    Column("book", Text, primary_key=True),
    Column("year", BigInteger),
    Column("is_lent", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
)


class Kind(StrEnum):
    NOVEL = "novel"


async def test_many_rows_are_inserted_as_they_are(database_url: str) -> None:
    database = Database(database_url)
    rows: list[dict[str, Any]] = [
        {"book": "西游记", "year": 1592, "is_lent": True, "kind": Kind.NOVEL},
        {"book": "'), ('", "year": None, "is_lent": False, "kind": "a, {b}"},
    ]

    def work(connection: Connection) -> list[tuple[Any, ...]]:
        shelf.create(connection)
        insert_all(connection, shelf, rows)
        insert_all(connection, shelf, [])
        return [tuple(row) for row in connection.execute(select(shelf).order_by(shelf.c.book.desc()))]

    found = await database.write(work)
    await database.close()
    assert sorted(found, key=str) == sorted((tuple(row.values()) for row in rows), key=str)
