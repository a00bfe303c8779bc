"""What end-to-end encryption needs of a transaction, kept from the first day on (MSC3202, MSC4203)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text, delete

from appservice.database import metadata, storable
from appservice.sql import Sequence64, upsert
from appservice.transaction import Transaction

to_device_message = Table(
    "to_device_message",
    metadata,
    Column("seq", Sequence64, primary_key=True, autoincrement=True),
    Column("to_user", Text, nullable=False),
    Column("to_device", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Index("ix_to_device_message_to", "to_user", "to_device", "seq"),
    sqlite_autoincrement=True,
)
device_list_change = Table(
    "device_list_change",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("left", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
one_time_key_count = Table(
    "one_time_key_count",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("counts", LargeBinary, nullable=False),
    Column("unused_fallback_types", LargeBinary),
    Column("updated_at", BigInteger, nullable=False),
)


def store(connection: Connection, transaction: Transaction, now: int) -> None:
    """Keep the to-device messages, device list changes and key counts of a transaction."""
    if transaction.to_device:
        _store_to_device(connection, transaction.to_device, now)
    for users, left in ((transaction.device_lists_changed, 0), (transaction.device_lists_left, 1)):
        for user in users:
            upsert(connection, device_list_change, {"user_id": storable(user), "left": left, "changed_at": now})
    _store_key_counts(connection, transaction, now)


def forget_person(connection: Connection, user: UserID) -> None:
    """Somebody wants nothing to be kept of what his devices sent and said."""
    connection.execute(delete(to_device_message).where(to_device_message.c.sender == user))
    connection.execute(delete(device_list_change).where(device_list_change.c.user_id == user))


def _store_to_device(connection: Connection, messages: Sequence[Mapping[str, Any]], now: int) -> None:
    rows = [
        {
            "to_user": storable(str(message.get("to_user_id", ""))),
            "to_device": storable(str(message.get("to_device_id", ""))),
            "sender": storable(str(message.get("sender", ""))),
            "type": storable(str(message.get("type", ""))),
            "content": orjson.dumps(message.get("content", {})),
            "received_at": now,
        }
        for message in messages
    ]
    connection.execute(to_device_message.insert(), rows)


def _store_key_counts(connection: Connection, transaction: Transaction, now: int) -> None:
    for user, devices in transaction.one_time_key_counts.items():
        for device, counts in devices.items():
            fallback = transaction.unused_fallback_key_types.get(user, {}).get(device)
            values = {
                "user_id": storable(user),
                "device_id": storable(device),
                "counts": orjson.dumps(counts),
                "unused_fallback_types": None if fallback is None else orjson.dumps(fallback),
                "updated_at": now,
            }
            upsert(connection, one_time_key_count, values)
