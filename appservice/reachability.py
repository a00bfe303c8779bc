"""Whether the homeserver can be reached; while it cannot, everybody waits and one probe looks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from appservice.homeserver import Homeserver, HomeserverAway, HomeserverError

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0


class Reachability:
    """`here` is set while the homeserver answers. `last_contact_at` is in milliseconds, None before the first.

    `on_lost` is called each time that it ceases to answer.
    """

    def __init__(
        self, homeserver: Homeserver, clock: Callable[[], int], on_lost: Callable[[], None] | None = None
    ) -> None:
        self.here = asyncio.Event()
        self.here.set()
        self.last_contact_at: int | None = None
        self.reason: str | None = None
        self._homeserver = homeserver
        self._clock = clock
        self._on_lost = on_lost
        self._probe: asyncio.Task[None] | None = None

    def seen(self) -> None:
        self.last_contact_at = self._clock()

    def lost(self, reason: str) -> None:
        """A request got no answer: wait until the homeserver speaks again."""
        if self._probe is not None:
            return
        log.warning("the homeserver does not answer (%s); deliveries wait for it", reason)
        self.reason = reason
        self.here.clear()
        if self._on_lost is not None:
            self._on_lost()
        self._probe = asyncio.create_task(self._look())

    async def close(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)

    async def _look(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            try:
                await self._homeserver.versions()
                break
            except (HomeserverAway, HomeserverError):
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                log.exception("looking for the homeserver stumbled")
                pause = _LONGEST_PAUSE
        log.info("the homeserver answers again")
        self.reason = None
        self._probe = None
        self.seen()
        self.here.set()
