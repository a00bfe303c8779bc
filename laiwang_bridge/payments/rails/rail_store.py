"""How people like to be paid, and who has asked them: tables and the queries on them.

The details are sealed with a key that is not in the database (`laiwang_bridge.seals`); nothing here can read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NewType

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.sql import Sequence64, upsert
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

MOST_WAYS = 12
"""Of one person."""

RequestId = NewType("RequestId", int)

pay_way = Table(
    "pay_way",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("person", nullable=False, index=True),
    Column("rail", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
pay_way_habit = Table(
    "pay_way_habit",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("asks", Boolean, nullable=False),
)
# Somebody who owes wants to know how he can pay, and the one who is owed has not said so yet.
pay_way_request = Table(
    "pay_way_request",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("payee", nullable=False),
    column_of_person("debtor", nullable=False, index=True),
    Column("ledger", BigInteger, nullable=False),
    Column("bill", BigInteger),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("payee", "debtor", "ledger", name="uq_pay_way_request"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class SealedWay:
    """One way to be paid. `sealed` belongs to the person (see `owner_of`)."""

    id: int
    rail: str
    sealed: bytes
    since: int


@dataclass(frozen=True, slots=True)
class Request:
    """`debtor` has asked how to pay `payee`: for a bill, or all that he owes in that ledger."""

    id: RequestId
    payee: PersonId
    debtor: PersonId
    ledger: LedgerId
    bill: BillId | None
    at: int


def owner_of(person: PersonId, rail: str) -> str:
    """Whose a sealed way is: moved to another person or rail in the database, it cannot be opened."""
    return f"{person}/{rail}"


def ways_of(connection: Connection, person: PersonId) -> list[SealedWay]:
    """In the order in which they came."""
    statement = select(pay_way).where(pay_way.c.person == person).order_by(pay_way.c.id)
    return [SealedWay(row.id, row.rail, bytes(row.sealed), row.since) for row in connection.execute(statement)]


def add_way(connection: Connection, person: PersonId, rail: str, sealed: bytes, now: int) -> None:
    connection.execute(insert(pay_way).values(person=person, rail=rail, sealed=sealed, since=now))


def remove_way(connection: Connection, person: PersonId, id: int) -> bool:
    """Returns whether there was one."""
    here = (pay_way.c.person == person, pay_way.c.id == id)
    return connection.execute(delete(pay_way).where(*here)).rowcount > 0


def wants_to_be_asked(connection: Connection, person: PersonId) -> bool:
    statement = select(pay_way_habit.c.asks).where(pay_way_habit.c.person == person)
    return bool(connection.execute(statement).scalar())


def choose_to_be_asked(connection: Connection, person: PersonId, wish: bool) -> None:
    upsert(connection, pay_way_habit, {"person": person, "asks": wish})


def request(connection: Connection, new: Request) -> tuple[Request, int | None]:
    """Note that somebody asks; what he has asked before in the same ledger becomes this. Gives the request with its
    number, and when it was made before (its own number means nothing)."""
    here = (
        pay_way_request.c.payee == new.payee,
        pay_way_request.c.debtor == new.debtor,
        pay_way_request.c.ledger == new.ledger,
    )
    before = connection.execute(select(pay_way_request).where(*here)).first()
    values = {"bill": new.bill, "at": new.at}
    if before is None:
        values |= {"payee": new.payee, "debtor": new.debtor, "ledger": new.ledger}
        connection.execute(insert(pay_way_request).values(values))
    else:
        connection.execute(update(pay_way_request).where(*here).values(values))
    [row] = connection.execute(select(pay_way_request).where(*here))
    return _request(row), None if before is None else before.at


def find_request(connection: Connection, id: RequestId) -> Request | None:
    row = connection.execute(select(pay_way_request).where(pay_way_request.c.id == id)).first()
    return None if row is None else _request(row)


def requests_to(connection: Connection, payee: PersonId) -> list[Request]:
    """Who waits for an answer, the first first."""
    statement = select(pay_way_request).where(pay_way_request.c.payee == payee).order_by(pay_way_request.c.id)
    return [_request(row) for row in connection.execute(statement)]


def end_request(connection: Connection, id: RequestId) -> None:
    connection.execute(delete(pay_way_request).where(pay_way_request.c.id == id))


def forget_requests_before(connection: Connection, at: int) -> None:
    connection.execute(delete(pay_way_request).where(pay_way_request.c.at < at))


def _request(row: Row[Any]) -> Request:
    return Request(
        id=RequestId(row.id),
        payee=PersonId(row.payee),
        debtor=PersonId(row.debtor),
        ledger=LedgerId(row.ledger),
        bill=None if row.bill is None else BillId(row.bill),
        at=row.at,
    )
