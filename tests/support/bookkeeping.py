"""Books that are kept twice: by the bridge, and here with nothing but a dictionary, to compare."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from laiwang_bridge.payments.ledger import ledger_store as store
from laiwang_bridge.payments.ledger.entries import EntryId, NewEntry, Posting, bill_postings, payment_postings
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
    divide,
    exact_shares,
    total_of,
)
from laiwang_bridge.payments.paying.settlement_store import settlement

DAY = dt.date(2026, 11, 22)
CURRENCIES = ("EUR", "JPY", "KWD")


class Wrong(AssertionError):
    """The two books differ."""


def must(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


@dataclass
class Books:
    """One room. `expected` is what everybody should have, kept without any of the code that is tested but `divide`."""

    connection: Connection
    room: RoomID
    ledger: store.LedgerId
    members: list[AccountId] = field(default_factory=list)
    names: dict[AccountId, UserID] = field(default_factory=dict)
    expected: Counter[tuple[AccountId, str]] = field(default_factory=Counter)
    standing: dict[EntryId, tuple[Posting, ...]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    count: int = 0

    @classmethod
    def opened(cls, connection: Connection, room: str, people: int) -> Books:
        books = cls(connection, RoomID(room), store.open_ledger(connection, RoomID(room), "EUR", 1))
        for _ in range(people):
            books.join()
        return books

    def join(self) -> None:
        user = UserID(f"@p{self._next()}of{self.ledger}:example.org")
        account = store.account_of(self.connection, self.ledger, user, 1)
        must(account not in self.names, "an account was given twice")
        self.members.append(account)
        self.names[account] = user

    def add(self, total: int, currency: str, split: Split, payers: list[AccountId], key: str = "") -> None:
        carry = store.carry_of(self.connection, self.ledger, currency)
        division, exact = divide(total, split, carry), exact_shares(total, split)
        must(sum(division.shares.values()) == total, "shares do not add up")
        must(all(abs(division.shares[each] - exact[each]) < 1 for each in exact), "a share is not near the exact one")
        first, *others = dict.fromkeys(payers)
        paid = {first: total - len(others)} | dict.fromkeys(others, 1)
        self._post("bill", bill_postings(currency, paid, division.shares, division.carry), key)

    def edit(self, entry: EntryId, total: int, currency: str, split: Split, payers: list[AccountId]) -> None:
        self.undo(entry)
        self.add(total, currency, split, payers)

    def undo(self, entry: EntryId) -> None:
        undone = store.reverse_entry(self.connection, self.ledger, entry, f"undo/{entry}", DAY, 2)
        must(undone is not None, "what stands could not be undone")
        for posting in self.standing.pop(entry):
            self.expected[posting.account, posting.currency] -= posting.minor
        again = store.reverse_entry(self.connection, self.ledger, entry, f"undo/{entry}/again", DAY, 2)
        must(again is None, "something was undone twice")

    def again(self, key: str) -> None:
        """What was handled before comes once more."""
        entry = NewEntry("bill", key, DAY, payment_postings("EUR", self.members[0], self.members[1], 1))
        must(store.post(self.connection, self.ledger, entry, 3) is None, "a key was applied twice")

    def bring(self, nets: dict[AccountId, int], currency: str) -> None:
        """A line from another program: what everybody has of it."""
        postings = tuple(Posting(account, currency, minor) for account, minor in nets.items() if minor)
        if postings:
            self._post("import", postings)

    def pay(self, currency: str, which: int) -> None:
        """Pay one of the suggestions; the others stay as they are."""
        before = settlement(self.connection, self.ledger, currency, 1).transfers
        if not before:
            return
        chosen = before[which % len(before)]
        self._post("payment", payment_postings(currency, chosen.payer, chosen.payee, chosen.minor))
        after = settlement(self.connection, self.ledger, currency, 1).transfers
        left = [(each.payer, each.payee, each.minor) for each in before if each != chosen]
        must(
            [(each.payer, each.payee, each.minor) for each in after] == left, "a payment changed the other suggestions"
        )

    def settle(self, currency: str) -> None:
        """Pay all suggestions."""
        for each in settlement(self.connection, self.ledger, currency, 1).transfers:
            self._post("payment", payment_postings(currency, each.payer, each.payee, each.minor))
        nets = store.nets(self.connection, self.ledger, currency)
        must(nets == {}, "not everybody came to zero")
        must(settlement(self.connection, self.ledger, currency, 1).transfers == (), "there is still something to pay")

    def forget(self, account: AccountId) -> None:
        """Somebody leaves and wants to be forgotten; his sums stay."""
        if len(self.members) > 2:
            self.members.remove(account)
            store.forget_user(self.connection, self.names[account])

    def move(self) -> None:
        new = RoomID(f"!{self._next()}of{self.ledger}:example.org")
        must(store.move(self.connection, self.room, new), "the books could not be moved")
        self.room = new
        must(store.ledger_of(self.connection, new) == self.ledger, "the books were lost on the way")

    def compare(self) -> None:
        found = store.balances(self.connection, self.ledger)
        must(found == {place: minor for place, minor in self.expected.items() if minor}, "the balances differ")
        for currency in CURRENCIES:
            must(sum(minor for (_, of), minor in found.items() if of == currency) == 0, "the room does not add up to 0")

    def _post(self, kind: str, postings: tuple[Posting, ...], key: str = "") -> None:
        if not postings:
            return
        key = key or f"{kind}/{self._next()}"
        id = store.post(self.connection, self.ledger, NewEntry(kind, key, DAY, postings), 2)
        if id is None:
            raise Wrong("an entry was not taken")
        for posting in postings:
            self.expected[posting.account, posting.currency] += posting.minor
        self.standing[id] = postings
        self.keys.append(key)

    def _next(self) -> int:
        self.count += 1
        return self.count


def any_split(chance: Random, accounts: list[AccountId], total: int) -> tuple[int, Split]:
    """A way to divide a total, and the total that it needs."""
    some = chance.sample(accounts, chance.randint(1, len(accounts)))
    weights = {account: Fraction(chance.randint(1, 6), chance.choice((1, 1, 2))) for account in some}
    match chance.randrange(6):
        case 0:
            return total, Equal(tuple(some))
        case 1:
            return total, Weights(weights)
        case 2:
            percents = {account: Fraction(100, 3 * len(some)) for account in some}
            return total, Percent(percents, weights)
        case 3:
            return total, Exact({some[0]: total // (2 * len(some))}, weights)
        case 4:
            return total, Adjusted({some[-1]: total // (3 * len(some))}, weights)
    sign = -1 if total < 0 else 1
    items = tuple(Item("item", sign * chance.randint(1, 9_999), weights) for _ in range(3))
    receipt = Itemised(items, (Extra("tax", percent=Fraction(19)), Extra("tip", sign * chance.randint(0, 500))))
    return total_of(receipt) or 0, receipt


def operate(books: Books, chance: Random) -> None:
    """One operation of any kind."""
    currency = chance.choice(CURRENCIES)
    match chance.choices(range(9), (40, 10, 12, 8, 8, 10, 1, 1, 1))[0]:
        case 0:
            total, split = any_split(chance, books.members, chance.randint(-99_999, 999_999) or 1)
            books.add(total, currency, split, chance.sample(books.members, chance.choice((1, 1, 2))))
        case 1 if books.standing:
            total, split = any_split(chance, books.members, chance.randint(1, 999_999))
            books.edit(chance.choice(list(books.standing)), total, currency, split, books.members[:1])
        case 2 if books.standing:
            books.undo(chance.choice(list(books.standing)))
        case 3 if books.keys:
            books.again(chance.choice(books.keys))
        case 4:
            nets = {account: chance.randint(-9_999, 9_999) for account in books.members[1:]}
            books.bring(nets | {books.members[0]: -sum(nets.values())}, currency)
        case 5:
            books.pay(currency, chance.randrange(20))
        case 6:
            books.settle(currency)
        case 7:
            books.join()
            books.forget(chance.choice(books.members))
        case 8:
            books.move()
