"""The books in the language of beancount: every account an asset with the balance that it has here.

Names may hold anything, accounts of beancount may not: a component begins with a capital letter or a digit and goes on
with letters, digits and dashes. So each begins with M and the account's number, which also keeps namesakes apart, and
the whole name is told as metadata. What was taken back stays in, as it did happen; the balances at the end make
beancount itself check that nothing is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from laiwang_bridge.payments.books.book import Account, AccountKind, Books, Entry, balances
from laiwang_bridge.payments.books.exporting.naming import column_names, one_line
from laiwang_bridge.payments.money.money import Money, currency, decimal_text

_GROUPS = {AccountKind.USER: "Members", AccountKind.GUEST: "Guests", AccountKind.SYSTEM: "System"}
_LONGEST_NAME = 40
_DAY = dt.timedelta(days=1)


def write(books: Books) -> str:
    names = column_names(books)
    accounts = {account.number: _account(account, names[account.number]) for account in books.accounts}
    entries = sorted(books.entries, key=lambda entry: (entry.date, entry.number))
    lines = [f'option "title" "{_text(books.title)}"']
    lines += [f'option "operating_currency" "{books.currency}"', ""]
    if entries:
        lines += _openings(books, accounts, entries[0].date)
        for entry in entries:
            lines += ["", *_transaction(entry, accounts)]
        lines += ["", *_checks(entries, accounts)]
    return "\n".join(lines) + "\n"


def _openings(books: Books, accounts: Mapping[int, str], first: dt.date) -> list[str]:
    lines = []
    for account in books.accounts:
        lines += [f"{first} open {accounts[account.number]}", f'  name: "{_text(account.name)}"']
        if account.user:
            lines.append(f'  matrix-id: "{_text(account.user)}"')
    return lines


def _transaction(entry: Entry, accounts: Mapping[int, str]) -> list[str]:
    lines = [f'{entry.date} * "{_text(entry.title)}"', f'  kind: "{_text(entry.kind)}"', f"  number: {entry.number}"]
    if entry.category:
        lines.append(f'  category: "{_text(entry.category)}"')
    if entry.reverses is not None:
        lines.append(f"  reverses: {entry.reverses}")
    lines += [
        f"  {accounts[one.account]}  {decimal_text(Money(one.minor, currency(one.currency)))} {one.currency}"
        for one in entry.postings
    ]
    return lines


def _checks(entries: list[Entry], accounts: Mapping[int, str]) -> list[str]:
    after = entries[-1].date + _DAY if entries[-1].date < dt.date.max else entries[-1].date
    return [
        f"{after} balance {accounts[account]}  {decimal_text(Money(minor, currency(code)))} {code}"
        for (account, code), minor in balances(entries).items()
    ]


def _account(account: Account, name: str) -> str:
    letters = "".join(char if char.isalpha() or char.isdecimal() else "-" for char in name)
    component = "-".join(filter(None, letters[:_LONGEST_NAME].split("-")))
    return f"Assets:{_GROUPS[account.kind]}:M{account.number}" + (f"-{component}" if component else "")


def _text(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
