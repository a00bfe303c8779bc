"""What was given up, for the admin: events that could not be handled, effects that could not be delivered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Table, delete, select, update

from appservice import outbox as outgoing
from appservice.inbox import State, done, inbox
from appservice.outbox import Delivery, outbox

_NUMBER = re.compile(r"(in|out)-(\d+)")


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing that was given up. `number` is "in-12" or "out-7"; `at` when it came up, in milliseconds. Nothing is
    left to be tried again of one that is `wiped`."""

    number: str
    at: int
    what: str
    where: str
    attempts: int
    error: str
    wiped: bool = False


class NoSuchLetter(LookupError):
    """There is no dead letter of this number."""


class WipedLetter(LookupError):
    """Nothing is left of a dead letter that could be tried again."""


def letters(connection: Connection) -> list[Letter]:
    """All of them, the oldest first."""
    arrived = connection.execute(select(inbox).where(_dead(inbox)))
    leaving = connection.execute(select(outbox).where(_dead(outbox)))
    found = [
        *(Letter(f"in-{row.seq}", row.received_at, _kind(row), row.lane, row.attempts, row.error) for row in arrived),
        *(
            Letter(f"out-{row.seq}", row.created_at, row.kind, row.lane, row.attempts, row.error, row.payload is None)
            for row in leaving
        ),
    ]
    return sorted(found, key=lambda letter: letter.at)


def content(connection: Connection, number: str) -> dict[str, Any]:
    """Everything that is kept of one, people's words included. Raises `NoSuchLetter`."""
    table, seq = _found(connection, number)
    row = connection.execute(select(table).where(table.c.seq == seq)).one()
    return {str(name): _readable(value) for name, value in row._mapping.items() if value is not None}


def retry(connection: Connection, numbers: Iterable[str]) -> None:
    """Let them be tried again, as if for the first time. Raises `NoSuchLetter`, and `WipedLetter` for the first of
    those of which nothing is left to be tried."""
    for number in numbers:
        table, seq = _found(connection, number)
        if table is outbox:
            if not outgoing.revive(connection, [seq]):
                raise WipedLetter(f"{number} cannot be tried again: what it was about is secret, and wiped. Drop it.")
        else:
            fresh = {"state": State.WAITING, "attempts": 0, "due_at": 0}
            connection.execute(update(inbox).where(inbox.c.seq == seq).values(fresh))


def drop(connection: Connection, numbers: Iterable[str]) -> None:
    """Forget them; an event that comes again is still known. Raises `NoSuchLetter`."""
    for number in numbers:
        table, seq = _found(connection, number)
        if table is outbox:
            connection.execute(delete(outbox).where(outbox.c.seq == seq))
        else:
            done(connection, seq)


def _dead(table: Table) -> Any:
    return table.c.state == Delivery.DEAD if table is outbox else table.c.state.in_((State.DEAD, State.ASIDE))


def _found(connection: Connection, number: str) -> tuple[Table, int]:
    match = _NUMBER.fullmatch(number)
    if match is not None:
        table, seq = (inbox if match[1] == "in" else outbox), int(match[2])
        if connection.execute(select(table.c.seq).where(table.c.seq == seq, _dead(table))).first() is not None:
            return table, seq
    raise NoSuchLetter(f"There is no dead letter {number!r}; `laiwang-bridge dead-letters` lists those there are.")


def _kind(row: Row[Any]) -> str:
    """What an inbox entry is: an event's type says more than that it is one."""
    try:
        body = orjson.loads(row.body or b"{}")
    except ValueError:
        return str(row.kind)
    told = body.get("type") or body.get("name") if isinstance(body, dict) else None
    return str(told or row.kind)


def _readable(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return f"{len(value)} bytes"
