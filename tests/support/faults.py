"""The ways in which a network can misbehave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delay:
    """The request arrives late, by `least` to `most` seconds."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection is cut; the request never arrived."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The request arrived and was answered; the connection is cut before the answer comes back."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The request arrives `times` times, one after the other or at once; the last answer comes back."""

    times: int = 2
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Swap:
    """The request waits until the next one that is to be swapped was answered, at most `patience` seconds."""

    patience: float = 1.0


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """Answered 429 with Matrix's `retry_after_ms`; the request never arrived."""

    retry_after_ms: int = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """Answered with this status (500, 502, 503, 504 …); the request never arrived.

    With an `errcode` as a homeserver would answer, else with a page that is no JSON.
    """

    status: int = 502
    errcode: str | None = None


@dataclass(frozen=True, slots=True)
class Truncate:
    """The request arrived; half of its answer comes back, then the connection is cut."""


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The request arrived; its answer comes back in `pieces` over `seconds`."""

    seconds: float
    pieces: int = 5


Fault = Delay | DropBefore | DropAfter | Repeat | Swap | TooManyRequests | Answer | Truncate | SlowBody
