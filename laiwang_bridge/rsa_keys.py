"""RSA keys as services and their tools write them: base64, with or without the lines BEGIN and END round it."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

_FEWEST_BITS = 2048


def private_key(text: str) -> rsa.RSAPrivateKey:
    """Raises `ValueError`, which shows nothing of the key."""
    try:
        read = load_der_private_key(_der(text), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no private RSA key.") from None
    if not isinstance(read, rsa.RSAPrivateKey) or read.key_size < _FEWEST_BITS:
        raise ValueError(f"is no private RSA key of {_FEWEST_BITS} bits or more.")
    return read


def public_key(text: str) -> rsa.RSAPublicKey:
    """Raises `ValueError`."""
    try:
        read = load_der_public_key(_der(text))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is no public RSA key.") from None
    if not isinstance(read, rsa.RSAPublicKey) or read.key_size < _FEWEST_BITS:
        raise ValueError(f"is no public RSA key of {_FEWEST_BITS} bits or more.")
    return read


def _der(text: str) -> bytes:
    lines = [line.strip() for line in text.splitlines() if "-----" not in line]
    try:
        return base64.b64decode("".join(lines), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
