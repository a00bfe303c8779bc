"""Private lists of friends: tables and the queries on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import Sequence64, among, insert_ignoring
from laiwang_bridge.people.lists import FriendList, exposure_at_first, folded
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import Exposure, ListId, PersonId
from laiwang_bridge.people.store import column_of_person, friendship

friend_list = Table(
    "friend_list",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("owner", nullable=False),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("exposure", Text),
    UniqueConstraint("owner", "folded"),
    sqlite_autoincrement=True,
)
# Only friends are on a list: with the friendship its row goes.
friend_list_member = Table(
    "friend_list_member",
    metadata,
    Column("list", Sequence64, ForeignKey("friend_list.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Sequence64, primary_key=True),
    Column("owner", Sequence64, nullable=False),
    ForeignKeyConstraint(["owner", "person"], ["friendship.person", "friendship.friend"], ondelete="CASCADE"),
    Index("ix_friend_list_member_owner", "owner", "person"),
    sqlite_with_rowid=False,
)


_LISTS_WITH = Prepared(
    select(friend_list)
    .where(
        friend_list.c.id.in_(
            select(friend_list_member.c.list).where(
                friend_list_member.c.owner == bindparam("owner"), among(friend_list_member.c.person, "persons")
            )
        )
    )
    .order_by(friend_list.c.id)
)


def lists_of(connection: Connection, owner: PersonId) -> list[FriendList]:
    """Somebody's lists, the first first."""
    rows = connection.execute(select(friend_list).where(friend_list.c.owner == owner).order_by(friend_list.c.id))
    return [_list(row) for row in rows]


def list_named(connection: Connection, owner: PersonId, name: str) -> FriendList | None:
    """The list of this name, in whatever case and width it is written."""
    this = (friend_list.c.owner == owner, friend_list.c.folded == folded(name))
    row = connection.execute(select(friend_list).where(*this)).first()
    return None if row is None else _list(row)


def find_list(connection: Connection, id: ListId) -> FriendList | None:
    row = connection.execute(select(friend_list).where(friend_list.c.id == id)).first()
    return None if row is None else _list(row)


def members_of(connection: Connection, id: ListId) -> list[PersonId]:
    """Who is on a list, in the order in which they became friends."""
    here = friend_list_member
    statement = (
        select(here.c.person)
        .join(friendship, (friendship.c.person == here.c.owner) & (friendship.c.friend == here.c.person))
        .where(here.c.list == id)
        .order_by(friendship.c.since, here.c.person)
    )
    return [PersonId(one) for one in connection.execute(statement).scalars()]


def lists_with(connection: Connection, owner: PersonId, persons: Iterable[PersonId]) -> list[FriendList]:
    """Those lists of somebody on which any of these persons is."""
    return [_list(row) for row in _LISTS_WITH.all(connection, owner=owner, persons=list(persons))]


def put_list(connection: Connection, owner: PersonId, name: str) -> FriendList:
    """The list of this name, made if there is none yet; a list for work begins quiet."""
    known = list_named(connection, owner, name)
    if known is not None:
        return known
    shown, exposure = readable(name), exposure_at_first(name)
    new = insert(friend_list).values(owner=owner, name=shown, folded=folded(name), exposure=exposure)
    made = connection.execute(new).inserted_primary_key
    assert made is not None
    return FriendList(ListId(made[0]), owner, shown, exposure)


def rename(connection: Connection, id: ListId, name: str) -> None:
    """Raises `IntegrityError` if another list of the same owner is called so."""
    values = {"name": readable(name), "folded": folded(name)}
    connection.execute(update(friend_list).where(friend_list.c.id == id).values(values))


def delete_list(connection: Connection, id: ListId) -> None:
    connection.execute(delete(friend_list).where(friend_list.c.id == id))


def add(connection: Connection, one: FriendList, persons: Iterable[PersonId]) -> list[PersonId]:
    """Put friends of the owner on a list; anybody else is left out. Returns who is on it now that was not before."""
    of_owner = (friendship.c.person == one.owner, friendship.c.friend.in_(list(persons)))
    friends = connection.execute(select(friendship.c.friend).where(*of_owner)).scalars().all()
    new = sorted(set(friends) - set(members_of(connection, one.id)))
    rows = [{"list": one.id, "owner": one.owner, "person": friend} for friend in new]
    if rows:
        connection.execute(insert_ignoring(connection, friend_list_member), rows)
    return [PersonId(friend) for friend in new]


def remove(connection: Connection, id: ListId, persons: Iterable[PersonId]) -> int:
    """Take people off a list; returns how many were on it."""
    here = (friend_list_member.c.list == id, friend_list_member.c.person.in_(list(persons)))
    return connection.execute(delete(friend_list_member).where(*here)).rowcount


def set_list_exposure(connection: Connection, id: ListId, exposure: Exposure | None) -> None:
    connection.execute(update(friend_list).where(friend_list.c.id == id).values(exposure=exposure))


def _list(row: Any) -> FriendList:
    exposure = Exposure(row.exposure) if row.exposure else None
    return FriendList(ListId(row.id), PersonId(row.owner), row.name, exposure)
