"""How much is in each part of a red packet: a pure function of a seed that was committed to before anybody took one.

The parts are worked out when they are taken, one after the other, each from what is left: a whole number of minor units
between the least and twice the mean of what is left, all equally likely, so that every place in the row expects the
same. Chance is HMAC-SHA-256 of the place in the row under the seed; numbers that would make some parts likelier than
others are passed over. `docs/red-packets.md` says it in fifteen lines that anybody can run.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import count

SEED_BYTES = 32
LEAST = 1
"""A part has at least one minor unit."""

_WORD = 1 << 256


def commitment(seed: bytes) -> str:
    """What is shown first: SHA-256 of the seed, in hexadecimal. It ties the seed down and does not give it away."""
    return hashlib.sha256(seed).hexdigest()


def lucky_part(seed: bytes, number: int, left: int, parts_left: int) -> int:
    """How much the part with this number (the first is 1) has, where so much is left in so many parts.

    Raises `ValueError` if there is not one minor unit for each of them.
    """
    if parts_left < 1 or left < LEAST * parts_left:
        raise ValueError(f"{left} is not enough for {parts_left} parts")
    if parts_left == 1:
        return left
    most = max(LEAST, min(2 * left // parts_left - LEAST, left - LEAST * (parts_left - 1)))
    return LEAST + _below(most - LEAST + 1, seed, number)


def equal_part(left: int, parts_left: int) -> int:
    """How much the next part of a fixed packet has: all the same, the first ones one unit more where it must be.

    Raises `ValueError` as `lucky_part` does.
    """
    if parts_left < 1 or left < LEAST * parts_left:
        raise ValueError(f"{left} is not enough for {parts_left} parts")
    return -(-left // parts_left)


def lucky_parts(seed: bytes, total: int, parts: int) -> tuple[int, ...]:
    """All of them, in the order in which they are taken. Raises `ValueError` as `lucky_part` does."""
    found, left = [], total
    for number in range(1, parts + 1):
        found.append(lucky_part(seed, number, left, parts - number + 1))
        left -= found[-1]
    return tuple(found)


def equal_parts(total: int, parts: int) -> tuple[int, ...]:
    """The same for a fixed packet."""
    found, left = [], total
    for taken in range(parts):
        found.append(equal_part(left, parts - taken))
        left -= found[-1]
    return tuple(found)


def _below(bound: int, seed: bytes, number: int) -> int:
    """A whole number from 0 to `bound` - 1, each as likely as any other."""
    fair = _WORD - _WORD % bound
    for attempt in count(1):
        word = int.from_bytes(hmac.digest(seed, f"{number}/{attempt}".encode(), hashlib.sha256), "big")
        if word < fair:
            return word % bound
    raise AssertionError("count never ends")
