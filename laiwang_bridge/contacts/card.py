"""One card while it is being read, whatever kind of file it is in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from laiwang_bridge.contacts.book import Contact
from laiwang_bridge.contacts.numbers import NumberReader, emails_in

LONGEST_NAME = 100
MOST_FIELDS = 40
"""More numbers, addresses or ids than this has no person; the rest is not read."""

_LONGEST_ID = 255
_EASTERN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
"""Han, kana and Hangul: the family comes first, and nothing between."""
_SPACE = re.compile(r"\s+")
_MATRIX_ID = re.compile(r"@[!-9;-~]+:[A-Za-z0-9.\-\[\]:]+")
_MATRIX_LINK = re.compile(r"(?:matrix:u(?:ser)?/|(?:https?://)?matrix\.to/#/|(?:x-apple|matrix):)", re.IGNORECASE)


@dataclass(slots=True)
class Draft:
    """What was found of one card: the name in whatever parts it has, and the fields that may find the person.

    `read_numbers` are numbers that need no reading any more.
    """

    line: int
    name: str = ""
    family: str = ""
    given: str = ""
    nickname: str = ""
    organisation: str = ""
    numbers: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    matrix_ids: list[str] = field(default_factory=list)
    read_numbers: tuple[str, ...] = ()
    damaged: bool = False

    def contact(self, reader: NumberReader) -> Contact | None:
        """The contact, or None if nothing in it is of use for finding the person."""
        numbers = self.read_numbers or _each(reader.read(field) for field in self.numbers[:MOST_FIELDS])
        emails = _each(emails_in(field) for field in self.emails[:MOST_FIELDS])
        matrix_ids = _each(matrix_ids_in(field) for field in self.matrix_ids[:MOST_FIELDS])
        if not (numbers or emails or matrix_ids):
            return None
        return Contact(self.line, self._best_name(), numbers, emails, matrix_ids)

    def _best_name(self) -> str:
        family, given = shown(self.family), shown(self.given)
        is_eastern = _EASTERN.search(family) and _EASTERN.search(given)
        together = f"{family}{given}" if is_eastern else f"{given} {family}".strip()
        candidates = (shown(self.name), together, shown(self.nickname), shown(self.organisation))
        return next(filter(None, candidates), "")


def shown(name: str) -> str:
    """A name as it can be shown: one line, nothing invisible, not too long."""
    name = unicodedata.normalize("NFC", name[: 10 * LONGEST_NAME])
    if not name.isprintable() or "\ufffd" in name:
        name = "".join(map(_printable, name))
    return _SPACE.sub(" ", name).strip()[:LONGEST_NAME].rstrip()


def matrix_ids_in(text: str) -> tuple[str, ...]:
    """The Matrix id in a field, plain, as a `matrix:` URI (MSC2312) or as a matrix.to link; empty if there is none."""
    text = text.strip()[: 3 * _LONGEST_ID]
    link = _MATRIX_LINK.match(text)
    if link:
        text = unquote(text[link.end() :]).partition("?")[0]
        if not text.startswith("@"):
            text = f"@{text}"
    return (text,) if len(text) <= _LONGEST_ID and _MATRIX_ID.fullmatch(text) else ()


def _printable(character: str) -> str:
    if character.isprintable() and character != "\ufffd":
        return character
    return "" if unicodedata.category(character) == "Cf" else " "  # directions and joiners divide nothing


def _each(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for several in found for one in several))
