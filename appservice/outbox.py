"""The outbox: effects as rows, delivered in order per lane, each seen exactly once.

    handler ── emit ──► row (same transaction as the handler's own) ──► courier ──► homeserver
                                                   ▲                                  │
                          inbox ◄── answer ── result recorded ◄───────────────────────┘

Delivery may be repeated: after a crash, a lost answer, a restart on either side. It is the transaction id, derived
from the effect's key, and the repeatable form of every other call (`appservice.delivery`) that make the repetition
invisible. Contents are wiped once delivered; key and event id stay, for edits and buttons.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
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

from appservice import inbox
from appservice.database import metadata, storable
from appservice.effects import (
    Answer,
    CreateRoom,
    Effect,
    EffectCodec,
    EffectKey,
    Job,
    RoomEffect,
    RoomOf,
    RoomRef,
    Upload,
    creation_lane,
    creation_of,
)
from appservice.inbox import Kind
from appservice.prepared import Prepared
from appservice.routes import DeadLetter, answer_body, letter_body
from appservice.sql import Sequence64, insert_new
from appservice.unit import Emission


class Delivery(IntEnum):
    WAITING = 0
    DONE = 1
    DEAD = 2


outbox = Table(
    "outbox",
    metadata,
    Column("seq", Sequence64, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("lane", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary),
    Column("data", LargeBinary),
    Column("notify", Text),
    Column("context", LargeBinary),
    Column("asker", Text),
    Column("state", Integer, nullable=False, default=Delivery.WAITING),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", BigInteger, nullable=False, default=0),
    Column("error", Text),
    Column("event_id", Text),
    Column("room_id", Text),
    Column("content_uri", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "ix_outbox_waiting",
    outbox.c.lane,
    outbox.c.seq,
    sqlite_where=outbox.c.state == 0,
    postgresql_where=outbox.c.state == 0,
)
Index("ix_outbox_event_id", outbox.c.event_id)
Index("ix_outbox_done_at", outbox.c.done_at)
Index("ix_outbox_dead", outbox.c.state, sqlite_where=outbox.c.state == 2, postgresql_where=outbox.c.state == 2)

# Said literally, because a partial index serves only a condition that the planner can read.
_IS_WAITING = outbox.c.state == literal_column("0")
_IS_DEAD = outbox.c.state == literal_column("2")

# Every effect needs these.
_KEY_OF_EVENT = Prepared(select(outbox.c.key).where(outbox.c.event_id == bindparam("wanted")))
_PLACE = Prepared(select(outbox.c.state, outbox.c.room_id, outbox.c.lane).where(outbox.c.key == bindparam("wanted")))
_FIRST = Prepared(
    select(outbox)
    .where(outbox.c.lane == bindparam("wanted"), _IS_WAITING)
    .order_by(outbox.c.seq)
    .limit(bindparam("many"))
)
_WAITING_LANES = Prepared(select(outbox.c.lane).where(_IS_WAITING).distinct())
_RECORD = Prepared(
    update(outbox)
    .where(outbox.c.seq == bindparam("which"), _IS_WAITING)
    .values(
        state=Delivery.DONE,
        payload=None,
        data=None,
        context=None,
        asker=None,
        error=None,
        event_id=bindparam("made_event"),
        room_id=bindparam("made_room"),
        content_uri=bindparam("made_media"),
        done_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An effect that is to be delivered now."""

    seq: int
    key: EffectKey
    lane: str
    effect: Effect
    attempts: int
    due_at: int
    postponed: bool
    """Whether it waits because a delivery failed, and not because whoever emitted it said so."""
    notify: str | None
    context: Mapping[str, Any]
    asker: UserID | None

    def answer(self, result: Result) -> Answer:
        return Answer(
            self.key,
            self.context,
            event_id=result.event_id,
            room_id=result.room_id,
            content_uri=result.content_uri,
            state=tuple(result.state),
            outcome=result.outcome,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What the homeserver, or the worker of a job, made of an effect."""

    event_id: EventID | None = None
    room_id: RoomID | None = None
    content_uri: str | None = None
    state: Sequence[Mapping[str, Any]] = ()
    outcome: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    waiting: int
    oldest_at: int | None
    dead: int


def transaction_id(instance: bytes, key: EffectKey) -> str:
    """The Matrix transaction id of an effect: the same for every repetition, no other effect's.

    It has to be unique over all our users, because Synapse remembers the requests of an application service without
    the user (synapse/rest/client/transactions.py). `instance` keeps two bridges' lives apart.
    """
    digest = hashlib.blake2b(key.encode(), key=instance[:64], digest_size=20).digest()
    return "lw" + b32encode(digest).decode().lower()


def put(connection: Connection, emissions: Iterable[Emission], now: int) -> list[str]:
    """Store effects; returns their lanes. One whose key is known already is dropped."""
    rows = [_row(connection, emission, now) for emission in emissions]
    insert_new(connection, outbox, rows)
    return [row["lane"] for row in rows]


def _row(connection: Connection, emission: Emission, now: int) -> dict[str, Any]:
    effect = _settled(connection, emission.effect)
    kind, payload = EffectCodec.encode(effect)
    return {
        "key": emission.key,
        "lane": effect.lane,
        "kind": kind,
        "payload": payload,
        "data": effect.data if isinstance(effect, Upload) else None,
        "notify": emission.notify,
        "context": orjson.dumps(dict(emission.context)) if emission.context else None,
        "asker": emission.asker,
        "due_at": emission.not_before or 0,
        "created_at": now,
    }


def _settled(connection: Connection, effect: Effect) -> Effect:
    """Name a room that exists by now by its id, so that all that happens in it shares one lane."""
    if isinstance(effect, RoomEffect) and isinstance(effect.room, RoomOf):
        room_id = connection.execute(select(outbox.c.room_id).where(outbox.c.key == effect.room.key)).scalar()
        if room_id is not None:
            return replace(effect, room=RoomID(room_id))
    return effect


def first(connection: Connection, lane: str, limit: int) -> list[Waiting]:
    """The next effects of a lane, in order."""
    rows = _FIRST.all(connection, wanted=lane, many=limit)
    return [
        Waiting(
            row.seq,
            EffectKey(row.key),
            row.lane,
            EffectCodec.decode(row.kind, row.payload, row.data),
            row.attempts,
            row.due_at,
            row.error is not None,
            row.notify,
            orjson.loads(row.context) if row.context else {},
            row.asker,
        )
        for row in rows
    ]


def result_of(connection: Connection, key: EffectKey) -> tuple[Delivery, Result] | None:
    """How far the effect with this key has come, or None if there is no such effect."""
    row = connection.execute(
        select(outbox.c.state, outbox.c.event_id, outbox.c.room_id, outbox.c.content_uri).where(outbox.c.key == key)
    ).first()
    if row is None:
        return None
    return Delivery(row.state), Result(row.event_id, row.room_id, row.content_uri)


def key_of_event(connection: Connection, event_id: EventID) -> EffectKey | None:
    """Which effect sent this event; None if it was not one of ours."""
    key = _KEY_OF_EVENT.scalar(connection, wanted=event_id)
    return None if key is None else EffectKey(key)


def stands_in(connection: Connection, key: EffectKey, room: RoomRef) -> bool:
    """Whether what this effect sends is, or will be, in that room: only there can it be edited."""
    row = _PLACE.first(connection, wanted=key)
    if row is None or row.state == Delivery.DEAD:
        return False
    if isinstance(room, str):
        return bool((row.room_id or row.lane) == room)
    made = connection.execute(select(outbox.c.room_id).where(outbox.c.key == room.key)).scalar()
    return bool((row.room_id or row.lane) == (made or creation_lane(room.key)))


def forget_person(connection: Connection, user: UserID) -> None:
    """Somebody is no longer to be kept as the one who asked for things, nor told what became of them."""
    connection.execute(update(outbox).where(outbox.c.asker == user).values(asker=None))


def record(connection: Connection, waiting: Waiting, result: Result, now: int) -> set[str]:
    """Note that an effect is done and answer whoever asked; returns the inbox lanes to wake.

    Nothing happens where another process has done so: we had stood still and lost the lane.
    """
    made = {
        "which": waiting.seq,
        "made_event": result.event_id,
        "made_room": result.room_id,
        "made_media": result.content_uri,
        "now": now,
    }
    if _RECORD.run(connection, **made) == 0:
        return set()
    if isinstance(waiting.effect, CreateRoom) and result.room_id is not None:
        _move(connection, creation_lane(waiting.key), result.room_id)
    if waiting.notify is None:
        return set()
    answer = waiting.answer(result)
    return {_tell(connection, waiting, answer, now)}


def home_of(connection: Connection, lane: str) -> str | None:
    """Where the effects in a creation lane belong: in the new room's own lane, moving them there.

    None while the room is still being made; their present lane if it never will be.
    """
    found = result_of(connection, creation_of(lane))
    if found is None or found[0] is Delivery.DEAD:
        return lane
    stage, result = found
    if stage is Delivery.WAITING:
        return None
    if result.room_id is None:
        return lane
    _move(connection, lane, result.room_id)
    return result.room_id


def _move(connection: Connection, creation: str, room_id: RoomID) -> None:
    """What was waiting for a room goes on in the room's own lane."""
    waiting = (outbox.c.lane == creation, _IS_WAITING)
    connection.execute(update(outbox).where(*waiting).values(lane=room_id))


def _tell(connection: Connection, waiting: Waiting, answer: Answer, now: int) -> str:
    assert waiting.notify is not None
    lane = answer.room_id or waiting.lane
    inbox.put(connection, f"answer:{waiting.key}", lane, Kind.ANSWER, answer_body(waiting.notify, answer), now)
    return lane


def _if_waiting(seq: int) -> Update:
    return update(outbox).where(outbox.c.seq == seq, _IS_WAITING)


def postpone(connection: Connection, seq: int, attempts: int, due_at: int, error: str) -> None:
    connection.execute(_if_waiting(seq).values(attempts=attempts, due_at=due_at, error=storable(error)))


def bury(connection: Connection, waiting: Waiting, code: str, message: str, now: int) -> set[str]:
    """Give an effect up: whoever asked is told, the lane goes on; returns the inbox lanes to wake."""
    message = storable(message)
    described = f"{code}: {message}"
    dead = _if_waiting(waiting.seq).values(
        state=Delivery.DEAD, attempts=waiting.attempts + 1, error=described, done_at=now
    )
    if isinstance(waiting.effect, Job) and waiting.effect.sensitive:
        dead = dead.values(payload=None, context=None)
    if connection.execute(dead).rowcount == 0:
        return set()
    room = getattr(waiting.effect, "room", None)
    lanes: set[str] = set()
    if waiting.notify is not None:
        answer = Answer(waiting.key, waiting.context, error=code, message=message)
        lanes.add(_tell(connection, waiting, answer, now))
    if waiting.asker is not None:
        letter = DeadLetter(
            f"out-{waiting.seq}",
            type(waiting.effect).__name__,
            described,
            asker=waiting.asker,
            room_id=RoomID(room) if isinstance(room, str) else None,
        )
        inbox.put(connection, f"letter:{waiting.key}", waiting.lane, Kind.LETTER, letter_body(letter), now)
        lanes.add(waiting.lane)
    return lanes


def revive(connection: Connection, seqs: Iterable[int]) -> list[str]:
    """Let dead effects be tried again; returns their lanes. Whoever asked is told again what became of them.

    What was sensitive stays dead: nothing of it is left.
    """
    wanted = (outbox.c.seq.in_(list(seqs)), _IS_DEAD, outbox.c.payload.is_not(None))
    dead = connection.execute(select(outbox.c.key, outbox.c.lane).where(*wanted)).all()
    inbox.forget(connection, [f"{kind}:{row.key}" for row in dead for kind in ("answer", "letter")])
    connection.execute(update(outbox).where(*wanted).values(state=Delivery.WAITING, attempts=0, due_at=0, done_at=None))
    return sorted({row.lane for row in dead})


def waiting_lanes(connection: Connection) -> Sequence[str]:
    return _WAITING_LANES.scalars(connection)


def backlog(connection: Connection) -> Backlog:
    waiting, oldest = connection.execute(select(func.count(), func.min(outbox.c.created_at)).where(_IS_WAITING)).one()
    dead = connection.execute(select(func.count()).where(_IS_DEAD)).scalar_one()
    return Backlog(waiting, oldest, dead)


def forget_before(connection: Connection, without_event: int, with_event: int) -> int:
    """Drop delivered effects: those without an event before one instant, those that made one before another."""
    done = outbox.c.state == Delivery.DONE
    eventless = delete(outbox).where(
        done, outbox.c.done_at < without_event, outbox.c.event_id.is_(None), outbox.c.room_id.is_(None)
    )
    old = delete(outbox).where(done, outbox.c.done_at < with_event)
    return connection.execute(eventless).rowcount + connection.execute(old).rowcount
