"""Dispatch: inbox entries to handlers, in order within a lane, lanes side by side.

Handling is one database transaction: the handler's rows, its effects, and "this entry is done". A handler that
raises is tried again with growing pauses, its lane waiting for it; then the entry becomes a dead letter and the lane
goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from appservice import inbox, outbox, timers
from appservice.database import Database, own_fault, storable
from appservice.events import MalformedEvent
from appservice.inbox import Entry, Kind, State
from appservice.lanes import Lanes, Watch
from appservice.routes import DeadLetter, Routes, letter_body
from appservice.unit import Unit

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (0.2, 1.0, 5.0, 30.0, 120.0)
"""The pauses before a failing handler is tried again; after the last one it is given up."""

_BATCH = 16
_BATCH_SECONDS = 0.02
_LOCKED_SECONDS = 0.25
_SAFETY_NET_SECONDS = 30.0
_LOCK_NOT_AVAILABLE = "55P03"

Wake = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Step:
    """What one transaction did: entries handled, the lanes that have something to send, what is left."""

    handled: int
    to_send: frozenset[str]
    wait: float | None
    more: bool
    timers: bool = False


class _Failed(Exception):
    """One entry of a batch failed, after `handled` others; all of it was rolled back."""

    def __init__(self, entry: Entry, cause: Exception, handled: int) -> None:
        super().__init__(str(cause))
        self.entry = entry
        self.cause = cause
        self.handled = handled


class Dispatcher:
    """Works off the inbox with `workers` lanes at once.

    `poll_seconds` is how often the database is asked for lanes that another process filled; set it where several
    processes share the work.
    """

    def __init__(
        self,
        database: Database,
        routes: Routes,
        *,
        wake_outbox: Wake,
        secret: bytes,
        clock: Callable[[], int],
        workers: int = 8,
        poll_seconds: float | None = None,
        retry_after: tuple[float, ...] = RETRY_AFTER_SECONDS,
    ) -> None:
        self._database = database
        self._routes = routes
        self._wake_outbox = wake_outbox
        self._secret = secret
        self._clock = clock
        self._retry_after = retry_after
        self._poll = poll_seconds or _SAFETY_NET_SECONDS
        self._lanes = Lanes(self._serve, at_once=workers)
        self._watch = Watch(self._lanes, database, inbox.waiting_lanes, seconds=self._poll)
        self._alarm: asyncio.Task[None] | None = None
        self._timer_set = asyncio.Event()
        self.handled = 0

    def wake(self, lane: str) -> None:
        self._lanes.wake(lane)

    @property
    def idle(self) -> bool:
        return self._lanes.idle

    async def start(self) -> None:
        await self._watch.start()
        self._alarm = asyncio.create_task(self._watch_timers())

    async def close(self) -> None:
        await self._watch.close()
        if self._alarm is not None:
            self._alarm.cancel()
            await asyncio.gather(self._alarm, return_exceptions=True)
        await self._lanes.close()

    async def _watch_timers(self) -> None:
        while True:
            self._timer_set.clear()
            delay = 1.0
            try:
                for lane in await self._database.write(lambda connection: timers.ring(connection, self._clock())):
                    self._lanes.wake(lane)
                next_at = await self._database.read(timers.next_timer_at)
                delay = self._poll if next_at is None else min((next_at - self._clock()) / 1000, self._poll)
            except Exception:
                log.exception("cannot look for due timers")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._timer_set.wait(), max(delay, 0.01))

    async def _serve(self, lane: str) -> float | None:
        batch = _BATCH
        while True:
            try:
                step = await self._database.write(partial(self._step, lane=lane, batch=batch))
            except _Failed as failure:
                if failure.handled:  # let the ones before it pass first
                    batch = failure.handled
                    continue
                step = await self._record(failure)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                    return _LOCKED_SECONDS  # another process is at this lane
                raise
            batch = _BATCH
            self.handled += step.handled
            for outgoing in step.to_send:
                self._wake_outbox(outgoing)
            if step.timers:
                self._timer_set.set()
            if not step.more:
                return step.wait
            if self._lanes.crowded:
                return 0

    def _step(self, connection: Connection, lane: str, batch: int) -> _Step:
        began = time.monotonic()
        to_send: set[str] = set()
        timers = False
        for handled in range(batch):
            now = self._clock()
            entry = inbox.head(connection, lane)
            if entry is None:
                return _Step(handled, frozenset(to_send), None, more=False, timers=timers)
            if (early := self._early(entry, now)) > 0:
                return _Step(handled, frozenset(to_send), early, more=False, timers=timers)
            unit = Unit(connection, now, entry.key, self._secret)
            try:
                self._routes.handle(unit, entry)
            except Exception as error:
                if own_fault(error):
                    raise  # also its way to ask for a repetition
                raise _Failed(entry, error, handled) from error
            to_send |= _commit(unit)
            timers = timers or bool(unit.timers)
            inbox.done(connection, entry.seq)
            if time.monotonic() - began > _BATCH_SECONDS:
                return _Step(handled + 1, frozenset(to_send), None, more=True, timers=timers)
        return _Step(batch, frozenset(to_send), None, more=True, timers=timers)

    def _early(self, entry: Entry, now: int) -> float:
        """For how many seconds an entry still has to wait. Longer than any pause of ours: the clock was set back."""
        seconds = (entry.due_at - now) / 1000
        return seconds if seconds <= max(self._retry_after, default=0) else 0

    async def _record(self, failure: _Failed) -> _Step:
        entry, cause = failure.entry, failure.cause
        described = storable(f"{type(cause).__name__}: {cause}")
        attempts = entry.attempts + 1
        now = self._clock()
        if isinstance(cause, MalformedEvent):
            log.warning("entry %s is set aside: %s", entry.key, cause)
            await self._database.write(
                lambda connection: inbox.bury(connection, entry.seq, attempts, described, State.ASIDE)
            )
            return _Step(0, frozenset(), None, more=True)
        if attempts <= len(self._retry_after):
            pause = self._retry_after[attempts - 1]
            log.warning("entry %s failed, next try in %.1f s", entry.key, pause, exc_info=cause)
            due_at = now + int(pause * 1000)
            await self._database.write(
                lambda connection: inbox.postpone(connection, entry.seq, attempts, due_at, described)
            )
            return _Step(0, frozenset(), pause, more=False)
        log.error("entry %s is given up after %d attempts", entry.key, attempts, exc_info=cause)
        await self._database.write(lambda connection: _bury(connection, entry, attempts, described, now))
        return _Step(0, frozenset(), None, more=True)


def _commit(unit: Unit) -> set[str]:
    for key in unit.cancelled_timers:
        timers.cancel_timer(unit.connection, key)
    timers.set_timers(unit.connection, unit.timers)
    return set(outbox.put(unit.connection, unit.emissions, unit.now))


def _bury(connection: Connection, entry: Entry, attempts: int, error: str, now: int) -> None:
    buried = inbox.bury(connection, entry.seq, attempts, error)
    if not buried or entry.kind is Kind.LETTER:  # no letters about letters
        return
    letter = _letter(entry, error)
    inbox.put(connection, f"letter:{entry.key}", entry.lane, Kind.LETTER, letter_body(letter), now)


def _letter(entry: Entry, error: str) -> DeadLetter:
    number = f"in-{entry.seq}"
    body = orjson.loads(entry.body)
    if entry.kind is not Kind.EVENT:
        return DeadLetter(number, entry.kind, error)
    return DeadLetter(
        number,
        str(body.get("type")),
        error,
        asker=body.get("sender"),
        room_id=body.get("room_id"),
        event_id=entry.key,  # type: ignore[arg-type]
    )
