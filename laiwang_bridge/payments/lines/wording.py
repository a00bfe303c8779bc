"""What a line about a bill says: who bought what for how much, and who bears it. People are as they were named.

Nothing here knows accounts: whoever books the bill finds out who the people are (`replaced` puts them in).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from mautrix.types import UserID

from appservice.language import Language, Message, _
from laiwang_bridge.payments.lines.recurrence import Repeat
from laiwang_bridge.payments.money.money import Currency, Money


@dataclass(frozen=True, slots=True)
class User:
    """Somebody mentioned, or named by a whole Matrix id."""

    user: UserID


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody named by `@name`: the first part of an id or what he is called. Whose name it is has to be found out."""

    name: str


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody without an account, by name: `+Tom`."""

    name: str


@dataclass(frozen=True, slots=True)
class Everybody:
    """All members of the room, the sender too."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever wrote the line."""


Who = User | Named | Guest | Everybody | Sender


@dataclass(frozen=True, slots=True)
class EqualWording:
    """Each bears the same. `excluded` is who of everybody does not take part."""

    people: tuple[Who, ...]
    excluded: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightsWording:
    """Each bears so many parts. What is said of one person goes before what is said of everybody."""

    weights: tuple[tuple[Who, Fraction], ...]
    excluded: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class PercentWording:
    """Each bears so many percent; those with None share the rest equally. Without any None they sum up to 100."""

    percents: tuple[tuple[Who, Fraction | None], ...]
    excluded: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class ExactWording:
    """Each bears this amount, in minor units; those with None share the rest equally."""

    amounts: tuple[tuple[Who, int | None], ...]
    excluded: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class AdjustedWording:
    """Each bears the same, and so many minor units more or less."""

    adjustments: tuple[tuple[Who, int], ...]
    excluded: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemWording:
    """One thing of a bill: its price in minor units and who had how many parts of it."""

    title: str
    minor: int
    weights: tuple[tuple[Who, Fraction], ...]


@dataclass(frozen=True, slots=True)
class ChargeWording:
    """What comes on top of the items: tax and tips, or a discount (below zero). It is borne in proportion to the items.

    `percent` is how it was said, if so: of the sum of the items. `minor` is what that makes.
    """

    title: str
    minor: int
    percent: Fraction | None = None


@dataclass(frozen=True, slots=True)
class ItemisedWording:
    """Each bears what he had. Items and charges sum up to the total."""

    items: tuple[ItemWording, ...]
    charges: tuple[ChargeWording, ...] = ()


SplitWording = EqualWording | WeightsWording | PercentWording | ExactWording | AdjustedWording | ItemisedWording


@dataclass(frozen=True, slots=True, kw_only=True)
class BillWording:
    """A line about a bill, understood.

    `amount` is the total, or with `per_head` what each pays (a weight of two pays twice: see `total`).
    `payers` says who paid how much, in minor units; a single one with None paid all of it. `date` None is today.
    """

    amount: Money
    title: str = ""
    payers: tuple[tuple[Who, int | None], ...] = ((Sender(), None),)
    shares: SplitWording = EqualWording((Everybody(),))
    date: datetime.date | None = None
    category: str | None = None
    repeat: Repeat | None = None
    per_head: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a room and its sender mean without saying it.

    `decimal_mark` is "." or "," where the room has decided how `1.234` is read; None has it asked about.
    """

    currency: Currency
    today: datetime.date
    sender: UserID
    language: Language = Language.EN
    decimal_mark: str | None = None


class Problem(StrEnum):
    """Why a line cannot be taken for a bill."""

    NO_AMOUNT = "no_amount"
    BAD_AMOUNT = "bad_amount"
    TOO_MANY_DECIMALS = "too_many_decimals"
    NOT_POSSIBLE = "not_possible"
    UNCLEAR = "unclear"
    ON_TOP = "on_top"
    TOO_LARGE = "too_large"
    SHARES_DO_NOT_FIT = "shares_do_not_fit"
    PERCENTS_DO_NOT_FIT = "percents_do_not_fit"
    PAYMENTS_DO_NOT_FIT = "payments_do_not_fit"
    ITEMS_DO_NOT_FIT = "items_do_not_fit"
    MIXED_SPLITS = "mixed_splits"
    MIXED_CURRENCIES = "mixed_currencies"
    NAMED_TWICE = "named_twice"
    NOT_A_PERSON = "not_a_person"
    NOBODY = "nobody"
    BAD_DATE = "bad_date"
    SAID_TWICE = "said_twice"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that cannot be a bill: a sentence with its values, and the line put right where that can be guessed.

    `missing` is what has not been given out (below zero: what was given out too much), where sums do not fit.
    """

    problem: Problem
    message: Message
    values: Mapping[str, Any]
    missing: Money | None = None
    suggestion: BillWording | None = None


class Doubt(StrEnum):
    """What it is that has to be asked."""

    NUMBER = "number"
    WHICH_NUMBER = "which_number"
    CURRENCY = "currency"
    SIGN = "sign"
    PER_HEAD = "per_head"
    SENDER = "sender"
    PAYER = "payer"
    PARTS = "parts"
    REPEAT = "repeat"
    RHYTHM = "rhythm"
    DATE = "date"
    WORDS = "words"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Question:
    """A line that can be read in several ways, or in one not to be taken for granted. Each reading is complete."""

    doubt: Doubt
    message: Message
    readings: tuple[BillWording, ...]


def heads(wording: BillWording) -> Fraction | None:
    """How many pay, a weight of two counting as two; None if that is everybody, or not said in parts."""
    match wording.shares:
        case EqualWording(people) if Everybody() not in people:
            return Fraction(len(people))
        case WeightsWording(weights) if Everybody() not in (who for who, _weight in weights):
            return sum((weight for _who, weight in weights), Fraction(0))
    return None


def total(wording: BillWording, count: Fraction | int | None = None) -> Money | None:
    """The total of a bill for so many heads; None if that is not known or no whole number of minor units."""
    if not wording.per_head:
        return wording.amount
    count = heads(wording) if count is None else count
    minor = None if count is None else wording.amount.minor * Fraction(count)
    return None if minor is None or minor.denominator != 1 else Money(minor.numerator, wording.amount.currency)


def replaced(wording: BillWording, people: Mapping[Who, Who]) -> BillWording | Mistake:
    """The same with some people said otherwise, as once it is known who `@name` is.

    Whoever turns out to be the sender counts once. It is a mistake if somebody else turns out to be named twice.
    """

    def pairs(found: tuple[tuple[Who, _Said], ...]) -> tuple[tuple[Who, _Said], ...]:
        seen: dict[Who, _Said] = {}
        for who, said in found:
            now = people.get(who, who)
            if now in seen and now != Sender():
                raise _NamedTwice(who)
            seen.setdefault(now, said)
        return tuple(seen.items())

    def each(found: tuple[Who, ...]) -> tuple[Who, ...]:
        return tuple(who for who, _none in pairs(tuple((who, None) for who in found)))

    try:
        shares: SplitWording
        match wording.shares:
            case EqualWording(everyone, excluded):
                shares = EqualWording(each(everyone), each(excluded))
            case WeightsWording(weights, excluded):
                shares = WeightsWording(pairs(weights), each(excluded))
            case PercentWording(percents, excluded):
                shares = PercentWording(pairs(percents), each(excluded))
            case ExactWording(amounts, excluded):
                shares = ExactWording(pairs(amounts), each(excluded))
            case AdjustedWording(adjustments, excluded):
                shares = AdjustedWording(pairs(adjustments), each(excluded))
            case ItemisedWording(items, charges):
                shares = ItemisedWording(
                    tuple(ItemWording(item.title, item.minor, pairs(item.weights)) for item in items), charges
                )
        payers = tuple((people.get(who, who), minor) for who, minor in wording.payers)
        if len({who for who, _minor in payers}) < len(payers):
            raise _NamedTwice(payers[0][0])
    except _NamedTwice as twice:
        return Mistake(Problem.NAMED_TWICE, _("{name} is named twice."), {"name": _called(twice.who)})
    return replace(wording, shares=shares, payers=payers)


_Said = TypeVar("_Said")


class _NamedTwice(Exception):
    def __init__(self, who: Who) -> None:
        super().__init__(who)
        self.who = who


def _called(who: Who) -> str:
    match who:
        case User(user):
            return user
        case Named(name) | Guest(name):
            return name
    return type(who).__name__.lower()
