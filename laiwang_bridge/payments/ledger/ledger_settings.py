"""What a room has chosen for its books."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from laiwang_bridge.payments.ledger.splitting import AccountId


class WhoAdds(StrEnum):
    MEMBERS = "members"
    HOSTS = "hosts"


class WhoChanges(StrEnum):
    """Whose bills may be changed by whom. AUTHOR: the author, and hosts. MEMBERS: everybody. HOSTS: hosts alone."""

    AUTHOR = "author"
    MEMBERS = "members"
    HOSTS = "hosts"


class Confirmation(StrEnum):
    """Whether "I have paid" counts at once (ONE), or when whoever got it says so too (TWO)."""

    ONE = "one"
    TWO = "two"


class SettleMode(StrEnum):
    MINIMAL = "minimal"
    PAIRWISE = "pairwise"
    TREASURER = "treasurer"


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """`currency` is an ISO 4217 code. Totals from `ask_from` on (minor units of it) are asked about first.

    `convert` has bills in other currencies converted into this one. With `remind`, people are reminded so many days
    after a bill as `remind_days` says, or where it is None as the admin has chosen. `decimal_mark` is "." or "," where
    the room has chosen how `1.234` is read, and None where that is asked about.
    """

    currency: str
    who_may_add: WhoAdds = WhoAdds.MEMBERS
    who_may_change: WhoChanges = WhoChanges.AUTHOR
    confirmation: Confirmation = Confirmation.TWO
    remind: bool = True
    mode: SettleMode = SettleMode.MINIMAL
    treasurer: AccountId | None = None
    ask_from: int | None = None
    convert: bool = False
    remind_days: tuple[int, ...] | None = None
    decimal_mark: str | None = None


@lru_cache(maxsize=1024)
def settings_of_row(row: Any) -> LedgerSettings:
    """As they are kept with the ledger."""
    return LedgerSettings(
        row.currency,
        WhoAdds(row.who_may_add),
        WhoChanges(row.who_may_change),
        Confirmation(row.confirmation),
        row.remind,
        SettleMode(row.mode),
        None if row.treasurer is None else AccountId(row.treasurer),
        row.ask_from,
        row.convert,
        None if row.remind_days is None else tuple(int(days) for days in row.remind_days.split()),
        row.decimal_mark,
    )


def row_of_settings(wanted: LedgerSettings) -> dict[str, Any]:
    days = wanted.remind_days
    return {**asdict(wanted), "remind_days": None if days is None else " ".join(map(str, days))}
