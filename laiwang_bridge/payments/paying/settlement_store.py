"""Plans to settle what the books say, remembered so that what was not paid yet stays as it was suggested."""

from __future__ import annotations

import json
from itertools import groupby

from sqlalchemy import Connection, select

from appservice.sql import upsert
from laiwang_bridge.payments.ledger.ledger_settings import SettleMode
from laiwang_bridge.payments.ledger.ledger_store import LedgerId, nets, settings
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry, pay_plan, pay_posting
from laiwang_bridge.payments.ledger.settling import (
    Debts,
    Minimal,
    Mode,
    Pairwise,
    Plan,
    Transfer,
    Treasurer,
    as_units,
    debts_as_units,
    plan,
    set_off,
    staircase,
)
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import standing


def settlement(
    connection: Connection, ledger: LedgerId, currency: str, now: int, mode: SettleMode | None = None
) -> Plan:
    """The payments to suggest, by the ledger's settings unless another mode is wished for; who settles as one pays as
    one. The plan with the fewest payments is remembered: what is open of it is suggested again."""
    wanted = settings(connection, ledger)
    units = standing.heads_of(connection, ledger)
    open_nets = as_units(nets(connection, ledger, currency), units)
    how = _mode(connection, ledger, currency, mode or wanted.mode, wanted.treasurer, units)
    if not isinstance(how, Minimal):
        return plan(open_nets, how)
    before = _remembered(connection, ledger, currency)
    made = plan(open_nets, how, before)
    if before is None or before.transfers != made.transfers:
        _remember(connection, ledger, currency, made, now)
    return made


def who_owes_whom(connection: Connection, ledger: LedgerId, currency: str) -> Debts:
    """What each owes each other by the entries alone, both directions set off.

    Where several have paid, those who owe pay them in the order of their accounts.
    """
    columns = (pay_posting.c.entry, pay_posting.c.account, pay_posting.c.minor)
    here = (pay_entry.c.ledger == ledger) & (pay_posting.c.currency == currency)
    statement = select(*columns).join(pay_entry).where(here).order_by(pay_posting.c.entry, pay_posting.c.number)
    steps = []
    for _, postings in groupby(connection.execute(statement), key=lambda row: row.entry):
        within: dict[AccountId, int] = {}
        for _, account, minor in postings:
            within[AccountId(account)] = within.get(AccountId(account), 0) + minor
        steps += [((payer, payee), minor) for payer, payee, minor in staircase(within)]
    return set_off(steps)


def _mode(
    connection: Connection,
    ledger: LedgerId,
    currency: str,
    mode: SettleMode,
    treasurer: AccountId | None,
    units: dict[AccountId, AccountId],
) -> Mode:
    if mode is SettleMode.PAIRWISE:
        return Pairwise(debts_as_units(who_owes_whom(connection, ledger, currency), units))
    if mode is SettleMode.TREASURER and treasurer is not None:
        return Treasurer(units.get(treasurer, treasurer))
    return Minimal()


def _remembered(connection: Connection, ledger: LedgerId, currency: str) -> Plan | None:
    here = (pay_plan.c.ledger == ledger) & (pay_plan.c.currency == currency)
    if (text := connection.execute(select(pay_plan.c.plan).where(here)).scalar()) is None:
        return None
    transfers = tuple(
        Transfer(AccountId(payer), AccountId(payee), minor, block) for payer, payee, minor, block in json.loads(text)
    )
    return Plan(Minimal(), transfers, ())


def _remember(connection: Connection, ledger: LedgerId, currency: str, made: Plan, now: int) -> None:
    transfers = json.dumps([[each.payer, each.payee, each.minor, each.block] for each in made.transfers])
    upsert(connection, pay_plan, {"ledger": ledger, "currency": currency, "plan": transfers, "made_at": now})
