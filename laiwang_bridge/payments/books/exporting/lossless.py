"""The books as JSON with nothing left out, and back.

Every entry carries a `hash`: SHA-256 over the hash of the entry before it (64 zeros for the first one), a line break
and the entry itself without that field, written with sorted names, without spaces, in UTF-8. The `head` is the same
over the last of them and everything beside the entries. Whoever has noted the head sees whether anything was changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from laiwang_bridge.payments.books.book import Account, AccountKind, Books, Entry, Part, Posting
from laiwang_bridge.payments.ledger.entries import Exchange

FORMAT, VERSION = "laiwang-bridge books", 1
_BEFORE_THE_FIRST = "0" * 64


class NotOurs(ValueError):
    """This is not such a file, or of a later version; the message says what."""


class Changed(ValueError):
    """Somebody changed the file. `entry` is the number of the first entry that is not as it was; None for the rest."""

    def __init__(self, entry: int | None) -> None:
        super().__init__(f"entry {entry}" if entry else "the head")
        self.entry = entry


def write(books: Books) -> str:
    """One line for each entry. Texts have to be such as a database takes (no lone surrogates)."""
    entries: list[str] = []
    link = _BEFORE_THE_FIRST
    for entry in books.entries:
        plain = _plain_entry(entry)
        link = _link(link, plain)
        entries.append(_line(plain | {"hash": link}))
    beside = {
        "format": FORMAT,
        "version": VERSION,
        "title": books.title,
        "currency": books.currency,
        "accounts": [
            {"number": one.number, "kind": one.kind.value, "name": one.name, "user": one.user} for one in books.accounts
        ],
    }
    start, end = _line(beside)[:-1], _line({"head": _link(link, beside)})[1:]
    return "\n".join([f'{start},"entries":[', ",\n".join(entries), f"],{end}", ""])


def read(text: str) -> Books:
    """The same books. Raises `NotOurs` and `Changed`."""
    try:
        whole = orjson.loads(text)
    except ValueError as error:
        raise NotOurs(f"this is not JSON: {error}") from error
    return read_plain(whole)


def read_plain(whole: Any) -> Books:
    """The books of parsed JSON. Raises `NotOurs` and `Changed`."""
    if not is_ours(whole):
        raise NotOurs("these are no books of ours")
    if whole.get("version") != VERSION:
        raise NotOurs(f"version {whole.get('version')!r}")
    try:
        _check(whole)
        return Books(
            title=_text(whole["title"]),
            currency=_text(whole["currency"]),
            accounts=tuple(map(_account, whole["accounts"])),
            entries=tuple(map(_entry, whole["entries"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise NotOurs(f"a part is missing or is not what it should be: {error}") from error


def is_ours(whole: Any) -> bool:
    return isinstance(whole, Mapping) and whole.get("format") == FORMAT


def head_of(text: str) -> str:
    """The head of a file that was written."""
    return str(orjson.loads(text)["head"])


def _check(whole: Mapping[str, Any]) -> None:
    link = _BEFORE_THE_FIRST
    for plain in whole["entries"]:
        link = _link(link, {name: value for name, value in plain.items() if name != "hash"})
        if plain["hash"] != link:
            raise Changed(_number(plain["number"]))
    beside = {name: value for name, value in whole.items() if name not in ("entries", "head")}
    if whole["head"] != _link(link, beside):
        raise Changed(None)


def _link(before: str, value: Mapping[str, Any]) -> str:
    canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(before.encode() + b"\n" + canonical).hexdigest()


def _line(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _plain_entry(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "kind": entry.kind,
        "date": entry.date.isoformat(),
        "title": entry.title,
        "currency": entry.currency,
        "category": entry.category,
        "postings": [[one.account, one.currency, one.minor, one.carry] for one in entry.postings],
        "paid": _plain_parts(entry.paid),
        "shares": _plain_parts(entry.shares),
        "key": entry.key,
        "author": entry.author,
        "at": entry.at,
        "reverses": entry.reverses,
        "note": entry.note,
        "exchange": _plain_exchange(entry.exchange),
    }


def _plain_exchange(exchange: Exchange | None) -> list[str | int] | None:
    if exchange is None:
        return None
    return [exchange.currency, exchange.minor, exchange.rate, exchange.fixed_on.isoformat(), exchange.source]


def _plain_parts(parts: Iterable[Part]) -> list[list[int]]:
    return [[part.account, part.minor] for part in parts]


def _account(plain: Mapping[str, Any]) -> Account:
    try:
        kind = AccountKind(plain["kind"])
    except ValueError as error:
        raise TypeError(str(error)) from error
    return Account(_number(plain["number"]), kind, _text(plain["name"]), _text(plain["user"]))


def _entry(plain: Mapping[str, Any]) -> Entry:
    try:
        date = dt.date.fromisoformat(_text(plain["date"]))
        postings = tuple(
            Posting(_number(account), _text(code), _number(minor), _number(carry))
            for account, code, minor, carry in plain["postings"]
        )
        exchange = None if plain["exchange"] is None else _exchange(*plain["exchange"])
        paid, shares = _parts(plain["paid"]), _parts(plain["shares"])
    except ValueError as error:
        raise TypeError(str(error)) from error
    return Entry(
        number=_number(plain["number"]),
        kind=_text(plain["kind"]),
        date=date,
        title=_text(plain["title"]),
        postings=postings,
        currency=_text(plain["currency"]),
        category=_text(plain["category"]),
        paid=paid,
        shares=shares,
        key=_text(plain["key"]),
        author=_text(plain["author"]),
        at=_number(plain["at"]),
        reverses=None if plain["reverses"] is None else _number(plain["reverses"]),
        note=_text(plain["note"]),
        exchange=exchange,
    )


def _exchange(code: Any, minor: Any, rate: Any, fixed_on: Any, source: Any) -> Exchange:
    return Exchange(_text(code), _number(minor), _text(rate), dt.date.fromisoformat(_text(fixed_on)), _text(source))


def _parts(plain: Iterable[Any]) -> tuple[Part, ...]:
    return tuple(Part(_number(account), _number(minor)) for account, minor in plain)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
