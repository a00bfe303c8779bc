"""Amounts in the ways in which they are written: read exactly, or asked about; never as something else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.lines.amounts import Amount, Unclear, read_amount
from laiwang_bridge.payments.lines.wording import Mistake, Problem
from laiwang_bridge.payments.money.expressions import BadExpression, evaluate
from laiwang_bridge.payments.money.money import Money, currency, decimal_text
from laiwang_bridge.payments.money.numerals import read_chinese, read_digits
from tests.unit.laiwang_bridge.payments.lines.corpus_notation import habits

quick = settings(max_examples=200, deadline=None)
GROUPS = ["", ",", ".", "'", "’", "\u00a0", "\u2009", "\u202f"]
CODES = st.sampled_from(["EUR", "JPY", "KWD", "CNY", "USD"])


def grouped(whole: int, sign: str) -> str:
    return f"{whole:,}".replace(",", sign)


@quick
@given(st.integers(1, 10**12), CODES, st.sampled_from(GROUPS), st.sampled_from([".", ","]))
def test_an_amount_in_any_habit_is_read_as_it_is_or_asked_about(minor: int, code: str, group: str, mark: str) -> None:
    """Whatever separators, the true value is among the readings, and alone wherever nothing is asked."""
    if group == mark:
        return
    money = Money(minor, currency(code))
    whole, _point, decimals = decimal_text(money).partition(".")
    text = grouped(int(whole), group) + (mark + decimals if decimals else "")
    truth = Fraction(minor, money.currency.scale)
    read = read_amount(text, habits(code))
    if isinstance(read, Unclear):
        assert truth in [one.value for one in read.readings]
    else:
        assert read == Amount(truth)


@quick
@given(st.integers(1, 999), st.integers(0, 999), st.sampled_from([".", ","]), st.sampled_from(["EUR", "CNY", "USD"]))
def test_three_digits_behind_one_separator_are_always_asked_about(one: int, other: int, sign: str, code: str) -> None:
    read = read_amount(f"{one}{sign}{other:03}", habits(code))
    assert isinstance(read, Unclear)
    assert Fraction(one * 1000 + other) in [reading.value for reading in read.readings]


@quick
@given(st.integers(1, 999), st.integers(0, 999), st.sampled_from([".", ","]), st.sampled_from([".", ","]))
def test_unless_the_room_has_decided_it(one: int, other: int, sign: str, mark: str) -> None:
    read = read_amount(f"{one}{sign}{other:03}", habits("KWD", mark=mark))
    value = Fraction(one * 1000 + other, 1000 if sign == mark else 1)
    assert read == Amount(value)


@quick
@given(st.integers(1, 10**9), CODES)
def test_full_width_digits_are_digits(minor: int, code: str) -> None:
    text = decimal_text(Money(minor, currency(code)))
    wide = "".join("．" if char == "." else chr(ord(char) + 0xFEE0) for char in text)
    assert read_amount(wide, habits(code)) == read_amount(text, habits(code))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1.2.3",
        "1,2,3",
        "1,23",
        "12:30",
        "1.234,",
        "€",
        "1..2",
        "1/2/2026x",
        "7-Eleven",
        "²",
        "١٢",
        "1_000",
        "1e5",
    ],
)
def test_other_texts_are_no_amounts(text: str) -> None:
    read = read_amount(text, habits("JPY"))
    assert isinstance(read, Mistake)


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    for text, code in (("1.2345", "EUR"), ("0.001", "EUR"), ("1.5", "JPY"), ("1.23456", "KWD")):
        read = read_amount(text, habits(code))
        assert isinstance(read, Mistake), text
        assert read.problem is Problem.TOO_MANY_DECIMALS


CHINESE_DIGITS = "零一二三四五六七八九"


def in_chinese(number: int) -> str:
    """A number from 1 to 99,999,999 in the usual Chinese numerals."""
    if number >= 10_000:
        above, below = divmod(number, 10_000)
        between = "零" if 0 < below < 1000 else ""
        return f"{in_chinese(above)}万{between}{in_chinese(below) if below else ''}"
    found, was_zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            found += ("零" if was_zero and found else "") + CHINESE_DIGITS[digit] + name
            was_zero = False
        elif found:
            was_zero = True
    return found


@quick
@given(st.integers(1, 99_999_999))
def test_chinese_numerals_are_read(number: int) -> None:
    assert read_chinese(in_chinese(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一百二", 120), ("一百零二", 102), ("两千五", 2500), ("一万二", 12000), ("1万2", 12000), ("1.5万", 15000),
        ("十二", 12), ("二十", 20), ("十万", 100_000), ("一亿二千万", 120_000_000), ("1万2千5", 12500), ("二百五", 250),
        ("壹仟贰佰", 1200), ("三五", None), ("百", None), ("零", None), ("一百百", None), ("万二", None), ("", None),
        ("一二三", None), ("十百", None), ("一十二万三", 123_000),
    ],
)  # fmt: skip
def test_short_and_odd_chinese_numerals(text: str, value: int | None) -> None:
    assert read_chinese(text) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.234", ["1234", "1.234"]), ("1,234", ["1234", "1.234"]), ("1.234,5", ["1234.5"]), ("1,234.5", ["1234.5"]),
        ("0.123", ["0.123"]), ("1.234.567", ["1234567"]), ("1,23,456", ["123456"]), ("20.11.2026", []), ("1.2.3", []),
        ("1'234", ["1234"]), ("1'23", []), ("1234.567", ["1234.567"]),
    ],
)  # fmt: skip
def test_what_digits_and_separators_can_mean(text: str, values: list[str]) -> None:
    assert [one.value for one in read_digits(text)] == [Fraction(value) for value in values]


sums = st.recursive(
    st.integers(0, 999).map(lambda value: [Fraction(value)]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: [*parts[0], parts[1], *parts[2]]),
        inner.map(lambda tokens: ["(", *tokens, ")"]),
    ),
    max_leaves=12,
)


@quick
@given(sums)
def test_sums_are_worked_out_as_python_does(tokens: list[Fraction | str]) -> None:
    code = "".join(f"Fraction({token.numerator})" if isinstance(token, Fraction) else token for token in tokens)
    try:
        expected = eval(code, {"Fraction": Fraction})
    except ZeroDivisionError:
        with pytest.raises(BadExpression):
            evaluate(tokens)
        return
    assert evaluate(tokens) == expected


@pytest.mark.parametrize(
    "tokens", [[], ["("], [Fraction(1), Fraction(2)], [Fraction(1), "+"], ["(", Fraction(1)], [")"]]
)
def test_sums_that_are_none_are_refused(tokens: list[Fraction | str]) -> None:
    with pytest.raises(BadExpression):
        evaluate(tokens)
