"""What people call each other for themselves: a private remark on somebody, shown to nobody but its writer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Column, Connection, Index, Table, Text, bindparam, delete, select

from appservice.database import metadata
from appservice.prepared import Prepared, Question
from appservice.sql import among, upsert
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

LONGEST_REMARK = 60

remark = Table(
    "remark",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_person("about", primary_key=True),
    Column("text", Text, nullable=False),
    Index("ix_remark_about", "about"),
    sqlite_with_rowid=False,
)
_ABOUT_THESE = Prepared(
    select(remark.c.about, remark.c.text).where(
        remark.c.person == bindparam("writer"), among(remark.c.about, "persons")
    )
)


def put_remark(connection: Connection, writer: PersonId, about: PersonId, text: str) -> None:
    """Write a remark, in the place of an earlier one. An empty one takes it away."""
    shown = readable(text)[:LONGEST_REMARK].strip()
    if shown:
        upsert(connection, remark, {"person": writer, "about": about, "text": shown})
    else:
        drop_remark(connection, writer, about)


def drop_remark(connection: Connection, writer: PersonId, about: PersonId) -> bool:
    """Returns whether there was one."""
    return connection.execute(delete(remark).where(remark.c.person == writer, remark.c.about == about)).rowcount > 0


def remark_about(connection: Connection, writer: PersonId, about: PersonId) -> str | None:
    statement = select(remark.c.text).where(remark.c.person == writer, remark.c.about == about)
    return connection.execute(statement).scalar()


def remarks_about(writer: PersonId, persons: Collection[PersonId]) -> Question[dict[PersonId, str]]:
    """What somebody has written about these persons."""
    return _ABOUT_THESE.question(
        lambda rows: {PersonId(row.about): row.text for row in rows}, writer=writer, persons=list(persons)
    )


def remarks_of(connection: Connection, writer: PersonId) -> dict[PersonId, str]:
    """All that somebody has written, by whom it is about."""
    rows = connection.execute(select(remark.c.about, remark.c.text).where(remark.c.person == writer))
    return {PersonId(row.about): row.text for row in rows}
