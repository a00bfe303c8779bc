"""The tables of every version come, with all that is in them, to be those of this version."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy as sa

from laiwang_bridge.database import (
    Migration,
    MigrationFailed,
    NotOurs,
    OutOfReach,
    Standing,
    State,
    database_state,
    migrate,
)
from laiwang_bridge.database.revisions import run
from laiwang_bridge.database.schema import OURS, Schema, note_revision, read_state
from tests.unit.laiwang_bridge.database.rows import contents, differences, fill, fine_print


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection


def build(url: str, revision: str, schema: Schema = OURS) -> None:
    """The database as a program made it whose newest revision this was."""
    with connected(url) as connection:
        run(connection, schema.folder, None, upto=revision)
        note_revision(connection, revision)


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


@pytest.fixture
def two_revisions(folder: Path) -> Schema:
    """Ours, and a second revision: nicknames move from a column of `person` (made here) to a table of their own."""
    versions = folder / "versions"
    shutil.copytree(OURS.folder, versions)
    first = next(versions.glob("0001_*.py"))
    for path in versions.glob("*.py"):
        if path != first:
            path.unlink()
    first.write_text(
        first.read_text(encoding="utf-8")
        + dedent("""
            op.add_column("person", sa.Column("nickname", sa.Text()))
            op.create_table("runs", sa.Column("revision", sa.Text()))
        """).replace("\n", "\n    "),
        encoding="utf-8",
    )
    (versions / "0002_nicknames.py").write_text(
        dedent('''
        """Nicknames get a table."""

        import sqlalchemy as sa
        from alembic import op

        revision = "0002"
        down_revision = "0001"


        def upgrade() -> None:
            op.create_table(
                "nickname",
                sa.Column("person", sa.BigInteger(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
                sa.Column("name", sa.Text(), nullable=False),
            )
            op.execute("insert into nickname select id, nickname from person where nickname is not null")
            with op.batch_alter_table("person") as batch:
                batch.drop_column("nickname")
                batch.alter_column("language", nullable=False, server_default="en")
            op.execute("insert into runs values ('0002')")
        '''),
        encoding="utf-8",
    )
    return Schema(versions, sa.MetaData())


def test_a_new_database_gets_the_tables_of_this_version(database_url: str) -> None:
    assert database_state(database_url) == State(Standing.EMPTY, None, OURS.head)

    assert migrate(database_url) == Migration(None, OURS.head)

    assert database_state(database_url) == State(Standing.CURRENT, OURS.head, OURS.head)
    with connected(database_url) as connection:
        assert differences(connection, OURS) == []


def test_a_database_that_is_up_to_date_is_left_alone(database_url: str) -> None:
    migrate(database_url)
    with connected(database_url) as connection:
        before = fill(connection)
    done = migrate(database_url)
    assert done == Migration(OURS.head, OURS.head)
    assert not done.changed
    with connected(database_url) as connection:
        assert contents(connection) == before


@pytest.mark.parametrize("revision", OURS.revisions)
def test_a_database_of_every_revision_keeps_its_rows_and_comes_to_this_version(
    database_url: str, revision: str
) -> None:
    build(database_url, revision)
    with connected(database_url) as connection:
        before = fill(connection)
    done = migrate(database_url)
    assert (done.before, done.after) == (revision, OURS.head)
    with connected(database_url) as connection:
        assert differences(connection, OURS) == []
        after = contents(connection)
    for table in before.keys() & after.keys():
        assert len(after[table]) == len(before[table]), table


def test_all_revisions_together_lead_to_what_a_new_database_gets(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    build(database_url, OURS.head)
    with connected(database_url) as connection:
        by_revisions = fine_print(connection)
        assert differences(connection, OURS) == []
        OURS.newest.drop_all(connection)
        OURS.newest.create_all(connection)
        assert fine_print(connection) == by_revisions


def test_the_numbers_of_the_revisions_have_no_gap() -> None:
    assert OURS.revisions == [f"{number:04}" for number in range(1, len(OURS.revisions) + 1)]


def test_a_revision_can_move_data_and_rebuild_a_table_that_others_refer_to(
    database_url: str, two_revisions: Schema
) -> None:
    build(database_url, "0001", two_revisions)
    with connected(database_url) as connection:
        before = fill(connection)
        before.pop("runs")
        connection.execute(sa.text("delete from runs"))
        connection.execute(sa.text("update person set nickname = null where id = 2"))
    assert database_state(database_url, two_revisions).standing is Standing.OLD

    done = migrate(database_url, two_revisions)

    assert (done.before, done.after) == ("0001", "0002")
    with connected(database_url) as connection:
        after = contents(connection)
    assert after.pop("nickname") == [
        {"person": 1, "name": "person nickname 1 来往"},
        {"person": 3, "name": "person nickname 3 来往"},
    ]
    assert after.pop("runs") == [{"revision": "0002"}]
    for row in before["person"]:
        del row["nickname"]
    assert after == before


def test_an_sqlite_database_is_copied_before_it_is_changed(sqlite_url: str, two_revisions: Schema) -> None:
    build(sqlite_url, "0001", two_revisions)
    with connected(sqlite_url) as connection:
        before = fill(connection)
    database = Path(sqlite_url.removeprefix("sqlite:///"))
    database.chmod(0o640)

    done = migrate(sqlite_url, two_revisions)

    assert done.backup == database.with_name("laiwang.db.0001.bak")
    assert done.backup.stat().st_mode & 0o777 == 0o640
    with connected(f"sqlite:///{done.backup}") as connection:
        assert contents(connection) == before
        assert read_state(connection, two_revisions).revision == "0001"
    assert not list(database.parent.glob("*.part"))


def test_a_revision_that_fails_changes_nothing(database_url: str, two_revisions: Schema) -> None:
    second = two_revisions.folder / "0002_nicknames.py"
    second.write_text(
        f"{second.read_text(encoding='utf-8')}    op.execute('insert into nowhere values (1)')\n", encoding="utf-8"
    )
    build(database_url, "0001", two_revisions)
    with connected(database_url) as connection:
        before = fill(connection)

    with pytest.raises(MigrationFailed, match=r"could not be changed: .*nowhere"):
        migrate(database_url, two_revisions)

    assert database_state(database_url, two_revisions).revision == "0001"
    with connected(database_url) as connection:
        assert contents(connection) == before


def test_a_revision_that_leaves_references_to_nothing_changes_nothing(sqlite_url: str, two_revisions: Schema) -> None:
    second = two_revisions.folder / "0002_nicknames.py"
    second.write_text(
        f"{second.read_text(encoding='utf-8')}    op.execute('delete from person where id = 1')\n", encoding="utf-8"
    )
    build(sqlite_url, "0001", two_revisions)
    with connected(sqlite_url) as connection:
        before = fill(connection)

    with pytest.raises(MigrationFailed, match="refers to one of person that is not there"):
        migrate(sqlite_url, two_revisions)

    with connected(sqlite_url) as connection:
        assert contents(connection) == before


@pytest.mark.parametrize("start", [None, "0001"], ids=["new", "old"])
def test_processes_that_start_together_migrate_once(
    database_url: str, two_revisions: Schema, start: str | None
) -> None:
    if start is None:
        two_revisions = OURS
    else:
        build(database_url, start, two_revisions)
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda _: migrate(database_url, two_revisions), range(6)))
    assert sorted(migration.changed for migration in done) == [False] * 5 + [True]
    if start is not None:
        with connected(database_url) as connection:
            assert contents(connection)["runs"] == [{"revision": "0002"}]


def test_the_database_of_another_program_is_not_touched(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(sa.text("create table room_memberships (event_id text)"))
        connection.execute(sa.text("create table events (event_id text)"))
    state = database_state(database_url)
    assert state.standing is Standing.FOREIGN
    assert state.strangers == ("events", "room_memberships")

    with pytest.raises(NotOurs) as refused:
        migrate(database_url)

    assert str(refused.value) == (
        "The database belongs to Synapse: it has the tables room_memberships, events. "
        "Give laiwang-bridge a database of its own (database.url)."
    )
    assert database_state(database_url) == state


def test_a_database_of_a_newer_version_is_not_touched(database_url: str) -> None:
    migrate(database_url)
    with connected(database_url) as connection:
        note_revision(connection, "9999")
    with pytest.raises(NotOurs, match=r"has revision 9999, and this version .* only those up to .*Install the newer"):
        migrate(database_url)
    assert database_state(database_url).standing is Standing.NEWER


def test_a_new_sqlite_database_is_its_owners_alone(sqlite_url: str) -> None:
    migrate(sqlite_url)
    assert Path(sqlite_url.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600


def test_looking_at_a_database_makes_none(sqlite_url: str) -> None:
    assert database_state(sqlite_url).standing is Standing.EMPTY
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(OutOfReach, match=r"nowhere/laiwang.db can not be opened.*Its folder must exist"):
        migrate(f"sqlite:///{folder}/nowhere/laiwang.db")


def test_a_file_that_is_no_database_is_named(folder: Path) -> None:
    path = folder / "laiwang.db"
    path.write_bytes(b"shopping list: tofu, scallions. " * 100)
    with pytest.raises(OutOfReach, match=r"not a database. Is it really ours\?"):
        migrate(f"sqlite:///{path}")
    with pytest.raises(OutOfReach, match="not a database"):
        database_state(f"sqlite:///{path}")


def test_a_postgres_that_does_not_answer_is_named() -> None:
    with pytest.raises(OutOfReach, match=r"laiwang at 127.0.0.1:1 can not be opened: .*Is PostgreSQL running there"):
        database_state("postgresql://lin:secret@127.0.0.1:1/laiwang")


@pytest.mark.postgres
def test_a_postgres_database_that_is_not_there_is_named(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(OutOfReach, match=r'database "nowhere" does not exist\. Make it first: createdb'):
        migrate(url)


@pytest.mark.postgres
def test_a_postgres_user_who_may_make_no_tables_is_told_so(postgres_url: str) -> None:
    with connected(postgres_url) as connection:
        connection.execute(sa.text("drop role if exists guest"))
        connection.execute(sa.text("create role guest login"))
    url = sa.make_url(postgres_url).set(username="guest").render_as_string(hide_password=False)
    with pytest.raises(MigrationFailed, match=r"permission denied for schema public\. Make the user of"):
        migrate(url)


def test_a_usual_start_does_without_alembic(sqlite_url: str) -> None:
    script = (
        "import sys\n"
        "from laiwang_bridge.database import migrate\n"
        "for _ in range(2):\n"
        "    migrate(sys.argv[1])\n"
        "    assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, sqlite_url], check=True)


def test_every_table_of_both_packages_is_known_to_the_migrations() -> None:
    script = dedent("""
        import importlib, pkgutil
        from laiwang_bridge.database.tables import metadata

        known = set(metadata.tables)
        for package in ("appservice", "laiwang_bridge"):
            folders = importlib.import_module(package).__path__
            for module in pkgutil.walk_packages(folders, f"{package}."):
                if "__main__" not in module.name and ".versions" not in module.name:
                    importlib.import_module(module.name)
        assert set(metadata.tables) == known, set(metadata.tables) - known
    """)
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)


def test_a_copy_can_be_made_while_the_database_is_in_use(sqlite_url: str, two_revisions: Schema) -> None:
    build(sqlite_url, "0001", two_revisions)
    reader = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    reader.execute("pragma journal_mode=wal")
    reader.execute("begin")
    reader.execute("select count(*) from person").fetchone()
    assert migrate(sqlite_url, two_revisions).changed
    reader.close()
