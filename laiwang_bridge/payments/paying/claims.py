"""What becomes of "I have paid", "received" and "that is wrong": the rules of `paying` on what is stored.

A claim is no entry of the books; its confirmation is one. A dispute changes nothing but how the bill is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import EntryId, NewEntry, payment_postings
from laiwang_bridge.payments.ledger.ledger_settings import Confirmation
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import allotting, claim_store, open_shares, owing, standing
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimId, Dispute
from laiwang_bridge.payments.paying.rules import (
    Act,
    ClaimState,
    ShareState,
    after,
    portions,
)
from laiwang_bridge.payments.paying.standing import Standing

KIND = "payment"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: the claims that changed, the bills whose cards show it now, and what was said before and waits for
    nobody any more because of it."""

    claims: tuple[Claim, ...]
    bills: tuple[BillId, ...]
    dropped: tuple[ClaimId, ...] = ()

    @property
    def minor(self) -> int:
        return sum(claim.minor for claim in self.claims)


Deed = Callable[[], Outcome]
"""Something to be done, which may raise a `Refusal`."""


class Refusal(Exception):
    """It cannot be done."""


class OwesNothing(Refusal):
    """Whoever says that he has paid owes nothing for the bill (any more)."""


class SaidForAll(Refusal):
    """Whoever says that he has paid a bill has said already that he paid all that he owes here."""


class NobodySaid(Refusal):
    """Nobody has said that he has paid, so there is nothing to confirm."""


class TooLate(Refusal):
    """It is in the books already: only an undo takes it out again."""


# -- paying ---------------------------------------------------------------------------------------------------------


def claim(
    connection: Connection,
    bill: Bill,
    debtor: AccountId,
    minor: int | None,
    now: int,
    *,
    payee: AccountId | None = None,
) -> Outcome:
    """`debtor` says that he has paid so much for a bill; all that is open of his share, if `minor` is None. It went to
    `payee`, or to each of those who get something in turn.

    Where the room takes people's word for it, or whoever gets it cannot say so, it is in the books at once. Raises
    `OwesNothing` and `SaidForAll`.
    """
    if owing.says_all_is_paid(connection, bill.ledger, debtor, bill.content.total.currency.code):
        raise SaidForAll
    made = _claim(connection, bill, debtor, minor, now, payee)
    sure = [one for one in made if _is_enough(connection, bill.ledger, one.payee)]
    confirmed = _confirm(connection, sure, debtor, now)
    waiting = tuple(one for one in made if one not in sure)
    _touch(connection, [bill.id], now)
    return Outcome((*confirmed.claims, *waiting), tuple(dict.fromkeys((bill.id, *confirmed.bills))), confirmed.dropped)


def receive(
    connection: Connection,
    bill: Bill,
    payee: AccountId,
    debtor: AccountId | None,
    minor: int | None,
    now: int,
    *,
    by: AccountId | None = None,
) -> Outcome:
    """`payee`, or whoever says it for him, says that he has received what `debtor` (or everybody) said to have paid for
    a bill.

    With a debtor and an amount, or with a debtor who has said nothing, it is what the payee says that counts. Raises
    `NobodySaid` and `OwesNothing`.
    """
    claims = claim_store.of_bill(connection, bill.id, ClaimState.CLAIMED, ClaimState.REFUSED)
    face = standing.faces_of(connection, bill)
    mine = [one for one in claims if face(one.payee) == payee and debtor in (None, face(one.debtor))]
    said = [one for one in mine if one.state is ClaimState.CLAIMED]
    if debtor is None or (said and minor in (None, sum(one.minor for one in said))):
        if not said:
            raise NobodySaid
        return _confirm(connection, said, by or payee, now)
    if debtor not in bill.nets:
        raise OwesNothing
    for one in said:  # what he says himself takes the place of what they said
        claim_store.change(connection, one.id, ClaimState.WITHDRAWN)
    if minor is None:
        owed = sum(
            debt.minor for debt in standing.debts(connection, bill) if (debt.debtor, debt.payee) == (debtor, payee)
        )
        minor = owed - standing.had_of(connection, bill, debtor, ClaimState.CONFIRMED)[payee]
        minor = min(minor, standing.statuses(connection, bill)[debtor].open)
        if minor <= 0:
            raise OwesNothing
    currency = bill.content.total.currency.code
    id = claim_store.add(connection, bill.ledger, bill.id, debtor, payee, currency, minor, now)
    done = _confirm(connection, _found(connection, [id]), by or payee, now)
    return replace(done, dropped=(*done.dropped, *(one.id for one in said)))


def transfer(
    connection: Connection,
    ledger: LedgerId,
    debtor: AccountId,
    payee: AccountId,
    currency: str,
    minor: int,
    now: int,
    *,
    said_by: AccountId,
    of: BillId | None = None,
) -> Outcome:
    """Money that went from one to another for no bill in particular, or back, if it is `of` a bill that was paid. It is
    in the books at once if the payee says so, or where the room takes people's word for it."""
    id = claim_store.add(connection, ledger, of, debtor, payee, currency, minor, now)
    found = _found(connection, [id])
    if said_by == payee or _is_enough(connection, ledger, payee):
        return _confirm(connection, found, said_by, now)
    return Outcome(tuple(found), ())


def confirm(connection: Connection, one: Claim, by: AccountId, now: int) -> Outcome:
    """Whoever should have got it says that he has. Raises `TooLate` where nothing is claimed any more."""
    if after(one.state, Act.CONFIRM) is None:
        raise TooLate
    return _confirm(connection, [one], by, now)


def refuse(connection: Connection, one: Claim) -> Outcome:
    """Whoever should have got it says that nothing came. Raises `TooLate`."""
    return _change(connection, [one], Act.REFUSE)


def withdraw(connection: Connection, bill: Bill, debtor: AccountId, key: str, now: int) -> Outcome:
    """Somebody takes back that he has paid for a bill. What is in the books by his word alone is taken out again.

    Raises `TooLate` if another has confirmed it, and `NobodySaid`.
    """
    said = claim_store.of_bill(connection, bill.id, ClaimState.CLAIMED, ClaimState.CONFIRMED)
    face = standing.faces_of(connection, bill)
    his = [one for one in said if face(one.debtor) == debtor]
    if not his:
        raise NobodySaid
    waiting = [one for one in his if one.state is ClaimState.CLAIMED]
    if waiting:
        return _change(connection, waiting, Act.WITHDRAW)
    own = [one for one in his if is_booked_by(connection, one, debtor)]
    if not own:
        raise TooLate
    undone = [undo(connection, one, debtor, f"{key}/{one.id}", now) for one in own]
    return together(undone)


def take_back(connection: Connection, one: Claim) -> Outcome:
    """Whoever said that he has paid takes it back. Raises `TooLate`."""
    return _change(connection, [one], Act.WITHDRAW)


def undo(connection: Connection, one: Claim, by: AccountId, key: str, now: int) -> Outcome:
    """Take a payment out of the books again, by its reversal. Raises `TooLate` where it is not in them."""
    if one.entry is None or after(one.state, Act.UNDO) is None:
        raise TooLate
    ledger_store.reverse_entry(connection, one.ledger, one.entry, key, day(now), now, by)
    return undone(connection, one.entry, now)


def undone(connection: Connection, entry: EntryId, now: int) -> Outcome:
    """An entry was taken out of the books again: if it was a payment, nothing rests on it any more."""
    evened = claim_store.forget_even(connection, entry)
    one = claim_store.of_entry(connection, entry)
    outcome = Outcome((), ())
    if one is not None and after(one.state, Act.UNDO) is not None:
        outcome = _change(connection, [one], Act.UNDO, now)
    touched = tuple(dict.fromkeys((*outcome.bills, *evened)))
    _touch(connection, touched, now)
    return Outcome(outcome.claims, touched)


# -- disputes and changes -------------------------------------------------------------------------------------------


def dispute(connection: Connection, bill: Bill, account: AccountId, reason: str, now: int) -> None:
    """Somebody says that a bill is wrong. It stays in the books as it is."""
    claim_store.dispute(connection, Dispute(bill.ledger, bill.id, account, reason, now))
    _note_open(connection, bill)


def give_in(connection: Connection, bill: Bill, account: AccountId) -> bool:
    """He takes it back; returns whether he had said so."""
    found = claim_store.settle_dispute(connection, bill.id, account)
    _note_open(connection, bill)
    return found


def bill_changed(connection: Connection, bill: Bill) -> Standing:
    """A bill was added, edited, made void or restored: other amounts answer the disputes about it, a void bill is owed
    by nobody. Returns where everybody stands now."""
    if bill.version.number == 1:
        found = standing.of_new(connection, bill)
        open_shares.begin(connection, bill, _waiting(found), bill.version.at)
        return found
    if bill.is_void or _bears_otherwise(connection, bill):
        claim_store.settle_disputes(connection, bill.id)
    if bill.is_void:
        for one in claim_store.of_bill(connection, bill.id, ClaimState.CLAIMED):
            claim_store.change(connection, one.id, ClaimState.WITHDRAWN)
    return _note_open(connection, bill)


def _bears_otherwise(connection: Connection, bill: Bill) -> bool:
    """Whether anybody has paid or bears another amount since the last change of a bill."""
    before, now = (version.content for version in bill_store.history(connection, bill.id)[-2:])
    return (before.total, before.paid, before.shares) != (now.total, now.paid, now.shares)


def regrouped(connection: Connection, bills: Sequence[Bill]) -> None:
    """Somebody settles with another from now on, or alone: note anew which shares of these bills are open."""
    for bill in bills:
        _note_open(connection, bill)


def together(done: Sequence[Outcome]) -> Outcome:
    """What was done in several steps, as one."""
    return Outcome(
        tuple(claim for outcome in done for claim in outcome.claims),
        tuple(dict.fromkeys(bill for outcome in done for bill in outcome.bills)),
        tuple(id for outcome in done for id in outcome.dropped),
    )


# -- how ------------------------------------------------------------------------------------------------------------


def _is_enough(connection: Connection, ledger: LedgerId, payee: AccountId) -> bool:
    """Whether the word of whoever has paid counts: the room has decided so, or nobody else could say it."""
    if ledger_store.settings(connection, ledger).confirmation is Confirmation.ONE:
        return True
    return standing.speaker_of(connection, ledger, payee) is None


def is_booked_by(connection: Connection, one: Claim, account: AccountId) -> bool:
    """Whether a payment is in the books because this account said so."""
    entry = None if one.entry is None else ledger_store.entry(connection, one.entry)
    return entry is not None and entry.author == account


def _claim(
    connection: Connection, bill: Bill, debtor: AccountId, minor: int | None, now: int, payee: AccountId | None
) -> list[Claim]:
    his = standing.statuses(connection, bill).get(debtor)
    owed = [debt for debt in standing.debts(connection, bill) if debt.debtor == debtor]
    had = standing.had_of(connection, bill, debtor, ClaimState.CLAIMED, ClaimState.CONFIRMED)
    open_now = his.open if his else 0
    if payee is not None:
        owed = [debt for debt in owed if debt.payee == payee]
        open_now = min(open_now, sum(max(debt.minor - had[payee], 0) for debt in owed))
    wanted = open_now if minor is None else minor
    if not owed or wanted <= 0:
        raise OwesNothing
    currency = bill.content.total.currency.code
    return _found(
        connection,
        [
            claim_store.add(connection, bill.ledger, bill.id, debtor, payee, currency, part, now)
            for payee, part in portions(owed, had, wanted)
        ],
    )


def _confirm(connection: Connection, claims: Sequence[Claim], by: AccountId, now: int) -> Outcome:
    touched: list[BillId] = [one.bill for one in claims if one.bill is not None]
    dropped: list[ClaimId] = []
    for one in claims:
        postings = payment_postings(one.currency, one.debtor, one.payee, one.minor)
        entry = ledger_store.post(
            connection, one.ledger, NewEntry(KIND, f"claim:{one.id}", day(now), postings, author=by), now
        )
        if entry is not None:
            claim_store.change(connection, one.id, ClaimState.CONFIRMED, entry)
            allotted = allotting.allot(connection, one, entry)
            touched += allotted.bills
            dropped += allotted.dropped
    bills = tuple(dict.fromkeys(touched))
    _touch(connection, bills, now)
    return Outcome(tuple(_found(connection, [one.id for one in claims])), bills, tuple(dropped))


def _change(connection: Connection, claims: Sequence[Claim], act: Act, now: int | None = None) -> Outcome:
    for one in claims:
        state = after(one.state, act)
        if state is None:
            raise TooLate
        claim_store.change(connection, one.id, state)
    bills = tuple(dict.fromkeys(one.bill for one in claims if one.bill is not None))
    _touch(connection, bills, now)
    return Outcome(tuple(_found(connection, [one.id for one in claims])), bills)


def _touch(connection: Connection, bills: Sequence[BillId], now: int | None) -> None:
    """Note anew which shares of these bills are open; those that had been paid are so since now."""
    for id in bills:
        _note_open(connection, bill_store.find(connection, id), now)


def _note_open(connection: Connection, bill: Bill, now: int | None = None) -> Standing:
    found = standing.of(connection, bill)
    open_shares.keep(connection, bill, _waiting(found), bill.version.at if now is None else now)
    return found


def _waiting(found: Standing) -> dict[AccountId, bool]:
    """Whose shares are open, and whether they wait for him."""
    shares = found.statuses.items()
    return {account: share.state is ShareState.OPEN for account, share in shares if share.owed > share.paid}


def _found(connection: Connection, ids: Sequence[claim_store.ClaimId]) -> list[Claim]:
    return [one for id in ids if (one := claim_store.find(connection, id)) is not None]


def day(now: int) -> date:
    """The day that an instant (milliseconds) falls on, in UTC: for entries, which are ordered by their numbers."""
    return datetime.fromtimestamp(now // 1000, UTC).date()
