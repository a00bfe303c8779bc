"""Shares that wait to be paid, and when whoever owes them is reminded: tables and the queries on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import upsert
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId

pay_open_share = Table(
    "pay_open_share",
    metadata,
    Column("bill", BigInteger, primary_key=True),
    Column("account", BigInteger, primary_key=True),
    Column("ledger", BigInteger, nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("asked_at", BigInteger),
    Column("waits", Boolean, nullable=False),
    Index("ix_pay_open_share_account", "account"),
)
# Bills whose author wants nobody to be reminded of them, and when somebody has asked for reminders last.
pay_bill_reminders = Table(
    "pay_bill_reminders",
    metadata,
    Column("bill", BigInteger, primary_key=True),
    Column("off", Boolean, nullable=False),
    Column("asked_at", BigInteger),
)
# When somebody was reminded last, and whether he wants to be.
pay_reminded = Table(
    "pay_reminded",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("last_at", BigInteger),
    Column("due_at", BigInteger),
    Column("off", Boolean, nullable=False),
)


# Every bill needs these.
_OF_BILL = Prepared(select(pay_open_share).where(pay_open_share.c.bill == bindparam("bill")))
_PUT = Prepared(insert(pay_open_share), [column.name for column in pay_open_share.c])
_WISHES = Prepared(select(pay_bill_reminders).where(pay_bill_reminders.c.bill == bindparam("bill")))
_REMINDED = Prepared(select(pay_reminded).where(pay_reminded.c.user_id == bindparam("who")))


@dataclass(frozen=True, slots=True)
class OpenShare:
    """A share that is not paid, as far as the books know. `sent` is how many reminders it has had, `asked_at` when
    somebody wanted one now. Only while it `waits` there is something to remind of: not when it is disputed, or said
    to be paid."""

    bill: BillId
    account: AccountId
    ledger: LedgerId
    since: int
    sent: int
    asked_at: int | None
    waits: bool


@dataclass(frozen=True, slots=True)
class BillWishes:
    """Whether nobody is to be reminded of a bill, and when somebody has last asked for a reminder."""

    off: bool = False
    asked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Reminded:
    """When somebody was last reminded of anything, when his timer goes off if it is set, and whether he wants no
    reminders at all."""

    last_at: int | None = None
    due_at: int | None = None
    off: bool = False


def begin(connection: Connection, bill: Bill, open: Mapping[AccountId, bool], since: int) -> None:
    """A bill has these open shares, of which nothing is known yet, since then; with whether they wait."""
    new = [
        {
            "bill": bill.id,
            "account": account,
            "ledger": bill.ledger,
            "since": since,
            "sent": 0,
            "asked_at": None,
            "waits": waits,
        }
        for account, waits in open.items()
    ]
    if new:
        _PUT.send_all(connection, new)


def keep(connection: Connection, bill: Bill, open: Mapping[AccountId, bool], since: int) -> None:
    """These are the shares of a bill that are open, and whether they wait; what is known of them stays, others are so
    `since` then."""
    known = {one.account: one for one in of_bill(connection, bill.id)}
    gone = [account for account in known if account not in open]
    if gone:
        left = pay_open_share.c.account.in_(gone)
        connection.execute(delete(pay_open_share).where(pay_open_share.c.bill == bill.id, left))
    begin(connection, bill, {account: waits for account, waits in open.items() if account not in known}, since)
    for account, waits in open.items():
        if account in known and known[account].waits != waits:
            here = (pay_open_share.c.bill == bill.id, pay_open_share.c.account == account)
            connection.execute(update(pay_open_share).where(*here).values(waits=waits))


def of_bill(connection: Connection, bill: BillId) -> list[OpenShare]:
    return [_share(row) for row in _OF_BILL.all(connection, bill=bill)]


def of_accounts(connection: Connection, accounts: Iterable[AccountId]) -> list[OpenShare]:
    """All open shares of these accounts, the oldest first."""
    wanted = pay_open_share.c.account.in_(list(accounts))
    order = (pay_open_share.c.since, pay_open_share.c.bill)
    return [_share(row) for row in connection.execute(select(pay_open_share).where(wanted).order_by(*order))]


def of_ledger(connection: Connection, ledger: LedgerId) -> list[OpenShare]:
    """All open shares in the books of a room, the oldest first."""
    order = (pay_open_share.c.since, pay_open_share.c.bill)
    here = pay_open_share.c.ledger == ledger
    return [_share(row) for row in connection.execute(select(pay_open_share).where(here).order_by(*order))]


def bills_of(connection: Connection, account: AccountId) -> list[BillId]:
    return [one.bill for one in of_accounts(connection, [account])]


def note_sent(connection: Connection, share: OpenShare, sent: int) -> None:
    """It has been reminded of; what somebody asked for is done."""
    here = (pay_open_share.c.bill == share.bill, pay_open_share.c.account == share.account)
    connection.execute(update(pay_open_share).where(*here).values(sent=sent, asked_at=None))


def note_days_passed(connection: Connection, share: OpenShare, passed: int) -> None:
    """So many of the days on which it would be reminded of have passed, by a new choice of these."""
    here = (pay_open_share.c.bill == share.bill, pay_open_share.c.account == share.account)
    connection.execute(update(pay_open_share).where(*here).values(sent=passed))


def ask(connection: Connection, share: OpenShare, now: int) -> None:
    """Somebody wants a reminder now."""
    here = (pay_open_share.c.bill == share.bill, pay_open_share.c.account == share.account)
    connection.execute(update(pay_open_share).where(*here).values(asked_at=now))


# -- who wants no reminders -------------------------------------------------------------------------------------------


def wishes_for(connection: Connection, bill: BillId) -> BillWishes:
    row = _WISHES.first(connection, bill=bill)
    return BillWishes() if row is None else BillWishes(row.off, row.asked_at)


def without_reminders(connection: Connection, bills: Sequence[BillId]) -> set[BillId]:
    """Those of these bills that nobody is to be reminded of."""
    found: set[BillId] = set()
    for start in range(0, len(bills), 500):
        here = pay_bill_reminders.c.bill.in_(bills[start : start + 500]) & pay_bill_reminders.c.off.is_(True)
        rows = connection.execute(select(pay_bill_reminders.c.bill).where(here)).scalars()
        found.update(BillId(bill) for bill in rows)
    return found


def wish(connection: Connection, bill: BillId, wishes: BillWishes) -> None:
    upsert(connection, pay_bill_reminders, {"bill": bill, "off": wishes.off, "asked_at": wishes.asked_at})


def reminded(connection: Connection, user: UserID) -> Reminded:
    row = _REMINDED.first(connection, who=user)
    return Reminded() if row is None else Reminded(row.last_at, row.due_at, row.off)


def note_reminded(connection: Connection, user: UserID, known: Reminded) -> None:
    """Remember this about somebody's reminders."""
    values = {"user_id": user, "last_at": known.last_at, "due_at": known.due_at, "off": known.off}
    upsert(connection, pay_reminded, values)


def forget(connection: Connection, user: UserID) -> None:
    connection.execute(delete(pay_reminded).where(pay_reminded.c.user_id == user))


def _share(row: Row[Any]) -> OpenShare:
    return OpenShare(
        bill=BillId(row.bill),
        account=AccountId(row.account),
        ledger=LedgerId(row.ledger),
        since=row.since,
        sent=row.sent,
        asked_at=row.asked_at,
        waits=row.waits,
    )
