"""Who paid, as it is said: `paid by @ann=50 @bo=70`, `@ann paid`, `@ann hat 90 bezahlt`, `@甲付100 @乙付168`."""

from __future__ import annotations

import re
from dataclasses import replace

from appservice.language import _
from laiwang_bridge.payments.lines.amounts import find, found_at
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.options import BEGIN, Options, Payer, first_word, said_twice, stranger
from laiwang_bridge.payments.lines.terms import AND, Saying, term_at
from laiwang_bridge.payments.lines.wording import Habits, Mistake, Problem
from laiwang_bridge.payments.money.number_places import Kind

_PAID_BY = re.compile(
    rf"{BEGIN}(?:(?:was |is )?(?:paid|payed|covered)(?: for)? by|payers?|(?:aus|vor)?(?:be|ge)zahlt von"
    r"|(?:ausgelegt|vorgestreckt) von|payée?s? par|paye par|réglée? par"
    rf"|avancée? par|付款人|付款)\s*[:：=]?\s*(?:是\s*)?"
)
_CASH = re.compile(
    r"(?:card|cash|credit|debit|visa|master|amex|paypal|phone|karte|bar|carte|wechat|alipay|twint|现金|微信|支付宝|刷卡|信用卡)"
)
_BEHIND = r"(?=\s|\Z|[0-9,，;；)）\x02¥￥$€£])"
_PAID = re.compile(
    rf"[(（]?(?:(?:由\s*)?(?P<who>{PERSON})"
    r"(?:\s+(?:(?:has |have |'s )?(?:paid|covered)|hat (?:be|ge)zahlt|zahlte?|bezahlte|a payé|payé|a réglé|paye)"
    r"(?!\s+(?:by|par|me|us|back))\b(?:\s+(?:for it|it|this|that|everything|alles|all|tout)\b)?"
    rf"|\s*(?:付的款?|付款了?|付了|已付|垫付了?|垫了|垫的|墊付|墊的|买的?单|買的?單|结的?账|結的?帳|出的钱|出钱|付{_BEHIND}))"
    rf"|\bvon (?P<von>{PERSON}) (?:be|ge)zahlt\b)[)）]?"
)
_I_PAID = re.compile(
    r"我(?:先)?(?:付的款?|付了|付款|垫付?[了的]?|墊付?[了的]?|买的?单|買的?單)(?=\s|\Z|[,，;；。\x02])"
    r"|(?<=[\s,(])\(?(?:i paid|ich hab(?:e|s)? (?:be|ge)zahlt|habe? ich (?:be|ge)zahlt"
    r"|j['’]ai payé|c['’]est moi qui ai payé)\)?(?=\s*(?:\Z"
    r"|[,;.\x02]|[\U000f0000-\U000ffffd]))"
)
_HAS_PAID = re.compile(
    rf"(?P<who>{PERSON})\s+(?:hat|has|a)\b(?!\s+(?:mir|uns|me)\b)(?P<between>.*?\b)(?P<paid>(?:be|ge|aus)zahlt|ausgelegt|vorgestreckt|paid|payé|réglé)\b"
)


def take_payers(options: Options, habits: Habits) -> Options | Mistake:
    """Whoever paid, if that is not the sender alone."""
    rest = options.rest
    payers: list[Payer] = []
    while (match := _PAID_BY.search(rest.folded)) is not None:
        if rest.folded[match.end() : match.end() + 1] not in rest.people:
            word = rest.folded[match.end() :]
            if not word.strip() or _CASH.match(word):
                break
            return stranger(first_word(rest, match.end()))
        found, end = _paid_by(rest, match.end(), habits)
        if isinstance(found, Mistake):
            return found
        if payers:
            return said_twice(rest, *match.span())
        payers += found
        rest = rest.without(match.start(), end)
    if not payers:
        payers, rest = _each_paid(rest, habits)
    if not payers and (match := _HAS_PAID.search(rest.folded)) is not None:
        payers.append(Payer(rest.people[match["who"]]))
        rest = rest.without(*match.span("paid")).without(match.start(), match.start("between"))
    if not payers and (match := _PAID.search(rest.folded)) is not None:
        payers.append(Payer(rest.people[match["who"] or match["von"]]))
        rest = rest.without(*match.span())
    if payers and (match := _PAID.search(rest.folded)) is not None:
        return said_twice(rest, *match.span())
    if not payers and (match := _I_PAID.search(rest.folded)) is not None:
        rest = rest.without(*match.span())
    return options if rest is options.rest else replace(options, rest=rest, payers=tuple(payers))


def _each_paid(rest: Marked, habits: Habits) -> tuple[list[Payer], Marked]:
    """`@ann paid 40, @bo paid 50`: where several paid, and what each paid is not the total."""
    stretches: list[tuple[int, int]] = []
    payers: list[Payer] = []
    for match in _PAID.finditer(rest.folded):
        begin = match.end() + len(rest.folded[match.end() :]) - len(rest.folded[match.end() :].lstrip())
        number = found_at(rest.text, rest.folded, begin, habits)
        if number is None:
            return [], rest
        payers.append(Payer(rest.people[match["who"] or match["von"]], rest.text[begin : number.end]))
        stretches.append((match.start(), number.end))
    if len(payers) < 2:
        return [], rest
    left = rest
    for start, end in stretches:
        left = left.blank(start, end)
    has_total = any(one.kind is not Kind.COUNT for one in find(left.text, left.folded, habits))
    return (payers, left) if has_total else ([], rest)


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
