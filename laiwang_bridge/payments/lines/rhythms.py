"""How often something comes again, wherever it is said: `every 2 weeks`, `jeden Freitag`, `每两周`, `900/month`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from laiwang_bridge.payments.lines.dates import LAST_WEEKDAY, PART_OF_DAY, RELATIVE, WEEKDAY
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.options import ALONE, BEGIN, WORD_END
from laiwang_bridge.payments.lines.recurrence import Period

Rhythm = tuple[Period, int]

_DAY, _WEEK, _MONTH, _YEAR = ((period, 1) for period in (Period.DAY, Period.WEEK, Period.MONTH, Period.YEAR))
_QUARTER, _HALF_YEAR, _FORTNIGHT = (Period.MONTH, 3), (Period.MONTH, 6), (Period.WEEK, 2)
UNITS: dict[str, Rhythm] = {
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen", "jour", "jours", "天", "日"), _DAY),
    **dict.fromkeys(("week", "weeks", "wk", "wks", "woche", "wochen", "semaine", "semaines"), _WEEK),
    **dict.fromkeys(("周", "週", "个星期", "個星期", "星期", "个礼拜", "個禮拜", "礼拜", "禮拜"), _WEEK),
    **dict.fromkeys(("month", "months", "mo", "monat", "monate", "monaten", "mois", "个月", "個月", "月"), _MONTH),
    **dict.fromkeys(("quarter", "quarters", "quartal", "quartale", "trimestre", "trimestres"), _QUARTER),
    **dict.fromkeys(("季度", "季", "个季度", "個季度"), _QUARTER),
    **dict.fromkeys(("semestre", "semestres", "halbjahr"), _HALF_YEAR),
    **dict.fromkeys(("year", "years", "yr", "jahr", "jahre", "jahren", "an", "ans", "année", "années", "年"), _YEAR),
    **dict.fromkeys(("fortnight", "quinzaine", "quinzaines"), _FORTNIGHT),
}
_ADVERBS: dict[str, Rhythm] = {
    **dict.fromkeys(("daily", "täglich", "quotidien", "quotidiennement"), _DAY),
    **dict.fromkeys(("weekly", "wöchentlich", "hebdomadaire", "hebdo", "按周"), _WEEK),
    **dict.fromkeys(
        ("fortnightly", "biweekly", "bi-weekly", "zweiwöchentlich", "zweiwöchig", "vierzehntägig"), _FORTNIGHT
    ),
    **dict.fromkeys(
        ("14-tägig", "14tägig", "14-täglich", "14täglich", "zweiwöchentl", "隔周", "隔週", "双周", "雙週"), _FORTNIGHT
    ),
    **dict.fromkeys(("隔天", "隔日", "every second day"), (Period.DAY, 2)),
    **dict.fromkeys(("monthly", "monatlich", "mtl", "mtl.", "mensuel", "mensuelle", "mensuellement", "按月"), _MONTH),
    **dict.fromkeys(("zweimonatlich", "bimestriel", "bimestrielle"), (Period.MONTH, 2)),
    **dict.fromkeys(
        ("quarterly", "vierteljährlich", "quartalsweise", "trimestriel", "trimestrielle", "按季"), _QUARTER
    ),
    **dict.fromkeys(("half-yearly", "halbjährlich", "semestriel", "semestrielle", "semi-annually"), _HALF_YEAR),
    **dict.fromkeys(("yearly", "annually", "jährlich", "annuel", "annuelle", "annuellement", "p.a.", "按年"), _YEAR),
}
_NUMBERS = {
    **dict.fromkeys(("a", "an", "one", "ein", "einen", "eine", "un", "une", "一"), 1),
    **dict.fromkeys(
        ("two", "second", "other", "zwei", "zweite", "zweiten", "andere", "anderen", "deux", "deuxième"), 2
    ),
    **dict.fromkeys(("两", "兩", "二"), 2),
    **dict.fromkeys(("three", "third", "drei", "dritte", "dritten", "trois", "troisième", "三"), 3),
    **dict.fromkeys(("four", "fourth", "vier", "quatre", "四"), 4),
    **dict.fromkeys(("five", "fünf", "cinq", "五"), 5),
    **dict.fromkeys(("six", "sechs", "六"), 6),
    **dict.fromkeys(("ten", "zehn", "dix", "十"), 10),
    **dict.fromkeys(("twelve", "zwölf", "douze", "十二"), 12),
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mondays", "mon", "montag", "montags", "lundi", "lundis"),
            ("tuesday", "tuesdays", "tue", "tues", "dienstag", "dienstags", "mardi", "mardis"),
            ("wednesday", "wednesdays", "wed", "mittwoch", "mittwochs", "mercredi", "mercredis"),
            ("thursday", "thursdays", "thu", "thurs", "donnerstag", "donnerstags", "jeudi", "jeudis"),
            ("friday", "fridays", "fri", "freitag", "freitags", "vendredi", "vendredis"),
            ("saturday", "saturdays", "sat", "samstag", "samstags", "sonnabend", "samedi", "samedis"),
            ("sunday", "sundays", "sun", "sonntag", "sonntags", "dimanche", "dimanches"),
        )
    )
    for name in names
}


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


DAYS = f"{RELATIVE}|{LAST_WEEKDAY}|{WEEKDAY}"
UNIT = _longest_first(UNITS)
NUMBER = rf"[0-9]{{1,3}}|{_longest_first(_NUMBERS)}"
UNTIL_WORD = r"(?:until|till|through|bis(?: zum)?|jusqu(?:'|’)(?:au|à|en)|直到|到|至)"
FROM_WORD = (
    r"(?:starting(?: on| from)?|beginning(?: on)?|from|since|ab(?: dem)?|seit|à partir du|à partir de|dès le|dès|从|自)"
)

_ONCE = r"(?:(?:once|einmal|une fois|1 ?x|1 fois)\s+)?"
_EVERY_WORD = (
    rf"(?:every|each(?=\s+(?:{UNIT}){WORD_END})|jeden|jede|jedes|alle|chaque|tous les|toutes les"
    r"|aux(?=\s+(?:deux|trois|quatre|six|[2-9])\s)|每隔?|隔(?=[一两兩二三]))"
)
_EVERY = re.compile(
    rf"{BEGIN}[(（]?{_ONCE}(?P<every>{_EVERY_WORD})\s*"
    rf"(?:(?P<count>{NUMBER})(?:st|nd|rd|th|\.|e|ème)?\s*)?(?P<unit>(?P<half>半)?(?:{UNIT})){WORD_END}(?:一次)?[)）]?"
)
_HAN_TIMES = re.compile(
    rf"{BEGIN}(?P<count>[0-9]{{1,2}}|[一两兩二三四五六])(?P<unit>个?{'(?:周|週|星期|礼拜|月|季度|年|天)'})一次"
)
_ONCE_A = re.compile(
    rf"{BEGIN}(?:once|einmal|une fois|1 ?x|1 fois)\s+(?:a|an|per|pro|im|in der|par|the)\s+(?P<unit>{UNIT}){WORD_END}"
)
_SUR_DEUX = re.compile(
    rf"{BEGIN}une? (?P<unit>jour|semaine|mois|{_longest_first(_WEEKDAYS)}) sur (?P<count>deux|trois|2|3){WORD_END}"
)
_WEEKDAY = _longest_first(_WEEKDAYS)
_AND_MORE = (
    rf"(?!\s*(?:,|&|\+|/|and|und|et|or|oder|ou|à|to|bis|-)\s*(?:{_WEEKDAY}){WORD_END})(?!\s+(?:of|des|du|im|in)\s)"
)
_SECOND = r"(?P<second>other|second|2nd|2\.|zweiten|anderen|deuxième|2e|2ème|deux|2)\s+"
_EVERY_WEEKDAY = re.compile(
    rf"{BEGIN}[(（]?(?:on\s+|am\s+|immer\s+)?(?:every|each|jeden|chaque|tous les|alternate)\s+(?:{_SECOND})?"
    rf"(?P<weekday>{_WEEKDAY}){WORD_END}(?: (?:{PART_OF_DAY}))?{WORD_END}[)）]?{_AND_MORE}"
)
_ON_WEEKDAYS = re.compile(
    rf"{BEGIN}(?:on\s+|am\s+)?(?P<weekday>(?:mon|tues|wednes|thurs|fri|satur|sun)days"
    rf"|(?:mon|diens|donners|frei|sams|sonn)tags|mittwochs){WORD_END}{_AND_MORE}"
)
_HAN_WEEKDAY = re.compile(
    rf"{BEGIN}(?:(?P<two>隔|每隔一|每两个?|每兩個?|每2个?)(?:周|週|星期|礼拜)的?(?:(?:周|週|星期|礼拜))?|每(?:个|個|逢)?(?:周|週|星期|礼拜|禮拜))"
    r"的?(?P<han>[一二三四五六日天])(?![一二三四五六七八九十百千次、和到至]|[块塊元个個周人天晚顿杯份张场位])"
)
_MONTH_DAY = re.compile(
    rf"{BEGIN}(?:(?:on |am |le |zum |immer am )?(?:the )?(?P<day>(?:[12]?[0-9]|3[01])|first)(?:st|nd|rd|th|er|\.)?"
    r"(?: day)?"
    r"\s+(?:(?:of |in )?(?:every|each)|jede[ns]|eines jeden|de chaque|de tous les)\s+(?:month|monats?|mois)"
    r"|(?:every|each|jeden|chaque|tous les)\s+(?P<each>[12]?[0-9]|3[01])(?:st|nd|rd|th|ers?|\.|e)?"
    r"\s+(?:of the|of|des|im|du)\s+"
    rf"(?:month|monats?|mois)){WORD_END}"
)
_MONTH_END = re.compile(
    rf"{BEGIN}(?:(?:every|each|jede[snm]?|chaque)\s+(?:(?P<count>{NUMBER})\s+)?"
    r"(?:month[ -]ends?|monats(?:ende|letzten)|fin de mois)"
    r"|(?:on |at |am |zum |à |à la |le )?(?:the )?(?:end|last day|last|ende|letzten(?: tag)?|fin|dernier jour)"
    rf"\s+(?:(?:of|de)\s+)?(?:every|each|jede[sn]|chaque)\s+(?:month|monats?|mois)"
    r"|every month (?:on|at) the (?:last day|end)|jeden monat am (?:letzten(?: tag)?|ende)"
    r"|chaque mois (?:à la fin|le dernier jour)"
    rf"){WORD_END}"
    rf"|(?:{BEGIN}|(?<=[0-9元块塊]))每(?:(?P<han>[0-9]{{1,2}}|[一两兩二三四六])?\s?[个個])?月?的?(?:月底|月末|底|末|最后一天)"
)
_ADVERB = re.compile(
    rf"(?:(?<=[\s\x02,，、;；(（])|(?<=[\U000f0000-\U0010fffd])|(?<=[0-9元块月]))(?P<adverb>{_longest_first(_ADVERBS)})"
    rf"(?:{ALONE}|(?=\s+(?:until|till|through|bis|jusqu|for|x\s?[0-9]|pendant|on|am|le|vom|du|日期|{FROM_WORD}|{DAYS}"
    rf"|{_WEEKDAY})))"
)
_PER = re.compile(
    rf"(?:(?<=[0-9€$£¥￥元块塊.-])|(?<=[\s\x02])|(?<=[\U000f0000-\U0010fffd]))\s?"
    rf"(?:(?:/\s?|(?<=\s)(?:per|pro|par)\s)(?P<per>{UNIT})|(?<=[0-9€$£.-]\s)(?:a|an|im)\s(?P<a>month|week|year|day|monat|jahr))"
    rf"{WORD_END}(?!\s?[0-9])"
)
_SEVERAL_TIMES = re.compile(r"(?:times|fois|mal|twice|[0-9]\s?x)\Z")
_GOES_ON = re.compile(
    rf"\s+(?:(?:{UNTIL_WORD}|{FROM_WORD}|for|für|pendant|on|am|le|vom|du|{NUMBER})\s|(?:{DAYS}|{_WEEKDAY})(?![^\W_]))"
    rf"|\s*(?:{UNTIL_WORD}|共|日期)"
)
_FIRST_PERSON = 0xF0000
_HINT = re.compile(
    rf"every|each|jede|alle |aux |chaque|tou(?:te)?s les|alternate|once|einmal|fois|1 ?x| sur |days|tags|mittwochs"
    r"|monat|mois|month"
    rf"|{_longest_first(_ADVERBS)}|(?:/\s?| per | pro | par | an? | im )(?:{UNIT})|[每隔]|一次"
)
"""What is in any line with a rhythm: most have none, and nothing more is looked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """A rhythm that was said, where, and whether its words may as well belong to the title.

    `weekday` (Monday is 0) or `day` of the month is when it comes, where that was said with it. `instead` is what else
    the words mean to some; `also_cut` where else some of it stands.
    """

    start: int
    end: int
    rhythm: Rhythm
    is_glued: bool = False
    weekday: int | None = None
    day: int | None = None
    instead: Rhythm | None = None
    also_cut: tuple[int, int] | None = None

    @property
    def cut(self) -> tuple[int, int]:
        """Where it stands."""
        return self.start, self.end


def number(text: str) -> int:
    """What a word for a number, or digits, mean here."""
    return int(text) if text.isdigit() else _NUMBERS[text]


def said(marked: Marked) -> list[Said]:
    """The rhythms that are said, in their order; of those that overlap, the one that says most."""
    found: list[Said] = []
    if _HINT.search(marked.folded) is None:
        return found
    for one in sorted(_all(marked), key=lambda one: one.start - one.end):
        if all(one.end <= other.start or one.start >= other.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def _all(marked: Marked) -> Iterator[Said]:
    folded = marked.folded
    for match in _MONTH_DAY.finditer(folded):
        day = match["day"] or match["each"]
        yield Said(*match.span(), _MONTH, day=1 if day == "first" else int(day))
    for match in _MONTH_END.finditer(folded):
        count = match["count"] or match["han"]
        yield Said(*match.span(), (Period.MONTH_END, number(count) if count else 1))
    for match in _EVERY_WEEKDAY.finditer(folded):
        every = 2 if match["second"] or "alternate" in match[0] else 1
        yield Said(*match.span(), (Period.WEEK, every), weekday=_WEEKDAYS[match["weekday"]])
    for match in _ON_WEEKDAYS.finditer(folded):
        if match.start() != match.start("weekday") or marked.text[match.start()].islower():  # TGI Fridays
            yield Said(*match.span(), _WEEK, is_glued=True, weekday=_WEEKDAYS[match["weekday"]])
    for match in _HAN_WEEKDAY.finditer(folded):
        weekday = min("一二三四五六日天".index(match["han"]), 6)
        yield Said(*match.span(), _FORTNIGHT if match["two"] else _WEEK, weekday=weekday)
    for match in _SUR_DEUX.finditer(folded):
        weekday_or_none = _WEEKDAYS.get(match["unit"])
        period = Period.WEEK if weekday_or_none is not None else UNITS[match["unit"]][0]
        yield Said(*match.span(), (period, number(match["count"])), weekday=weekday_or_none)
    yield from _every(folded)
    for match in _HAN_TIMES.finditer(folded):
        period, every = UNITS.get(match["unit"]) or UNITS[match["unit"].removeprefix("个")]
        yield Said(*match.span(), (period, every * number(match["count"])))
    for match in _ONCE_A.finditer(folded):
        yield Said(*match.span(), UNITS[match["unit"]])
    for match in _ADVERB.finditer(folded):
        if folded[: match.start()].strip(" \x02(（"):
            start, end = match.span()
            start, end = (start - 1, end + 1) if folded[start - 1 : start] in ("(", "（") else (start, end)
            yield Said(start, end, _ADVERBS[match["adverb"]])
    for match in _PER.finditer(folded):
        if _SEVERAL_TIMES.search(folded[: match.start()].rstrip()):
            continue
        behind = folded[match.end() :].lstrip()
        is_glued = match["a"] is not None and behind[:1].isalpha() and ord(behind[0]) < _FIRST_PERSON
        yield Said(*match.span(), UNITS[match["per"] or match["a"]], is_glued)


def _every(folded: str) -> Iterator[Said]:
    for match in _EVERY.finditer(folded):
        period, every = UNITS[match["unit"].removeprefix("半")]
        count = number(match["count"]) if match["count"] else 1
        instead: Rhythm | None = None
        if match["every"].endswith("隔"):
            # 每隔一周 leaves one out; of 每隔两周 people say both
            if match["every"] == "隔" or count == 1 or not match["count"]:
                count = count + 1
            else:
                instead = (period, every * (count + 1))
        every *= count
        if match["half"]:
            if period is not Period.YEAR or match["count"]:
                continue
            period, every = _HALF_YEAR
        if (period, every) == (Period.DAY, 15) and match["every"] == "tous les":
            period, every = _FORTNIGHT  # quinze jours are two weeks
        if 1 <= every <= 366:
            is_han = "\u3400" <= match[0].lstrip("(（")[0] <= "\u9fff"
            is_glued = _is_title(folded, match.end()) if is_han else _goes_on_in_letters(folded[match.end() :])
            is_glued = is_glued and (count < 2 or bool(folded[: match.start()].strip()))
            yield Said(*match.span(), (period, every), is_glued, instead=instead)


def _is_title(folded: str, end: int) -> bool:
    """Whether Chinese words go on right there: 每周大扫除."""
    behind = folded[end:]
    return behind[:1].isalpha() and not _GOES_ON.match(behind)


def _goes_on_in_letters(behind: str) -> bool:
    return behind.lstrip()[:1].isalpha() and not _GOES_ON.match(behind)
