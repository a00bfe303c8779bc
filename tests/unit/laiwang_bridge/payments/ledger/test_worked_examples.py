"""Examples that other programs, their users and textbooks have worked out: what is paid, and where everybody stands."""

from __future__ import annotations

from fractions import Fraction

from laiwang_bridge.payments.ledger.entries import balances, bill_postings, payment_postings
from laiwang_bridge.payments.ledger.settling import plan, set_off
from laiwang_bridge.payments.ledger.splitting import AccountId, Equal, Exact, Percent, Split, Weights, divide

ANN, BEN, CAI = map(AccountId, (1, 2, 3))
ALL = Equal((ANN, BEN, CAI))


def standing(*bills: tuple[dict[AccountId, int], Split]) -> dict[AccountId, int]:
    """Where everybody stands after these bills: what each has paid, and how it was divided."""
    sums: dict[AccountId, int] = {}
    carry: dict[AccountId, int] = {}
    for paid, split in bills:
        division = divide(sum(paid.values()), split, carry)
        for posting in bill_postings("EUR", paid, division.shares, division.carry):
            sums[posting.account] = sums.get(posting.account, 0) + posting.minor
            carry[posting.account] = carry.get(posting.account, 0) + posting.carry
    return sums


def test_three_bills_that_leave_nobody_with_a_rest_of_a_cent() -> None:
    found = standing(({ANN: 2436}, ALL), ({BEN: 1912}, Equal((ANN,))), ({ANN: 2200}, Equal((ANN, BEN))))
    assert found == {ANN: 812, BEN: 0, CAI: -812}


def test_weights_of_one_and_four() -> None:
    split = Weights({ANN: Fraction(1), BEN: Fraction(4)})
    assert standing(({ANN: 1000}, split), ({BEN: 1000}, split)) == {ANN: 600, BEN: -600}


def test_a_reimbursement_brings_both_to_zero() -> None:
    rent = bill_postings("EUR", {BEN: 100_000}, divide(100_000, Equal((ANN, BEN))).shares)
    back = payment_postings("EUR", ANN, BEN, 50_000)
    sums = {account: sum(each.minor for each in (*rent, *back) if each.account == account) for account in (ANN, BEN)}
    assert sums == {ANN: 0, BEN: 0}


def test_even_by_shares_and_by_percent() -> None:
    found = standing(
        ({ANN: 12_000}, ALL),
        ({BEN: 60_000}, Weights({ANN: Fraction(1), BEN: Fraction(2), CAI: Fraction(3)})),
        ({CAI: 20_000}, Percent({ANN: Fraction(50), BEN: Fraction(30), CAI: Fraction(20)})),
    )
    assert found == {ANN: -12_000, BEN: 30_000, CAI: -18_000}


def test_two_who_paid_the_same_are_paid_by_the_third() -> None:
    found = standing(({ANN: 1200}, ALL), ({BEN: 1200}, ALL))
    assert [(each.payer, each.payee, each.minor) for each in plan(found).transfers] == [
        (CAI, ANN, 400),
        (CAI, BEN, 400),
    ]


def test_somebody_who_counts_for_two() -> None:
    assert divide(3000, Weights({ANN: Fraction(1), BEN: Fraction(2)})).shares == {ANN: 1000, BEN: 2000}


def test_debts_of_four_transactions_need_one_payment() -> None:
    zero, one, two, five = map(AccountId, (10, 11, 12, 15))
    debts = [((one, zero), 10), ((zero, one), 1), ((two, one), 5), ((zero, two), 5)]
    assert set_off(debts) == {(one, zero): 9, (two, one): 5, (zero, two): 5}
    assert len(plan({zero: 4, one: -4, two: 0}).transfers) == 1
    assert len(plan({zero: 5, one: -10, two: 5, five: 0}).transfers) == 2


def test_several_who_paid() -> None:
    assert standing(({ANN: 6000, BEN: 3000}, Exact({ANN: 1000, CAI: 8000}))) == {ANN: 5000, BEN: 3000, CAI: -8000}


def test_what_a_list_of_entries_adds_up_to_leaves_out_zeros() -> None:
    assert balances([]) == {}
