"""UPI, the payments of India: the deep link of NPCI's linking specification, and the same as a QR code."""

from __future__ import annotations

import re
from urllib.parse import quote

from appservice.language import _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.texts import one_line, shortened

_ADDRESS = re.compile(r"[a-zA-Z0-9.\-_]{2,256}@[a-zA-Z][a-zA-Z0-9]{1,63}")
_NO_ADDRESS = _("A UPI id looks like this: mei@okaxis")
_TOO_FINE = _("UPI takes rupees with two decimals at most.")


def upi_uri(*, address: str, name: str, amount: str, note: str = "", reference: str = "") -> str:
    """The link. Spaces are `%20`: several apps show a `+` as it is.

    `reference` (`tr`) is for merchants: between persons several apps refuse a payment that has one.
    """
    fields = (("pa", address), ("pn", name), ("am", amount), ("cu", "INR"), ("tn", note), ("tr", reference))
    return "upi://pay?" + "&".join(f"{key}={quote(value, safe='@')}" for key, value in fields if value)


class UpiRail:
    name = "upi"
    title = _("UPI")
    currencies = frozenset(("INR",))
    example = "mei@okaxis"

    def check(self, details: str) -> Details | Mistake:
        address = one_line(details).removeprefix("upi:").strip()
        return Details(address, address) if _ADDRESS.fullmatch(address) else Mistake(_NO_ADDRESS)

    def offer(self, request: PayRequest) -> Offer | Mistake:
        paise = in_units(request.money, 2)
        if paise is None or paise < 1:
            return Mistake(_TOO_FINE)
        amount = written(paise, 2)
        note = shortened(request.purpose, 80)
        uri = upi_uri(address=request.details, name=shortened(request.name, 99), amount=amount, note=note)
        facts = (Fact(_("UPI id"), request.details), Fact(_("Amount"), f"{amount} INR"))
        return Offer(facts, uri=uri, qr=QrCode(uri, boost=True), notes=(_("Scan the code with any UPI app."),))
