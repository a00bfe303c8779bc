"""Many ordered lanes side by side: one step at a time in each lane, a bounded number of lanes at once.

A lane is only a name. It exists here while it has something to do; an idle lane costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from appservice.database import Database, Work

log = logging.getLogger(__name__)

Serve = Callable[[str], Awaitable[float | None]]
"""Works on a lane until it is empty (None) or has to wait (seconds until it is worth trying again)."""

_AFTER_A_FAULT = 1.0


class Lanes:
    def __init__(self, serve: Serve, *, at_once: int) -> None:
        self._serve = serve
        self._at_once = at_once
        self._ready: deque[str] = deque()
        self._queued: set[str] = set()
        self._again: set[str] = set()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._closed = False

    @property
    def busy(self) -> int:
        return len(self._busy)

    @property
    def crowded(self) -> bool:
        """Whether other lanes wait for their turn: who has more to do then lets them (by returning 0)."""
        return bool(self._ready)

    @property
    def idle(self) -> bool:
        """Whether nothing is being done nor about to be done."""
        return not (self._busy or self._ready or self._waiting)

    def wake(self, lane: str) -> None:
        """There may be something to do in this lane."""
        if self._closed:
            return
        if (timer := self._waiting.pop(lane, None)) is not None:
            timer.cancel()
        if lane in self._busy:
            self._again.add(lane)
        elif lane not in self._queued:
            self._queued.add(lane)
            self._ready.append(lane)
            self._fill()

    async def close(self) -> None:
        """Stop: no new step begins; steps under way are cancelled."""
        self._closed = True
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self._ready.clear()
        self._queued.clear()
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._busy.clear()  # of steps that were cancelled before they began

    def _fill(self) -> None:
        while self._ready and len(self._busy) < self._at_once:
            lane = self._ready.popleft()
            self._queued.discard(lane)
            self._busy[lane] = asyncio.create_task(self._work(lane))

    async def _work(self, lane: str) -> None:
        delay: float | None = None
        try:
            delay = await self._serve(lane)
        except Exception:
            log.exception("lane %s stumbled; it is tried again", lane)
            delay = _AFTER_A_FAULT
        finally:
            self._busy.pop(lane, None)
            again = lane in self._again
            self._again.discard(lane)
            if not self._closed:
                if again:
                    self.wake(lane)
                elif delay is not None:
                    self._wake_after(lane, delay)
                self._fill()

    def _wake_after(self, lane: str, delay: float) -> None:
        def due() -> None:
            self._waiting.pop(lane, None)
            self.wake(lane)

        self._waiting[lane] = asyncio.get_running_loop().call_later(max(delay, 0), due)


class Watch:
    """Wakes the lanes in which the database says that something waits: at start, and every `seconds`.

    What this process puts there itself wakes its lane at once; this is for what others put there, and a safety net.
    """

    def __init__(self, lanes: Lanes, database: Database, waiting: Work[Sequence[str]], *, seconds: float) -> None:
        self._lanes = lanes
        self._database = database
        self._waiting = waiting
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._wake_waiting()
        self._task = asyncio.create_task(self._look_around())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _wake_waiting(self) -> None:
        for lane in await self._database.read(self._waiting):
            self._lanes.wake(lane)

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self._wake_waiting()
            except Exception:
                log.exception("cannot look for lanes in which something waits")
