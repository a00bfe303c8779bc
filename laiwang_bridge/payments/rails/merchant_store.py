"""Charges at payment services, and the notices that came of them: tables, and how a notice is applied.

A notice is seen, and the books are written, in one transaction of the database; so however often, however late and in
whichever order notices come, what was paid is in the books once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, NewType

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Row, Table, Text, delete, insert, select, update

from appservice.database import metadata
from appservice.sql import Sequence64, insert_ignoring
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.paying import claims
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.owing import Owed
from laiwang_bridge.payments.rails.merchant import Charge, Notice, Page, Progress

log = logging.getLogger(__name__)

ChargeId = NewType("ChargeId", int)

_LATER_THAN = {
    Progress.OFFERED: 0,
    Progress.FAILED: 1,
    Progress.SCANNED: 2,
    Progress.CLOSED: 3,
    Progress.PAID: 4,
    Progress.REFUNDED: 5,
}
"""Whatever order notices come in, a charge only goes on: what was paid is not closed by an older message."""

pay_charge = Table(
    "pay_charge",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("rail", Text, nullable=False),
    Column("ledger", BigInteger, nullable=False),
    Column("bill", BigInteger),
    Column("payer", BigInteger, nullable=False),
    Column("payee", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("credited", Boolean, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("asked_at", BigInteger),
    Column("url", Text),
    Column("qr", Text),
    Column("made_at", BigInteger, nullable=False),
    Index("ix_pay_charge_payer", "payer", "payee"),
    sqlite_autoincrement=True,
)
pay_notice = Table(
    "pay_notice",
    metadata,
    Column("rail", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class StoredCharge:
    """A charge of ours. `asked_at` is when the service was asked for it, `credited` whether it is in the books, and
    `refunded` how much of that went back (minor units)."""

    id: ChargeId
    rail: str
    charge: Charge
    ledger: LedgerId
    bill: BillId | None
    payer: AccountId
    payee: AccountId
    progress: Progress
    credited: bool
    refunded: int
    asked_at: int | None
    page: Page
    made_at: int

    @property
    def is_open(self) -> bool:
        """Whether it can still be paid, as far as we know."""
        return self.progress in (Progress.OFFERED, Progress.SCANNED)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a notice has changed: the charge as it is now, what was written into the books, and how much of that was
    paid and given back (minor units)."""

    charge: StoredCharge
    outcomes: tuple[Outcome, ...]
    credited: int
    given_back: int


class Unfitting(Exception):
    """A genuine notice of an amount that is not the one of its charge: nothing of it is believed."""


def propose(connection: Connection, rail: str, owed: Owed, subject: str, reference: str, now: int) -> StoredCharge:
    """A charge for what somebody owes at this moment; one that he can still use is given again.

    `fresh` charges are those of the last hour: codes and pages of services do not live much longer.
    """
    fresh = now - 3_600_000
    here = (
        pay_charge.c.rail == rail,
        pay_charge.c.ledger == owed.ledger,
        pay_charge.c.bill.is_(None) if owed.bill is None else pay_charge.c.bill == owed.bill,
        pay_charge.c.payer == owed.payer,
        pay_charge.c.payee == owed.payee,
        pay_charge.c.currency == owed.money.currency.code,
        pay_charge.c.minor == owed.money.minor,
        pay_charge.c.progress == Progress.OFFERED,
        pay_charge.c.made_at > fresh,
    )
    row = connection.execute(select(pay_charge).where(*here).order_by(pay_charge.c.id.desc())).first()
    if row is not None:
        return _charge(row)
    values = {
        "reference": reference,
        "rail": rail,
        "ledger": owed.ledger,
        "bill": owed.bill,
        "payer": owed.payer,
        "payee": owed.payee,
        "currency": owed.money.currency.code,
        "minor": owed.money.minor,
        "subject": subject,
        "progress": Progress.OFFERED,
        "credited": False,
        "refunded": 0,
        "made_at": now,
    }
    connection.execute(insert(pay_charge).values(values))
    found = find_reference(connection, reference)
    assert found is not None
    return found


def find(connection: Connection, id: ChargeId) -> StoredCharge | None:
    row = connection.execute(select(pay_charge).where(pay_charge.c.id == id)).first()
    return None if row is None else _charge(row)


def find_reference(connection: Connection, reference: str) -> StoredCharge | None:
    row = connection.execute(select(pay_charge).where(pay_charge.c.reference == reference)).first()
    return None if row is None else _charge(row)


def note_asked(connection: Connection, id: ChargeId, now: int) -> None:
    connection.execute(update(pay_charge).where(pay_charge.c.id == id).values(asked_at=now))


def note_page(connection: Connection, id: ChargeId, page: Page) -> None:
    connection.execute(update(pay_charge).where(pay_charge.c.id == id).values(url=page.url, qr=page.qr))


def note_progress(connection: Connection, id: ChargeId, progress: Progress) -> None:
    connection.execute(update(pay_charge).where(pay_charge.c.id == id).values(progress=progress))


def apply(connection: Connection, rail: str, notice: Notice, now: int) -> Applied | None:
    """Make true what a genuine notice says; None where it is known already, or says nothing of a charge of ours.

    Raises `Unfitting`, having changed nothing: whoever calls rolls back.
    """
    if notice.event and not _is_new(connection, rail, notice.event, now):
        return None
    before = find_reference(connection, notice.reference)
    if before is None or before.rail != rail:
        log.info("a notice of %s is about nothing that was asked for here", rail)
        return None
    money = before.charge.money
    if notice.paid is not None and notice.paid != money:
        raise Unfitting(f"{rail} tells of another amount than was asked for in charge {before.id}")
    if notice.progress in (Progress.PAID, Progress.REFUNDED) and notice.paid is None:
        raise Unfitting(f"{rail} does not tell how much was paid for charge {before.id}")
    further = _LATER_THAN[notice.progress] > _LATER_THAN[before.progress]
    progress = notice.progress if further else before.progress
    is_paid = notice.progress in (Progress.PAID, Progress.REFUNDED)
    refunded = max(before.refunded, min(notice.refunded.minor, money.minor) if notice.refunded is not None else 0)
    outcomes = []
    if is_paid and not before.credited:
        outcomes.append(_credit(connection, before, now))
    if refunded > before.refunded:
        outcomes.append(_give_back(connection, before, refunded - before.refunded, now))
    values = {"progress": progress, "credited": before.credited or is_paid, "refunded": refunded}
    connection.execute(update(pay_charge).where(pay_charge.c.id == before.id).values(values))
    after = find(connection, before.id)
    assert after is not None
    if after == before:
        return None
    credited = money.minor if after.credited and not before.credited else 0
    return Applied(after, tuple(outcomes), credited, refunded - before.refunded)


def forget_old(connection: Connection, before: int) -> None:
    """Notices are recognised long enough; what they did is in the books and in their charges."""
    connection.execute(delete(pay_notice).where(pay_notice.c.at < before))


def _is_new(connection: Connection, rail: str, event: str, now: int) -> bool:
    row = {"rail": rail, "event": event, "at": now}
    return bool(connection.execute(insert_ignoring(connection, pay_notice), row).rowcount)


def _credit(connection: Connection, one: StoredCharge, now: int) -> Outcome:
    """Write into the books that it was paid: whoever was paid says so, by his payment service."""
    money = one.charge.money
    if (id := _bill(connection, one)) is not None:
        bill = bill_store.find(connection, id)
        return claims.receive(connection, bill, one.payee, one.payer, money.minor, now)
    return claims.transfer(
        connection, one.ledger, one.payer, one.payee, money.currency.code, money.minor, now, said_by=one.payee
    )


def _give_back(connection: Connection, one: StoredCharge, minor: int, now: int) -> Outcome:
    """Write into the books that so much went back; that much of the share of the bill is open again."""
    code = one.charge.money.currency.code
    return claims.transfer(
        connection, one.ledger, one.payee, one.payer, code, minor, now, said_by=one.payer, of=_bill(connection, one)
    )


def _bill(connection: Connection, one: StoredCharge) -> BillId | None:
    """The bill that was paid by a charge, unless nobody owes anything for it any more."""
    bill = None if one.bill is None else bill_store.find(connection, one.bill)
    return None if bill is None or bill.is_void or one.payer not in bill.nets else bill.id


def _charge(row: Row[Any]) -> StoredCharge:
    return StoredCharge(
        id=ChargeId(row.id),
        rail=row.rail,
        charge=Charge(row.reference, Money(row.minor, currency(row.currency)), row.subject),
        ledger=LedgerId(row.ledger),
        bill=None if row.bill is None else BillId(row.bill),
        payer=AccountId(row.payer),
        payee=AccountId(row.payee),
        progress=Progress(row.progress),
        credited=row.credited,
        refunded=row.refunded,
        asked_at=row.asked_at,
        page=Page(row.url, row.qr),
        made_at=row.made_at,
    )
