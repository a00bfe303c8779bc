"""The card of each bill: one message in the room, edited in place whenever something about the bill changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Button, Context, Voice
from appservice.bots.line import fold
from appservice.content import Rich
from appservice.ghosts import localpart
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store, billing, card_text
from laiwang_bridge.payments.bills.bill_field import field_of
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.bills.card_text import Card, Face
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claims, standing
from laiwang_bridge.payments.paying.rules import ShareStatus
from laiwang_bridge.payments.paying.standing import Standing
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people.mail import is_here

_MOST_REGROUPED = 20

Statuses = Mapping[AccountId, ShareStatus]
ButtonsOf = Callable[[Bill, Statuses], Sequence[Button]]
"""What can be tapped below the card of a bill that stands like this."""
BillChanged = Callable[[Unit, Bill], None]
"""Told when a bill was added, changed, made void or brought back, before its card shows it."""


class Cards:
    """Shows bills. `buttons` gives what is below a card, `changed` is told before a card is shown anew."""

    def __init__(self, around: Surroundings, edit: Callable[[Voice, int], str]) -> None:
        self._around = around
        self._edit = edit
        self.buttons: list[ButtonsOf] = []
        self.changed: list[BillChanged] = []

    def answer(self, context: Context, bill: Bill) -> None:
        """Show a bill that somebody has just made, as the answer to its message; pings those who have to act."""
        card = self._card(context, bill, self.tell(context.unit, bill))
        mentions = [user for user in card_text.must_act(card) if user != context.sender]
        key = context.reply(
            self._text(card, context), buttons=self._buttons(card), mentions=mentions, fields=field_of(card)
        )
        bill_store.note_card(context.connection, bill.id, key, context.bot.user_id)

    def send(self, voice: Voice, bill: Bill, *, quiet: bool = False) -> None:
        """Show a bill where nobody has just asked; its older card, if there is one, stays as it is."""
        self._send(voice, bill, self.tell(voice.unit, bill), quiet=quiet)

    def update(self, unit: Unit, bill: Bill) -> None:
        """A bill was changed: tell those who follow it, and show it."""
        self.tell(unit, bill)
        self.refresh(unit, [bill.id])

    def refresh(self, unit: Unit, bills: Iterable[BillId]) -> None:
        """Show these bills as they are now, each on its card; on a new one where the old one is out of reach."""
        for id in dict.fromkeys(bills):
            bill = bill_store.find(unit.connection, id)
            voice = self.voice(unit, bill)
            if voice is None:
                continue
            if bill.card is None or not is_here(voice, bill.card):
                self._send(voice, bill, standing.of(voice.connection, bill), quiet=True)
                continue
            card = self._card(voice, bill, standing.of(voice.connection, bill))
            voice.edit(bill.card, self._text(card, voice), buttons=self._buttons(card), fields=field_of(card))

    def regrouped(self, unit: Unit, bills: Sequence[Bill], shown: Sequence[BillId]) -> None:
        """The same bills are paid by others, because somebody settles with another: show the newest of `shown`."""
        claims.regrouped(unit.connection, bills)
        for bill in bills:
            for listener in self.changed:
                listener(unit, bill)
        self.refresh(unit, shown[:_MOST_REGROUPED])

    def voice(self, unit: Unit, bill: Bill) -> Voice | None:
        """Whoever shows the bill, in its room and language; None where we are no more."""
        room = ledger_store.room_of(unit.connection, bill.ledger)
        inside = self._around.rooms.members(unit.connection, room)
        if bill.card_bot not in inside:
            return self._around.speak_in(unit, room, bill.language)
        is_direct = self._around.rooms.is_direct(unit.connection, room, bill.card_bot)
        return self._around.speak(unit, bill.card_bot, room, bill.language, is_direct=is_direct)

    def show_again(self, context: Context, bill: Bill) -> None:
        """Show a bill further down, on a new card; from now on that one is kept up to date."""
        card = self._card(context, bill, standing.of(context.connection, bill))
        key = context.reply(self._text(card, context), buttons=self._buttons(card), fields=field_of(card))
        bill_store.note_card(context.connection, bill.id, key, context.bot.user_id)

    def faces(self, connection: Connection, ledger: LedgerId) -> dict[AccountId, Face]:
        """How everybody of a ledger is shown; those who are called the same, by their ids as well."""
        return self._faces(connection, ledger, ledger_store.accounts(connection, ledger))

    def _faces(
        self, connection: Connection, ledger: LedgerId, known: Mapping[AccountId, Account]
    ) -> dict[AccountId, Face]:
        users = [UserID(account.name) for account in known.values() if account.kind is AccountKind.USER]
        called = self._around.names.in_room(connection, ledger_store.room_of(connection, ledger), users)
        names = {id: called.get(UserID(account.name), account.name) for id, account in known.items()}
        shared = {name for name, number in Counter(map(fold, names.values())).items() if number > 1}
        return {id: _face(account, names[id], fold(names[id]) in shared) for id, account in known.items()}

    def tell(self, unit: Unit, bill: Bill) -> Standing:
        """A bill was added or changed: say so to all who follow bills, without showing it."""
        stands = claims.bill_changed(unit.connection, bill)
        for listener in self.changed:
            listener(unit, bill)
        return stands

    def _send(self, voice: Voice, bill: Bill, stands: Standing, *, quiet: bool) -> None:
        card = self._card(voice, bill, stands)
        rich, buttons = self._text(card, voice), self._buttons(card)
        mentions = [] if quiet else card_text.must_act(card)
        key = voice.send(rich, buttons=buttons, mentions=mentions, thread=bill.thread, fields=field_of(card))
        bill_store.note_card(voice.connection, bill.id, key, voice.bot.user_id)

    def _card(self, voice: Voice, bill: Bill, stands: Standing) -> Card:
        return Card(
            bill=bill,
            faces=self._faces(voice.connection, bill.ledger, stands.accounts),
            statuses=stands.statuses,
            debts=stands.debts,
            edit=self._edit(voice, bill.number),
            receipt=self._receipt(voice.connection, bill),
            exchange=billing.exchange_of(voice.connection, bill),
            instead=stands.instead,
            left=self._for_those_who_left(voice, bill, stands),
        )

    def _for_those_who_left(self, voice: Voice, bill: Bill, stands: Standing) -> dict[AccountId, AccountId]:
        """The author says what has come for whoever cannot any more, if he is here himself."""
        if not any(share.claimed for share in stands.statuses.values()):
            return {}
        room = ledger_store.room_of(voice.connection, bill.ledger)

        def is_here(account: AccountId) -> bool:
            one = stands.accounts[account]
            is_user = one.kind is AccountKind.USER
            return is_user and self._around.rooms.membership(voice.connection, room, UserID(one.name)) == "join"

        getting = dict.fromkeys(stands.instead.get(debt.payee, debt.payee) for debt in stands.debts)
        left = [one for one in getting if not is_here(one)]
        return dict.fromkeys(left, bill.author) if left and is_here(bill.author) else {}

    def _receipt(self, connection: Connection, bill: Bill) -> str | None:
        if not bill.receipt:
            return None
        room = bill.receipt_room or ledger_store.room_of(connection, bill.ledger)
        return f"https://matrix.to/#/{quote(room)}/{quote(bill.receipt)}"

    def _text(self, card: Card, voice: Voice) -> Rich:
        return card_text.text_of(card, voice.catalogue)

    def _buttons(self, card: Card) -> list[Button]:
        if card.bill.is_void:
            return []
        return [button for give in self.buttons for button in give(card.bill, card.statuses)]


def _face(account: Account, name: str, is_shared: bool) -> Face:
    if account.kind is not AccountKind.USER:
        return Face(name)
    user = UserID(account.name)
    if is_shared:
        shown = user if name == localpart(user) else f"{name} ({user})"
        return Face(shown, user)
    return Face(name, user)
