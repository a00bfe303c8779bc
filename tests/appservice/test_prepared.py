"""Statements that are compiled once do what SQLAlchemy does with them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from appservice.database import Database
from appservice.prepared import Prepared
from appservice.sql import Sequence64, insert_new, upsert
from tests.support.tables import open_table


class State(IntEnum):
    NEW = 3


shelf = Table(
    "shelf",
    MetaData(),
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("book", Text, nullable=False, unique=True),
    Column("year", BigInteger),
    Column("is_lent", Boolean, nullable=False),
    Column("cover", LargeBinary),
    Column("state", Integer, nullable=False, default=State.NEW),
)
ADD = Prepared(insert(shelf).returning(shelf.c.id), ["book", "year", "is_lent", "cover"])
ADD_ALL = Prepared(insert(shelf), ["book", "year", "is_lent", "cover"])
SINCE = Prepared(select(shelf).where(shelf.c.year >= bindparam("since"), shelf.c.is_lent.is_(True)).order_by("year"))
COUNT = Prepared(select(func.count()).select_from(shelf))
LEND = Prepared(update(shelf).where(shelf.c.year < bindparam("before")).values(is_lent=bindparam("lent")))
DROP = Prepared(delete(shelf).where(shelf.c.book == bindparam("which")))


def test_rows_are_written_and_read_as_they_are(connection: Connection) -> None:
    first = ADD.scalar(connection, book="西游记", year=1592, is_lent=True, cover=b"\0red")
    ADD_ALL.run_all(
        connection,
        [
            {"book": "'%s' ? :since", "year": 1600, "is_lent": True, "cover": None},
            {"book": "Emma", "year": 1815, "is_lent": False, "cover": None},
        ],
    )
    rows = SINCE.all(connection, since=1500)
    assert [row.book for row in rows] == ["西游记", "'%s' ? :since"]
    assert rows[0] == (first, "西游记", 1592, True, b"\0red", 3)
    assert rows[0].is_lent is True
    assert rows == [tuple(row) for row in connection.execute(select(shelf).order_by(shelf.c.year).limit(2))]
    assert SINCE.first(connection, since=2000) is None
    assert COUNT.scalar(connection) == 3


def test_it_is_told_how_many_rows_were_touched(connection: Connection) -> None:
    rows = [{"book": f"{year}", "year": year, "is_lent": False, "cover": None} for year in (1, 2, 3)]
    ADD_ALL.run_all(connection, rows)
    assert LEND.run(connection, before=3, lent=True) == 2
    assert DROP.run(connection, which="1") == 1
    assert DROP.run(connection, which="1") == 0
    assert SINCE.scalars(connection, since=0) == SINCE.scalars(connection, since=2)


def test_what_is_there_already_is_left_or_written_over(connection: Connection) -> None:
    row = {"id": 7, "book": "Emma", "year": 1815, "is_lent": False, "cover": None}
    insert_new(connection, shelf, [row, row | {"year": 1}])
    assert connection.execute(select(shelf.c.year)).scalars().all() == [1815]
    upsert(connection, shelf, row | {"year": 1816})
    assert connection.execute(select(shelf.c.year)).scalars().all() == [1816]


def test_what_the_database_refuses_is_an_error_as_ever(connection: Connection) -> None:
    ADD.scalar(connection, book="Emma", year=1815, is_lent=False, cover=None)
    savepoint = connection.begin_nested()
    with pytest.raises(IntegrityError) as refused:
        ADD.scalar(connection, book="Emma", year=0, is_lent=False, cover=b"what nobody is to read")
    savepoint.rollback()
    assert "what nobody is to read" not in str(refused.value)
    assert COUNT.scalar(connection) == 1


def test_whoever_watches_statements_sees_these_too(connection: Connection) -> None:
    seen: list[str] = []

    def watch(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(connection, "before_cursor_execute", watch)
    COUNT.scalar(connection)
    assert seen == ["SELECT count(*) AS count_1 \nFROM shelf"]


def test_lists_of_changing_length_are_refused() -> None:
    statement = Prepared(select(shelf.c.id).where(shelf.c.id.in_(bindparam("ids", expanding=True))))
    database = Database("sqlite://")
    with database.engine.connect() as connection, pytest.raises(TypeError):
        statement.all(connection, ids=[1, 2])
    database.close_now()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with open_table(database_url, shelf) as connection:
        yield connection
