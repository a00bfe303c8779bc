"""The field of a bill's card for other programs, `org.laiwang.bill`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from laiwang_bridge.payments.bills.card_text import Card
from laiwang_bridge.payments.fields import People, amount, fitted
from laiwang_bridge.payments.ledger.splitting import (
    AccountId,
    Adjusted,
    Equal,
    Exact,
    Itemised,
    Percent,
    Split,
    Weights,
)
from laiwang_bridge.payments.paying.rules import ShareState, ShareStatus

NAME = "org.laiwang.bill"

_SPLITS: Mapping[type[Split], str] = {
    Equal: "equal",
    Weights: "weights",
    Percent: "percent",
    Exact: "exact",
    Adjusted: "adjusted",
    Itemised: "itemised",
}
_NOTHING = ShareStatus(0, 0, 0, 0, ShareState.NOTHING)


def field_of(card: Card) -> dict[str, Any]:
    """What the card shows, as the fields of its message."""
    bill, content = card.bill, card.bill.content
    field: dict[str, Any] = {
        "bill": bill.number,
        "revision": bill.version.number,
        "title": content.called,
        "total": amount(content.total.minor, content.total.currency.code),
    }
    if bill.is_void:
        return {NAME: fitted({**field, "state": "void"})}
    people = People(card.faces)
    rows = [_row(card, people, account) for account in dict.fromkeys((*content.paid, *content.shares))]
    debts = [
        {"from": people.place(debt.debtor), "to": people.place(debt.payee), "minor": str(debt.minor)}
        for debt in card.debts
    ]
    field |= {
        "state": _state(card),
        "date": content.date.isoformat(),
        "split": _SPLITS[type(content.split)],
        "people": people.rows,
        "shares": rows,
        "debts": debts,
    }
    if content.category:
        field["category"] = content.category
    if (kept := card.exchange) is not None:
        fixed = {"rate": kept.rate, "source": kept.source, "fixed_on": kept.fixed_on.isoformat()}
        field["converted_from"] = amount(kept.minor, kept.currency) | fixed
    return {NAME: fitted(field, "people", "shares", "debts")}


def _row(card: Card, people: People, account: AccountId) -> dict[str, Any]:
    status = card.statuses.get(account, _NOTHING)
    return {
        "person": people.place(account),
        "paid": str(card.bill.content.paid.get(account, 0)),
        "share": str(card.bill.content.shares.get(account, 0)),
        "owes": str(status.owed),
        "returned": str(status.paid),
        "claimed": str(status.claimed),
        "state": status.state.value,
    }


def _state(card: Card) -> str:
    if card.bill.is_imported:
        return "imported"
    waits = {ShareState.OPEN, ShareState.CLAIMED, ShareState.DISPUTED}
    return "open" if any(one.state in waits for one in card.statuses.values()) else "settled"
