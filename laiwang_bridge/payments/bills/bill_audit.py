"""Whether bills and books tell the same."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sqlalchemy import Connection, select

from laiwang_bridge.payments.bills.bill_tables import pay_bill, pay_bill_version
from laiwang_bridge.payments.bills.versions import Version, nets_of, version_of_row
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry, pay_posting
from laiwang_bridge.payments.ledger.splitting import CannotDivide, exact_shares

_AT_ONCE = 500


def faults_of_bills(connection: Connection) -> tuple[int, list[str]]:
    """How many bills there are, and what is wrong with some."""
    current = (pay_bill_version.c.bill == pay_bill.c.id) & (pay_bill_version.c.version == pay_bill.c.current)
    statement = select(pay_bill.c.is_void, pay_bill_version).join(pay_bill_version, current).order_by(pay_bill.c.id)
    rows = connection.execute(statement).all()
    found: list[str] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        booked = _booked(connection, [row.entry for row in some if row.entry is not None])
        for row in some:
            nets, is_reversed = booked.get(row.entry, ({}, False))
            sentences = _faults(version_of_row(row), row.is_void, nets, is_reversed)
            found += [f"bill {row.bill}: {sentence}" for sentence in sentences]
    return len(rows), found


def _booked(connection: Connection, entries: list[int]) -> dict[int, tuple[dict[int, int], bool]]:
    """What each of these entries has for whom, and whether it was taken back."""
    here = pay_entry.c.reverses.in_(entries)
    reversed_ones = set(connection.execute(select(pay_entry.c.reverses).where(here)).scalars())
    found: dict[int, tuple[dict[int, int], bool]] = {entry: ({}, entry in reversed_ones) for entry in entries}
    for posting in connection.execute(select(pay_posting).where(pay_posting.c.entry.in_(entries))):
        nets, _ = found[posting.entry]
        nets[posting.account] = nets.get(posting.account, 0) + posting.minor
    return found


def _faults(version: Version, is_void: bool, booked: dict[int, int], is_reversed: bool) -> Iterator[str]:
    content = version.content
    total = content.total.minor
    if sum(content.shares.values()) != total or sum(content.paid.values()) != total:
        yield f"its shares or payments do not add up to {total}"
    try:
        exact = exact_shares(total, content.split)
    except CannotDivide:
        yield f"its split does not fit {total}"
    else:
        wrong = [
            account for account, share in content.shares.items() if abs(share - exact.get(account, Fraction())) >= 1
        ]
        if wrong or exact.keys() - content.shares.keys():
            yield f"what {wrong} bear is not near their exact shares"
    if {account: net for account, net in booked.items() if net} != {
        account: net for account, net in nets_of(content).items() if net
    }:
        yield "the books have something else"
    if version.entry is not None and is_void is not is_reversed:
        yield "it is void and still counts" if is_void else "it was taken back in the books alone"
