"""Amounts as rails write them. Pure functions on integers: a provider's minor units are often not those of ISO 4217."""

from __future__ import annotations

from laiwang_bridge.payments.money.money import Money


def in_units(money: Money, exponent: int) -> int | None:
    """The amount in units of 10^-exponent; None where it has more decimals than that."""
    shift = exponent - money.currency.exponent
    if shift >= 0:
        return int(money.minor * 10**shift)
    whole, rest = divmod(money.minor, 10**-shift)
    return None if rest else int(whole)


def written(units: int, exponent: int, *, trimmed: bool = False) -> str:
    """`1230` with two decimals as `12.30`, or `12.3` when trimmed."""
    digits = f"{units:0{exponent + 1}d}"
    if not exponent:
        return digits
    text = f"{digits[:-exponent]}.{digits[-exponent:]}"
    return text.rstrip("0").rstrip(".") if trimmed else text
