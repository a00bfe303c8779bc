"""What happens around bills: messages are edited or removed, pictures of receipts come, rooms are replaced, people want
to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice import outbox
from appservice.bots import Context, UserError, button
from appservice.bots.line import Line, after_mention, find_prefix, fold
from appservice.database import storable
from appservice.effects import Answer, ReadEvent
from appservice.events import Event
from appservice.language import _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store, question_store
from laiwang_bridge.payments.bills.bill_store import Bill, BillId
from laiwang_bridge.payments.bills.bot import BillBot
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.changing import Aspect
from laiwang_bridge.payments.bills.entering import ADD, Said, said_in
from laiwang_bridge.payments.bills.moving import Moving
from laiwang_bridge.payments.bills.overhearing import past_aa
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import BillNumber
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

_READ = "bills.receipt_read"
_PICTURES = ("m.image", "m.file")


class Following:
    """Keeps bills in step with what happens in their rooms."""

    def __init__(self, around: Surroundings, bot: BillBot, cards: Cards) -> None:
        self._around = around
        self._bot = bot
        self._cards = cards
        bot.router.amends(_is_known, self.amend)
        bot.router.command("keep", "保留", help=_("Leave a bill as it is"), listed=False)(self.keep)
        bot.router.command("receipt", "小票", help=_("Put a picture to a bill"), group=_("Shared bills"))(self.receipt)
        self.moved = Moving(around, cards, lambda voice, number: voice.line(bot.show, number)).moved
        bot.entering.booked.append(self._look_for_receipt)

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.room.redaction", self._removed)
        routes.on_event("m.room.message", self._picture)
        routes.on_answer(_READ, self._receipt_read)

    # -- messages that are edited -----------------------------------------------------------------------------------

    def amend(self, context: Context, line: Line, original: EventID) -> None:
        """Somebody has edited the message of a bill, or of a question about one."""
        asked = question_store.question_about(context.connection, original)
        bill = bill_store.find_event(context.connection, original)
        said = Said(line, self._begin(context, line), original, question=asked.card if asked else None)
        context.stay_in(bill.thread if bill is not None else asked.thread if asked is not None else None)
        if bill is None:
            if asked is not None and (asked.asker, asked.room) == (context.sender, context.room):
                self._bot.entering.enter(context, replace(said, thread=asked.thread, receipt=asked.receipt))
            return
        ledger = ledger_store.ledger_of(context.connection, context.room)
        if ledger is None:
            self._bot.changing.bill(context, bill.number)  # says where the books went
        if bill.ledger != ledger:
            return
        if bill.author != ledger_store.find_account(context.connection, ledger, context.sender):
            return
        try:
            self._bot.changing.change(context, bill, replace(said, aspect=Aspect.MESSAGE, thread=bill.thread))
        except UserError as error:
            why = context.say(error.message, **error.values)
            stays = _("Bill {number} stays as it was. {why}")
            raise UserError(stays, number=f"#{bill.number}", why=why, try_instead=error.try_instead) from error

    def _begin(self, context: Context, line: Line) -> int:
        """Where the bill begins in a line, behind prefix and verb."""
        prefixed = find_prefix(line, self._bot.router.prefixes)
        behind = after_mention(line, context.bot.user_id, context.bot.names, is_meant=True)
        start = past_aa(line, prefixed.start if prefixed else behind or 0)
        words = line.words(start)
        return words[0].end if words and fold(words[0].text) in map(fold, ADD) else start

    # -- messages that are removed ----------------------------------------------------------------------------------

    def _removed(self, unit: Unit, event: Event) -> None:
        """The message of a bill was removed: nothing becomes void silently."""
        redacted = event.content.get("redacts")
        if not isinstance(redacted, str) or self._around.is_ours(event.sender):
            return
        message = EventID(storable(redacted))
        asked = question_store.question_about(unit.connection, message)
        if asked is not None and asked.room == event.room_id:
            question_store.close_question(unit.connection, asked.id)
        bill = bill_store.find_event(unit.connection, message)
        if bill is None or bill.is_void or not self._is_of(unit.connection, bill, event.room_id):
            return
        voice = self._cards.voice(unit, bill)
        if voice is not None:
            voice.send(
                _("The message of bill {number} (“{title}”, {total}) was removed. It counts on unless you say so."),
                number=f"#{bill.number}",
                title=bill.content.called or voice.catalogue.text(_("Bill")),
                total=bill.content.total.text(voice.language.value),
                buttons=[
                    button("🗑", _("Make it void"), self._bot.changing.void, bill.number),
                    button("👌", _("Keep it"), self.keep, bill.number),
                ],
                thread=bill.thread,
            )

    def keep(self, context: Context, number: BillNumber) -> None:
        bill = self._bot.changing.bill(context, number)
        tapped = context.event.relation.event_id if context.event.type == "m.reaction" else None
        question = outbox.key_of_event(context.connection, tapped) if tapped else None
        if question is None:
            context.agree()
        else:
            context.edit(question, _("Bill {number} stays as it is."), number=f"#{bill.number}")

    # -- receipts ---------------------------------------------------------------------------------------------------

    def receipt(self, context: Context, number: BillNumber | None = None) -> None:
        said = said_in(context, Line(""), 0)
        bill = self._bot.changing.bill(context, number)
        if said.receipt is None:
            raise UserError(_("Reply to the picture with this:"), try_instead=context.line(self.receipt, bill.number))
        self._look_at(context.unit, context.bot.user_id, context.sender, bill, said.receipt)

    def _look_for_receipt(self, context: Context, bill: Bill, said: Said) -> None:
        """A bill may be written below the picture of its receipt."""
        if bill.receipt is None and said.receipt is not None:
            self._look_at(context.unit, context.bot.user_id, context.sender, bill, said.receipt)

    def _look_at(self, unit: Unit, bot: UserID, sender: UserID, bill: Bill, picture: EventID) -> None:
        room = ledger_store.room_of(unit.connection, bill.ledger)
        effect = ReadEvent(sender=bot, room=room, target=picture, seen_by=sender)
        unit.emit(effect, notify=_READ, context={"bill": bill.id, "picture": picture})

    def _receipt_read(self, unit: Unit, answer: Answer) -> None:
        event = answer.state[0] if answer.state else {}
        content = event.get("content")
        if isinstance(content, Mapping) and content.get("msgtype") in _PICTURES:
            self._put_receipt(unit, BillId(answer.context["bill"]), EventID(answer.context["picture"]))

    def _picture(self, unit: Unit, event: Event) -> None:
        """A picture in reply to a card."""
        if event.content.get("msgtype") not in _PICTURES or event.relation.in_reply_to is None:
            return
        card = outbox.key_of_event(unit.connection, event.relation.in_reply_to)
        bill = bill_store.find_card(unit.connection, card) if card is not None else None
        if bill is not None and self._is_of(unit.connection, bill, event.room_id):
            self._put_receipt(unit, bill.id, event.event_id)

    def _put_receipt(self, unit: Unit, bill: BillId, picture: EventID) -> None:
        bill_store.note_receipt(unit.connection, bill, picture)
        self._cards.refresh(unit, [bill])

    # -- rooms and people -------------------------------------------------------------------------------------------

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten: he goes on under a made-up name, and all sums stay."""
        for user in people.user_ids(unit.connection, person):
            touched = [bill.id for bill in bills_of(unit.connection, user) if not bill.is_void]
            ledger_store.forget_user(unit.connection, user)
            question_store.forget_questions(unit.connection, user)
            self._cards.refresh(unit, touched)

    def export(self, connection: Connection, person: PersonId) -> list[dict[str, Any]]:
        """The bills in which somebody has a part, and what he has in each room."""
        return [one for user in people.user_ids(connection, person) for one in _export_of(connection, user)]

    def _is_of(self, connection: Connection, bill: Bill, room: RoomID) -> bool:
        return ledger_store.room_of(connection, bill.ledger) == room


def bills_of(connection: Connection, user: UserID) -> list[Bill]:
    """The bills of all rooms that somebody made, paid for or bears a share of."""
    return [
        bill
        for ledger, account in ledger_store.accounts_of_user(connection, user)
        for bill in bill_store.of_account(connection, ledger, account)
    ]


def _export_of(connection: Connection, user: UserID) -> list[dict[str, Any]]:
    rooms: list[dict[str, Any]] = []
    for ledger, account in ledger_store.accounts_of_user(connection, user):
        balances = ledger_store.balances(connection, ledger)
        rooms.append(
            {
                "room": ledger_store.room_of(connection, ledger),
                "balances": {code: minor for (one, code), minor in balances.items() if one == account},
                "bills": [_export_bill(bill, account) for bill in bill_store.of_account(connection, ledger, account)],
            }
        )
    return rooms


def _export_bill(bill: Bill, account: AccountId) -> dict[str, Any]:
    content = bill.content
    return {
        "number": bill.number,
        "title": content.title,
        "date": content.date.isoformat(),
        "currency": content.total.currency.code,
        "total": content.total.minor,
        "paid": content.paid.get(account, 0),
        "share": content.shares.get(account, 0),
        "is_void": bill.is_void,
        "written_by_you": bill.author == account,
    }


def _is_known(connection: Connection, event: EventID) -> bool:
    """Whether a message has made a bill, or is asked about."""
    return (
        bill_store.find_event(connection, event) is not None
        or question_store.question_about(connection, event) is not None
    )
