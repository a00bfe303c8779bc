"""Whoever leaves a room in which something is open between him and others hears of it, in his own chat with us."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Button, Voice
from appservice.content import Rich, bullets, lines, numbered, paragraphs
from appservice.events import Event
from appservice.language import _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId, RoomBalance
from laiwang_bridge.payments.paying import open_shares, standing
from laiwang_bridge.payments.paying.open_shares import OpenShare
from laiwang_bridge.payments.paying.settle_cards import KEYCAPS, MOST_BUTTONS
from laiwang_bridge.payments.till import Till, shown, title_of


class Leaving:
    """`balance` says what somebody has in a room, `paid` is the button for a share of his."""

    def __init__(
        self,
        till: Till,
        balance: Callable[[Voice, RoomBalance, Sequence[UserID]], Rich],
        paid: Callable[[str, OpenShare], Button],
    ) -> None:
        self._till = till
        self._balance = balance
        self._paid = paid

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.room.member", self._member)

    def _member(self, unit: Unit, event: Event) -> None:
        if event.state_key is None or event.membership not in ("leave", "ban"):
            return
        if event.previous is not None and event.previous.get("membership") != "join":
            return
        user, ledger = UserID(event.state_key), ledger_store.ledger_of(unit.connection, event.room_id)
        if ledger is None or self._till.around.is_ours(user):
            return
        found = [one for one in ledger_store.balances_of_user(unit.connection, [user]) if one.ledger == ledger]
        voice = self._till.around.chat_with(unit, user) if found else None
        if voice is not None:
            self._tell(voice, user, ledger, found)

    def _tell(self, voice: Voice, user: UserID, ledger: LedgerId, found: Sequence[RoomBalance]) -> None:
        head = voice.say(_("You have left a room. What is open there stays open, and can still be settled:"))
        rows = [self._balance(voice, one, [user]) for one in found]
        shares = _open_shares(voice.connection, ledger, user)
        said = lines(head, bullets(rows))
        if shares:
            tap = voice.say(_("When you have paid one of these, tap its number; whoever gets the money is told:"))
            said = paragraphs(said, lines(tap, numbered(self._share(voice, one) for one in shares)))
        buttons = [self._paid(KEYCAPS[number], one).only_for(user) for number, one in enumerate(shares)]
        voice.send(said, buttons=buttons)

    def _share(self, voice: Voice, share: OpenShare) -> Rich:
        bill = bill_store.find(voice.connection, share.bill)
        his = standing.statuses(voice.connection, bill)[share.account]
        amount = shown(his.open, bill.content.total.currency.code, voice.language)
        return voice.say(_("{amount} for {title}"), amount=amount, title=title_of(voice, bill))


def _open_shares(connection: Connection, ledger: LedgerId, user: UserID) -> list[OpenShare]:
    """The first of somebody's shares in a room that wait to be paid."""
    account = ledger_store.find_account(connection, ledger, user)
    found = [] if account is None else open_shares.of_accounts(connection, [account])
    return [one for one in found if one.waits][:MOST_BUTTONS]
