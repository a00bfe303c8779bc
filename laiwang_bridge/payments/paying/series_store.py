"""Bills that come again: which, when, and how far they have come. Tables and the queries on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NewType

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.sql import Sequence64
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.lines.recurrence import Period, Repeat

SeriesId = NewType("SeriesId", int)

pay_series = Table(
    "pay_series",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("bill", BigInteger, nullable=False, unique=True),
    Column("period", Text, nullable=False),
    Column("every", Integer, nullable=False),
    Column("until", Text),
    Column("count", Integer),
    Column("first", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("next_number", Integer, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("is_over", Boolean, nullable=False),
    UniqueConstraint("ledger", "number", name="uq_pay_series_number"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Series:
    """A bill that comes again as the bill `bill` now is, whose own date is `first`. `number` is what the room knows the
    series by; `next_number` counts its dates (0 is the first). The dates are days in the time zone `zone`."""

    id: SeriesId
    ledger: LedgerId
    number: int
    bill: BillId
    repeat: Repeat
    first: date
    zone: str
    next_number: int
    is_paused: bool
    is_over: bool


def add(connection: Connection, ledger: LedgerId, bill: BillId, repeat: Repeat, first: date, zone: str) -> Series:
    last = connection.execute(select(func.max(pay_series.c.number)).where(pay_series.c.ledger == ledger)).scalar()
    row = {
        "ledger": ledger,
        "number": (last or 0) + 1,
        "bill": bill,
        "period": repeat.period.value,
        "every": repeat.every,
        "until": repeat.until.isoformat() if repeat.until else None,
        "count": repeat.count,
        "first": first.isoformat(),
        "zone": zone,
        "next_number": 1,
        "is_paused": False,
        "is_over": False,
    }
    made = connection.execute(insert(pay_series).values(row)).inserted_primary_key
    assert made is not None
    found = find(connection, SeriesId(made[0]))
    assert found is not None
    return found


def find(connection: Connection, id: SeriesId) -> Series | None:
    row = connection.execute(select(pay_series).where(pay_series.c.id == id)).first()
    return None if row is None else _series(row)


def find_number(connection: Connection, ledger: LedgerId, number: int) -> Series | None:
    """One that is not over."""
    this = (pay_series.c.ledger == ledger, pay_series.c.number == number, pay_series.c.is_over.is_(False))
    row = connection.execute(select(pay_series).where(*this)).first()
    return None if row is None else _series(row)


def going_on(connection: Connection, ledger: LedgerId) -> list[Series]:
    """Those of a room that are not over."""
    this = (pay_series.c.ledger == ledger, pay_series.c.is_over.is_(False))
    return [_series(row) for row in connection.execute(select(pay_series).where(*this).order_by(pay_series.c.number))]


def change(connection: Connection, id: SeriesId, **values: Any) -> None:
    connection.execute(update(pay_series).where(pay_series.c.id == id).values(**values))


def _series(row: Any) -> Series:
    until = None if row.until is None else date.fromisoformat(row.until)
    return Series(
        id=SeriesId(row.id),
        ledger=LedgerId(row.ledger),
        number=row.number,
        bill=BillId(row.bill),
        repeat=Repeat(Period(row.period), row.every, until, row.count),
        first=date.fromisoformat(row.first),
        zone=row.zone,
        next_number=row.next_number,
        is_paused=row.is_paused,
        is_over=row.is_over,
    )
