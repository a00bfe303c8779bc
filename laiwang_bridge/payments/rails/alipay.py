"""Alipay for merchants: a code to scan (`alipay.trade.precreate`), and the notice that says what became of it.

Both sides sign with RSA2 (RSASSA-PKCS1-v1_5 with SHA-256). A request is signed over all of its fields but `sign`, a
notice over all but `sign` and `sign_type`, both sorted; an answer over the very bytes of its object.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from mautrix.types import UserID

from appservice.language import _
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.rails.amounts import in_units, written
from laiwang_bridge.payments.rails.asking import post
from laiwang_bridge.payments.rails.merchant import Charge, NotGenuine, Notice, Page, Progress, Refused

GATEWAY = "https://openapi.alipay.com/gateway.do"

_BEIJING = timezone(timedelta(hours=8))
_MOST_FEN = 10_000_000_000
_OK, _FAILED = "10000", "40004"
_UNKNOWN_TRADE = "ACQ.TRADE_NOT_EXIST"
_PROGRESS = {
    "WAIT_BUYER_PAY": Progress.SCANNED,
    "TRADE_SUCCESS": Progress.PAID,
    "TRADE_FINISHED": Progress.PAID,
    "TRADE_CLOSED": Progress.CLOSED,
}


def to_sign(fields: Mapping[bytes, bytes]) -> bytes:
    """What a signature is over: the fields in the order of their names."""
    return b"&".join(name + b"=" + fields[name] for name in sorted(fields))


class AlipayRail:
    name = "alipay"
    title = _("Alipay")
    accepted = b"success"

    def __init__(
        self,
        holder: UserID,
        *,
        app_id: str,
        seller_id: str,
        key: rsa.RSAPrivateKey,
        alipay_key: rsa.RSAPublicKey,
        notify_url: str,
        gateway: str = GATEWAY,
    ) -> None:
        self.holder = holder
        self._app_id = app_id
        self._seller_id = seller_id
        self._key = key
        self._alipay_key = alipay_key
        self._notify_url = notify_url
        self._gateway = gateway

    def takes(self, money: Money) -> bool:
        return money.currency.code == "CNY" and 1 <= money.minor <= _MOST_FEN

    async def create(self, charge: Charge) -> Page | Refused:
        content = {
            "out_trade_no": charge.reference,
            "total_amount": written(in_units(charge.money, 2) or 0, 2),
            "subject": charge.subject,
            "timeout_express": "2h",
        }
        answer = await self._ask("alipay.trade.precreate", content, notify=True)
        code = answer.get("qr_code")
        if answer.get("code") == _OK and isinstance(code, str) and answer.get("out_trade_no") == charge.reference:
            return Page(qr=code)
        return Refused(str(answer.get("sub_code") or answer.get("code") or "no answer"))

    async def look(self, charge: Charge) -> Notice | None:
        """A trade is made when somebody scans the code: before that, Alipay does not know it, which is no failure."""
        answer = await self._ask("alipay.trade.query", {"out_trade_no": charge.reference})
        if answer.get("code") == _FAILED and answer.get("sub_code") == _UNKNOWN_TRADE:
            return Notice("", charge.reference, Progress.OFFERED)
        progress = _PROGRESS.get(str(answer.get("trade_status")))
        if answer.get("code") != _OK or progress is None or answer.get("out_trade_no") != charge.reference:
            return None
        paid = _yuan(str(answer.get("total_amount"))) if progress is Progress.PAID else None
        return Notice("", charge.reference, progress, paid)

    def verify(self, body: bytes, headers: Mapping[str, str], now: int) -> Notice | None:
        fields = _fields(body)
        signature = fields.pop(b"sign", b"")
        if fields.pop(b"sign_type", b"") != b"RSA2":
            raise NotGenuine("it is not signed with RSA2")
        self._check(to_sign(fields), signature)
        said = {name.decode("ascii", "replace"): value.decode("utf-8", "replace") for name, value in fields.items()}
        if said.get("app_id") != self._app_id:
            raise NotGenuine("it is for another app_id")
        if self._seller_id and said.get("seller_id") != self._seller_id:
            raise NotGenuine("it is for another seller_id")
        progress = _PROGRESS.get(said.get("trade_status", ""))
        reference, event = said.get("out_trade_no"), said.get("notify_id")
        if progress is None or not reference or not event:
            return None
        refunded = _yuan(said["refund_fee"]) if "refund_fee" in said else None
        total = _yuan(said.get("total_amount", ""))
        if progress is Progress.CLOSED and refunded is not None and refunded.minor > 0:
            progress = Progress.REFUNDED  # a trade that was paid is closed when all of it went back
        paid = total if progress in (Progress.PAID, Progress.REFUNDED) else None
        return Notice(event, reference, progress, paid, refunded)

    async def _ask(self, method: str, content: Mapping[str, str], *, notify: bool = False) -> Mapping[str, Any]:
        """One request to the gateway; gives the object that Alipay has signed. Raises `Later`, `NotGenuine`."""
        fields = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": datetime.now(UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "biz_content": json.dumps(dict(content), ensure_ascii=False, separators=(",", ":")),
        }
        if notify and self._notify_url:
            fields["notify_url"] = self._notify_url
        raw = to_sign({name.encode(): value.encode() for name, value in fields.items()})
        signed = base64.b64encode(self._key.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()
        _status, body = await post(self._gateway, fields | {"sign": signed})
        return self._answer(body, f"{method.replace('.', '_')}_response")

    def _answer(self, body: bytes, name: str) -> Mapping[str, Any]:
        """The object of an answer. What was not signed, such as a refusal of our own signature, counts as nothing."""
        text = body.decode("utf-8", "replace")
        start = text.find(f'"{name}":')
        if start < 0:
            return {}
        start += len(name) + 3
        try:
            said, end = json.JSONDecoder().raw_decode(text, start)
            whole = json.loads(text)
        except ValueError:
            return {}
        sign = whole.get("sign") if isinstance(whole, dict) else None
        if not isinstance(said, dict) or not isinstance(sign, str):
            return {}
        self._check(text[start:end].encode(), sign.encode())
        return said

    def _check(self, signed: bytes, signature: bytes) -> None:
        try:
            given = base64.b64decode(signature, validate=True)
            self._alipay_key.verify(given, signed, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise NotGenuine("it is not signed by Alipay") from error


def _fields(body: bytes) -> dict[bytes, bytes]:
    """The fields of a form as bytes. Raises `NotGenuine` for one that comes twice: then nobody knows what is signed."""
    fields: dict[bytes, bytes] = {}
    for pair in filter(None, body.split(b"&")):
        name, _equals, value = pair.partition(b"=")
        key = unquote_to_bytes(name.replace(b"+", b" "))
        if key in fields:
            raise NotGenuine("a field comes twice")
        fields[key] = unquote_to_bytes(value.replace(b"+", b" "))
    return fields


def _yuan(text: str) -> Money | None:
    """An amount as Alipay writes it: `12.30`."""
    whole, _point, part = text.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(part) > 2 or len(whole) > 9 or not whole:
        return None
    return Money(int(whole) * 100 + int(f"{part:0<2}"), currency("CNY"))
