"""Who has whose Matrix id in his address book: the table and the queries on it.

An id is proven by whoever writes from it. So it makes finding mutual like a number that was proven; nobody is found by
it who wants to be found by none of his numbers and addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Index, Table, case, delete, func, select

from appservice.database import metadata
from appservice.sql import upsert
from laiwang_bridge.people.address_store import address
from laiwang_bridge.people.addresses import Findable
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person, matrix_id

contact_holding_id = Table(
    "contact_holding_id",
    metadata,
    column_of_person("holder", primary_key=True),
    column_of_person("other", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_contact_holding_id_other", "other"),
    sqlite_with_rowid=False,
)

_AT_ONCE = 500
_T = TypeVar("_T")


def people_of(connection: Connection, users: Iterable[UserID]) -> dict[UserID, PersonId]:
    """Who is behind these ids, as far as they are here and let themselves be found."""
    found: dict[UserID, PersonId] = {}
    for some in _batches(users):
        rows = connection.execute(select(matrix_id).where(matrix_id.c.user_id.in_(some)))
        found |= {UserID(row.user_id): PersonId(row.person) for row in rows}
    hidden = hidden_among(connection, found.values())
    return {user: person for user, person in found.items() if person not in hidden}


def hidden_among(connection: Connection, persons: Iterable[PersonId]) -> set[PersonId]:
    """Those who have proven numbers or addresses, and want to be found by none of them."""
    hidden: set[PersonId] = set()
    for some in _batches(persons):
        shown = func.sum(case((address.c.findable != Findable.NOBODY, 1), else_=0))
        several = (
            select(address.c.person).where(address.c.person.in_(some)).group_by(address.c.person).having(shown == 0)
        )
        hidden |= {PersonId(one) for one in connection.execute(several).scalars()}
    return hidden


def hold(connection: Connection, holder: PersonId, others: Iterable[PersonId], now: int) -> None:
    """Somebody has the ids of these in his book."""
    for other in sorted(set(others)):
        upsert(connection, contact_holding_id, {"holder": holder, "other": other, "since": now})


def holders(connection: Connection, owner: PersonId, among: Collection[PersonId]) -> set[PersonId]:
    """Which of these people have the id of somebody."""
    table, found = contact_holding_id, set[PersonId]()
    for some in _batches(among):
        rows = connection.execute(select(table.c.holder).where(table.c.other == owner, table.c.holder.in_(some)))
        found |= {PersonId(one) for one in rows.scalars()}
    return found


def holds(connection: Connection, holder: PersonId, other: PersonId) -> bool:
    """Whether somebody has the id of another."""
    table = contact_holding_id
    here = (table.c.holder == holder, table.c.other == other)
    return connection.execute(select(table.c.since).where(*here)).first() is not None


def forget(connection: Connection, holder: PersonId) -> None:
    connection.execute(delete(contact_holding_id).where(contact_holding_id.c.holder == holder))


def forget_old(connection: Connection, before: int) -> None:
    """Drop what was not sent again since a time."""
    connection.execute(delete(contact_holding_id).where(contact_holding_id.c.since < before))


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Some at a time: databases bound how many values a statement may have."""
    rest = iter(dict.fromkeys(items))
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
