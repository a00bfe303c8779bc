"""What other features are told about people: who became friends, who fell out, who asked to be forgotten.

Features do not import each other; `laiwang_bridge.application` introduces them here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.unit import Unit
from laiwang_bridge.people.rules import ListId, PersonId

TieChanged = Callable[[Unit, PersonId, PersonId], None]
ListChanged = Callable[[Unit, ListId, Sequence[PersonId]], None]
Leaving = Callable[[Unit, PersonId], None]
Export = Callable[[Connection, PersonId], Any]
WipeTraces = Callable[[Connection, UserID], None]
AddressProven = Callable[[Unit, PersonId, int, str], None]
"""Told who has newly proven an address or lets it be found, its number and its mark (`address_store`)."""


@dataclass(frozen=True, slots=True)
class Ties:
    """The listeners. They run in the unit of the command that changed something, after it has been stored.

    `leaving` runs before a person's rows are removed, his friendships and blocks still standing; `wiping`, for what is
    kept by Matrix id, after the last answer was written. `exports` gives, by feature, all that it keeps on a person.
    """

    changed: list[TieChanged] = field(default_factory=list)
    lists: list[ListChanged] = field(default_factory=list)
    leaving: list[Leaving] = field(default_factory=list)
    wiping: list[WipeTraces] = field(default_factory=list)
    exports: dict[str, Export] = field(default_factory=dict)
    address_listeners: list[AddressProven] = field(default_factory=list)

    def tell(self, unit: Unit, one: PersonId, another: PersonId) -> None:
        """A friendship, a block or a mute between two persons began or ended."""
        for listener in self.changed:
            listener(unit, one, another)

    def tell_list(self, unit: Unit, list: ListId, persons: Sequence[PersonId]) -> None:
        """These were put on a private list, or taken off it."""
        for listener in self.lists:
            listener(unit, list, persons)

    def tell_leaving(self, unit: Unit, one: PersonId) -> None:
        for listener in self.leaving:
            listener(unit, one)

    def tell_address(self, unit: Unit, one: PersonId, address: int, mark: str) -> None:
        """An address was newly proven, or may be found by more people than before."""
        for listener in self.address_listeners:
            listener(unit, one, address, mark)

    def wipe(self, connection: Connection, user: UserID) -> None:
        for listener in self.wiping:
            listener(connection, user)
