"""Addresses that are being proven: the table and the queries on it. Each person has one claim to an address at most."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.sql import Sequence64
from laiwang_bridge.people.addresses import AddressKind, Claim, Proof
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

address_claim = Table(
    "address_claim",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("person", nullable=False),
    Column("kind", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("proof", Text),
    Column("code", BigInteger),
    Column("sent_at", BigInteger),
    Column("wrong", Integer, nullable=False),
    column_of_person("witness", index=True),
    UniqueConstraint("person", "mark", name="uq_address_claim_person_mark"),
    sqlite_autoincrement=True,
)


def add_claim(
    connection: Connection, one: PersonId, kind: AddressKind, mark: str, shown: str, expires_at: int
) -> Claim:
    """A new claim, in the place of an earlier one of the same person to the same address."""
    connection.execute(delete(address_claim).where(address_claim.c.person == one, address_claim.c.mark == mark))
    row = {"person": one, "kind": kind, "mark": mark, "shown": shown, "expires_at": expires_at, "wrong": 0}
    made = connection.execute(insert(address_claim).values(row)).inserted_primary_key
    assert made is not None
    return Claim(made[0], one, kind, mark, shown, expires_at)


def put_claim(connection: Connection, claim: Claim) -> None:
    """Store a new state of a claim."""
    values = {
        "expires_at": claim.expires_at,
        "proof": claim.proof,
        "code": claim.code,
        "sent_at": claim.sent_at,
        "wrong": claim.wrong,
        "witness": claim.witness,
    }
    connection.execute(update(address_claim).where(address_claim.c.id == claim.id).values(values))


def find_claim(connection: Connection, id: int) -> Claim | None:
    row = connection.execute(select(address_claim).where(address_claim.c.id == id)).first()
    return None if row is None else _claim(row)


def claims_of(connection: Connection, one: PersonId, now: int) -> list[Claim]:
    """What somebody has claimed and can still prove, the newest first."""
    mine = (address_claim.c.person == one, address_claim.c.expires_at > now)
    rows = connection.execute(select(address_claim).where(*mine).order_by(address_claim.c.id.desc()))
    return [_claim(row) for row in rows]


def claim_to(connection: Connection, one: PersonId, mark: str, now: int) -> Claim | None:
    """Somebody's claim to one address."""
    wanted = (address_claim.c.person == one, address_claim.c.mark == mark, address_claim.c.expires_at > now)
    row = connection.execute(select(address_claim).where(*wanted)).first()
    return None if row is None else _claim(row)


def drop_claim(connection: Connection, id: int) -> None:
    connection.execute(delete(address_claim).where(address_claim.c.id == id))


def forget_old(connection: Connection, now: int) -> None:
    """Drop the claims whose time is over."""
    connection.execute(delete(address_claim).where(address_claim.c.expires_at <= now))


def export(connection: Connection, one: PersonId) -> list[dict[str, Any]]:
    """What somebody has claimed, without the code: that has to come by its own way."""
    return [
        {
            "kind": mine.kind,
            "address": mine.shown,
            "mark": mine.mark,
            "proof": mine.proof,
            "expires_at": mine.expires_at,
            "wrong_codes": mine.wrong,
        }
        for mine in claims_of(connection, one, 0)
    ]


def _claim(row: Any) -> Claim:
    return Claim(
        id=row.id,
        person=PersonId(row.person),
        kind=AddressKind(row.kind),
        mark=row.mark,
        shown=row.shown,
        expires_at=row.expires_at,
        proof=None if row.proof is None else Proof(row.proof),
        code=row.code,
        sent_at=row.sent_at,
        wrong=row.wrong,
        witness=None if row.witness is None else PersonId(row.witness),
    )
