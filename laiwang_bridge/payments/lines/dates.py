"""Dates as people write them: `yesterday`, `20.11.`, `Nov 20`, `昨天`, `上周五`."""

from __future__ import annotations

import re
from datetime import date, timedelta

_RELATIVE = {
    **dict.fromkeys(("today", "heute", "aujourd'hui", "aujourd’hui", "今天", "今日", "今晚"), 0),
    **dict.fromkeys(("yesterday", "gestern", "hier", "昨天", "昨日", "昨晚"), -1),
    **dict.fromkeys(("day before yesterday", "the day before yesterday", "vorgestern", "avant-hier", "前天"), -2),
    **dict.fromkeys(("tomorrow", "morgen", "demain", "明天", "明日"), 1),
}
_WEEKDAYS = (
    ("monday", "mon", "montag", "lundi", "一"), ("tuesday", "tue", "dienstag", "mardi", "二"),
    ("wednesday", "wed", "mittwoch", "mercredi", "三"), ("thursday", "thu", "donnerstag", "jeudi", "四"),
    ("friday", "fri", "freitag", "vendredi", "五"), ("saturday", "sat", "samstag", "sonnabend", "samedi", "六"),
    ("sunday", "sun", "sonntag", "dimanche", "日", "天"),
)  # fmt: skip
_MONTHS = (
    ("january", "jan", "januar", "jänner", "janvier"), ("february", "feb", "februar", "février", "fevrier"),
    ("march", "mar", "märz", "mars"), ("april", "apr", "avril"), ("may", "mai"), ("june", "jun", "juni", "juin"),
    ("july", "jul", "juli", "juillet"), ("august", "aug", "août", "aout"), ("september", "sep", "sept", "septembre"),
    ("october", "oct", "oktober", "okt", "octobre"), ("november", "nov", "novembre"),
    ("december", "dec", "dezember", "dez", "décembre", "decembre"),
)  # fmt: skip
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names if name.isascii()}
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}

_ISO = r"[0-9]{4}(?P<parted>[-/.])[0-9]{1,2}(?P=parted)[0-9]{1,2}"
_HAN_DATE = r"(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}[日号號]?"
_HAN_WEEKDAY = r"(?:上个?|这个?|本|下个?)?(?:周|星期|礼拜|週)[一二三四五六日天]"
_NAMES = "|".join(sorted((*_RELATIVE, *_WEEKDAY), key=len, reverse=True))
_MONTH_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_SOON = timedelta(days=31)
_END = r"(?![^\W_]|[-/][0-9])"

BARE = rf"(?:{_ISO}{_END}|{_HAN_DATE})"
"""What is a date wherever it stands."""
RELATIVE = "|".join(sorted(_RELATIVE, key=len, reverse=True))
"""What is one where it stands alone."""
ANY = (
    rf"(?:{_ISO}{_END}|{_HAN_DATE}|{_HAN_WEEKDAY}"
    rf"|(?:last |letzten |this |diesen )?(?:{_NAMES})(?: dernier)?(?![^\W\d_\u3400-\u9fff])"
    rf"|[0-9]{{1,2}}(?:\.|st|nd|rd|th|er)? (?:of )?(?:{_MONTH_NAMES})\.?(?:,? [0-9]{{4}})?{_END}"
    rf"|(?:{_MONTH_NAMES})\.? [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? [0-9]{{4}})?{_END}"
    rf"|[0-9]{{1,2}}\.[0-9]{{1,2}}\.(?:[0-9]{{4}}|[0-9]{{2}})?{_END}|[0-9]{{1,2}}/[0-9]{{1,2}}(?:/[0-9]{{4}})?{_END})"
)
"""What is one behind `on`, in folded text."""

_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})?")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}))?")
_DAY_FIRST = re.compile(rf"([0-9]{{1,2}})(?:\.|st|nd|rd|th|er)? (?:of )?({_MONTH_NAMES})\.?(?:,? ([0-9]{{4}}))?")
_MONTH_FIRST = re.compile(rf"({_MONTH_NAMES})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? ([0-9]{{4}}))?")
_HAN = re.compile(r"(?:([0-9]{4})年)?([0-9]{1,2})月([0-9]{1,2})[日号號]?")


def read_dates(folded: str, today: date, *, is_ahead: bool = False) -> tuple[date, ...]:
    """The dates that a text can mean: none if there is no such day, two for `3/4`.

    Without a year, it is the last one (or one within the next month), or with `is_ahead` the next to come. A
    weekday is the last one, today among them, or the next to come.
    """
    text = " ".join(folded.split())
    if text in _RELATIVE:
        return (today + timedelta(days=_RELATIVE[text]),)
    iso = re.fullmatch(_ISO, text)
    if iso is not None:
        return _day(*(int(piece) for piece in re.split(r"[-/.]", text)))
    if (match := _HAN.fullmatch(text)) is not None:
        return _near(match[1], int(match[2]), int(match[3]), today, is_ahead=is_ahead)
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        return _near(match[3], _MONTH[match[2]], int(match[1]), today, is_ahead=is_ahead)
    if (match := _MONTH_FIRST.fullmatch(text)) is not None:
        return _near(match[3], _MONTH[match[1]], int(match[2]), today, is_ahead=is_ahead)
    if (match := _DOTTED.fullmatch(text)) is not None:
        year = f"20{match[3]}" if match[3] and len(match[3]) == 2 else match[3]
        return _near(year, int(match[2]), int(match[1]), today, is_ahead=is_ahead)
    if (match := _SLASHED.fullmatch(text)) is not None:
        first, second = int(match[1]), int(match[2])
        found = (
            *_near(match[3], second, first, today, is_ahead=is_ahead),
            *_near(match[3], first, second, today, is_ahead=is_ahead),
        )
        return tuple(dict.fromkeys(found))
    return _weekday(text, today, is_ahead=is_ahead)


def _weekday(text: str, today: date, *, is_ahead: bool) -> tuple[date, ...]:
    if re.fullmatch(_HAN_WEEKDAY, text):
        number = "一二三四五六日天".index(text[-1])
        monday = today - timedelta(days=today.weekday())
        weeks = {"上": -1, "这": 0, "本": 0, "下": 1}.get(text[0])
        if weeks is not None:
            return (monday + timedelta(days=min(number, 6), weeks=weeks),)
        return (_nearest_weekday(min(number, 6), today, is_ahead=is_ahead),)
    words = text.removeprefix("last ").removeprefix("letzten ").removeprefix("this ").removeprefix("diesen ")
    weekday = _WEEKDAY.get(words.removesuffix(" dernier"))
    if weekday is None:
        return ()
    found = _nearest_weekday(weekday, today, is_ahead=is_ahead)
    is_last = text.startswith(("last ", "letzten ")) or text.endswith(" dernier")
    return (found - timedelta(days=7) if is_last and found == today else found,)


def _nearest_weekday(weekday: int, today: date, *, is_ahead: bool) -> date:
    if is_ahead:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    return today - timedelta(days=(today.weekday() - weekday) % 7)


def _near(year: str | None, month: int, day: int, today: date, *, is_ahead: bool) -> tuple[date, ...]:
    if year is not None:
        return _day(int(year), month, day)
    if is_ahead:
        coming = [one for candidate in range(9) for one in _day(today.year + candidate, month, day) if one >= today]
        return tuple(coming[:1])
    latest = today + _SOON
    past = [one for candidate in range(-8, 2) for one in _day(today.year + candidate, month, day) if one <= latest]
    return tuple(past[-1:])


def _day(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()
