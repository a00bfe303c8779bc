"""Somebody else's books from a file, whichever program wrote it. Nothing is asked of it but the bytes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from laiwang_bridge.payments.books.exporting import lossless
from laiwang_bridge.payments.books.importing import cospend, ihatemoney, spliit, splitwise, tricount
from laiwang_bridge.payments.books.importing.found import Found, NoBooks, Source, Unreadable
from laiwang_bridge.payments.books.importing.soundness import is_sound
from laiwang_bridge.payments.books.importing.table import rows_of, text_of

MOST_BYTES = 10_000_000
MOST_ENTRIES = 50_000
MOST_PEOPLE = 2000


def read_books(data: bytes, home: str, *, most_bytes: int = MOST_BYTES) -> Found | Unreadable:
    """The books in a file. `home` is the ISO 4217 code of the currency to take where the file names none."""
    if len(data) > most_bytes:
        return Unreadable(NoBooks.TOO_LARGE, most_bytes // 1_000_000)
    text = text_of(data)
    if text is None:
        return Unreadable(NoBooks.UNKNOWN)
    if not text.strip():
        return Unreadable(NoBooks.EMPTY)
    found = _read_json(text, home) if text.lstrip()[0] in "[{" else _read_table(text, home)
    if isinstance(found, Found) and len(found.books.entries) + len(found.bad) > MOST_ENTRIES:
        return Unreadable(NoBooks.TOO_MANY, MOST_ENTRIES)
    if isinstance(found, Found) and len(found.books.accounts) > MOST_PEOPLE:
        return Unreadable(NoBooks.UNKNOWN)
    return found


def _read_json(text: str, home: str) -> Found | Unreadable:
    try:
        whole: Any = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return Unreadable(NoBooks.UNKNOWN)
    if lossless.is_ours(whole):
        return _read_ours(whole)
    if spliit.is_such_json(whole):
        return spliit.read_json(whole, home)
    if ihatemoney.is_such_json(whole):
        return ihatemoney.read_json(whole, home)
    return Unreadable(NoBooks.UNKNOWN)


def _read_ours(whole: Any) -> Found | Unreadable:
    try:
        books = lossless.read_plain(whole)
        return Found(Source.OURS, books) if is_sound(books) else Unreadable(NoBooks.UNSOUND)
    except lossless.Changed as error:
        return Unreadable(NoBooks.CHANGED, error.entry or len(whole["entries"]))
    except lossless.NotOurs:
        return Unreadable(NoBooks.NEWER)


def _read_table(text: str, home: str) -> Found | Unreadable:
    rows = rows_of(text)
    if cospend.is_such(rows):
        return cospend.read(rows, home)
    if ihatemoney.is_such(rows):
        return ihatemoney.read(rows, home)
    if spliit.is_such(rows):
        return spliit.read(rows, home)
    if splitwise.is_such(rows):
        return splitwise.read(rows)
    if tricount.is_such(rows):
        return tricount.read(rows, home)
    return Unreadable(NoBooks.UNKNOWN)
