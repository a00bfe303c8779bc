"""Names and purposes as rails take them: one line, no longer than allowed. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container


def one_line(text: str) -> str:
    """Without line breaks, control characters and double spaces: those would begin a new field."""
    shown = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char for char in text)
    return " ".join(unicodedata.normalize("NFC", shown).split())


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    return one_line(text)[:most].rstrip()


def fitting(text: str, most_bytes: int) -> str:
    """One line of at most so many bytes in UTF-8."""
    return one_line(text).encode()[: max(most_bytes, 0)].decode(errors="ignore").rstrip()


def plain_latin(text: str, allowed: Container[str]) -> str:
    """Letters without their accents, and nothing but what is allowed; what has no such form is left out."""
    spelled = text.translate(_SPELLED)
    bare = "".join(char for char in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(char))
    return one_line("".join(char if char in allowed else " " for char in bare))


def latin(text: str) -> str:
    """What European banks write: Latin letters with their accents, digits, signs; all else is left out."""
    return one_line(_NOT_LATIN.sub(" ", one_line(text.translate(_QUOTES))))


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_NOT_LATIN = re.compile("[^\x20-\x7e\u00a0-\u017f\u0218-\u021b\u20ac]")
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "’": "'"}
)
