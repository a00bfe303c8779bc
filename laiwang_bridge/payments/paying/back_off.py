"""When somebody is reminded of what he owes: after a day, then ever more seldom, then no more. Never twice in a day.

Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable

DAY = 86_400_000
DAYS = (1, 3, 7, 14)
"""After so many days since the bill a reminder is due; after the last one there is none."""


def next_due(since: int, sent: int, now: int, days: tuple[int, ...] = DAYS) -> int | None:
    """When the next reminder is due of a share that stands since then and was reminded of `sent` times.

    What was missed is not made up for: of several that should have been by now, only the last one is due.
    """
    left = [since + after * DAY for after in days[sent:]]
    missed = [at for at in left if at <= now]
    return missed[-1] if missed else min(left, default=None)


def skipped(since: int, now: int, days: tuple[int, ...] = DAYS) -> int:
    """How many reminders a share has had its time for by now, sent or not."""
    return sum(since + after * DAY <= now for after in days)


def next_digest(due: Iterable[int], last_at: int | None) -> int | None:
    """When all that is due goes out together: with the first, but a day after the last time at the earliest."""
    first = min(due, default=None)
    if first is None or last_at is None:
        return first
    return max(first, last_at + DAY)


def may_ask(last_at: int | None, now: int) -> bool:
    """Whether somebody may ask again for a reminder of the same bill."""
    return last_at is None or now - last_at >= DAY
