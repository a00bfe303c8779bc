"""Bitcoin: addresses (base58check; BIP 173 and BIP 350) and the links of BIP 21.

Bills are in currencies of ISO 4217, and nobody has told us a rate. So no amount is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from stdnum import bitcoin
from stdnum.exceptions import ValidationError

from appservice.language import _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import written
from laiwang_bridge.payments.rails.texts import one_line, shortened

_AMOUNT = re.compile(r"[0-9]*\.?[0-9]*")
_KNOWN = ("label", "message")
_SATOSHI = 8
_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M = 0x2BC830A3
_MOST_SATOSHI = 21_000_000 * 10**_SATOSHI
_NO_ADDRESS = _("This is no Bitcoin address: look at it once more.")
_TYPE_IT = _("Work out the amount in bitcoin yourself: nobody here knows a rate.")


@dataclass(frozen=True, slots=True)
class BitcoinLink:
    """What a BIP 21 link says; `satoshi` is the amount. `other` are fields that may be passed over."""

    address: str
    satoshi: int | None = None
    label: str = ""
    message: str = ""
    other: Mapping[str, str] = field(default_factory=dict)


def read_link(text: str) -> BitcoinLink | None:
    """A `bitcoin:` link; None if it is none, or needs (`req-…`) what we do not know. The address is not checked."""
    scheme, colon, rest = text.strip().partition(":")
    if scheme.lower() != "bitcoin" or not colon:
        return None
    address, _mark, query = rest.partition("?")
    if not re.fullmatch(r"[A-Za-z0-9]+", address):
        return None
    values: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        key, _equals, value = pair.partition("=")
        if key.startswith("req-") or key in values:
            return None
        values[key] = unquote(value)
    satoshi = None
    if "amount" in values and (satoshi := _satoshi(values.pop("amount"))) is None:
        return None
    known = {key: values.pop(key, "") for key in _KNOWN}
    return BitcoinLink(address, satoshi, known["label"], known["message"], values)


def link_to(address: str, *, satoshi: int | None = None, label: str = "", message: str = "") -> str:
    """A BIP 21 link: the amount in bitcoin with a point, no commas."""
    amount = "" if satoshi is None else written(satoshi, _SATOSHI, trimmed=True)
    fields = [("amount", amount), ("label", label), ("message", message)]
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in fields if value)
    return f"bitcoin:{address}?{query}" if query else f"bitcoin:{address}"


def is_address(text: str) -> bool:
    """Whether the check digits of an address of the main network are right."""
    if text.lower().startswith("bc1p"):
        return _is_taproot(text)
    try:
        bitcoin.validate(text)
    except ValidationError:
        return False
    return True


class BitcoinRail:
    name = "bitcoin"
    title = _("Bitcoin")
    currencies: frozenset[str] = frozenset()
    example = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"

    def check(self, details: str) -> Details | Mistake:
        given = one_line(details)
        link = read_link(given) if ":" in given else BitcoinLink(given)
        if link is None or not is_address(link.address):
            return Mistake(_NO_ADDRESS)
        return Details(link.address, link.address)

    def offer(self, request: PayRequest) -> Offer | Mistake:
        uri = link_to(
            request.details, label=shortened(request.name, 50), message=shortened(request.purpose, 100)
        )  # fmt: skip
        money = request.money
        worth = f"{written(money.minor, money.currency.exponent)} {money.currency.code}"
        facts = (Fact(_("Address"), request.details), Fact(_("Worth"), worth))
        return Offer(facts, uri=uri, qr=QrCode(uri, boost=True), notes=(_TYPE_IT,))


def _satoshi(amount: str) -> int | None:
    """An amount in bitcoin; None for what is none."""
    whole, _point, part = amount.partition(".")
    if not _AMOUNT.fullmatch(amount) or not (whole or part) or len(part) > _SATOSHI or len(whole) > 8:
        return None
    satoshi = int(f"{whole or '0'}{part:0<{_SATOSHI}}")
    return satoshi if satoshi <= _MOST_SATOSHI else None


def _is_taproot(text: str) -> bool:
    """A version 1 witness program (BIP 350), which stdnum does not know yet."""
    if text not in (text.lower(), text.upper()) or len(text) != 62:
        return False
    data = [_CHARSET.find(char) for char in text.lower()[3:]]
    if -1 in data:
        return False
    return _polymod([3, 3, 0, 2, 3, *data]) == _BECH32M  # "bc", expanded


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum
