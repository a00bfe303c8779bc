"""Lines made of what they mean, in four languages, are read as that; and garbage is never a bill that nobody wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from appservice.bots.line import Line
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.wording import (
    BillWording,
    EqualWording,
    Everybody,
    ExactWording,
    ItemisedWording,
    Mistake,
    Named,
    PercentWording,
    Question,
    Sender,
    SplitWording,
    WeightsWording,
    Who,
)
from laiwang_bridge.payments.money.money import Money, currency
from tests.unit.laiwang_bridge.payments.lines.corpus_notation import habits

EURO = currency("EUR")


@dataclass(frozen=True, slots=True)
class Tongue:
    """How one language says what a line can say."""

    mark: str
    titles: tuple[str, ...]
    before_people: tuple[str, ...]
    between_people: tuple[str, ...]
    me: str
    without_me: tuple[str, ...]
    everybody_but: tuple[str, ...]
    rest: str
    each: tuple[str, ...]
    paid_by: tuple[str, ...]
    days: tuple[tuple[str, date], ...]
    repeats: tuple[tuple[str, Repeat], ...]


FRIDAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 21)
MONTHLY, YEARLY = Repeat(Period.MONTH), Repeat(Period.YEAR)
SIX, TO_JUNE = Repeat(Period.MONTH, 1, None, 6), Repeat(Period.MONTH, 1, date(2027, 6, 30))
TONGUES = (
    Tongue(
        ".", ("dinner", "Pizza & beer", "gift for mum", "3 beers", "iPhone 15 case", "🍕", "taxi home"),
        ("", "with ", "between "), (" ", ", ", " and "), "me", ("without me", "excl. me", "(not me)"),
        ("everybody but ", "all except ", "without "), "rest", ("each", "per person", "pp"), ("paid by ",),
        (("on Friday", FRIDAY), ("yesterday", YESTERDAY), ("on Nov 20", FRIDAY), ("on the 20th", FRIDAY)),
        (("monthly", MONTHLY), ("every year", YEARLY), ("every month, 6 times", SIX),
         ("monthly until 2027-06-30", TO_JUNE)),
    ),
    Tongue(
        ".", ("火锅", "三杯奶茶", "吃饭", "G20纪念品", "7天酒店", "妈妈的生日"), ("", "和"), (" ", "、", "和"), "我",
        ("不含我", "不算我", "（不含我）"), ("除了", "大家 除了"), "其余", ("每人", "/人"), ("付款人 ", "付款人："),
        (("昨天", YESTERDAY), ("日期 11月20日", FRIDAY), ("周五", FRIDAY), ("2026-11-20", FRIDAY)),
        (("每月", MONTHLY), ("每年", YEARLY), ("每月，共6次", SIX), ("每月到2027-06-30", TO_JUNE)),
    ),
    Tongue(
        ",", ("Abendessen", "Käse & Wein", "Geschenk für Oma", "2 Pizzen", "Hotel 2 Nächte", "A4 Papier"),
        ("", "mit ", "zwischen "), (" ", ", ", " und "), "ich", ("ohne mich", "exkl. mir"),
        ("alle außer ", "ohne ", "alle ohne "), "Rest", ("pro Person", "p.P.", "pro Kopf"), ("bezahlt von ",),
        (("am Freitag", FRIDAY), ("gestern", YESTERDAY), ("am 20.11.", FRIDAY), ("letzten Freitag", FRIDAY)),
        (("monatlich", MONTHLY), ("jedes Jahr", YEARLY), ("jeden Monat, 6 Mal", SIX),
         ("monatlich bis 30.6.2027", TO_JUNE)),
    ),
    Tongue(
        ",", ("resto", "pain & fromage", "cadeau pour Mamie", "3 bières", "hôtel 2 nuits", "ticket 24h"),
        ("", "avec ", "entre "), (" ", ", ", " et "), "moi", ("sans moi", "(sans moi)"),
        ("tout le monde sauf ", "tous sauf ", "sans "), "reste", ("par personne", "chacun"), ("payé par ",),
        (("le 20/11", FRIDAY), ("hier", YESTERDAY), ("vendredi dernier", FRIDAY), ("hier soir", YESTERDAY)),
        (("tous les mois", MONTHLY), ("tous les ans", YEARLY), ("chaque mois, 6 fois", SIX),
         ("tous les mois jusqu'au 30/06/2027", TO_JUNE)),
    ),
)  # fmt: skip
NAMES = ("ann", "bo", "cat", "dee")


def amounts(minor: int, tongue: Tongue, draw: st.DrawFn) -> str:
    """One of the ways in which people write an amount that can be read in one way only."""
    whole, cents = divmod(minor, 100)
    grouped = re.sub(r"(?<=\d)(?=(?:\d{3})+\Z)", draw(st.sampled_from(("", "'", "\u202f"))), str(whole))
    digits = f"{grouped}{tongue.mark}{cents:02}" if cents or draw(st.booleans()) else grouped
    return draw(st.sampled_from(("{}€", "{} €", "€{}", "{} EUR", "{}" if cents else "{}€"))).format(digits)


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, BillWording]:
    """A line, and what it means."""
    tongue = draw(st.sampled_from(TONGUES))
    minor = draw(st.integers(101, 9_999_999))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    title = draw(st.sampled_from(tongue.titles))
    amount = amounts(minor, tongue, draw)
    said, shares, per_head = draw(people(tongue, names, minor))
    pieces = [title, amount] if draw(st.booleans()) else [amount, title]
    if per_head:
        pieces.insert(pieces.index(amount) + 1, draw(st.sampled_from(tongue.each)))
    bill = BillWording(amount=Money(minor, EURO), title=title, shares=shares, per_head=per_head)
    more = []
    if draw(st.booleans()):
        words, day = draw(st.sampled_from(tongue.days))
        more.append(words)
        bill = replace(bill, date=day)
    if draw(st.booleans()):
        words, repeat = draw(st.sampled_from(tongue.repeats))
        more.append(words)
        bill = replace(bill, repeat=repeat)
    if draw(st.booleans()):
        more.append(draw(st.sampled_from(tongue.paid_by)) + f"@{names[0]}")
        bill = replace(bill, payers=((Named(names[0]), None),))
    if draw(st.booleans()):
        more.append("#food")
        bill = replace(bill, category="food")
    return " ".join([*pieces, said, *draw(st.permutations(more))]), bill


@st.composite
def people(draw: st.DrawFn, tongue: Tongue, names: list[str], minor: int) -> tuple[str, SplitWording, bool]:
    """Who shares and how: as it is said, as it is meant, and whether the amount is for each."""
    named: list[Who] = [Named(name) for name in names]
    between = draw(st.sampled_from(tongue.between_people))
    first = draw(st.sampled_from(tongue.before_people))
    listed = first + between.join(f"@{name}" for name in names)
    match draw(st.sampled_from(("equal", "each", "without me", "but", "parts", "percent", "exact", "all"))):
        case "equal":
            return listed, EqualWording((*named, Sender())), False
        case "each":
            return listed, EqualWording((*named, Sender())), True
        case "without me":
            return f"{listed} {draw(st.sampled_from(tongue.without_me))}", EqualWording(tuple(named)), False
        case "but":
            left_out = draw(st.sampled_from(tongue.everybody_but)) + f"@{names[0]}"
            return left_out, EqualWording((Everybody(),), (Named(names[0]),)), False
        case "parts":
            said = ", ".join(f"@{name} x{number}" for number, name in enumerate(names, 2))
            weights = ((Named(name), number) for number, name in enumerate(names, 2))
            return said, WeightsWording((*weights, (Sender(), 1))), False  # type: ignore[arg-type]
        case "percent":
            said = ", ".join([*(f"@{name} 20%" for name in names), f"{tongue.me}={tongue.rest}"])
            return said, PercentWording((*((who, 20) for who in named), (Sender(), None))), False  # type: ignore[arg-type]
        case "exact":
            small = minor // 10
            written = f"{small // 100}{tongue.mark}{small % 100:02}"
            said = ", ".join([*(f"@{name}={written}" for name in names), f"{tongue.me}={tongue.rest}"])
            return said, ExactWording((*((who, small) for who in named), (Sender(), None))), False
    return "", EqualWording((Everybody(),)), False


@settings(max_examples=150, deadline=None)
@given(lines())
def test_a_line_made_of_a_meaning_is_read_as_that(made: tuple[str, BillWording]) -> None:
    line, meant = made
    read = read_bill(Line(line), 0, habits())
    readings = read.readings if isinstance(read, Question) else (read,)
    assert not isinstance(read, Mistake), (line, read)
    assert meant in readings, (line, read)
    assert read == meant or _may_be_asked(meant), (line, read)


def _may_be_asked(meant: BillWording) -> bool:
    """Whoever paid and is not among those who are named, may be meant to be; `3 beers 5 each` is perhaps for a beer."""
    (payer, _minor), *_others = meant.payers
    is_price = meant.per_head and any(char.isdigit() for char in meant.title)
    return is_price or (payer != Sender() and payer not in _bearing(meant.shares))


def _bearing(shares: SplitWording) -> list[Who]:
    match shares:
        case EqualWording(people):
            return list(people)
        case WeightsWording(weights):
            return [who for who, _weight in weights]
    return []


VOCABULARY = (
    "dinner for with and @ann @bo me all without paid by on every month each 12 1.234 7,50 €20 $5 3 60 2026-11-20"
    " 20.11. +Tom = % ; : , ( ) 聚餐 360元 @甲 每人 除了 大家 付的 每月 昨天 Essen mit und ohne am bis jeden Monat pro"
    " Person resto avec et sauf le hier payé par 50% \n \" ' ~ # ! - about refund not didn't who Tom owes"
    " 6 times until rest"
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
_SUMS = re.compile(r"[+*/×÷xX(（kKwW%％]|[0-9]\s?-\s?[0-9]|[一二三四五六七八九十百千万两半]")


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=12), st.sampled_from([" ", "", ", "]))
def test_no_amount_is_read_that_does_not_stand_in_the_line(words: list[str], gap: str) -> None:
    line = gap.join(words)
    read = read_bill(Line(line), 0, habits(), frozenset(("ann", "tom")))
    if isinstance(read, Mistake) or _SUMS.search(line):
        return
    digits = re.sub(r"[^0-9]", "", line)
    for bill in read.readings if isinstance(read, Question) else (read,):
        if not isinstance(bill.shares, ItemisedWording):
            assert str(abs(bill.amount.minor)).rstrip("0") in digits, (line, bill)
