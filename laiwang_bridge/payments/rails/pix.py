"""Pix, the payments of Brazil: the static BR Code of the Banco Central do Brasil (EMV QR code, merchant-presented)."""

from __future__ import annotations

import re
from string import ascii_letters, digits
from uuid import UUID

from stdnum.br import cnpj, cpf

from appservice.language import _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.texts import one_line, plain_latin

_EMAIL = re.compile(r"[^\s@]{1,60}@[a-z0-9.-]{3,60}")
_PHONE = re.compile(r"\+55[0-9]{10,11}")
_PLAIN = frozenset(ascii_letters + digits + " .,-'")
_NAME, _CITY, _REST_OF_26 = 25, 15, 99
_NO_KEY = _(
    "This is no Pix key: give a CPF or CNPJ, an e-mail address, a phone number with +55, or a random key; after a "
    "comma your city."
)
_TOO_FINE = _("Pix takes reais with two decimals at most.")


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, beginning with 0xFFFF."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _bit in range(8):
            register = (register << 1) ^ 0x1021 if register & 0x8000 else register << 1
        register &= 0xFFFF
    return register


def field(tag: str, value: str) -> str:
    """One data object: tag, length in two digits, value. Raises `ValueError` if it is too long."""
    if len(value) > 99:
        raise ValueError(f"field {tag} is longer than 99")
    return f"{tag}{len(value):02d}{value}"


def br_code(*, key: str, name: str, city: str, amount: str = "", note: str = "", id: str = "***") -> str:
    """What the code holds, which can also be pasted into a bank's app ("copia e cola")."""
    account = field("00", "br.gov.bcb.pix") + field("01", key) + (field("02", note) if note else "")
    fields = [field("00", "01"), field("26", account), field("52", "0000"), field("53", "986")]
    if amount:
        fields.append(field("54", amount))
    fields += [field("58", "BR"), field("59", name), field("60", city), field("62", field("05", id))]
    body = "".join(fields) + "6304"
    return f"{body}{crc16(body.encode()):04X}"


class PixRail:
    name = "pix"
    title = _("Pix")
    currencies = frozenset(("BRL",))
    example = "mei@example.org, São Paulo"

    def check(self, details: str) -> Details | Mistake:
        """A key, and after it, by commas, a city and a name."""
        written_key, *rest = [one_line(part) for part in re.split(r"[,;，；\n]", details)]
        key = _key(written_key)
        if key is None or len(rest) > 2:
            return Mistake(_NO_KEY)
        city, name = ((*rest, "", "")[:2]) if rest else ("", "")
        return Details(f"{key},{city},{name}", ", ".join(filter(None, (key, city, name))))

    def offer(self, request: PayRequest) -> Offer | Mistake:
        cents = in_units(request.money, 2)
        if cents is None or cents < 1:
            return Mistake(_TOO_FINE)
        key, city, own_name = request.details.split(",", 2)
        amount = written(cents, 2)
        name = plain_latin(own_name or request.name, _PLAIN)[:_NAME].strip() or "PIX"
        # Of field 26, 18 places are taken by the name of the scheme, 4 by the head of the key, 4 by that of the note.
        note = plain_latin(request.purpose, _PLAIN)[: max(_REST_OF_26 - 26 - len(key), 0)].strip()
        town = plain_latin(city, _PLAIN)[:_CITY].strip() or "BRASIL"
        payload = br_code(key=key, name=name, city=town, amount=amount, note=note)
        facts = (Fact(_("Pix key"), key), Fact(_("Amount"), f"{amount} BRL"), Fact(_("To paste"), payload))
        return Offer(facts, qr=QrCode(payload, boost=True), notes=(_("Scan the code with your bank's app."),))


def _key(text: str) -> str | None:
    """A Pix key in the form that the directory of the Banco Central has it in."""
    bare = text.replace(" ", "")
    if _PHONE.fullmatch(phone := re.sub(r"[()\-]", "", bare)):
        return phone
    if _EMAIL.fullmatch(bare.lower()) and len(bare) <= 77:
        return bare.lower()
    for plan in (cpf, cnpj):
        if plan.is_valid(bare):
            return str(plan.compact(bare))
    try:
        return str(UUID(bare)) if len(bare) == 36 else None
    except ValueError:
        return None
