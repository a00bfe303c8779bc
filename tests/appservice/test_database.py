"""The database keeps what it acknowledged, behaves as if all work came one after the other, and never hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from appservice.database import Database, DatabaseInUse, UnsupportedDatabase, own_fault, parse_url
from tests.support.postgres import Postgres
from tests.support.waiting import eventually

SECRET = "谁也不该再读到这句话"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.write(run("create table counter (name text primary key, value integer not null)"))
    yield opened
    await opened.close()


def run(statement: str, **values: object) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(text(statement), values)

    return work


def ask(statement: str, **values: object) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(text(statement), values).scalar()


def set_counter(name: str, value: int) -> Callable[[Connection], None]:
    return run("insert into counter values (:name, :value)", name=name, value=value)


class TestWriting:
    async def test_one_failing_work_does_not_harm_the_others(self, database: Database) -> None:
        def failing(connection: Connection) -> None:
            set_counter("half done", 1)(connection)
            raise ValueError("no")

        works = [set_counter(f"good {number}", number) for number in range(20)]
        mixed = [*works[:7], failing, *works[7:13], set_counter("good 3", 0), *works[13:]]
        results = await asyncio.gather(*(database.write(work) for work in mixed), return_exceptions=True)

        assert {type(result) for result in results} == {type(None), ValueError, IntegrityError}
        assert results.count(None) == 20
        assert await database.read(ask("select count(*) from counter")) == 20
        assert await database.read(ask("select count(*) from counter where name = 'half done'")) == 0

    async def test_increments_made_at_the_same_time_all_count(self, database: Database) -> None:
        await database.write(set_counter("total", 0))

        def increment(connection: Connection) -> None:
            value = connection.execute(text("select value from counter")).scalar_one()
            connection.execute(text("update counter set value = :value"), {"value": value + 1})

        await asyncio.gather(*(database.write(increment) for _ in range(60)))
        assert await database.read(ask("select value from counter")) == 60

    async def test_two_doctors_do_not_both_go_off_call(self, database: Database) -> None:
        """Write skew: each reads what the other one changes."""
        for name in ("li", "wang"):
            await database.write(set_counter(name, 1))
        both_have_looked = threading.Barrier(2)

        def go_off_call(name: str) -> Callable[[Connection], bool]:
            def work(connection: Connection) -> bool:
                on_call = connection.execute(text("select sum(value) from counter")).scalar_one()
                if not database.is_sqlite and not both_have_looked.broken:
                    with suppress(threading.BrokenBarrierError):
                        both_have_looked.wait(2)
                    both_have_looked.abort()
                if on_call < 2:
                    return False
                run("update counter set value = 0 where name = :name", name=name)(connection)
                return True

            return work

        went = await asyncio.gather(*(database.write(go_off_call(name)) for name in ("li", "wang")))
        assert sorted(went) == [False, True]
        assert await database.read(ask("select sum(value) from counter")) == 1

    async def test_whoever_stops_waiting_harms_nobody(self, database: Database) -> None:
        writes = [asyncio.create_task(database.write(set_counter(str(number), 0))) for number in range(10)]
        await asyncio.sleep(0)
        writes[4].cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        assert sum(1 for write in writes if write.cancelled()) == 1
        await database.write(set_counter("after", 1))

    async def test_a_stray_stop_iteration_hangs_nobody(self, database: Database) -> None:
        """No future can carry one."""

        def exhausted(connection: Connection) -> None:
            next(iter(()))

        async with asyncio.timeout(60):
            results = await asyncio.gather(
                database.write(exhausted),
                database.write(set_counter("a", 1)),
                database.read(exhausted),
                return_exceptions=True,
            )
        assert [type(result) for result in results] == [RuntimeError, type(None), RuntimeError]


class TestReading:
    async def test_a_read_sees_one_moment_only(self, database: Database) -> None:
        await database.write(set_counter("total", 1))
        looked, changed = threading.Event(), threading.Event()

        def look_twice(connection: Connection) -> tuple[object, object]:
            before = ask("select value from counter")(connection)
            looked.set()
            assert changed.wait(5)
            return before, ask("select value from counter")(connection)

        reading = asyncio.create_task(database.read(look_twice))
        await asyncio.to_thread(looked.wait, 5)
        await database.write(run("update counter set value = 2"))
        changed.set()
        assert await reading == (1, 1)
        assert await database.read(ask("select value from counter")) == 2

    async def test_a_read_must_not_write(self, database: Database) -> None:
        with pytest.raises(DBAPIError):
            await database.read(set_counter("smuggled", 1))
        assert await database.read(ask("select count(*) from counter")) == 0

    async def test_a_write_is_seen_by_every_read_that_follows(self, database: Database) -> None:
        for number in range(30):
            await database.write(set_counter(str(number), number))
            assert await database.read(ask("select max(value) from counter")) == number


class TestSurvival:
    async def test_what_is_acknowledged_survives_a_power_cut(self, database: Database) -> None:
        """The settings that make a commit wait for the disk, on every connection."""
        if database.is_sqlite:
            for access in (database.write, database.read):
                assert await access(ask("PRAGMA synchronous")) == 2
                assert await access(ask("PRAGMA journal_mode")) == "wal"
        else:
            assert await database.write(ask("show synchronous_commit")) == "on"
            assert await database.write(ask("show transaction_isolation")) == "serializable"

    async def test_less_durable_is_a_choice(self, database_url: str) -> None:
        database = Database(database_url, durability="normal")
        statement = "PRAGMA synchronous" if database.is_sqlite else "show synchronous_commit"
        assert await database.write(ask(statement)) == (1 if database.is_sqlite else "off")
        await database.close()

    async def test_what_was_waiting_when_it_closes_is_still_done(self, database: Database, database_url: str) -> None:
        writes = [asyncio.create_task(database.write(set_counter(str(number), 0))) for number in range(200)]
        await asyncio.sleep(0)
        await database.close()
        async with asyncio.timeout(60):
            results = await asyncio.gather(*writes, return_exceptions=True)
        again = Database(database_url)
        written = await again.read(ask("select count(*) from counter"))
        await again.close()
        assert written == results.count(None)
        assert written == 200

    async def test_nothing_is_taken_on_after_it_closed(self, database: Database) -> None:
        await database.close()
        async with asyncio.timeout(60):
            with pytest.raises(RuntimeError):
                await database.write(set_counter("late", 1))

    async def test_closing_under_fire_leaves_nobody_waiting(self, database_url: str) -> None:
        database = Database(database_url)
        await database.write(run("create table counter (name text primary key, value integer not null)"))

        async def keep_writing(name: int) -> None:
            for number in range(10_000):
                await database.write(set_counter(f"{name}-{number}", 0))

        writers = [asyncio.create_task(keep_writing(name)) for name in range(8)]
        await asyncio.sleep(0.1)
        await database.close()
        async with asyncio.timeout(60):
            results = await asyncio.gather(*writers, return_exceptions=True)
        assert {type(result) for result in results} == {RuntimeError}


class TestSqlite:
    @pytest.fixture
    async def database(self, sqlite_url: str) -> AsyncIterator[Database]:
        opened = Database(sqlite_url)
        await opened.write(run("create table notes (body text)"))
        yield opened
        await opened.close()

    async def test_deleted_text_is_gone_from_the_file_and_its_log(self, database: Database, folder: Path) -> None:
        await database.write(run("insert into notes values (:body)", body=SECRET * 3000))
        assert holds_secret(folder)
        await database.write(run("update notes set body = null"))
        await eventually(lambda: not holds_secret(folder), "the text is gone")

    async def test_a_long_read_only_delays_the_wiping(self, database: Database, folder: Path) -> None:
        await database.write(run("insert into notes values (:body)", body=SECRET))
        looked, go_on = threading.Event(), threading.Event()

        def linger(connection: Connection) -> None:
            ask("select count(*) from notes")(connection)
            looked.set()
            go_on.wait(10)

        reading = asyncio.create_task(database.read(linger))
        await asyncio.to_thread(looked.wait, 5)
        await database.write(run("update notes set body = null"))
        await asyncio.sleep(1.3)  # the wiping has been tried, and writing goes on
        await asyncio.wait_for(database.write(run("insert into notes values ('more')")), 2)
        assert holds_secret(folder)
        go_on.set()
        await reading
        await eventually(lambda: not holds_secret(folder), "the text is gone")

    async def test_a_full_disk_loses_nothing_that_was_acknowledged(self, database: Database) -> None:
        await database.write(ask("PRAGMA max_page_count = 20"))
        big = "x" * 8000

        async def write() -> bool | None:
            try:
                await database.write(run("insert into notes values (:body)", body=big))
            except OperationalError as error:
                return own_fault(error) or None
            return False

        outcomes = [outcome for _ in range(8) for outcome in await asyncio.gather(*(write() for _ in range(4)))]
        assert None not in outcomes, "a full disk is the database's own fault"
        assert True in outcomes
        assert await database.read(ask("select count(*) from notes")) == outcomes.count(False)

        await database.write(ask("PRAGMA max_page_count = 1000000"))
        await database.write(run("insert into notes values ('room again')"))

    async def test_a_missing_column_is_the_fault_of_the_work(self, database: Database) -> None:
        with pytest.raises(OperationalError) as caught:
            await database.write(run("update notes set colour = 1"))
        assert not own_fault(caught.value)

    async def test_a_folder_that_is_not_there_fails_the_work_instead_of_hanging(self, folder: Path) -> None:
        database = Database(f"sqlite:///{folder}/later/laiwang.db")
        async with asyncio.timeout(60):
            with pytest.raises(OperationalError) as caught:
                await database.write(run("create table notes (body text)"))
            assert own_fault(caught.value)
            (folder / "later").mkdir()
            await database.write(run("create table notes (body text)"))
        await database.close()

    def test_a_second_process_on_the_same_file_is_refused(self, folder: Path) -> None:
        script = (
            "import sys, time\n"
            "from appservice.database import Database\n"
            "database = Database(sys.argv[1], exclusive=True)\n"
            "print('open', flush=True)\n"
            "time.sleep(60)\n"
        )
        url = f"sqlite:///{folder}/laiwang.db"
        with subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True) as first:
            assert first.stdout is not None
            assert first.stdout.readline() == "open\n"
            with pytest.raises(DatabaseInUse, match=f"process {first.pid}"):
                Database(url, exclusive=True)
            first.send_signal(signal.SIGKILL)
        Database(url, exclusive=True).close_now()

    async def test_the_lock_ends_with_the_database(self, folder: Path) -> None:
        url = f"sqlite:///{folder}/laiwang.db"
        first = Database(url, exclusive=True)
        with pytest.raises(DatabaseInUse, match=f"process {os.getpid()}"):
            Database(url, exclusive=True)
        await first.close()
        await Database(url, exclusive=True).close()

    async def test_a_database_in_memory_is_one_database(self) -> None:
        database = Database("sqlite://", exclusive=True)
        await database.write(run("create table notes (body text)"))
        await asyncio.gather(*(database.write(run("insert into notes values ('x')")) for _ in range(20)))
        assert await database.read(ask("select count(*) from notes")) == 20
        await database.close()


@pytest.mark.postgres
class TestPostgres:
    async def test_it_works_again_after_the_server_was_restarted(self, folder: Path) -> None:
        server = Postgres(folder / "postgres")
        server.start()
        database = Database(server.create_database())
        await database.write(run("create table notes (body text)"))
        await asyncio.gather(*(database.write(run("insert into notes values ('before')")) for _ in range(8)))

        server.stop()
        with pytest.raises(DBAPIError) as caught:
            await database.write(run("insert into notes values ('meanwhile')"))
        assert own_fault(caught.value)
        with pytest.raises(DBAPIError) as caught:
            await database.read(ask("select count(*) from notes"))
        assert own_fault(caught.value)

        server.start()
        await database.write(run("insert into notes values ('after')"))
        assert await database.read(ask("select count(*) from notes")) == 9
        await database.close()
        server.stop()

    async def test_a_process_that_stands_still_does_not_hold_its_locks_for_ever(self, postgres_url: str) -> None:
        database = Database(postgres_url)
        assert await database.write(ask("show idle_in_transaction_session_timeout")) == "30s"
        await database.write(run("create table notes (body text)"))

        def stand_still(connection: Connection) -> None:
            run("set local idle_in_transaction_session_timeout = '50ms'")(connection)
            threading.Event().wait(0.3)
            run("insert into notes values ('too late')")(connection)

        with pytest.raises(DBAPIError) as caught:
            await database.write(stand_still)
        assert own_fault(caught.value)
        assert await database.read(ask("select count(*) from notes")) == 0
        await database.close()


class TestUrls:
    def test_the_driver_is_ours_to_choose(self) -> None:
        assert parse_url("sqlite:///laiwang.db").drivername == "sqlite"
        assert parse_url("postgresql://me@host/name").drivername == "postgresql+psycopg"
        assert parse_url("postgres://me@host/name").drivername == "postgresql+psycopg"

    @pytest.mark.parametrize("url", ["", "laiwang.db", "mysql://host/name", "oracle://x"])
    def test_anything_else_is_refused_with_a_sentence(self, url: str) -> None:
        with pytest.raises(UnsupportedDatabase, match="sqlite:///"):
            parse_url(url)


def holds_secret(folder: Path) -> bool:
    return any(SECRET.encode() in path.read_bytes() for path in folder.glob("laiwang.db*"))
