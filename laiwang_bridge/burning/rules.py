"""When a message burns: some time after it has been read, and at the latest some time after it was written.

Whether it has been read is told by the readers' receipts and taps. Receipts can be switched off or kept private, so the
latest time always counts. What others have copied or photographed meanwhile cannot be taken back. Times are
milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

CONTENT_KEY = "io.github.laiwang_bridge.burn"
"""In the content of a message: `{"after_read_s": 30, "max_s": 86400, "readers": "all"}`, for apps that can say it."""

AFTER_MS = 30_000
LEAST_MS, MOST_MS = 1_000, 7 * 86_400_000
LATEST_MS = 86_400_000


class Readers(StrEnum):
    """Whose reading counts: that of everybody who was there, or of whoever is first."""

    ALL = "all"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the writer of a message wants of it: to burn so long after it was read, and so long after it was written."""

    after_ms: int = AFTER_MS
    latest_ms: int = LATEST_MS
    readers: Readers = Readers.ALL


@dataclass(frozen=True, slots=True)
class Burn:
    """A message that is going to burn. `unread` are those whose reading is still waited for; `burn_at` is final once
    enough have read it."""

    wish: Wish
    unread: frozenset[str]
    burn_at: int
    read: bool = False


def wish_of(content: Mapping[str, Any]) -> Wish | None:
    """The wish that an app wrote into a message, brought into its bounds; None where there is none."""
    said = content.get(CONTENT_KEY)
    if not isinstance(said, Mapping):
        return None
    after = _milliseconds(said.get("after_read_s"), AFTER_MS)
    latest = _milliseconds(said.get("max_s"), LATEST_MS)
    return Wish(after, max(after, latest), Readers.FIRST if said.get("readers") == "first" else Readers.ALL)


def begin(wish: Wish, readers: frozenset[str], now: int) -> Burn:
    """A message that has just been written, to be read by these."""
    return Burn(wish, readers, now + wish.latest_ms)


def was_read(burn: Burn, reader: str, now: int) -> Burn:
    """Somebody has read it. Nothing for one who was not waited for."""
    if burn.read or reader not in burn.unread:
        return burn
    return _settled(replace(burn, unread=burn.unread - {reader}), burn.wish.readers is Readers.FIRST, now)


def went(burn: Burn, reader: str, now: int) -> Burn:
    """Somebody left without having read it: he is no longer waited for, but has not read it either."""
    if burn.read or reader not in burn.unread:
        return burn
    return _settled(replace(burn, unread=burn.unread - {reader}), False, now)


def _settled(burn: Burn, enough: bool, now: int) -> Burn:
    if not enough and burn.unread:
        return burn
    return replace(burn, read=True, burn_at=min(burn.burn_at, now + burn.wish.after_ms))


def _milliseconds(seconds: object, default: int) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds:
        return default
    return int(min(max(seconds * 1000, LEAST_MS), MOST_MS))
