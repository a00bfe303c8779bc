"""The inbox: whatever arrives is stored, once, before anybody is told that it has arrived.

    homeserver ── PUT transaction ──► accept: one database transaction ──► 200
    outbox ────── answer ───────────►   inbox (one order per lane)     ──► dispatch
    timers ────── due ──────────────►

A transaction that comes again changes nothing: it is known by its id and by what is in it (an id alone is not
enough, a homeserver restored from a backup counts from the same number again), and each event is known by its event
id. Bodies are wiped as soon as an entry is done.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Update,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

from appservice import key_exchange, receipts
from appservice.database import Database, metadata, storable
from appservice.events import MalformedEvent
from appservice.prepared import Prepared
from appservice.sql import Sequence64, insert_ignoring, insert_new
from appservice.transaction import Transaction

log = logging.getLogger(__name__)


class State(IntEnum):
    WAITING = 0
    DONE = 1
    DEAD = 2
    ASIDE = 3
    """Not understood; kept for the admin to look at."""


class Kind(StrEnum):
    EVENT = "event"
    ANSWER = "answer"
    TIMER = "timer"
    LETTER = "letter"
    """News of a dead letter, for whoever tells the person who asked."""
    RECEIPTS = "receipts"


inbox = Table(
    "inbox",
    metadata,
    Column("seq", Sequence64, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("lane", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary),
    Column("state", Integer, nullable=False, default=State.WAITING),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", BigInteger, nullable=False, default=0),
    Column("error", Text),
    Column("received_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "ix_inbox_waiting",
    inbox.c.lane,
    inbox.c.seq,
    sqlite_where=inbox.c.state == 0,
    postgresql_where=inbox.c.state == 0,
)
Index("ix_inbox_received_at", inbox.c.received_at)
Index(
    "ix_inbox_troubled",
    inbox.c.state,
    sqlite_where=inbox.c.state > 1,
    postgresql_where=inbox.c.state > 1,
)

inbox_transaction = Table(
    "inbox_transaction",
    metadata,
    Column("txn_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
)

# Said literally, because a partial index serves only a condition that the planner can read.
_IS_WAITING = inbox.c.state == literal_column("0")
_IS_TROUBLED = inbox.c.state > literal_column("1")

# Every event needs these.
_HEAD = Prepared(
    select(inbox.c.seq, inbox.c.key, inbox.c.kind, inbox.c.body, inbox.c.attempts, inbox.c.due_at)
    .where(inbox.c.lane == bindparam("wanted"), _IS_WAITING)
    .order_by(inbox.c.seq)
    .limit(1)
    .with_for_update(nowait=True)
)
_WAITING_LANES = Prepared(select(inbox.c.lane).where(_IS_WAITING).distinct())
_DONE = Prepared(update(inbox).where(inbox.c.seq == bindparam("which")).values(state=State.DONE, body=None, error=None))

_LANE_OF_THE_UNREADABLE = "aside"


@dataclass(frozen=True, slots=True)
class Entry:
    """One waiting thing: an event, an answer, receipts, or a timer that went off."""

    seq: int
    key: str
    lane: str
    kind: Kind
    body: bytes
    attempts: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits and since when (milliseconds; None when nothing waits)."""

    waiting: int
    oldest_at: int | None
    dead: int
    aside: int


class Inbox:
    """The homeserver's side of the inbox: `accept` returns when the transaction is durable."""

    def __init__(self, database: Database, wake: Callable[[str], None], clock: Callable[[], int]) -> None:
        self._database = database
        self._wake = wake
        self._clock = clock

    async def accept(self, transaction: Transaction) -> None:
        now = self._clock()
        rows, lanes = _rows(transaction, now)
        fingerprint = _fingerprint(transaction, rows)
        read = await self._database.write(lambda connection: _store(connection, transaction, fingerprint, rows, now))
        for lane in (*lanes, *read):
            self._wake(lane)


def put(connection: Connection, key: str, lane: str, kind: Kind, body: object, now: int) -> None:
    """Add an entry of our own; one with the same key is already there, or was."""
    row = {"key": key, "lane": lane, "kind": kind, "body": orjson.dumps(body), "received_at": now}
    insert_new(connection, inbox, [row])


def head(connection: Connection, lane: str) -> Entry | None:
    """The first waiting entry of a lane, locked for this transaction where several processes share the work.

    Raises the driver's lock error when another process has it.
    """
    row = _HEAD.first(connection, wanted=lane)
    if row is None:
        return None
    return Entry(row.seq, row.key, lane, Kind(row.kind), row.body or b"", row.attempts, row.due_at)


def done(connection: Connection, seq: int) -> None:
    _DONE.send(connection, which=seq)


def postpone(connection: Connection, seq: int, attempts: int, due_at: int, error: str) -> None:
    connection.execute(_if_waiting(seq).values(attempts=attempts, due_at=due_at, error=error))


def bury(connection: Connection, seq: int, attempts: int, error: str, state: State = State.DEAD) -> bool:
    """Give an entry up: it keeps its body so that the admin can look at it and try it again.

    False if another process has meanwhile done what we could not.
    """
    buried = _if_waiting(seq).values(state=state, attempts=attempts, error=error)
    return connection.execute(buried).rowcount == 1


def _if_waiting(seq: int) -> Update:
    return update(inbox).where(inbox.c.seq == seq, _IS_WAITING)


def revive(connection: Connection, seqs: Iterable[int]) -> list[str]:
    """Let dead entries be tried again; returns their lanes."""
    wanted = (inbox.c.seq.in_(list(seqs)), inbox.c.state == State.DEAD)
    dead = connection.execute(select(inbox.c.key, inbox.c.lane).where(*wanted)).all()
    forget(connection, [f"letter:{row.key}" for row in dead])
    connection.execute(update(inbox).where(*wanted).values(state=State.WAITING, attempts=0, due_at=0))
    return sorted({row.lane for row in dead})


def forget(connection: Connection, keys: Sequence[str]) -> None:
    """Let entries of our own that are done be put once more."""
    connection.execute(delete(inbox).where(inbox.c.key.in_(keys), inbox.c.state == State.DONE))


def waiting_lanes(connection: Connection) -> Sequence[str]:
    return _WAITING_LANES.scalars(connection)


def backlog(connection: Connection) -> Backlog:
    waiting = connection.execute(select(func.count(), func.min(inbox.c.received_at)).where(_IS_WAITING)).one()
    counts = connection.execute(select(inbox.c.state, func.count()).where(_IS_TROUBLED).group_by(inbox.c.state))
    troubled: dict[int, int] = {row[0]: row[1] for row in counts}
    return Backlog(waiting[0], waiting[1], troubled.get(State.DEAD, 0), troubled.get(State.ASIDE, 0))


def forget_before(connection: Connection, instant: int) -> int:
    """Drop what is only kept to recognise repetitions; returns how many entries went."""
    connection.execute(delete(inbox_transaction).where(inbox_transaction.c.received_at < instant))
    old = delete(inbox).where(inbox.c.received_at < instant, inbox.c.state == State.DONE)
    return connection.execute(old).rowcount


def _rows(transaction: Transaction, now: int) -> tuple[list[dict[str, Any]], dict[str, None]]:
    rows: list[dict[str, Any]] = []
    lanes: dict[str, None] = {}
    for index, raw in enumerate(transaction.events):
        row: dict[str, Any] = {"kind": Kind.EVENT, "state": State.WAITING, "error": None, "received_at": now}
        try:
            key, lane = _identify(raw)
            row |= {"key": key, "lane": lane, "body": orjson.dumps(raw)}
            lanes[lane] = None
        except (MalformedEvent, orjson.JSONEncodeError) as error:
            log.warning("event %d of transaction %s is set aside: %s", index, transaction.txn_id, error)
            body = orjson.dumps(raw, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=repr)
            digest = hashlib.sha256(body).hexdigest()[:32]
            row |= {"key": f"aside:{digest}", "lane": _LANE_OF_THE_UNREADABLE, "body": body}
            row |= {"state": State.ASIDE, "error": storable(str(error))}
        rows.append(row)
    return rows, lanes


def _identify(raw: object) -> tuple[str, str]:
    if not isinstance(raw, Mapping):
        raise MalformedEvent("an event must be a JSON object")
    key, lane = raw.get("event_id"), raw.get("room_id")
    if not isinstance(key, str) or not key:
        raise MalformedEvent("event_id is missing or not a string")
    if not isinstance(lane, str) or not lane:
        raise MalformedEvent("room_id is missing or not a string")
    if "\0" in key or "\0" in lane:
        raise MalformedEvent("event_id or room_id holds a NUL")
    return key, lane


def _fingerprint(transaction: Transaction, rows: list[dict[str, Any]]) -> bytes:
    """Tells the same transaction sent again (ages in `unsigned` differ) from another one with the same id."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row["key"].encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    digest.update(orjson.dumps(transaction.to_device, default=repr))
    return digest.digest()


def _store(
    connection: Connection,
    transaction: Transaction,
    fingerprint: bytes,
    rows: list[dict[str, Any]],
    now: int,
) -> list[str]:
    """Returns the lanes of the receipts in it that somebody waits for."""
    received = {"txn_id": transaction.txn_id, "fingerprint": fingerprint, "received_at": now}
    if connection.execute(insert_ignoring(connection, inbox_transaction), received).rowcount == 0:
        return []
    insert_new(connection, inbox, rows)
    key_exchange.store(connection, transaction, now)
    read = receipts.wanted(connection, transaction.ephemeral)
    for one in read:
        put(connection, f"receipts:{transaction.txn_id}@{now}:{one.room_id}", one.room_id, Kind.RECEIPTS, one.body, now)
    return [one.room_id for one in read]
