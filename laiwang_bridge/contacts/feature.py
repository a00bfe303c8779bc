"""Everything about address books, put together: one line here for each part of it."""

from __future__ import annotations

from sqlalchemy import Connection

from appservice.routes import Routes
from laiwang_bridge.contacts import id_store, store, watch_store
from laiwang_bridge.contacts.accounts import SEALED_LOGIN, Accounts
from laiwang_bridge.contacts.bot import ContactsBot
from laiwang_bridge.contacts.cards import Cards
from laiwang_bridge.contacts.importing import Imports
from laiwang_bridge.contacts.lookup import Directory, LookUps
from laiwang_bridge.contacts.matching import Matching
from laiwang_bridge.contacts.reader import MOST_CARDS
from laiwang_bridge.contacts.reading import Reading
from laiwang_bridge.contacts.summary import Summary
from laiwang_bridge.contacts.surroundings import Surroundings, Wishes
from laiwang_bridge.people.ties import Export
from laiwang_bridge.seals import Seal


class Contacts:
    """The rooms of the house that are about address books. `router` is what every bot answers that does this, `alone`
    what only the bot answers that does nothing else. `directory` knows who is on Matrix, None where nobody is asked."""

    def __init__(self, around: Surroundings, wishes: Wishes, directory: Directory | None) -> None:
        self.cards = Cards(around.names, around.mail, around.digests.ask)
        summary = Summary(around.prove)
        self.matching = Matching(wishes.key, wishes.limits, range_from=wishes.range_from, found=self.cards.found)
        reading = Reading(
            around.download,
            around.outside,
            regions=wishes.regions,
            most_bytes=wishes.most_bytes,
            most_cards=MOST_CARDS,
            shop_files=wishes.shop_files,
        )
        look_ups = LookUps(directory, wishes.identity_host, around.speak)
        imports = Imports(reading, self.matching, self.cards, summary, around.speak, look_ups, around.tell_operators)
        seal = Seal(wishes.key, SEALED_LOGIN) if wishes.key else None
        accounts = Accounts(imports, around.rooms, around.outside, seal)
        self.bot = ContactsBot(imports, accounts, self.cards, summary, look_ups, around.requests)
        self.router, self.alone = self.bot.router, self.bot.alone
        self.exports: dict[str, Export] = {"contacts": self.bot.export}

    def add_to(self, routes: Routes) -> None:
        self.bot.add_to(routes)

    def forget_old(self, connection: Connection, now: int) -> None:
        """Forget what nobody asks for any more."""
        store.forget_old(connection, now)
        id_store.forget_old(connection, now - store.HOLDING_MS)
        watch_store.forget_old(connection, now)
