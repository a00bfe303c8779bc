"""Amounts and days as other programs write them.

How a file writes them is found by looking at all of it first: `1,234` alone may be one thousand or one and a bit, but
not in a file with `12,50`. What stays unclear is an error, never a guess.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from laiwang_bridge.payments.books.exporting.spreadsheet import unguarded
from laiwang_bridge.payments.books.importing.found import BadCell, Trouble
from laiwang_bridge.payments.money.money import LARGEST_MINOR, Currency, UnknownCurrency, currency

_NUMBER = re.compile(r"([-+]?)([0-9][0-9.,]*|[.,][0-9]+)\Z")
_LONGEST_NUMBER = 40
_LIKE_THOUSANDS = 3
"""Decimals that look like thousands; a currency that has so many is written with all of them."""

_USUAL = re.compile(r"(-?[0-9]{1,13})\.([0-9]{2})\Z")
_BLANKS = re.compile(r"[\s\u00a0\u202f'’]")
_ISO = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[T ].*)?\Z")
_LOCAL = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(?:[T ,].*)?\Z")
_SIGNS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "₹": "INR", "₩": "KRW", "CN¥": "CNY", "元": "CNY"}
"""Signs that other programs write instead of a code. ¥ is not here: it is two currencies."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a file writes: `decimal` is its decimal mark, None where nothing shows it; `day_first` the same for dates."""

    decimal: str | None = None
    day_first: bool | None = None


def habits_of(amounts: Iterable[str], days: Iterable[str]) -> Habits:
    marks = {mark for text in amounts if (mark := _mark_in(text)) is not None}
    orders = {order for text in days if (order := _order_in(text)) is not None}
    return Habits(marks.pop() if len(marks) == 1 else None, orders.pop() if len(orders) == 1 else None)


def minor_of(text: str, money: Currency, habits: Habits) -> int:
    """An amount in minor units; nothing at all is 0. Raises `BadCell`."""
    if text in ("", "0", "0.00"):
        return 0
    if habits.decimal == "." and money.exponent == 2 and (usual := _USUAL.match(text)):
        return checked(int(usual[1] + usual[2]), text)
    plain = _plain(text)
    if not plain:
        return 0
    if len(plain) > _LONGEST_NUMBER:
        raise BadCell(Trouble.LARGE, text)
    match = _NUMBER.match(plain)
    if match is None:
        raise BadCell(Trouble.AMOUNT, text.strip())
    digits = match[2]
    whole, decimals = _halves(digits, money, habits, text)
    decimals = decimals.rstrip("0") if len(decimals) > money.exponent else decimals
    if len(decimals) > money.exponent:
        raise BadCell(Trouble.DECIMALS, text.strip())
    minor = int("0" + whole + decimals.ljust(money.exponent, "0"))
    return checked(-minor if match[1] == "-" else minor, text)


def rounded(value: object, money: Currency) -> tuple[int, bool]:
    """A number of JSON (or of a program that counts in floats) in minor units, and whether it had to be rounded.

    What is off by less than a millionth of the smallest unit is how such programs write a whole one. Raises `BadCell`.
    """
    exact = fraction_of(value) * money.scale
    minor = round(exact)
    return checked(minor, str(value)), abs(exact - minor) >= Fraction(1, 1_000_000)


def fraction_of(value: object) -> Fraction:
    """A number that is written with a point, exactly. Raises `BadCell`."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise BadCell(Trouble.AMOUNT, str(value))
    try:
        number = Decimal(unguarded(str(value).strip()))
    except InvalidOperation as error:
        raise BadCell(Trouble.AMOUNT, str(value)) from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise BadCell(Trouble.AMOUNT, str(value))
    return Fraction(number)


def checked(minor: int, text: str) -> int:
    if abs(minor) > LARGEST_MINOR:
        raise BadCell(Trouble.LARGE, text.strip())
    return minor


def day_of(text: str, habits: Habits) -> dt.date:
    """Raises `BadCell`."""
    plain = text.strip()
    try:
        if match := _ISO.match(plain):
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        if (match := _LOCAL.match(plain)) and (day_first := _is_day_first(match, habits)) is not None:
            one, other = int(match[1]), int(match[3])
            day, month = (one, other) if day_first else (other, one)
            return dt.date(int(match[4]), month, day)
    except ValueError:
        pass
    raise BadCell(Trouble.DATE, plain)


def is_day(text: str) -> bool:
    """Whether it looks like a date of any kind."""
    return bool(_ISO.match(text.strip()) or _LOCAL.match(text.strip()))


def code_of(text: str) -> Currency:
    """A currency by its code or sign. Raises `BadCell`."""
    plain = unguarded(text.strip())
    try:
        return currency(_SIGNS.get(plain, plain))
    except UnknownCurrency as error:
        raise BadCell(Trouble.CURRENCY, plain) from error


def words_of(text: str) -> str:
    """Text as it was before a spreadsheet was guarded against it."""
    return unguarded(text.strip())


def _plain(text: str) -> str:
    return _BLANKS.sub("", unguarded(text.strip())).replace("−", "-")


def _halves(digits: str, money: Currency, habits: Habits, text: str) -> tuple[str, str]:
    """Before and after the decimal mark, without marks for thousands."""
    mark = _mark_in(digits) or habits.decimal
    if mark is None and money.exponent == _LIKE_THOUSANDS:
        mark = "." if "." in digits else ","
    if mark is None and ("." in digits or "," in digits):
        raise BadCell(Trouble.UNCLEAR_AMOUNT, text.strip())
    whole, _mark, decimals = digits.partition(mark or ".")
    groups = whole.replace(",", ".").split(".")
    if "." in decimals or "," in decimals or (len(groups) > 1 and not _are_thousands(groups)):
        raise BadCell(Trouble.AMOUNT, text.strip())
    return "".join(groups), decimals


def _are_thousands(groups: list[str]) -> bool:
    return 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def _mark_in(text: str) -> str | None:
    """The decimal mark that an amount shows beyond doubt."""
    if _USUAL.match(text):
        return "."
    match = _NUMBER.match(_plain(text))
    if match is None:
        return None
    digits = match[2]
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if points + commas != 1:
        return "," if points else "." if commas else None
    mark = "." if points else ","
    whole, _mark, decimals = digits.partition(mark)
    return mark if len(decimals) != 3 or whole in ("", "0") or len(whole) > 3 else None


def _order_in(text: str) -> bool | None:
    match = _LOCAL.match(text.strip())
    return None if match is None else _is_day_first(match, Habits())


def _is_day_first(match: re.Match[str], habits: Habits) -> bool | None:
    if match[2] == ".":
        return True
    if int(match[1]) > 12 or int(match[3]) > 12:
        return int(match[1]) > 12
    return habits.day_first
