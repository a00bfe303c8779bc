"""Books that were read, taken into a ledger: all of it in one transaction, and nothing that is there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.database import storable
from appservice.language import Language
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.versions import Change, Content
from laiwang_bridge.payments.books import import_record
from laiwang_bridge.payments.books.book import BILL, Books, Entry
from laiwang_bridge.payments.books.importing.found import Source
from laiwang_bridge.payments.books.keeping import Kept, keep_bills
from laiwang_bridge.payments.ledger import bulk, ledger_store
from laiwang_bridge.payments.ledger.entries import EntryId, NewEntry, Posting, reverse
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId, Exact
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.people.readable import readable

AccountOf = Callable[[int], AccountId]
"""The account of the ledger that an account of the books is, made when it is needed."""

_OURS = "import:laiwang:"
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Brought:
    """How many entries came in, and how many were there before."""

    added: int
    known: int


@dataclass(frozen=True, slots=True)
class Importer:
    """Who brings them in, and who shows the bills from then on."""

    account: AccountId
    bot: UserID
    language: Language


def count_known(connection: Connection, ledger: LedgerId, source: Source, books: Books) -> int:
    """How many of these entries a ledger has already."""
    known, _keys_of_new = _known(connection, ledger, source, books)
    return len(known)


def bring_in(
    connection: Connection,
    ledger: LedgerId,
    source: Source,
    books: Books,
    who: AccountOf,
    by: Importer,
    now: int,
) -> Brought:
    """Take books in, which have to be sound (see `importing.soundness`)."""
    known, keys = _known(connection, ledger, source, books)
    ids = dict(known)
    new = [entry for entry in books.entries if entry.number not in known]
    ids |= {entry.number: id for entry, id in zip(new, bulk.reserve(connection, len(new)), strict=True)}
    posted: dict[EntryId, NewEntry] = {}
    bills: list[Kept] = []
    gone = {entry.reverses for entry in books.entries if entry.reverses is not None}
    for entry in new:
        made = _entry(connection, entry, keys[entry.number], ids, known, who, by.account)
        if made is None:
            continue
        posted[ids[entry.number]] = made
        if entry.kind == BILL and entry.reverses is None:
            bills.append(Kept(ids[entry.number], _content(entry, who), entry.number in gone))
    bulk.post(connection, ledger, posted, now)
    keep_bills(connection, ledger, bills, by.account, by.bot, by.language, now)
    if posted:
        import_record.keep(connection, ledger, by.account, source.value, list(posted), now)
    were_here = set(known.values())
    for made in posted.values():
        if made.reverses is not None and made.reverses in were_here:
            _void_bill(connection, made.reverses, by.account, now)
    return Brought(len(posted), len(known))


def _known(
    connection: Connection, ledger: LedgerId, source: Source, books: Books
) -> tuple[dict[int, EntryId], dict[int, str]]:
    """The entries that were applied before, by their number, and the keys that the others are made with.

    One of ours may have come from this very ledger. What was taken back with its whole import comes again, and is
    known by a key of its own from then on.
    """
    known: dict[int, EntryId] = {}
    made_with: dict[int, str] = {}
    asked = {entry.number: _keys(source, entry) for entry in books.entries}
    for times in count(2):
        found = bulk.applied(connection, ledger, [key for some in asked.values() for key in some])
        hits = {number: found[next(key for key in some if key in found)] for number, some in asked.items()
                if any(key in found for key in some)}  # fmt: skip
        gone = import_record.taken_back(connection, ledger, hits.values())
        made_with |= {number: some[0] for number, some in asked.items() if number not in hits}
        known |= {number: entry for number, entry in hits.items() if entry not in gone}
        again = [entry for entry in books.entries if entry.number in hits and hits[entry.number] in gone]
        if not again:
            break
        asked = {entry.number: tuple(f"{key}~{times}" for key in _keys(source, entry)) for entry in again}
    return known, made_with


def _keys(source: Source, entry: Entry) -> tuple[str, ...]:
    """What an entry may be known by; the first is what it is made with."""
    if source is not Source.OURS:
        return (entry.key,)
    if entry.key.startswith("import:"):
        return (entry.key, entry.key.removeprefix(_OURS))
    return (_OURS + entry.key, entry.key)


def _entry(
    connection: Connection,
    entry: Entry,
    key: str,
    ids: Mapping[int, EntryId],
    known: Mapping[int, EntryId],
    who: AccountOf,
    author: AccountId,
) -> NewEntry | None:
    """A new entry; None for a reversal of what is taken back already."""
    if entry.reverses is not None and entry.reverses in known:
        reversed_ = ledger_store.entry(connection, known[entry.reverses])
        if reversed_ is None or reversed_.reversed_by is not None:
            return None
        return reverse(reversed_, key, entry.date, author)
    note = entry.note or ("" if entry.kind == BILL else entry.title)
    return NewEntry(
        kind=entry.kind,
        key=key,
        date=entry.date,
        postings=tuple(Posting(who(one.account), one.currency, one.minor, one.carry) for one in entry.postings),
        author=author,
        reverses=None if entry.reverses is None else ids[entry.reverses],
        exchange=entry.exchange,
        note=storable(note) or None,
    )


def _void_bill(connection: Connection, entry: EntryId, by: AccountId, now: int) -> None:
    """An entry that was here was taken back: so is its bill, if it still says the same."""
    bill = bill_store.find_entry(connection, entry)
    if bill is not None and not bill.is_void and bill.version.entry == entry:
        bill_store.put_version(connection, bill, Change.VOIDED, bill.content, entry, by, now)


def _content(entry: Entry, who: AccountOf) -> Content:
    paid: dict[AccountId, int] = {}
    shares: dict[AccountId, int] = {}
    for part in entry.paid:
        paid[who(part.account)] = paid.get(who(part.account), 0) + part.minor
    for part in entry.shares:
        shares[who(part.account)] = shares.get(who(part.account), 0) + part.minor
    if not entry.paid:
        for one in entry.postings:
            side = paid if one.minor > 0 else shares
            side[who(one.account)] = side.get(who(one.account), 0) + abs(one.minor)
    return Content(
        title=readable(storable(entry.title))[:_LONGEST_TITLE],
        total=Money(sum(paid.values()), currency(entry.currency)),
        paid=paid,
        split=Exact(shares),
        shares=shares,
        date=entry.date,
        category=readable(storable(entry.category)) or None,
    )
