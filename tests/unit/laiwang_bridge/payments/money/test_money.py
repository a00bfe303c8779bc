"""Money is whole minor units with the decimals of ISO 4217, whatever locale data say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.money.money import (
    LARGEST_MINOR,
    Currency,
    MixedCurrencies,
    Money,
    UnknownCurrency,
    all_currencies,
    currency,
    decimal_text,
)

NO_DECIMALS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
THREE_DECIMALS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
WRONG_IN_LOCALE_DATA = ["AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"]
NO_MONEY = ["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"]

quick = settings(max_examples=150, deadline=None)
currencies = st.sampled_from(sorted(all_currencies(), key=lambda one: one.code))
minors = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


def test_decimals_are_those_of_iso_4217() -> None:
    assert {one.code for one in all_currencies() if one.exponent == 0} == set(NO_DECIMALS)
    assert {one.code for one in all_currencies() if one.exponent == 3} == set(THREE_DECIMALS)
    assert {one.code for one in all_currencies() if one.exponent == 4} == {"CLF", "UYW"}
    assert all(one.exponent in (0, 2, 3, 4) for one in all_currencies())


@pytest.mark.parametrize("code", WRONG_IN_LOCALE_DATA)
def test_coins_are_shown_where_locale_data_would_hide_them(code: str) -> None:
    money = Money(1_234_567, currency(code))
    assert get_currency_precision(code) == 0 < money.currency.exponent
    for language in ("en", "zh"):
        assert money.text(language).endswith("1,234.567" if code == "IQD" else "12,345.67")


def test_no_other_currency_differs_in_locale_data() -> None:
    differing = {one.code for one in all_currencies() if get_currency_precision(one.code) != one.exponent}
    assert differing <= {*WRONG_IN_LOCALE_DATA, "UYW", "CLF", "UYI"}
    assert differing >= set(WRONG_IN_LOCALE_DATA)


@pytest.mark.parametrize("code", [*NO_MONEY, "ABC", "", "EURO", "€"])
def test_what_nobody_pays_with_is_no_currency(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        currency(code)


def test_a_code_may_be_written_small() -> None:
    assert currency("eur") == currency("EUR")


@pytest.mark.parametrize(
    ("code", "minor", "english", "chinese"),
    [
        ("EUR", 1230, "€12.30", "€12.30"),
        ("CNY", -123456, "-CN¥1,234.56", "-¥1,234.56"),
        ("JPY", 1200, "JP¥1,200", "JP¥1,200"),
        ("USD", 5, "US$0.05", "US$0.05"),
        ("KWD", 1234, "KWD\u00a01.234", "KWD\u00a01.234"),
        ("CHF", 0, "CHF\u00a00.00", "CHF\u00a00.00"),
    ],
)
def test_an_amount_for_people_says_which_currency(code: str, minor: int, english: str, chinese: str) -> None:
    money = Money(minor, currency(code))
    assert (money.text("en"), money.text("zh")) == (english, chinese)


def test_no_two_currencies_look_the_same() -> None:
    for language in ("en", "zh"):
        shown = [Money(100, one).text(language).rstrip("0123456789.,") for one in all_currencies()]
        assert len(set(shown)) == len(shown)


@quick
@given(minors, currencies)
def test_what_is_written_for_machines_has_all_decimals(minor: int, of: Currency) -> None:
    text = decimal_text(Money(minor, of))
    assert Fraction(text) * of.scale == minor
    assert len(text.partition(".")[2]) == of.exponent


def test_different_currencies_are_neither_added_nor_compared() -> None:
    euro, yen = Money(100, currency("EUR")), Money(100, currency("JPY"))
    for wrong in (lambda: euro + yen, lambda: euro - yen, lambda: euro < yen, lambda: euro >= yen):
        with pytest.raises(MixedCurrencies):
            wrong()
    assert euro != yen


@quick
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_sums_are_those_of_whole_numbers(one: int, other: int) -> None:
    euro = currency("EUR")
    assert (Money(one, euro) + Money(other, euro)).minor == one + other
    assert (Money(one, euro) - Money(other, euro)).minor == one - other
    assert (-Money(one, euro)).minor == -one
    assert (Money(one, euro) < Money(other, euro)) is (one < other)
    assert bool(Money(one, euro)) is bool(one)
