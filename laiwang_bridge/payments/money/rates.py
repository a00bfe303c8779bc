"""Rates between currencies: read from the European Central Bank's file, and applied once, to a total.

A rate is a decimal number as text, so that what is kept with an entry is what was used: how many units of one currency
are one unit of another. The file has for each of its days how many units of each currency were one euro
(`eurofxref-hist.csv`, or the zip around it, as the bank publishes them).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from laiwang_bridge.payments.money.money import Currency

EURO = "EUR"
BANK = "ECB"
BY_HAND = "by hand"
OLDEST_DAYS = 10
"""A fixing is used for so many days: the bank has none on weekends and holidays."""
_DIGITS = 10
_LARGEST_FILE = 64 * 2**20
_RATE = re.compile(r"[0-9]{1,12}(?:[.][0-9]{1,12})?")
_CODE = re.compile(r"[A-Z]{3}")

Fixings = Mapping[dt.date, Mapping[str, str]]
"""By day: how many units of each currency one euro was."""


class UnreadableRates(ValueError):
    """That is no file of rates; the text says why."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of one currency one of another is, as `source` fixed it on `fixed_on`."""

    text: str
    fixed_on: dt.date
    source: str


def read_fixings(data: bytes) -> Fixings:
    """The rates of a file, which may be zipped. Raises `UnreadableRates`."""
    try:
        text = _unpacked(data).decode("utf-8-sig")
        return dict(_fixings(csv.reader(io.StringIO(text))))
    except (UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError, csv.Error) as error:
        raise UnreadableRates(f"no table of rates: {error}") from error


def across(fixing: Mapping[str, str], of: str, to: str) -> str | None:
    """How many units of `to` one of `of` was, with ten digits; None where one of them was not fixed."""
    known = {EURO: "1", **fixing}
    if of not in known or to not in known:
        return None
    return known[to] if of == EURO else decimal_text(Fraction(known[to]) / Fraction(known[of]))


def converted(minor: int, of: Currency, to: Currency, rate: str) -> int:
    """So many minor units of one currency in those of another; halves are rounded away from 0."""
    exact = Fraction(minor, of.scale) * Fraction(rate) * to.scale
    rounded = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return rounded if exact >= 0 else -rounded


def read_rate(text: str) -> str:
    """A rate as somebody types it (0.92 or 0,92). Raises ValueError."""
    plain = text.strip().replace(",", ".").replace("，", ".")
    if not _RATE.fullmatch(plain) or not Fraction(plain):
        raise ValueError(f"{text!r} is no rate")
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0")
    return f"{int(whole)}.{decimals}" if decimals else f"{int(whole)}"


def decimal_text(value: Fraction) -> str:
    """A number above 0 as decimal text with ten significant digits, the last one rounded half up."""
    places = _DIGITS
    while value * 10**places >= 10**_DIGITS and places > 0:
        places -= 1
    while value * 10**places < 10 ** (_DIGITS - 1):
        places += 1
    digits = (2 * value.numerator * 10**places + value.denominator) // (2 * value.denominator)
    text = f"{digits:0{places + 1}}"
    return text if not places else f"{text[:-places]}.{text[-places:]}".rstrip("0").rstrip(".")


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        tables = [each for each in archive.infolist() if each.filename.lower().endswith(".csv")]
        if len(tables) != 1 or tables[0].file_size > _LARGEST_FILE:
            raise UnreadableRates("there is not one table in it")
        return archive.read(tables[0])


def _fixings(rows: Iterator[list[str]]) -> Iterator[tuple[dt.date, dict[str, str]]]:
    heading = [word.strip() for word in next(rows, [])]
    if heading[:1] != ["Date"] or not any(map(_CODE.fullmatch, heading)):
        raise UnreadableRates("its first line does not begin with Date and currencies")
    for row in rows:
        if not row:
            continue
        try:
            day = _day(row[0].strip())
        except ValueError:
            raise UnreadableRates(f"{row[0][:30]!r} is no day") from None
        known = {
            code: rate.strip()
            for code, rate in zip(heading[1:], row[1:], strict=False)
            if _CODE.fullmatch(code) and _RATE.fullmatch(rate.strip()) and Fraction(rate.strip())
        }
        yield day, known


def _day(text: str) -> dt.date:
    """2026-11-20, or as the bank's table of one day has it: 20 November 2026."""
    return dt.date.fromisoformat(text) if "-" in text else dt.datetime.strptime(text, "%d %B %Y").date()  # noqa: DTZ007
