"""Who is to be told what has become of a payment, and by which message he was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Index, Row, Table, Text, delete, func, select, update

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.sql import insert_ignoring
from laiwang_bridge.payments.paying.claim_store import ClaimId
from laiwang_bridge.payments.paying.rules import ClaimState

# Without a `key` it is still to be told.
pay_claim_notice = Table(
    "pay_claim_notice",
    metadata,
    Column("claim", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("key", Text, index=True),
    Column("bot", Text),
    Column("room_id", Text),
    Column("language", Text),
    Column("at", BigInteger, nullable=False, index=True),
    Index("ix_pay_claim_notice_user", "user_id", "key"),
)


@dataclass(frozen=True, slots=True)
class News:
    """That a payment is in this state, as somebody is to be told."""

    claim: ClaimId
    state: ClaimState


@dataclass(frozen=True, slots=True)
class Notice:
    """A message by which somebody was told, and who shows it where, in which language."""

    key: EffectKey
    user: UserID
    bot: UserID
    room: RoomID
    language: Language


def note(connection: Connection, user: UserID, news: News, now: int) -> None:
    """Somebody is to be told this, if he was not told before."""
    row = {"claim": news.claim, "user_id": user, "state": news.state.value, "at": now}
    connection.execute(insert_ignoring(connection, pay_claim_notice), row)


def waiting(connection: Connection, user: UserID) -> list[News]:
    """What somebody is to be told, the oldest first."""
    here = (pay_claim_notice.c.user_id == user, pay_claim_notice.c.key.is_(None))
    return _news(connection, *here)


def drop_waiting(connection: Connection, user: UserID) -> None:
    """None of what was to be told is told any more."""
    here = (pay_claim_notice.c.user_id == user, pay_claim_notice.c.key.is_(None))
    connection.execute(delete(pay_claim_notice).where(*here))


def note_told(connection: Connection, notice: Notice, told: Sequence[News], now: int) -> None:
    """Somebody was told these."""
    values = {
        "key": notice.key,
        "bot": notice.bot,
        "room_id": notice.room,
        "language": notice.language.value,
        "at": now,
    }
    for one in told:
        here = (
            pay_claim_notice.c.claim == one.claim,
            pay_claim_notice.c.user_id == notice.user,
            pay_claim_notice.c.state == one.state.value,
        )
        connection.execute(update(pay_claim_notice).where(*here).values(values))


def last_told_at(connection: Connection, user: UserID) -> int | None:
    """When somebody was told anything last."""
    here = (pay_claim_notice.c.user_id == user, pay_claim_notice.c.key.is_not(None))
    return connection.execute(select(func.max(pay_claim_notice.c.at)).where(*here)).scalar()


def about(connection: Connection, claims: Iterable[ClaimId]) -> list[Notice]:
    """The messages that tell anything of these payments."""
    here = (pay_claim_notice.c.claim.in_(list(claims)), pay_claim_notice.c.key.is_not(None))
    rows = connection.execute(select(pay_claim_notice).where(*here).order_by(pay_claim_notice.c.at))
    return list(dict.fromkeys(_notice(row) for row in rows))


def told_by(connection: Connection, notice: Notice) -> list[News]:
    """What a message tells, in its order."""
    return _news(connection, pay_claim_notice.c.key == notice.key)


def forget(connection: Connection, user: UserID) -> None:
    connection.execute(delete(pay_claim_notice).where(pay_claim_notice.c.user_id == user))


def forget_before(connection: Connection, at: int) -> None:
    """Messages so old are not kept up to date any more."""
    connection.execute(delete(pay_claim_notice).where(pay_claim_notice.c.at < at))


def export(connection: Connection, user: UserID) -> list[dict[str, Any]]:
    """Of which payments somebody was told when."""
    columns = (pay_claim_notice.c.claim, pay_claim_notice.c.state, pay_claim_notice.c.at)
    rows = connection.execute(select(*columns).where(pay_claim_notice.c.user_id == user))
    return [dict(row) for row in rows.mappings()]


def _news(connection: Connection, *where: Any) -> list[News]:
    columns = (pay_claim_notice.c.claim, pay_claim_notice.c.state)
    rows = connection.execute(select(*columns).where(*where).order_by(*columns))
    return [News(ClaimId(row.claim), ClaimState(row.state)) for row in rows]


def _notice(row: Row[Any]) -> Notice:
    return Notice(EffectKey(row.key), UserID(row.user_id), UserID(row.bot), RoomID(row.room_id), Language(row.language))
