"""What people said to have paid already, seen from the plan: so that nothing is asked for, or booked, twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, standing
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimId
from laiwang_bridge.payments.paying.plan_store import Suggested


def with_claims(connection: Connection, ledger: LedgerId, payments: Iterable[Suggested]) -> tuple[Suggested, ...]:
    """The payments, each with the claim that says that just this was paid, if there is one."""
    units = standing.heads_of(connection, ledger)
    left = claim_store.open_in(connection, ledger)
    found = []
    for one in payments:
        claim = next((each for each in left if is_this(units, one, each)), None)
        if claim is not None:
            left.remove(claim)
            one = replace(one, claim=claim.id)
        found.append(one)
    return tuple(found)


def beside(connection: Connection, ledger: LedgerId, payments: Sequence[Suggested]) -> Mapping[int, Sequence[Claim]]:
    """By the number of each payment what is said to be paid between the same two beside it, and waits for a word."""
    units = standing.heads_of(connection, ledger)
    own: set[ClaimId] = {one.claim for one in payments if one.claim is not None}
    waiting = [claim for claim in claim_store.open_in(connection, ledger) if claim.id not in own]
    return {one.number: [claim for claim in waiting if is_between(units, one, claim)] for one in payments}


def is_between(units: Mapping[AccountId, AccountId], one: Suggested, claim: Claim) -> bool:
    """Whether a claim is about money from the one to the other whom a payment names; who settles as one is one."""

    def unit(account: AccountId) -> AccountId:
        return units.get(account, account)

    return (
        claim.currency == one.currency
        and unit(claim.debtor) == unit(one.payer)
        and unit(claim.payee) == unit(one.payee)
    )


def is_this(units: Mapping[AccountId, AccountId], one: Suggested, claim: Claim) -> bool:
    """Whether a claim is about this very payment."""
    return claim.minor == one.minor and is_between(units, one, claim)
