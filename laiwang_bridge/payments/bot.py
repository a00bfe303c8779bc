"""What people type about bills in a room."""

from __future__ import annotations

from mautrix.types import RoomID

from appservice.bots import Context, Router
from appservice.language import _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people.rules import PersonId


class BillBot:
    def __init__(self, prefixes: tuple[str, ...], around: Surroundings) -> None:
        self._around = around
        self.router = router = Router("bills", prefixes, title=_("Shared bills"))
        router.command("list", "明细", help=_("The bills of this room"), group=_("Shared bills"))(self.list)

    def add_to(self, routes: Routes) -> None:
        """Take our events."""

    def list(self, context: Context) -> None:
        context.reply(_("There are no bills here yet."))

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
