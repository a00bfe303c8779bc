"""The books as a journal of hledger (and of ledger): every account an asset with the balance that it has here.

A name of an account may hold spaces, but not two in a row, and no colon (which makes a level) or semicolon (which
begins a comment); the account's number before it keeps namesakes apart. The last transaction moves nothing: it makes
hledger itself check the balances.
"""

from __future__ import annotations

from collections.abc import Mapping

from laiwang_bridge.payments.books.book import Account, AccountKind, Books, Entry, balances, currencies_of
from laiwang_bridge.payments.books.exporting.naming import column_names, one_line
from laiwang_bridge.payments.money.money import Money, currency, decimal_text

_GROUPS = {AccountKind.USER: "members", AccountKind.GUEST: "guests", AccountKind.SYSTEM: "system"}
_NOT_IN_A_NAME = str.maketrans({":": "꞉", ";": ","})
_NOT_IN_A_TITLE = str.maketrans({";": ",", "|": "/"})
_NOT_IN_A_TAG = str.maketrans({",": " ", ":": " ", ";": " "})


def write(books: Books) -> str:
    names = column_names(books)
    accounts = {account.number: _account(account, names[account.number]) for account in books.accounts}
    entries = sorted(books.entries, key=lambda entry: (entry.date, entry.number))
    codes = dict.fromkeys((books.currency, *(code for entry in entries for code in currencies_of(entry))))
    lines = [f"; {one_line(books.title)}", "decimal-mark ."]
    lines += [f"commodity {_sample(code)} {code}" for code in codes]
    lines += [
        f"account assets:{accounts[one.number]}" + (f"  ; matrix-id:{_tag(one.user)}" if one.user else "")
        for one in books.accounts
    ]
    for entry in entries:
        lines += ["", *_transaction(entry, accounts)]
    if entries:
        lines += ["", f"{entries[-1].date} * balances"]
        lines += [
            f"    assets:{accounts[account]}  0 {code} = {_decimal(minor, code)} {code}"
            for (account, code), minor in balances(entries).items()
        ]
    return "\n".join(lines) + "\n"


def _transaction(entry: Entry, accounts: Mapping[int, str]) -> list[str]:
    tags = [f"kind:{_tag(entry.kind)}"]
    if entry.category:
        tags.append(f"category:{_tag(entry.category)}")
    if entry.reverses is not None:
        tags.append(f"reverses:{entry.reverses}")
    title = one_line(entry.title).translate(_NOT_IN_A_TITLE)
    return [
        f"{entry.date} * ({entry.number}) {title}".rstrip() + f"  ; {', '.join(tags)}",
        *(f"    assets:{accounts[p.account]}  {_decimal(p.minor, p.currency)} {p.currency}" for p in entry.postings),
    ]


def _account(account: Account, name: str) -> str:
    return f"{_GROUPS[account.kind]}:{account.number} {name.translate(_NOT_IN_A_NAME)}".strip()


def _tag(text: str) -> str:
    return one_line(text.translate(_NOT_IN_A_TAG))


def _sample(code: str) -> str:
    """How amounts of a currency are written, for the directive that says so; it needs a decimal mark in any case."""
    text = _decimal(1000 * 10 ** currency(code).exponent, code)
    return text if "." in text else f"{text}."


def _decimal(minor: int, code: str) -> str:
    return decimal_text(Money(minor, currency(code)))
