"""Leases: which of several processes works on a lane of the outbox. Who does not renew in time has lost it."""

from __future__ import annotations

import time

from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from appservice.database import metadata

outbox_lease = Table(
    "outbox_lease",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)


def claim(connection: Connection, lane: str, owner: str, seconds: float) -> bool:
    """Take a lane for this process for some time; False while another process has it.

    The database's clock counts, so that processes on machines that disagree about the time still agree on this.
    """
    now = _clock_of(connection)
    until = now + int(seconds * 1000)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    take = dialect.insert(outbox_lease).values(lane=lane, owner=owner, until=until)
    free = or_(outbox_lease.c.until < now, outbox_lease.c.owner == owner)
    statement = take.on_conflict_do_update(index_elements=["lane"], set_={"owner": owner, "until": until}, where=free)
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def renew(connection: Connection, lane: str, owner: str, seconds: float) -> bool:
    """Keep a lane that this process has taken; False if it has it no longer."""
    held = (outbox_lease.c.lane == lane, outbox_lease.c.owner == owner)
    until = _clock_of(connection) + int(seconds * 1000)
    return connection.execute(update(outbox_lease).where(*held).values(until=until)).rowcount == 1


def release(connection: Connection, lane: str, owner: str) -> None:
    connection.execute(delete(outbox_lease).where(outbox_lease.c.lane == lane, outbox_lease.c.owner == owner))


def _clock_of(connection: Connection) -> int:
    """The database's time in milliseconds."""
    if connection.dialect.name == "sqlite":
        return time.time_ns() // 1_000_000
    seconds = connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
    return int(seconds * 1000)
