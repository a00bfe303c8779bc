"""Rates that are known: those of the admin's file, by day, and those that people of a room have set by hand."""

from __future__ import annotations

import datetime as dt

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, Connection, ForeignKey, Table, Text, delete, select

from appservice.database import metadata
from appservice.sql import Sequence64, insert_ignoring, upsert
from laiwang_bridge.payments.ledger.entries import Exchange
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.money.rates import BANK, BY_HAND, OLDEST_DAYS, Fixings, Rate, across, converted

pay_fixing = Table(
    "pay_fixing",
    metadata,
    Column("day", Text, primary_key=True),
    Column("rates", Text, nullable=False),
)
pay_rate = Table(
    "pay_rate",
    metadata,
    Column("ledger", Sequence64, ForeignKey("pay_ledger.id"), primary_key=True, autoincrement=False),
    Column("currency", Text, primary_key=True),
    # The room may choose another currency some day; this is no rate to that one.
    Column("into", Text, primary_key=True),
    Column("rate", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
)


def keep_fixings(connection: Connection, fixings: Fixings) -> int:
    """Keep the days of a file that are not known yet; returns how many. A day that is known stays as it is."""
    known = set(connection.execute(select(pay_fixing.c.day)).scalars())
    rows = [
        {"day": day.isoformat(), "rates": orjson.dumps(rates).decode()}
        for day, rates in fixings.items()
        if rates and day.isoformat() not in known
    ]
    if rows:
        connection.execute(insert_ignoring(connection, pay_fixing), rows)
    return len(rows)


def set_rate(connection: Connection, ledger: LedgerId, of: str, to: str, rate: str, now: int) -> None:
    """From now on one unit of a currency is so many of the ledger's, whatever others say."""
    upsert(connection, pay_rate, {"ledger": ledger, "currency": of, "into": to, "rate": rate, "set_at": now})


def drop_rate(connection: Connection, ledger: LedgerId, of: str, to: str) -> bool:
    """Returns whether there was one."""
    return connection.execute(delete(pay_rate).where(_by_hand(ledger, of, to))).rowcount > 0


def rate_on(connection: Connection, ledger: LedgerId, of: str, to: str, day: dt.date) -> Rate | None:
    """How many units of `to`, the ledger's currency, one of `of` is on a day: as set by hand, or the last fixing.

    None where there is neither, or the last fixing is too long ago.
    """
    by_hand = connection.execute(select(pay_rate.c.rate).where(_by_hand(ledger, of, to))).scalar()
    if by_hand is not None:
        return Rate(by_hand, day, BY_HAND)
    since = (day - dt.timedelta(OLDEST_DAYS)).isoformat()
    days = pay_fixing.c.day.between(since, day.isoformat())
    statement = select(pay_fixing.c.day, pay_fixing.c.rates).where(days).order_by(pay_fixing.c.day.desc())
    for fixed_on, rates in connection.execute(statement):
        if (text := across(orjson.loads(rates), of, to)) is not None:
            return Rate(text, dt.date.fromisoformat(fixed_on), BANK)
    return None


def exchange(
    connection: Connection, ledger: LedgerId, total: Money, to: str, day: dt.date
) -> tuple[Money, Exchange] | None:
    """A total in the ledger's currency, and how it came to be that; None where no rate is known."""
    rate = rate_on(connection, ledger, total.currency.code, to, day)
    if rate is None:
        return None
    wanted = currency(to)
    minor = converted(total.minor, total.currency, wanted, rate.text)
    kept = Exchange(total.currency.code, total.minor, rate.text, rate.fixed_on, rate.source)
    return Money(minor, wanted), kept


def _by_hand(ledger: LedgerId, of: str, to: str) -> ColumnElement[bool]:
    return (pay_rate.c.ledger == ledger) & (pay_rate.c.currency == of) & (pay_rate.c.into == to)
