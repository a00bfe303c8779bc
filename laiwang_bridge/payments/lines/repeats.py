"""What a line says of a bill that comes again: how often, from when, until when, how many times.

`every 2 weeks`, `jeden Freitag bis 2027-06-30`, `monthly, 6 times`, `每月到2027-06-30`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from laiwang_bridge.payments.lines.dates import (
    ANY,
    MONTH_NAMES,
    falls_on,
    latest_day,
    latest_month_end,
    latest_weekday,
    read_dates,
)
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.options import BEGIN, WORD_END, Options, Perhaps, bad_date, said_twice
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.rhythms import FROM_WORD, NUMBER, UNIT, UNITS, UNTIL_WORD, Rhythm, Said, number, said
from laiwang_bridge.payments.lines.wording import Habits, Mistake

_UNTIL = re.compile(rf"\s*[,，(（]?\s*{UNTIL_WORD}\s*(?P<until>{ANY})(?:为止|為止)?")
_UNTIL_LATER = re.compile(rf"{BEGIN}{UNTIL_WORD}\s*(?P<until>{ANY})(?:为止|為止)?")
_UNTIL_NOTHING = re.compile(rf"\s*{UNTIL_WORD}(?=\s)")
_FROM = re.compile(rf"\s*[,，(（]?\s*{FROM_WORD}\s*(?P<first>{ANY})(?:开始|起)?")
_FROM_LATER = re.compile(rf"{BEGIN}{FROM_WORD}\s*(?P<first>{ANY})(?:开始|起)?")
_FROM_A_MONTH = re.compile(rf"\s*{FROM_WORD}\s+(?:next|nächste[mnr]?|{MONTH_NAMES})(?![^\W\d_])")
_IN_ALL = r"(?:\s*(?:in all|in total|insgesamt|en tout))?"
_TIMES = re.compile(
    rf"(?:(?<=[\s\x02,，、;；(（])|(?<=[\u3400-\u9fff]))(?:(?:for|insgesamt|en tout|总共|一共|共计|共)\s*)?"
    rf"(?P<times>{NUMBER})(?:\s*(?:times|mal|fois)(?![^\W_])|\s*[次期](?![\u3400-\u9fff])){_IN_ALL}"
)
_TIMES_BEHIND = re.compile(rf"\s*[,，]?\s*(?:(?P<times>[0-9]{{1,3}})\s?x|x\s?(?P<x>[0-9]{{1,3}}))(?![\w.,]){_IN_ALL}")
_GLUED_TIMES = re.compile(rf"(?:{NUMBER})\s*[次期]")
_DURING = re.compile(
    rf"{BEGIN}(?:(?:for|für|pendant|durant|lasting|持续|共)\s*(?P<many>{NUMBER})\s*(?P<span>{UNIT}){WORD_END}(?:\s+lang)?"
    rf"|(?P<long>{NUMBER})\s+(?P<lang>{UNIT})\s+lang{WORD_END})"
)


def take_repeat(options: Options, habits: Habits) -> Options | Mistake:
    """How often the bill comes again, on which day, from when, and until when or how many times."""
    found = _joined(said(options.rest))
    if not found:
        return options
    if len(found) > 1:
        return said_twice(options.rest, found[1].start, found[1].end)
    one, rest = found[0], options.rest
    until = _until(rest, one.end, habits)
    if isinstance(until, Mistake):
        return until
    day, stretch = until
    first = _first(rest, one, habits)
    if isinstance(first, Mistake):
        return first
    dates, from_stretch = first
    for cut in (one.cut, one.also_cut, stretch, from_stretch):
        rest = rest.blank(*cut) if cut else rest
    is_glued, count = one.is_glued, None
    if (match := _DURING.search(rest.folded)) is not None and (count := _periods(match, one.rhythm)):
        rest, is_glued = rest.blank(*match.span()), False
    elif (match := _TIMES_BEHIND.match(rest.folded, one.end)) is not None:
        count = int(match["times"] or match["x"]) or None
        rest = rest.blank(*match.span())
    elif (match := _times(rest)) is not None and (count := number(match["times"])):
        rest, is_glued = rest.blank(*match.span()), _GLUED_TIMES.match(options.rest.folded, one.end) is not None
    rhythms = (one.rhythm, *(() if one.instead is None else (one.instead,)))
    return replace(
        options,
        rest=rest,
        dates=dates,
        repeats=tuple(Repeat(period, every, day, count) for period, every in rhythms),
        unsure=options.unsure | {Perhaps.REPEAT} if is_glued else options.unsure,
    )


def _joined(found: list[Said]) -> list[Said]:
    """`alle 2 Wochen freitags` is one rhythm, said in two places."""
    if len(found) != 2:
        return found
    weekday, other = sorted(found, key=lambda one: (one.weekday is None, one.rhythm))
    if weekday.weekday is None or other.weekday is not None or other.rhythm[0] is not Period.WEEK:
        return found
    return [replace(other, weekday=weekday.weekday, also_cut=weekday.cut)] if weekday.rhythm[1] == 1 else found


def _first(rest: Marked, one: Said, habits: Habits) -> tuple[tuple[date | None, ...], tuple[int, int] | None] | Mistake:
    """The first date, where the rhythm or words behind it say that, and where these words stand."""
    match = _FROM.match(rest.folded, one.end) or _FROM_LATER.search(rest.folded, one.end)
    if match is not None:
        dates = read_dates(match["first"], habits.today, is_ahead=True)
        if len(dates) != 1 or not falls_on(dates[0], one.weekday, one.day):
            return bad_date(rest, *match.span("first"))
        return dates, match.span()
    if _FROM_A_MONTH.match(rest.folded, one.end):
        return bad_date(rest, one.end, len(rest.text))
    if one.rhythm[0] is Period.MONTH_END:
        return (latest_month_end(habits.today),), None
    if one.weekday is not None:
        return (latest_weekday(one.weekday, habits.today),), None
    if one.day is not None:
        return latest_day(one.day, habits.today), None
    return (None,), None


def _until(rest: Marked, end: int, habits: Habits) -> tuple[date | None, tuple[int, int] | None] | Mistake:
    match = _UNTIL.match(rest.folded, end) or _UNTIL_LATER.search(rest.folded, end)
    if match is not None:
        dates = read_dates(match["until"], habits.today, is_ahead=True)
        return (dates[0], match.span()) if len(dates) == 1 else bad_date(rest, *match.span("until"))
    if _UNTIL_NOTHING.match(rest.folded, end):
        return bad_date(rest, end, len(rest.text))
    return None, None


def _times(rest: Marked) -> re.Match[str] | None:
    """How many times are said; behind somebody, that may be what he bears."""
    match = _TIMES.search(rest.folded)
    before = rest.folded[: match.start()].rstrip()[-1:] if match else ""
    return None if before in rest.people else match


def _periods(during: re.Match[str], rhythm: Rhythm) -> int | None:
    """How many times something comes in so long a time: six times in six months, if it comes each month."""
    period, every = UNITS[during["span"] or during["lang"]]
    length = every * number(during["many"] or during["long"])
    if period is Period.YEAR and rhythm[0] is Period.MONTH:
        period, length = Period.MONTH, length * 12
    whole, left = divmod(length, rhythm[1])
    return whole if period is rhythm[0] and not left and whole else None
