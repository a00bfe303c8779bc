"""What makes this database's bridge itself: its secrets, and how far in the homeserver's stream it has come."""

from __future__ import annotations

import secrets

from sqlalchemy import Column, Connection, LargeBinary, Table, Text, select

from appservice.database import metadata
from appservice.sql import insert_ignoring, upsert

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

SECRET_BYTES = 32


def secret(connection: Connection, name: str) -> bytes:
    """The secret of this name, made on first use and the same ever after."""
    fresh = {"name": name, "value": secrets.token_bytes(SECRET_BYTES)}
    connection.execute(insert_ignoring(connection, instance), fresh)
    return bytes(connection.execute(select(instance.c.value).where(instance.c.name == name)).scalar_one())


def recall(connection: Connection, name: str) -> bytes | None:
    """What was last kept under this name."""
    value = connection.execute(select(instance.c.value).where(instance.c.name == name)).scalar()
    return None if value is None else bytes(value)


def keep(connection: Connection, name: str, value: bytes) -> None:
    upsert(connection, instance, {"name": name, "value": value})
