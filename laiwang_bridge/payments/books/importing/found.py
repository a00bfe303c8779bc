"""What was read of somebody else's books: people, entries, and whatever is wrong with the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from appservice.database import storable
from appservice.language import Message, _
from laiwang_bridge.payments.books.book import Books, Entry

_LONGEST_SHOWN = 60


class Source(StrEnum):
    """Whose file it is; `called` is how that calls itself."""

    OURS = "laiwang"
    SPLITWISE = "splitwise"
    IHATEMONEY = "ihatemoney"
    COSPEND = "cospend"
    SPLIIT = "spliit"
    TRICOUNT = "tricount"

    @property
    def called(self) -> str:
        return _TITLES[self]

    @property
    def has_nets(self) -> bool:
        """Whether its files say what each has of a bill, and not who paid it."""
        return self is Source.SPLITWISE


class Trouble(StrEnum):
    """What is wrong with a line. The value is stable; `BadLine.sentence` is for people."""

    SHORT = "short"
    DATE = "date"
    AMOUNT = "amount"
    UNCLEAR_AMOUNT = "unclear_amount"
    DECIMALS = "decimals"
    CURRENCY = "currency"
    NOT_ZERO = "not_zero"
    PERSON = "person"
    NOBODY = "nobody"
    PAYER = "payer"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (from 1; for JSON the number of the bill) that cannot be taken in, and `what` of it."""

    line: int
    trouble: Trouble
    what: str = ""

    @property
    def sentence(self) -> Message:
        """To be said with `line` and `what`."""
        return _TROUBLES[self.trouble]


class BadCell(ValueError):
    """A part of a line that cannot be read."""

    def __init__(self, trouble: Trouble, what: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.what = " ".join(what.split())[:_LONGEST_SHOWN]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the file says that somebody has, and what its lines add up to. Minor units."""

    name: str
    currency: str
    said: int
    found: int


@dataclass(frozen=True, slots=True)
class Found:
    """Books that were read. Accounts are named as in the file; each entry has a key made of its content.

    `left_out` is how many lines were left out on purpose (deleted bills, bills that move nothing), `rounded` how many
    amounts had more decimals than their currency. With `assumed` the file names no currency, so that of the room holds.
    """

    source: Source
    books: Books
    bad: tuple[BadLine, ...] = ()
    differences: tuple[Difference, ...] = ()
    left_out: int = 0
    rounded: int = 0
    assumed: bool = False


class NoBooks(StrEnum):
    """Why a file is none that we can take in."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    NEWER = "newer"
    CHANGED = "changed"
    UNSOUND = "unsound"
    ENCRYPTED = "encrypted"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not books, or none that we take. `number` is the limit that was passed, or the entry that was changed."""

    cause: NoBooks
    number: int = 0

    @property
    def sentence(self) -> Message:
        """What to tell whoever sent it, to be said with `fields`."""
        return _CAUSES[self.cause]

    @property
    def fields(self) -> Mapping[str, Any]:
        return {"number": self.number}


def with_keys(source: Source, books: Books) -> Books:
    """The same books with a key for each entry: made of what it says, and counted where several say the same.

    So a file that is read again, or one that has grown, brings in nothing twice, whoever its people are taken for.
    """
    accounts = tuple(replace(account, name=storable(account.name)) for account in books.accounts)
    names = {account.number: account.name for account in accounts}
    seen: dict[str, int] = {}
    entries = []
    for entry in books.entries:
        print_ = _fingerprint(entry, names)
        seen[print_] = seen.get(print_, 0) + 1
        entries.append(
            replace(
                entry,
                title=storable(entry.title),
                category=storable(entry.category),
                note=storable(entry.note),
                key=f"import:{source}:{print_}:{seen[print_]}",
            )
        )
    return Books(storable(books.title), books.currency, accounts, tuple(entries))


def _fingerprint(entry: Entry, names: Mapping[int, str]) -> str:
    """The category is no part of it: it may be put right without the bill being another one."""
    nets = sorted((names[one.account], one.currency, one.minor) for one in entry.postings)
    parts: Iterable[object] = (entry.date.isoformat(), entry.title, entry.currency, entry.total, nets)
    return hashlib.sha256(repr(tuple(parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


_TITLES = {
    Source.OURS: "laiwang-bridge",
    Source.SPLITWISE: "Splitwise",
    Source.IHATEMONEY: "IHateMoney",
    Source.COSPEND: "Cospend",
    Source.SPLIIT: "Spliit",
    Source.TRICOUNT: "Tricount",
}

_TROUBLES = {
    Trouble.SHORT: _("Line {line}: it has fewer or more columns than the first one."),
    Trouble.DATE: _("Line {line}: I cannot tell which day `{what}` is."),
    Trouble.AMOUNT: _("Line {line}: `{what}` is no amount."),
    Trouble.UNCLEAR_AMOUNT: _("Line {line}: I cannot tell whether `{what}` has decimals or thousands."),
    Trouble.DECIMALS: _("Line {line}: `{what}` has more decimals than its currency."),
    Trouble.CURRENCY: _("Line {line}: `{what}` is no currency that I know."),
    Trouble.NOT_ZERO: _("Line {line}: what the people have of it should add up to 0, but it is {what}."),
    Trouble.PERSON: _("Line {line}: nobody in this file is called `{what}`."),
    Trouble.NOBODY: _("Line {line}: there is nobody to bear it."),
    Trouble.PAYER: _("Line {line}: it does not say who paid. Please export the same as JSON."),
    Trouble.LARGE: _("Line {line}: `{what}` is too large an amount."),
}

_CAUSES = {
    NoBooks.EMPTY: _("This file is empty."),
    NoBooks.TOO_LARGE: _("This file is too large: I read up to {number} MB."),
    NoBooks.TOO_MANY: _("There is too much in this file: I take up to {number} bills at once."),
    NoBooks.UNKNOWN: _(
        "I do not know this kind of file. I read what Splitwise, Tricount, Spliit, IHateMoney and Cospend export "
        "(CSV, and JSON where they have it), and my own JSON."
    ),
    NoBooks.NEWER: _("This file was written by a later version of me, or something is missing in it."),
    NoBooks.CHANGED: _(
        "Somebody has changed this file since I wrote it, at entry {number} or before its end. I take it as a whole or "
        "not at all."
    ),
    NoBooks.UNSOUND: _("These books do not add up, so I did not write them."),
    NoBooks.ENCRYPTED: _("This file is encrypted, and I have no key. Please send it in a chat without encryption."),
    NoBooks.GONE: _("I cannot get this file from your homeserver. Please send it once more."),
}
