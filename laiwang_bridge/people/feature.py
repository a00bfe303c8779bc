"""Everything about people, put together: one line here for each part of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Voice
from appservice.routes import Routes
from laiwang_bridge.people import address_store, claim_store, request_store, store
from laiwang_bridge.people.address_bot import AddressBot
from laiwang_bridge.people.addresses import Claim
from laiwang_bridge.people.bot import PREFIXES, PeopleBot
from laiwang_bridge.people.circle_bot import CircleBot
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.hours_bot import HoursBot
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.proof_limits import ProofLimits
from laiwang_bridge.people.proofs import Proofs
from laiwang_bridge.people.requests import Requests
from laiwang_bridge.people.ties import Export, Ties
from laiwang_bridge.people.ways import Ways

_KEEP_REQUESTS_MS = 90 * 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What people need of the rest of the house. `find_claim` reads a claim outside of a handler, `send_book` is how an
    address book is sent, as it is typed."""

    names: Names
    mail: Mail
    ties: Ties
    digests: Digests
    bot: UserID
    is_ours: Callable[[UserID], bool]
    find_claim: Callable[[int], Awaitable[Claim | None]]
    send_book: Callable[[Voice], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the admin has chosen. `key` is his secret, empty for none; `regions` (ISO 3166) are where numbers without a
    country code are from."""

    code_lifetime_hours: int
    key: str
    regions: Sequence[str]


class People:
    """The rooms of the house that are about people: friends, circles, hours, and addresses that are proven."""

    def __init__(self, house: House, wishes: Wishes, ways: Ways, limits: ProofLimits) -> None:
        self._digests = house.digests
        self.requests = Requests(house.names, house.mail, house.ties, house.digests)
        house.digests.listeners.append(self.requests.bring_knocks)
        self.bot = PeopleBot(
            house.names,
            self.requests,
            house.digests,
            house.ties,
            code_lifetime_hours=wishes.code_lifetime_hours,
            is_ours=house.is_ours,
        )
        self.circles = CircleBot(PREFIXES, house.names, house.ties, self.bot.friends)
        self.hours = HoursBot(PREFIXES, house.digests)
        self._proofs = Proofs(
            house.names,
            house.mail,
            house.ties,
            ways,
            limits,
            bot=house.bot,
            key=wishes.key,
            find_claim=house.find_claim,
        )
        self.requests.also_taken_by(self._proofs.take)
        self.addresses = AddressBot(self._proofs, house.ties, regions=wishes.regions, send_book=house.send_book)
        self.exports: dict[str, Export] = {"addresses": address_store.export, "claims": claim_store.export}

    def add_to(self, routes: Routes) -> None:
        self.bot.add_to(routes)
        self._proofs.add_to(routes)
        self.requests.add_to(routes)
        self._digests.add_to(routes)

    def forget_old(self, connection: Connection, now: int) -> None:
        """Forget what nobody asks for any more."""
        request_store.forget_old(connection, now - _KEEP_REQUESTS_MS)
        store.forget_drained(connection, now)
        claim_store.forget_old(connection, now)
