"""What is handed straight to the driver: what may wait goes along with what is asked next, and none of it is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from appservice.database import Database, own_fault
from appservice.driver import Sent, savepoint
from appservice.postgres import PipeliningConnection
from appservice.prepared import Prepared, together
from tests.support.postgres import Postgres
from tests.support.tables import open_table

word = Table("word", MetaData(), Column("id", Integer, primary_key=True), Column("said", Text, nullable=False))
PUT = Prepared(insert(word), ["id", "said"])
ALL = Prepared(select(word).order_by(word.c.id))
SAID = Prepared(select(word.c.said).where(word.c.id == bindparam("which")))
COUNT = Prepared(select(func.count()).select_from(word))


class Unwell(Exception):
    """Whatever may happen to work."""


class TestWhatMayWait:
    def test_it_is_there_for_whatever_is_asked_next(self, connection: Connection) -> None:
        PUT.send(connection, id=1, said="prepared")
        assert SAID.scalars(connection, which=1) == ["prepared"]
        PUT.send_all(connection, [{"id": 2, "said": "by"}, {"id": 3, "said": "SQLAlchemy"}])
        assert connection.execute(select(func.count()).select_from(word)).scalar() == 3

    def test_it_happens_in_the_order_in_which_it_was_sent(self, connection: Connection) -> None:
        PUT.send(connection, id=1, said="first")
        connection.execute(word.update().values(said="second"))
        PUT.send(connection, id=2, said="third")
        assert [row.said for row in ALL.all(connection)] == ["second", "third"]

    async def test_it_is_kept_where_nothing_is_asked_any_more(self, database: Database) -> None:
        await database.write(lambda connection: PUT.send(connection, id=1, said="last"))
        assert await database.read(COUNT.scalar) == 1

    async def test_it_is_undone_with_its_transaction(self, database: Database) -> None:
        def fail(connection: Connection) -> None:
            PUT.send(connection, id=1, said="never")
            raise Unwell

        with pytest.raises(Unwell):
            await database.write(fail)
        assert await database.read(COUNT.scalar) == 0

    async def test_what_the_database_refuses_fails_the_work_at_the_end_at_the_latest(self, database: Database) -> None:
        def put(connection: Connection) -> None:
            PUT.send(connection, id=1, said="once")
            PUT.send(connection, id=1, said="what nobody is to read")
            PUT.send(connection, id=2, said="with it")

        with pytest.raises(IntegrityError) as refused:
            await database.write(put)
        assert "what nobody is to read" not in str(refused.value)
        assert await database.read(COUNT.scalar) == 0
        await database.write(lambda connection: PUT.send(connection, id=1, said="anew"))
        assert await database.read(COUNT.scalar) == 1

    async def test_a_read_must_not_write_that_way_either(self, database: Database) -> None:
        with pytest.raises(DBAPIError):
            await database.read(lambda connection: PUT.send(connection, id=1, said="no"))


class TestPartsOfATransaction:
    def test_what_waited_in_a_part_that_fails_is_undone_alone(self, connection: Connection) -> None:
        PUT.send(connection, id=1, said="before")
        with suppress(Unwell), savepoint(connection):
            PUT.send(connection, id=2, said="within")
            raise Unwell
        PUT.send(connection, id=3, said="behind")
        assert [row.said for row in ALL.all(connection)] == ["before", "behind"]

    def test_what_waited_before_a_part_that_asked_something_stays(self, connection: Connection) -> None:
        PUT.send(connection, id=1, said="before")
        with suppress(Unwell), savepoint(connection):
            assert COUNT.scalar(connection) == 1
            PUT.send(connection, id=2, said="within")
            raise Unwell
        assert [row.said for row in ALL.all(connection)] == ["before"]

    def test_a_part_within_a_part_is_undone_alone(self, connection: Connection) -> None:
        with savepoint(connection):
            PUT.send(connection, id=1, said="outer")
            with suppress(Unwell), savepoint(connection):
                PUT.send(connection, id=2, said="inner")
                raise Unwell
            PUT.send(connection, id=3, said="outer")
        assert [row.id for row in ALL.all(connection)] == [1, 3]

    def test_a_part_ends_only_when_the_database_has_taken_it(self, connection: Connection) -> None:
        PUT.send(connection, id=1, said="before")
        with pytest.raises(IntegrityError), savepoint(connection):
            PUT.send(connection, id=1, said="twice")
        assert [row.said for row in ALL.all(connection)] == ["before"]

    def test_what_a_part_asked_in_vain_does_not_harm_the_rest(self, connection: Connection) -> None:
        with pytest.raises(DBAPIError), savepoint(connection):
            connection.execute(text("SELECT * FROM nowhere"))
        PUT.send(connection, id=1, said="behind")
        assert COUNT.scalar(connection) == 1


class TestTogether:
    def test_each_question_has_its_own_answer(self, connection: Connection) -> None:
        PUT.send_all(connection, [{"id": 1, "said": "one"}, {"id": 2, "said": "two"}])
        two, many, one = together(
            connection,
            SAID.question(lambda rows: rows[0].said, which=2),
            COUNT.question(lambda rows: rows[0][0] + 10),
            SAID.question(lambda rows: rows[0].said, which=1),
        )
        assert (one, two, many) == ("one", "two", 12)

    def test_one_that_fails_fails_all(self, connection: Connection) -> None:
        broken = Prepared(select(func.no_such_function(1)))
        with pytest.raises(DBAPIError), savepoint(connection):
            together(connection, COUNT.question(list), broken.question(list))
        assert COUNT.scalar(connection) == 0


class TestManyParts:
    def test_statements_are_as_good_behind_parts_that_were_undone(self, connection: Connection) -> None:
        for number in range(20):
            with suppress(Unwell), savepoint(connection):
                PUT.send(connection, id=number, said="within")
                COUNT.scalar(connection)
                if number % 2:
                    raise Unwell
            with suppress(IntegrityError), savepoint(connection):
                together(connection, COUNT.question(list), SAID.question(list, which=number))
                PUT.send_all(connection, [{"id": 0, "said": "again"}, {"id": number + 100, "said": "with it"}])
                ALL.all(connection)
            together(connection, ALL.question(list), SAID.question(list, which=number))
        assert [row.id for row in ALL.all(connection)] == list(range(0, 20, 2))


@pytest.mark.postgres
class TestJourneys:
    """How often one goes to PostgreSQL and back, which is what it takes the time for."""

    async def test_what_waits_and_what_is_asked_together_goes_along(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = Database(postgres_url)
        journeys: list[list[str]] = []

        def count(connection: PipeliningConnection, *questions: Sent) -> list[Any]:
            journeys.append([sent.sql.split()[0] for sent in (*connection.waiting, *questions)])
            return ask(connection, *questions)

        def work(connection: Connection) -> None:
            PUT.send(connection, id=1, said="one")
            PUT.send(connection, id=2, said="two")
            together(connection, COUNT.question(list), ALL.question(list))
            PUT.send(connection, id=3, said="three")

        ask = PipeliningConnection.ask
        await database.write(word.create)
        monkeypatch.setattr(PipeliningConnection, "ask", count)
        await database.write(work)
        assert journeys == [["BEGIN", "INSERT", "INSERT", "SELECT", "SELECT"], ["INSERT", "COMMIT"]]
        await database.close()

    async def test_a_server_that_is_away_in_between_is_its_own_fault(self, folder: Path) -> None:
        server = Postgres(folder / "postgres")
        server.start()
        database = Database(server.create_database())
        await database.write(word.create)

        def put(connection: Connection) -> None:
            COUNT.scalar(connection)
            server.stop()
            PUT.send(connection, id=1, said="lost")
            COUNT.scalar(connection)

        with pytest.raises(DBAPIError) as failed:
            await database.write(put)
        assert own_fault(failed.value)
        server.start()
        assert await database.read(COUNT.scalar) == 0
        server.stop()
        await database.close()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with open_table(database_url, word) as connection:
        yield connection


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.write(word.create)
    yield database
    await database.close()
