"""The books of rooms: accounts, entries, balances, settings. What may never be is refused by the database itself.

Balances and rounding are kept up by the database as postings are written (see `ledger_guards`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, NewType

from mautrix.types import RoomID, UserID
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, text, update

from appservice.prepared import Prepared
from laiwang_bridge.payments.ledger.entries import (
    Entry,
    EntryId,
    Exchange,
    NewEntry,
    Posting,
    Unbalanced,
    faults,
    reverse,
)
from laiwang_bridge.payments.ledger.ledger_settings import LedgerSettings, row_of_settings, settings_of_row
from laiwang_bridge.payments.ledger.ledger_tables import (
    pay_account,
    pay_balance,
    pay_entry,
    pay_ledger,
    pay_note,
    pay_posting,
)
from laiwang_bridge.payments.ledger.rows import (
    entry_of_row,
    exchange_of_row,
    posting_of_row,
    row_of_entry,
    rows_of_postings,
)
from laiwang_bridge.payments.ledger.splitting import AccountId

LedgerId = NewType("LedgerId", int)


class AccountKind(StrEnum):
    USER = "user"
    GUEST = "guest"
    SYSTEM = "system"
    FORMER = "former"
    """Somebody who asked to be forgotten; the name is made up."""


@dataclass(frozen=True, slots=True)
class Account:
    """`name` is the Matrix id of a user, the name of a guest, or the word for a system account.

    `weight` is how much somebody bears by default (1/2: a child). `settles_with` is the account that pays and is paid
    for this one too (couples, families).
    """

    id: AccountId
    ledger: LedgerId
    kind: AccountKind
    name: str
    weight: Fraction = Fraction(1)
    settles_with: AccountId | None = None

    @property
    def head(self) -> AccountId:
        """The account that pays and is paid for this one."""
        return self.settles_with or self.id


@dataclass(frozen=True, slots=True)
class RoomBalance:
    """What a person has in one room in one currency; `account` is the one that pays and is paid for him."""

    ledger: LedgerId
    room: RoomID
    account: AccountId
    currency: str
    minor: int


_ENTRY_COLUMNS = [*pay_entry.c, pay_note.c.text]
_WITH_NOTES = pay_entry.outerjoin(pay_note)
# Every bill needs these.
_LEDGER_OF = Prepared(select(pay_ledger.c.id).where(pay_ledger.c.room_id == bindparam("room")))
_ROOM_OF = Prepared(select(pay_ledger.c.room_id).where(pay_ledger.c.id == bindparam("ledger")))
_SETTINGS = Prepared(select(pay_ledger).where(pay_ledger.c.id == bindparam("ledger")))
_ACCOUNTS = Prepared(select(pay_account).where(pay_account.c.ledger == bindparam("ledger")).order_by(pay_account.c.id))
_ACCOUNT_ID = Prepared(
    select(pay_account.c.id).where(
        pay_account.c.ledger == bindparam("ledger"),
        pay_account.c.kind == bindparam("kind"),
        pay_account.c.known_as == bindparam("known_as"),
    )
)
_BY_KEY = Prepared(
    select(pay_entry.c.id).where(pay_entry.c.ledger == bindparam("ledger"), pay_entry.c.key == bindparam("key"))
)
_LAST_ON_SQLITE = Prepared(select(func.coalesce(func.max(pay_entry.c.id), 0)))
_NEXT_ON_POSTGRES = text("select nextval(pg_get_serial_sequence('pay_entry', 'id'))")
_EXCHANGE = Prepared(
    select(*(each for each in pay_entry.c if each.name.startswith("exchange_"))).where(
        pay_entry.c.id == bindparam("id")
    )
)
_ROOM_BALANCES = Prepared(
    select(pay_balance.c.account, pay_balance.c.currency, pay_balance.c.minor)
    .join(pay_account, pay_account.c.id == pay_balance.c.account)
    .where(pay_account.c.ledger == bindparam("ledger"), pay_balance.c.minor != 0)
    .order_by(pay_balance.c.account, pay_balance.c.currency)
)
_ROOM_CARRY = Prepared(
    select(pay_balance.c.account, pay_balance.c.carry)
    .join(pay_account, pay_account.c.id == pay_balance.c.account)
    .where(
        pay_account.c.ledger == bindparam("ledger"),
        pay_balance.c.currency == bindparam("currency"),
        pay_balance.c.carry != 0,
    )
)


_PUT_POSTINGS = Prepared(insert(pay_posting), [column.name for column in pay_posting.c])
_PUT_ENTRY = Prepared(insert(pay_entry), [column.name for column in pay_entry.c])


def open_ledger(connection: Connection, room: RoomID, currency: str, now: int) -> LedgerId:
    """The ledger of a room, made in this currency where there is none yet."""
    if (found := ledger_of(connection, room)) is not None:
        return found
    row = {"room_id": room, "created_at": now, **row_of_settings(LedgerSettings(currency))}
    return LedgerId(connection.execute(insert(pay_ledger).returning(pay_ledger.c.id), row).scalar_one())


def ledger_of(connection: Connection, room: RoomID) -> LedgerId | None:
    id = _LEDGER_OF.scalar(connection, room=room)
    return None if id is None else LedgerId(id)


def room_of(connection: Connection, ledger: LedgerId) -> RoomID:
    """Raises `LookupError` if there is no such ledger."""
    room = _ROOM_OF.scalar(connection, ledger=ledger)
    if room is None:
        raise LookupError(f"there is no ledger {ledger}")
    return RoomID(room)


def settings(connection: Connection, ledger: LedgerId) -> LedgerSettings:
    return settings_of_row(_SETTINGS.first(connection, ledger=ledger))


def change_settings(connection: Connection, ledger: LedgerId, wanted: LedgerSettings) -> None:
    connection.execute(update(pay_ledger).where(pay_ledger.c.id == ledger), row_of_settings(wanted))


def move(connection: Connection, old: RoomID, new: RoomID) -> bool:
    """A room was upgraded: its ledger goes on in the new one. False where there is none, or the new one has its own."""
    if ledger_of(connection, new) is not None:
        return False
    done = connection.execute(update(pay_ledger).where(pay_ledger.c.room_id == old).values(room_id=new))
    return done.rowcount > 0


def account_of(connection: Connection, ledger: LedgerId, user: UserID, now: int) -> AccountId:
    """The account of a user, made where there is none yet."""
    return _account(connection, ledger, AccountKind.USER, user, user, now)


def guest_account(connection: Connection, ledger: LedgerId, name: str, now: int) -> AccountId:
    """The account of somebody without a Matrix id, by name (upper and lower case are the same)."""
    return _account(connection, ledger, AccountKind.GUEST, " ".join(name.split()), _known_as(name), now)


def system_account(connection: Connection, ledger: LedgerId, word: str, now: int) -> AccountId:
    """An account of nobody: `packet:…`, `clearing:…`, `fx`."""
    return _account(connection, ledger, AccountKind.SYSTEM, word, word, now)


def find_account(connection: Connection, ledger: LedgerId, user: UserID) -> AccountId | None:
    return _find(connection, ledger, AccountKind.USER, user)


def find_guest(connection: Connection, ledger: LedgerId, name: str) -> AccountId | None:
    return _find(connection, ledger, AccountKind.GUEST, _known_as(name))


def accounts(connection: Connection, ledger: LedgerId) -> dict[AccountId, Account]:
    """All accounts, in the order in which they came."""
    return {row.id: _account_of_row(row) for row in _ACCOUNTS.all(connection, ledger=ledger)}


def account(connection: Connection, id: AccountId) -> Account | None:
    row = connection.execute(select(pay_account).where(pay_account.c.id == id)).first()
    return None if row is None else _account_of_row(row)


def change_account(
    connection: Connection, account: AccountId, *, weight: Fraction, settles_with: AccountId | None
) -> None:
    """Set both. Who settled with this account settles with the other one too. Raises ValueError if it is the same."""
    head = settles_with and (_head_of(connection, settles_with) or settles_with)
    if head == account:
        raise ValueError("nobody settles with himself")
    values = {"weight": str(weight), "settles_with": head}
    connection.execute(update(pay_account).where(pay_account.c.id == account).values(values))
    if head is not None:
        connection.execute(update(pay_account).where(pay_account.c.settles_with == account).values(settles_with=head))


def post(connection: Connection, ledger: LedgerId, entry: NewEntry, now: int) -> EntryId | None:
    """Write an entry into the books; None where its key was applied to this ledger before.

    Raises `Unbalanced` (and the database would refuse it too) for postings that do not add up to 0 in each currency.
    """
    if found := faults(entry.postings):
        raise Unbalanced("; ".join(found))
    if was_applied(connection, ledger, entry.key) is not None:
        return None
    id = _next_id(connection)
    _PUT_POSTINGS.send_all(connection, rows_of_postings(id, entry))
    _PUT_ENTRY.run(connection, **row_of_entry(ledger, id, entry, now))
    if entry.note:
        connection.execute(insert(pay_note), {"entry": id, "text": entry.note})
    return id


def reverse_entry(
    connection: Connection,
    ledger: LedgerId,
    id: EntryId,
    key: str,
    date: dt.date,
    now: int,
    author: AccountId | None = None,
) -> EntryId | None:
    """Take an entry back; None where the key was applied before, or the entry is taken back already."""
    found = entry(connection, id)
    if found is None or found.reversed_by is not None:
        return None
    return post(connection, ledger, reverse(found, key, date, author), now)


def was_applied(connection: Connection, ledger: LedgerId, key: str) -> EntryId | None:
    """The entry with this key."""
    id = _BY_KEY.scalar(connection, ledger=ledger, key=key)
    return None if id is None else EntryId(id)


def entry(connection: Connection, id: EntryId) -> Entry | None:
    found = _entries(connection, pay_entry.c.id == id, None)
    return found[0] if found else None


def entries_with(connection: Connection, ids: Iterable[EntryId]) -> list[Entry]:
    """These entries, the oldest first."""
    return [
        one for some in _batches(sorted(ids)) for one in reversed(_entries(connection, pay_entry.c.id.in_(some), None))
    ]


def exchange_of(connection: Connection, id: EntryId) -> Exchange | None:
    """How the total of a bill was converted, if it was."""
    row = _EXCHANGE.first(connection, id=id)
    return None if row is None else exchange_of_row(row)


def entries(
    connection: Connection, ledger: LedgerId, *, before: EntryId | None = None, limit: int | None = None
) -> list[Entry]:
    """Entries, newest first: those before one of them, so many."""
    here = pay_entry.c.ledger == ledger
    return _entries(connection, here if before is None else here & (pay_entry.c.id < before), limit)


def balances(connection: Connection, ledger: LedgerId) -> dict[tuple[AccountId, str], int]:
    """What everybody has, by account and currency; those with 0 are left out."""
    rows = _ROOM_BALANCES.all(connection, ledger=ledger)
    return {(account, currency): minor for account, currency, minor in rows}


def nets(connection: Connection, ledger: LedgerId, currency: str) -> dict[AccountId, int]:
    """The same in one currency."""
    found = balances(connection, ledger)
    return {account: minor for (account, of), minor in found.items() if of == currency}


def balances_of_user(connection: Connection, users: Collection[UserID]) -> list[RoomBalance]:
    """What somebody has in all rooms, together with those with whom he settles as one; 0 is left out."""
    is_his = (pay_account.c.kind == AccountKind.USER) & pay_account.c.known_as.in_(users)
    head = func.coalesce(pay_account.c.settles_with, pay_account.c.id).label("head")
    unit = select(pay_account.c.ledger, head).where(is_his).distinct().subquery()
    one = pay_account.alias("one")
    minor = func.sum(pay_balance.c.minor)
    statement = (
        select(pay_ledger.c.id, pay_ledger.c.room_id, unit.c.head, pay_balance.c.currency, minor)
        .select_from(unit)
        .join(pay_ledger, pay_ledger.c.id == unit.c.ledger)
        .join(one, (one.c.ledger == unit.c.ledger) & ((one.c.id == unit.c.head) | (one.c.settles_with == unit.c.head)))
        .join(pay_balance, pay_balance.c.account == one.c.id)
        .group_by(pay_ledger.c.id, pay_ledger.c.room_id, unit.c.head, pay_balance.c.currency)
        .having(minor != 0)
        .order_by(unit.c.head, pay_balance.c.currency)
    )
    return [
        RoomBalance(LedgerId(ledger), RoomID(room), AccountId(account), currency, int(total))
        for ledger, room, account, currency, total in connection.execute(statement)
    ]


def accounts_of_user(connection: Connection, user: UserID) -> list[tuple[LedgerId, AccountId]]:
    """Somebody's accounts in all rooms."""
    here = (pay_account.c.kind == AccountKind.USER) & (pay_account.c.known_as == user)
    rows = connection.execute(select(pay_account.c.ledger, pay_account.c.id).where(here).order_by(pay_account.c.id))
    return [(LedgerId(ledger), AccountId(account)) for ledger, account in rows]


def paid_for_by(connection: Connection, accounts: Iterable[AccountId]) -> list[tuple[LedgerId, AccountId]]:
    """The guests whom these accounts pay for."""
    here = (pay_account.c.kind == AccountKind.GUEST) & pay_account.c.settles_with.in_(list(accounts))
    rows = connection.execute(select(pay_account.c.ledger, pay_account.c.id).where(here).order_by(pay_account.c.id))
    return [(LedgerId(ledger), AccountId(account)) for ledger, account in rows]


def carry_of(connection: Connection, ledger: LedgerId, currency: str) -> dict[AccountId, int]:
    """How far rounding has charged everybody above his exact shares, in grains: give it to `splitting.divide`."""
    return dict(_ROOM_CARRY.all(connection, ledger=ledger, currency=currency))


def forget_user(connection: Connection, user: UserID) -> None:
    """His accounts go on under a made-up name, without what he wrote beside entries; sums stay as they are."""
    here = (pay_account.c.kind == AccountKind.USER) & (pay_account.c.known_as == user)
    for id in connection.execute(select(pay_account.c.id).where(here)).scalars().all():
        name = f"former-{id}"
        values = {"kind": AccountKind.FORMER, "name": name, "known_as": name}
        connection.execute(update(pay_account).where(pay_account.c.id == id).values(values))
        his = select(pay_entry.c.id).where(pay_entry.c.author == id)
        connection.execute(delete(pay_note).where(pay_note.c.entry.in_(his)))


def _head_of(connection: Connection, account: AccountId) -> AccountId | None:
    head = connection.execute(select(pay_account.c.settles_with).where(pay_account.c.id == account)).scalar()
    return None if head is None else AccountId(head)


def _known_as(name: str) -> str:
    return " ".join(name.casefold().split())


def _account(
    connection: Connection, ledger: LedgerId, kind: AccountKind, name: str, known_as: str, now: int
) -> AccountId:
    if (found := _find(connection, ledger, kind, known_as)) is not None:
        return found
    row = {"ledger": ledger, "kind": kind, "name": name, "known_as": known_as, "weight": "1", "since": now}
    return AccountId(connection.execute(insert(pay_account).returning(pay_account.c.id), row).scalar_one())


def _find(connection: Connection, ledger: LedgerId, kind: AccountKind, known_as: str) -> AccountId | None:
    id = _ACCOUNT_ID.scalar(connection, ledger=ledger, kind=kind, known_as=known_as)
    return None if id is None else AccountId(id)


@lru_cache(maxsize=4096)
def _account_of_row(row: Any) -> Account:
    return Account(row.id, row.ledger, AccountKind(row.kind), row.name, Fraction(row.weight), row.settles_with)


def _next_id(connection: Connection) -> EntryId:
    if connection.dialect.name == "sqlite":  # there is one writer, and no entry ever goes
        return EntryId(_LAST_ON_SQLITE.scalar(connection) + 1)
    return EntryId(connection.execute(_NEXT_ON_POSTGRES).scalar_one())


def _entries(connection: Connection, where: ColumnElement[bool], limit: int | None) -> list[Entry]:
    statement = select(*_ENTRY_COLUMNS).select_from(_WITH_NOTES).where(where).order_by(pay_entry.c.id.desc())
    rows = connection.execute(statement if limit is None else statement.limit(limit)).all()
    postings: dict[int, list[Posting]] = {}
    reversals: dict[int, int] = {}
    for ids in _batches([row.id for row in rows]):
        here = pay_posting.c.entry.in_(ids)
        for row in connection.execute(select(pay_posting).where(here).order_by(pay_posting.c.number)):
            postings.setdefault(row.entry, []).append(posting_of_row(row))
        found = select(pay_entry.c.reverses, pay_entry.c.id).where(pay_entry.c.reverses.in_(ids))
        reversals.update((reversed, id) for reversed, id in connection.execute(found))
    return [entry_of_row(row, postings[row.id], reversals.get(row.id)) for row in rows]


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
