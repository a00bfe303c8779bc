"""Timers: what is to happen at a certain time, kept until then and turned into an entry of the inbox."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text, bindparam, delete, func, select

from appservice import inbox
from appservice.database import metadata
from appservice.inbox import Kind
from appservice.prepared import Prepared
from appservice.sql import upsert_all
from appservice.unit import Timer

inbox_timer = Table(
    "inbox_timer",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("context", LargeBinary, nullable=False),
)


_DUE = Prepared(
    select(inbox_timer)
    .where(inbox_timer.c.due_at <= bindparam("now"))
    .order_by(inbox_timer.c.due_at)
    .limit(bindparam("most"))
)
_CANCEL = Prepared(delete(inbox_timer).where(inbox_timer.c.key == bindparam("which")))
_NEXT = Prepared(select(func.min(inbox_timer.c.due_at)))


def set_timers(connection: Connection, timers: Iterable[Timer]) -> None:
    """Set these, each in the place of an earlier one with its key."""
    rows = [
        {
            "key": timer.key,
            "name": timer.name,
            "lane": timer.lane,
            "due_at": timer.due_at,
            "context": orjson.dumps(dict(timer.context)),
        }
        for timer in timers
    ]
    upsert_all(connection, inbox_timer, rows)


def cancel_timer(connection: Connection, key: str) -> None:
    _CANCEL.run(connection, which=key)


def ring(connection: Connection, now: int, limit: int = 500) -> list[str]:
    """Turn the timers that are due into entries; returns the lanes that have something to do now."""
    due = _DUE.all(connection, now=now, most=limit)
    for timer in due:
        body = {"name": timer.name, "key": timer.key, "context": orjson.loads(timer.context)}
        inbox.put(connection, f"timer:{timer.key}@{timer.due_at}", timer.lane, Kind.TIMER, body, now)
        cancel_timer(connection, timer.key)
    return [timer.lane for timer in due]


def next_timer_at(connection: Connection) -> int | None:
    earliest: int | None = _NEXT.scalar(connection)
    return earliest
