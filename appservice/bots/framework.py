"""The bots at work: what a message, a tap or an invitation asks for, and who answers.

Order matters in one place: `Rooms` must have seen a membership event before `Bots.on_member` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mautrix.types import EventID, UserID
from sqlalchemy import Connection

from appservice.bots import memory
from appservice.bots.address import Address, alone_with, called, direct_bot, form_address, overheard
from appservice.bots.buttons import StoredButton, buttons_of, note_press, plain_reaction, take_press
from appservice.bots.context import Desk, Voice
from appservice.bots.errors import ArgumentError
from appservice.bots.files import File
from appservice.bots.forms import Form, understand_form
from appservice.bots.line import Line, fold
from appservice.bots.memory import Heard, Outcome, Rate
from appservice.bots.permissions import Audience, Level
from appservice.bots.questions import Question, close_question, open_question
from appservice.bots.registry import Registry
from appservice.bots.rooms import RoomView
from appservice.bots.router import Bot, Dialogue
from appservice.bots.service import Request, Served, Service, is_cancel
from appservice.bots.understand import Call, Greeted, HelpWanted, Mistake, Understood, understand
from appservice.bots.welcome import Welcome
from appservice.content import edit_in, without_reply_fallback
from appservice.database import storable
from appservice.effects import EffectKey, RoomRef
from appservice.events import Event
from appservice.language import Catalogues, Language, _, answer_language
from appservice.routes import Routes
from appservice.unit import Unit


class Bots:
    """All bots of one application service.

    `resolve_event` finds the key of the effect that sent an event (`appservice.outbox.key_of_event`). `reach` finds or
    makes a readable chat of a bot with a person (`appservice.direct.DirectChats.reach`), offered to those who write in
    an encrypted one. Raises `DeclarationError` where two declarations contradict each other.
    """

    def __init__(
        self,
        bots: Sequence[Bot],
        *,
        rooms: RoomView,
        audience: Audience,
        catalogues: Catalogues,
        resolve_event: Callable[[Connection, EventID], EffectKey | None],
        reach: Callable[[Unit, UserID, UserID], RoomRef | None] | None = None,
        rate: Rate = Rate(),  # noqa: B008 - frozen
        default_language: Language = Language.EN,
    ) -> None:
        self._registry = Registry(bots)
        self._desk = Desk(self._registry, catalogues)
        self._rooms = rooms
        self._audience = audience
        self._resolve_event = resolve_event
        self._default_language = default_language
        self._service = Service(self._desk, rooms, audience.level_of, rate)
        self._welcome = Welcome(self._desk, rooms, audience.language_of, resolve_event, reach)

    def add_to(self, routes: Routes) -> None:
        """Take our events; `Rooms` must have been added before."""
        routes.on_event("m.room.message", self.on_message)
        routes.on_event("m.reaction", self.on_reaction)
        routes.on_event("m.room.redaction", self.on_redaction)
        routes.on_event("m.room.encrypted", self.on_encrypted)
        routes.on_event("m.room.member", self.on_member)

    @property
    def bots(self) -> Sequence[Bot]:
        """All of them, with all that they can do."""
        return self._registry.bots

    def voice(self, unit: Unit, bot: UserID, room: RoomRef, language: Language, *, is_direct: bool = False) -> Voice:
        """A bot speaking of its own accord. Raises `LookupError` if `bot` is none."""
        speaker = self._registry.bot(bot)
        if speaker is None:
            raise LookupError(f"{bot} is no bot of ours")
        return Voice(self._desk, unit, speaker, room, language, is_direct=is_direct)

    def forget_old(self, connection: Connection, now: int) -> None:
        """Drop what no longer matters; to be called now and then."""
        memory.forget_old(connection, now)

    def on_message(self, unit: Unit, event: Event) -> None:
        """A message: a command, an answer to a question, or none of our business."""
        edit = edit_in(event.content)
        content = without_reply_fallback(event.content) if edit is None else edit.content
        if content.get("msgtype") == "m.notice" or not self._listens_to(event.sender):
            return
        event = replace(event, content=content)
        if edit is None:
            self._hear(unit, event)
        else:
            self._hear_edit(unit, event, edit.event_id)

    def on_reaction(self, unit: Unit, event: Event) -> None:
        """A tap on a button of ours, on the yes or no below a question, or a reaction that asks for something."""
        relation = event.relation
        if relation.kind != "m.annotation" or not relation.key or not relation.event_id:
            return
        if not self._listens_to(event.sender):
            return
        card = self._resolve_event(unit.connection, relation.event_id)
        reaction = plain_reaction(relation.key)
        if card is None:
            self._react(unit, event, reaction, relation.event_id)
            return
        button = next((b for b in buttons_of(unit.connection, card) if b.reaction == reaction), None)
        if button is not None:
            self._press(unit, event, button, button.typed, relation.event_id)
            if button.undo:
                note_press(unit.connection, event.event_id, button, event.sender, unit.now)
            return
        question = open_question(unit.connection, event.room_id, event.sender)
        if question is not None and question.message == card:
            self._answer_question(unit, event, Line(reaction), question)

    def on_redaction(self, unit: Unit, event: Event) -> None:
        """A reaction taken back, which matters where a button says so."""
        redacted = event.content.get("redacts")
        if isinstance(redacted, str) and self._listens_to(event.sender):
            button = take_press(unit.connection, EventID(storable(redacted)), event.sender)
            if button is not None and button.undo:
                self._press(unit, event, button, button.undo, None)

    def on_encrypted(self, unit: Unit, event: Event) -> None:
        """A message that we cannot read."""
        if self._listens_to(event.sender):
            self._welcome.unreadable(unit, event)

    def on_member(self, unit: Unit, event: Event) -> None:
        """Somebody comes or goes: we follow invitations and say hello."""
        if event.state_key is None:
            return
        user = UserID(event.state_key)
        bot = self._registry.bot(user)
        match event.membership:
            case "invite" if bot and not self._audience.is_ignored(event.sender):
                if self._audience.level_of(event.sender) is Level.BLOCK:
                    self._welcome.refuse(unit, event, bot)
                else:
                    self._welcome.invited(unit, event, bot)
            case "leave" | "ban" if bot:
                self._welcome.gone(unit, event.room_id, bot)
            case "leave" | "ban":
                self._welcome.left(unit, event.room_id, user)

    def _listens_to(self, user: UserID) -> bool:
        return not self._audience.is_ignored(user) and self._audience.level_of(user) is not Level.BLOCK

    def _hear(self, unit: Unit, event: Event) -> None:
        if self._take_form(unit, event):
            return
        line = Line.of(event.content)
        address = self._called(unit, event, line)
        if address is None and self._receive(unit, event, line):
            return
        if address is None and (self._tap_by_reply(unit, event, line) or self._answer(unit, event, line)):
            return
        address = address or alone_with(self._registry, self._rooms, unit.connection, event.room_id, line)
        address = address or overheard(self._registry, self._rooms, unit.connection, event.room_id, line)
        if address is not None and line.text:
            self._serve(unit, event, event.event_id, line, address, None)

    def _take_form(self, unit: Unit, event: Event) -> bool:
        """Whether the message is a command of one of our bots here, filled in as a form."""
        form = Form.of(event.content)
        address = form_address(self._registry, self._rooms, unit.connection, event) if form else None
        if form is None or address is None:
            return False
        request = self._request(unit, event, address.bots[0], form.line, event.event_id)
        served = self._service.serve(unit, request, understand_form(form, address.routers), address)
        self._remember(unit, request, event.event_id, served)
        return True

    def _react(self, unit: Unit, event: Event, reaction: str, target: EventID) -> None:
        """A reaction to what somebody else said."""
        routers = (router for router in self._registry.routers.values() if reaction in router.reactions)
        router = next(routers, None)
        members = self._rooms.members(unit.connection, event.room_id) if router else frozenset()
        present = [bot for bot in self._registry.bots if router in bot.routers and bot.user_id in members]
        if router is None or not present or event.sender not in members:
            return
        request = self._request(unit, event, self._registry.most_specific(router, present), Line(""), target)
        self._service.react(unit, request, router.reactions[reaction], target)

    def _receive(self, unit: Unit, event: Event, line: Line) -> bool:
        """Whether the message is a file that the bot of this direct chat takes."""
        file = File.of(event.content)
        bot = direct_bot(self._registry, self._rooms, unit.connection, event.room_id) if file else None
        if file is None or bot is None:
            return False
        receivers = (receiver for router in bot.routers for receiver in router.receivers)
        receiver = next((receiver for receiver in receivers if receiver.accepts(file)), None)
        if receiver is None:
            return False
        request = self._request(unit, event, bot, line, event.event_id)
        self._remember(unit, request, event.event_id, self._service.receive(unit, request, receiver, file))
        return True

    def _hear_edit(self, unit: Unit, event: Event, original: EventID) -> None:
        """Somebody has changed what they wrote: what had been refused is tried again, what was done stays done unless
        a router amends it."""
        connection = unit.connection
        line = Line.of(event.content)
        if self._amend(unit, event, line, original):
            return
        address = self._called(unit, event, line)
        known = memory.heard(connection, original)
        if known is None:
            if address is not None:
                self._serve(unit, event, original, line, address, None)
            return
        bot = self._registry.bot(known.bot)
        if known.sender != event.sender or known.room != event.room_id or bot is None:
            return
        if known.outcome is Outcome.DONE:
            request = self._request(unit, event, bot, line, original)
            explanation = _("I have done what you wrote first and leave it at that. For this too, send it anew:")
            self._service.tell(unit, request, explanation, (line.typed(0),))
            memory.remember(connection, replace(known, outcome=Outcome.EXPLAINED), unit.now)
        elif known.outcome is Outcome.REFUSED:
            self._try_again(unit, event, line, address, known)

    def _amend(self, unit: Unit, event: Event, line: Line, original: EventID) -> bool:
        """Whether the message that was edited has done something that follows it."""
        amenders = ((router, amender) for router in self._registry.routers.values() for amender in router.amenders)
        found = next((each for each in amenders if each[1].knows(unit.connection, original)), None)
        if found is None:
            return False
        router, amender = found
        members = self._rooms.members(unit.connection, event.room_id)
        present = [bot for bot in self._registry.bots if router in bot.routers and bot.user_id in members]
        if present:
            request = self._request(unit, event, self._registry.most_specific(router, present), line, original)
            self._service.amend(unit, request, amender, original)
        return True

    def _try_again(self, unit: Unit, event: Event, line: Line, address: Address | None, known: Heard) -> None:
        event = replace(event, event_id=known.event_id)
        if known.replied_to:
            relation = {"m.in_reply_to": {"event_id": known.replied_to}}
            event = replace(event, content={**event.content, "m.relates_to": relation})
        if address is None and self._answer(unit, event, line):
            return
        address = address or alone_with(self._registry, self._rooms, unit.connection, event.room_id, line)
        if address is not None and line.text:
            self._serve(unit, event, known.event_id, line, address, known)
        elif known.answer:
            self.voice(unit, known.bot, known.room, self._default_language).remove(known.answer)
            memory.remember(unit.connection, replace(known, answer=None), unit.now)

    def _called(self, unit: Unit, event: Event, line: Line) -> Address | None:
        return called(self._registry, self._rooms, unit.connection, event.room_id, line, event.content)

    def _serve(
        self, unit: Unit, event: Event, original: EventID, line: Line, address: Address, earlier: Heard | None
    ) -> None:
        understood = understand(line, address.start, address.routers, address.prefix, is_prefixed=address.is_prefixed)
        bot = self._who_answers(understood, address)
        request = self._request(unit, event, bot, line, original)
        if earlier is not None and earlier.bot == bot.user_id:
            request = replace(request, earlier=earlier.answer)
        self._remember(unit, request, original, self._service.serve(unit, request, understood, address))

    def _who_answers(self, understood: Understood, address: Address) -> Bot:
        """Of the bots that are here the one that is most about this."""
        router = address.routers[0]
        if isinstance(understood, Call):
            router = self._registry.routers[understood.command.router]
        elif isinstance(understood, Mistake) and understood.router is not None:
            router = understood.router
        return self._registry.most_specific(router, address.bots)

    def _answer(self, unit: Unit, event: Event, line: Line) -> bool:
        """Whether the message is the answer to a question."""
        question = open_question(unit.connection, event.room_id, event.sender)
        return question is not None and self._answer_question(unit, event, line, question)

    def _answer_question(self, unit: Unit, event: Event, line: Line, question: Question) -> bool:
        bot = self._registry.bot(question.bot)
        dialogue = self._dialogue(question)
        if bot is None or dialogue is None:
            close_question(unit.connection, question.room, question.person)
            return False
        request = self._request(unit, event, bot, line, event.event_id, question.language)
        said = understand(line, 0, bot.routers, "") if request.is_direct and line.text else None
        is_command = isinstance(said, Call | HelpWanted | Greeted)
        if question.expires_at <= unit.now:
            close_question(unit.connection, question.room, question.person)
            if is_command or not request.is_direct:
                return False
            self._service.tell(unit, request, _("I had stopped waiting for an answer. Please start again."))
            return True
        try:
            if is_cancel(line):
                served = self._service.cancel(unit, request)
            else:
                served = self._service.answer(unit, request, question, dialogue)
        except ArgumentError as error:
            if is_command or event.type == "m.reaction":
                return False
            served = self._service.ask_again(unit, request, error)
        self._remember(unit, request, event.event_id, served)
        return True

    def _dialogue(self, question: Question) -> Dialogue | None:
        router = self._registry.routers.get(question.router)
        return router.dialogues.get(question.name) if router else None

    def _tap_by_reply(self, unit: Unit, event: Event, line: Line) -> bool:
        """Whether the message replies to a card of ours with the name of one of its buttons: that is a tap too."""
        replied_to = event.relation.in_reply_to
        card = self._resolve_event(unit.connection, replied_to) if replied_to and line.text else None
        if card is None:
            return False
        said = {fold(line.text), plain_reaction(line.text)}
        buttons = buttons_of(unit.connection, card)
        for button in buttons:
            if said & self._names_of(button):
                self._press(unit, event, button, button.typed, event.event_id)
                return True
        return any(self._say_more(unit, event, line, button) for button in buttons)

    def _say_more(self, unit: Unit, event: Event, line: Line, button: StoredButton) -> bool:
        """Whether the reply is the command of this button with words of the person's own behind it."""
        bot, router = self._registry.bot(button.bot), self._registry.routers.get(button.router)
        if bot is None or router is None or not self._is_for(button, event):
            return False
        call = understand(line, 0, (router,), "")
        if not isinstance(call, Call) or call.command is not router.find(button.typed.split()[0]):
            return False
        request = self._request(unit, event, bot, line, event.event_id, button.language)
        prefix = "" if request.is_direct else router.prefix_in(request.language)
        served = self._service.serve(unit, request, call, Address((bot,), (router,), 0, prefix))
        self._remember(unit, request, event.event_id, served)
        return True

    def _is_for(self, button: StoredButton, event: Event) -> bool:
        """Whether this person may tap it in this room."""
        return button.room in (None, event.room_id) and button.for_user in (None, event.sender)

    def _names_of(self, button: StoredButton) -> set[str]:
        """All that one may say for tapping a button: its emoji, its label, its command."""
        router = self._registry.routers.get(button.router)
        command = router.find(button.typed.split()[0]) if router else None
        known = map(fold, command.names) if command else ()
        return {button.reaction, fold(button.label), fold(button.typed), *known}

    def _press(self, unit: Unit, event: Event, button: StoredButton, typed: str, answers_to: EventID | None) -> None:
        """Do what the button stands for, as if this person had typed it here."""
        bot, router = self._registry.bot(button.bot), self._registry.routers.get(button.router)
        if bot is None or router is None or not self._is_for(button, event):
            return
        line = Line(typed)
        request = self._request(unit, event, bot, Line(""), answers_to, button.language)
        request = replace(request, thread=button.thread)
        prefix = "" if request.is_direct else router.prefix_in(request.language)
        address = Address((bot,), (router,), 0, prefix)
        self._service.serve(unit, replace(request, line=line), understand(line, 0, (router,), prefix), address)

    def _request(
        self,
        unit: Unit,
        event: Event,
        bot: Bot,
        line: Line,
        answers_to: EventID | None,
        language: Language | None = None,
    ) -> Request:
        """`language` counts where nothing Chinese was written and nothing was chosen."""
        chosen = self._audience.language_of(unit.connection, event.sender)
        return Request(
            event=event,
            bot=bot,
            line=line,
            language=answer_language(line.own_text, chosen, language or self._default_language),
            is_direct=self._rooms.is_direct(unit.connection, event.room_id, bot.user_id),
            answers_to=answers_to,
        )

    def _remember(self, unit: Unit, request: Request, event_id: EventID, served: Served | None) -> None:
        if served is None:
            return
        event = request.event
        replied_to = event.relation.in_reply_to
        heard = Heard(
            event_id, event.room_id, event.sender, request.bot.user_id, served.outcome, served.answer, replied_to
        )
        memory.remember(unit.connection, heard, unit.now)
