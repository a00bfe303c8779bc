"""Dates as people write them: `yesterday`, `2 days ago`, `20.11.`, `Nov 20`, `昨天`, `上周五`, `十一月二十日`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from laiwang_bridge.payments.money.numerals import read_chinese

_RELATIVE = {
    **dict.fromkeys(("today", "tonight", "tonite", "this morning", "this afternoon", "this evening"), 0),
    **dict.fromkeys(("heute", "heute morgen", "heute früh", "heute mittag", "heute nachmittag", "heute abend"), 0),
    **dict.fromkeys(("aujourd'hui", "aujourd’hui", "ce matin", "ce midi", "cet après-midi", "ce soir"), 0),
    **dict.fromkeys(("今天", "今日", "今晚", "今早", "今晨", "今天中午", "今天晚上"), 0),
    **dict.fromkeys(("yesterday", "yesterday morning", "yesterday evening", "yesterday night", "yesturday"), -1),
    **dict.fromkeys(("last night", "last nite", "yest", "yest.", "yday"), -1),
    **dict.fromkeys(("gestern", "gestern morgen", "gestern mittag", "gestern abend", "gestern nacht"), -1),
    **dict.fromkeys(("hier", "hier matin", "hier midi", "hier soir"), -1),
    **dict.fromkeys(
        ("昨天", "昨日", "昨晚", "昨夜", "昨天晚上", "昨天中午", "尋日", "琴日", "噚日", "尋晚", "琴晚"), -1
    ),
    **dict.fromkeys(("day before yesterday", "the day before yesterday", "vorgestern", "avant-hier"), -2),
    **dict.fromkeys(("前天", "前日", "前晚"), -2),
    **dict.fromkeys(("大前天", "大前日"), -3),
    **dict.fromkeys(("tomorrow", "tmrw", "morgen", "demain", "明天", "明日"), 1),
}
_WEEKDAYS = (
    ("monday", "mon", "montag", "lundi", "一"), ("tuesday", "tue", "tues", "dienstag", "mardi", "二"),
    ("wednesday", "wed", "weds", "mittwoch", "mercredi", "三"),
    ("thursday", "thu", "thur", "thurs", "donnerstag", "jeudi", "四"),
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

_SHORT_GERMAN = {name: number for number, name in enumerate(("mo", "di", "mi", "do", "fr", "sa", "so"))}

_ISO = r"[0-9]{4}(?P<parted>[-/.])[0-9]{1,2}(?P=parted)[0-9]{1,2}"
_HAN_DATE = r"(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}[日号號]?"
_HAN_MONTH_DAY = r"(?:上[个個]?月|[这這本][个個]?月)[0-9]{1,2}[日号號]"
_HAN_WEEKDAY = r"(?:上上[个個]?|上[个個]?|[这這][个個]?|本|下[个個]?)?(?:周|星期|礼拜|禮拜|週)[一二三四五六日天]"
_NAMES = "|".join(sorted((*_RELATIVE, *_WEEKDAY), key=len, reverse=True))
MONTH_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_SOON = timedelta(days=31)
_END = r"(?![^\W_]|[-/][0-9])"
_HAN_NUMBER = "[一二两兩三四五六七八九十]"
_HAN_SPOKEN = rf"{_HAN_NUMBER}{{1,2}}月{_HAN_NUMBER}{{1,3}}[日号號]"
_FEW = (
    "a", "an", "one", "two", "three", "four", "five", "six", "seven", "einem", "einer", "zwei", "drei", "vier", "fünf",
    "sechs", "sieben", "un", "une", "deux", "trois", "quatre", "cinq",
)  # fmt: skip
_COUNTED = dict(zip(_FEW, (1, 1, 1, 2, 3, 4, 5, 6, 7, 1, 1, 2, 3, 4, 5, 6, 7, 1, 1, 2, 3, 4, 5), strict=True))
_NUMBER = rf"(?:[0-9]{{1,2}}|{'|'.join(_FEW)})"
AGO = (
    rf"(?:{_NUMBER} (?:days?|weeks?) ago|vor {_NUMBER} (?:tag(?:en)?|wochen?)|il y a {_NUMBER} (?:jours?|semaines?)"
    rf"|(?:[0-9]{{1,2}}|{_HAN_NUMBER}{{1,2}})(?:天|日|周|週|个?星期|個?星期)前)"
)
"""How long ago: a date wherever it stands."""

_CLEAR_MONTHS = "|".join(
    sorted(
        (name for name in _MONTH if name not in ("may", "mai", "march", "mar", "mars", "sept")), key=len, reverse=True
    )
)
BARE = (
    rf"(?:{_ISO}{_END}|{_HAN_DATE}|{_HAN_SPOKEN}|{_HAN_MONTH_DAY}|[0-9]{{1,2}}\.[0-9]{{1,2}}\.[0-9]{{4}}{_END}"
    rf"|[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}}{_END}|[0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{4}}{_END}"
    rf"|[0-3]?[0-9]\.[01]?[0-9]\.[2-3][0-9]{_END})"
)
"""What is a date wherever it stands."""
NAMED_DAY = (
    rf"(?:[0-9]{{1,2}}(?:\.|st|nd|rd|th|er)? (?:of )?(?:{_CLEAR_MONTHS})\.?(?:,? [0-9]{{4}})?{_END}"
    rf"|(?:{_CLEAR_MONTHS})\.? [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? [0-9]{{4}})?{_END})"
)
"""A day with the name of its month."""
_LAST = r"(?:last|past|letzten|letzter|vergangenen|diesen|this)"
PART_OF_DAY = (
    "night|evening|morning|afternoon|noon|lunch ?time|abend|nacht|morgen|vormittag|mittag|nachmittag|früh|soir"
    "|midi|matin|après-midi"
)
"""What may follow a day."""
RELATIVE = "|".join(sorted(map(re.escape, _RELATIVE), key=len, reverse=True))
"""What is one where it stands alone."""
LAST_WEEKDAY = (
    rf"(?:{_LAST} (?:{'|'.join(name for name in _WEEKDAY)})(?![^\W\d_])"
    rf"|(?:{'|'.join(name for names in _WEEKDAYS for name in names if name.endswith('di') or name == 'dimanche')})"
    r" dernier)"
)
WEEKDAY = "|".join(name for name in _WEEKDAY if name.endswith(("day", "tag", "di", "abend", "woch", "dimanche")))
HAN_WEEKDAY = _HAN_WEEKDAY
HAN_RELATIVE = "|".join(sorted((name for name in _RELATIVE if name[0] >= "\u3400"), key=len, reverse=True))
STARTING = "|".join(
    sorted((name for name, days in _RELATIVE.items() if days <= 0 and name[0] < "\u3400"), key=len, reverse=True)
)
"""Days that were, in letters, which may begin a line."""
DAY_OF_MONTH = r"(?:[0-3]?[0-9](?:st|nd|rd|th)|[0-3]?[0-9][.号號日])"
"""A day of the month before."""
ANY = (
    rf"(?:{_ISO}{_END}|{_HAN_DATE}|{_HAN_WEEKDAY}"
    rf"|{AGO}|{_HAN_SPOKEN}|{_HAN_MONTH_DAY}"
    rf"|(?:{_LAST} )?(?:{_NAMES})(?: dernier)?(?![^\W\d_\u3400-\u9fff])"
    rf"|[0-9]{{1,2}}(?:\.|st|nd|rd|th|er)? (?:of )?(?:{MONTH_NAMES})\.?(?:,? [0-9]{{4}})?{_END}"
    rf"|(?:{MONTH_NAMES})\.? [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? [0-9]{{4}})?{_END}"
    rf"|[0-9]{{1,2}}\.[0-9]{{1,2}}\.(?:[0-9]{{4}}|[0-9]{{2}})?{_END}|[0-9]{{1,2}}/[0-9]{{1,2}}(?:/(?:[0-9]{{4}}|[0-9]{{2}}))?{_END})"
)
"""What is one behind `on`, in folded text."""

_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})?")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?")
_DAY_FIRST = re.compile(rf"([0-9]{{1,2}})(?:\.|st|nd|rd|th|er)? (?:of )?({MONTH_NAMES})\.?(?:,? ([0-9]{{4}}))?")
_MONTH_FIRST = re.compile(rf"({MONTH_NAMES})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? ([0-9]{{4}}))?")
_HAN = re.compile(r"(?:([0-9]{4})年)?([0-9]{1,2})月([0-9]{1,2})[日号號]?")


def read_dates(folded: str, today: date, *, is_ahead: bool = False) -> tuple[date, ...]:
    """The dates that a text can mean: none if there is no such day, two for `3/4`.

    Without a year, it is the last one (or one within the next month), or with `is_ahead` the next to come. A
    weekday is the last one, today among them, or the next to come.
    """
    text = " ".join(folded.split())
    if text in _RELATIVE:
        return (today + timedelta(days=_RELATIVE[text]),)
    if re.fullmatch(AGO, text):
        return (today - _ago(text),)
    if re.fullmatch(DAY_OF_MONTH, text):
        return latest_day(int(re.sub(r"\D", "", text)), today)
    if re.fullmatch(_HAN_SPOKEN, text):
        month, _moon, day = text[:-1].partition("月")
        return _near(None, int(read_chinese(month) or 0), int(read_chinese(day) or 0), today, is_ahead=is_ahead)
    if re.fullmatch(_HAN_MONTH_DAY, text):
        within = today if text[0] != "上" else today.replace(day=1) - timedelta(days=1)
        return _day(within.year, within.month, int(re.sub(r"\D", "", text)))
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
    if (match := _SLASHED.fullmatch(text.replace("-", "/"))) is not None:
        first, second = int(match[1]), int(match[2])
        year = f"20{match[3]}" if match[3] and len(match[3]) == 2 else match[3]
        found = (
            *_near(year, second, first, today, is_ahead=is_ahead),
            *_near(year, first, second, today, is_ahead=is_ahead),
        )
        return tuple(dict.fromkeys(found))
    return _weekday(text, today, is_ahead=is_ahead)


def _weekday(text: str, today: date, *, is_ahead: bool) -> tuple[date, ...]:
    if re.fullmatch(_HAN_WEEKDAY, text):
        number = "一二三四五六日天".index(text[-1])
        monday = today - timedelta(days=today.weekday())
        weeks = -2 if text.startswith("上上") else {"上": -1, "这": 0, "這": 0, "本": 0, "下": 1}.get(text[0])
        if weeks is not None:
            return (monday + timedelta(days=min(number, 6), weeks=weeks),)
        return (_nearest_weekday(min(number, 6), today, is_ahead=is_ahead),)
    words = re.sub(rf"^{_LAST} ", "", text)
    weekday = _WEEKDAY.get(words.removesuffix(" dernier"), _SHORT_GERMAN.get(words))
    if weekday is None:
        return ()
    found = _nearest_weekday(weekday, today, is_ahead=is_ahead)
    is_last = (words != text and not text.startswith(("this ", "diesen "))) or text.endswith(" dernier")
    return (found - timedelta(days=7) if is_last and found == today else found,)


def _ago(text: str) -> timedelta:
    """How long ago a text says."""
    words = text.split()
    weeks = bool(re.search("week|woche|semaine|周|週|星期", text))
    if text.endswith("前"):
        number = re.match(r"[0-9]+", text)
        count = int(number[0]) if number else int(read_chinese(re.sub("[天日周週个個星期前]", "", text)) or 0)
    else:
        numbers = [_COUNTED.get(word) or int(word) for word in words if word.isdigit() or word in _COUNTED]
        count = numbers[-1] if text.startswith("il y a") else numbers[0]
    return timedelta(weeks=count) if weeks else timedelta(days=count)


def latest_day(day: int, today: date) -> tuple[date, ...]:
    """The latest day of this number that has come: `the 20th`."""
    for months in range(12):
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        found = _day(year, month + 1, day)
        if found and found[0] <= today:
            return found
    return ()


def latest_month_end(today: date) -> date:
    """The latest last day of a month that has come, today among them."""
    tomorrow = today + timedelta(days=1)
    return today if tomorrow.day == 1 else today.replace(day=1) - timedelta(days=1)


def latest_weekday(weekday: int, today: date) -> date:
    """The latest day of this weekday (Monday is 0) that has come, today among them."""
    return _nearest_weekday(weekday, today, is_ahead=False)


def falls_on(day: date, weekday: int | None, day_of_month: int | None) -> bool:
    """Whether it is that weekday, or that day of a month or the last one of a shorter month; None is any."""
    if weekday is not None and day.weekday() != weekday:
        return False
    return day_of_month is None or day.day == min(day_of_month, monthrange(day.year, day.month)[1])


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
