"""What people type to see how the bridge is doing and to tell its operators, and what these answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice import inbox, outbox
from appservice.bots import Argument, Context, Router, UserError, Voice
from appservice.content import code, lines
from appservice.language import N_, Language, Message, _
from appservice.routes import DeadLetter, Routes
from appservice.unit import Unit
from laiwang_bridge import __version__, rates
from laiwang_bridge.operators import store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.rates import Limit

PREFIXES = ("!lw", "!来往")

_HELP = _("Help and feedback")
_LONGEST = 2000
_LONGEST_ERROR = 200
_TOLD_ONE_BY_ONE = Limit(burst=5, every_ms=60_000)
_BUCKET = "given up"
_MORE = "operators.more_given_up"
_ASKED_BY_PEOPLE = frozenset(("m.room.message", "m.reaction"))

Said = Annotated[str, Argument(_("text"), rest=True, most=_LONGEST, example="…")]
Number = Annotated[int, Argument(_("number"), least=1, example="1")]


class OperatorsBot:
    """`room` gives the operators' room; None while there is none or it is not known yet."""

    def __init__(
        self,
        mail: Mail,
        room: Callable[[], RoomID | None],
        speak_in: Callable[[Unit, RoomID], Voice],
        language: Language,
        is_ours: Callable[[UserID], bool],
    ) -> None:
        self._mail = mail
        self._language = language
        self._room = room
        self._speak_in = speak_in
        self._is_ours = is_ours
        self.router = router = Router("operators", PREFIXES, title=_("The bridge"))
        command = router.command
        command("status", "状态", help=_("How I am doing"), group=_HELP)(self.status)
        command("feedback", "反馈", help=_("Tell the operators"), group=_HELP)(self.feedback)
        command("answer", "回复", help=_("Answer feedback (operators)"), group=_HELP, listed=False)(self.answer)

    def add_to(self, routes: Routes) -> None:
        routes.on_dead_letter(self.on_dead_letter)
        routes.on_timer(_MORE, self._more_given_up)

    def status(self, context: Context) -> None:
        arriving, leaving = inbox.backlog(context.connection), outbox.backlog(context.connection)
        oldest = min((at for at in (arriving.oldest_at, leaving.oldest_at) if at is not None), default=context.now)
        delay = timedelta(seconds=max(context.now - oldest, 0) // 1000)
        # The command itself is still being handled while it counts.
        waiting = arriving.waiting + leaving.waiting - 1
        rows = [
            context.say(_("laiwang-bridge {version} is at work."), version=__version__),
            context.say(
                N_("{count} thing is waiting to be done.", "{count} things are waiting to be done."), count=waiting
            )
            if waiting > 0
            else context.say(_("Nothing is waiting to be done.")),
        ]
        if delay >= timedelta(seconds=10):
            rows.append(context.say(_("The oldest has been waiting for {delay}."), delay=delay))
        context.reply(lines(*rows))

    def feedback(self, context: Context, text: Said) -> None:
        room = self._room()
        if room is None:
            raise UserError(_("The operators of this bridge have set up no room for feedback yet."))
        who_asks(context)  # so that it is theirs to read and to delete, as all that is kept
        number = store.add(context.connection, context.sender, text, context.now)
        # If it does not get there, whoever wrote it is told.
        voice = context.at(room, self._language, is_direct=False)
        voice.send(
            lines(
                voice.say(
                    _("Feedback {number} from {whom} (laiwang-bridge {version}):"),
                    number=str(number),
                    whom=context.sender,
                    version=__version__,
                ),
                text,
                voice.say(_("Answer with {line}"), line=code(voice.line(self.answer, number, "…"))),
            ),
            rings=True,
        )
        context.reply(_("Thank you, that is feedback {number}. The answer comes to you."), number=str(number))

    def answer(self, context: Context, number: Number, text: Said) -> None:
        if context.room != self._room():
            raise UserError(_("Feedback is answered in the operators’ room."))
        found = store.find(context.connection, number)
        if found is None:
            raise UserError(_("There is no feedback {number}."), number=str(number))
        reached = self._mail.to_user(context.unit, found.user)
        if reached is None:
            raise UserError(_("{whom} has left the chat with me and cannot be reached."), whom=found.user)
        voice = context.at(reached.room, reached.language)
        voice.send(
            lines(voice.say(_("The operators answer your feedback {number}:"), number=str(number)), text), rings=True
        )
        store.note_answer(context.connection, number, context.now)
        context.agree()

    def note(self, unit: Unit, message: Message, **values: Any) -> None:
        """Tell the operators something."""
        room = self._room()
        if room is not None:
            self._speak_in(unit, room).send(message, **values)

    def on_dead_letter(self, unit: Unit, letter: DeadLetter) -> None:
        """Something was given up: tell whoever asked for it, and the operators."""
        asked = letter.event_id is None or letter.what in _ASKED_BY_PEOPLE
        if letter.asker is not None and asked and not self._is_ours(letter.asker):
            voice = self._mail.to_user(unit, letter.asker)
            if voice is not None:
                voice.send(
                    _("Sorry: something that you asked for could not be done. The operators find it as {number}."),
                    number=letter.number,
                )
        # The first line says what happened; what follows may hold what people wrote.
        error = letter.error.partition("\n")[0][:_LONGEST_ERROR]
        if self._may_tell(unit):
            self.note(
                unit, _("Given up: {number} ({what}), {error}"), number=letter.number, what=letter.what, error=error
            )

    def _may_tell(self, unit: Unit) -> bool:
        """Whether one more message fits in the operators' room; else one tells of all the rest as soon as it does."""
        drains_at = people.guesses_drain_at(unit.connection, _BUCKET)
        wait = rates.wait(_TOLD_ONE_BY_ONE, drains_at, unit.now)
        if wait:
            unit.at(unit.now + wait, _MORE, key=_MORE, lane=_MORE)
            return False
        people.note_guess(unit.connection, _BUCKET, rates.pour(_TOLD_ONE_BY_ONE, drains_at, unit.now))
        return True

    def _more_given_up(self, unit: Unit, _context: Mapping[str, Any]) -> None:
        count = inbox.backlog(unit.connection).dead + outbox.backlog(unit.connection).dead
        if count and self._may_tell(unit):
            self.note(
                unit,
                N_(
                    "More was given up: {count} thing waits for you in {line}.",
                    "More was given up: {count} things wait for you in {line}.",
                ),
                count=count,
                line=code("laiwang-bridge dead-letters"),
            )

    def export(self, connection: Connection, person: PersonId) -> dict[str, Any]:
        return {"feedback": store.export(connection, people.user_ids(connection, person))}

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        store.forget(unit.connection, people.user_ids(unit.connection, person))
