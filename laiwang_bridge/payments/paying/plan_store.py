"""The plan to settle that a room was shown last: its payments by the numbers that people know them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.prepared import Prepared
from appservice.sql import upsert
from laiwang_bridge.payments.ledger.ledger_settings import SettleMode
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying.claim_store import ClaimId

pay_shown_plan = Table(
    "pay_shown_plan",
    metadata,
    Column("ledger", BigInteger, primary_key=True),
    Column("card_key", Text),
    Column("card_bot", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("treasurer", BigInteger),
    Column("is_stale", Boolean, nullable=False),
)
pay_suggested = Table(
    "pay_suggested",
    metadata,
    Column("ledger", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("payer", BigInteger, nullable=False),
    Column("payee", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("claim", BigInteger, index=True),
)


_SHOWN = Prepared(select(pay_shown_plan).where(pay_shown_plan.c.ledger == bindparam("ledger")))  # asked by every bill


@dataclass(frozen=True, slots=True)
class How:
    """How a plan was to be made; the treasurer is the one through whom all payments go, if they are to."""

    mode: SettleMode
    treasurer: AccountId | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """A payment of the plan. `claim` is what became of it, once somebody has said that he paid."""

    number: int
    payer: AccountId
    payee: AccountId
    currency: str
    minor: int
    claim: ClaimId | None = None


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """Where a plan is shown, and by whom. `is_stale`: something else has happened since."""

    ledger: LedgerId
    card: EffectKey | None
    bot: UserID
    language: Language
    how: How
    is_stale: bool
    payments: tuple[Suggested, ...]


def keep(connection: Connection, plan: ShownPlan) -> None:
    """This plan takes the place of the last one."""
    values = {
        "ledger": plan.ledger,
        "card_key": plan.card,
        "card_bot": plan.bot,
        "language": plan.language.value,
        "mode": plan.how.mode.value,
        "treasurer": plan.how.treasurer,
        "is_stale": plan.is_stale,
    }
    upsert(connection, pay_shown_plan, values)
    connection.execute(delete(pay_suggested).where(pay_suggested.c.ledger == plan.ledger))
    rows = [
        {
            "ledger": plan.ledger,
            "number": one.number,
            "payer": one.payer,
            "payee": one.payee,
            "currency": one.currency,
            "minor": one.minor,
            "claim": one.claim,
        }
        for one in plan.payments
    ]
    if rows:
        connection.execute(insert(pay_suggested), rows)


def find(connection: Connection, ledger: LedgerId) -> ShownPlan | None:
    row = _SHOWN.first(connection, ledger=ledger)
    if row is None:
        return None
    return ShownPlan(
        ledger=ledger,
        card=None if row.card_key is None else EffectKey(row.card_key),
        bot=UserID(row.card_bot),
        language=Language(row.language),
        how=How(SettleMode(row.mode), None if row.treasurer is None else AccountId(row.treasurer)),
        is_stale=row.is_stale,
        payments=tuple(_payments(connection, ledger)),
    )


def note_stale(connection: Connection, ledger: LedgerId) -> None:
    connection.execute(update(pay_shown_plan).where(pay_shown_plan.c.ledger == ledger).values(is_stale=True))


def note_claim(connection: Connection, ledger: LedgerId, number: int, claim: ClaimId) -> None:
    """Somebody says that this payment was made."""
    here = (pay_suggested.c.ledger == ledger, pay_suggested.c.number == number)
    connection.execute(update(pay_suggested).where(*here).values(claim=claim))


def _payments(connection: Connection, ledger: LedgerId) -> Sequence[Suggested]:
    statement = select(pay_suggested).where(pay_suggested.c.ledger == ledger)
    return [
        Suggested(
            number=row.number,
            payer=AccountId(row.payer),
            payee=AccountId(row.payee),
            currency=row.currency,
            minor=row.minor,
            claim=None if row.claim is None else ClaimId(row.claim),
        )
        for row in connection.execute(statement.order_by(pay_suggested.c.number))
    ]
