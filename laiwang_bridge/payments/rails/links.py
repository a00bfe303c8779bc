"""Payment services whose users have a page of their own: PayPal.me, Revolut and Venmo."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from appservice.language import Message, _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.texts import one_line, shortened

PAYPAL_EXPONENTS = {"HUF": 0, "JPY": 0, "TWD": 0}
"""Where PayPal's decimals are not two (PayPal developer documentation, "Currency codes"). ISO 4217 has two for HUF and
TWD."""

_PAYPAL_CURRENCIES = frozenset((
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "NOK", "NZD", "PHP",
    "PLN", "SEK", "SGD", "THB", "TWD", "USD",
))  # fmt: skip
_REVOLUT_CURRENCIES = frozenset((
    "AED", "AUD", "BGN", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "ISK", "JPY", "MXN", "NOK",
    "NZD", "PLN", "QAR", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "ZAR",
))  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_NO_NAME = _("Give your name at {service}, or the link to your page there.")
_TOO_FINE = _("{service} does not take so many decimals in this currency.")


def account_name(text: str, hosts: tuple[str, ...]) -> str | None:
    """A name as people give it: with or without @, or within a link to the page of that name."""
    given = one_line(text)
    if "/" in given:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        if (parts.hostname or "").removeprefix("www.") not in hosts:
            return None
        steps = [step for step in parts.path.split("/") if step and step.lower() not in ("paypalme", "u")]
        given = steps[0] if steps else ""
    given = given.removeprefix("@")
    return given if _NAME.fullmatch(given) else None


class PayPalRail:
    name = "paypal"
    title = _("PayPal")
    currencies = _PAYPAL_CURRENCIES
    example = "paypal.me/meili"

    def check(self, details: str) -> Details | Mistake:
        name = account_name(details, ("paypal.me", "paypal.com"))
        return Details(name, f"paypal.me/{name}") if name else Mistake(_NO_NAME, {"service": "PayPal.me"})

    def offer(self, request: PayRequest) -> Offer | Mistake:
        code = request.money.currency.code
        exponent = PAYPAL_EXPONENTS.get(code, 2)
        units = in_units(request.money, exponent)
        if units is None or units < 1:
            return Mistake(_TOO_FINE, {"service": "PayPal"})
        amount = written(units, exponent)
        uri = f"https://paypal.me/{request.details}/{amount}{code}"
        note = _("Choose “friends and family” if that is what you are: else PayPal keeps a fee.")
        return _page(request, uri, f"{amount} {code}", note)


class RevolutRail:
    """The page takes no amount in its address: Revolut documents none, and a guess would be wrong by a hundred."""

    name = "revolut"
    title = _("Revolut")
    currencies = _REVOLUT_CURRENCIES
    example = "revolut.me/meili"

    def check(self, details: str) -> Details | Mistake:
        name = account_name(details, ("revolut.me",))
        return Details(name, f"revolut.me/{name}") if name else Mistake(_NO_NAME, {"service": "Revolut"})

    def offer(self, request: PayRequest) -> Offer | Mistake:
        money = request.money
        amount = f"{written(money.minor, money.currency.exponent)} {money.currency.code}"
        return _page(request, f"https://revolut.me/{request.details}", amount, _("Type the amount on that page."))


class VenmoRail:
    name = "venmo"
    title = _("Venmo")
    currencies = frozenset(("USD",))
    example = "@mei-li"

    def check(self, details: str) -> Details | Mistake:
        name = account_name(details, ("venmo.com", "account.venmo.com"))
        return Details(name, f"@{name}") if name else Mistake(_NO_NAME, {"service": "Venmo"})

    def offer(self, request: PayRequest) -> Offer | Mistake:
        cents = in_units(request.money, 2)
        if cents is None or cents < 1:
            return Mistake(_TOO_FINE, {"service": "Venmo"})
        amount = written(cents, 2)
        note = quote(shortened(request.purpose, 200), safe="")
        uri = f"https://venmo.com/?txn=pay&audience=private&recipients={request.details}&amount={amount}"
        return _page(request, f"{uri}&note={note}" if note else uri, f"{amount} USD", None)


def _page(request: PayRequest, uri: str, amount: str, note: Message | None) -> Offer:
    facts = (Fact(_("Name there"), request.details), Fact(_("Amount"), amount))
    return Offer(facts, uri=uri, qr=QrCode(uri, boost=True), notes=(note,) if note else ())
