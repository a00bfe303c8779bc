"""When a bill comes again: every so many days, weeks, months or years from its first date on.

The day of the first date is kept: what begins on January 31st comes on February 28th and on March 31st, because each
date is counted from the first one and never from the one before. What comes at the end of a month is on its last day,
whatever day it began on.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_EVERY = 1000


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    MONTH_END = "month_end"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Every `every` periods: two weeks are `Repeat(Period.WEEK, 2)`, a quarter `Repeat(Period.MONTH, 3)`.

    It ends after the date `until`, or when it has come `count` times, the first one counted; never, if both are None.
    Raises `ValueError` for numbers that make no sense.
    """

    period: Period
    every: int = 1
    until: date | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.every <= MOST_EVERY:
            raise ValueError(f"every {self.every} periods")
        if self.count is not None and self.count < 1:
            raise ValueError(f"{self.count} times")


def nth(repeat: Repeat, first: date, number: int) -> date | None:
    """The date of this number, where the first is 0; None when it has ended before."""
    if number < 0 or (repeat.count is not None and number >= repeat.count):
        return None
    steps = number * repeat.every
    try:
        found = _moved(repeat.period, first, steps)
    except (OverflowError, ValueError):  # after the year 9999
        return None
    return None if repeat.until is not None and found > repeat.until else found


def dates(repeat: Repeat, first: date, number: int = 0) -> Iterator[tuple[int, date]]:
    """The dates with their numbers, from one number on."""
    while (found := nth(repeat, first, number)) is not None:
        yield number, found
        number += 1


@dataclass(frozen=True, slots=True)
class Due:
    """The dates that have come up to a day, the oldest first, and the number of the one that comes next.

    `left_out` is how many older ones were too many to be made up for.
    """

    dates: tuple[date, ...]
    left_out: int
    next_number: int


def due(repeat: Repeat, first: date, number: int, today: date, most: int) -> Due:
    """What is due by `today` from a number on. Of more than `most` dates the newest are taken."""
    come = []
    for each, at in dates(repeat, first, number):
        if at > today:
            break
        come.append(at)
        number = each + 1
    return Due(tuple(come[-most:]), max(len(come) - most, 0), number)


def _moved(period: Period, first: date, steps: int) -> date:
    match period:
        case Period.DAY:
            return first + timedelta(days=steps)
        case Period.WEEK:
            return first + timedelta(weeks=steps)
        case Period.YEAR:
            steps *= 12
    years, month = divmod(first.month - 1 + steps, 12)
    year = first.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if period is Period.MONTH_END else min(first.day, last))
