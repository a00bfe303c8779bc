"""Whether the books are in order, told from what is stored alone and not from what the database should have refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Connection, Table, case, func, inspect, or_, select, text

from laiwang_bridge.payments.bills.bill_audit import faults_of_bills
from laiwang_bridge.payments.ledger.ledger_tables import pay_account, pay_balance, pay_entry, pay_ledger, pay_posting
from laiwang_bridge.payments.ledger.settling import as_units, plan
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.packets import accounts

T = TypeVar("T")

_SHOWN = 20


class Rule(StrEnum):
    """What has to hold, in the words in which it is told."""

    BALANCED = "every entry adds up to 0 in each currency, and so does its rounding"
    LEDGERS = "every room adds up to 0 in each currency"
    SUMS = "every balance is the sum of its postings"
    KEPT = "nothing is missing or left over: entries have postings, postings have an entry, the guards are in place"
    REVERSED = "every reversal is the opposite of what it takes back"
    ONCE = "nothing was applied twice"
    BILLS = "every bill is in the books with its shares, which fit its total"
    PACKETS = "what was taken of a red packet, is left in it and went back is all of it"
    SETTLED = "every room could be settled to 0"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be; `sentence` says where it is."""

    rule: Rule
    sentence: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and what is wrong with it."""

    ledgers: int
    entries: int
    postings: int
    bills: int
    faults: tuple[Fault, ...]


def audit(connection: Connection) -> Audit:
    """Look at all books and bills as they are at one moment; nothing was done on this connection before."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("set transaction isolation level repeatable read"))
    bills, wrong_bills = faults_of_bills(connection)
    faults = [*_faults_of_books(connection), *(Fault(Rule.BILLS, each) for each in wrong_bills)]
    faults += [Fault(Rule.PACKETS, f"red packet {id} does not add up") for id in accounts.unbalanced(connection)]
    return Audit(
        _count(connection, pay_ledger),
        _count(connection, pay_entry),
        _count(connection, pay_posting),
        bills,
        tuple(faults),
    )


def audit_books(connection: Connection) -> list[Fault]:
    """The same without the bills: entries, postings and balances alone."""
    return list(_faults_of_books(connection))


def told(found: Audit) -> list[str]:
    """An audit in lines for an admin."""
    lines = [
        f"Looked at {found.ledgers:,} rooms with bills, {found.entries:,} entries, {found.postings:,} postings, "
        f"{found.bills:,} bills.",
    ]
    for rule in Rule:
        faults = [fault.sentence for fault in found.faults if fault.rule is rule]
        lines.append(f"{'  ok ' if not faults else 'WRONG'}  {rule}")
        lines += [f"       {sentence}" for sentence in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            lines.append(f"       and {len(faults) - _SHOWN} more")
    return lines


def _faults_of_books(connection: Connection) -> Iterator[Fault]:
    booked = _booked(connection)
    currencies = {currency for _account, currency in booked}
    checks: dict[Rule, Callable[[Connection], Iterable[str]]] = {
        Rule.LEDGERS: _unbalanced_ledgers,
        Rule.SUMS: lambda connection: _wrong_balances(connection, booked),
        Rule.KEPT: _lost_guards,
        Rule.REVERSED: _wrong_reversals,
        Rule.ONCE: _applied_twice,
        Rule.SETTLED: _not_to_be_settled,
    }
    if not _entries_are_whole(connection, several_currencies=len(currencies) > 1):
        checks[Rule.BALANCED] = _unbalanced_entries
        checks[Rule.KEPT] = lambda connection: (*_missing(connection), *_lost_guards(connection))
    for rule, check in checks.items():
        yield from (Fault(rule, sentence) for sentence in check(connection))


def _booked(connection: Connection) -> dict[tuple[int, str], tuple[int, int]]:
    """What all postings of each account come to in each currency, and their rounding."""
    of = pay_posting.c.account, pay_posting.c.currency
    sums = select(*of, func.sum(pay_posting.c.minor), func.sum(pay_posting.c.carry)).group_by(*of)
    return {(account, currency): (minor, carry) for account, currency, minor, carry in connection.execute(sums)}


def _entries_are_whole(connection: Connection, *, several_currencies: bool) -> bool:
    """Whether all entries are balanced and have postings, and all postings an entry: one look at everything.

    To look in each entry for several currencies takes nearly as long as all the rest, so that is done only where there
    are several at all.
    """
    wrong = [func.sum(pay_posting.c.minor) != 0, func.sum(pay_posting.c.carry) != 0]
    if several_currencies:  # an entry with several may be right; then the closer look will find so
        wrong.append(func.min(pay_posting.c.currency) != func.max(pay_posting.c.currency))
    each = select(pay_posting.c.entry, or_(*wrong).label("wrong")).group_by(pay_posting.c.entry).subquery()
    statement = select(func.count(), func.sum(case((or_(each.c.wrong, pay_entry.c.id.is_(None)), 1), else_=0)))
    groups, faults = connection.execute(
        statement.select_from(each.outerjoin(pay_entry, pay_entry.c.id == each.c.entry))
    ).one()
    return not faults and groups == _count(connection, pay_entry)


def _unbalanced_entries(connection: Connection) -> Iterator[str]:
    # Most entries have one currency: only the others are looked at by currency, which needs sorting.
    sums = func.sum(pay_posting.c.minor), func.sum(pay_posting.c.carry)
    several = func.min(pay_posting.c.currency) != func.max(pay_posting.c.currency)
    wanted = select(pay_posting.c.entry).group_by(pay_posting.c.entry).having((sums[0] != 0) | (sums[1] != 0) | several)
    for entries in _batches(connection.execute(wanted).scalars()):
        statement = (
            select(pay_posting.c.entry, pay_posting.c.currency, *sums)
            .where(pay_posting.c.entry.in_(entries))
            .group_by(pay_posting.c.entry, pay_posting.c.currency)
            .having((sums[0] != 0) | (sums[1] != 0))
        )
        for entry, currency, minor, carry in connection.execute(statement):
            yield f"entry {entry} has {minor} {currency} over, and {carry} grains of rounding"


def _unbalanced_ledgers(connection: Connection) -> Iterator[str]:
    total = func.sum(pay_balance.c.minor)
    statement = (
        select(pay_account.c.ledger, pay_balance.c.currency, total)
        .join(pay_account, pay_account.c.id == pay_balance.c.account)
        .group_by(pay_account.c.ledger, pay_balance.c.currency)
        .having((total != 0) | (func.sum(pay_balance.c.carry) != 0))
    )
    for ledger, currency, minor in connection.execute(statement):
        yield f"room {ledger} has {minor} {currency} over"


def _wrong_balances(connection: Connection, booked: Mapping[tuple[int, str], tuple[int, int]]) -> Iterator[str]:
    columns = pay_balance.c.account, pay_balance.c.currency, pay_balance.c.minor, pay_balance.c.carry
    balances = {
        (account, currency): (minor, carry) for account, currency, minor, carry in connection.execute(select(*columns))
    }
    for (account, currency), sums in booked.items():
        kept = balances.pop((account, currency), (0, 0))
        if kept != sums:
            yield f"account {account} has {kept[0]} {currency}, its postings come to {sums[0]}"
    for (account, currency), kept in balances.items():
        if kept != (0, 0):
            yield f"account {account} has {kept[0]} {currency}, and no postings"


def _missing(connection: Connection) -> Iterator[str]:
    entries, postings = pay_entry.c.id, pay_posting.c.entry
    alone = select(entries).where(~select(postings).where(postings == entries).exists())
    yield from (f"entry {id} has no postings" for id in connection.execute(alone).scalars())
    headless = select(postings).where(~select(entries).where(entries == postings).exists()).distinct()
    yield from (f"postings of an entry {id} that is not there" for id in connection.execute(headless).scalars())


def _lost_guards(connection: Connection) -> Iterator[str]:
    there = _guards_there(connection)
    for table in (pay_posting, pay_entry, pay_balance, pay_account):
        for statement in table.info["guards"][connection.dialect.name]:
            kind, name = statement.split()[1:3]
            if kind == "TRIGGER" and name not in there:
                yield f"the guard {name} of the table {table.name} is gone"
    tied = (key["referred_table"] for key in inspect(connection).get_foreign_keys(pay_posting.name))
    if pay_entry.name not in tied:
        yield "postings are not tied to entries any more"


def _guards_there(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        return set(connection.execute(text("select name from sqlite_master where type = 'trigger'")).scalars())
    enabled = "select tgname from pg_trigger where not tgisinternal and tgenabled <> 'D'"
    return set(connection.execute(text(enabled)).scalars())


def _wrong_reversals(connection: Connection) -> Iterator[str]:
    reversals = connection.execute(
        select(pay_entry.c.id, pay_entry.c.reverses).where(pay_entry.c.reverses.is_not(None))
    ).all()
    for some in _batches(reversals):
        sums: Counter[tuple[int, int, str]] = Counter()
        of = {row.id: row.id for row in some} | {row.reverses: row.id for row in some}
        here = pay_posting.c.entry.in_(list(of))
        for posting in connection.execute(select(pay_posting).where(here)):
            sums[of[posting.entry], posting.account, posting.currency] += posting.minor
        wrong = {reversal for (reversal, _, _), minor in sums.items() if minor}
        yield from (f"entry {id} is not the opposite of the one it reverses" for id in sorted(wrong))
        yield from (f"entry {row.id} reverses a later one" for row in some if row.reverses >= row.id)


def _applied_twice(connection: Connection) -> Iterator[str]:
    by_key = select(pay_entry.c.ledger, pay_entry.c.key, func.count()).group_by(pay_entry.c.ledger, pay_entry.c.key)
    for ledger, key, count in connection.execute(by_key.having(func.count() > 1)):
        yield f"{key} was applied {count} times in room {ledger}"
    reversals = select(pay_entry.c.reverses).where(pay_entry.c.reverses.is_not(None))
    for id, count in Counter(connection.execute(reversals).scalars()).items():
        if count > 1:
            yield f"entry {id} was taken back {count} times"


def _not_to_be_settled(connection: Connection) -> Iterator[str]:
    statement = (
        select(pay_account.c.ledger, pay_balance.c.currency, pay_account.c.id, pay_balance.c.minor)
        .join(pay_account, pay_account.c.id == pay_balance.c.account)
        .where(pay_balance.c.minor != 0)
        .order_by(pay_account.c.ledger, pay_balance.c.currency, pay_account.c.id)
    )
    books: dict[tuple[int, str], dict[AccountId, int]] = {}
    for ledger, currency, account, minor in connection.execute(statement):
        books.setdefault((ledger, currency), {})[AccountId(account)] = minor
    for (ledger, currency), nets in books.items():
        left = dict(nets)
        if not sum(nets.values()):
            for each in plan(as_units(nets, {})).transfers:
                left[each.payer] += each.minor
                left[each.payee] -= each.minor
        if any(left.values()):
            yield f"the payments suggested to room {ledger} leave debts in {currency}"


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    everything = list(rows)
    return (everything[start : start + 500] for start in range(0, len(everything), 500))


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
