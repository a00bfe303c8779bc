"""Which tables there should be, and which there are: told apart without alembic, so that a usual start stays light."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, delete, insert, select, text

from laiwang_bridge.database.errors import NotOurs, UnusableDatabase
from laiwang_bridge.database.tables import metadata

_FILE = re.compile(r"(\d{4})_\w+\.py")
# A table that nobody else has -> whose database it is.
_KNOWN_PROGRAMS = {
    "room_memberships": "Synapse",
    "roomserver_rooms": "Dendrite",
    "mx_user_profile": "a mautrix bridge",
}
_TABLES_SHOWN = 3

revision_table = Table("laiwang_schema", MetaData(), Column("revision", Text, primary_key=True))
"""One row: the revision that the tables have. Its name is ours alone; other programs take `alembic_version`."""


@dataclass(frozen=True, slots=True)
class Schema:
    """All revisions of our tables: files in `folder` (`0001_what.py`, …); `newest` is what they lead to."""

    folder: Path
    newest: MetaData

    @property
    def revisions(self) -> list[str]:
        return sorted(match[1] for path in self.folder.iterdir() if (match := _FILE.fullmatch(path.name)))

    @property
    def head(self) -> str:
        return self.revisions[-1]


OURS = Schema(Path(__file__).with_name("versions"), metadata)


class Standing(Enum):
    """How the tables of a database stand to those that this program works with."""

    EMPTY = auto()
    CURRENT = auto()
    OLD = auto()
    NEWER = auto()
    """Made by a newer version of this program."""
    FOREIGN = auto()
    """There are tables, and we did not make them."""


@dataclass(frozen=True, slots=True)
class State:
    """What is in a database. `revision` is None where our tables are not; `strangers` are the tables of others."""

    standing: Standing
    revision: str | None
    head: str
    strangers: tuple[str, ...] = ()
    encoding: str = "UTF8"

    @property
    def refusal(self) -> UnusableDatabase | None:
        """Why we must not touch this database; None when we may."""
        if self.standing is Standing.NEWER:
            return NotOurs(
                f"The database has revision {self.revision}, and this version of laiwang-bridge knows only those up "
                f"to {self.head}.",
                "Install the newer version again, or restore the backup from before the upgrade.",
            )
        if self.standing is Standing.FOREIGN:
            return NotOurs(
                f"The database belongs to {self._owner}: it has {_listed(self.strangers)}.",
                "Give laiwang-bridge a database of its own (database.url).",
            )
        if self.encoding != "UTF8":
            return UnusableDatabase(
                f"The database is in {self.encoding}, and not everything that people write can be kept in that.",
                "Make a new one: createdb --encoding=UTF8 --template=template0 --owner=USER NAME.",
            )
        return None

    @property
    def _owner(self) -> str:
        owners = [program for table, program in _KNOWN_PROGRAMS.items() if table in self.strangers]
        return owners[0] if owners else "another program"


def read_state(connection: Connection, schema: Schema) -> State:
    """Look at a database; it is not changed."""
    tables = _tables(connection)
    encoding = _encoding(connection)
    head = schema.head
    if revision_table.name in tables:
        revision = connection.execute(select(revision_table.c.revision)).scalar_one()
        return State(_standing(revision, schema), revision, head, encoding=encoding)
    standing = Standing.FOREIGN if tables else Standing.EMPTY
    return State(standing, None, head, tuple(sorted(tables)), encoding)


def note_revision(connection: Connection, revision: str) -> None:
    """Write down which revision the tables have now."""
    revision_table.create(connection, checkfirst=True)
    connection.execute(delete(revision_table))
    connection.execute(insert(revision_table).values(revision=revision))


def _standing(revision: str, schema: Schema) -> Standing:
    revisions = schema.revisions
    if revision == revisions[-1]:
        return Standing.CURRENT
    return Standing.OLD if revision in revisions else Standing.NEWER


def _tables(connection: Connection) -> Collection[str]:
    if connection.dialect.name == "sqlite":
        statement = "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"
    else:  # the catalogue itself: the information schema hides what we may not read
        statement = "select tablename from pg_tables where schemaname = any(current_schemas(false))"
    return set(connection.execute(text(statement)).scalars())


def _encoding(connection: Connection) -> str:
    """How texts are kept; PostgreSQL leaves that to whoever made the database."""
    if connection.dialect.name == "sqlite":
        return "UTF8"
    return str(connection.execute(text("show server_encoding")).scalar_one())


def _listed(tables: Iterable[str]) -> str:
    names = list(tables)
    known = [name for name in names if name in _KNOWN_PROGRAMS]
    shown = (known + [name for name in names if name not in known])[:_TABLES_SHOWN]
    noun = "the table" if len(names) == 1 else "the tables"
    return f"{noun} {', '.join(shown)}{' and others' if len(names) > len(shown) else ''}"
