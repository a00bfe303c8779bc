"""What a line says beside amount, title and people: who paid, when, which category, how often, for each or in all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from appservice.language import _
from laiwang_bridge.payments.lines.amounts import found_at
from laiwang_bridge.payments.lines.dates import ANY, BARE, RELATIVE, read_dates
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.terms import AND, Saying, term_at
from laiwang_bridge.payments.lines.wording import Everybody, Habits, Mistake, Problem, Sender, Who
from laiwang_bridge.payments.money.currencies import name_pattern

_BEGIN = r"(?:(?<=\s)|(?<=[\x02,，、;；:：。])|\A|(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])|(?<=[\U000f0000-\U0010fffd]))"
_WORD_END = r"(?![^\W\d_\u3400-\u9fff])"
_CATEGORY = re.compile(r"(?:(?<=\s)|(?<=\x02)|(?<=[\u3400-\u9fff，,])|\A)#([^\W\d_][\w-]*)")
_ON = re.compile(rf"{_BEGIN}(?:(?P<word>on|am|vom|le|du|dated?|datum)\s+|(?:日期|于)\s*[:：]?\s*)(?P<date>{ANY})")
_BARE_DATE = re.compile(rf"{_BEGIN}(?P<date>{BARE})(?=\Z|[\s,，、;；。\x02]|[\u3400-\u9fff])")
_RELATIVE = re.compile(
    rf"(?:(?<=\s)|(?<=[\x02,，])|\A)(?P<date>{RELATIVE})(?=\s*(?:\Z|[\x02,，、;；。.]|{PERSON}|[0-9$€£¥￥]))"
    rf"|\A\s*(?P<han>今天|今日|今晚|昨天|昨日|昨晚|前天|明天|明日)(?!下|的)"
)
_EACH = re.compile(
    rf"{_BEGIN}(?P<each>each|apiece|per person|per head|a head|pp|p\.\s?p\."
    r"|pro person|pro kopf|pro nase|par personne|par tête|chacune?)"
    rf"{_WORD_END}|(?P<slash>\s?/\s?(?:person|head|pers\.?|pax|p|personne)(?![^\W\d_])|/\s?(?:每?人|位))"
    r"|(?P<han>每个?人|每人头|人均|每位|各付|一人(?=\s?[0-9]))[:：]?|(?P<je>(?<![^\W\d_])je(?=\s?[0-9€]))"
)
_WEEKS = ("week", "weeks", "woche", "wochen", "semaine", "semaines", "周", "週", "个星期", "星期", "个礼拜", "礼拜")
_PERIODS = {
    **dict.fromkeys(("day", "tag", "tage", "jour", "jours", "days", "天", "日"), Period.DAY),
    **dict.fromkeys(_WEEKS, Period.WEEK),
    **dict.fromkeys(("month", "months", "monat", "monate", "mois", "个月", "月"), Period.MONTH),
    **dict.fromkeys(("year", "years", "jahr", "jahre", "an", "ans", "année", "années", "年"), Period.YEAR),
}  # fmt: skip
_UNIT = "|".join(sorted(_PERIODS, key=len, reverse=True))
_NUMBERS = {
    "two": 2,
    "second": 2,
    "other": 2,
    "three": 3,
    "zwei": 2,
    "drei": 3,
    "deux": 2,
    "trois": 3,
    "两": 2,
    "二": 2,
    "三": 3,
    "半": 6,
}
_EVERY = re.compile(
    rf"{_BEGIN}(?:every|jeden|jede|jedes|alle|chaque|tous les|toutes les|每隔?)\s*"
    rf"(?P<count>[0-9]{{1,3}}|{'|'.join(_NUMBERS)})?\s*"
    rf"(?P<unit>{_UNIT}){_WORD_END}"
    rf"(?:\s*[,，]?\s*(?:until|till|bis(?: zum)?|jusqu'au|jusqu’au|直到|到|至)\s*(?P<until>{ANY})(?:为止|为止)?)?"
)
_UNTIL_NOTHING = re.compile(r"\s*(?:until|till|jusqu'au|直到|到|至)(?=\s)")
_PAID_BY = re.compile(
    rf"{_BEGIN}(?:(?:was |is )?(?:paid|payed|covered)(?: for)? by|payers?|(?:aus|vor)?(?:be|ge)zahlt von"
    r"|payée?s? par|paye par|réglée? par"
    rf"|avancée? par|付款人|付款)\s*[:：=]?\s*(?:是\s*)?"
)
_CASH = re.compile(
    r"(?:card|cash|credit|debit|visa|master|amex|paypal|phone|karte|bar|carte|wechat|alipay|twint|现金|微信|支付宝|刷卡|信用卡)"
)
_PAID = re.compile(
    rf"(?:(?:由\s*)?(?P<who>{PERSON})"
    r"(?:\s+(?:paid|has paid|hat (?:be|ge)zahlt|zahlt|a payé|payé)(?!\s+(?:by|par))\b"
    rf"|\s*(?:付的款?|付款了?|付了|已付|垫付了?|垫的|买的?单|结的?账|出的钱|出钱|付(?=\s|\Z|[，,;；\x02])))"
    rf"|\bvon (?P<von>{PERSON}) (?:be|ge)zahlt\b)"
)
_HAS_PAID = re.compile(
    rf"(?P<who>{PERSON})\s+(?:hat|has|a)\b(?P<between>.*?\b)(?P<paid>(?:be|ge|aus)zahlt|paid|payé)\b"
)
_EXCEPT = re.compile(
    rf"(?:{_BEGIN}(?:except(?: for)?|without|excluding|excl\.?|but(?: not)?|not|minus"
    r"|außer|ausser|ohne|exkl\.?|sauf|sans)"
    r"|除了|除去|除|不算|不含|不包括|不包含)"
    rf"\s*[:：]?\s*(?={PERSON})"
)
_OUT = re.compile(rf"(?P<who>{PERSON})\s*(?:除外|以外|之外|[不没](?:参与|参加|算|吃|来|去|在|喝)了?)")
_ONLY = re.compile(rf"(?:{_BEGIN}(?P<word>only|just|nur|seulement|只有|仅|只算)\s*(?={PERSON}))")
_ONLY_BEHIND = re.compile(
    rf"(?<={PERSON})\s*(?P<word>(?:only|owes(?: me)?|schuldet(?: mir)?|me doit|doit)(?![^\W_])|欠我?)"
)
_I_OWE = re.compile(rf"(?:\bi owe|\bich schulde|\bje dois à|我欠)\s*{PERSON}")
_AFTER_EXCEPT = re.compile(r"\s*(?:以外|之外|除外|外)")


class Perhaps(Enum):
    """What may be an option or words of the title."""

    REPEAT = "repeat"
    PER_HEAD = "per_head"


@dataclass(frozen=True, slots=True)
class Payer:
    """Somebody who paid, and how much, if that was said."""

    who: Who
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """All that, and the text that is left. With several dates, one must ask; `unsure` is what was taken for an option
    and may belong to the title."""

    rest: Marked
    dates: tuple[date | None, ...] = (None,)
    category: str | None = None
    repeat: Repeat | None = None
    per_head: bool = False
    payers: tuple[Payer, ...] = ()
    excluded: tuple[Who, ...] = ()
    unsure: frozenset[Perhaps] = frozenset()


def take_options(marked: Marked, habits: Habits, as_title: frozenset[Perhaps]) -> Options | Mistake:
    """Read and take out all options of a line; a mistake where one is said twice or makes no sense.

    What is unsure and in `as_title` stays in the text.
    """
    options: Options | Mistake = Options(marked)
    for step in (_category, _repeat, _date, _payers, _excluded, _per_head):
        if isinstance(options, Mistake):
            return options
        found = step(options, habits)
        is_refused = isinstance(found, Options) and (found.unsure - options.unsure) & as_title
        options = options if is_refused else found
    return options


def _category(options: Options, _habits: Habits) -> Options | Mistake:
    found = list(_CATEGORY.finditer(options.rest.folded))
    if len(found) > 1:
        return _twice(options.rest, *found[1].span())
    if not found:
        return options
    start, end = found[0].span()
    return replace(options, rest=options.rest.without(start, end), category=options.rest.text[start + 1 : end])


def _repeat(options: Options, habits: Habits) -> Options | Mistake:
    rest = options.rest
    found = list(_EVERY.finditer(rest.folded))
    if not found:
        return options
    match = found[0]
    if len(found) > 1:
        return _twice(rest, *found[1].span())
    count = match["count"]
    every = 1 if count is None else _NUMBERS.get(count) or (int(count) if count.isdigit() else 1)
    if not 1 <= every <= 366 or (count == "半" and _PERIODS[match["unit"]] is not Period.YEAR):
        return options
    period = _PERIODS[match["unit"]]
    if count == "半":
        period = Period.MONTH
    until: date | None = None
    if match["until"] is not None:
        dates = read_dates(match["until"], habits.today, is_ahead=True)
        if len(dates) != 1:
            return _bad_date(rest, *match.span("until"))
        until = dates[0]
    elif _UNTIL_NOTHING.match(rest.folded, match.end()):
        return _bad_date(rest, match.end(), len(rest.text))
    after = rest.folded[match.end() : match.end() + 1]
    is_glued = (
        after.isalpha() if "\u3400" <= match[0][0] <= "\u9fff" else rest.folded[match.end() :].lstrip()[:1].isalpha()
    )
    return replace(
        options,
        rest=rest.without(*match.span()),
        repeat=Repeat(period, every, until),
        unsure=options.unsure | {Perhaps.REPEAT} if is_glued else options.unsure,
    )


def _date(options: Options, habits: Habits) -> Options | Mistake:
    rest = options.rest
    found = (
        list(_ON.finditer(rest.folded))
        or list(_BARE_DATE.finditer(rest.folded))
        or list(_RELATIVE.finditer(rest.folded))
    )
    if not found:
        return options
    match = found[0]
    if len(found) > 1:
        return _twice(rest, *found[1].span())
    name = "han" if "han" in match.re.groupindex and match["han"] else "date"
    dates = read_dates(match[name], habits.today)
    word = match["word"] if "word" in match.re.groupindex else None
    if word in ("am", "vom", "le", "du", "datum"):
        dates = dates[:1]
    if not dates:
        return _bad_date(rest, *match.span(name))
    return replace(options, rest=rest.without(*match.span()), dates=dates)


def _payers(options: Options, habits: Habits) -> Options | Mistake:
    rest = options.rest
    payers: list[Payer] = []
    while (match := _PAID_BY.search(rest.folded)) is not None:
        if rest.folded[match.end() : match.end() + 1] not in rest.people:
            word = rest.folded[match.end() :]
            if not word.strip() or _CASH.match(word):
                break
            return stranger(re.split(r"[\s,，;；\x02]", rest.text[match.end() :], maxsplit=1)[0])
        found, end = _paid_by(rest, match.end(), habits)
        if isinstance(found, Mistake):
            return found
        if payers:
            return _twice(rest, *match.span())
        payers += found
        rest = rest.without(match.start(), end)
    if not payers and (match := _HAS_PAID.search(rest.folded)) is not None:
        payers.append(Payer(rest.people[match["who"]]))
        rest = rest.without(*match.span("paid")).without(match.start(), match.start("between"))
    while not payers and (match := _PAID.search(rest.folded)) is not None:
        name = "who" if match["who"] else "von"
        payers.append(Payer(rest.people[match[name]]))
        rest = rest.without(*match.span())
    if payers and (match := _PAID.search(rest.folded)) is not None:
        return _twice(rest, *match.span())
    return replace(options, rest=rest, payers=tuple(payers))


def _paid_by(rest: Marked, position: int, habits: Habits) -> tuple[list[Payer] | Mistake, int]:
    """The people behind `paid by`. Numbers without `=` belong to them only if there is one behind each of several."""
    plain: list[tuple[Payer, int]] = []
    numbered: list[tuple[Payer, int]] = []
    for collected, with_numbers in ((plain, False), (numbered, True)):
        here = position
        while rest.folded[here : here + 1] in rest.people:
            term, end = term_at(rest, here, habits)
            if term.saying not in (Saying.NOTHING, Saying.EXACT, Saying.REST):
                return Mistake(Problem.PAYMENTS_DO_NOT_FIT, _("Who paid how much? `paid by @ann=50 @bo=70`"), {}), end
            amount = term.amount if term.saying is Saying.EXACT else None
            if with_numbers and term.saying is Saying.NOTHING:
                begin = end + len(rest.folded[end:]) - len(rest.folded[end:].lstrip(" :："))
                found = found_at(rest.text, rest.folded, begin, habits)
                if found is None:
                    break
                amount, end = rest.text[begin : found.end], found.end
            collected.append((Payer(term.who, amount), end))
            behind = AND.match(rest.folded, end)
            here = behind.end() if behind else end
    chosen = numbered if len(numbered) >= 2 and len(numbered) >= len(plain) else plain
    return [payer for payer, _end in chosen], chosen[-1][1]


def _excluded(options: Options, habits: Habits) -> Options | Mistake:
    rest = options.rest
    excluded: list[Who] = []
    while (match := _EXCEPT.search(rest.folded)) is not None:
        position = match.end()
        while True:
            term, end = term_at(rest, position, habits)
            if term.saying is not Saying.NOTHING:
                return Mistake(Problem.MIXED_SPLITS, _("Somebody who is left out can have no part."), {})
            excluded.append(term.who)
            behind = AND.match(rest.folded, end)
            following = behind.end() if behind else end
            is_joined = term.who != Sender() or bool(rest.folded[end:following].strip())
            if not is_joined or rest.folded[following : following + 1] not in rest.people:
                break
            position = following
        after = _AFTER_EXCEPT.match(rest.folded, end)
        rest = rest.without(match.start(), after.end() if after else end)
    while (match := _OUT.search(rest.folded)) is not None:
        excluded.append(rest.people[match["who"]])
        rest = rest.without(*match.span())
    if _I_OWE.search(rest.folded):
        return Mistake(Problem.UNCLEAR, _("Say it like `20 lunch with me, without @ann, paid by @ann`."), {})
    only = _ONLY.search(rest.folded) or _ONLY_BEHIND.search(rest.folded)
    if only is not None:
        rest = rest.without(*only.span("word"))
        others = [who for sign, who in rest.people.items() if sign in rest.text]
        excluded += [Sender()] if Sender() not in others and Everybody() not in others else []
    return replace(options, rest=rest, excluded=tuple(dict.fromkeys(excluded)))


def _per_head(options: Options, _habits: Habits) -> Options | Mistake:
    rest = options.rest
    match = _EACH.search(rest.folded)
    if match is None:
        return options
    before = _past_currency(rest.folded[: match.start()].rstrip())[-1:]
    after = rest.folded[match.end() :].lstrip()[:1]
    is_sure = match["each"] is None or _touches(before) or _touches(after) or after in ("", "\x02", ",", "，")
    return replace(
        options,
        rest=rest.without(*match.span()),
        per_head=True,
        unsure=options.unsure if is_sure else options.unsure | {Perhaps.PER_HEAD},
    )


def _past_currency(text: str) -> str:
    """A text without the name of a currency at its end, if it stands behind a number."""
    match = re.search(rf"(?<=[0-9])\s?{name_pattern()}\Z", text)
    return text if match is None else text[: match.start()]


def _touches(char: str) -> bool:
    """Whether it belongs to an amount or a person."""
    return char != "" and (char.isdigit() or char in "€$£¥￥₹₩元块圆円-–)" or ord(char) >= 0xF0000)


def stranger(word: str) -> Mistake:
    """Somebody seems to be named without an @."""
    return Mistake(
        Problem.NOT_A_PERSON,
        _("Who is {name}? Write @ before the name of somebody in this room, + before that of a guest."),
        {"name": word},
    )


def _twice(rest: Marked, start: int, end: int) -> Mistake:
    text = rest.shown(start, end).strip()
    return Mistake(
        Problem.SAID_TWICE,
        _("That is said twice: “{text}”. Put words of the title in quotation marks."),
        {"text": text},
    )


def _bad_date(rest: Marked, start: int, end: int) -> Mistake:
    return Mistake(
        Problem.BAD_DATE,
        _("I cannot read “{text}” as a date; write it like 2026-11-20."),
        {"text": rest.shown(start, end).strip()},
    )
