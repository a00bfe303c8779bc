"""Many bills kept at once, for entries that are in the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import Connection, bindparam, func, insert, select, update

from appservice.language import Language
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.bills.bill_tables import pay_bill, pay_bill_version
from laiwang_bridge.payments.bills.versions import Change, Content, Version, row_of_version
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId


@dataclass(frozen=True, slots=True)
class Kept:
    """A bill to be kept for an entry that is in the books. With `is_void` the entry was taken back."""

    entry: EntryId
    content: Content
    is_void: bool


def keep_bills(
    connection: Connection,
    ledger: LedgerId,
    bills: Sequence[Kept],
    author: AccountId,
    card_bot: UserID,
    language: Language,
    now: int,
) -> None:
    """Keep bills that have no card, with the next numbers of their room."""
    if not bills:
        return
    last = connection.execute(select(func.max(pay_bill.c.number)).where(pay_bill.c.ledger == ledger)).scalar() or 0
    rows = [
        {
            "ledger": ledger,
            "number": number,
            "author": author,
            "card_bot": card_bot,
            "language": language.value,
            "is_void": bill.is_void,
            "is_imported": True,
            "current": len(_changes(bill)),
            "created_at": now,
        }
        for number, bill in enumerate(bills, last + 1)
    ]
    connection.execute(insert(pay_bill), rows)
    here = select(pay_bill.c.number, pay_bill.c.id).where(pay_bill.c.ledger == ledger, pay_bill.c.number > last)
    ids = {number: BillId(id) for number, id in connection.execute(here)}
    versions = []
    for number, bill in enumerate(bills, last + 1):
        for at, change in enumerate(_changes(bill), 1):
            versions.append(row_of_version(ids[number], Version(at, change, bill.content, bill.entry, author, now)))
    connection.execute(insert(pay_bill_version), versions)


def void_bills(connection: Connection, bills: Sequence[Bill], by: AccountId, now: int) -> None:
    """Make bills void whose entries were taken back."""
    if not bills:
        return
    versions = [
        row_of_version(
            bill.id, Version(bill.version.number + 1, Change.VOIDED, bill.content, bill.version.entry, by, now)
        )
        for bill in bills
    ]
    connection.execute(insert(pay_bill_version), versions)
    this = update(pay_bill).where(pay_bill.c.id == bindparam("this"))
    rows = [{"this": bill.id, "is_void": True, "current": bill.version.number + 1} for bill in bills]
    connection.execute(this.values(is_void=bindparam("is_void"), current=bindparam("current")), rows)


def _changes(bill: Kept) -> tuple[Change, ...]:
    return (Change.ADDED, Change.VOIDED) if bill.is_void else (Change.ADDED,)
