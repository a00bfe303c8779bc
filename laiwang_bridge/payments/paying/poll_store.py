"""Polls about who was there, and who said what: tables and the queries on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NewType

from mautrix.types import EventID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.sql import Sequence64, upsert
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.money.money import Money, currency

PollId = NewType("PollId", int)

pay_poll = Table(
    "pay_poll",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", BigInteger, nullable=False, index=True),
    Column("author", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("card_key", Text, index=True),
    Column("poll_key", Text, index=True),
    Column("is_closed", Boolean, nullable=False),
    Column("bill", BigInteger),
    Column("at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
pay_poll_vote = Table(
    "pay_poll_vote",
    metadata,
    Column("poll", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True, index=True),
    Column("there", Boolean, nullable=False),
    Column("event_id", Text, index=True),
    Column("at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Poll:
    """A question who was there, to be answered before `total` is split. `event` is the message that asked for it,
    `card` our message with the button, `poll` the poll that clients show, `bill` what came of it."""

    id: PollId
    ledger: LedgerId
    author: UserID
    title: str
    total: Money
    event: EventID
    language: Language
    bot: UserID
    card: EffectKey | None
    poll: EffectKey | None
    is_closed: bool
    bill: BillId | None


def add(
    connection: Connection,
    ledger: LedgerId,
    author: UserID,
    title: str,
    total: Money,
    event: EventID,
    language: Language,
    bot: UserID,
    now: int,
) -> PollId:
    row = {
        "ledger": ledger,
        "author": author,
        "title": title,
        "minor": total.minor,
        "currency": total.currency.code,
        "event_id": event,
        "language": language.value,
        "bot": bot,
        "is_closed": False,
        "at": now,
    }
    made = connection.execute(insert(pay_poll).values(row)).inserted_primary_key
    assert made is not None
    return PollId(made[0])


def note_sent(connection: Connection, id: PollId, card: EffectKey, poll: EffectKey, bot: UserID) -> None:
    """Where a poll is shown, and by whom."""
    values = {"card_key": card, "poll_key": poll, "bot": bot}
    connection.execute(update(pay_poll).where(pay_poll.c.id == id).values(values))


def close(connection: Connection, id: PollId, bill: BillId | None) -> None:
    connection.execute(update(pay_poll).where(pay_poll.c.id == id).values(is_closed=True, bill=bill))


def find(connection: Connection, id: PollId) -> Poll | None:
    return _one(connection, pay_poll.c.id == id)


def of_poll_event(connection: Connection, key: EffectKey) -> Poll | None:
    """The poll that clients show as the event of this effect."""
    return _one(connection, pay_poll.c.poll_key == key)


def open_in(connection: Connection, ledger: LedgerId) -> list[Poll]:
    """The polls of a room that are not closed, the newest first."""
    statement = select(pay_poll).where(pay_poll.c.ledger == ledger, pay_poll.c.is_closed.is_(False))
    return [_poll(row) for row in connection.execute(statement.order_by(pay_poll.c.id.desc()))]


def vote(connection: Connection, poll: PollId, user: UserID, there: bool, event: EventID | None, now: int) -> None:
    """Somebody says whether he was there; what he said before counts no more."""
    upsert(connection, pay_poll_vote, {"poll": poll, "user_id": user, "there": there, "event_id": event, "at": now})


def take_back(connection: Connection, event: EventID, user: UserID) -> PollId | None:
    """A vote was taken back; returns the poll that it was for."""
    this = (pay_poll_vote.c.event_id == event, pay_poll_vote.c.user_id == user)
    found = connection.execute(select(pay_poll_vote.c.poll).where(*this)).scalar()
    if found is None:
        return None
    connection.execute(delete(pay_poll_vote).where(*this))
    return PollId(found)


def votes(connection: Connection, poll: PollId) -> dict[UserID, bool]:
    """Who says that he was there and who that he was not, in the order in which they said so."""
    order = (pay_poll_vote.c.at, pay_poll_vote.c.user_id)
    rows = connection.execute(select(pay_poll_vote).where(pay_poll_vote.c.poll == poll).order_by(*order))
    return {UserID(row.user_id): row.there for row in rows}


def forget(connection: Connection, user: UserID) -> None:
    """Somebody wants nothing to be remembered: his polls that are still open, and his votes."""
    connection.execute(delete(pay_poll_vote).where(pay_poll_vote.c.user_id == user))
    connection.execute(delete(pay_poll).where(pay_poll.c.author == user))


def export(connection: Connection, user: UserID) -> list[dict[str, Any]]:
    statement = (
        select(pay_poll.c.title, pay_poll_vote.c.there, pay_poll_vote.c.at)
        .join(pay_poll, pay_poll.c.id == pay_poll_vote.c.poll)
        .where(pay_poll_vote.c.user_id == user)
        .order_by(pay_poll_vote.c.at)
    )
    return [{"poll": row.title, "there": row.there, "at": row.at} for row in connection.execute(statement)]


def _one(connection: Connection, *where: ColumnElement[bool]) -> Poll | None:
    row = connection.execute(select(pay_poll).where(*where)).first()
    return None if row is None else _poll(row)


def _poll(row: Any) -> Poll:
    return Poll(
        id=PollId(row.id),
        ledger=LedgerId(row.ledger),
        author=UserID(row.author),
        title=row.title,
        total=Money(row.minor, currency(row.currency)),
        event=EventID(row.event_id),
        language=Language(row.language),
        bot=UserID(row.bot),
        card=None if row.card_key is None else EffectKey(row.card_key),
        poll=None if row.poll_key is None else EffectKey(row.poll_key),
        is_closed=row.is_closed,
        bill=None if row.bill is None else BillId(row.bill),
    )
