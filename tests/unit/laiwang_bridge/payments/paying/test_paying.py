"""Claims and confirmations, and where they leave a share."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying.rules import (
    Act,
    ClaimState,
    ShareState,
    after,
    debts_of,
    portions,
    status,
    still_fits,
)

ANN, BEN, CAI, DAN = map(AccountId, range(1, 5))
AMOUNTS = st.integers(0, 10_000)


def test_a_claim_can_be_withdrawn_until_it_is_confirmed() -> None:
    assert after(ClaimState.CLAIMED, Act.WITHDRAW) is ClaimState.WITHDRAWN
    assert after(ClaimState.CONFIRMED, Act.WITHDRAW) is None
    assert after(ClaimState.CONFIRMED, Act.UNDO) is ClaimState.UNDONE


def test_what_was_withdrawn_or_undone_stays_so() -> None:
    for act in Act:
        assert after(ClaimState.WITHDRAWN, act) is None
        assert after(ClaimState.UNDONE, act) is None


def test_money_that_had_not_come_may_still_come() -> None:
    assert after(ClaimState.REFUSED, Act.CONFIRM) is ClaimState.CONFIRMED


def test_a_share_goes_from_open_to_claimed_to_paid() -> None:
    assert status(4000, 0, 0).state is ShareState.OPEN
    assert status(4000, 0, 4000).state is ShareState.CLAIMED
    assert status(4000, 4000, 0).state is ShareState.PAID
    assert status(0, 0, 0).state is ShareState.NOTHING
    assert status(-4000, 0, 0).state is ShareState.NOTHING


def test_a_part_leaves_the_rest_open() -> None:
    part = status(4000, 1000, 500)
    assert (part.state, part.paid, part.claimed, part.open) == (ShareState.OPEN, 1000, 500, 2500)


def test_more_than_what_is_owed_is_a_credit() -> None:
    assert status(4000, 5000, 0).over == 1000
    assert status(4000, 5000, 0).state is ShareState.PAID


def test_a_dispute_changes_no_number() -> None:
    plain, disputed = status(4000, 1000, 0), status(4000, 1000, 0, disputed=True)
    assert disputed.state is ShareState.DISPUTED
    assert (plain.owed, plain.paid, plain.open) == (disputed.owed, disputed.paid, disputed.open)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_is_owed_is_paid_claimed_or_open(owed: int, confirmed: int, claimed: int) -> None:
    found = status(owed, confirmed, claimed)
    assert found.paid + found.claimed + found.open == owed
    assert found.paid + found.over == confirmed
    assert (found.state is ShareState.OPEN) == (found.open > 0)


def test_two_who_paid_are_paid_back_one_after_the_other() -> None:
    """Ann and Ben paid 60 each for four."""
    debts = debts_of({ANN: 3000, BEN: 3000, CAI: -3000, DAN: -3000})
    assert [(debt.debtor, debt.payee, debt.minor) for debt in debts] == [(CAI, ANN, 3000), (DAN, BEN, 3000)]


def test_nets_that_do_not_balance_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="balanced"):
        debts_of({ANN: 1})


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=8))
def test_the_debts_of_a_bill_bring_everybody_to_zero(parts: list[int]) -> None:
    nets = {AccountId(number): net for number, net in enumerate([*parts, -sum(parts)], 1)}
    debts = debts_of(nets)
    assert all(debt.minor > 0 and nets[debt.debtor] < 0 < nets[debt.payee] for debt in debts)
    assert still_fits([(debt.debtor, debt.payee, debt.minor) for debt in debts], nets)
    assert len(debts) < len(nets)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=4), st.integers(1, 6000), st.integers(0, 1000))
@settings(max_examples=60)
def test_a_payment_goes_to_those_who_are_owed_and_no_cent_gets_lost(owed: list[int], minor: int, had: int) -> None:
    creditors = {AccountId(number): part for number, part in enumerate(owed, 2)}
    debts = debts_of({ANN: -sum(owed), **creditors})
    had = min(had, owed[0])
    found = portions(debts, {BEN: had}, minor)
    assert sum(part for _payee, part in found) == minor
    after_all = Counter({BEN: had}) + Counter(dict(found))
    last = debts[-1].payee
    assert all(after_all[payee] <= wanted for payee, wanted in creditors.items() if payee != last)


def test_a_plan_fits_until_something_else_happens() -> None:
    left = [(BEN, ANN, 500), (CAI, ANN, 300)]
    assert still_fits(left, {ANN: 800, BEN: -500, CAI: -300})
    assert still_fits(left[1:], {ANN: 300, BEN: 0, CAI: -300})
    assert not still_fits(left, {ANN: 900, BEN: -600, CAI: -300})
    assert still_fits([], {})
