"""Waiting for something to become true, for a bounded time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable


async def eventually(
    condition: Callable[[], object | Awaitable[object]], what: str = "", *, seconds: float = 60.0
) -> None:
    """Ask `condition` again and again until it says yes. Raises AssertionError, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if isawaitable(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        await asyncio.sleep(0.01)


def has_gone(pid: int, *, seconds: float = 30.0) -> bool:
    """Whether a process ends within this time. One that nobody waits for is gone when its new parent has noticed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
