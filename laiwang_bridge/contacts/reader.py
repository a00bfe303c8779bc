"""Reads an address book, whatever program wrote it: nothing here touches the world, and no bytes make it fail."""

from __future__ import annotations

import re
from collections.abc import Sequence

from laiwang_bridge.contacts.book import Book, NoBook, Unreadable
from laiwang_bridge.contacts.charset import narrow, text_of
from laiwang_bridge.contacts.numbers import NumberReader, countries_in
from laiwang_bridge.contacts.plain import holds_address, is_contact_line, is_line_of_people, read_list
from laiwang_bridge.contacts.spreadsheet import read_table, table_of
from laiwang_bridge.contacts.vcard import holds_vcards, read_vcards

MOST_BYTES = 32_000_000
MOST_CARDS = 20_000

_FEWEST_ATTEMPTS, _ATTEMPTS_PER_CARD = 1_000, 10
_LOOKED_AT = 4096
_FEWEST_KNOWN = 5
_LONGEST_PASTED = 100_000
_MAGIC = (
    (b"\x89PNG\r\n", NoBook.PICTURE),
    (b"\xff\xd8\xff", NoBook.PICTURE),
    (b"GIF8", NoBook.PICTURE),
    (b"II*\x00", NoBook.PICTURE),
    (b"MM\x00*", NoBook.PICTURE),
    (b"\x00\x00\x01\x00", NoBook.PICTURE),
    (b"%PDF-", NoBook.PDF),
    (b"PK\x05\x06", NoBook.ARCHIVE),
    (b"PK\x07\x08", NoBook.ARCHIVE),
    (b"\x1f\x8b", NoBook.ARCHIVE),
    (b"BZh", NoBook.ARCHIVE),
    (b"\xfd7zXZ\x00", NoBook.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", NoBook.ARCHIVE),
    (b"Rar!\x1a\x07", NoBook.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", NoBook.ARCHIVE),
    (b"ANDROID BACKUP\n", NoBook.ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", NoBook.OFFICE),
    (b"{\\rtf", NoBook.OFFICE),
    (b"SQLite format 3\x00", NoBook.DATABASE),
    (b"!BDN", NoBook.DATABASE),
    (b"-----BEGIN PGP MESSAGE", NoBook.ENCRYPTED),
    (b"age-encryption.org/", NoBook.ENCRYPTED),
    (b"-----BEGIN AGE ENCRYPTED", NoBook.ENCRYPTED),
    (b"Salted__", NoBook.ENCRYPTED),
    (b"ID3\x02", NoBook.SOUND),
    (b"ID3\x03", NoBook.SOUND),
    (b"ID3\x04", NoBook.SOUND),
    (b"OggS", NoBook.SOUND),
    (b"fLaC", NoBook.SOUND),
    (b"#!AMR", NoBook.SOUND),
    (b"\x1aE\xdf\xa3", NoBook.SOUND),
)
"""How files begin that are no address books."""

_OFFICE_INSIDE = (b"[Content_Types].xml", b"mimetypeapplication/vnd", b"xl/", b"word/", b"Index/Document.iwa")
_PICTURES_IN_BOXES = (b"heic", b"heix", b"mif1", b"msf1", b"avif")
_TEXT = (
    (re.compile(r"\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL), NoBook.HTML),
    (re.compile(r"\s*<svg\b|\s*<\?xml[^>]*>\s*<svg\b", re.IGNORECASE), NoBook.PICTURE),
    (re.compile(r"\s*BEGIN:VCALENDAR", re.IGNORECASE), NoBook.CALENDAR),
    (re.compile(r"\s*(?:version: *1\s+)?dn::? ", re.IGNORECASE), NoBook.LDIF),
    (
        re.compile(r"\s*(?:<\?xml|<[a-z][\w:-]*[\s>])|\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])", re.IGNORECASE),
        NoBook.STRUCTURED,
    ),
)
"""How texts begin that are no address books; what else is text may be one."""


def read_book(
    data: bytes,
    regions: Sequence[str] = ("CN",),
    *,
    home: Sequence[str] = (),
    most_bytes: int = MOST_BYTES,
    most_cards: int = MOST_CARDS,
) -> Book | Unreadable:
    """What is in an address book, or why it is none.

    `regions` are ISO 3166 codes of where numbers without a country code may be from, the likeliest first; `home` are
    those of its owner's own numbers, as far as he has any. The book itself tells more, by the country codes in it. A
    file of more than `most_bytes` or `most_cards` is not read at all.
    """
    if len(data) > most_bytes:
        return Unreadable(_known(data) or NoBook.TOO_LARGE, most_bytes)
    known = _known(data)
    if known is not None:
        return Unreadable(known)
    data = narrow(data)
    if not data.strip(b" \t\r\n\0"):
        return Unreadable(NoBook.EMPTY)
    reader = NumberReader(
        likely_regions(data, regions, home), most_attempts=_FEWEST_ATTEMPTS + _ATTEMPTS_PER_CARD * most_cards
    )
    if holds_vcards(data):
        book = read_vcards(data, reader, most_cards)
    elif _is_binary(data):
        return Unreadable(NoBook.BINARY)
    else:
        text = text_of(data, reader.regions)
        other = _other_text(text)
        if other is not None:
            return Unreadable(other)
        table = table_of(text)
        book = read_table(table, reader, most_cards) if table else read_list(text, reader, most_cards)
    if book is None or reader.exhausted:
        return Unreadable(NoBook.TOO_MANY, most_cards)
    return book if book.cards else Unreadable(NoBook.NO_CONTACTS)


def likely_regions(data: bytes, regions: Sequence[str], home: Sequence[str] = ()) -> tuple[str, ...]:
    """Where numbers without a country code in this book may be from, the likeliest first.

    Most people know people of their own country above all. So the country of most numbers that do have a code comes
    first, unless that of the owner is known; others that it has come last.
    """
    found = countries_in(data)
    known = sum(found.values())
    most = next((region for region, count in found.items() if known >= _FEWEST_KNOWN and count * 10 >= known * 6), None)
    first = home if home or most is None else (most,)
    often = (region for region, count in found.items() if count > 1)
    return tuple(dict.fromkeys((*first, *regions, *often)))


def looks_like_contacts(text: str) -> bool:
    """Whether a text is surely meant as contacts, not as something to say: vCards, a table, or at least two
    people."""
    text = text.strip()[:_LONGEST_PASTED]
    if holds_vcards(text[:_LOOKED_AT].encode(errors="replace")):
        return True
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return bool(lines) and is_line_of_people(lines[0])
    if table_of(text) is not None and holds_address(lines[1]):
        return True
    return sum(map(is_contact_line, lines)) >= max(2, 0.8 * len(lines))


def _known(data: bytes) -> NoBook | None:
    """What a file of another kind is, by how it begins."""
    head = data[:_LOOKED_AT]
    if head.startswith(b"PK\x03\x04"):
        return NoBook.OFFICE if any(name in head for name in _OFFICE_INSIDE) else NoBook.ARCHIVE
    if head[4:8] == b"ftyp":
        return NoBook.PICTURE if head[8:12] in _PICTURES_IN_BOXES else NoBook.SOUND
    if head.startswith(b"RIFF"):
        return NoBook.PICTURE if head[8:12] == b"WEBP" else NoBook.SOUND
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return NoBook.PICTURE
    if head[257:262] == b"ustar":
        return NoBook.ARCHIVE
    return next((cause for magic, cause in _MAGIC if head.startswith(magic)), None)


def _is_binary(data: bytes) -> bool:
    """Whether there are bytes in it that no text has: more than a few control characters."""
    head = data[: 16 * _LOOKED_AT]
    controls = len(head) - len(head.translate(None, bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))))
    return controls * 100 > len(head)


def _other_text(text: str) -> NoBook | None:
    head = text[:_LOOKED_AT]
    return next((cause for beginning, cause in _TEXT if beginning.match(head)), None)
