"""Everything about shared bills, put together: one line here for each part of it."""

from __future__ import annotations

from collections.abc import Mapping

from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice.bots import Router, Voice
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import question_store
from laiwang_bridge.payments.bills.bot import BillBot
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.following import Following
from laiwang_bridge.payments.bills.rate_bot import RateBot
from laiwang_bridge.payments.books import import_store
from laiwang_bridge.payments.books.books_bot import BooksBot, Read
from laiwang_bridge.payments.books.import_bot import ImportBot
from laiwang_bridge.payments.packets.bot import PacketBot
from laiwang_bridge.payments.paying import notice_store
from laiwang_bridge.payments.paying.paying_bots import PayingBots
from laiwang_bridge.payments.rails import merchant_store, rail_store
from laiwang_bridge.payments.rails.charging import Charging
from laiwang_bridge.payments.rails.merchant import MerchantRail
from laiwang_bridge.payments.rails.rails_bot import Download, RailsBot
from laiwang_bridge.payments.rails.ways import Ways
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.ties import Export

_KEEP_REQUESTS_MS = 90 * 24 * 3_600_000
PREFIXES = ("!aa", "!split", "!记账")


class Payments:
    """The rooms of the house that are about bills. `routers` are what the bots answer."""

    def __init__(
        self,
        around: Surroundings,
        ways: Ways,
        merchants: Mapping[str, MerchantRail],
        download: Download,
        read: Read,
    ) -> None:
        cards = Cards(around, self._edit)
        till = Till(around, cards)
        self.bills = BillBot(PREFIXES, till, cards)
        self.following = Following(around, self.bills, cards)
        self.packets = PacketBot(PREFIXES, around)
        self.paying = PayingBots(PREFIXES, till)
        self.packets.handing.booked = self.paying.plans.check
        self.bills.entering.repeats.append(self.paying.recurring.begin)
        self.bills.changing.voided.append(self.paying.recurring.voided)
        self.rails = RailsBot(PREFIXES, around, till, ways, download)
        self.charging = Charging(PREFIXES, till, merchants)
        self.rails.telling.further.append(self.charging)
        cards.buttons.append(self.rails.paying.buttons)
        self.paying.plans.more.append(self.rails.paying.button)
        self.paying.reminder_texts.how = lambda voice: voice.line(self.rails.paying.how)
        self.rates = RateBot(PREFIXES, till, self.bills.rights)
        self.books = BooksBot(PREFIXES, till, read)
        self.imports = ImportBot(PREFIXES, till, self.bills.rights, download, self.bills.settings.together)
        self.bills.settings.reminds.append(self.paying.reminders.room_chose)
        self.imports.balance_line = lambda voice: voice.line(self.paying.settling.balance)
        self.imports.undo_line = lambda voice: voice.line(self.bills.undo, "import")
        undoing = self.imports.undoing
        undoing.void = lambda context, number: context.line(self.bills.changing.void, number)
        undoing.booked = self.paying.plans.check
        self.bills.imported_at, self.bills.undo_mine = undoing.last_at, undoing.undo_mine
        self.bills.undo_import = undoing.undo_last
        self.routers: tuple[Router, ...] = (
            self.bills.router,
            *self.paying.routers,
            self.packets.router,
            self.rails.router,
            self.charging.router,
            self.rates.router,
            self.books.router,
            self.imports.router,
        )
        self.exports: dict[str, Export] = {
            "bills": self.following.export,
            "paying": self.paying.export,
            "packets": self.packets.export,
            "ways_to_be_paid": ways.export,
            "imports": import_store.export,
        }

    def add_to(self, routes: Routes) -> None:
        self.following.add_to(routes)
        self.paying.add_to(routes)
        self.packets.add_to(routes)
        self.rails.add_to(routes)
        self.charging.add_to(routes)
        self.books.add_to(routes)
        self.imports.add_to(routes)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        if (ledger := self.following.moved(unit, old, new)) is not None:
            self.paying.moved(unit, ledger, old, new)
        self.packets.moved(unit, old, new)
        self.imports.moved(unit, old, new)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
        self.paying.person_leaves(unit, person)  # while it is still known which accounts are his
        self.following.person_leaves(unit, person)
        self.packets.person_leaves(unit, person)

    def forget_old(self, connection: Connection, now: int) -> None:
        """Forget what nobody asks for any more; the books are kept."""
        rail_store.forget_requests_before(connection, now - _KEEP_REQUESTS_MS)
        merchant_store.forget_old(connection, now - _KEEP_REQUESTS_MS)
        question_store.forget_old_questions(connection, now - _KEEP_REQUESTS_MS)
        import_store.forget_old(connection, now)
        notice_store.forget_before(connection, now - _KEEP_REQUESTS_MS)

    def _edit(self, voice: Voice, number: int) -> str:
        """How a bill is changed, as it is typed where this voice speaks."""
        return voice.line(self.bills.changing.edit, number, "…")
