"""From what a line says to how a bill is divided among accounts."""

from __future__ import annotations

from fractions import Fraction

from laiwang_bridge.payments.bills.whose import Accounts
from laiwang_bridge.payments.ledger.splitting import (
    AccountId,
    Adjusted,
    Equal,
    Exact,
    Extra,
    Item,
    Itemised,
    Percent,
    Split,
    Weights,
    accounts_of,
)
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    EqualWording,
    ExactWording,
    ItemisedWording,
    PercentWording,
    SplitWording,
    WeightsWording,
    Who,
    total,
)
from laiwang_bridge.payments.money.money import Money


class NoWholeTotal(ValueError):
    """What each pays does not make a total in whole minor units."""


def split_of(wording: BillWording, accounts: Accounts) -> Split:
    """How the bill of this line is divided. People have to be known by now: `Named` is nobody's account.

    Raises `UserError` for people who cannot share a bill here.
    """
    shares = wording.shares
    if isinstance(shares, ItemisedWording):
        return _itemised(shares, accounts)
    return _split(shares, accounts.without(shares.excluded), by_head=wording.per_head)


def total_of(wording: BillWording, split: Split) -> Money:
    """What the bill comes to. Raises `NoWholeTotal`."""
    if not wording.per_head:
        return wording.amount
    heads = sum(split.weights.values(), Fraction(0)) if isinstance(split, Weights) else len(accounts_of(split))
    found = total(wording, heads)
    if found is None:
        raise NoWholeTotal
    return found


def paid_of(payers: tuple[tuple[Who, int | None], ...], accounts: Accounts, bill: Money) -> dict[AccountId, int]:
    """Who has paid how much of the bill."""
    found: dict[AccountId, int] = {}
    for who, minor in payers:
        account = accounts.one(who)
        found[account] = found.get(account, 0) + (bill.minor if minor is None else minor)
    return found


def _split(shares: SplitWording, accounts: Accounts, *, by_head: bool) -> Split:
    match shares:
        case EqualWording(people):
            return equal(accounts, accounts.all(people), by_head=by_head)
        case WeightsWording(pairs):
            return Weights({account: weight or Fraction(0) for account, weight in accounts.spread(pairs).items()})
        case PercentWording(pairs):
            said = accounts.spread(pairs)
            rest = dict.fromkeys((account for account, part in said.items() if part is None), Fraction(1))
            return Percent({account: part for account, part in said.items() if part is not None}, rest)
        case ExactWording(amounts):
            given = accounts.spread((who, None if minor is None else Fraction(minor)) for who, minor in amounts)
            rest = accounts.default_weights(account for account, minor in given.items() if minor is None)
            return Exact({account: int(minor) for account, minor in given.items() if minor is not None}, rest)
        case AdjustedWording(adjustments):
            changed = accounts.spread((who, Fraction(minor)) for who, minor in adjustments)
            more = {account: int(minor) for account, minor in changed.items() if minor}
            return Adjusted(more, accounts.default_weights(changed))
    raise TypeError(f"{shares} is divided by items")


def equal(accounts: Accounts, people: list[AccountId], *, by_head: bool = False) -> Split:
    """The same for everybody; who usually bears less, as children do, bears less here too, but for what each pays."""
    weights = accounts.default_weights(people)
    if by_head or all(weight == 1 for weight in weights.values()):
        return Equal(tuple(people))
    return Weights(weights)


def _itemised(shares: ItemisedWording, accounts: Accounts) -> Itemised:
    items = []
    for item in shares.items:
        weights = accounts.spread(item.weights)
        items.append(
            Item(item.title, item.minor, {account: weight or Fraction(0) for account, weight in weights.items()})
        )
    return Itemised(tuple(items), tuple(Extra(charge.title, charge.minor) for charge in shares.charges))
