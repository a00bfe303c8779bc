"""Reads an address book, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from laiwang_bridge.contacts.book import Book, NoBook, Unreadable

MOST_BYTES = 32_000_000
MOST_CARDS = 20_000


def read_book(
    data: bytes, regions: Sequence[str] = ("CN",), *, most_bytes: int = MOST_BYTES, most_cards: int = MOST_CARDS
) -> Book | Unreadable:
    """What is in an address book, or why it is none."""
    return Unreadable(NoBook.EMPTY)


def looks_like_contacts(text: str) -> bool:
    """Whether a text is surely meant as contacts, not as something to say."""
    return False
