"""The courier takes effects from the outbox to the homeserver.

In order within a lane, one under way there; lanes side by side. Recording a result overlaps with the next delivery:
if we are killed in between, the next life repeats a request that the homeserver recognises.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from appservice import outbox
from appservice.database import Database
from appservice.delivery import Delivery, NotYet
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.lanes import Lanes
from appservice.outbox import Result, Waiting
from appservice.reachability import Reachability

log = logging.getLogger(__name__)

Wake = Callable[[str], None]

MISCONFIGURED = frozenset(("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_EXCLUSIVE"))
"""What an admin can mend without our losing anything: these wait, they never become dead letters."""

_BATCH = 20
_SAFETY_NET_SECONDS = 30.0
_LONGEST_PAUSE = 300.0
_ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER = 25
"""With the pauses of `_pause`, about an hour and a half of answers like 500 to one request."""
_PAUSE_WHEN_MISCONFIGURED = 10.0
_PAUSE_WHEN_LIMITED = 1.0
_LEASE_SECONDS = 15.0
_TAKEN_SECONDS = 1.0


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
        self._poll = poll_seconds or _SAFETY_NET_SECONDS
        self._owner = uuid.uuid4().hex
        self._held: dict[str, float] = {}
        self._lanes = Lanes(self._serve, at_once=at_once)
        self._tasks: list[asyncio.Task[None]] = []
        self.delivered = 0

    def wake(self, lane: str) -> None:
        self._lanes.wake(lane)

    @property
    def idle(self) -> bool:
        return self._lanes.idle

    async def start(self) -> None:
        await self._wake_waiting()
        self._tasks = [asyncio.create_task(self._look_around())]
        if self._shared:
            self._tasks.append(asyncio.create_task(self._renew_leases()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._lanes.close()

    async def _wake_waiting(self) -> None:
        for lane in await self._database.read(outbox.waiting_lanes):
            self._lanes.wake(lane)

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            try:
                await self._wake_waiting()
            except Exception:
                log.exception("cannot look for waiting effects")

    async def _serve(self, lane: str) -> float | None:
        if not self._shared:
            return await self._deliver_all(lane)
        if not await self._claim(lane):
            return _TAKEN_SECONDS
        try:
            return await self._deliver_all(lane)
        finally:
            self._held.pop(lane, None)
            await self._database.write(partial(outbox.release, lane=lane, owner=self._owner))

    async def _deliver_all(self, lane: str) -> float | None:
        recording: asyncio.Task[None] | None = None
        try:
            while True:
                await self._reachability.here.wait()
                batch = await self._database.read(partial(outbox.first, lane=lane, limit=_BATCH))
                if not batch:
                    return None
                for waiting in batch:
                    if (early := waiting.due_at - self._clock()) > 0:
                        return early / 1000
                    if self._shared and self._held[lane] < time.monotonic():
                        return _TAKEN_SECONDS  # we were too slow to renew; somebody else may have the lane
                    try:
                        result = await self._deliver(waiting)
                    except NotYet as reason:
                        if recording is None:
                            return await self._postpone(waiting, str(reason), 1.0)
                        await recording  # perhaps that is what it needs
                        recording = None
                        break
                    except HomeserverAway as error:
                        self._reachability.lost(str(error))
                        break
                    except HomeserverError as error:
                        if recording is not None:
                            await recording
                            recording = None
                        pause = await self._refused(waiting, error)
                        if pause is not None:
                            return pause
                        continue
                    if recording is not None:
                        await recording
                    recording = asyncio.create_task(self._record(waiting, result))
                if recording is not None:
                    await recording
                    recording = None
        finally:
            if recording is not None:
                await asyncio.shield(recording)

    async def _deliver(self, waiting: Waiting) -> Result:
        result = await self._delivery.deliver(waiting.effect, outbox.transaction_id(self._instance, waiting.key))
        self._reachability.seen()
        self.delivered += 1
        return result

    async def _record(self, waiting: Waiting, result: Result) -> None:
        now = self._clock()
        lanes = await self._database.write(lambda connection: outbox.record(connection, waiting, result, now))
        for lane in lanes:
            self._wake_inbox(lane)
        if result.room_id is not None and result.room_id != waiting.lane:
            self._lanes.wake(result.room_id)

    async def _refused(self, waiting: Waiting, error: HomeserverError) -> float | None:
        """Returns after how many seconds to try again, or None when the effect was given up."""
        if error.status == 429:
            return await self._postpone(waiting, str(error), error.retry_after or _PAUSE_WHEN_LIMITED)
        if error.errcode in MISCONFIGURED:
            log.error("the homeserver does not accept us: %s; run 'laiwang-bridge check'", error)
            return await self._postpone(waiting, str(error), _PAUSE_WHEN_MISCONFIGURED)
        if error.status >= 500 and waiting.attempts < _ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER:
            return await self._postpone(waiting, str(error), _pause(waiting.attempts), failed=True)
        log.error("effect %s (%s) is given up: %s", waiting.key, type(waiting.effect).__name__, error)
        now = self._clock()

        def bury(connection: Connection) -> set[str]:
            return outbox.bury(connection, waiting, error.errcode, error.message, now)

        for lane in await self._database.write(bury):
            self._wake_inbox(lane)
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
        now = self._clock()
        until = now + int(_LEASE_SECONDS * 1000)
        began = time.monotonic()
        claimed = await self._database.write(lambda connection: outbox.claim(connection, lane, self._owner, now, until))
        if claimed:
            self._held[lane] = began + _LEASE_SECONDS
        return claimed

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 3)
            for lane in list(self._held):
                try:
                    if lane in self._held and not await self._claim(lane):
                        self._held[lane] = 0.0
                except Exception:
                    log.exception("cannot renew the lease on %s", lane)


def _pause(attempts: int) -> float:
    """Seconds before the next try: 0.5, 1, 2 … up to five minutes, give or take a fifth."""
    return float(min(0.5 * 2 ** min(attempts, 20), _LONGEST_PAUSE)) * random.uniform(0.8, 1.2)
