"""Whoever leaves a room in which something is open between him and others hears of it, in his own chat with us."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Button, Voice
from appservice.content import Rich, bullets, lines, numbered, paragraphs, words
from appservice.events import Event
from appservice.language import _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId, RoomBalance
from laiwang_bridge.payments.paying import claim_store, open_shares, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.open_shares import OpenShare
from laiwang_bridge.payments.paying.settle_cards import KEYCAPS, MOST_BUTTONS
from laiwang_bridge.payments.till import Till, shown, title_of


class Leaving:
    """`balance` says what somebody has in a room, `paid` is the button for a share of his, and `got` for money that
    somebody says to have paid him."""

    def __init__(
        self,
        till: Till,
        balance: Callable[[Voice, RoomBalance, Sequence[UserID]], Rich],
        paid: Callable[[str, OpenShare], Button],
        got: Callable[[str, Claim], Button],
    ) -> None:
        self._till = till
        self._balance = balance
        self._paid = paid
        self._got = got

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
        shares, waiting = _open_shares(voice.connection, ledger, user), _waiting(voice.connection, ledger, user)
        waiting = waiting[: MOST_BUTTONS - len(shares)]
        said = lines(head, bullets(rows))
        if shares:
            tap = voice.say(_("When you have paid one of these, tap its number; whoever gets the money is told:"))
            said = paragraphs(said, lines(tap, numbered(self._share(voice, one) for one in shares)))
        buttons = [self._paid(KEYCAPS[number], one) for number, one in enumerate(shares)]
        if waiting:
            tap = voice.say(_("When one of these has come, tap its number; whoever paid is told:"))
            marks = KEYCAPS[len(shares) :]
            rows = [words(f"{mark} ") + self._claim(voice, one) for mark, one in zip(marks, waiting, strict=False)]
            said = paragraphs(said, lines(tap, *rows))
            buttons += [self._got(KEYCAPS[number], one) for number, one in enumerate(waiting, len(shares))]
        voice.send(said, buttons=[each.only_for(user) for each in buttons])

    def _claim(self, voice: Voice, claim: Claim) -> Rich:
        faces = self._till.cards.faces(voice.connection, claim.ledger)
        return voice.say(
            _("{amount} from {who}"), amount=self._till.amount_of(voice, claim), who=faces[claim.debtor].name
        )

    def _share(self, voice: Voice, share: OpenShare) -> Rich:
        bill = bill_store.find(voice.connection, share.bill)
        his = standing.statuses(voice.connection, bill)[share.account]
        amount = shown(his.open, bill.content.total.currency.code, voice.language)
        return voice.say(_("{amount} for {title}"), amount=amount, title=title_of(voice, bill))


def _waiting(connection: Connection, ledger: LedgerId, user: UserID) -> list[Claim]:
    """What others say to have paid somebody, or a guest for whom he speaks."""
    account = ledger_store.find_account(connection, ledger, user)
    said = claim_store.open_in(connection, ledger)
    return [one for one in said if account == standing.speaker_of(connection, ledger, one.payee)]


def _open_shares(connection: Connection, ledger: LedgerId, user: UserID) -> list[OpenShare]:
    """The first of somebody's shares in a room that wait to be paid."""
    account = ledger_store.find_account(connection, ledger, user)
    found = [] if account is None else open_shares.of_accounts(connection, [account])
    return [one for one in found if one.waits][:MOST_BUTTONS]
