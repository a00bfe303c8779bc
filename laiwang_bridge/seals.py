"""Sealing what is only ever to be read again with the admin's key: AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BITS = 96


class Seal:
    """`key` is a secret outside of the database; with another one, nothing that was sealed can be read. Nor can it for
    another `purpose`, which says what kind of thing is sealed."""

    def __init__(self, key: str, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(key.encode(), f"laiwang {purpose}".encode(), hashlib.sha256))

    def close(self, data: bytes, owner: str, nonce: int) -> bytes:
        """Seal something of `owner`'s. No two sealings may share a nonce, of `NONCE_BITS` bits."""
        number = nonce.to_bytes(NONCE_BITS // 8, "big")
        return number + self._cipher.encrypt(number, data, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes | None:
        """What was sealed; None if the key or the owner is another one."""
        number, rest = sealed[: NONCE_BITS // 8], sealed[NONCE_BITS // 8 :]
        try:
            return self._cipher.decrypt(number, rest, owner.encode())
        except InvalidTag:
            return None
