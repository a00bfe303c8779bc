"""What both databases are told with the same words."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, MetaData, Table, Text, event, select

from appservice.database import Database
from appservice.sql import among, insert_all

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


async def test_many_values_are_one_parameter_of_one_statement(database_url: str) -> None:
    database = Database(database_url)
    kinds = ("novel", "it's", "a, {b}", "小说")
    rows = [{"book": str(year), "year": year, "is_lent": False, "kind": kinds[year % 4]} for year in range(40)]
    by_year = select(shelf.c.year).where(among(shelf.c.year, "years"), shelf.c.is_lent.is_(False))
    by_kind = select(shelf.c.year).where(among(shelf.c.kind, "kinds"))
    asked: set[str] = set()

    def work(connection: Connection) -> None:
        shelf.create(connection)
        insert_all(connection, shelf, rows)
        event.listen(connection, "before_cursor_execute", lambda *about: asked.add(about[2]))
        for years in ([], [3], [7, 39, 12], list(range(5_000)), [2**40]):
            found = set(connection.execute(by_year, {"years": years}).scalars())
            assert found == {year for year in years if year < 40}
        for some in ([], ["it's", "小说"], ["a, {b}"], [Kind.NOVEL], ["nothing"]):
            found = set(connection.execute(by_kind, {"kinds": some}).scalars())
            assert found == {row["year"] for row in rows if row["kind"] in some}

    await database.write(work)
    await database.close()
    assert len(asked) == 2
