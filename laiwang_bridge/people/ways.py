"""Which ways there are to prove an address here, as the operator has configured them."""

from __future__ import annotations

from dataclasses import dataclass

from mautrix.types import UserID

from appservice.rooms import server_name
from laiwang_bridge.people.addresses import AddressKind, Proof
from laiwang_bridge.people.proving.homeserver import HomeserverKnowledge
from laiwang_bridge.people.proving.mailing import Mailer
from laiwang_bridge.people.proving.texting import Texter


@dataclass(frozen=True, slots=True)
class Ways:
    """What is None is off. `domain` is our homeserver's; `friends` whether a friend's word counts."""

    domain: str
    friends: bool = True
    mailer: Mailer | None = None
    texter: Texter | None = None
    homeserver: HomeserverKnowledge | None = None

    def code_to(self, kind: AddressKind) -> Proof | None:
        """By what a code gets to such an address; None where only a friend can bring it."""
        if kind is AddressKind.EMAIL:
            return Proof.EMAIL if self.mailer else None
        return Proof.TEXT if self.texter else None

    def homeserver_knows(self, user: UserID) -> bool:
        """Whether the homeserver can be asked about somebody."""
        return self.homeserver is not None and server_name(user) == self.domain
