"""Whether books that say they are ours could be: a file can be written by anybody, with hashes that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from laiwang_bridge.payments.books.book import Books, Entry, Posting
from laiwang_bridge.payments.money.money import LARGEST_MINOR, UnknownCurrency, currency

_LARGEST_CARRY = 2**62


def is_sound(books: Books) -> bool:
    """Known accounts and currencies, numbers in order, every key once, balanced entries, and what takes an entry back
    is its exact opposite."""
    accounts = {account.number for account in books.accounts}
    numbers = [entry.number for entry in books.entries]
    taken_back = [entry.reverses for entry in books.entries if entry.reverses is not None]
    return (
        len(accounts) == len(books.accounts)
        and numbers == sorted(set(numbers))
        and len({entry.key for entry in books.entries}) == len(numbers)
        and len(set(taken_back)) == len(taken_back)
        and _are_money({books.currency} | {one.currency for entry in books.entries for one in entry.postings})
        and all(_is_sound(entry, accounts) for entry in books.entries)
        and _are_opposites(books.entries)
    )


def _is_sound(entry: Entry, accounts: set[int]) -> bool:
    parts = (*entry.paid, *entry.shares)
    codes = {one.currency for one in entry.postings}
    return (
        bool(entry.postings)
        and entry.currency in codes
        and bool(entry.key and entry.kind)
        and all(one.account in accounts and abs(one.minor) <= LARGEST_MINOR for one in entry.postings)
        and all(one.account in accounts and abs(one.minor) <= LARGEST_MINOR for one in parts)
        and all(abs(one.carry) <= _LARGEST_CARRY for one in entry.postings)
        and sum(one.minor for one in entry.paid) == sum(one.minor for one in entry.shares)
        and all(_sums(entry.postings, code) == (0, 0) for code in codes)
    )


def _are_opposites(entries: Sequence[Entry]) -> bool:
    before: dict[int, Entry] = {}
    for entry in entries:
        if entry.reverses is not None:
            of = before.get(entry.reverses)
            if of is None or of.reverses is not None or _nets((*entry.postings, *of.postings)):
                return False
        before[entry.number] = entry
    return True


def _nets(postings: Iterable[Posting]) -> bool:
    """Whether anybody has anything left of these."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for one in postings:
        minor, carry = sums.get((one.account, one.currency), (0, 0))
        sums[one.account, one.currency] = (minor + one.minor, carry + one.carry)
    return any(any(both) for both in sums.values())


def _sums(postings: Iterable[Posting], code: str) -> tuple[int, int]:
    these = [one for one in postings if one.currency == code]
    return sum(one.minor for one in these), sum(one.carry for one in these)


def _are_money(codes: Iterable[str]) -> bool:
    try:
        return all(currency(code).code == code for code in codes)
    except UnknownCurrency:
        return False
