"""Titles of clusters: one short line, cut where a reader would cut it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

TITLE_LENGTH = 60

# More code points than this in one visible character is decoration; the longest emoji in use has 11.
_LONGEST_GRAPHEME = 16
_JOINER = "\u200d"
_NON_JOINER = "\u200c"
_BLACK_FLAG = "\U0001f3f4"
_SPACING_VOWELS = "\u0e33\u0eb3"  # Thai and Lao AM: letters to Unicode's categories, part of the syllable to a reader
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs without a shape
_VIRAMA = 9  # the combining class of signs that bind two consonants together


def title(text: str) -> str:
    """The title that a text gives: its first line with anything on it, without control and invisible characters, spaces
    put together, at most 60 visible characters of which the last is `…` if some were cut. Empty if nothing is left."""
    for line in text.splitlines():
        visible = list(graphemes(_clean(line)))
        if not any(map(_shows, "".join(visible))):
            continue
        if len(visible) > TITLE_LENGTH:
            return "".join(visible[: TITLE_LENGTH - 1]).rstrip() + "…"
        return "".join(visible)
    return ""


def readable(text: str) -> str:
    """The text line by line without control and invisible characters, and without empty lines around it."""
    return "\n".join(map(_clean, text.splitlines())).strip("\n")


def graphemes(text: str) -> Iterator[str]:
    """The visible characters of a text: what Unicode Standard Annex 29 calls extended grapheme clusters, for the cases
    that occur in a cleaned line. It rather keeps too much together than too little."""
    current = ""
    for character in text:
        if current and _extends(character):
            if len(current) < _LONGEST_GRAPHEME:
                current += character
        elif current and len(current) < _LONGEST_GRAPHEME and _binds(current, character):
            current += character
        else:
            if current:
                yield current
            current = character
    if current:
        yield current


def _extends(character: str) -> bool:
    """Whether a character always belongs to the one before it."""
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or character in (_JOINER, _NON_JOINER)
        or character in _SPACING_VOWELS
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or _is_tag(character)
        or "\u1160" <= character <= "\u11ff"  # Hangul vowels and finals
        or "\ud7b0" <= character <= "\ud7ff"
    )


def _binds(current: str, character: str) -> bool:
    """Whether what stands so far draws the next character to it."""
    if current[-1] == _JOINER:
        return True
    if unicodedata.combining(current[-1]) == _VIRAMA:
        return unicodedata.category(character) == "Lo"
    return _is_regional(character) and len(current) == 1 and _is_regional(current)


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _is_noncharacter(character: str) -> bool:
    return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"


def _shows(character: str) -> bool:
    """Whether a character can be seen by itself. Those unknown to this Python may well be new emoji."""
    category = unicodedata.category(character)
    return category[0] in "LNPS" or category in ("Cn", "Co")


def _clean(line: str) -> str:
    kept: list[str] = []
    flag = False  # tags are invisible anywhere but behind the black flag, where they say whose flag it is
    for character in line:
        category = unicodedata.category(character)
        if character == _BLACK_FLAG or (flag and _is_tag(character)):
            flag = True
            kept.append(character)
            continue
        flag = False
        if category in ("Zs", "Cc") or character in _BLANKS:
            kept.append(" ")
        elif character in (_JOINER, _NON_JOINER) or not (category in ("Cf", "Cs") or _is_noncharacter(character)):
            kept.append(character)
    together = " ".join("".join(kept).split())
    return unicodedata.normalize("NFC", together).strip(_JOINER + _NON_JOINER + " ")
