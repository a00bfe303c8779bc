"""The tables of what is known of rooms and of who is in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from appservice.database import metadata

room = Table(
    "room",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("version", Text),
    Column("creator", Text),
    Column("privileged", LargeBinary),
    Column("predecessor", Text),
    Column("power_levels", LargeBinary),
    Column("name", Text),
    Column("encrypted", Boolean, nullable=False, default=False),
    # Whose direct chat this is; empty where the room has a purpose of its own, NULL where nobody has said.
    Column("direct_with", Text),
    Column("replacement", Text, index=True),
    Column("followed_at", BigInteger),
    Column("read_at", BigInteger),
)
room_member = Table(
    "room_member",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("membership", Text, nullable=False),
    Column("display_name", Text),
    Index("ix_room_member_user_id", "user_id", "membership"),
)
