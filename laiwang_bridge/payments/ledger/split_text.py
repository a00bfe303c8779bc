"""Splits as text, to be kept with a bill."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import orjson

from laiwang_bridge.payments.ledger.splitting import (
    AccountId,
    Adjusted,
    Equal,
    Exact,
    Extra,
    Item,
    Itemised,
    Parts,
    Percent,
    Split,
    Weights,
)


def split_to_text(split: Split) -> str:
    """A split as JSON; `split_from_text` reads it."""
    return orjson.dumps(_fields(split)).decode()


def split_from_text(text: str) -> Split:
    """Raises `ValueError` if no split was written there."""
    match orjson.loads(text):
        case ["equal", accounts]:
            return Equal(tuple(AccountId(account) for account in accounts))
        case ["weights", weights]:
            return Weights(_parts(weights))
        case ["percent", percents, rest]:
            return Percent(_parts(percents), _parts(rest))
        case ["exact", amounts, rest]:
            return Exact(_minors(amounts), _parts(rest))
        case ["adjusted", adjustments, weights]:
            return Adjusted(_minors(adjustments), _parts(weights))
        case ["itemised", items, extras]:
            return Itemised(
                tuple(Item(title, minor, _parts(weights)) for title, minor, weights in items),
                tuple(Extra(title, minor, Fraction(percent)) for title, minor, percent in extras),
            )
    raise ValueError("no split is kept there")


def _fields(split: Split) -> list[Any]:
    match split:
        case Equal(accounts):
            return ["equal", list(accounts)]
        case Weights(weights):
            return ["weights", _pairs(weights)]
        case Percent(percents, rest):
            return ["percent", _pairs(percents), _pairs(rest)]
        case Exact(amounts, rest):
            return ["exact", list(amounts.items()), _pairs(rest)]
        case Adjusted(adjustments, weights):
            return ["adjusted", list(adjustments.items()), _pairs(weights)]
        case Itemised(items, extras):
            return [
                "itemised",
                [[item.title, item.minor, _pairs(item.weights)] for item in items],
                [[extra.title, extra.minor, str(extra.percent)] for extra in extras],
            ]


def _pairs(parts: Parts) -> list[tuple[int, str]]:
    return [(account, str(part)) for account, part in parts.items()]


def _parts(pairs: list[tuple[int, str]]) -> Mapping[AccountId, Fraction]:
    return {AccountId(account): Fraction(part) for account, part in pairs}


def _minors(pairs: list[tuple[int, int]]) -> Mapping[AccountId, int]:
    return {AccountId(account): minor for account, minor in pairs}
