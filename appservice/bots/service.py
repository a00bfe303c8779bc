"""Doing what was asked: limits first, then the command, then what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mautrix.types import EventID, UserID

from appservice.bots import memory
from appservice.bots.address import Address
from appservice.bots.context import Context, Desk
from appservice.bots.errors import ArgumentError, UserError
from appservice.bots.files import File
from appservice.bots.help import details, overview
from appservice.bots.line import Line, fold
from appservice.bots.memory import Flow, Outcome, Rate
from appservice.bots.permissions import Level
from appservice.bots.questions import Question, close_question, open_question
from appservice.bots.rooms import RoomView
from appservice.bots.router import Amender, Bot, Command, Dialogue, Receiver, Router
from appservice.bots.understand import (
    CANCEL_WORDS,
    HELP_WORDS,
    Call,
    CancelWanted,
    Greeted,
    HelpWanted,
    Mistake,
    Understood,
    read_answer,
)
from appservice.bots.welcome import greeting
from appservice.content import Rich, code, paragraphs, with_blocks
from appservice.driver import savepoint
from appservice.effects import EffectKey
from appservice.events import Event
from appservice.language import Language, Message, _
from appservice.unit import Unit


@dataclass(frozen=True, slots=True)
class Request:
    """Something that somebody asks of a bot. `earlier` is the answer that this one takes the place of, `thread` the
    root of the thread in which a tapped button stands."""

    event: Event
    bot: Bot
    line: Line
    language: Language
    is_direct: bool
    answers_to: EventID | None
    earlier: EffectKey | None = None
    thread: EventID | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What became of a request, and the first thing said in answer."""

    outcome: Outcome
    answer: EffectKey | None


class Service:
    """Serves requests. `level_of` says how much somebody may do."""

    def __init__(self, desk: Desk, rooms: RoomView, level_of: Callable[[UserID], Level], rate: Rate) -> None:
        self._desk = desk
        self._rooms = rooms
        self._level_of = level_of
        self._rate = rate

    def serve(self, unit: Unit, request: Request, understood: Understood, address: Address) -> Served | None:
        """Do it, or say why not; None if it is left unanswered."""
        if not self._is_open(unit, request):
            return None
        context = self._context(unit, request)
        if isinstance(understood, Call):
            understood = self._refusal(context, understood.command) or understood
        match understood:
            case Call(command, arguments):
                return self._attempt(unit, request, lambda context: command.handler(context, **arguments))
            case HelpWanted(topic):
                context.reply(self._help(context, address, topic))
            case Greeted():
                context.reply(greeting(context.bot, context.catalogue, is_direct=context.is_direct))
            case CancelWanted():
                self._cancel(context)
            case Mistake(message, values, corrected):
                if memory.count_mistake(unit.connection, context.sender) > memory.MISTAKES_IN_A_ROW:
                    return None
                context.reply(with_blocks(context.say(message, **values), corrected))
        return Served(Outcome.REFUSED, context.answer)

    def receive(self, unit: Unit, request: Request, receiver: Receiver, file: File) -> Served | None:
        """Take a file."""
        if not self._is_open(unit, request):
            return None
        return self._attempt(unit, request, lambda context: receiver.handler(context, file))

    def amend(self, unit: Unit, request: Request, amender: Amender, original: EventID) -> None:
        """Have what a message has done follow what it says now."""
        if self._is_open(unit, request):
            self._attempt(unit, request, lambda context: amender.handler(context, request.line, original))

    def react(self, unit: Unit, request: Request, handler: Callable[[Context, EventID], None], target: EventID) -> None:
        """Do what a reaction to a message asks for; of those who ask too much, nothing is said."""
        if memory.pour(unit.connection, request.event.sender, self._rate, unit.now) is Flow.OPEN:
            handler(self._context(unit, request), target)

    def answer(self, unit: Unit, request: Request, question: Question, dialogue: Dialogue) -> Served | None:
        """Take the line for the answer to a question. Raises `ArgumentError` if it cannot be one."""
        value = read_answer(dialogue.answer, request.line)
        if not self._is_open(unit, request):
            return None

        def proceed(context: Context) -> None:
            close_question(unit.connection, question.room, question.person)
            dialogue.handler(context, value, **question.state)

        return self._attempt(unit, request, proceed)

    def cancel(self, unit: Unit, request: Request) -> Served | None:
        """Let go of the open question."""
        if not self._is_open(unit, request):
            return None
        context = self._context(unit, request)
        self._cancel(context)
        return Served(Outcome.DONE, context.answer)

    def ask_again(self, unit: Unit, request: Request, error: ArgumentError) -> Served | None:
        """Say why the line is no answer to the open question."""
        if not self._is_open(unit, request):
            return None
        context = self._context(unit, request)
        word = CANCEL_WORDS[context.language is Language.ZH]
        said = context.say(error.message, **error.values)
        context.reply(paragraphs(said, context.say(_("Please try again, or write `{cancel}`."), cancel=word)))
        return Served(Outcome.REFUSED, context.answer)

    def tell(self, unit: Unit, request: Request, message: Message, typed: tuple[str, ...] = ()) -> None:
        """Say one sentence, if the person has not asked too much already."""
        if self._is_open(unit, request):
            context = self._context(unit, request)
            context.reply(with_blocks(context.say(message), typed))

    def _context(self, unit: Unit, request: Request) -> Context:
        return Context(
            self._desk,
            unit,
            request.bot,
            request.event,
            request.language,
            is_direct=request.is_direct,
            answers_to=request.answers_to,
            replacing=request.earlier,
            thread=request.thread,
        )

    def _is_open(self, unit: Unit, request: Request) -> bool:
        flow = memory.pour(unit.connection, request.event.sender, self._rate, unit.now)
        if flow is Flow.CLOSING:
            self._context(unit, request).reply(
                _("That was a lot at once. I listen again in {count} seconds."), count=self._rate.pause
            )
        return flow is Flow.OPEN

    def _attempt(self, unit: Unit, request: Request, work: Callable[[Context], None]) -> Served:
        """Run a handler. If it raises `UserError`, nothing of what it did remains."""
        emissions, timers, cancelled = len(unit.emissions), len(unit.timers), len(unit.cancelled_timers)
        context = self._context(unit, request)
        try:
            with savepoint(unit.connection):
                work(context)
        except UserError as error:
            del unit.emissions[emissions:], unit.timers[timers:], unit.cancelled_timers[cancelled:]
            thread, context = context.thread, self._context(unit, request)
            context.stay_in(thread)
            better = error.try_instead or ()
            corrected = (better,) if isinstance(better, str) else tuple(better)
            context.reply(with_blocks(context.say(error.message, **error.values), corrected))
            return Served(Outcome.REFUSED, context.answer)
        context.finish()
        memory.forgive_mistakes(unit.connection, context.sender)
        return Served(Outcome.DONE, context.answer)

    def _refusal(self, context: Context, command: Command) -> Mistake | None:
        """Why this person may not use this command here."""
        if command.where == "direct" and not context.is_direct:
            return Mistake(
                _("That is for the two of us alone: open a direct chat with {bot} and write it there."),
                {"bot": context.bot.user_id},
                (),
            )
        if command.where == "room" and context.is_direct:
            return Mistake(_("That is for a room with others: invite me there and write it there."), {}, ())
        if self._level_of(context.sender) < command.permission:
            return Mistake(_("Only an administrator of this service may do that."), {}, ())
        if command.power:
            power = self._rooms.power_of(context.connection, context.room, context.sender)
            if power < command.power:
                return Mistake(
                    _("That takes power level {power} in this room; please ask one of its moderators."),
                    {"power": command.power},
                    (),
                )
        return None

    def _cancel(self, context: Context) -> None:
        if open_question(context.connection, context.room, context.sender) is None:
            context.reply(_("There is nothing to cancel."))
            return
        close_question(context.connection, context.room, context.sender)
        context.reply(_("All right, never mind."))

    def _help(self, context: Context, address: Address, topic: str) -> Rich:
        level = self._level_of(context.sender)

        def prefix_of(router: Router) -> str:
            return "" if context.is_direct else router.prefix_in(context.language)

        def may_use(command: Command) -> bool:
            return command.permission <= level

        routers = address.routers
        wanted = fold(topic)
        if wanted:
            found = [(one, router) for router in routers if (one := router.find(wanted)) and may_use(one)]
            is_prefix = any(wanted == fold(prefix).strip("!") for router in routers for prefix in router.prefixes)
            if found and not is_prefix:
                return paragraphs(*(details(one, context.catalogue, prefix_of(router)) for one, router in found))
            named = tuple(r for r in routers if wanted in (fold(name).strip("!") for name in (r.name, *r.prefixes)))
            routers = named or routers
        level_here = self._rooms.power_of(context.connection, context.room, context.sender)

        def works_here(command: Command) -> bool:
            here = command.named_in == "any" or (command.named_in == "direct") == context.is_direct
            return may_use(command) and here and command.power <= level_here

        elsewhere = [
            router
            for router in routers
            if any(may_use(one) and one.listed and not works_here(one) for one in router.commands)
        ]
        return overview(routers, context.catalogue, prefix_of, works_here, self._elsewhere(context, elsewhere))

    def _elsewhere(self, context: Context, routers: Sequence[Router]) -> Rich | None:
        """Where there is more than works here."""
        if not routers:
            return None
        word = HELP_WORDS[context.language is Language.ZH]
        if not context.is_direct:
            return context.say(_("More in our direct chat: write {help} there."), help=code(word))
        prefixes = dict.fromkeys(router.prefix_in(context.language) for router in routers)
        shown = [code(f"{prefix} {word}") for prefix in prefixes]
        return context.say(_("More in rooms with others: {help}"), help=shown)


def is_cancel(line: Line) -> bool:
    return fold(line.text).strip(" !") in CANCEL_WORDS
