"""Pieces of the road for tests: events as a homeserver sends them, a clock to turn, an inbox with its dispatcher."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, select

import appservice.ghosts
import appservice.outbox
import appservice.rooms  # noqa: F401 - for their tables
from appservice import inbox
from appservice.database import Database, metadata
from appservice.dispatch import Dispatcher
from appservice.events import Event
from appservice.inbox import Inbox
from appservice.routes import Routes
from appservice.transaction import Transaction
from appservice.unit import Unit
from tests.support.tables import make_tables

SECRET = b"a secret for tests"
# What handlers under test note down counts only if their unit committed.
_own = MetaData()
_notes = Table("test_note", _own, Column("number", Integer, primary_key=True), Column("note", Text, nullable=False))
numbers = itertools.count()


class Clock:
    """Shows the real time, shifted as far as it was turned."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> int:
        return int((time.time() + self.shift) * 1000)

    def turn(self, seconds: float) -> None:
        self.shift += seconds


def event(room: str = "!room", body: str = "hello", **more: Any) -> dict[str, Any]:
    """A message as it stands in a transaction, with an event id of its own."""
    return {
        "event_id": f"$event-{next(numbers)}",
        "room_id": room,
        "sender": "@lin:localhost",
        "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": body},
        "origin_server_ts": 1,
        **more,
    }


def state_event(type: str, content: Mapping[str, Any], room: str = "!room", **more: Any) -> dict[str, Any]:
    return event(room, type=type, content=content, **{"state_key": "", **more})


def transaction(*events: Any, txn_id: str | None = None, **more: Any) -> Transaction:
    return Transaction(txn_id or f"txn-{next(numbers)}", events, **more)


@asynccontextmanager
async def open_road(url: str) -> AsyncIterator[Database]:
    """A database with the tables of this test's modules, closed afterwards."""
    database = Database(url)
    make_tables(database.engine, metadata, _own)
    try:
        yield database
    finally:
        await database.close()


def note(unit: Unit, text: str) -> None:
    """For a handler to leave a trace in its transaction."""
    unit.connection.execute(_notes.insert(), {"note": text})


async def notes(database: Database) -> list[str]:
    """What handlers noted, in the order in which they did."""
    statement = select(_notes.c.note).order_by(_notes.c.number)
    return list(await database.read(lambda connection: connection.execute(statement).scalars().all()))


async def has_notes(database: Database, number: int) -> bool:
    return len(await notes(database)) >= number


def count(table: Table, *conditions: Any) -> Callable[[Connection], int]:
    return lambda connection: connection.execute(
        select(func.count()).select_from(table).where(*conditions)
    ).scalar_one()


def routes_for(handler: Callable[[Unit, Event], None]) -> Routes:
    """Only messages are handled, by this."""
    routes = Routes()
    routes.on_event("m.room.message", handler)
    return routes


def note_body(unit: Unit, event: Event) -> None:
    note(unit, event.body)


async def errors(database: Database) -> list[tuple[int, int, str]]:
    """State, attempts and error of the entries that went wrong."""
    box = inbox.inbox.c
    statement = select(box.state, box.attempts, box.error).where(box.error.is_not(None)).order_by(box.seq)
    return [(row[0], row[1], row[2]) for row in await database.read(lambda c: c.execute(statement).all())]


class Desk:
    """An inbox and the dispatcher that works it off, as a service has them."""

    def __init__(self, database: Database, routes: Routes, clock: Callable[[], int], **options: Any) -> None:
        self.database = database
        self.woken: list[str] = []
        options = {"workers": 8, "retry_after": (0.01, 0.02, 0.03), **options}
        self.dispatcher = Dispatcher(
            database, routes, wake_outbox=self.woken.append, secret=SECRET, clock=clock, **options
        )
        self.inbox = Inbox(database, self.dispatcher.wake, clock)

    async def settled(self) -> bool:
        """Whether every entry was handled or given up."""
        return not await self.database.read(inbox.waiting_lanes)


@asynccontextmanager
async def open_desk(
    database: Database, routes: Routes, clock: Callable[[], int] | None = None, **options: Any
) -> AsyncIterator[Desk]:
    desk = Desk(database, routes, clock or Clock(), **options)
    await desk.dispatcher.start()
    try:
        yield desk
    finally:
        await desk.dispatcher.close()
