"""What somebody owes whom at this moment, so that he can be told how to pay it.

Whoever shows nothing here sees nobody's ways to be paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import Connection

from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.settling import debts_as_units
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.paying import claim_store, settlement_store, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.rules import ClaimState, portions

_LATELY = 500
"""Bills of a room that are looked at."""


@dataclass(frozen=True, slots=True)
class Owed:
    """`payer` owes `payee` so much in a ledger: for a bill with this title, or by all that happened there."""

    ledger: LedgerId
    payer: AccountId
    payee: AccountId
    money: Money
    bill: BillId | None = None
    number: int | None = None
    title: str = ""


def for_bill(connection: Connection, bill: Bill, account: AccountId) -> list[Owed]:
    """What of a bill somebody has not paid yet, by whom it goes to."""
    share = standing.share_of(connection, bill, account)
    if share is None:
        return []
    status = standing.statuses(connection, bill)[share]
    paid = standing.had_of(connection, bill, share, ClaimState.CONFIRMED)
    mine = [debt for debt in standing.debts(connection, bill) if debt.debtor == share]
    kind = bill.content.total.currency
    return [
        Owed(bill.ledger, share, payee, Money(minor, kind), bill.id, bill.number, bill.content.called)
        for payee, minor in portions(mine, paid, status.owed - status.paid)
    ]


def in_ledger(connection: Connection, ledger: LedgerId, account: AccountId, now: int) -> list[Owed]:
    """What somebody is to pay by the plan that brings all of the ledger to zero."""
    heads = standing.heads_of(connection, ledger)
    head = heads.get(account, account)
    totals: Counter[str] = Counter()
    for (one, code), minor in ledger_store.balances(connection, ledger).items():
        if heads.get(one, one) == head:
            totals[code] += minor
    return [
        Owed(ledger, head, transfer.payee, Money(transfer.minor, currency(code)))
        for code in sorted(code for code, total in totals.items() if total < 0)
        for transfer in settlement_store.settlement(connection, ledger, code, now).transfers
        if transfer.payer == head and transfer.minor > 0
    ]


def to_somebody(connection: Connection, ledger: LedgerId, account: AccountId, payee: AccountId, now: int) -> list[Owed]:
    """The same to one person: by the plan, or else directly, as far as both are not even otherwise."""
    heads = standing.heads_of(connection, ledger)
    head, other = heads[account], heads[payee]
    planned = [owed for owed in in_ledger(connection, ledger, account, now) if owed.payee == other]
    if planned or head == other:
        return planned
    found = []
    for code in sorted({code for _account, code in ledger_store.balances(connection, ledger)}):
        debts = debts_as_units(settlement_store.who_owes_whom(connection, ledger, code), heads)
        owes = -standing.net_of(connection, ledger, head, code)
        minor = min(debts.get((head, other), 0), owes, standing.net_of(connection, ledger, other, code))
        if minor > 0:
            found.append(Owed(ledger, head, other, Money(minor, currency(code))))
    return found


def between(
    connection: Connection,
    ledger: LedgerId,
    bill: BillId | None,
    payers: Iterable[UserID],
    payees: Iterable[UserID],
    now: int,
) -> list[Owed]:
    """What is left, at this moment, of what one person owes another: for a bill, or all of it."""
    mine = _account(connection, ledger, payers)
    theirs = _account(connection, ledger, payees)
    if mine is None or theirs is None:
        return []
    if bill is None:
        return to_somebody(connection, ledger, mine, theirs, now)
    owed = for_bill(connection, bill_store.find(connection, bill), mine)
    return [each for each in owed if each.payee == theirs]


def said_to_be_paid(connection: Connection, owed: Owed) -> Money:
    """How much of this somebody says to have paid, and nobody has confirmed."""
    payers = standing.unit_of(connection, owed.ledger, owed.payer)
    payees = standing.unit_of(connection, owed.ledger, owed.payee)
    minor = sum(
        claim.minor
        for claim in claim_store.open_in(connection, owed.ledger)
        if claim.debtor in payers
        and claim.payee in payees
        and claim.currency == owed.money.currency.code
        and (owed.bill is None or claim.bill in (None, owed.bill))
    )
    return Money(min(minor, owed.money.minor), owed.money.currency)


def says_all_is_paid(connection: Connection, ledger: LedgerId, account: AccountId, currency: str) -> bool:
    """Whether somebody has said of payments for no bill that they were made, of as much as he owes in all, and nobody
    has confirmed them yet."""
    said = [one for one in claim_store.open_in(connection, ledger) if one.bill is None and one.currency == currency]
    if not said:
        return False
    unit = standing.unit_of(connection, ledger, account)
    minor = sum(one.minor for one in said if one.debtor in unit)
    return minor > 0 and standing.net_of(connection, ledger, account, currency) + minor >= 0


def is_more_than_owed(connection: Connection, said: Sequence[Claim]) -> bool:
    """Whether these claims of one person are together more than he owes."""
    totals: Counter[str] = Counter()
    for one in said:
        totals[one.currency] += one.minor
    first = said[0]
    return any(
        minor + standing.net_of(connection, first.ledger, first.debtor, code) > 0 for code, minor in totals.items()
    )


def says_so(connection: Connection, owed: Owed) -> bool:
    """Whether the one who is owed has written down himself, lately, that the other bears a part of what he paid.

    Anybody can write down that he owes somebody; that alone must not tell him anything of that person.
    """
    bills = bill_store.bills(connection, owed.ledger, most=_LATELY)
    return any(bill.author == owed.payee and bill.nets.get(owed.payer, 0) < 0 for bill in bills)


def _account(connection: Connection, ledger: LedgerId, users: Iterable[UserID]) -> AccountId | None:
    """The account of somebody who may have several Matrix ids."""
    found = (ledger_store.find_account(connection, ledger, user) for user in users)
    return next((account for account in found if account is not None), None)
