"""Words of other people, made safe to stand in a sentence of ours."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"


def readable(text: str) -> str:
    """The text on one line, without what turns around, hides or breaks up what stands behind it."""
    kept = text if text.isprintable() else "".join(filter(_is_harmless, text))
    return " ".join(kept.split())


def _is_harmless(character: str) -> bool:
    return character.isspace() or character in _JOINERS or unicodedata.category(character)[0] != "C"
