"""Those whom somebody waits for, the login of his address book, what he wants asked: kept because he said so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Table, Text, delete, insert, select

from appservice.database import metadata
from appservice.sql import insert_ignoring, upsert
from laiwang_bridge.contacts.rules import DAY_MS
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

WATCH_MS = 90 * DAY_MS

contact_watcher = Table(
    "contact_watcher",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
)
contact_watch = Table(
    "contact_watch",
    metadata,
    column_of_person("person", primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Index("ix_contact_watch_mark", "mark"),
    sqlite_with_rowid=False,
)
contact_look_up = Table(
    "contact_look_up",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
)
contact_account = Table(
    "contact_account",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
)


def is_watching(connection: Connection, person: PersonId) -> bool:
    statement = select(contact_watcher.c.since).where(contact_watcher.c.person == person)
    return connection.execute(statement).first() is not None


def start_watching(connection: Connection, person: PersonId, now: int) -> None:
    connection.execute(insert_ignoring(connection, contact_watcher), {"person": person, "since": now})


def stop_watching(connection: Connection, person: PersonId) -> bool:
    """Forget whom somebody waits for; returns whether he did."""
    connection.execute(delete(contact_watch).where(contact_watch.c.person == person))
    return connection.execute(delete(contact_watcher).where(contact_watcher.c.person == person)).rowcount > 0


def watch(connection: Connection, person: PersonId, marks: Iterable[str], now: int) -> None:
    """Wait for whoever proves one of these addresses."""
    wanted = list(dict.fromkeys(marks))
    for start in range(0, len(wanted), 500):
        batch = wanted[start : start + 500]
        connection.execute(
            delete(contact_watch).where(contact_watch.c.person == person, contact_watch.c.mark.in_(batch))
        )
        rows = [{"person": person, "mark": mark, "expires_at": now + WATCH_MS} for mark in batch]
        connection.execute(insert(contact_watch), rows)


def take_watchers(connection: Connection, mark: str, now: int) -> list[PersonId]:
    """Who waited for this address; they wait no longer."""
    here = contact_watch.c.mark == mark
    statement = select(contact_watch.c.person).where(here, contact_watch.c.expires_at > now)
    waiting = [PersonId(person) for person in connection.execute(statement.order_by(contact_watch.c.person)).scalars()]
    connection.execute(delete(contact_watch).where(here))
    return waiting


def wants_look_up(connection: Connection, person: PersonId) -> bool:
    """Whether an identity server may be asked about his contacts."""
    statement = select(contact_look_up.c.since).where(contact_look_up.c.person == person)
    return connection.execute(statement).first() is not None


def choose_look_up(connection: Connection, person: PersonId, wish: bool, now: int) -> None:
    connection.execute(delete(contact_look_up).where(contact_look_up.c.person == person))
    if wish:
        connection.execute(insert(contact_look_up), {"person": person, "since": now})


def sealed_account(connection: Connection, person: PersonId) -> bytes | None:
    sealed = connection.execute(select(contact_account.c.sealed).where(contact_account.c.person == person)).scalar()
    return None if sealed is None else bytes(sealed)


def put_account(connection: Connection, person: PersonId, sealed: bytes, now: int) -> None:
    upsert(connection, contact_account, {"person": person, "sealed": sealed, "since": now})


def drop_account(connection: Connection, person: PersonId) -> bool:
    """Returns whether there was one."""
    return connection.execute(delete(contact_account).where(contact_account.c.person == person)).rowcount > 0


def forget(connection: Connection, person: PersonId) -> None:
    stop_watching(connection, person)
    choose_look_up(connection, person, False, 0)
    drop_account(connection, person)


def forget_old(connection: Connection, now: int) -> None:
    connection.execute(delete(contact_watch).where(contact_watch.c.expires_at < now))


def export(connection: Connection, person: PersonId) -> dict[str, Any]:
    """What somebody asked to be kept. The marks cannot be read by anybody, so only when they end is told."""
    ends = connection.execute(select(contact_watch.c.expires_at).where(contact_watch.c.person == person)).scalars()
    since = connection.execute(select(contact_account.c.since).where(contact_account.c.person == person)).scalar()
    return {
        "tells_me_when_they_come": is_watching(connection, person),
        "waits_until": max(ends, default=None),
        "login_remembered_since": since,
        "asks_an_identity_server": wants_look_up(connection, person),
    }
