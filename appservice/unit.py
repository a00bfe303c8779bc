"""The unit of work: all that one handler may use, committed together or not at all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.effects import Effect, EffectKey


@dataclass(frozen=True, slots=True)
class Emission:
    """An effect on its way to the outbox, with who is told of the answer and who asked for it."""

    key: EffectKey
    effect: Effect
    notify: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    asker: UserID | None = None
    not_before: int | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at `due_at` (milliseconds): `name` finds the handler. The same key set again moves it."""

    key: str
    name: str
    due_at: int
    lane: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Unit:
    """One inbox entry being handled.

    `connection` is the open transaction, `now` the time of handling in milliseconds, `key` the entry's own key (the
    event id for events). A unit may be run again after a crash, so everything is derived from these.
    """

    connection: Connection
    now: int
    key: str
    secret: bytes
    emissions: list[Emission] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    cancelled_timers: list[str] = field(default_factory=list)

    def emit(
        self,
        effect: Effect,
        *,
        key: str | None = None,
        notify: str | None = None,
        context: Mapping[str, Any] | None = None,
        asker: UserID | None = None,
        not_before: int | None = None,
    ) -> EffectKey:
        """Let an effect happen once this unit has committed; returns its key.

        A second effect of the same key is dropped. `notify` names the answer handler; `asker` is the person who is
        told when it can never succeed; `not_before` (milliseconds) delays it and all that follows in its lane.
        """
        chosen = EffectKey(key or f"{self.key}/{len(self.emissions)}")
        self.emissions.append(Emission(chosen, effect, notify, context or {}, asker, not_before))
        return chosen

    def at(self, due_at: int, name: str, *, key: str, lane: str, context: Mapping[str, Any] | None = None) -> None:
        """Have the timer handler `name` called at `due_at` or soon after."""
        self.timers.append(Timer(key, name, due_at, lane, context or {}))

    def cancel(self, key: str) -> None:
        """Forget a timer that has not gone off yet."""
        self.cancelled_timers.append(key)

    def random_bits(self, purpose: str, bits: int) -> int:
        """Unguessable bits that come out the same if this unit is run again."""
        digest = hmac.digest(self.secret, f"{purpose}\0{self.key}".encode(), hashlib.sha512)
        if bits > len(digest) * 8:
            raise ValueError("at most 512 bits")
        return int.from_bytes(digest, "big") >> (len(digest) * 8 - bits)
