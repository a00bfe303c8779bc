"""Where everybody stands with a bill: what each owes, what was paid of it, and who has to give whom how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store
from laiwang_bridge.payments.paying.rules import ClaimState, Debt, ShareStatus, counted, debts_of, portions, status


@dataclass(frozen=True, slots=True)
class Standing:
    """Where everybody stands who paid for a bill or bears a share of it, in the bill's order, and who has to give whom
    how much for it, whatever was paid of it already.

    Of those who settle as one, the one who pays for them stands for all, or else the first of the bill. Shares of
    imported bills are not paid one by one. `accounts` are all of the ledger.
    """

    statuses: Mapping[AccountId, ShareStatus]
    debts: tuple[Debt, ...]
    accounts: Mapping[AccountId, Account]

    @property
    def instead(self) -> dict[AccountId, AccountId]:
        """Who pays, and says what has come, for each guest of the bill for whom somebody does."""
        guests = [one for one in self.statuses if self.accounts[one].kind is not AccountKind.USER]
        speakers = {one: _speaker(self.accounts, one) for one in guests}
        return {one: speaker for one, speaker in speakers.items() if speaker is not None}


def of(connection: Connection, bill: Bill) -> Standing:
    accounts = ledger_store.accounts(connection, bill.ledger)
    face = _faces(bill, accounts)
    nets = _nets(bill, face)
    return Standing(_statuses(bill, nets, _said_of(connection, bill, face)), debts_of(nets), accounts)


def of_new(connection: Connection, bill: Bill) -> Standing:
    """The same of a bill that has just been added: nobody has said anything of it yet."""
    accounts = ledger_store.accounts(connection, bill.ledger)
    nets = _nets(bill, _faces(bill, accounts))
    return Standing(_statuses(bill, nets, _Said()), debts_of(nets), accounts)


def statuses(connection: Connection, bill: Bill) -> Mapping[AccountId, ShareStatus]:
    """The first half of it."""
    return of(connection, bill).statuses


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said of a bill: how much of each share was paid and is confirmed or only claimed, and by whom it is
    disputed."""

    confirmed: Counter[AccountId] = field(default_factory=Counter)
    claimed: Counter[AccountId] = field(default_factory=Counter)
    disputed: set[AccountId] = field(default_factory=set)


def _said_of(connection: Connection, bill: Bill, face: Callable[[AccountId], AccountId]) -> _Said:
    said = _Said(disputed={one.account for one in claim_store.disputes_of(connection, bill.id)})
    for account, minor in claim_store.evened(connection, bill.id).items():
        said.confirmed[face(account)] += minor
    for claim in claim_store.of_bill(connection, bill.id, ClaimState.CLAIMED, ClaimState.CONFIRMED):
        if claim.state is ClaimState.CLAIMED:
            said.claimed[face(claim.debtor)] += claim.minor
            continue
        said.confirmed[face(claim.debtor)] += claim.minor
        said.confirmed[face(claim.payee)] -= claim.minor  # had he paid it, it would have gone back
    return said


def had_of(connection: Connection, bill: Bill, debtor: AccountId, *states: ClaimState) -> Counter[AccountId]:
    """How much of somebody's share each has got of him by claims in these states and by other payments, less what went
    back."""
    face = faces_of(connection, bill)
    had: Counter[AccountId] = Counter()
    for claim in claim_store.of_bill(connection, bill.id, *states):
        if face(claim.debtor) == debtor:
            had[face(claim.payee)] += claim.minor
        elif face(claim.payee) == debtor:
            had[face(claim.debtor)] -= claim.minor
    other = sum(minor for account, minor in claim_store.evened(connection, bill.id).items() if face(account) == debtor)
    owed = [debt for debt in debts(connection, bill) if debt.debtor == debtor]
    had.update(dict(portions(owed, had, max(other, 0))))
    back = max(-other, 0)
    for debt in reversed(owed):
        part = min(max(had[debt.payee], 0), back)
        had[debt.payee] -= part
        back -= part
    return had


def _statuses(bill: Bill, nets: Mapping[AccountId, int], said: _Said) -> dict[AccountId, ShareStatus]:
    if bill.is_imported and not bill.is_void:
        return {account: counted(disputed=account in said.disputed) for account in bill.nets}
    return {
        account: status(
            -nets.get(account, 0), said.confirmed[account], said.claimed[account], disputed=account in said.disputed
        )
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
    """Of everybody the account that pays and is paid for him: his own, or that of whom he settles with."""
    return _heads(ledger_store.accounts(connection, ledger))


def unit_of(connection: Connection, ledger: LedgerId, account: AccountId) -> list[AccountId]:
    """All who settle as one with somebody, himself among them."""
    heads = heads_of(connection, ledger)
    head = heads.get(account, account)
    return [one for one in heads if heads[one] == head] or [account]


def speaker_of(connection: Connection, ledger: LedgerId, account: AccountId) -> AccountId | None:
    """Who can say here what an account has got: the user himself, and for a guest whoever is paid for him. None where
    nobody can."""
    return _speaker(ledger_store.accounts(connection, ledger), account)


def are_one(connection: Connection, ledger: LedgerId, one: AccountId, other: AccountId) -> bool:
    """Whether both are the same, or settle as one."""
    heads = heads_of(connection, ledger)
    return heads.get(one, one) == heads.get(other, other)


def net_of(connection: Connection, ledger: LedgerId, account: AccountId, currency: str) -> int:
    """What they have together in the books."""
    balances = ledger_store.balances(connection, ledger)
    return sum(balances.get((one, currency), 0) for one in unit_of(connection, ledger, account))


def faces_of(connection: Connection, bill: Bill) -> Callable[[AccountId], AccountId]:
    """Who stands for whom in a bill: of those who settle as one the one who pays for them, or else the first."""
    return _faces(bill, ledger_store.accounts(connection, bill.ledger))


def _speaker(accounts: Mapping[AccountId, Account], account: AccountId) -> AccountId | None:
    speaker = accounts[account] if accounts[account].kind is AccountKind.USER else accounts[accounts[account].head]
    return speaker.id if speaker.kind is AccountKind.USER else None


def _heads(accounts: Mapping[AccountId, Account]) -> dict[AccountId, AccountId]:
    return {id: one.head for id, one in accounts.items()}


def _faces(bill: Bill, accounts: Mapping[AccountId, Account]) -> Callable[[AccountId], AccountId]:
    heads = _heads(accounts)
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
