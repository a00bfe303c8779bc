"""Money: whole numbers of a currency's smallest unit, with the decimals that ISO 4217 gives it.

Never a float. Locale data are asked for symbols and separators only: for 13 currencies (AFN, ALL, IQD, IRR, KPW,
LAK, LBP, MGA, MMK, RSD, SOS, SYP, YER) they show fewer decimals than ISO 4217 has, which would hide cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import iso4217
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

LARGEST_MINOR = 10**15
"""No amount may have more minor units, so that sums of very many still fit 64 bits."""

_NO_MONEY = frozenset(("XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"))
"""Codes for metals, tests and units of account that nobody pays with; ISO 4217 gives them no minor unit."""

_CLEARER = {"$": "US$", "¥": "JP¥"}
"""What to write in English instead of a sign that several currencies share."""


class UnknownCurrency(ValueError):
    """No such currency code in ISO 4217, or none that is money."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is no currency")
        self.code = code


class MixedCurrencies(ValueError):
    """Two amounts in different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code; `exponent` says how many decimals its smallest unit makes."""

    code: str
    exponent: int

    @property
    def scale(self) -> int:
        """How many of its smallest units make one."""
        return int(10**self.exponent)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units. Only amounts of one currency can be added or compared; else `MixedCurrencies`."""

    minor: int
    currency: Currency

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def as_many(self, unit: Currency) -> Money | None:
        """The same number of another currency; None where that has fewer decimals than are needed."""
        minor, rest = divmod(self.minor * unit.scale, self.currency.scale)
        return None if rest else Money(minor, unit)

    def text(self, language: str) -> str:
        """For people, in a language of Babel's ("en", "zh"): all decimals, and a sign or code that is clear."""
        exponent = self.currency.exponent
        group, point = _marks(language)
        whole, rest = divmod(abs(self.minor), self.currency.scale)
        number = f"{whole:,}".replace(",", group) + (f"{point}{rest:0{exponent}}" if exponent else "")
        sign = _sign(self.currency.code, language)
        gap = "\u00a0" if sign[-1].isalpha() else ""
        return f"{'-' if self.minor < 0 else ''}{sign}{gap}{number}"

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency.code} and {other.currency.code}")
        return other.minor


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code, in any case. Raises `UnknownCurrency`, also for codes that are no money."""
    found = _currencies().get(code.upper())
    if found is None:
        raise UnknownCurrency(code)
    return found


def all_currencies() -> Iterable[Currency]:
    """Every currency that there is, by code."""
    return _currencies().values()


def decimal_text(money: Money) -> str:
    """The amount for machines: `-12.30`, always with all decimals of the currency and a point."""
    exponent = money.currency.exponent
    digits = str(abs(money.minor)).rjust(exponent + 1, "0")
    whole = digits[: len(digits) - exponent]
    return f"{'-' if money.minor < 0 else ''}{whole}{'.' + digits[-exponent:] if exponent else ''}"


@lru_cache(maxsize=1)
def _currencies() -> dict[str, Currency]:
    return {
        one.code: Currency(one.code, int(one.exponent))
        for one in sorted(iso4217.Currency, key=lambda one: str(one.code))
        if one.exponent is not None and one.code not in _NO_MONEY
    }


@lru_cache
def _marks(language: str) -> tuple[str, str]:
    """What stands between thousands, and before decimals."""
    return get_group_symbol(language), get_decimal_symbol(language)


@lru_cache(maxsize=1024)
def _sign(code: str, language: str) -> str:
    sign = get_currency_symbol(code, locale=language)
    return sign if language.startswith("zh") and code == "CNY" else _CLEARER.get(sign, sign)
