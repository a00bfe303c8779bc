"""Wordings and lines: what is written out is read the same, and nothing that is typed breaks the reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.line import Line, Pill
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    ChargeWording,
    EqualWording,
    Everybody,
    ExactWording,
    Guest,
    Habits,
    ItemisedWording,
    ItemWording,
    Mistake,
    Named,
    PercentWording,
    Problem,
    Question,
    Sender,
    User,
    WeightsWording,
    Who,
    heads,
    replaced,
    total,
)
from laiwang_bridge.payments.lines.writing import written
from laiwang_bridge.payments.money.money import Money, currency
from tests.unit.laiwang_bridge.payments.lines.corpus_notation import CORPUS, SENDER, examples, habits, noted

some = settings(max_examples=60, deadline=None)

ids = st.from_regex(r"[a-w][a-z0-9._=/-]{0,6}", fullmatch=True)
homes = st.sampled_from(["hs.org", "example.com:8448", "hs"])
users = st.builds(lambda name, home: User(UserID(f"@{name}:{home}")), ids, homes)
named = st.builds(Named, st.text(st.sampled_from("abw甲乙丙"), min_size=1, max_size=6))
odd_names = st.text(st.sampled_from('ab 甲"\\7€@#;='), min_size=1, max_size=8)
guests = st.builds(Guest, odd_names.map(lambda text: " ".join(text.split())).filter(bool))
others: st.SearchStrategy[Who] = st.one_of(users, named, guests)
ODD_TITLES = (
    "dinner",
    "聚餐",
    "7-Eleven",
    "2 pizzas",
    "paid by Tom",
    "every day",
    "TOP 30",
    "me",
    "all",
    "on 3/4",
    "#x",
)
titles = st.one_of(
    st.text(st.sampled_from('ab 7€$元.,;:@#+-*/=()"\\“”「」x%每天和我付me all each on for 一百'), max_size=14),
    st.sampled_from(ODD_TITLES),
    st.text(max_size=10),
).map(lambda text: " ".join(text.replace("\x02", "").split()))
WEIGHTS = [Fraction(1), Fraction(2), Fraction(3), Fraction(1, 2), Fraction(3, 2), Fraction(0), Fraction(1, 3)]
rooms = st.builds(
    habits,
    st.sampled_from(["EUR", "CNY", "JPY", "KWD", "USD", "TOP"]),
    st.sampled_from(["en", "zh"]),
    st.sampled_from([None, ".", ","]),
)


@st.composite
def people(draw: st.DrawFn, least: int = 1) -> tuple[Who, ...]:
    found: list[Who] = draw(st.lists(others, min_size=least, max_size=5, unique=True))
    extra: list[Who] = draw(st.sampled_from([[], [Sender()], [Everybody()]]))
    return (*found, *extra) if draw(st.booleans()) else (*extra, *found)


repeats = st.builds(
    Repeat, st.sampled_from(Period), st.integers(1, 30), st.none() | st.dates(date(2026, 12, 1), date(2099, 1, 1))
)


@st.composite
def wordings(draw: st.DrawFn) -> tuple[BillWording, Habits]:
    room = draw(rooms)
    of = draw(st.sampled_from([room.currency, currency("USD"), currency("JPY"), currency("TRY")]))
    bill = BillWording(
        amount=Money(draw(st.integers(1, 10**9)) * draw(st.sampled_from([1, 1, 1, -1])), of),
        title=draw(titles),
        date=draw(st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        category=draw(st.none() | st.sampled_from(["food", "吃饭", "a_b-7"])),
        repeat=draw(st.none() | repeats),
    )
    if bill.repeat is not None and bill.repeat.period is Period.MONTH_END:
        bill = replace(bill, date=draw(st.sampled_from([date(2026, 10, 31), date(2028, 2, 29)])))
    who = draw(people())
    left_out = tuple(draw(st.lists(others.filter(lambda one: one not in who), max_size=2, unique=True)))
    bill = _shared(draw, bill, who, left_out if Everybody() in who else ())
    payer = draw(st.none() | others)
    if payer is not None:
        can_be_two = bill.amount.minor > 1 and not bill.per_head
        two = ((payer, 1), (Sender(), bill.amount.minor - 1))
        bill = replace(bill, payers=two if can_be_two and draw(st.booleans()) else ((payer, None),))
    return bill, room


def _shared(draw: st.DrawFn, bill: BillWording, who: tuple[Who, ...], out: tuple[Who, ...]) -> BillWording:
    of = bill.amount.currency
    match draw(st.sampled_from(["equal", "weights", "percent", "exact", "adjusted", "items"])):
        case "weights":
            weights = ((who[0], Fraction(2)), *((one, draw(st.sampled_from(WEIGHTS))) for one in who[1:]))
            return replace(bill, shares=WeightsWording(weights, out))
        case "percent":
            percents = [(one, Fraction(draw(st.integers(1, 1500)), 100)) for one in who]
            return replace(bill, shares=PercentWording((*percents, (Guest("rest of us"), None)), out))
        case "exact":
            parts = tuple((one, draw(st.integers(1, 10**6))) for one in who)
            return replace(bill, amount=Money(sum(part for _who, part in parts), of), shares=ExactWording(parts, out))
        case "adjusted":
            changes = ((who[0], 7), *((one, draw(st.integers(-500, 500))) for one in who[1:]))
            return replace(bill, shares=AdjustedWording(changes, out))
        case "items":
            items = tuple(_item(draw) for _ in range(draw(st.integers(1, 3))))
            tip = ChargeWording("tip", (sum(item.minor for item in items) + 5) // 10, Fraction(10))
            charges: tuple[ChargeWording, ...] = (ChargeWording("tax", 360), tip, ChargeWording("折扣", -2))
            whole = Money(sum(item.minor for item in items) + sum(charge.minor for charge in charges), of)
            return replace(bill, amount=whole, shares=ItemisedWording(items, charges))
    return replace(bill, shares=EqualWording(who, out), per_head=draw(st.booleans()))


def _item(draw: st.DrawFn) -> ItemWording:
    weights = tuple((one, draw(st.sampled_from(WEIGHTS[:4]))) for one in draw(people()))
    return ItemWording(draw(titles), draw(st.integers(1, 10**6)), weights)


@some
@given(wordings())
def test_what_is_written_out_is_read_as_the_same(said: tuple[BillWording, Habits]) -> None:
    wording, room = said
    line = written(wording, room)
    assert read_bill(Line(line), 0, room) == wording, line


TYPED = st.text(
    st.sampled_from(
        '0123456789.,-+*/=()x @@ab甲乙"“”;:%#€$¥元块万百一二每人天和付除me all each every paid by on until \u00a0，。；'
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(TYPED | st.text(max_size=60), rooms)
def test_nothing_that_is_typed_breaks_the_reading(text: str, room: Habits) -> None:
    read = read_bill(Line(text), 0, room)
    readings = read.readings if isinstance(read, Question) else () if isinstance(read, Mistake) else (read,)
    for one in readings:
        assert one.amount
        line = written(one, room)
        assert read_bill(Line(line), 0, room) == one, line


PIECES = ("1", "(", "1+", "@a ", "+a", "1 234 ", ";1 @a", '"', "一", "every day ", ", ", "me ", "=", "all ")


@pytest.mark.parametrize("piece", PIECES)
def test_long_nonsense_takes_no_long_time(piece: str) -> None:
    read_bill(Line((piece * 1000)[:1000]), 0, habits())


def test_a_line_that_is_no_bill_any_more_is_refused() -> None:
    read = read_bill(Line("1 " + "x" * 5000), 0, habits())
    assert isinstance(read, Mistake)
    assert read.problem is Problem.TOO_LARGE


def test_what_people_are_called_is_never_read() -> None:
    text = "120 dinner Ann 99€ x2 paid by Bo and Cy=7"
    ann, bo = text.index("Ann"), text.index("Bo")
    pills = (Pill(ann, text.index(" paid"), UserID("@ann:hs.org")), Pill(bo, len(text), UserID("@bo:hs.org")))
    read = read_bill(Line(text, pills), 0, habits())
    assert isinstance(read, Question)
    assert [noted(one) for one in read.readings] == [
        "120.00 EUR | dinner | @ann:hs.org me @bo:hs.org | by @bo:hs.org",
        "120.00 EUR | dinner | @ann:hs.org me | by @bo:hs.org",
    ]


def test_reading_begins_where_it_is_told() -> None:
    text = "AA 120 dinner @a"
    assert noted(read_bill(Line(text), 3, habits())) == "120.00 EUR | dinner | a me"


def test_a_name_known_in_the_room_keeps_its_number() -> None:
    assert noted(read_bill(Line("20 tea @d-5"), 0, habits(), frozenset(("d-5",)))) == "20.00 EUR | tea | d-5 me"
    assert noted(read_bill(Line("20 tea @d-5"), 0, habits())) == "20.00 EUR | tea | d-5.00 me+0.00"


def test_the_order_of_options_changes_nothing() -> None:
    pieces = ["120 dinner", "paid by @b=70 @c=50", "on 2026-11-20", "#food", "@b, @c"]
    first = read_bill(Line(" ".join(pieces)), 0, habits())
    assert isinstance(first, BillWording)
    for turn in range(1, len(pieces)):
        assert read_bill(Line(" ".join(pieces[turn:] + pieces[:turn])), 0, habits()) == first


def test_every_sum_that_does_not_fit_says_how_much_is_missing() -> None:
    read = read_bill(Line("524.34 @a=110.11 @b=209.74 @c=104.87 @d=89.14 @e=10.49"), 0, habits())
    assert isinstance(read, Mistake)
    assert read.missing == Money(-1, currency("EUR"))


def test_a_missing_rest_is_offered_to_the_sender() -> None:
    read = read_bill(Line("60 @a=20 @b=30"), 0, habits())
    assert isinstance(read, Mistake)
    assert read.suggestion is not None
    assert written(read.suggestion, habits()) == "60.00 EUR with @a=20.00, @b=30.00, me=rest"


def test_the_total_of_what_each_pays_counts_heads() -> None:
    read = read_bill(Line("30 each @a x2 @b"), 0, habits())
    assert isinstance(read, BillWording)
    assert heads(read) == 4
    assert total(read) == Money(12000, currency("EUR"))
    everybody = read_bill(Line("30 each"), 0, habits())
    assert isinstance(everybody, BillWording)
    assert total(everybody) is None
    assert total(everybody, 5) == Money(15000, currency("EUR"))


def test_once_it_is_known_who_is_meant_nobody_comes_twice() -> None:
    ann, bo = User(UserID("@ann:hs.org")), User(UserID("@bo:hs.org"))
    read = read_bill(Line("30 tea @ann @bo @myself paid by @ann"), 0, habits())
    assert isinstance(read, BillWording)
    known = replaced(read, {Named("ann"): ann, Named("bo"): bo, Named("myself"): Sender()})
    assert isinstance(known, BillWording)
    assert known.shares == EqualWording((ann, bo, Sender()))
    assert known.payers == ((ann, None),)
    twice = replaced(read, {Named("ann"): ann, Named("bo"): ann})
    assert isinstance(twice, Mistake)
    assert twice.problem is Problem.NAMED_TWICE


def test_the_sender_named_by_his_id_is_the_sender() -> None:
    read = read_bill(Line(f"30 tea {SENDER} @a"), 0, habits())
    assert isinstance(read, BillWording)
    assert read.shares == EqualWording((Sender(), Named("a")))


def test_corrections_can_be_typed_in_the_other_language_too() -> None:
    for path in CORPUS.glob("*.txt"):
        for one in list(examples(path))[::4]:
            other = "zh" if one.habits.language == "en" else "en"
            room = replace(one.habits, language=habits(language=other).language)
            read = read_bill(Line(one.typed), 0, room)
            if isinstance(read, BillWording):
                assert read_bill(Line(written(read, room)), 0, room) == read, one.place
