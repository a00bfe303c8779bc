"""The books of rooms: accounts, entries, balances, settings. What may never be is refused by the database itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NewType

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from laiwang_bridge.payments.entries import Entry, EntryId, NewEntry
from laiwang_bridge.payments.settling import Debts, Plan
from laiwang_bridge.payments.splitting import AccountId

LedgerId = NewType("LedgerId", int)


class AccountKind(StrEnum):
    USER = "user"
    GUEST = "guest"
    SYSTEM = "system"
    FORMER = "former"
    """Somebody who asked to be forgotten; the name is made up."""


class WhoAdds(StrEnum):
    MEMBERS = "members"
    HOSTS = "hosts"


class WhoChanges(StrEnum):
    """Whose bills may be changed by whom. AUTHOR: the author, and hosts. MEMBERS: everybody. HOSTS: hosts alone."""

    AUTHOR = "author"
    MEMBERS = "members"
    HOSTS = "hosts"


class Confirmation(StrEnum):
    """Whether "I have paid" counts at once (ONE), or when whoever got it says so too (TWO)."""

    ONE = "one"
    TWO = "two"


class SettleMode(StrEnum):
    MINIMAL = "minimal"
    PAIRWISE = "pairwise"
    TREASURER = "treasurer"


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """`currency` is an ISO 4217 code. Totals from `ask_from` on (minor units of it) are asked about first."""

    currency: str
    who_may_add: WhoAdds = WhoAdds.MEMBERS
    who_may_change: WhoChanges = WhoChanges.AUTHOR
    confirmation: Confirmation = Confirmation.TWO
    remind: bool = True
    mode: SettleMode = SettleMode.MINIMAL
    treasurer: AccountId | None = None
    ask_from: int | None = None


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


@dataclass(frozen=True, slots=True)
class RoomBalance:
    """What a person has in one room in one currency."""

    ledger: LedgerId
    room: RoomID
    account: AccountId
    currency: str
    minor: int


def open_ledger(connection: Connection, room: RoomID, currency: str, now: int) -> LedgerId:
    """The ledger of a room, made in this currency where there is none yet."""
    raise NotImplementedError


def ledger_of(connection: Connection, room: RoomID) -> LedgerId | None:
    raise NotImplementedError


def room_of(connection: Connection, ledger: LedgerId) -> RoomID:
    raise NotImplementedError


def settings(connection: Connection, ledger: LedgerId) -> LedgerSettings:
    raise NotImplementedError


def change_settings(connection: Connection, ledger: LedgerId, wanted: LedgerSettings) -> None:
    raise NotImplementedError


def move(connection: Connection, old: RoomID, new: RoomID) -> bool:
    """A room was upgraded: its ledger goes on in the new one. False where there is none, or the new one has its own."""
    raise NotImplementedError


def account_of(connection: Connection, ledger: LedgerId, user: UserID, now: int) -> AccountId:
    """The account of a user, made where there is none yet."""
    raise NotImplementedError


def guest_account(connection: Connection, ledger: LedgerId, name: str, now: int) -> AccountId:
    """The account of somebody without a Matrix id, by name (upper and lower case are the same)."""
    raise NotImplementedError


def system_account(connection: Connection, ledger: LedgerId, word: str, now: int) -> AccountId:
    """An account of nobody: `packet:…`, `clearing:…`, `fx`."""
    raise NotImplementedError


def find_account(connection: Connection, ledger: LedgerId, user: UserID) -> AccountId | None:
    raise NotImplementedError


def find_guest(connection: Connection, ledger: LedgerId, name: str) -> AccountId | None:
    raise NotImplementedError


def accounts(connection: Connection, ledger: LedgerId) -> dict[AccountId, Account]:
    """All accounts, in the order in which they came."""
    raise NotImplementedError


def change_account(
    connection: Connection, account: AccountId, *, weight: Fraction, settles_with: AccountId | None
) -> None:
    raise NotImplementedError


def post(connection: Connection, ledger: LedgerId, entry: NewEntry, now: int) -> EntryId | None:
    """Write an entry into the books; None where its key was applied to this ledger before.

    Raises `Unbalanced` (and the database would refuse it too) for postings that do not add up to 0 in each currency.
    """
    raise NotImplementedError


def reverse_entry(
    connection: Connection, ledger: LedgerId, entry: EntryId, key: str, now: int, author: AccountId | None = None
) -> EntryId | None:
    """Take an entry back; None where the key was applied before, or the entry is taken back already."""
    raise NotImplementedError


def entry(connection: Connection, id: EntryId) -> Entry | None:
    raise NotImplementedError


def entries(
    connection: Connection, ledger: LedgerId, *, before: EntryId | None = None, limit: int | None = None
) -> list[Entry]:
    """Entries, newest first: those before one of them, so many."""
    raise NotImplementedError


def was_applied(connection: Connection, ledger: LedgerId, key: str) -> EntryId | None:
    """The entry with this key."""
    raise NotImplementedError


def balances(connection: Connection, ledger: LedgerId) -> dict[tuple[AccountId, str], int]:
    """What everybody has, by account and currency; those with 0 are left out."""
    raise NotImplementedError


def balance(connection: Connection, account: AccountId, currency: str) -> int:
    raise NotImplementedError


def balances_of_user(connection: Connection, users: Collection[UserID]) -> list[RoomBalance]:
    """What somebody has in all rooms; those with 0 are left out."""
    raise NotImplementedError


def carry_of(connection: Connection, ledger: LedgerId, currency: str) -> dict[AccountId, int]:
    """How far rounding has charged everybody above his exact shares, in grains: give it to `splitting.divide`."""
    raise NotImplementedError


def who_owes_whom(connection: Connection, ledger: LedgerId, currency: str) -> Debts:
    """What each owes each other by the entries alone, both directions set off."""
    raise NotImplementedError


def settlement(connection: Connection, ledger: LedgerId, currency: str, now: int) -> Plan:
    """The payments to suggest, by the ledger's settings. Remembered, so that what was not paid yet stays as it was."""
    raise NotImplementedError


def names_of(connection: Connection, wanted: Sequence[AccountId]) -> Mapping[AccountId, str]:
    raise NotImplementedError


def forget_user(connection: Connection, user: UserID) -> None:
    """His accounts go on under a made-up name; sums stay as they are."""
    raise NotImplementedError
