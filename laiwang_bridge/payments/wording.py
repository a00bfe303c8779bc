"""What a line about a bill says: who bought what for how much, and who bears it. People are as they were named.

Nothing here knows accounts: whoever books the bill finds out who the people are (`replaced` puts them in).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from mautrix.types import UserID

from appservice.language import Language, Message
from laiwang_bridge.payments.money import Currency, Money


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


class Period(StrEnum):
    """What a bill that comes again counts in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A bill that comes again every `count` periods, the last time on `until` or before."""

    period: Period
    count: int = 1
    until: datetime.date | None = None


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
    REPEAT = "repeat"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Question:
    """A line that can be read in several ways, or in one not to be taken for granted. Each reading is complete."""

    doubt: Doubt
    message: Message
    readings: tuple[BillWording, ...]


def total(wording: BillWording, heads: Fraction | int) -> Money | None:
    """The total of a bill for so many heads (sum of the weights); None if it is no whole number of minor units."""
    raise NotImplementedError


def replaced(wording: BillWording, people: Mapping[Who, Who]) -> BillWording | Mistake:
    """The same with some people said otherwise, as once it is known who `@name` is; nobody comes twice in it."""
    raise NotImplementedError
