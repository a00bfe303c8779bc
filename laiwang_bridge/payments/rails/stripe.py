"""Stripe: a page of Stripe Checkout, and the webhook by which Stripe says what became of it.

Sources: Stripe API reference ("Checkout Sessions", "Idempotent requests"), "Supported currencies" (zero-decimal,
three-decimal and special cases), and "Verify webhook signatures manually".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson
from mautrix.types import UserID

from appservice.language import _
from laiwang_bridge.payments.money.money import Money, UnknownCurrency, currency
from laiwang_bridge.payments.rails.amounts import in_units
from laiwang_bridge.payments.rails.asking import post
from laiwang_bridge.payments.rails.merchant import Charge, NotGenuine, Notice, Page, Progress, Refused

API = "https://api.stripe.com"
TOLERANCE_SECONDS = 300
"""How old a signature may be: an old one may be a copy."""

_NO_DECIMALS = frozenset((
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
))  # fmt: skip
_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
_LEFT_OUT = frozenset(("UGX", "IQD", "LYD", "CLF", "UYI", "UYW"))
"""What Stripe does not take, or (UGX) documents in two ways that differ by a hundred."""
_STEP = {"ISK": 100, **dict.fromkeys(_THREE_DECIMALS, 10)}
"""Amounts have to be multiples of this: no hundredth of a crown, and no third decimal."""
_MOST = 99_999_999

_PAID_EVENTS = ("checkout.session.completed", "checkout.session.async_payment_succeeded", "payment_intent.succeeded")
_CLOSED_EVENTS = ("checkout.session.expired", "payment_intent.canceled")
_BEGUN_EVENTS = ("payment_intent.processing", "payment_intent.requires_action")


def exponent_of(code: str) -> int | None:
    """The decimals of a currency at Stripe, which are not always those of ISO 4217; None where it is not taken."""
    if code in _LEFT_OUT:
        return None
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def units_of(money: Money) -> int | None:
    """The amount as Stripe counts it; None where it cannot be said exactly."""
    exponent = exponent_of(money.currency.code)
    units = None if exponent is None else in_units(money, exponent)
    if units is None or not 0 < units <= _MOST or units % _STEP.get(money.currency.code, 1):
        return None
    return units


def money_of(units: int, code: str) -> Money | None:
    """An amount that Stripe tells; None for what is no amount of ours."""
    try:
        kind = currency(code.upper())
    except UnknownCurrency:
        return None
    exponent = exponent_of(kind.code)
    if exponent is None or exponent > kind.exponent:
        shift = 10 ** ((exponent or 0) - kind.exponent)
        return Money(units // shift, kind) if exponent is not None and units % shift == 0 else None
    return Money(units * 10 ** (kind.exponent - exponent), kind)


class StripeRail:
    name = "stripe"
    title = _("Card or wallet (Stripe)")
    accepted = b"{}"

    def __init__(self, holder: UserID, *, secret_key: str, webhook_secret: str, back_to: str, api: str = API) -> None:
        self.holder = holder
        self._headers = {"Authorization": f"Bearer {secret_key}"}
        self._webhook_secret = webhook_secret.encode()
        self._back_to = back_to
        self._api = api.rstrip("/")

    def takes(self, money: Money) -> bool:
        return units_of(money) is not None

    async def create(self, charge: Charge) -> Page | Refused:
        fields = {
            "mode": "payment",
            "success_url": self._back_to,
            "client_reference_id": charge.reference,
            "metadata[reference]": charge.reference,
            "payment_intent_data[metadata][reference]": charge.reference,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": charge.money.currency.code.lower(),
            "line_items[0][price_data][unit_amount]": str(units_of(charge.money)),
            "line_items[0][price_data][product_data][name]": charge.subject,
        }
        headers = self._headers | {"Idempotency-Key": f"laiwang-{charge.reference}"}
        status, body = await post(f"{self._api}/v1/checkout/sessions", fields, headers)
        answer = _object(body)
        url = answer.get("url")
        if status == 200 and isinstance(url, str) and url.startswith("https://"):
            return Page(url=url)
        error = answer.get("error")
        return Refused(str(error.get("code") or error.get("type")) if isinstance(error, Mapping) else f"HTTP {status}")

    async def look(self, charge: Charge) -> Notice | None:
        """Stripe keeps telling us for three days, and can be told to tell again; it need not be asked."""
        return None

    def verify(self, body: bytes, headers: Mapping[str, str], now: int) -> Notice | None:
        check_signature(body, headers.get("Stripe-Signature", ""), self._webhook_secret, now)
        event = _object(body)
        data = event.get("data")
        thing = data.get("object") if isinstance(data, Mapping) else None
        kind, id = event.get("type"), event.get("id")
        if not isinstance(thing, Mapping) or not isinstance(kind, str) or not isinstance(id, str):
            return None
        metadata = thing.get("metadata")
        reference = metadata.get("reference") if isinstance(metadata, Mapping) else None
        if not isinstance(reference, str):
            return None
        return _notice(kind, id, reference, thing)


def check_signature(body: bytes, header: str, secret: bytes, now: int) -> None:
    """Raise `NotGenuine` unless Stripe has signed these bytes lately. `now` is in milliseconds."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for key, _equals, value in parts if key == "t"]
    given = [value for key, _equals, value in parts if key == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12 or not given:
        raise NotGenuine("there is no signature")
    expected = hmac.digest(secret, times[0].encode() + b"." + body, hashlib.sha256).hex()
    if not any(hmac.compare_digest(expected.encode(), value.encode(errors="replace")) for value in given):
        raise NotGenuine("the signature is another one")
    if abs(now // 1000 - int(times[0])) > TOLERANCE_SECONDS:
        raise NotGenuine("the signature is old")


def _notice(kind: str, id: str, reference: str, thing: Mapping[str, Any]) -> Notice | None:
    if kind in _PAID_EVENTS:
        if thing.get("object") == "checkout.session":
            if thing.get("payment_status") != "paid":
                return Notice(id, reference, Progress.SCANNED)
            return Notice(id, reference, Progress.PAID, _money(thing, "amount_total"))
        received = "amount_received" if "amount_received" in thing else "amount"
        return Notice(id, reference, Progress.PAID, _money(thing, received))
    if kind in _CLOSED_EVENTS:
        return Notice(id, reference, Progress.CLOSED)
    if kind in _BEGUN_EVENTS:
        return Notice(id, reference, Progress.SCANNED)
    if kind == "charge.refunded":
        progress = Progress.REFUNDED if thing.get("refunded") is True else Progress.PAID
        return Notice(id, reference, progress, _money(thing, "amount"), _money(thing, "amount_refunded"))
    return None


def _money(thing: Mapping[str, Any], name: str) -> Money | None:
    units, code = thing.get(name), thing.get("currency")
    if not isinstance(units, int) or isinstance(units, bool) or not isinstance(code, str):
        return None
    return money_of(units, code)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}
