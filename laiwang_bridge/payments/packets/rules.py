"""What a red packet may be, and who may do what with it. Amounts are minor units of its currency, times are
milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_PARTS = 100
OPEN_MS = 24 * 3_600_000
"""After so long whatever nobody has taken goes back."""
SHOWN_EVERY_MS = 2_000
"""A card changes no more often than this, however many tap it."""


class Kind(StrEnum):
    """How a packet is divided: LUCKY by chance, FIXED so that all parts are the same."""

    LUCKY = "lucky"
    FIXED = "fixed"


class State(StrEnum):
    """What has become of a packet: EMPTY when everything was taken, EXPIRED when its time was over before that,
    WITHDRAWN when its sender took it back before anybody had a part."""

    OPEN = "open"
    EMPTY = "empty"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Flaw(StrEnum):
    """Why there can be no such packet."""

    NO_PARTS = "no parts"
    TOO_MANY_PARTS = "too many parts"
    TOO_LITTLE = "too little"
    TOO_MUCH = "too much"
    MORE_PARTS_THAN_PEOPLE = "more parts than people"


def flaw(total: int, parts: int, *, most: int, people: int | None = None) -> Flaw | None:
    """What is wrong with a packet of `total` in `parts`; None if nothing is.

    `most` is the largest amount here; `people` how many it is for, None for everybody in the room.
    """
    if parts < 1:
        return Flaw.NO_PARTS
    if parts > MOST_PARTS:
        return Flaw.TOO_MANY_PARTS
    if total < parts:
        return Flaw.TOO_LITTLE
    if total > most:
        return Flaw.TOO_MUCH
    if people is not None and parts > people:
        return Flaw.MORE_PARTS_THAN_PEOPLE
    return None


class Reply(StrEnum):
    """What somebody who reaches for a packet gets: a part, or a reason why not."""

    TAKES = "takes"
    HAS_ONE = "has one"
    TOO_LATE = "too late"
    NOT_MEANT = "not meant"


def reply(state: State, *, has_one: bool, is_meant: bool, now: int, ends_at: int) -> Reply:
    """What somebody gets. Whoever has a part is told so even when it is too late for others."""
    if has_one:
        return Reply.HAS_ONE
    if not is_meant:
        return Reply.NOT_MEANT
    if state is not State.OPEN or now >= ends_at:
        return Reply.TOO_LATE
    return Reply.TAKES


def after_part(parts_left: int) -> State:
    """The state when one more part was taken, and so many are left."""
    return State.OPEN if parts_left else State.EMPTY


def may_withdraw(state: State, taken: int) -> bool:
    """Whether the sender may still take all of it back."""
    return state is State.OPEN and taken == 0


def luckiest(amounts: Sequence[int]) -> int | None:
    """The place of the largest part in the row, the first of several; None where luck has decided nothing."""
    if len(amounts) < 2 or min(amounts) == max(amounts):
        return None
    return amounts.index(max(amounts))


@dataclass(frozen=True, slots=True)
class Showing:
    """When a card changes: at once, or with others at `at`. Neither, if it is going to change by then anyway."""

    now: bool = False
    at: int | None = None


def showing(state: State, shown_at: int, due_at: int | None, now: int) -> Showing:
    """When the card is to show what has just changed; `due_at` is when it is going to change next, if it is."""
    if state is not State.OPEN or now - shown_at >= SHOWN_EVERY_MS:
        return Showing(now=True)
    return Showing() if due_at is not None else Showing(at=shown_at + SHOWN_EVERY_MS)
