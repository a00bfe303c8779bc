"""What people say they have paid, what they dispute, and which shares were settled: tables and the queries on them.

Who said it is an account of the ledger, never a Matrix id; the accounts are the ledger's to make anonymous.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NewType

from mautrix.types import UserID
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.prepared import Prepared
from appservice.sql import Sequence64, insert_ignoring, upsert
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying.rules import ClaimState

ClaimId = NewType("ClaimId", int)

pay_claim = Table(
    "pay_claim",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", BigInteger, nullable=False),
    Column("bill", BigInteger),
    Column("debtor", BigInteger, nullable=False),
    Column("payee", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", BigInteger),
    Column("card_key", Text),
    Column("card_bot", Text),
    Column("language", Text),
    Column("asked_at", BigInteger),
    Index("ix_pay_claim_ledger", "ledger", "state"),
    Index("ix_pay_claim_payee", "payee", "state"),
    Index("ix_pay_claim_bill", "bill"),
    Index("ix_pay_claim_entry", "entry"),
    sqlite_autoincrement=True,
)
pay_dispute = Table(
    "pay_dispute",
    metadata,
    Column("bill", BigInteger, primary_key=True),
    Column("account", BigInteger, primary_key=True),
    Column("ledger", BigInteger, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
# What a payment has settled of a share that it was not for: an account that settled up owes nothing for the bills of
# before, whatever comes later. Below zero what was given back of it. Undone with the payment.
pay_even = Table(
    "pay_even",
    metadata,
    Column("bill", BigInteger, primary_key=True),
    Column("account", BigInteger, primary_key=True),
    Column("entry", BigInteger, primary_key=True, index=True),
    Column("minor", BigInteger, nullable=False),
)


# Every card of a bill needs these.
_OF_BILL = Prepared(select(pay_claim).where(pay_claim.c.bill == bindparam("bill")).order_by(pay_claim.c.id))
_DISPUTES_OF_BILL = Prepared(
    select(pay_dispute).where(pay_dispute.c.bill == bindparam("bill")).order_by(pay_dispute.c.at)
)
_EVENED = Prepared(
    select(pay_even.c.account, func.sum(pay_even.c.minor))
    .where(pay_even.c.bill == bindparam("bill"))
    .group_by(pay_even.c.account)
)


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """A message of its own about a claim, and who shows it in which language."""

    key: EffectKey
    bot: UserID
    language: Language


@dataclass(frozen=True, slots=True)
class Claim:
    """Money said to have gone from one account to another. For one bill, or for all that stands between the two.

    `at` is when it was said (milliseconds), `entry` what it became in the books, `card_key` the message that asks the
    payee, if it is not the card of the bill, and `asked_at` when he was asked in his own chat.
    """

    id: ClaimId
    ledger: LedgerId
    bill: BillId | None
    debtor: AccountId
    payee: AccountId
    currency: str
    minor: int
    state: ClaimState
    at: int
    entry: EntryId | None
    card: ClaimCard | None
    asked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """Somebody says that a bill is wrong; `reason` are his words."""

    ledger: LedgerId
    bill: BillId
    account: AccountId
    reason: str
    at: int


def add(
    connection: Connection,
    ledger: LedgerId,
    bill: BillId | None,
    debtor: AccountId,
    payee: AccountId,
    currency: str,
    minor: int,
    now: int,
) -> ClaimId:
    row = {
        "ledger": ledger,
        "bill": bill,
        "debtor": debtor,
        "payee": payee,
        "currency": currency,
        "minor": minor,
        "state": ClaimState.CLAIMED.value,
        "at": now,
    }
    made = connection.execute(insert(pay_claim).values(row)).inserted_primary_key
    assert made is not None
    return ClaimId(made[0])


def find(connection: Connection, id: ClaimId) -> Claim | None:
    return next(iter(_claims(connection, pay_claim.c.id == id)), None)


def of_entry(connection: Connection, entry: EntryId) -> Claim | None:
    """What became this entry of the books."""
    return next(iter(_claims(connection, pay_claim.c.entry == entry)), None)


def of_bill(connection: Connection, bill: BillId, *states: ClaimState) -> list[Claim]:
    """The claims for a bill in these states, the oldest first."""
    return [claim for claim in map(_claim, _OF_BILL.all(connection, bill=bill)) if claim.state in states]


def of_account(connection: Connection, account: AccountId) -> list[Claim]:
    """All that somebody said to have paid, or that was said to have been paid to him, the oldest first."""
    return _claims(connection, or_(pay_claim.c.debtor == account, pay_claim.c.payee == account))


def open_in(connection: Connection, ledger: LedgerId) -> list[Claim]:
    """All that waits for a word of the payee, the oldest first."""
    return _claims(connection, pay_claim.c.ledger == ledger, pay_claim.c.state == ClaimState.CLAIMED)


def waiting_for(connection: Connection, payees: Iterable[AccountId]) -> list[Claim]:
    """All that waits for a word of these accounts, the oldest first."""
    return _claims(connection, pay_claim.c.payee.in_(list(payees)), pay_claim.c.state == ClaimState.CLAIMED)


def note_asked(connection: Connection, id: ClaimId, now: int) -> None:
    connection.execute(update(pay_claim).where(pay_claim.c.id == id).values(asked_at=now))


def change(connection: Connection, id: ClaimId, state: ClaimState, entry: EntryId | None = None) -> None:
    values: dict[str, Any] = {"state": state.value} | ({} if entry is None else {"entry": entry})
    connection.execute(update(pay_claim).where(pay_claim.c.id == id).values(values))


def note_card(connection: Connection, id: ClaimId, card: ClaimCard) -> None:
    values = {"card_key": card.key, "card_bot": card.bot, "language": card.language.value}
    connection.execute(update(pay_claim).where(pay_claim.c.id == id).values(values))


def _claims(connection: Connection, *where: ColumnElement[bool]) -> list[Claim]:
    return [_claim(row) for row in connection.execute(select(pay_claim).where(*where).order_by(pay_claim.c.id))]


def _claim(row: Any) -> Claim:
    return Claim(
        id=ClaimId(row.id),
        ledger=LedgerId(row.ledger),
        bill=None if row.bill is None else BillId(row.bill),
        debtor=AccountId(row.debtor),
        payee=AccountId(row.payee),
        currency=row.currency,
        minor=row.minor,
        state=ClaimState(row.state),
        at=row.at,
        entry=None if row.entry is None else EntryId(row.entry),
        card=_card(row),
        asked_at=row.asked_at,
    )


def _card(row: Any) -> ClaimCard | None:
    if row.card_key is None:
        return None
    return ClaimCard(EffectKey(row.card_key), UserID(row.card_bot), Language(row.language))


# -- disputes -------------------------------------------------------------------------------------------------------


def dispute(connection: Connection, dispute: Dispute) -> None:
    values = {
        "bill": dispute.bill,
        "account": dispute.account,
        "ledger": dispute.ledger,
        "reason": dispute.reason,
        "at": dispute.at,
    }
    upsert(connection, pay_dispute, values)


def disputes_of(connection: Connection, bill: BillId) -> list[Dispute]:
    return [_dispute(row) for row in _DISPUTES_OF_BILL.all(connection, bill=bill)]


def disputes_in(connection: Connection, ledger: LedgerId) -> list[Dispute]:
    """All that are open in the books of a room, the oldest first."""
    return _disputes(connection, pay_dispute.c.ledger == ledger)


def disputes_by(connection: Connection, account: AccountId) -> list[Dispute]:
    return _disputes(connection, pay_dispute.c.account == account)


def forget_words(connection: Connection, account: AccountId) -> None:
    """What somebody wrote about bills that he says are wrong; that he says so stays."""
    connection.execute(update(pay_dispute).where(pay_dispute.c.account == account).values(reason=""))


def settle_dispute(connection: Connection, bill: BillId, account: AccountId) -> bool:
    """Returns whether there was one."""
    this = (pay_dispute.c.bill == bill, pay_dispute.c.account == account)
    return connection.execute(delete(pay_dispute).where(*this)).rowcount > 0


def settle_disputes(connection: Connection, bill: BillId) -> None:
    """End all disputes about a bill."""
    connection.execute(delete(pay_dispute).where(pay_dispute.c.bill == bill))


def _disputes(connection: Connection, *where: ColumnElement[bool]) -> list[Dispute]:
    rows = connection.execute(select(pay_dispute).where(*where).order_by(pay_dispute.c.at, pay_dispute.c.bill))
    return [_dispute(row) for row in rows]


def _dispute(row: Any) -> Dispute:
    return Dispute(LedgerId(row.ledger), BillId(row.bill), AccountId(row.account), row.reason, row.at)


# -- settled by other payments ----------------------------------------------------------------------------------------


def note_even(connection: Connection, account: AccountId, bills: Mapping[BillId, int], entry: EntryId) -> None:
    """This payment has settled so much of the shares of an account; below zero is what it has opened again."""
    rows = [{"bill": bill, "account": account, "entry": entry, "minor": minor} for bill, minor in bills.items()]
    if rows:
        connection.execute(insert_ignoring(connection, pay_even), rows)


def bills_paid_by(
    connection: Connection, ledger: LedgerId, accounts: Collection[AccountId], *, most: int
) -> list[BillId]:
    """The bills of which these accounts of a ledger have paid a share, or a part of one, the newest first."""
    booked = (pay_claim.c.ledger == ledger, pay_claim.c.state == ClaimState.CONFIRMED)
    directly = select(pay_claim.c.bill).where(*booked, pay_claim.c.debtor.in_(accounts), pay_claim.c.bill.is_not(None))
    otherwise = select(pay_even.c.bill).where(
        pay_even.c.entry.in_(select(pay_claim.c.entry).where(*booked)), pay_even.c.account.in_(accounts)
    )
    found = directly.union(otherwise).subquery()
    newest = select(found.c.bill).order_by(found.c.bill.desc()).limit(most)
    return [BillId(bill) for bill in connection.execute(newest).scalars()]


def forget_even(connection: Connection, entry: EntryId) -> list[BillId]:
    """The payment was undone; returns the bills that are open again."""
    this = pay_even.c.entry == entry
    bills = [BillId(bill) for bill in connection.execute(select(pay_even.c.bill).where(this)).scalars()]
    connection.execute(delete(pay_even).where(this))
    return bills


def evened(connection: Connection, bill: BillId) -> dict[AccountId, int]:
    """What of each share was settled by payments that were not for this bill alone."""
    return {account: int(minor) for account, minor in _EVENED.all(connection, bill=bill)}
