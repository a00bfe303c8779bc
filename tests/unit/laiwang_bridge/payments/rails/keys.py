"""Keys made for these tests alone, and what the other side does with its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from laiwang_bridge.payments.rails.alipay import to_sign


@cache
def our_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def their_key() -> rsa.RSAPrivateKey:
    """Alipay's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_text(key: rsa.RSAPrivateKey, encoding: Encoding = Encoding.DER) -> str:
    written = key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
    return written.decode() if encoding is Encoding.PEM else base64.b64encode(written).decode()


def public_text(key: rsa.RSAPrivateKey) -> str:
    written = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(written).decode()


def signed(data: bytes, key: rsa.RSAPrivateKey | None = None) -> str:
    return base64.b64encode((key or their_key()).sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()


def alipay_notice(fields: Mapping[str, str], key: rsa.RSAPrivateKey | None = None, **changed: str) -> bytes:
    """The body of a notice, signed by Alipay (or `key`); `changed` is what somebody changed afterwards."""
    sign = signed(to_sign({name.encode(): value.encode() for name, value in fields.items()}), key)
    return urlencode({**fields, **changed, "sign_type": "RSA2", "sign": sign}).encode()


def stripe_header(body: bytes, secret: str, seconds: int) -> str:
    digest = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hex()
    return f"t={seconds},v1={digest},v0=feed"
