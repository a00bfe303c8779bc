"""The books of a room as a value, from the ledger and the bills that are in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mautrix.types import UserID
from sqlalchemy import Connection, select

from laiwang_bridge.payments.bills.bill_tables import pay_bill, pay_bill_version
from laiwang_bridge.payments.bills.versions import Content, version_of_row
from laiwang_bridge.payments.books.book import Account, AccountKind, Books, Entry, Part, Posting
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import Entry as LedgerEntry
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId

NameOf = Callable[[UserID], str]

_KINDS = {
    ledger_store.AccountKind.USER: AccountKind.USER,
    ledger_store.AccountKind.GUEST: AccountKind.GUEST,
    ledger_store.AccountKind.SYSTEM: AccountKind.SYSTEM,
    ledger_store.AccountKind.FORMER: AccountKind.GUEST,
}


def books_of(connection: Connection, ledger: LedgerId, title: str, name_of: NameOf) -> Books:
    """All that is in a ledger. `name_of` is how somebody is called in its room."""
    accounts: dict[int, Account] = {
        id: _account(one, name_of) for id, one in ledger_store.accounts(connection, ledger).items()
    }
    contents = _contents(connection, ledger)
    found = list(reversed(ledger_store.entries(connection, ledger)))
    numbers = {entry.id: number for number, entry in enumerate(found, 1)}
    made: dict[EntryId, Entry] = {}
    for entry in found:
        reversed_ = None if entry.reverses is None else made[entry.reverses]
        made[entry.id] = _entry(entry, numbers, accounts, contents.get(entry.id), reversed_)
    currency = ledger_store.settings(connection, ledger).currency
    return Books(title, currency, tuple(accounts.values()), tuple(made.values()))


def _account(one: ledger_store.Account, name_of: NameOf) -> Account:
    kind = _KINDS[one.kind]
    if kind is AccountKind.USER:
        return Account(one.id, kind, name_of(UserID(one.name)), one.name)
    return Account(one.id, kind, one.name)


def _contents(connection: Connection, ledger: LedgerId) -> dict[EntryId, Content]:
    """What each entry that is a bill says; by the last version, where only words were changed."""
    statement = (
        select(pay_bill_version)
        .join(pay_bill, pay_bill.c.id == pay_bill_version.c.bill)
        .where(pay_bill.c.ledger == ledger, pay_bill_version.c.entry.is_not(None))
        .order_by(pay_bill_version.c.bill, pay_bill_version.c.version)
    )
    versions = (version_of_row(row) for row in connection.execute(statement))
    return {version.entry: version.content for version in versions if version.entry is not None}


def _entry(
    entry: LedgerEntry,
    numbers: Mapping[EntryId, int],
    accounts: Mapping[int, Account],
    content: Content | None,
    reversed_: Entry | None,
) -> Entry:
    postings = tuple(Posting(one.account, one.currency, one.minor, one.carry) for one in entry.postings)
    if content is not None:
        title, category = content.called, content.category or ""
    elif reversed_ is not None:
        title, category = reversed_.title, reversed_.category
    else:
        title, category = entry.note or _moved(postings, accounts), ""
    return Entry(
        number=numbers[entry.id],
        kind=entry.kind,
        date=entry.date,
        title=title,
        postings=postings,
        currency=content.total.currency.code if content else postings[0].currency,
        category=category,
        paid=_parts(content.paid) if content else (),
        shares=_parts(content.shares) if content else (),
        key=entry.key,
        author=accounts[entry.author].user if entry.author is not None else "",
        at=entry.created_at,
        reverses=None if entry.reverses is None else numbers[entry.reverses],
        note=entry.note or "",
        exchange=entry.exchange,
    )


def _parts(amounts: Mapping[AccountId, int]) -> tuple[Part, ...]:
    return tuple(Part(account, minor) for account, minor in amounts.items())


def _moved(postings: tuple[Posting, ...], accounts: Mapping[int, Account]) -> str:
    """What to call an entry that nobody has named: from whom to whom."""
    givers = [accounts[one.account].name for one in postings if one.minor > 0]
    takers = [accounts[one.account].name for one in postings if one.minor < 0]
    return f"{', '.join(givers)} → {', '.join(takers)}"
