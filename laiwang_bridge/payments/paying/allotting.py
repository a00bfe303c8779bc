"""What a payment settles of bills that it was not for, and opens again: so that their cards agree with the balance.

A payment for no bill in particular goes to the oldest shares that its payer has open with whoever gets it, then to his
others as far as he owes less now than these say. Whoever gives money back opens the newest shares again that the other
had paid him. Who comes to zero owes nothing for the bills of before, whatever they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, open_shares, standing
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimId
from laiwang_bridge.payments.paying.rules import ClaimState

_LATELY = 200
"""Bills that are looked at for what was given back."""


@dataclass(frozen=True, slots=True)
class _Side:
    """Those who settle as one with the payer or the payee, and what they have together after the payment."""

    accounts: tuple[AccountId, ...]
    net: int

    @property
    def owes(self) -> int:
        return max(-self.net, 0)


@dataclass(frozen=True, slots=True)
class _Share:
    """What of a share is not in the books as paid, or of one that is to open again, what is."""

    bill: Bill
    account: AccountId
    minor: int


@dataclass(frozen=True, slots=True)
class Allotted:
    """The bills that a payment changes, and what was said of them that waits for nobody any more."""

    bills: tuple[BillId, ...] = ()
    dropped: tuple[ClaimId, ...] = ()


def allot(connection: Connection, paid: Claim, entry: EntryId) -> Allotted:
    """Note what this payment, which has just been booked, settles and opens."""
    payer, payee = (_side(connection, paid, account) for account in (paid.debtor, paid.payee))
    if payer == payee:
        return Allotted()
    settled: list[tuple[_Share, int]] = []
    opened: list[tuple[_Share, int]] = []
    if payer.net == 0 or (paid.bill is None and 0 < payer.net < paid.minor):
        settled = _whole(_open(connection, paid, payer))
    elif paid.bill is None:
        settled = _part(connection, paid, payer, payee)
    if paid.bill is None:
        opened = _given_back(connection, paid, payer, payee, paid.minor - sum(minor for _share, minor in settled))
    if payee.net == 0:
        settled += _whole(_open(connection, paid, payee))
    dropped: list[ClaimId] = []
    for share, minor in settled:
        claim_store.note_even(connection, share.account, {share.bill.id: minor}, entry)
        if minor == share.minor:
            dropped += _withdraw_claims(connection, share)
    back: Counter[tuple[BillId, AccountId]] = Counter()
    for share, minor in opened:
        back[share.bill.id, share.account] += minor
    for (bill, account), minor in back.items():
        claim_store.note_even(connection, account, {bill: -minor}, entry)
    return Allotted(tuple(share.bill.id for share, _minor in (*settled, *opened)), tuple(dropped))


def _whole(shares: Iterable[_Share]) -> list[tuple[_Share, int]]:
    return [(share, share.minor) for share in shares]


def _part(connection: Connection, paid: Claim, payer: _Side, payee: _Side) -> list[tuple[_Share, int]]:
    """What a payment settles of somebody who owes something after it all the same, or was owed something before it."""
    his = (share for share in _open(connection, paid, payer) if _goes_to(connection, share, payee))
    found = _spread(his, paid.minor)
    given = sum(minor for _share, minor in found)
    was_owed = payee.net + paid.minor  # what is given to somebody who is owed nothing is lent
    if given == paid.minor or was_owed <= 0:
        return found
    left = list(_open(connection, paid, payer))
    too_much = sum(share.minor for share in left) - given - payer.owes
    others = (share for share in left if not _goes_to(connection, share, payee))
    return found + _spread(others, min(paid.minor - given, too_much, was_owed))


def _given_back(
    connection: Connection, paid: Claim, payer: _Side, payee: _Side, minor: int
) -> list[tuple[_Share, int]]:  # fmt: skip
    """What is given back with so much that settles nothing: shares that the payee owes again, then what he had paid
    beyond his shares."""
    if minor <= 0:
        return []
    missing = min(minor, payee.owes - sum(share.minor for share in _open(connection, paid, payee)) if payee.owes else 0)
    found = _spread(_returned(connection, paid, payer, payee), missing)
    rest = minor - sum(part for _share, part in found)
    return found + _spread(_too_much(connection, paid, payer, payee), rest)


def _spread(shares: Iterable[_Share], minor: int) -> list[tuple[_Share, int]]:
    """So much of these shares, the first ones first."""
    found: list[tuple[_Share, int]] = []
    if minor <= 0:
        return found
    for share in shares:
        part = min(share.minor, minor)
        if part > 0:
            found.append((share, part))
            minor -= part
        if not minor:
            break
    return found


def _side(connection: Connection, paid: Claim, account: AccountId) -> _Side:
    unit = standing.unit_of(connection, paid.ledger, account)
    return _Side(tuple(unit), standing.net_of(connection, paid.ledger, account, paid.currency))


def _open(connection: Connection, paid: Claim, side: _Side) -> Iterator[_Share]:
    """The shares that they have open in the currency of a payment, the oldest first."""
    for one in open_shares.of_accounts(connection, side.accounts):
        bill = bill_store.find(connection, one.bill)
        if bill.content.total.currency.code == paid.currency:
            his = standing.statuses(connection, bill)[one.account]
            if his.owed > his.paid:
                yield _Share(bill, one.account, his.owed - his.paid)


def _returned(connection: Connection, paid: Claim, giver: _Side, taker: _Side) -> Iterator[_Share]:
    """The shares that the taker has paid and that went to the giver, the newest first."""
    for bill in _paid_by(connection, paid, taker):
        for account, his in standing.statuses(connection, bill).items():
            share = _Share(bill, account, his.paid)
            if account in taker.accounts and _goes_to(connection, share, giver):
                yield share


def _too_much(connection: Connection, paid: Claim, giver: _Side, taker: _Side) -> Iterator[_Share]:
    """What the taker has paid the giver beyond his shares, also of bills that are void now, the newest first."""
    for bill in _paid_by(connection, paid, taker):
        if any(minor > 0 and account in giver.accounts for account, minor in bill.content.paid.items()):
            for account, his in standing.statuses(connection, bill).items():
                if account in taker.accounts:
                    yield _Share(bill, account, his.over)


def _paid_by(connection: Connection, paid: Claim, side: _Side) -> Iterator[Bill]:
    for id in claim_store.bills_paid_by(connection, paid.ledger, side.accounts, most=_LATELY):
        bill = bill_store.find(connection, id)
        if not bill.is_imported and bill.content.total.currency.code == paid.currency:
            yield bill


def _goes_to(connection: Connection, share: _Share, side: _Side) -> bool:
    debts = standing.debts(connection, share.bill)
    return any(debt.debtor == share.account and debt.payee in side.accounts for debt in debts)


def _withdraw_claims(connection: Connection, share: _Share) -> list[ClaimId]:
    """What was said of a share that is settled now waits for nobody any more."""
    face = standing.faces_of(connection, share.bill)
    said = claim_store.of_bill(connection, share.bill.id, ClaimState.CLAIMED)
    his = [one.id for one in said if face(one.debtor) == share.account]
    for id in his:
        claim_store.change(connection, id, ClaimState.WITHDRAWN)
    return his
