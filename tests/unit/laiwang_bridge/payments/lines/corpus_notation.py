"""The notation of the corpus: `what is typed => what it means`, one a line.

A bill:      120.00 EUR each | title | a b*2 +Guest me | by a=50.00 b=70.00 2026-11-20 #food every 2 week 6 times
             shares are a (equal), a*2 (parts), a=20.00 or a=rest, a%30 or a%rest, a+5.00; all; !c is left out
             items are pizza 24.00 a b / wine 18.00 b / +tip 4.20
A question:  ? what is in doubt: the amounts of the readings, with ~ between
A mistake:   ! which problem, and what is missing (below zero: too much), if sums do not fit

`@ currency=EUR language=de mark=, names=ann,bo` sets what the room means and who is known in it from there on;
`# ` begins a remark, `\\n` is a new line, `\\u00a0` a sign that cannot be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from mautrix.types import UserID

from appservice.language import Language
from laiwang_bridge.payments.lines.shares import percent_text
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    EqualWording,
    Everybody,
    ExactWording,
    Guest,
    Habits,
    ItemisedWording,
    Mistake,
    Named,
    PercentWording,
    Question,
    Sender,
    User,
    WeightsWording,
    Who,
)
from laiwang_bridge.payments.money.money import Currency, Money, currency, decimal_text

TODAY = date(2026, 11, 22)
SENDER = UserID("@me:example.org")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
CORPUS = Path(__file__).parent / "corpus"
CORPUS_OF_CHATS = Path(__file__).parent / "corpus_of_chats"
"""Lines as people type them in chats, whose readings were written down before the grammar had seen them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the corpus."""

    typed: str
    expected: str
    habits: Habits
    place: str
    names: frozenset[str] = frozenset()


def habits(of: str = "EUR", language: str = "en", mark: str | None = None) -> Habits:
    return Habits(currency=currency(of), today=TODAY, sender=SENDER, language=Language(language), decimal_mark=mark)


def examples(path: Path) -> Iterator[Example]:
    here, names = habits(), frozenset[str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("@ "):
            said = dict(word.split("=", 1) for word in line[2:].split())
            here = habits(said["currency"], said.get("language", "en"), said.get("mark"))
            names = frozenset(said["names"].split(",")) if "names" in said else frozenset()
        elif line.strip() and not line.startswith("# "):
            typed, arrow, expected = line.rpartition("=> ")
            assert arrow, f"{path.name}:{number} has no arrow"
            typed = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), typed.removesuffix(" "))
            yield Example(typed.replace("\\n", "\n"), expected.strip(), here, f"{path.name}:{number}", names)


def noted(read: BillWording | Question | Mistake) -> str:
    """What was read, in the notation of the corpus."""
    match read:
        case Mistake(problem=problem, missing=missing):
            return f"! {problem.value}" + ("" if missing is None else f" {decimal_text(missing)}")
        case Question(doubt=doubt, readings=readings):
            return f"? {doubt.value}: " + " ~ ".join(map(_amount, readings))
    parts = [_amount(read), read.title or "-", _shares(read)]
    extras = _extras(read)
    return " | ".join([*parts, extras] if extras else parts)


def _amount(bill: BillWording) -> str:
    return f"{decimal_text(bill.amount)} {bill.amount.currency.code}" + (" each" if bill.per_head else "")


def _shares(bill: BillWording) -> str:
    of = bill.amount.currency
    match bill.shares:
        case EqualWording(people, excluded):
            listed = [_who(who) for who in people]
        case WeightsWording(weights, excluded):
            listed = [_weighted(who, weight) for who, weight in weights]
        case PercentWording(percents, excluded):
            listed = [f"{_who(who)}%{'rest' if one is None else percent_text(one)}" for who, one in percents]
        case ExactWording(amounts, excluded):
            listed = [f"{_who(who)}={'rest' if one is None else _coins(one, of)}" for who, one in amounts]
        case AdjustedWording(adjustments, excluded):
            listed = [f"{_who(who)}{'-' if one < 0 else '+'}{_coins(abs(one), of)}" for who, one in adjustments]
        case ItemisedWording(items, charges):
            found = [
                f"{item.title} {_coins(item.minor, of)} " + " ".join(_weighted(*pair) for pair in item.weights)
                for item in items
            ]
            return " / ".join([*found, *(f"+{one.title} {_coins(one.minor, of)}" for one in charges)])
    return " ".join([*listed, *(f"!{_who(who)}" for who in excluded)])


def _extras(bill: BillWording) -> str:
    found: list[str] = []
    if bill.payers != ((Sender(), None),):
        of = bill.amount.currency
        paid = [_who(who) if one is None else f"{_who(who)}={_coins(one, of)}" for who, one in bill.payers]
        found.append("by " + " ".join(paid))
    if bill.date is not None:
        found.append(bill.date.isoformat())
    if bill.category is not None:
        found.append(f"#{bill.category}")
    if bill.repeat is not None:
        found.append(f"every {bill.repeat.every} {bill.repeat.period.value}")
        found += [] if bill.repeat.until is None else [f"until {bill.repeat.until.isoformat()}"]
        found += [] if bill.repeat.count is None else [f"{bill.repeat.count} times"]
    return " ".join(found)


def _weighted(who: Who, weight: Fraction) -> str:
    return _who(who) if weight == 1 else f"{_who(who)}*{weight}"


def _who(who: Who) -> str:
    match who:
        case User(user):
            return user
        case Named(name):
            return name
        case Guest(name):
            return f"+{name}"
        case Everybody():
            return "all"
        case Sender():
            return "me"


def _coins(minor: int, of: Currency) -> str:
    return decimal_text(Money(minor, of))
