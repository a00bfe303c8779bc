"""The courier takes effects from the outbox to the homeserver.

In order within a lane, one under way there; lanes side by side. Recording a result overlaps with the next delivery
where the homeserver recognises a repetition: if we are killed in between, the next life repeats both.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from appservice import leases, outbox
from appservice.database import Database
from appservice.delivery import RECOGNISED, Delivery
from appservice.effects import Effect, EffectKey, Job, Join, creation_lane, is_creation_lane
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.lanes import Lanes, Watch
from appservice.outbox import Result, Waiting
from appservice.reachability import Reachability
from appservice.results import NotYet

log = logging.getLogger(__name__)

Wake = Callable[[str], None]

MISCONFIGURED = frozenset(("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_EXCLUSIVE"))
"""What an admin can mend without our losing anything: these wait, they never become dead letters."""

FAULT = "APPSERVICE_FAULT"
"""The delivery failed by a fault of our own; the log has the details."""

_BATCH = 20
_SAFETY_NET_SECONDS = 30.0
_LONGEST_PAUSE = 300.0
_ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER = 25
"""With the pauses of `_pause`, about an hour and a half of answers like 500 to one request."""
_ATTEMPTS_TO_JOIN = 5
"""Over federation an invitation can reach us before the inviting homeserver itself knows of it: for some seconds it
then says that we are not invited."""
_PAUSE_WHEN_MISCONFIGURED = 10.0
_PAUSE_WHEN_LIMITED = 1.0
_PAUSE_FOR_ANOTHER_EFFECT = 1.0
_LONGEST_LIMIT = 3600.0
"""Seconds; a homeserver that says to wait longer is asked again after so long."""
_LEASE_SECONDS = 15.0
_TAKEN_SECONDS = 1.0
_LAST_SECONDS = 10.0


class Courier:
    """Delivers with `at_once` lanes side by side.

    `shared`: several processes share the outbox, so a lane is leased before it is worked on; `poll_seconds` is then
    how often we look for lanes that others filled or left.
    """

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        reachability: Reachability,
        *,
        wake_inbox: Wake,
        instance: bytes,
        clock: Callable[[], int],
        at_once: int = 32,
        shared: bool = False,
        poll_seconds: float | None = None,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._reachability = reachability
        self._wake_inbox = wake_inbox
        self._instance = instance
        self._clock = clock
        self._shared = shared
        self._owner = uuid.uuid4().hex
        self._held: dict[str, float] = {}
        self._awaited: dict[str, EffectKey] = {}
        self._unanswered: dict[str, int] = {}
        self._accepted = True
        self._lanes = Lanes(self._serve, at_once=at_once)
        seconds = poll_seconds or _SAFETY_NET_SECONDS
        self._watch = Watch(self._lanes, database, outbox.waiting_lanes, seconds=seconds)
        self._renewing: asyncio.Task[None] | None = None
        self.delivered = 0

    def wake(self, lane: str) -> None:
        self._lanes.wake(lane)

    @property
    def idle(self) -> bool:
        return self._lanes.idle

    async def start(self) -> None:
        await self._watch.start()
        if self._shared:
            self._renewing = asyncio.create_task(self._renew_leases())

    async def close(self) -> None:
        await self._watch.close()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        await self._lanes.close()

    async def _serve(self, lane: str) -> float | None:
        if is_creation_lane(lane) and not await self._room_is_lost(lane):
            return None
        if not self._shared:
            return await self._deliver_all(lane)
        if not await self._claim(lane):
            return _TAKEN_SECONDS
        try:
            return await self._deliver_all(lane)
        finally:
            self._held.pop(lane, None)
            await self._database.write(partial(leases.release, lane=lane, owner=self._owner))

    async def _room_is_lost(self, lane: str) -> bool:
        """Whether what waits for a new room has to be given up. Otherwise it goes on in the room's own lane."""
        home = await self._database.write(partial(outbox.home_of, lane=lane))
        if home is not None and home != lane:
            self._lanes.wake(home)
        return home == lane

    async def _deliver_all(self, lane: str) -> float | None:
        self._awaited.pop(lane, None)
        recording = _Recording()
        try:
            while True:
                await self._reachability.here.wait()
                batch = await self._database.read(partial(outbox.first, lane=lane, limit=_BATCH))
                if not batch:
                    return None
                for waiting in batch:
                    if (early := self._early(waiting)) > 0:
                        return early
                    if self._shared and self._held[lane] < time.monotonic():
                        return _TAKEN_SECONDS  # we were too slow to renew; somebody else may have the lane
                    try:
                        result = await self._deliver(waiting)
                    except NotYet as reason:
                        if await recording.finish():
                            break  # perhaps that is what it needs
                        return self._wait_for(waiting, reason)
                    except HomeserverAway as error:
                        await recording.finish()
                        return self._unheard(lane, error)
                    except HomeserverError as error:
                        await recording.finish()
                        if (pause := await self._refused(waiting, error)) is not None:
                            return pause
                        continue
                    await recording.finish()
                    recording.begin(self._record(waiting, result))
                    if not isinstance(waiting.effect, RECOGNISED):
                        # Nobody may see this one done again after what follows it.
                        await recording.finish()
                await recording.finish()
                if self._lanes.crowded:
                    return 0
        finally:
            with suppress(TimeoutError):  # a database that hangs must not keep us from stopping
                async with asyncio.timeout(_LAST_SECONDS):
                    await recording.finish()

    def _early(self, waiting: Waiting) -> float:
        """For how many seconds an effect still has to wait. Longer than any pause of ours: the clock was set back."""
        seconds = (waiting.due_at - self._clock()) / 1000
        return 0 if waiting.postponed and seconds > _LONGEST_LIMIT else seconds

    async def _deliver(self, waiting: Waiting) -> Result:
        transaction_id = outbox.transaction_id(self._instance, waiting.key)
        try:
            result = await self._delivery.deliver(waiting.effect, transaction_id)
        except HomeserverError:
            self._heard(waiting)
            raise
        except (NotYet, HomeserverAway, SQLAlchemyError):
            raise
        except Exception as error:
            log.exception("effect %s (%s) stumbled", waiting.key, type(waiting.effect).__name__)
            raise HomeserverError(500, FAULT, f"{type(error).__name__}: {error}") from error
        self._heard(waiting)
        self._accepted = True
        self.delivered += 1
        return result

    def _heard(self, waiting: Waiting) -> None:
        if not isinstance(waiting.effect, Job):  # a job says nothing about the homeserver
            self._reachability.seen()
        self._unanswered.pop(waiting.lane, None)

    async def _record(self, waiting: Waiting, result: Result) -> None:
        now = self._clock()
        lanes = await self._database.write(lambda connection: outbox.record(connection, waiting, result, now))
        for lane in lanes:
            self._wake_inbox(lane)
        if result.room_id is not None and result.room_id != waiting.lane:
            self._lanes.wake(result.room_id)
        self._wake_those_who_wait_for(waiting.key)

    def _wait_for(self, waiting: Waiting, reason: NotYet) -> float:
        """The lane waits for an effect in another lane, and is woken when that is done here."""
        log.info("effect %s waits: %s", waiting.key, reason)
        if reason.key is not None:
            self._awaited[waiting.lane] = reason.key
        return _PAUSE_FOR_ANOTHER_EFFECT

    def _wake_those_who_wait_for(self, key: EffectKey) -> None:
        for lane in [lane for lane, awaited in self._awaited.items() if awaited == key]:
            self._lanes.wake(lane)

    def _unheard(self, lane: str, error: HomeserverAway) -> float:
        """Everybody waits for the homeserver; then this lane too, longer each time that only its request gets lost."""
        self._reachability.lost(str(error))
        times = self._unanswered.get(lane, 0)
        self._unanswered[lane] = times + 1
        return _pause(times - 1) if times else 0

    async def _refused(self, waiting: Waiting, error: HomeserverError) -> float | None:
        """Returns after how many seconds to try again, or None when the effect was given up."""
        if error.status == 429:
            pause = min(error.retry_after or _PAUSE_WHEN_LIMITED, _LONGEST_LIMIT)
            return await self._postpone(waiting, str(error), pause)
        if error.errcode in MISCONFIGURED:
            if self._accepted:
                log.error("the homeserver does not accept us, look at the registration and its tokens: %s", error)
            self._accepted = False
            return await self._postpone(waiting, str(error), _PAUSE_WHEN_MISCONFIGURED)
        if waiting.attempts < _attempts(waiting.effect, error):
            return await self._postpone(waiting, str(error), _pause(waiting.attempts), failed=True)
        log.error("effect %s (%s) is given up: %s", waiting.key, type(waiting.effect).__name__, error)
        now = self._clock()

        def bury(connection: Connection) -> set[str]:
            return outbox.bury(connection, waiting, error.errcode, error.message, now)

        for lane in await self._database.write(bury):
            self._wake_inbox(lane)
        self._lanes.wake(creation_lane(waiting.key))
        self._wake_those_who_wait_for(waiting.key)
        return None

    async def _postpone(self, waiting: Waiting, reason: str, seconds: float, *, failed: bool = False) -> float:
        due_at = self._clock() + int(seconds * 1000)
        attempts = waiting.attempts + failed
        log.info("effect %s waits %.1f s: %s", waiting.key, seconds, reason)
        await self._database.write(
            lambda connection: outbox.postpone(connection, waiting.seq, attempts, due_at, reason)
        )
        return seconds

    async def _claim(self, lane: str) -> bool:
        began = time.monotonic()
        claim = partial(leases.claim, lane=lane, owner=self._owner, seconds=_LEASE_SECONDS)
        claimed = await self._database.write(claim)
        if claimed:
            self._held[lane] = began + _LEASE_SECONDS
        return claimed

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 3)
            for lane in list(self._held):
                try:
                    await self._renew(lane)
                except Exception:
                    log.exception("cannot renew the lease on %s", lane)

    async def _renew(self, lane: str) -> None:
        began = time.monotonic()
        renew = partial(leases.renew, lane=lane, owner=self._owner, seconds=_LEASE_SECONDS)
        renewed = await self._database.write(renew)
        if lane in self._held:  # it may have been given back meanwhile
            self._held[lane] = began + _LEASE_SECONDS if renewed else 0.0


class _Recording:
    """The result of one delivery on its way into the database, while the next delivery is under way."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def begin(self, record: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.create_task(record)

    async def finish(self) -> bool:
        """Wait until it is stored; False if there was nothing to store. Raises what storing raised."""
        if self._task is None:
            return False
        try:
            await asyncio.shield(self._task)
        finally:
            if self._task.done():
                self._task = None
        return True


def _attempts(effect: Effect, error: HomeserverError) -> int:
    """How often an effect that was answered so is tried again."""
    if error.status >= 500:
        return _ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER
    return _ATTEMPTS_TO_JOIN if isinstance(effect, Join) and error.status in (403, 404) else 0


def _pause(attempts: int) -> float:
    """Seconds before the next try: 0.5, 1, 2 … up to five minutes, give or take a fifth."""
    return float(min(0.5 * 2 ** min(attempts, 20), _LONGEST_PAUSE)) * random.uniform(0.8, 1.2)
