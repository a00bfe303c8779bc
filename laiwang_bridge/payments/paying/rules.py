"""Paying a share: what somebody says he has paid, what the other says he has received, and where that leaves the share.

"I have paid" is a claim and "received" is its confirmation: only the second one moves anything in the books, unless the
room takes people's word for it. A dispute is a claim as well and changes nothing by itself. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laiwang_bridge.payments.ledger.splitting import AccountId


class ClaimState(StrEnum):
    """CLAIMED: said by whoever owed, not confirmed. CONFIRMED: it is in the books. WITHDRAWN: taken back by whoever
    said it. REFUSED: whoever should have it says that it never came. UNDONE: it was in the books and was taken out."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    UNDONE = "undone"


class Act(StrEnum):
    """What can be done about a claim, and by whom: CONFIRM and REFUSE by the payee, WITHDRAW by whoever claimed, UNDO
    by whoever may undo an entry of the books."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    REFUSE = "refuse"
    UNDO = "undo"


_NEXT: Mapping[tuple[ClaimState, Act], ClaimState] = {
    (ClaimState.CLAIMED, Act.CONFIRM): ClaimState.CONFIRMED,
    (ClaimState.CLAIMED, Act.WITHDRAW): ClaimState.WITHDRAWN,
    (ClaimState.CLAIMED, Act.REFUSE): ClaimState.REFUSED,
    (ClaimState.REFUSED, Act.CONFIRM): ClaimState.CONFIRMED,
    (ClaimState.CONFIRMED, Act.UNDO): ClaimState.UNDONE,
}


def after(state: ClaimState, act: Act) -> ClaimState | None:
    """The state of a claim after an act; None where it cannot be done any more."""
    return _NEXT.get((state, act))


class ShareState(StrEnum):
    """NOTHING: this account owes nothing for the bill. CLAIMED: what is still open is said to be paid. DISPUTED:
    whoever bears the share says that it is wrong. COUNTED: it is in the balance, and nothing is asked for it alone."""

    NOTHING = "nothing"
    OPEN = "open"
    CLAIMED = "claimed"
    PAID = "paid"
    DISPUTED = "disputed"
    COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class ShareStatus:
    """Where one account stands with one bill. `owed` is what it has to pay for it, `paid` of that what is in the books,
    `claimed` what is said to be paid beyond that. `over` is what was paid and not owed: a credit."""

    owed: int
    paid: int
    claimed: int
    over: int
    state: ShareState

    @property
    def open(self) -> int:
        """What nobody says to be paid."""
        return max(self.owed - self.paid - self.claimed, 0)


def counted(*, disputed: bool = False) -> ShareStatus:
    """Where a share stands of which nobody knows whether it was paid: it is a part of the balance, and no more."""
    return ShareStatus(0, 0, 0, 0, ShareState.DISPUTED if disputed else ShareState.COUNTED)


def status(owed: int, confirmed: int, claimed: int, *, disputed: bool = False) -> ShareStatus:
    """Where a share stands, with what is in the books for it and what is said to be paid beyond that.

    Below zero `confirmed` is what somebody has got for the bill beyond all that he has paid: who owes has that to give
    back, too.
    """
    owed = max(owed, 0)
    if owed and confirmed < 0:
        owed, confirmed = owed - confirmed, 0
    paid = max(min(confirmed, owed), 0)
    said = min(claimed, owed - paid)
    return ShareStatus(owed, paid, said, max(confirmed - owed, 0), _state(owed, paid, said, disputed))


def _state(owed: int, paid: int, claimed: int, disputed: bool) -> ShareState:
    if disputed:
        return ShareState.DISPUTED
    if owed == 0:
        return ShareState.NOTHING
    if paid == owed:
        return ShareState.PAID
    return ShareState.CLAIMED if paid + claimed == owed else ShareState.OPEN


@dataclass(frozen=True, slots=True)
class Debt:
    """What one account has to give another for one bill."""

    debtor: AccountId
    payee: AccountId
    minor: int


def debts_of(nets: Mapping[AccountId, int]) -> tuple[Debt, ...]:
    """Who gives whom how much for one bill, where `nets` is what each has paid beyond his share; the sum is zero.

    In the order given: the first who owes pays the first who is owed. Raises `ValueError` if the nets do not balance.
    """
    if sum(nets.values()) != 0:
        raise ValueError("the nets of a bill are not balanced")
    wanted = {account: net for account, net in nets.items() if net > 0}
    found = []
    for debtor, net in nets.items():
        missing = -net
        for payee, left in list(wanted.items()):
            minor = min(missing, left)
            if minor > 0:
                found.append(Debt(debtor, payee, minor))
                missing -= minor
                wanted[payee] -= minor
    return tuple(found)


def portions(debts: Sequence[Debt], paid: Mapping[AccountId, int], minor: int) -> tuple[tuple[AccountId, int], ...]:
    """To whom a payment of somebody's goes: to each of those whom he owes for one bill in turn, `paid` being what they
    have of him already. What is more than he owes goes to the last one. The debts are those of one debtor."""
    found: dict[AccountId, int] = {}
    for debt in debts:
        part = min(max(debt.minor - paid.get(debt.payee, 0), 0), minor)
        if part:
            found[debt.payee] = part
            minor -= part
    if minor and debts:
        found[debts[-1].payee] = found.get(debts[-1].payee, 0) + minor
    return tuple(found.items())


def still_fits(left: Iterable[tuple[AccountId, AccountId, int]], nets: Mapping[AccountId, int]) -> bool:
    """Whether the payments (payer, payee, minor) that are left of a plan bring everybody to zero."""
    rest = dict(nets)
    for payer, payee, minor in left:
        rest[payer] = rest.get(payer, 0) + minor
        rest[payee] = rest.get(payee, 0) - minor
    return not any(rest.values())
