"""Who pays whom so that nobody owes anything any more.

Nets are what the others owe somebody (+) or he owes them (-), in minor units of one currency; they add up to 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from laiwang_bridge.payments.splitting import AccountId

EXACT_UP_TO = 20
"""Among so many people with a debt or a claim, the number of payments is the least possible."""

Nets = Mapping[AccountId, int]
Debts = Mapping[tuple[AccountId, AccountId], int]
"""What the first of each pair owes the second."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """As few payments as possible."""


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Everybody pays those to whom he owes something, and nobody else (see `who_owes_whom`)."""

    debts: Debts


@dataclass(frozen=True, slots=True)
class Treasurer:
    """All payments go through one account."""

    account: AccountId


Mode = Minimal | Pairwise | Treasurer


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment that is suggested. `block` tells which of the plan's blocks it belongs to."""

    payer: AccountId
    payee: AccountId
    minor: int
    block: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Payments that bring everybody to zero. The people of a block settle among themselves: their nets add up to 0."""

    mode: Mode
    transfers: tuple[Transfer, ...]
    blocks: tuple[Nets, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transfer is suggested: the nets of its block, before anything is paid, and what payer and payee have to do
    with each other directly (PAIRWISE: what the one owes the other; TREASURER: which of the two is the treasurer)."""

    mode: Mode
    nets: Nets
    transfers: tuple[Transfer, ...]
    """All transfers of the block, this one among them."""


def plan(nets: Nets, mode: Mode | None = None, before: Plan | None = None) -> Plan:
    """The payments to suggest; as few as possible unless a mode says otherwise.

    `before` is the plan that was suggested last: what is still open of it stays as it is, unless something other than
    its payments happened. Raises ValueError where the nets do not add up to 0.
    """
    raise NotImplementedError


def explain(plan: Plan, transfer: Transfer) -> Reason:
    """Why this transfer of the plan is suggested."""
    raise NotImplementedError


def as_units(nets: Nets, units: Mapping[AccountId, AccountId]) -> dict[AccountId, int]:
    """Nets of those who settle as one under one of them: `units` leads from each member to that account."""
    raise NotImplementedError
