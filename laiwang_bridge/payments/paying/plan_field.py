"""The field of a settlement plan's card for other programs, `org.laiwang.settlement`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from laiwang_bridge.payments.bills.card_text import Face
from laiwang_bridge.payments.fields import People, amount, fitted
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying.plan_store import ShownPlan
from laiwang_bridge.payments.paying.rules import ClaimState

NAME = "org.laiwang.settlement"


def field_of(
    plan: ShownPlan, states: Sequence[ClaimState | None], faces: Mapping[AccountId, Face]
) -> dict[str, Any]:  # fmt: skip
    """What the card shows, as the fields of its message. `states` are what has become of the payments, in their
    order."""
    people = People(faces)
    payments = [
        {
            "number": one.number,
            "from": people.place(one.payer),
            "to": people.place(one.payee),
            "amount": amount(one.minor, one.currency),
            "state": "open" if state is None else state.value,
        }
        for one, state in zip(plan.payments, states, strict=True)
    ]
    field: dict[str, Any] = {"mode": plan.how.mode.value, "payments": payments}
    if plan.how.treasurer is not None:
        field["treasurer"] = people.place(plan.how.treasurer)
    return {NAME: fitted({**field, "state": _state(plan, states), "people": people.rows}, "people", "payments")}


def _state(plan: ShownPlan, states: Sequence[ClaimState | None]) -> str:
    if plan.is_stale:
        return "outdated"
    return "settled" if all(state is ClaimState.CONFIRMED for state in states) else "open"
