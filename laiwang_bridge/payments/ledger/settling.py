"""Who pays whom so that nobody owes anything any more.

Nets are what the others owe somebody (+) or he owes them (-), in minor units of one currency; they add up to 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from laiwang_bridge.payments.ledger.grouping import groups
from laiwang_bridge.payments.ledger.splitting import AccountId

Nets = Mapping[AccountId, int]
Debts = Mapping[tuple[AccountId, AccountId], int]
"""What the first of each pair owes the second."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """As few payments as possible."""


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Everybody pays those to whom he owes something by the bills, and nobody else."""

    debts: Debts


@dataclass(frozen=True, slots=True)
class Treasurer:
    """All payments go through one account."""

    account: AccountId


Mode = Minimal | Pairwise | Treasurer


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment that is suggested. `block` is the number of the plan's block that it belongs to."""

    payer: AccountId
    payee: AccountId
    minor: int
    block: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Payments that bring everybody to zero. The people of a block settle among themselves: their nets add up to 0."""

    mode: Mode
    transfers: tuple[Transfer, ...]
    blocks: tuple[Nets, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transfer is suggested: the people of its block with their nets before anything is paid, and all transfers
    of the block (this one among them), by which each of them comes to zero."""

    mode: Mode
    nets: Nets
    transfers: tuple[Transfer, ...]


def plan(nets: Nets, mode: Mode | None = None, before: Plan | None = None) -> Plan:
    """The payments to suggest; as few as possible unless a mode says otherwise.

    Their number is the least possible as long as no more than `grouping.EXACT_UP_TO` people are left when all that
    cancel each other out in pairs are taken away, and never above that of the usual method (the largest debt to the
    largest claim). `before` is the plan that was suggested last: what is open of it stays as it is while its payments
    are made, and after anything else whoever was to pay whom stays so if that leads to zero with no more payments.
    Raises ValueError where the nets do not add up to 0.
    """
    open_nets = {account: nets[account] for account in sorted(nets) if nets[account]}
    if sum(open_nets.values()):
        raise ValueError("the nets do not add up to 0")
    match mode or Minimal():
        case Minimal():
            return _minimal(open_nets, before)
        case Pairwise(debts) as pairwise:
            blocks = [{payer: -debts[payer, payee], payee: debts[payer, payee]} for payer, payee in sorted(debts)]
            return _plan(pairwise, [block for block in blocks if any(block.values())])
        case Treasurer(account) as treasurer:
            return _through(treasurer, account, open_nets)


def explain(plan: Plan, transfer: Transfer) -> Reason:
    """Why this transfer of the plan is suggested."""
    together = tuple(each for each in plan.transfers if each.block == transfer.block)
    return Reason(plan.mode, plan.blocks[transfer.block], together)


def as_units(nets: Nets, units: Mapping[AccountId, AccountId]) -> dict[AccountId, int]:
    """Nets of those who settle as one, under one of them: `units` leads from each member to that account."""
    together: dict[AccountId, int] = {}
    for account, net in nets.items():
        unit = units.get(account, account)
        together[unit] = together.get(unit, 0) + net
    return together


def debts_as_units(debts: Debts, units: Mapping[AccountId, AccountId]) -> dict[tuple[AccountId, AccountId], int]:
    """The same for who owes whom."""
    return set_off(
        ((units.get(payer, payer), units.get(payee, payee)), minor) for (payer, payee), minor in debts.items()
    )


def set_off(
    debts: Iterable[tuple[tuple[AccountId, AccountId], int]],
) -> dict[tuple[AccountId, AccountId], int]:
    """Debts added up, those of two against each other set off; what is left is above 0."""
    sums: dict[tuple[AccountId, AccountId], int] = {}
    for (payer, payee), minor in debts:
        pair, signed = ((payer, payee), minor) if payer < payee else ((payee, payer), -minor)
        sums[pair] = sums.get(pair, 0) + signed
    return {
        (one, other) if minor > 0 else (other, one): abs(minor)
        for (one, other), minor in sums.items()
        if minor and one != other
    }


def staircase(nets: Nets) -> list[tuple[AccountId, AccountId, int]]:
    """Payers and payees in the order of their accounts, each paying on where the one before has stopped."""
    debtors = [[account, -net] for account, net in sorted(nets.items()) if net < 0]
    creditors = [[account, net] for account, net in sorted(nets.items()) if net > 0]
    made: list[tuple[AccountId, AccountId, int]] = []
    payer = payee = 0
    while payer < len(debtors):
        minor = min(debtors[payer][1], creditors[payee][1])
        made.append((AccountId(debtors[payer][0]), AccountId(creditors[payee][0]), minor))
        debtors[payer][1] -= minor
        creditors[payee][1] -= minor
        payer += not debtors[payer][1]
        payee += not creditors[payee][1]
    return made


def _minimal(nets: Nets, before: Plan | None) -> Plan:
    places = list(nets)
    fresh = _plan(
        Minimal(), [{places[at]: nets[places[at]] for at in sorted(group)} for group in groups(list(nets.values()))]
    )
    kept = None if before is None else _kept(before.transfers, nets)
    if before is None or kept is None:
        return fresh
    # Of many people, a smaller rest may be grouped better than all of them were; who was told to pay is not told anew.
    only_paid = _amounts(kept) <= _amounts(before)
    return kept if only_paid or len(kept.transfers) <= len(fresh.transfers) else fresh


def _amounts(plan: Plan) -> set[tuple[AccountId, AccountId, int]]:
    return {(each.payer, each.payee, each.minor) for each in plan.transfers}


def _plan(mode: Mode, blocks: Sequence[Nets]) -> Plan:
    ordered = sorted(blocks, key=min)
    transfers = [Transfer(*step, number) for number, block in enumerate(ordered) for step in staircase(block)]
    return Plan(mode, tuple(transfers), tuple(ordered))


def _through(mode: Treasurer, treasurer: AccountId, nets: Nets) -> Plan:
    transfers = [
        Transfer(account, treasurer, -net, 0) if net < 0 else Transfer(treasurer, account, net, 0)
        for account, net in sorted(nets.items(), key=lambda each: (each[1] > 0, each[0]))
        if account != treasurer
    ]
    return Plan(mode, tuple(transfers), (dict(nets),) if transfers else ())


def _kept(transfers: Sequence[Transfer], nets: Nets) -> Plan | None:
    """The same people paying the same people, as much as it takes now; None where that does not lead to zero.

    Transfers of a block form a tree, so from its leaves on there is just one way.
    """
    left = {account: 0 for each in transfers for account in (each.payer, each.payee)} | dict(nets)
    waiting = {number: (each.payer, each.payee) for number, each in enumerate(transfers)}
    at: dict[AccountId, set[int]] = {account: set() for account in left}
    for number, pair in waiting.items():
        for account in pair:
            at[account].add(number)
    amounts: dict[int, int] = {}
    leaves = [account for account, numbers in at.items() if len(numbers) == 1]
    while leaves:
        leaf = leaves.pop()
        if not at[leaf]:
            continue
        number = at[leaf].pop()
        payer, payee = waiting.pop(number)
        amounts[number] = -left[leaf] if leaf == payer else left[leaf]
        left[payer] += amounts[number]
        left[payee] -= amounts[number]
        other = payee if leaf == payer else payer
        at[other].remove(number)
        if len(at[other]) == 1:
            leaves.append(other)
    if waiting or any(left.values()) or min(amounts.values(), default=0) < 0:
        return None
    steps = [(each.payer, each.payee, amounts[number]) for number, each in enumerate(transfers) if amounts[number]]
    return _of_steps(steps, nets)


def _of_steps(steps: Sequence[tuple[AccountId, AccountId, int]], nets: Nets) -> Plan:
    """The plan that these payments are, with the blocks that they connect."""
    together = {account: {account} for account in nets}
    for payer, payee, _ in steps:
        joined = together[payer] | together[payee]
        together.update(dict.fromkeys(joined, joined))
    blocks = sorted({min(block): sorted(block) for block in together.values()}.items())
    number = {account: place for place, (_, block) in enumerate(blocks) for account in block}
    transfers = tuple(Transfer(payer, payee, minor, number[payer]) for payer, payee, minor in steps)
    return Plan(Minimal(), transfers, tuple({account: nets[account] for account in block} for _, block in blocks))
