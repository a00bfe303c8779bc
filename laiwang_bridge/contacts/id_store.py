"""Who has whose Matrix id in his address book: the table and the queries on it.

An id is proven by whoever writes from it. So it makes finding mutual like a number that was proven; nobody is found by
it who wants to be found by none of his numbers and addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Index, Table, bindparam, case, delete, func, select

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import among, upsert_all
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

_BEHIND = Prepared(select(matrix_id.c.user_id, matrix_id.c.person).where(among(matrix_id.c.user_id, "users")))
_SHOWN = func.sum(case((address.c.findable != Findable.NOBODY, 1), else_=0))
_HIDDEN = Prepared(
    select(address.c.person).where(among(address.c.person, "persons")).group_by(address.c.person).having(_SHOWN == 0)
)
_HOLDERS = Prepared(
    select(contact_holding_id.c.holder).where(
        contact_holding_id.c.other == bindparam("owner"), among(contact_holding_id.c.holder, "persons")
    )
)


def people_of(connection: Connection, users: Iterable[UserID]) -> dict[UserID, PersonId]:
    """Who is behind these ids, as far as they are here and let themselves be found."""
    rows = _BEHIND.all(connection, users=list(dict.fromkeys(users)))
    found = {UserID(row.user_id): PersonId(row.person) for row in rows}
    hidden = hidden_among(connection, found.values())
    return {user: person for user, person in found.items() if person not in hidden}


def hidden_among(connection: Connection, persons: Iterable[PersonId]) -> set[PersonId]:
    """Those who have proven numbers or addresses, and want to be found by none of them."""
    return {PersonId(one) for one in _HIDDEN.scalars(connection, persons=list(persons))}


def hold(connection: Connection, holder: PersonId, others: Iterable[PersonId], now: int) -> None:
    """Somebody has the ids of these in his book."""
    rows = [{"holder": holder, "other": other, "since": now} for other in sorted(set(others))]
    upsert_all(connection, contact_holding_id, rows)


def holders(connection: Connection, owner: PersonId, persons: Collection[PersonId]) -> set[PersonId]:
    """Which of these people have the id of somebody."""
    return {PersonId(one) for one in _HOLDERS.scalars(connection, owner=owner, persons=list(persons))}


def holds(connection: Connection, holder: PersonId, other: PersonId) -> bool:
    """Whether somebody has the id of another."""
    return bool(holders(connection, other, [holder]))


def forget(connection: Connection, holder: PersonId) -> None:
    connection.execute(delete(contact_holding_id).where(contact_holding_id.c.holder == holder))


def forget_old(connection: Connection, before: int) -> None:
    """Drop what was not sent again since a time."""
    connection.execute(delete(contact_holding_id).where(contact_holding_id.c.since < before))
