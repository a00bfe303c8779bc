"""About how many units of a currency are worth one of the large ones, to tell a slip of the finger from a dinner.

Only orders of magnitude, which hold for decades; nothing is ever converted by them.
"""

from __future__ import annotations

from fractions import Fraction

_HALF = "BHD KWD OMR"
_TEN = (
    "AFN BDT BTN CUP CZK DKK DOP DZD EGP ERN ETB GMD GTQ HKD HNL INR JMD KGS LRD MAD MDL MKD MRU MUR MVR MXN MZN NAD"
    " NIO NOK NPR PHP RUB SCR SEK SRD SZL LSL ZAR THB TJS TRY TTD TWD UAH UYU ZMW VES"
)
_HUNDRED = "ALL AOA AMD CVE DJF GYD HTG HUF ISK JPY KES KMF KZT LKR PKR RSD SDG SSP XAF XOF XPF YER ARS CRC SYP"
_THOUSAND = "BIF CDF CLP COP IQD KHR KPW KRW MGA MMK MNT MWK NGN PYG RWF SOS TZS UGX"
_TEN_THOUSAND = "GNF IDR IRR LAK LBP UZS VND"
_ABOUT = {
    code: Fraction(many)
    for many, codes in (
        (Fraction(1, 2), _HALF),
        (10, _TEN),
        (100, _HUNDRED),
        (1_000, _THOUSAND),
        (10_000, _TEN_THOUSAND),
    )
    for code in codes.split()
}


def units_worth_one(code: str) -> Fraction:
    """A half, 1, 10, 100, 1000 or 10000."""
    return _ABOUT.get(code, Fraction(1))


def whole_units(many: int, code: str, other: str) -> int:
    """Whole units of another currency that are worth about so many of this one, one at least."""
    return max(int(many * units_worth_one(other) / units_worth_one(code)), 1)
