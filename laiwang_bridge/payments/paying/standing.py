"""Where everybody stands with a bill: what each owes, what was paid of it, and who has to give whom how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store
from laiwang_bridge.payments.paying.rules import ClaimState, Debt, ShareStatus, counted, debts_of, status


@dataclass(frozen=True, slots=True)
class Standing:
    """Where everybody stands who paid for a bill or bears a share of it, in the bill's order, and who has to give whom
    how much for it, whatever was paid of it already.

    Of those who settle as one, the one who pays for them stands for all, or else the first of the bill. Shares of
    imported bills are not paid one by one.
    """

    statuses: Mapping[AccountId, ShareStatus]
    debts: tuple[Debt, ...]


def of(connection: Connection, bill: Bill) -> Standing:
    face = faces_of(connection, bill)
    nets = _nets(bill, face)
    return Standing(_statuses(connection, bill, face, nets), debts_of(nets))


def statuses(connection: Connection, bill: Bill) -> Mapping[AccountId, ShareStatus]:
    """The first half of it."""
    return of(connection, bill).statuses


def _statuses(
    connection: Connection, bill: Bill, face: Callable[[AccountId], AccountId], nets: Mapping[AccountId, int]
) -> dict[AccountId, ShareStatus]:
    if bill.is_imported and not bill.is_void:
        wrong = {one.account for one in claim_store.disputes_of(connection, bill.id)}
        return {account: counted(disputed=account in wrong) for account in bill.nets}
    confirmed: Counter[AccountId] = Counter()
    claimed: Counter[AccountId] = Counter()
    for account, minor in claim_store.evened(connection, bill.id).items():
        confirmed[face(account)] += minor
    for claim in claim_store.of_bill(connection, bill.id, ClaimState.CLAIMED, ClaimState.CONFIRMED):
        (confirmed if claim.state is ClaimState.CONFIRMED else claimed)[face(claim.debtor)] += claim.minor
    disputed = {one.account for one in claim_store.disputes_of(connection, bill.id)}
    return {
        account: status(-nets.get(account, 0), confirmed[account], claimed[account], disputed=account in disputed)
        for account in bill.nets
    }


def progress(shares: Sequence[ShareStatus]) -> tuple[int, int]:
    """How many of those who owe something for a bill have paid, and how many there are."""
    owing = [share for share in shares if share.owed]
    return sum(share.paid == share.owed for share in owing), len(owing)


def share_of(connection: Connection, bill: Bill, account: AccountId) -> AccountId | None:
    """The account of a bill that somebody's share stands at: his own, or that of whom he settles with."""
    heads = heads_of(connection, bill.ledger)
    head = heads.get(account, account)
    mine = [one for one in bill.nets if heads.get(one, one) == head]
    return head if head in mine else next(iter(mine), None)


def creditors(connection: Connection, bill: Bill) -> tuple[AccountId, ...]:
    """Who is to get money for the bill."""
    if bill.is_imported:
        return ()
    return tuple(account for account, net in _nets(bill, faces_of(connection, bill)).items() if net > 0)


def debts(connection: Connection, bill: Bill) -> tuple[Debt, ...]:
    """Who has to give whom how much for a bill, whatever was paid of it already."""
    if bill.is_imported:
        return ()
    return debts_of(_nets(bill, faces_of(connection, bill)))


def heads_of(connection: Connection, ledger: LedgerId) -> dict[AccountId, AccountId]:
    """Under whom everybody of a ledger settles."""
    return {id: one.settles_with or id for id, one in ledger_store.accounts(connection, ledger).items()}


def unit_of(connection: Connection, ledger: LedgerId, account: AccountId) -> list[AccountId]:
    """All who settle as one with somebody, himself among them."""
    heads = heads_of(connection, ledger)
    head = heads.get(account, account)
    return [one for one in heads if heads[one] == head] or [account]


def net_of(connection: Connection, ledger: LedgerId, account: AccountId, currency: str) -> int:
    """What they have together in the books."""
    balances = ledger_store.balances(connection, ledger)
    return sum(balances.get((one, currency), 0) for one in unit_of(connection, ledger, account))


def faces_of(connection: Connection, bill: Bill) -> Callable[[AccountId], AccountId]:
    """Who stands for whom in a bill: of those who settle as one the one who pays for them, or else the first."""
    heads = heads_of(connection, bill.ledger)
    first: dict[AccountId, AccountId] = {}
    for account in bill.nets:
        head = heads.get(account, account)
        first.setdefault(head, account)
        if account == head:
            first[head] = account
    return lambda account: first.get(heads.get(account, account), account)


def _nets(bill: Bill, face: Callable[[AccountId], AccountId]) -> dict[AccountId, int]:
    nets: dict[AccountId, int] = {}
    for account, net in bill.nets.items():
        nets[face(account)] = nets.get(face(account), 0) + net
    return nets
