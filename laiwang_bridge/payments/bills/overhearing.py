"""Whether a line that calls nobody is a bill: `AA 120 tea @ann` is one, `AA batteries 4 pack` is none."""

from __future__ import annotations

import datetime
import re

from mautrix.types import UserID

from appservice.bots.line import Line, fold
from appservice.language import Language, contains_han
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.wording import (
    BillWording,
    EqualWording,
    Everybody,
    Habits,
    Mistake,
    Question,
    Sender,
)
from laiwang_bridge.payments.money.money import Currency

_AA = re.compile(r"aa(?![a-z])[\s:：,，]*", re.IGNORECASE)
_CURRENCY = re.compile(r"[€$£¥￥₹₩元块圆毛円]|\b[A-Z]{3}\b")
_EVERYBODY = re.compile(r"(?i)\b(?:everyone|everybody|tout le monde)\b|\b(?:all|alle|tous)\s*\Z")
_AMOUNT = re.compile(r"[0-9０-９一二三四五六七八九十百千万两]")
_AT_AN_END = re.compile(r"\A\W*[0-9０-９]|[0-9０-９][kK]?[.!]?\s*\Z")
_OTHER_AA = re.compile(
    r"[?？]|(?i:\b(?:batter(?:y|ies)|batterien?|akkus?|piles?|cells?|charger|meetings?|sponsor|sober|steps?|flights?|flug"
    r"|vol|gate|airlines?|rating|bonds?|battery|route|road)\b)"
)
"""What AA is said of as well: batteries, an airline, people who do not drink, ratings."""
_NO_TITLE = re.compile(
    r"(?i)(?:to|at|is|are|was|were|in|of|from|and|or|by|vs|has|have|will|if|nach|bis|um|ist|aus|sind|hat|und|oder|vers|à"
    r"|est|sont|et|ou|de|from|until|till)\b"
)
_MOST_WORDS = 4
_ANY_DAY, _ANYBODY = datetime.date(2000, 1, 1), UserID("@anybody:anywhere")


def past_aa(line: Line, start: int) -> int:
    """Where the line goes on behind an AA at its beginning; `start` if there is none."""
    match = _AA.match(fold(line.text), start)
    return match.end() if match else start


def begins_like_a_bill(text: str) -> bool:
    """Whether a line that names no command may be a bill."""
    line = Line(text.strip())
    start = past_aa(line, 0)
    if start:
        return _AMOUNT.search(line.text, start) is not None
    return _AMOUNT.match(line.text) is not None and ("+" in line.text or _CURRENCY.search(line.text) is not None)


def has_amount(line: Line, start: int) -> bool:
    """Whether there is anything in it that may be an amount."""
    return _AMOUNT.search(line.text, start) is not None


def is_a_bill(line: Line, start: int, currency: Currency) -> bool:
    """Whether a line that goes on there behind its AA is a bill, for sure or perhaps (`AA 60 pizza`).

    One with an amount and people in it is meant as one even where it cannot be: whoever wrote it is told why.
    """
    habits = Habits(currency=currency, today=_ANY_DAY, sender=_ANYBODY, language=Language.EN)
    said = read_bill(line, start, habits)
    if isinstance(said, Mistake):
        return "@" in line.text or bool(line.pills)
    readings = said.readings if isinstance(said, Question) else (said,)
    return any(is_clearly_meant(one, line) or _is_perhaps_meant(one, line, start) for one in readings)


def is_clearly_meant(wording: BillWording, line: Line) -> bool:
    """Whether there is more in a line than a number and words: people, a currency, what each pays, Chinese."""
    names_people = wording.shares != EqualWording((Everybody(),)) or wording.payers != ((Sender(), None),)
    names_people = names_people or _EVERYBODY.search(line.text) is not None
    says_more = wording.per_head or wording.repeat is not None or wording.category is not None
    is_short = not wording.title or contains_han(wording.title)
    return names_people or says_more or is_short or _CURRENCY.search(line.text) is not None


def _is_perhaps_meant(wording: BillWording, line: Line, start: int) -> bool:
    """`AA 60 pizza`, `AA pizza 60`: a number at one end, a few words that can be a title, none of what else is AA."""
    title = wording.title
    is_title = len(title.split()) <= _MOST_WORDS and not _NO_TITLE.match(title)
    is_at_an_end = _AT_AN_END.search(line.text[start:]) is not None or wording.date is not None
    return is_title and is_at_an_end and not _OTHER_AA.search(line.text, start)
