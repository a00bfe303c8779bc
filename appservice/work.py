"""Database work: a plain synchronous function over a connection, run within one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")
Work = Callable[[Connection], T]
Durability = Literal["full", "normal"]


def do(work: Work[T], connection: Connection) -> T:
    """Do the work; a stray `StopIteration`, which no future can carry, becomes a RuntimeError."""
    try:
        return work(connection)
    except StopIteration as error:
        raise RuntimeError("the work raised StopIteration") from error


def in_transaction(engine: Engine, work: Work[T]) -> T:
    with engine.connect() as connection, connection.begin():
        return do(work, connection)
