"""SEPA credit transfer by QR code: EPC069-12, version 002 of the code, as bank apps in the euro area read it.

The account number is checked as ISO 13616 and the registry have it (length and form by country, mod 97), by stdnum.
"""

from __future__ import annotations

import re

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from appservice.language import _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.texts import fitting, latin, one_line, shortened

MOST_BYTES = 331
"""EPC069-12, section 3.2: the whole code."""

_MOST_CENTS = 99_999_999_999
_NAME, _TEXT = 70, 140
_NO_IBAN = _("This is no account number (IBAN) as banks write it: look at it once more.")
_NO_BIC = _("Give your IBAN, and after a comma your name if it is another one than here.")
_TOO_MUCH = _("A transfer is between 0.01 and 999,999,999.99 EUR.")


def checked_iban(text: str) -> str | None:
    """An IBAN without spaces; None if its length, form or check digits are wrong.

    Whether there is such a bank is left to the banks: lists of them grow old.
    """
    try:
        return str(iban.validate(iban.compact(one_line(text)), check_country=False))
    except ValidationError:
        return None


def grouped(number: str) -> str:
    """An IBAN in groups of four, as people read it."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def epc_text(
    *, name: str, iban: str, cents: int, text: str = "", bic: str = "", purpose: str = "", reference: str = ""
) -> str:
    """What the code holds. `text` and `reference` exclude each other; empty lines at the end are left out, as the
    guidelines allow. Raises `ValueError` for what does not fit."""
    if not 1 <= cents <= _MOST_CENTS:
        raise ValueError("an amount is 0.01 to 999999999.99")
    if text and reference:
        raise ValueError("either a text or a reference")
    if not name or len(name) > _NAME or len(text) > _TEXT or len(reference) > 35 or len(purpose) > 4:
        raise ValueError("a name of 70, a text of 140, a reference of 35 characters at most")
    fields = ["BCD", "002", "1", "SCT", bic, name, iban, f"EUR{written(cents, 2, trimmed=True)}", purpose, reference]
    payload = "\n".join([*fields, text]).rstrip("\n")
    if len(payload.encode()) > MOST_BYTES:
        raise ValueError(f"{MOST_BYTES} bytes at most")
    return payload


class SepaRail:
    name = "sepa"
    title = _("Bank transfer (SEPA)")
    currencies = frozenset(("EUR",))
    example = "DE89 3704 0044 0532 0130 00"

    def check(self, details: str) -> Details | Mistake:
        """An IBAN; after it, by commas, a BIC and a name."""
        number, *rest = [one_line(part) for part in re.split(r"[,;，；\n]", details)]
        account = checked_iban(number)
        if account is None:
            return Mistake(_NO_IBAN)
        code, name = "", ""
        for part in filter(None, rest):
            if not code and bic.is_valid(part) and part == part.upper():
                code = bic.compact(part)
            elif not name:
                name = shortened(part, _NAME)
            else:
                return Mistake(_NO_BIC)
        shown = ", ".join(filter(None, (grouped(account), code, name)))
        return Details(f"{account},{code},{name}", shown)

    def offer(self, request: PayRequest) -> Offer | Mistake:
        account, code, own_name = request.details.split(",", 2)
        cents = in_units(request.money, 2)
        if cents is None or not 1 <= cents <= _MOST_CENTS:
            return Mistake(_TOO_MUCH)
        whole = own_name or request.name
        name = fitting(shortened(latin(whole) or whole, _NAME), 150)
        fixed = epc_text(name=name, iban=account, cents=cents, bic=code)
        purpose = fitting(shortened(latin(request.purpose), _TEXT), MOST_BYTES - len(fixed.encode()) - 3)
        payload = epc_text(name=name, iban=account, cents=cents, bic=code, text=purpose)
        facts = [Fact(_("To"), name), Fact(_("IBAN"), grouped(account))]
        if code:
            facts.append(Fact(_("BIC"), code))
        facts.append(Fact(_("Amount"), f"{written(cents, 2)} EUR"))
        if purpose:
            facts.append(Fact(_("For"), purpose))
        notes = [_("Scan the code with your bank's app.")]
        if latin(name) != name:
            notes.append(_("Your bank may want the name in Latin letters."))
        return Offer(tuple(facts), qr=QrCode(payload, most_version=13), notes=tuple(notes))
