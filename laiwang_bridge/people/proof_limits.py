"""How many codes are sent: the bridge is no cannon for mails, and text messages cost money."""

from __future__ import annotations

from collections.abc import Iterator

from appservice.bots import Context
from appservice.rooms import server_name
from laiwang_bridge import rates
from laiwang_bridge.people import store
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.rates import Limit

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

PER_PERSON = Limit(burst=5, every_ms=4 * _HOUR_MS)
PER_ADDRESS = Limit(burst=3, every_ms=8 * _HOUR_MS)
PER_FOREIGN_SERVER = Limit(burst=20, every_ms=_HOUR_MS)
"""All users of another homeserver together; on our own the limit of the whole bridge is enough."""


class ProofLimits:
    """Leaky buckets. `per_day` is what the operator allows of each kind in one day, over all people."""

    def __init__(self, domain: str, per_day: dict[AddressKind, int]) -> None:
        self._domain = domain
        self._per_day = {kind: Limit(burst=most, every_ms=max(1, _DAY_MS // most)) for kind, most in per_day.items()}

    def allow(self, context: Context, kind: AddressKind, mark: str) -> bool:
        """Whether one more may be sent now, and if so, count it."""
        connection, now = context.connection, context.now
        drains = [
            (who, limit, store.guesses_drain_at(connection, who)) for who, limit in self._buckets(context, kind, mark)
        ]
        if any(rates.wait(limit, drains_at, now) > 0 for _who, limit, drains_at in drains):
            return False
        for who, limit, drains_at in drains:
            store.note_guess(connection, who, rates.pour(limit, drains_at, now))
        return True

    def _buckets(self, context: Context, kind: AddressKind, mark: str) -> Iterator[tuple[str, Limit]]:
        """A person is known by his mark, so that asking to be forgotten gives nobody new codes."""
        yield f"proof/person:{store.mark_of(context.connection, context.sender)}", PER_PERSON
        yield f"proof/address:{mark}", PER_ADDRESS
        if (server := server_name(context.sender)) != self._domain:
            yield f"proof/server:{server}", PER_FOREIGN_SERVER
        if kind in self._per_day:
            yield f"proof/kind:{kind}", self._per_day[kind]
