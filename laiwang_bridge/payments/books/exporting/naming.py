"""Names that are unique, and text that stays on its line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from laiwang_bridge.payments.books.book import Account, Books


def one_line(text: str) -> str:
    """Text without line breaks, tabs and what else cannot be seen, and with single spaces."""
    seen = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Zs") else char for char in text)
    return " ".join(seen.split())


def column_names(books: Books) -> Mapping[int, str]:
    """How each account is called, each differently: whoever shares his name is told apart by his Matrix id."""
    plain = {account.number: one_line(account.name) or one_line(account.user) for account in books.accounts}
    often = [name.casefold() for name in plain.values()]
    found: dict[int, str] = {}
    taken: set[str] = set()
    for account in books.accounts:
        name = plain[account.number]
        if not name or often.count(name.casefold()) > 1:
            name = _told_apart(name, account)
        while name.casefold() in taken:
            name += "'"
        taken.add(name.casefold())
        found[account.number] = name
    return found


def _told_apart(name: str, account: Account) -> str:
    return f"{name} ({account.user or account.number})".strip()
