"""The day of a bill, as it is said anywhere in a line: `on Friday`, `yesterday`, `20.11.`, `周五火锅`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from appservice.language import Language
from laiwang_bridge.payments.lines.dates import (
    AGO,
    ANY,
    BARE,
    DAY_OF_MONTH,
    HAN_RELATIVE,
    HAN_WEEKDAY,
    LAST_WEEKDAY,
    NAMED_DAY,
    PART_OF_DAY,
    RELATIVE,
    STARTING,
    WEEKDAY,
    falls_on,
    read_dates,
)
from laiwang_bridge.payments.lines.marking import PERSON
from laiwang_bridge.payments.lines.options import ALONE, BEGIN, Options, bad_date, said_twice
from laiwang_bridge.payments.lines.recurrence import Period
from laiwang_bridge.payments.lines.wording import Habits, Mistake

_BESIDE = rf"(?:(?<=\s)|(?<=[\x02,，、;；(（:：0-9元块])|\A|(?<={PERSON}))"
_APART = (
    rf"(?:(?<=[\x02,，、;；(（:：])|(?<={PERSON})|(?<=[0-9$€£¥￥元块.-]\s)|(?<=[\x02,，、;；]\s)|(?<={PERSON}\s)|\A)"
)
_ON = re.compile(
    rf"{BEGIN}(?:(?P<word>on(?: the)?|am|vom|le|du|dated?|datum)\s*[:：]?\s+|(?:日期|于)\s*[:：]?\s*)(?P<date>{ANY})"
)
_ON_THE = re.compile(
    rf"{BEGIN}(?:on the|am|vom|le|du)\s+(?P<date>{DAY_OF_MONTH}|[0-3]?[0-9]\.[01]?[0-9](?![0-9]))(?=\s*(?:\Z"
    rf"|[\x02,，;)）]|{PERSON}))"
)
_ON_THE_NTH = re.compile(rf"{BEGIN}on the\s+(?P<date>[0-3]?[0-9](?:st|nd|rd|th))(?=\s+[0-9€$£¥])")
_AM_WEEKDAY = re.compile(rf"{BEGIN}am\s+(?P<date>mo|di|mi|do|fr|sa|so)(?=\s*(?:\Z|[\x02,，;)）]|{PERSON}))")
_SLASHED = r"(?:(?:1[3-9]|2[0-9]|3[01])/(?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])/(?:1[3-9]|2[0-9]|3[01]))"
"""A day and a month of which only one can be the month."""
_WEEKDAY_BEFORE = rf"(?:(?:{WEEKDAY}|mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)\.?,?\s+)?"
_BARE = (
    re.compile(rf"{BEGIN}(?P<date>{BARE})(?=\Z|[\s,，、;；。)）\x02]|{PERSON}|[\u3400-\u9fff])"),
    re.compile(rf"{_BESIDE}(?P<date>{AGO}){ALONE}"),
    re.compile(rf"{_APART}\s*(?P<date>{NAMED_DAY}){ALONE}"),
    re.compile(rf"(?<!\S)(?<![0-9] )(?P<date>(?=[a-z]){NAMED_DAY}|{NAMED_DAY}(?!\s?[0-9€$]))(?=\s|\Z|{PERSON})"),
    re.compile(rf"(?<={PERSON})\s*(?P<date>{_SLASHED})(?=\s*(?:\Z|\x02|{PERSON}))"),
    re.compile(rf"(?<!\S)(?<![0-9] )(?P<date>{_SLASHED})(?=\s+(?:{PERSON}|[€$£¥]?[0-9][0-9.,]*(?:\s|\Z)))"),
    re.compile(rf"{_APART}\s*{_WEEKDAY_BEFORE}(?P<date>[0-3]?[0-9]\.[01]?[0-9]\.)(?=[\s)]|\Z|\x02|{PERSON})"),
    re.compile(rf"(?<=\s){_WEEKDAY_BEFORE}(?P<date>[0-3]?[0-9]\.[01]?[0-9]\.)(?=\s+[€$£]?[0-9][0-9.,]*(?:\s|\Z))"),
    re.compile(rf"{_APART}\s*(?P<date>[0-3]?[0-9][号號日])(?=\s|\Z|\x02|{PERSON})"),
    re.compile(
        r"\A\s*(?P<date>[0-3]?[0-9][号號])的?(?=[\u3400-\u9fff])(?![线線楼樓桌厅廳台臺车車店院馆館出口门門机機池房库站位球床航院])"
    ),
)
_HINT = re.compile(
    r"[0-9][./年月号號日-]|[月前号號]|ago|vor |il y a|jan|f[eé][bv]|m[aä]r|a[pv]r|ma[iy]|ju[inl]|jän|ao[uû]|aug"
    r"|sep|o[ck]t|nov|d[eé][cz]"
)
"""What is in any line with such a day."""
_MONTH_FIRST = re.compile(
    rf"(?<!\S)(?<![0-9] )(?P<date>(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01]))(?=\s+\S|{PERSON}|[\u3400-\u9fff])"
)
"""`11/3 电影`, in Chinese."""
_RELATIVE = (
    re.compile(rf"(?<=[0-9€]\s)(?P<date>mo|di|mi|do|sa|so)\.(?=\s*(?:\Z|\x02|{PERSON}))"),
    re.compile(rf"{_BESIDE}(?P<date>{LAST_WEEKDAY}|{RELATIVE}){ALONE}"),
    re.compile(rf"{_APART}\s*(?P<date>{WEEKDAY}){ALONE}"),
    re.compile(rf"(?<={PERSON})\s*[,;]?\s*(?P<date>mon|tues?|wed|thurs?|fri|sat|sun)(?=\s*(?:\Z|\x02|{PERSON}))"),
    re.compile(r"(?<=[^\W\d_]\s)(?P<date>yesterday|gestern|vorgestern|avant-hier)(?=\s+[^\W\d_])"),
    re.compile(rf"\A\s*(?P<date>{HAN_WEEKDAY}|{AGO})的?(?=\s|[\u3400-\u9fffa-z])"),
    re.compile(rf"(?<=[\s\x02,，、(（])(?P<date>{HAN_WEEKDAY}){ALONE}"),
    re.compile(rf"\A\s*(?P<date>{HAN_RELATIVE})(?:早上|上午|中午|下午|晚上|傍晚|夜里|半夜|凌晨)?(?!下)(?:的(?!士))?"),
)
_NO_DAY = (
    "black|good|tgi|cyber|casual|bloody|happy|easter|ash|holy|super|fat|palm|blue|giving|manic|ruby|taco|every|each|the"
    "|we|i|they|who|that|hot|in|of|and|midnight"
)
_WEEKDAY_BEHIND = re.compile(
    rf"(?<=[^\W\d_]\s)(?:am\s+)?(?P<date>{WEEKDAY})(?:(?:vor|nach)?mittag|abend|nacht|morgen|früh)?"
    rf"(?=(?:\s+(?:{PART_OF_DAY}))?\s*(?:\Z|[\x02,;]|[0-9$€£¥]|{PERSON}))"
)
"""`resto samedi soir 23`, `dinner friday 60`."""
_SHORT_WEEKDAY_BEHIND = re.compile(
    rf"(?<=[^\W_]\s)(?P<date>tues?|weds?|thu(?:rs?)?|fri|sat|sun)(?=\s*(?:\Z|[\x02,;]|{PERSON})|\s+[0-9$€£¥])"
)
"""`taxi 22 quid fri @raj`, `brunch sat 61.20`."""
_AFTER_NO_DAY = re.compile(rf"(?:\A|\s)(?:{_NO_DAY})\s\Z")
_PART_OF_DAY = re.compile(rf"\s+(?:{PART_OF_DAY})(?![^\W\d_])")
_STARTING = re.compile(rf"\A\s*(?P<date>{STARTING}|{LAST_WEEKDAY})\s*[:：]?\s+(?=\S)")
_STARTING_EVENING = re.compile(
    rf"\A\s*(?:am\s+)?(?P<date>{WEEKDAY})\s?(?:{PART_OF_DAY})(?!\s(?:live|fever|lights))(?=\s+\S)"
)
"""`Samstagabend Bier 30`; `Friday pizza 30` has a title."""
_WITHOUT_MONTH = re.compile(r"[0-9.]*[0-9][.号號日]")
_DAY_SLASHED = re.compile(r"[0-9]{1,2}/[0-9]{1,2}")
_NEAR = timedelta(days=92)
"""`11/20` is a day only if it was not longer ago; else it may be a sum, or November 2020."""
_DAY_BEFORE_A_MONTH = re.compile(r"(?<![\w.,$€£¥])(?:0?[1-9]|[12][0-9]|3[01])\.?\s\Z")
_NAMED = re.compile("[a-zäéû]{3}")
_A_NUMBER = re.compile(r"[0-9一二三四五六七八九十百千万]")


def take_date(options: Options, habits: Habits) -> Options | Mistake:
    """The day of the bill; several where one must ask."""
    rest = options.rest
    found = (
        list(_ON.finditer(rest.folded))
        or [match for pattern in (_ON_THE, _ON_THE_NTH, _AM_WEEKDAY) for match in pattern.finditer(rest.folded)]
        or [
            match
            for pattern in _bare(rest.folded, habits)
            for match in pattern.finditer(rest.folded)
            if _is_day(match, options, habits)
        ]
        or _relative(options)
    )
    if not found:
        return options
    match = found[0]
    if any(other.start() >= match.end() or other.end() <= match.start() for other in found[1:]):
        return said_twice(rest, *found[1].span())
    said = match["date"]
    number = _DAY_BEFORE_A_MONTH.search(rest.folded[: match.start("date")]) if said[0].isalpha() else None
    if (
        number is not None
        and _NAMED.match(said)
        and said[-1].isdigit()
        and not _A_NUMBER.search(rest.folded, match.end())
    ):
        return bad_date(rest, number.start(), match.end("date"))  # 14 nov 22
    dates = read_dates(f"{said}." if match.re is _ON_THE and said[-1].isdigit() else said, habits.today)
    word = match["word"] if match.re is _ON else None
    if word in ("am", "vom", "le", "du", "datum"):
        dates = dates[:1]
    if habits.language is Language.ZH and len(dates) == 2 and "/" in said:
        dates = dates[1:]  # the month comes first
    dates = tuple(one for one in dates if _goes_with(one, options))
    if not dates:
        return bad_date(rest, *match.span("date"))
    behind = _PART_OF_DAY.match(rest.folded, match.end()) if re.search(r"[a-z]", said) else None
    rest = rest.blank(*behind.span()) if behind else rest
    return replace(options, rest=rest.blank(*match.span()), dates=dates)


def _bare(folded: str, habits: Habits) -> tuple[re.Pattern[str], ...]:
    if _HINT.search(folded) is None:
        return ()
    return (*_BARE, _MONTH_FIRST) if habits.language is Language.ZH else _BARE


def _goes_with(day: date, options: Options) -> bool:
    """Whether it can be the first day of a bill that comes again each Friday, on the 15th, at the end of months."""
    first, repeat = options.dates[0], options.repeats[0]
    if first is None or repeat is None:
        return True
    if repeat.period is Period.MONTH_END:
        return falls_on(day, None, 31)
    return falls_on(day, first.weekday(), None) if repeat.period is Period.WEEK else falls_on(day, None, first.day)


def _is_day(match: re.Match[str], options: Options, habits: Habits) -> bool:
    """Whether `20.11.`, `20 nov` or `11/20` is a day and no amount: there is such a day, and another number is left."""
    is_slashed = _DAY_SLASHED.fullmatch(match["date"]) is not None
    if not is_slashed and not _WITHOUT_MONTH.fullmatch(match["date"]) and not _NAMED.search(match["date"]):
        return True
    left = options.rest.folded[: match.start()] + options.rest.folded[match.end() :]
    dates = read_dates(match["date"], habits.today)
    dates = dates[-1:] if match.re is _MONTH_FIRST else dates
    is_near = all(timedelta(0) <= habits.today - one <= _NEAR for one in dates) or not is_slashed
    return bool(dates) and is_near and bool(_A_NUMBER.search(left))


def _relative(options: Options) -> list[re.Match[str]]:
    rest = options.rest
    found = [match for pattern in _RELATIVE for match in pattern.finditer(rest.folded)] or [
        match
        for pattern in (_WEEKDAY_BEHIND, _SHORT_WEEKDAY_BEHIND)
        for match in pattern.finditer(rest.folded)
        if not _AFTER_NO_DAY.search(rest.folded[: match.start()])
    ]
    evening = _STARTING_EVENING.match(rest.folded)
    if not found and evening is not None:
        return [evening]
    first = _STARTING.match(rest.folded)
    if found or first is None:
        return found[:1] if len({match.span("date") for match in found}) == 1 else found
    typed, following = rest.text[first.start("date")], rest.text[first.end()]
    is_name = typed.isupper() and following.isupper() and not first["date"].startswith(("gestern", "heute", "vorg"))
    return [] if is_name else [first]
