"""Whether the service can do its work now, and if not, why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so: its name ("database"), a sentence, and how old it is in seconds where it ages."""

    name: str
    ok: bool
    reason: str
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"ok": self.ok, "reason": self.reason}
        return shown if self.seconds is None else {**shown, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Readiness:
    checks: tuple[Check, ...] = ()

    @property
    def ready(self) -> bool:
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return {"ready": self.ready, "checks": {check.name: check.to_json() for check in self.checks}}


Probe = Callable[[], Awaitable[Readiness]]
"""Looks at everything that has to work: database, homeserver, the oldest that waits."""


async def examine(probe: Probe | None) -> Readiness:
    """What the probe says; a probe that fails or hangs is itself a reason not to be ready."""
    if probe is None:
        return Readiness()
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            return await probe()
    except TimeoutError:
        return Readiness((Check("probe", False, f"the checks did not finish within {_PROBE_SECONDS:g} s"),))
    except Exception:
        log.exception("the readiness checks failed")
        return Readiness((Check("probe", False, "the checks failed; the log says why"),))
