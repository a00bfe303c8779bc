"""Proven addresses: the table and the queries on it. No address is kept in a form in which it can be read or guessed.

`mark` is HMAC-SHA256 under a key that should be outside the database (`contacts.key`): without it a copy of the
database cannot be searched for a number by trying all numbers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Connection, Table, Text, delete, insert, select, update

from appservice import instance
from appservice.database import metadata
from appservice.sql import Sequence64
from laiwang_bridge.people.addresses import AddressKind, Findable, Proof, ProvenAddress
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

address = Table(
    "address",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("person", nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("mark", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("proven_at", BigInteger, nullable=False),
    Column("findable", Text, nullable=False),
    sqlite_autoincrement=True,
)

_MARKS_AT_ONCE = 500


def address_key(connection: Connection, configured: str) -> bytes:
    """The key of the marks: what the admin configured, else a secret of this database."""
    return configured.encode() if configured else instance.secret(connection, "addresses")


def mark_of(key: bytes, kind: AddressKind | Literal["matrix"], value: str) -> str:
    """By this an address is recognised. `value` is in its canonical form."""
    return hmac.digest(key, f"{kind}\0{value}".encode(), hashlib.sha256).hex()


def proven(connection: Connection, marks: Iterable[str]) -> dict[str, ProvenAddress]:
    """Of these marks, those that somebody has proven, whoever may find them."""
    found: dict[str, ProvenAddress] = {}
    for batch in _batches(marks):
        rows = connection.execute(select(address).where(address.c.mark.in_(batch)))
        found |= {row.mark: _address(row) for row in rows}
    return found


def addresses_of(connection: Connection, one: PersonId) -> list[ProvenAddress]:
    """What somebody has proven, the first first."""
    statement = select(address).where(address.c.person == one).order_by(address.c.proven_at, address.c.id)
    return [_address(row) for row in connection.execute(statement)]


def put_address(
    connection: Connection, one: PersonId, kind: AddressKind, mark: str, shown: str, proof: Proof, now: int
) -> ProvenAddress:
    """Store what somebody has just proven; it is nobody else's any more. Proven again by the same person, it keeps its
    number and who may find it."""
    values = {"kind": kind, "shown": shown, "proof": proof, "proven_at": now}
    standing = connection.execute(select(address).where(address.c.mark == mark)).first()
    if standing is not None and standing.person == one:
        connection.execute(update(address).where(address.c.id == standing.id).values(values))
    else:
        connection.execute(delete(address).where(address.c.mark == mark))
        connection.execute(insert(address).values(person=one, mark=mark, findable=Findable.MUTUAL, **values))
    return proven(connection, [mark])[mark]


def choose_findable(connection: Connection, id: int, findable: Findable) -> None:
    connection.execute(update(address).where(address.c.id == id).values(findable=findable))


def drop_address(connection: Connection, id: int) -> None:
    connection.execute(delete(address).where(address.c.id == id))


def export(connection: Connection, one: PersonId) -> list[dict[str, Any]]:
    """What is kept of somebody's addresses: masked, as they are."""
    return [
        {
            "kind": mine.kind,
            "address": mine.shown,
            "mark": mine.mark,
            "proof": mine.proof,
            "proven_at": mine.proven_at,
            "findable": mine.findable,
        }
        for mine in addresses_of(connection, one)
    ]


def _address(row: Any) -> ProvenAddress:
    return ProvenAddress(
        id=row.id,
        person=PersonId(row.person),
        kind=AddressKind(row.kind),
        mark=row.mark,
        shown=row.shown,
        proof=Proof(row.proof),
        proven_at=row.proven_at,
        findable=Findable(row.findable),
    )


def _batches(marks: Iterable[str]) -> Iterator[list[str]]:
    """Some at a time: databases bound how many values a statement may have."""
    rest = iter(dict.fromkeys(marks))
    while batch := list(islice(rest, _MARKS_AT_ONCE)):
        yield batch
