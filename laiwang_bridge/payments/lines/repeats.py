"""How often a bill comes again, as it is said: `every 2 weeks`, `monthly, 6 times`, `每月到2027-06-30`, `900/month`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from laiwang_bridge.payments.lines.dates import ANY, LAST_WEEKDAY, RELATIVE, WEEKDAY, read_dates
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.options import ALONE, BEGIN, WORD_END, Options, Perhaps, bad_date, said_twice
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.wording import Habits, Mistake

_Rhythm = tuple[Period, int]

_DAY, _WEEK, _MONTH, _YEAR = ((period, 1) for period in (Period.DAY, Period.WEEK, Period.MONTH, Period.YEAR))
_QUARTER, _HALF_YEAR, _FORTNIGHT = (Period.MONTH, 3), (Period.MONTH, 6), (Period.WEEK, 2)
_UNITS: dict[str, _Rhythm] = {
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen", "jour", "jours", "天", "日"), _DAY),
    **dict.fromkeys(("week", "weeks", "wk", "woche", "wochen", "semaine", "semaines"), _WEEK),
    **dict.fromkeys(("周", "週", "个星期", "個星期", "星期", "个礼拜", "個禮拜", "礼拜", "禮拜"), _WEEK),
    **dict.fromkeys(("month", "months", "mo", "monat", "monate", "monaten", "mois", "个月", "個月", "月"), _MONTH),
    **dict.fromkeys(("quarter", "quarters", "quartal", "quartale", "trimestre", "季度", "季", "个季度"), _QUARTER),
    **dict.fromkeys(("year", "years", "yr", "jahr", "jahre", "jahren", "an", "ans", "année", "années", "年"), _YEAR),
    **dict.fromkeys(("fortnight",), _FORTNIGHT),
}  # fmt: skip
_ADVERBS: dict[str, _Rhythm] = {
    **dict.fromkeys(("daily", "täglich", "quotidien", "quotidiennement"), _DAY),
    **dict.fromkeys(("weekly", "wöchentlich", "hebdomadaire"), _WEEK),
    **dict.fromkeys(("fortnightly", "zweiwöchentlich", "14-tägig", "隔周", "隔週"), _FORTNIGHT),
    **dict.fromkeys(("monthly", "monatlich", "mensuel", "mensuelle", "mensuellement", "按月"), _MONTH),
    **dict.fromkeys(
        ("quarterly", "vierteljährlich", "quartalsweise", "trimestriel", "trimestrielle", "按季"), _QUARTER
    ),
    **dict.fromkeys(("half-yearly", "halbjährlich", "semestriel"), _HALF_YEAR),
    **dict.fromkeys(("yearly", "annually", "jährlich", "annuel", "annuelle", "annuellement", "按年"), _YEAR),
}
_NUMBERS = {
    **dict.fromkeys(("a", "an", "one", "ein", "einen", "eine", "un", "une", "一"), 1),
    **dict.fromkeys(("two", "second", "other", "zwei", "zweite", "zweiten", "deux", "两", "兩", "二"), 2),
    **dict.fromkeys(("three", "third", "drei", "trois", "三"), 3),
    **dict.fromkeys(("four", "vier", "quatre", "四"), 4),
    **dict.fromkeys(("five", "fünf", "cinq", "五"), 5),
    **dict.fromkeys(("six", "sechs", "六"), 6),
    **dict.fromkeys(("ten", "zehn", "dix", "十"), 10),
    **dict.fromkeys(("twelve", "zwölf", "douze", "十二"), 12),
}


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_DAYS = f"{RELATIVE}|{LAST_WEEKDAY}|{WEEKDAY}"
_UNIT = _longest_first(_UNITS)
_NUMBER = rf"[0-9]{{1,3}}|{_longest_first(_NUMBERS)}"
_EVERY = re.compile(
    rf"{BEGIN}[(（]?(?:every|each(?=\s+(?:{_UNIT}){WORD_END})|jeden|jede|jedes|alle|chaque|tous les|toutes les"
    rf"|每隔?)\s*"
    rf"(?:(?P<count>{_NUMBER})\s*)?(?P<unit>(?P<half>半)?(?:{_UNIT})){WORD_END}[)）]?"
)
_ADVERB = re.compile(
    rf"(?:(?<=[\s\x02,，、;；(（])|(?<=[\U000f0000-\U0010fffd])|(?<=[0-9元块月]))(?P<adverb>{_longest_first(_ADVERBS)})"
    rf"(?:{ALONE}|(?=\s+(?:until|till|through|bis|jusqu|for|x\s?[0-9]|pendant|on|am|le|vom|du|日期|{_DAYS})))"
)
_PER = re.compile(
    rf"(?:(?<=[0-9€$£¥￥元块塊.-])|(?<=[\s\x02])|(?<=[\U000f0000-\U0010fffd]))\s?"
    rf"(?:(?:/\s?|(?<=\s)(?:per|pro|par)\s)(?P<per>{_UNIT})|(?<=[0-9€$£.-]\s)(?:a|an|im)\s(?P<a>month|week|year|day|monat|jahr))"
    rf"{WORD_END}(?!\s?[0-9])"
)
_UNTIL_WORD = r"(?:until|till|through|bis(?: zum)?|jusqu(?:'|’)(?:au|à|en)|直到|到|至)"
_UNTIL = re.compile(rf"\s*[,，(（]?\s*{_UNTIL_WORD}\s*(?P<until>{ANY})(?:为止|為止)?")
_UNTIL_LATER = re.compile(rf"{BEGIN}{_UNTIL_WORD}\s*(?P<until>{ANY})(?:为止|為止)?")
_UNTIL_NOTHING = re.compile(rf"\s*{_UNTIL_WORD}(?=\s)")
_IN_ALL = r"(?:\s*(?:in all|in total|insgesamt|en tout))?"
_TIMES = re.compile(
    rf"(?:(?<=[\s\x02,，、;；(（])|(?<=[\u3400-\u9fff]))(?:(?:for|insgesamt|en tout|总共|一共|共计|共)\s*)?"
    rf"(?P<times>{_NUMBER})(?:\s*(?:times|mal|fois)(?![^\W_])|\s*[次期](?![\u3400-\u9fff])){_IN_ALL}"
)
_TIMES_BEHIND = re.compile(rf"\s*[,，]?\s*(?:(?P<times>[0-9]{{1,3}})\s?x|x\s?(?P<x>[0-9]{{1,3}}))(?![\w.,]){_IN_ALL}")
_GOES_ON = re.compile(
    rf"\s+(?:(?:{_UNTIL_WORD}|for|für|pendant|on|am|le|vom|du|{_NUMBER})\s|(?:{_DAYS})(?![^\W_]))|\s*(?:{_UNTIL_WORD}|共|日期)"
)
_FIRST_PERSON = 0xF0000
_GLUED_TIMES = re.compile(rf"(?:{_NUMBER})\s*[次期]")
_DURING = re.compile(
    rf"{BEGIN}(?:(?:for|für|pendant|durant|lasting|持续|共)\s*(?P<many>{_NUMBER})\s*(?P<span>{_UNIT}){WORD_END}(?:\s+lang)?"
    rf"|(?P<long>{_NUMBER})\s+(?P<lang>{_UNIT})\s+lang{WORD_END})"
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A rhythm that was said, where, and whether its words may as well belong to the title."""

    start: int
    end: int
    rhythm: _Rhythm
    is_glued: bool


def take_repeat(options: Options, habits: Habits) -> Options | Mistake:
    """How often the bill comes again, and until when or how many times."""
    found = _said(options.rest)
    if not found:
        return options
    if len(found) > 1:
        return said_twice(options.rest, found[1].start, found[1].end)
    said, rest = found[0], options.rest
    until = _until(rest, said.end, habits)
    if isinstance(until, Mistake):
        return until
    day, stretch = until
    rest = rest.blank(said.start, said.end)
    rest = rest.blank(*stretch) if stretch else rest
    is_glued, count = said.is_glued, None
    if (match := _DURING.search(rest.folded)) is not None and (count := _periods(match, said.rhythm)):
        rest, is_glued = rest.blank(*match.span()), False
    elif (match := _TIMES_BEHIND.match(rest.folded, said.end)) is not None:
        count = int(match["times"] or match["x"]) or None
        rest = rest.blank(*match.span())
    elif (match := _times(rest)) is not None and (count := _number(match["times"])):
        rest, is_glued = rest.blank(*match.span()), _GLUED_TIMES.match(options.rest.folded, said.end) is not None
    return replace(
        options,
        rest=rest,
        repeat=Repeat(*said.rhythm, day, count),
        unsure=options.unsure | {Perhaps.REPEAT} if is_glued else options.unsure,
    )


def _said(marked: Marked) -> list[_Said]:
    """The rhythms that are said, in their order."""
    folded = marked.folded
    found = []
    for match in _EVERY.finditer(folded):
        period, every = _UNITS[match["unit"].removeprefix("半")]
        every *= _number(match["count"]) if match["count"] else 1
        if match["half"]:
            if period is not Period.YEAR or match["count"]:
                continue
            period, every = _HALF_YEAR
        if 1 <= every <= 366:
            is_han = "\u3400" <= match[0][0] <= "\u9fff"
            behind = folded[match.end() :]
            is_glued = (behind if is_han else behind.lstrip())[:1].isalpha() and not _GOES_ON.match(behind)
            found.append(_Said(*match.span(), (period, every), is_glued))
    for match in _ADVERB.finditer(folded):
        if folded[: match.start()].strip(" \x02(（"):
            start, end = match.span()
            start, end = (start - 1, end + 1) if folded[start - 1 : start] in ("(", "（") else (start, end)
            found.append(_Said(start, end, _ADVERBS[match["adverb"]], is_glued=False))
    for match in _PER.finditer(folded):
        behind = folded[match.end() :].lstrip()
        is_glued = match["a"] is not None and behind[:1].isalpha() and ord(behind[0]) < _FIRST_PERSON
        found.append(_Said(*match.span(), _UNITS[match["per"] or match["a"]], is_glued))
    return sorted(found, key=lambda one: one.start)


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


def _periods(during: re.Match[str], rhythm: _Rhythm) -> int | None:
    """How many times something comes in so long a time: six times in six months, if it comes each month."""
    period, every = _UNITS[during["span"] or during["lang"]]
    length = every * _number(during["many"] or during["long"])
    if period is Period.YEAR and rhythm[0] is Period.MONTH:
        period, length = Period.MONTH, length * 12
    whole, left = divmod(length, rhythm[1])
    return whole if period is rhythm[0] and not left and whole else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text]
