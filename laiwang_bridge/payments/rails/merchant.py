"""Merchant rails: payment services at which somebody has an account of his own, and which tell us when he was paid.

The money goes from whoever pays straight to that account; it never passes through the bridge. So a merchant rail is
offered to those only who owe something to the person whose account it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mautrix.types import UserID

from appservice.language import Message
from laiwang_bridge.payments.money.money import Money


class Progress(StrEnum):
    """How far a charge is. OFFERED: the service may not even know it, as nobody has scanned its code. FAILED: it could
    not be made. CLOSED: nobody has paid in time. REFUNDED: all of it went back."""

    OFFERED = "offered"
    SCANNED = "scanned"
    FAILED = "failed"
    CLOSED = "closed"
    PAID = "paid"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Charge:
    """What a service is asked to take: `reference` is ours, the same each time it is asked for the same."""

    reference: str
    money: Money
    subject: str


@dataclass(frozen=True, slots=True)
class Page:
    """Where it can be paid: an address to open, or what a code to scan holds."""

    url: str | None = None
    qr: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service does not take the charge; `code` is its own word for why, for the log."""

    code: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a service says of a charge: `event` is its own number for this message, empty for an answer to a question of
    ours. `paid` is what was paid for it altogether, `refunded` what of that went back; None where it does not say."""

    event: str
    reference: str
    progress: Progress
    paid: Money | None = None
    refunded: Money | None = None


class NotGenuine(Exception):
    """What came is not signed by the service, or is not for us."""


class MerchantRail(Protocol):
    """A payment service. `name` is what is stored and the end of the path of its notices; `holder` is whose account
    it is; `accepted` is what the service wants to read when it need not tell us again."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> Message: ...

    @property
    def holder(self) -> UserID: ...

    @property
    def accepted(self) -> bytes: ...

    def takes(self, money: Money) -> bool:
        """Whether it can be asked for exactly this."""

    async def create(self, charge: Charge) -> Page | Refused:
        """Ask for a charge; asked twice for the same, it gives the same. Raises `Later` where it cannot be reached."""

    async def look(self, charge: Charge) -> Notice | None:
        """Ask how far a charge is; None where that cannot be told. Raises `Later`."""

    def verify(self, body: bytes, headers: Mapping[str, str], now: int) -> Notice | None:
        """Read a notice from its very bytes; None for one that says nothing of a charge. Raises `NotGenuine`."""
