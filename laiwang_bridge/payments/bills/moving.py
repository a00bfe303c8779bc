"""Bills go along when their room is replaced: what is open is shown in the new one, and old cards say where it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice.bots import Voice
from appservice.content import Rich, bullets, code, paragraphs
from appservice.language import N_, _
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store, question_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.money.money import Money
from laiwang_bridge.payments.paying import open_shares, standing
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import link_to
from laiwang_bridge.people.mail import is_here

MOST_CARDS, MOST_LINES = 5, 20
"""So many open bills are shown on cards of their own in the new room; more are one list, of so many lines."""


class Moving:
    """`show` is how the card of a bill is asked for."""

    def __init__(self, around: Surroundings, cards: Cards, show: Callable[[Voice, int], str]) -> None:
        self._around = around
        self._cards = cards
        self._show = show

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> LedgerId | None:
        """A room was replaced by another: its books go on there. Returns them; None if there are none that can."""
        ledger = ledger_store.ledger_of(unit.connection, old)
        if ledger is None:
            return None
        question_store.move_questions(unit.connection, old, new)
        went = ledger_store.move(unit.connection, old, new)
        bills = _open(unit.connection, ledger) if went else []
        voice = self._around.speak_in(unit, new, bills[-1].language if bills else None)
        if voice is not None and not went:
            voice.send(_("This room has bills of its own, so those of the old room stay there."))
        if not went:
            return None
        bill_store.note_moved(unit.connection, ledger, old)
        for bill in bills:
            self._leave_word(unit, bill, old, new)
        if voice is not None:
            self._show_all(voice, bills)
        return ledger

    def _show_all(self, voice: Voice, bills: Sequence[Bill]) -> None:
        said = voice.say(_("The bills of the old room go on here, and everybody has here what he had there."))
        if len(bills) > MOST_CARDS:
            voice.send(paragraphs(said, self._list(voice, bills)))
            return
        voice.send(said)
        self._cards.refresh(voice.unit, [bill.id for bill in bills])

    def _leave_word(self, unit: Unit, bill: Bill, old: RoomID, new: RoomID) -> None:
        """Have the card in the old room say where the bill went, where we may still speak."""
        if bill.card_bot not in self._around.rooms.members(unit.connection, old):
            return
        voice = self._around.speak(unit, bill.card_bot, old, bill.language)
        if bill.card is not None and is_here(voice, bill.card) and self._may_speak(unit, voice, old):
            voice.edit(
                bill.card, _("**{title}: {total}** · {number} goes on in {room}."), buttons=None,
                title=_title(voice, bill), total=bill.content.total.text(voice.language.value),
                number=f"#{bill.number}", room=link_to(voice, new),
            )  # fmt: skip

    def _may_speak(self, unit: Unit, voice: Voice, room: RoomID) -> bool:
        return self._around.rooms.may_speak(unit.connection, room, voice.bot.user_id)

    def _list(self, voice: Voice, bills: Sequence[Bill]) -> Rich:
        """The open bills, the newest first."""
        newest = bills[::-1]
        rows = [self._row(voice, bill) for bill in newest[:MOST_LINES]]
        if len(newest) > MOST_LINES:
            rows.append(voice.say(N_("and one more", "and {count} more"), count=len(newest) - MOST_LINES))
        head = voice.say(
            N_("One bill is still to be paid:", "{count} bills are still to be paid:"), count=len(newest)
        )  # fmt: skip
        line = code(self._show(voice, newest[0].number))
        return paragraphs(head, bullets(rows), voice.say(_("The card of one: {line}"), line=line))

    def _row(self, voice: Voice, bill: Bill) -> Rich:
        left = sum(one.owed - one.paid for one in standing.statuses(voice.connection, bill).values())
        return voice.say(
            _("{number} **{title}**: {left} of {total} open"),
            number=f"#{bill.number}", title=_title(voice, bill),
            left=Money(left, bill.content.total.currency).text(voice.language.value),
            total=bill.content.total.text(voice.language.value),
        )  # fmt: skip


def _open(connection: Connection, ledger: LedgerId) -> list[Bill]:
    """The bills that somebody still has to pay a share of, the oldest first."""
    ids = dict.fromkeys(share.bill for share in open_shares.of_ledger(connection, ledger))
    return sorted((bill_store.find(connection, id) for id in ids), key=lambda bill: bill.number)


def _title(voice: Voice, bill: Bill) -> str:
    return bill.content.called or voice.catalogue.text(_("Bill"))
