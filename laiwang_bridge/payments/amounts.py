"""Amounts as people write them, in English, Chinese, German and French habits."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from laiwang_bridge.payments.money import Currency
from laiwang_bridge.payments.wording import Habits, Mistake


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and the currency that stood with it, if any."""

    value: Fraction
    currency: Currency | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """A text that means one of several amounts."""

    readings: tuple[Amount, ...]


def read_amount(text: str, habits: Habits) -> Amount | Unclear | Mistake:
    """Read a text that is an amount and nothing else."""
    raise NotImplementedError
