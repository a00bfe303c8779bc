"""When somebody may be disturbed: quiet hours, and the time of the daily digest, by the clock on his wall.

Instants are milliseconds since the epoch, times of day minutes after midnight in the person's time zone. On the nights
when clocks change, a time that does not exist is taken as if they had not changed yet, and one that comes twice counts
the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from appservice.bots.line import fold

DAY_MINUTES = 24 * 60
DIGEST_AT = 18 * 60
QUIET_FROM, QUIET_UNTIL = 22 * 60, 8 * 60
_UTC = ZoneInfo("UTC")

_CLOCK = re.compile(r"(上午|早上|下午|晚上)?\s*(\d{1,2})(?:[:.点时](\d{2})?)?分?\s*(am|pm)?")
_BETWEEN = re.compile(r"\s*(?:-|\u2013|\u2014|~|to|until|till|到|至)\s*")


class DigestMode(StrEnum):
    """How news reach somebody. AT_ONCE: when they happen, but never in quiet hours. DAILY: all of a day in one go. OFF:
    only when he asks."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Somebody's day. Quiet from `quiet_from` up to `quiet_until`, perhaps over midnight; never, if they are equal."""

    zone: ZoneInfo = _UTC
    mode: DigestMode = DigestMode.DAILY
    digest_at: int = DIGEST_AT
    quiet_from: int = QUIET_FROM
    quiet_until: int = QUIET_UNTIL

    @property
    def has_quiet(self) -> bool:
        return self.quiet_from != self.quiet_until


def is_quiet(hours: Hours, now: int) -> bool:
    """Whether somebody is to be left alone at this instant."""
    minute = minute_of_day(hours, now)
    if hours.quiet_from <= hours.quiet_until:
        return hours.quiet_from <= minute < hours.quiet_until
    return minute >= hours.quiet_from or minute < hours.quiet_until


def minute_of_day(hours: Hours, now: int) -> int:
    """What the clock shows at this instant."""
    here = _wall(hours, now)
    return here.hour * 60 + here.minute


@lru_cache(maxsize=256)  # most live by the same day, and are asked about at the same time
def end_of_quiet(hours: Hours, now: int) -> int:
    """The first instant from now on at which somebody may be disturbed; now, if it is not quiet."""
    if not is_quiet(hours, now):
        return now
    return next(at for at in _instants(hours, hours.quiet_until, now) if not is_quiet(hours, at))


def next_digest(hours: Hours, now: int) -> int:
    """When the next daily digest comes: after now, never in quiet hours but then right after them."""
    return end_of_quiet(hours, next(_instants(hours, hours.digest_at, now, both_folds=False)))


def next_time(hours: Hours, minute: int, now: int) -> int:
    """The next instant at which the clock shows this time of day."""
    return next(_instants(hours, minute, now, both_folds=False))


def next_news(hours: Hours, now: int) -> int | None:
    """When to bring what has just happened; None for somebody who wants no digest."""
    match hours.mode:
        case DigestMode.AT_ONCE:
            return end_of_quiet(hours, now)
        case DigestMode.DAILY:
            return next_digest(hours, now)
    return None


def _wall(hours: Hours, now: int) -> datetime:
    return datetime.fromtimestamp(now // 1000, hours.zone)


def _instants(hours: Hours, minute: int, now: int, *, both_folds: bool = True) -> Iterator[int]:
    """The instants after now at which clocks show this time of day, the next ones first."""
    today = _wall(hours, now).date()
    for days in range(-1, 4):
        shown = datetime.combine(today + timedelta(days=days), time(*divmod(minute, 60)))
        for second_time in (0, 1) if both_folds else (0,):
            local = shown.replace(tzinfo=hours.zone, fold=second_time)
            at = int(local.timestamp()) * 1000
            if at > now:
                yield at


def read_time(text: str) -> int | None:
    """A time of day as people write it: `18:00`, `6 pm`, `18点30`, `晚上8点`. None if it is none."""
    match = _CLOCK.fullmatch(fold(text).strip())
    if match is None:
        return None
    part_of_day, hour, minute = match[1], int(match[2]), int(match[3] or 0)
    if match[4] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    elif part_of_day in ("下午", "晚上") and hour < 12:
        hour += 12
    at = hour * 60 + minute
    return at % DAY_MINUTES if at <= DAY_MINUTES and minute < 60 else None


def read_span(text: str) -> tuple[int, int] | None:
    """From when until when: `22:00-08:00`, `22-8`, `10 pm to 8 am`, `22点到8点`. None if it is none."""
    ends = [read_time(part) for part in _BETWEEN.split(fold(text).strip())]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return None
    return ends[0], ends[1]


def show_time(minute: int) -> str:
    """As `read_time` reads it."""
    return f"{minute // 60:02}:{minute % 60:02}"
