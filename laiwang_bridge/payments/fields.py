"""What the cards carry beside their text, so that other programs need not read it: docs/events.md has the schema.

A field says no more than its card shows to everybody in the room, and nothing in it is a fraction. Amounts are text,
for 64 bits do not fit into the numbers of JavaScript or of canonical JSON (specification, "Canonical JSON").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from laiwang_bridge.payments.bills.card_text import Face
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.money.money import currency

VERSION = 1
LONGEST = 7_000
"""Bytes of a field. An edit carries it twice, beside two texts in two forms each, and an event holds 65,536."""


class People:
    """Those whom a field names, each once; what refers to somebody has his place in `rows`."""

    def __init__(self, faces: Mapping[AccountId, Face]) -> None:
        self._faces = faces
        self._places: dict[AccountId, int] = {}
        self.rows: list[dict[str, Any]] = []

    def place(self, account: AccountId) -> int:
        if account not in self._places:
            self._places[account] = len(self.rows)
            self.rows.append(_person(self._faces[account]))
        return self._places[account]


def amount(minor: int, code: str) -> dict[str, Any]:
    """An amount of its own, with all that it takes to show it."""
    return {"minor": str(minor), "currency": code, "decimals": currency(code).exponent}


def fitted(field: Mapping[str, Any], *lists: str) -> dict[str, Any]:
    """The field, complete if it fits into an event; else without these lists, which the text still has."""
    whole = {"version": VERSION, "complete": True, **field}
    if len(orjson.dumps(whole)) <= LONGEST:
        return whole
    return {name: value for name, value in whole.items() if name not in lists} | {"complete": False}


def _person(face: Face) -> dict[str, Any]:
    """By the id, which nobody can take on; a guest by the name that the room gave him."""
    return {"user_id": face.user} if face.user is not None else {"name": face.name}
