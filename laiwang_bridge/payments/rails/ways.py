"""A person's ways to be paid, opened and sealed. Whoever has no key sees none of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from appservice.unit import Unit
from laiwang_bridge.payments.rails import Details, Rail, rail_store, takes
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.seals import NONCE_BITS, Seal

log = logging.getLogger(__name__)

SEALED_WAY = "way to be paid"
"""The purpose of the seal."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to be paid: `text` are details that the rail has checked."""

    id: int
    rail: Rail
    text: str

    @property
    def shown(self) -> str:
        """The details as they are read best."""
        checked = self.rail.check(self.text)
        return checked.shown if isinstance(checked, Details) else self.text


class Ways:
    """`find_rails` gives those that are installed, when they are needed first; what belongs to another one is passed
    over until it is there again."""

    def __init__(self, find_rails: Callable[[], Mapping[str, Rail]], seal: Seal) -> None:
        self._find_rails = find_rails
        self._seal = seal

    @cached_property
    def rails(self) -> Mapping[str, Rail]:
        """All rails by name."""
        return self._find_rails()

    def of(self, connection: Connection, person: PersonId) -> list[Way]:
        """All ways of a person that can be opened, in the order in which they came."""
        found = []
        for sealed in rail_store.ways_of(connection, person):
            rail = self.rails.get(sealed.rail)
            opened = self._seal.open(sealed.sealed, rail_store.owner_of(person, sealed.rail))
            if opened is None:
                log.warning("a way to be paid cannot be opened: the key is another one than it was sealed with")
            elif rail is not None:
                found.append(Way(sealed.id, rail, opened.decode()))
        return found

    def fitting(self, connection: Connection, payee: PersonId, payer: PersonId | None, currency: str) -> list[Way]:
        """The payee's ways in a currency; first those on which the payer can be paid too, for these he knows."""
        known = {way.rail.name for way in self.of(connection, payer)} if payer is not None else set()
        found = [way for way in self.of(connection, payee) if takes(way.rail, currency)]
        return sorted(found, key=lambda way: way.rail.name not in known)

    def add(self, unit: Unit, person: PersonId, rail: Rail, details: Details) -> bool:
        """Keep a way; False where it is kept already. `unit` seals no other way of the same rail."""
        if any(way.rail.name == rail.name and way.text == details.text for way in self.of(unit.connection, person)):
            return False
        nonce = unit.random_bits(f"payments.way.{rail.name}", NONCE_BITS)
        sealed = self._seal.close(details.text.encode(), rail_store.owner_of(person, rail.name), nonce)
        rail_store.add_way(unit.connection, person, rail.name, sealed, unit.now)
        return True

    def export(self, connection: Connection, person: PersonId) -> dict[str, Any]:
        """What somebody has told of how he is paid, in the clear: it is his."""
        return {
            "ways": [{"rail": way.rail.name, "details": way.shown} for way in self.of(connection, person)],
            "always_asked_first": rail_store.wants_to_be_asked(connection, person),
            "asked_by": len(rail_store.requests_to(connection, person)),
        }
