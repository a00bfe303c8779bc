"""Swiss QR-bill: the Swiss QR Code of the Implementation Guidelines for the QR-bill, version 2.3 (code version 0200).

Only structured addresses ("S") are written: combined ones are no longer taken. With a QR-IBAN the reference is a QR
reference (27 digits, check digit modulo 10 recursive); with any other IBAN it is an ISO 11649 reference, or none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.exceptions import ValidationError

from appservice.language import _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.sepa import checked_iban, grouped
from laiwang_bridge.payments.rails.texts import latin, shortened

_MOST_CENTS = 99_999_999_999
_QR_INSTITUTIONS = range(30000, 32000)
_KEPT_TABS = 7
_PLACE = re.compile(r"(?P<code>[0-9]{4,5}) +(?P<town>\S.*)")
_COUNTRY = re.compile(r"[A-Z]{2}")
_HOUSE = re.compile(r"(?P<street>\S.*?) +(?P<house>[0-9]+ ?[a-zA-Z]?)")
_NO_IBAN = _("A Swiss QR-bill needs an account number (IBAN) that begins with CH or LI.")
_HOW = _("Give, with commas between: IBAN, name, street and number, postal code and town.")
_NEEDS_REFERENCE = _("This is a QR-IBAN: add the 27 digits of a QR reference at the end, or give your ordinary IBAN.")
_NO_QRR = _("A QR reference goes with a QR-IBAN only: leave it out, or give the QR-IBAN.")
_TOO_MUCH = _("A transfer is between 0.01 and 999,999,999.99.")


@dataclass(frozen=True, slots=True)
class Address:
    """A structured address; street and house may be empty."""

    name: str
    street: str
    house: str
    postal_code: str
    town: str
    country: str = "CH"


def is_qr_iban(number: str) -> bool:
    """Whether the institution's number (places 5 to 9) says that a QR reference has to come with it."""
    return number[4:9].isdigit() and int(number[4:9]) in _QR_INSTITUTIONS


def spc_text(
    *,
    iban: str,
    creditor: Address,
    cents: int | None,
    currency: str,
    reference: str = "",
    message: str = "",
    debtor: Address | None = None,
    billing: str = "",
) -> str:
    """What the code holds, line by line. Raises `ValueError` where account, reference and amount do not go together."""
    if currency not in ("CHF", "EUR"):
        raise ValueError("CHF or EUR")
    if cents is not None and not 0 <= cents <= _MOST_CENTS:
        raise ValueError("an amount is at most 999999999.99")
    kind = "NON" if not reference else "SCOR" if reference.startswith("RF") else "QRR"
    if is_qr_iban(iban) != (kind == "QRR"):
        raise ValueError("a QR reference goes with a QR-IBAN, and only with one")
    fields = ["SPC", "0200", "1", iban, *_lines(creditor), *[""] * 7, "" if cents is None else written(cents, 2)]
    fields += [currency, *(_lines(debtor) if debtor else [""] * 7), kind, reference, message, "EPD"]
    if billing:
        fields.append(billing)
    return "\n".join(fields)


def _lines(address: Address) -> list[str]:
    return [
        "S",
        address.name,
        address.street,
        address.house,
        address.postal_code,
        address.town,
        address.country,
    ]


class SwissRail:
    name = "swiss"
    title = _("Swiss QR-bill")
    currencies = frozenset(("CHF", "EUR"))
    example = "CH93 0076 2011 6238 5295 7, Mei Li, Bahnhofstrasse 1, 8001 Zürich"

    def check(self, details: str) -> Details | Mistake:
        """IBAN, name, street and number, postal code and town; then the country if it is not CH, and a reference."""
        if details.count("\t") == _KEPT_TABS:
            details = _as_typed(details)
        parts = [latin(part) for part in re.split(r"[,;，；\n]", details)]
        account = checked_iban(parts[0])
        if account is None or account[:2] not in ("CH", "LI"):
            return Mistake(_NO_IBAN)
        rest = [part for part in parts[1:] if part]
        reference = _reference(rest[-1]) if rest else None
        if reference:
            rest.pop()
        country = rest.pop() if rest and _COUNTRY.fullmatch(rest[-1]) else "CH"
        place = _PLACE.fullmatch(rest.pop()) if len(rest) > 1 else None
        if place is None or not 1 <= len(rest) <= 2:
            return Mistake(_HOW)
        if is_qr_iban(account) and not (reference or "").isdigit():
            return Mistake(_NEEDS_REFERENCE)
        if not is_qr_iban(account) and (reference or "").isdigit():
            return Mistake(_NO_QRR)
        street = rest[1] if len(rest) == 2 else ""
        split = _HOUSE.fullmatch(street)
        address = Address(
            rest[0][:70], (split["street"] if split else street)[:70], split["house"] if split else "",
            place["code"], place["town"][:35], country,
        )  # fmt: skip
        kept = "\t".join((account, *_lines(address)[1:], reference or ""))
        town = f"{address.postal_code} {address.town}"
        seen = (grouped(account), address.name, street, town, country if country != "CH" else "", reference)
        return Details(kept, ", ".join(filter(None, seen)))

    def offer(self, request: PayRequest) -> Offer | Mistake:
        account, name, street, house, postal_code, town, country, reference = request.details.split("\t")
        cents = in_units(request.money, 2)
        if cents is None or not 1 <= cents <= _MOST_CENTS:
            return Mistake(_TOO_MUCH)
        creditor = Address(name, street, house, postal_code, town, country)
        message = shortened(latin(request.purpose), 140)
        payload = spc_text(
            iban=account,
            creditor=creditor,
            cents=cents,
            currency=request.money.currency.code,
            reference=reference,
            message=message,
        )
        home = f"{name}, {street} {house}".rstrip() + f", {country}-{postal_code} {town}"
        facts = [Fact(_("To"), home), Fact(_("IBAN"), grouped(account))]
        facts.append(Fact(_("Amount"), f"{written(cents, 2)} {request.money.currency.code}"))
        if reference:
            facts.append(Fact(_("Reference"), reference))
        if message:
            facts.append(Fact(_("For"), message))
        code = QrCode(payload, most_version=25, swiss_cross=True)
        return Offer(tuple(facts), qr=code, notes=(_("Scan the code with your bank's app."),))


def _as_typed(kept: str) -> str:
    """What is kept (`Details.text`), with commas as somebody would type it."""
    account, name, street, house, postal_code, town, country, reference = kept.split("\t")
    parts = (account, name, f"{street} {house}".strip(), f"{postal_code} {town}", country, reference)
    return ", ".join(filter(None, parts))


def _reference(text: str) -> str | None:
    """A QR reference or a creditor reference; None for what is neither."""
    bare = text.replace(" ", "").upper()
    try:
        if bare.startswith("RF"):
            return str(iso11649.validate(bare))
        return str(esr.validate(bare)) if len(bare) == 27 and bare.isdigit() else None
    except ValidationError:
        return None
