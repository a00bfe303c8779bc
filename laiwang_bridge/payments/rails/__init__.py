"""Rails: how people really pay each other. A rail turns "pay Mei 12.30 EUR" into something that a bank or an app takes.

Nothing here moves money or holds any: a rail only writes down, for the one who owes, what the one who is owed has told
us of himself. It is pure: no network, no clock, no database.

A package adds a rail of its own by an entry point of the group `laiwang_bridge.rails` that names a class, or a function
without arguments, whose result is a `Rail` (`laiwang_bridge.payments.rails.discovery`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from appservice.language import Message
from laiwang_bridge.payments.money.money import Money


@dataclass(frozen=True, slots=True)
class Details:
    """How somebody is paid by a rail: `text` is its one written form, which is kept; `shown` is how it is read best."""

    text: str
    shown: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why something cannot be used: one clear sentence that says what to do, with its fields."""

    sentence: Message
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Who is to be paid how much. `details` is a `Details.text` of the same rail, `name` what the one who is owed is
    called, `purpose` what the payment is for, in his own words."""

    details: str
    money: Money
    name: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that can be typed by hand."""

    label: Message
    value: str


@dataclass(frozen=True, slots=True)
class QrCode:
    """What a QR code holds, as UTF-8. `most_version` bounds its size where the rail does; with `swiss_cross` it has
    that mark in its middle. `boost` uses a stronger error correction than medium where that costs no room."""

    payload: str
    most_version: int = 40
    swiss_cross: bool = False
    boost: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What the one who owes gets: facts to type, a link that a phone opens, a code to scan, and what he has to know."""

    facts: tuple[Fact, ...]
    uri: str | None = None
    qr: QrCode | None = None
    notes: tuple[Message, ...] = ()


class Rail(Protocol):
    """One way to pay.

    `name` is what is typed and stored (`sepa`), `title` what people call it, `currencies` the ISO 4217 codes it takes
    (none: every one), `example` details as somebody would type them.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> Message: ...

    @property
    def currencies(self) -> frozenset[str]: ...

    @property
    def example(self) -> str: ...

    def check(self, details: str) -> Details | Mistake:
        """Details that somebody typed, in their one form."""

    def offer(self, request: PayRequest) -> Offer | Mistake:
        """How to pay this; a `Mistake` where the rail cannot carry it (such as too large an amount)."""


def takes(rail: Rail, currency: str) -> bool:
    """Whether a rail can pay in a currency (ISO 4217 code)."""
    return not rail.currencies or currency in rail.currencies
