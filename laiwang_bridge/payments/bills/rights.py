"""Who may do what with the bills of a room: as the room has set it, and by power in the room for its hosts."""

from __future__ import annotations

from appservice.bots import Context, UserError
from appservice.language import _
from appservice.rooms import Rooms
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_settings import LedgerSettings, WhoAdds, WhoChanges
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId

HOST_POWER = 50
"""The power level from which somebody is a host of a room, as clients call it a moderator."""

_ONLY_HOSTS = _("Only hosts change bills in this room.")


class Rights:
    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def is_host(self, context: Context) -> bool:
        """Whether the sender is a host of this room; alone with us everybody is."""
        power = self._rooms.power_of(context.connection, context.room, context.sender)
        return context.is_direct or power >= HOST_POWER

    def must_add(self, context: Context, settings: LedgerSettings) -> None:
        """Raises `UserError` for whoever may not add bills to a ledger with these settings."""
        if settings.who_may_add is WhoAdds.HOSTS and not self.is_host(context):
            raise UserError(_("Only hosts add bills in this room."))

    def must_change(self, context: Context, bill: Bill, me: AccountId) -> None:
        """Raises `UserError` for whoever may not change this bill."""
        wanted = ledger_store.settings(context.connection, bill.ledger).who_may_change
        if self._may_change(context, wanted, bill.author, me):
            return
        said = _ONLY_HOSTS if wanted is WhoChanges.HOSTS else _(
            "Only whoever added bill {number} and hosts of this room may change it. ❌ says that it is wrong."
        )  # fmt: skip
        raise UserError(said, number=f"#{bill.number}")

    def must_change_all(self, context: Context, ledger: LedgerId, author: AccountId, me: AccountId) -> None:
        """The same for all that `author` has brought in at once."""
        wanted = ledger_store.settings(context.connection, ledger).who_may_change
        if not self._may_change(context, wanted, author, me):
            said = _("Only whoever imported these bills, and hosts of this room, can take them back.")
            raise UserError(_ONLY_HOSTS if wanted is WhoChanges.HOSTS else said)

    def _may_change(self, context: Context, wanted: WhoChanges, author: AccountId, me: AccountId) -> bool:
        if wanted is WhoChanges.MEMBERS or self.is_host(context):
            return True
        return wanted is WhoChanges.AUTHOR and author == me

    def must_set(self, context: Context) -> None:
        """Raises `UserError` for whoever may not change the room's settings."""
        if not self.is_host(context):
            raise UserError(_("Only hosts of this room change that."))
