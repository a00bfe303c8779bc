"""What a line says beside amount, title and people, and what is left of its text when that is taken out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from appservice.language import _
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.recurrence import Repeat
from laiwang_bridge.payments.lines.wording import Mistake, Problem, Who

BEGIN = (
    r"(?:(?<=\s)|(?<=[\x02,，、;；:：。(（])|\A|(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])|(?<=[\U000f0000-\U0010fffd]))"
)
"""Where an option's word may begin."""
WORD_END = r"(?![^\W\d_\u3400-\u9fff])"
_WITH_SOMEBODY = (
    rf"(?:with|w/|between|btwn?|among|for|mit|m\.|zwischen|unter|für|avec|entre|pour)\s+{PERSON}|[和跟与與]\s*{PERSON}"
)
ALONE = rf"(?=\s*(?:\Z|[\x02,，、;；。.)）:：\n]|{PERSON}|[0-9$€£¥￥]|#|{_WITH_SOMEBODY}))"
"""What stands behind words that stand alone."""


class Perhaps(Enum):
    """What may be an option or words of the title."""

    REPEAT = "repeat"
    PER_HEAD = "per_head"


@dataclass(frozen=True, slots=True)
class Payer:
    """Somebody who paid, and how much, if that was said."""

    who: Who
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """All that, and the text that is left. With several dates or repeats, one must ask; `unsure` is what was
    taken for an option and may belong to the title."""

    rest: Marked
    dates: tuple[date | None, ...] = (None,)
    category: str | None = None
    repeats: tuple[Repeat | None, ...] = (None,)
    per_head: bool = False
    payers: tuple[Payer, ...] = ()
    excluded: tuple[Who, ...] = ()
    unsure: frozenset[Perhaps] = frozenset()


@dataclass(frozen=True, slots=True)
class Times:
    """One reading of when a bill is, and how often it comes again."""

    date: date | None
    repeat: Repeat | None


def stranger(word: str) -> Mistake:
    """Somebody seems to be named without an @."""
    return Mistake(
        Problem.NOT_A_PERSON,
        _("Who is {name}? Write @ before the name of somebody in this room, + before that of a guest."),
        {"name": word},
    )


def first_word(marked: Marked, position: int) -> str:
    """The word that begins there, as it was typed."""
    return re.split(r"[\s,，、;；\x02]", marked.text[position:].lstrip(), maxsplit=1)[0]


def said_twice(rest: Marked, start: int, end: int) -> Mistake:
    text = rest.shown(start, end).strip()
    return Mistake(
        Problem.SAID_TWICE,
        _("That is said twice: “{text}”. Put words of the title in quotation marks."),
        {"text": text},
    )


def bad_date(rest: Marked, start: int, end: int) -> Mistake:
    return Mistake(
        Problem.BAD_DATE,
        _("I cannot read “{text}” as a date; write it like 2026-11-20."),
        {"text": rest.shown(start, end).strip()},
    )
