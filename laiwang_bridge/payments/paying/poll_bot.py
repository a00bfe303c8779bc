"""Asking who was there before a bill is split: a poll where clients know polls, and a raised hand where they do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from mautrix.types import EventID, UserID
from sqlalchemy import Connection

from appservice import outbox
from appservice.bots import Argument, Button, Context, Router, UserError, Voice, button
from appservice.content import Rich, bold, lines
from appservice.database import storable
from appservice.effects import EffectKey, SendMessage
from appservice.events import Event
from appservice.language import N_, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import billing
from laiwang_bridge.payments.bills.bill_store import Bill, NewBill
from laiwang_bridge.payments.bills.billing import Draft
from laiwang_bridge.payments.bills.dividing import equal
from laiwang_bridge.payments.bills.rights import HOST_POWER, Rights
from laiwang_bridge.payments.bills.whose import Accounts, Room
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.lines.amounts import read_amount
from laiwang_bridge.payments.lines.wording import Mistake, User
from laiwang_bridge.payments.money.money import Money
from laiwang_bridge.payments.paying import poll_events, poll_store
from laiwang_bridge.payments.paying.poll_events import Choice
from laiwang_bridge.payments.paying.poll_store import Poll, PollId
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people.mail import is_here

HAND, CLOSE = "✋", "🏁"
GROUP = _("Shared bills")
_IN, _OUT = "in", "out"
_ASKED = re.compile(
    r"(?:who (?:was|is|were|are|comes|came|goes|went) (?:at|to|in|on|for) |谁(?:去|来|在|参加)了?)", re.IGNORECASE
)
_MARK = re.compile(r"([?？])(?=\S)")

Question = Annotated[
    str,
    Argument(
        _("question and amount"), rest=True, most=200, example="who was at dinner? 120", chinese="谁去吃饭了？120"
    ),
]
Number = Annotated[int | None, Argument(_("which poll"), least=1)]


class PollBot:
    """Polls that become bills."""

    def __init__(self, prefixes: Sequence[str], till: Till) -> None:
        self._till = till
        self._rights = Rights(till.around.rooms)
        self.router = router = Router("polls", prefixes)
        command = router.command
        command(
            "poll", "投票", help=_("Ask who was there, then split among those"), group=GROUP, where="room"
        )(self.poll)  # fmt: skip
        command("there", "我在", help=_("Say that you were there"), group=GROUP, where="room", listed=False)(self.there)
        command(
            "notthere", "我不在", help=_("Say that you were not there"), group=GROUP, where="room", listed=False
        )(self.not_there)  # fmt: skip
        command("close", "结束", "截止", help=_("Close the poll and split"), group=GROUP, where="room")(self.close)

    def add_to(self, routes: Routes) -> None:
        for type in poll_events.RESPONSES:
            routes.on_event(type, self._voted)
        for type in poll_events.ENDS:
            routes.on_event(type, self._ended)
        routes.on_event("m.room.redaction", self._taken_back)

    def poll(self, context: Context, text: Question) -> None:
        ledger = self._till.open_ledger(context)
        self._rights.must_add(context, ledger_store.settings(context.connection, ledger))
        title, total = self._read(context, text, ledger_store.settings(context.connection, ledger).currency)
        id = poll_store.add(
            context.connection,
            ledger,
            context.sender,
            title,
            total,
            context.event.event_id,
            context.language,
            context.bot.user_id,
            context.now,
        )
        poll = poll_store.find(context.connection, id)
        assert poll is not None
        card = context.reply(self._text(context, poll), buttons=self._buttons(context, poll))
        self._ask(context, poll, card, context.sender)

    def send(self, voice: Voice, poll: Poll) -> None:
        """Ask where nobody has just written; what was said already counts on."""
        card = voice.send(self._text(voice, poll), buttons=self._buttons(voice, poll))
        self._ask(voice, poll, card, poll.author)

    def _ask(self, voice: Voice, poll: Poll, card: EffectKey, asker: UserID) -> None:
        """Send the poll that clients show below our own card."""
        choices = [
            Choice(_IN, voice.catalogue.text(_("I was there"))),
            Choice(_OUT, voice.catalogue.text(_("I was not there"))),
        ]
        content = poll_events.start(f"{poll.title}: {poll.total.text(voice.language.value)}", choices)
        sent = voice.unit.emit(
            SendMessage(sender=voice.bot.user_id, room=voice.room, content=content, type=poll_events.START), asker=asker
        )
        poll_store.note_sent(voice.connection, poll.id, card, sent, voice.bot.user_id)

    def there(self, context: Context, number: Number = None) -> None:
        self._say(context, number, True)

    def not_there(self, context: Context, number: Number = None) -> None:
        self._say(context, number, False)

    def close(self, context: Context, number: Number = None) -> None:
        poll = self._found(context, number)
        if context.sender != poll.author and not self._rights.is_host(context):
            raise UserError(_("Only whoever asked, or a host of this room, closes the poll."))
        if not self._close(context, poll):
            raise UserError(_("Nobody has said yet that he was there. A tap on ✋ says so."))

    # -- votes ------------------------------------------------------------------------------------------------------

    def _say(self, context: Context, number: int | None, there: bool) -> None:
        poll = self._found(context, number)
        poll_store.vote(context.connection, poll.id, context.sender, there, None, context.now)
        self._show(context.unit, poll)

    def _voted(self, unit: Unit, event: Event) -> None:
        """A vote in the poll that clients show."""
        poll = self._poll_in(unit.connection, event)
        if poll is None or poll.is_closed or self._till.around.is_ours(event.sender):
            return
        room = ledger_store.room_of(unit.connection, poll.ledger)
        if room != event.room_id or self._till.around.rooms.membership(unit.connection, room, event.sender) != "join":
            return
        there = _IN in poll_events.chosen(event.content)
        poll_store.vote(unit.connection, poll.id, event.sender, there, event.event_id, unit.now)
        self._show(unit, poll)

    def _taken_back(self, unit: Unit, event: Event) -> None:
        redacted = event.content.get("redacts")
        if isinstance(redacted, str):
            id = poll_store.take_back(unit.connection, EventID(storable(redacted)), event.sender)
            poll = poll_store.find(unit.connection, id) if id is not None else None
            if poll is not None and not poll.is_closed:
                self._show(unit, poll)

    def _ended(self, unit: Unit, event: Event) -> None:
        """Somebody ends the poll in his client: whoever asked, or a host."""
        poll = self._poll_in(unit.connection, event)
        if poll is None or poll.is_closed or self._till.around.is_ours(event.sender):
            return
        power = self._till.around.rooms.power_of(unit.connection, event.room_id, event.sender)
        may = event.sender == poll.author or power >= HOST_POWER
        voice = self._till.voice(unit, poll.ledger, poll.bot, poll.language)
        if may and voice is not None and voice.room == event.room_id:
            self._close(voice, poll)

    def _poll_in(self, connection: Connection, event: Event) -> Poll | None:
        target = poll_events.poll_of(event.content)
        key = outbox.key_of_event(connection, target) if target is not None else None
        return poll_store.of_poll_event(connection, key) if key is not None else None

    # -- the bill ---------------------------------------------------------------------------------------------------

    def _close(self, voice: Voice, poll: Poll) -> bool:
        """Split among those who were there; False where nobody was."""
        unit = voice.unit
        voters = self._there(unit.connection, poll)
        if not voters:
            return False
        bill = self._bill(unit, poll, voters)
        poll_store.close(unit.connection, poll.id, bill.id if bill else None)
        number = f"#{bill.number}" if bill else ""
        self._show(unit, replace(poll, is_closed=True), number)
        self._end(voice, poll, number)
        if bill is not None:
            self._till.cards.send(voice, bill)
        return True

    def _bill(self, unit: Unit, poll: Poll, voters: Sequence[UserID]) -> Bill | None:
        connection = unit.connection
        around = self._till.around
        room_id = ledger_store.room_of(connection, poll.ledger)
        room = Room(around.rooms, room_id, poll.ledger, poll.author, around.is_ours, unit.now)
        accounts = Accounts(connection, room)
        author = ledger_store.account_of(connection, poll.ledger, poll.author, unit.now)
        split = equal(accounts, accounts.all(User(user) for user in voters))
        today = self._till.today(connection, poll.author, unit.now)
        draft = Draft(poll.title, poll.total, {author: poll.total.minor}, split, today)
        new = NewBill(author, None, poll.bot, poll.language)
        return billing.add(connection, poll.ledger, draft, new, f"poll:{poll.id}", unit.now)

    def _end(self, voice: Voice, poll: Poll, number: str) -> None:
        """End the poll that clients show."""
        found = outbox.result_of(voice.connection, poll.poll) if poll.poll is not None else None
        if found is None or found[1].event_id is None:
            return
        text = voice.catalogue.text(_("{title}: split as bill {number}."), title=poll.title, number=number)
        content = poll_events.end(found[1].event_id, text)
        voice.unit.emit(
            SendMessage(sender=poll.bot, room=voice.room, content=content, type=poll_events.END),
            key=f"pollend:{poll.id}",
        )

    def _there(self, connection: Connection, poll: Poll) -> list[UserID]:
        """Who says that he was there, as far as he is in the room."""
        room = ledger_store.room_of(connection, poll.ledger)
        said = poll_store.votes(connection, poll.id)
        inside = self._till.around.rooms.members(connection, room)
        return [user for user, there in said.items() if there and user in inside]

    # -- the card ---------------------------------------------------------------------------------------------------

    def _show(self, unit: Unit, poll: Poll, number: str = "") -> None:
        voice = self._till.voice(unit, poll.ledger, poll.bot, poll.language)
        if voice is not None and poll.card is not None and is_here(voice, poll.card):
            voice.edit(poll.card, self._text(voice, poll, number), buttons=self._buttons(voice, poll))

    def _text(self, voice: Voice, poll: Poll, number: str = "") -> Rich:
        there = self._there(voice.connection, poll)
        names = [self._till.around.names.of_user(voice.connection, user) for user in there]
        head = bold(
            voice.say(_("{title}: {total}"), title=poll.title, total=poll.total.text(poll.language.value))
        )  # fmt: skip
        who = (
            voice.say(N_("One was there: {who}", "{count} were there: {who}"), count=len(there), who=names)
            if there
            else voice.say(_("Who was there? Nobody has said so yet."))
        )
        if poll.is_closed:
            return lines(head, who, voice.say(_("Closed: it was split among them as bill {number}."), number=number))
        author = self._till.around.names.of_user(voice.connection, poll.author)
        how = voice.say(
            _("{author} has paid. Tap ✋ or vote in the poll; once {author} closes it, those who were there share it."),
            author=author,
        )
        return lines(head, who, how)

    def _buttons(self, voice: Voice, poll: Poll) -> list[Button]:
        if poll.is_closed:
            return []
        return [
            button(HAND, _("I was there"), self.there, poll.id).undone_by(self.not_there, poll.id),
            button(CLOSE, _("close and split"), self.close, poll.id),
        ]

    # -- small things -----------------------------------------------------------------------------------------------

    def _found(self, context: Context, number: int | None) -> Poll:
        ledger = self._till.ledger(context)
        open_ones = poll_store.open_in(context.connection, ledger)
        if number is None:
            if not open_ones:
                raise UserError(
                    _("There is no open poll here. To ask who was there:"),
                    try_instead=context.line(self.poll, context.catalogue.text(_("who was at dinner? 120"))),
                )
            return open_ones[0]
        found = poll_store.find(context.connection, PollId(number))
        if found is None or found.ledger != ledger or found.is_closed:
            raise UserError(_("That poll is closed, or there is none of this number here."))
        return found

    def _read(self, context: Context, text: str, currency: str) -> tuple[str, Money]:
        """The question and the amount, which stands at the beginning or the end."""
        words = _MARK.sub(r"\1 ", text).split()
        habits = self._till.habits(context, currency)
        for size in (1, 2):
            for amount, rest in ((words[-size:], words[:-size]), (words[:size], words[size:])):
                said = " ".join(amount)
                if rest and not isinstance(read_amount(said, habits), Mistake):
                    question = " ".join(rest)
                    again = partial(self._typed, context, question)
                    money = self._till.amount(context, said, currency, again)
                    if money is not None:
                        return _title(question), money
        raise UserError(
            _("How much was it? Write the amount behind the question:"),
            try_instead=context.line(self.poll, f"{text.strip()} 120"),
        )

    def _typed(self, context: Context, question: str, amount: str) -> str:
        return context.line(self.poll, f"{question} {amount}")


def _title(question: str) -> str:
    """What was asked about, as the title of a bill: “who was at dinner?” is about dinner."""
    plain = question.strip().rstrip("?？ ")
    asked = _ASKED.match(plain)
    about = plain[asked.end() :].removesuffix("吗").removesuffix("了").strip() if asked else ""
    return about or plain
