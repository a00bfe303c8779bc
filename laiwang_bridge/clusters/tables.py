"""The tables of clusters: what they are, who is inside, invited, waiting, banned or named.

Nothing here is ever written into room state or shown to a third person: who came through whom is known here alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from appservice.database import metadata
from appservice.sql import Sequence64
from laiwang_bridge.people.store import column_of_person


def column_of_cluster(name: str, **options: Any) -> Column[Any]:
    """A column that names a cluster, whose row goes when the cluster does."""
    return Column(name, Text, ForeignKey("cluster.id", ondelete="CASCADE"), **options)


cluster = Table(
    "cluster",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, unique=True),
    # Where people knock: the local part of its alias, and its room once that is there.
    Column("porch", Text, unique=True),
    Column("porch_room_id", Text, unique=True),
    # The initiator may ask to be forgotten; the cluster then goes on without one.
    Column("initiator", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("seed", Text),
    Column("reach", Text, nullable=False),
    Column("cap", Integer),
    Column("lifecycle", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("let_in", Integer, nullable=False, default=0),
    Column("drains_at", BigInteger, nullable=False, default=0),
    # Its life, see `ages.Life`.
    Column("changed_at", BigInteger),
    Column("reopens_as", Text),
    Column("kept", Boolean, nullable=False, default=False),
    Column("ends_at", BigInteger),
    Column("commerce", Boolean),
    Column("told_full", Boolean, nullable=False, default=False),
    Column("fast_at", BigInteger),
)
stay = Table(
    "stay",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True),
    Column("hop", Integer, nullable=False),
    Column("sponsors", LargeBinary, nullable=False),
    Column("exposure", Text, nullable=False),
    # Who is loud towards one list alone is quiet here, so that he is when the list is deleted.
    Column("exposed_to", Sequence64, ForeignKey("friend_list.id", ondelete="SET NULL"), index=True),
    Column("joined_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    sqlite_with_rowid=False,
)
Index("ix_stay_inside", stay.c.person, sqlite_where=stay.c.left_at.is_(None), postgresql_where=stay.c.left_at.is_(None))
# Seats are counted for each cluster that anybody looks at.
Index("ix_stay_seat", stay.c.cluster, sqlite_where=stay.c.left_at.is_(None), postgresql_where=stay.c.left_at.is_(None))
invitation = Table(
    "cluster_invitation",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True),
    Column("invited_at", BigInteger, nullable=False),
    Index("ix_cluster_invitation_person", "person"),
)
ban = Table(
    "cluster_ban",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_cluster_ban_person", "person"),
)
queue = Table(
    "cluster_queue",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Index("ix_cluster_queue_person", "person"),
)
# Whom the initiator of a closed cluster named, and the lists that one with the reach `list` is for.
cluster_named = Table(
    "cluster_named",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True),
    Index("ix_cluster_named_person", "person"),
    sqlite_with_rowid=False,
)
cluster_list = Table(
    "cluster_list",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    Column("list", Sequence64, ForeignKey("friend_list.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_cluster_list_list", "list"),
    sqlite_with_rowid=False,
)
