"""Whether a red packet was drawn as it had to be, from nothing but what its card tells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from laiwang_bridge.payments.packets import drawing
from laiwang_bridge.payments.packets.rules import MOST_PARTS, Kind

FIELD = "org.laiwang.red_packet"
_SHA_256 = re.compile(r"[0-9a-f]{64}")
_WHOLE = re.compile(r"[0-9]{1,18}")


class BadCard(ValueError):
    """What was given is no card that can be checked; the message says why."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known of a packet that is over. `seed` and `commitment` are hexadecimal, None where nobody has told them
    (a fixed packet has neither); amounts are minor units, `taken` in the order in which the parts were taken."""

    kind: Kind
    total: int
    parts: int
    seed: str | None = None
    commitment: str | None = None
    taken: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`expected` is what the draw gives each part, `sealed` the SHA-256 of the seed; `seed_fits` and `taken_fits` say
    whether that is what was told, None where nothing was."""

    expected: tuple[int, ...]
    sealed: str | None
    seed_fits: bool | None
    taken_fits: bool | None

    @property
    def is_good(self) -> bool:
        return self.seed_fits is not False and self.taken_fits is not False


def verdict(drawn: Drawn) -> Verdict:
    """The draw worked out again. Raises `BadCard` for a packet that there cannot be."""
    if not 1 <= drawn.parts <= MOST_PARTS or drawn.total < drawn.parts:
        raise BadCard(f"There is no packet of {drawn.total} in {drawn.parts} parts.")
    sealed = seed_fits = None
    if drawn.kind is Kind.FIXED:
        expected = drawing.equal_parts(drawn.total, drawn.parts)
    else:
        seed = _seed(drawn.seed)
        sealed = drawing.commitment(seed)
        seed_fits = None if drawn.commitment is None else sealed == drawn.commitment
        expected = drawing.lucky_parts(seed, drawn.total, drawn.parts)
    taken_fits = list(drawn.taken) == list(expected[: len(drawn.taken)]) if drawn.taken else None
    return Verdict(expected, sealed, seed_fits, taken_fits)


def read_card(message: Mapping[str, Any]) -> Drawn:
    """The packet of a card: of an event, of the content of one, or of the field alone. Raises `BadCard`."""
    field = _field(message)
    total = field.get("total")
    taken = field.get("taken", [])
    if not isinstance(total, Mapping) or not isinstance(taken, list):
        raise BadCard("That is no card of a red packet.")
    try:
        kind = Kind(field.get("kind", ""))
    except ValueError:
        raise BadCard("That is no card of a red packet.") from None
    if field.get("state") == "open":
        raise BadCard("The packet is still open. Its seed is shown once it is over.")
    return Drawn(
        kind=kind,
        total=_whole(total.get("minor")),
        parts=_whole(field.get("parts")),
        seed=field.get("seed"),
        commitment=field.get("commitment"),
        taken=[_whole(part.get("minor")) if isinstance(part, Mapping) else _whole(part) for part in taken],
    )


def _field(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """An edit says twice what is new, so whichever is found is as good."""
    content = message.get("content", message)
    field = content.get(FIELD, content) if isinstance(content, Mapping) else None
    if not isinstance(field, Mapping) or "parts" not in field:
        raise BadCard(f"There is no {FIELD} in that message.")
    return field


def _seed(text: object) -> bytes:
    if not isinstance(text, str) or not _SHA_256.fullmatch(text):
        raise BadCard("The seed has to be 64 hexadecimal digits, as the card shows it when the packet is over.")
    return bytes.fromhex(text)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or not _WHOLE.fullmatch(str(value)):
        raise BadCard(f"{value!r} is no amount in minor units.")
    return int(value)
