"""The field of a red packet's card for other programs, `org.laiwang.red_packet`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mautrix.types import UserID

from laiwang_bridge.payments.fields import amount, fitted
from laiwang_bridge.payments.packets import drawing
from laiwang_bridge.payments.packets.checking import FIELD
from laiwang_bridge.payments.packets.rules import Kind, State, luckiest
from laiwang_bridge.payments.packets.store import POINTS, Packet, Part


def field_of(one: Packet, parts: Sequence[Part], guests: Sequence[UserID]) -> dict[str, Any]:
    """What the card shows, as the fields of its message."""
    field: dict[str, Any] = {
        "packet": one.number,
        "kind": one.kind.value,
        "state": one.state.value,
        "title": one.title,
        "total": _amount(one),
        "parts": one.parts,
        "left": str(one.left),
        "returned": str(one.returned),
        "ends_at": one.ends_at,
        "taken": [_part(part) for part in parts],
    }
    if one.user is not None:
        field["sender"] = one.user
    if guests:
        field["only_for"] = list(guests)
    if one.kind is Kind.LUCKY:
        field["commitment"] = drawing.commitment(bytes.fromhex(one.seed))
        if one.state is not State.OPEN and one.taken:
            field["seed"] = one.seed
            best = luckiest([part.amount for part in parts])
            if best is not None:
                field["best"] = parts[best].number
    return {FIELD: fitted(field, "taken", "only_for")}


def _amount(one: Packet) -> dict[str, Any]:
    if one.currency == POINTS:
        return {"minor": str(one.total), "currency": POINTS, "decimals": 0}
    return amount(one.total, one.currency)


def _part(part: Part) -> dict[str, Any]:
    named = {} if part.user is None else {"user_id": part.user}
    return {"part": part.number, "minor": str(part.amount), **named}
