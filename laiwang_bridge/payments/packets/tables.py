"""The tables of red packets, and what the database itself guards of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from appservice.database import metadata
from appservice.sql import Sequence64

packet = Table(
    "packet",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("room_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("person", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("user_id", Text),
    Column("command", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("left", BigInteger, nullable=False),
    Column("parts_left", Integer, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("for_some", Boolean, nullable=False),
    Column("bot", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("card_key", Text, nullable=False, index=True),
    Column("shown_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("tells_late", Boolean, nullable=False),
    UniqueConstraint("room_id", "number"),
    CheckConstraint("parts_left BETWEEN 0 AND parts", name="parts"),
    CheckConstraint(
        "state <> 'open' OR (\"left\" BETWEEN parts_left AND total AND returned = 0)",
        name="open",
    ),
    CheckConstraint(
        "state NOT IN ('empty', 'expired', 'withdrawn') OR (\"left\" = 0 AND returned BETWEEN 0 AND total)",
        name="over",
    ),
    Index("ix_packet_open", "room_id", "state"),
    sqlite_autoincrement=True,
)


def column_of_packet(**options: Any) -> Column[Any]:
    """A column that names a packet, whose row goes when the packet does."""
    return Column("packet", Sequence64, ForeignKey("packet.id", ondelete="CASCADE"), **options)


packet_part = Table(
    "packet_part",
    metadata,
    column_of_packet(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("person", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("user_id", Text),
    Column("amount", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("packet", "person"),
    UniqueConstraint("packet", "user_id"),
    CheckConstraint("amount > 0", name="amount"),
)
# By these whoever was forgotten is recognised, by whichever account he comes: he has had his part.
packet_mark = Table(
    "packet_mark",
    metadata,
    column_of_packet(primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
packet_guest = Table(
    "packet_guest",
    metadata,
    column_of_packet(primary_key=True),
    Column("user_id", Text, primary_key=True),
)
packet_late = Table(
    "packet_late",
    metadata,
    column_of_packet(primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("told", Boolean, nullable=False),
)
packet_room = Table(
    "packet_room",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("allowed", Boolean, nullable=False),
    Column("points", Boolean, nullable=False),
    Column("most", BigInteger),
)
