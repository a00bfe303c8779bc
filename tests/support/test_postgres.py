"""The PostgreSQL of the tests is a real one, and every test has it to itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

from tests.support.postgres import Postgres
from tests.support.waiting import has_gone


def _run(url: str, statement: str) -> object:
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_every_kind_of_database_takes_what_it_is_told(database_url: str) -> None:
    _run(database_url, "create table words (word text)")
    _run(database_url, "insert into words values ('来往')")
    assert _run(database_url, "select word from words") == "来往"


@pytest.mark.postgres
def test_each_test_has_a_database_of_its_own(postgres: Postgres, postgres_url: str) -> None:
    other = postgres.create_database()
    _run(other, "create table mine (id int)")
    assert _run(postgres_url, "select count(*) from pg_tables where tablename = 'mine'") == 0
    assert "PostgreSQL" in str(_run(postgres_url, "select version()"))
    postgres.drop_database(other)


@pytest.mark.postgres
def test_a_server_dies_with_the_process_that_started_it(folder: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.support.postgres import Postgres\n"
        "server = Postgres(Path(sys.argv[1]))\n"
        "server.start()\n"
        "print((Path(sys.argv[1]) / 'data' / 'postmaster.pid').read_text().split()[0], flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder / "pg")], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    assert has_gone(pid), "PostgreSQL outlived the process that started it"
