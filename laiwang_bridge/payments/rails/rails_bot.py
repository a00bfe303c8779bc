"""What people type about how they are paid."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from typing import Annotated, Any, Literal, Protocol

from mautrix.types import ContentURI, RoomID, UserID

from appservice.bots import Argument, Context, File, Router, UserError, Voice
from appservice.bots.line import fold
from appservice.content import Rich, bullets, code, lines, numbered, paragraphs
from appservice.effects import Answer, Job
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.language import Language, _
from appservice.routes import Later, Routes
from appservice.unit import Unit
from laiwang_bridge.payments.paying.owing import Owed
from laiwang_bridge.payments.rails import Details, Mistake, Rail, pictures, rail_store, takes
from laiwang_bridge.payments.rails.how_bot import HowBot
from laiwang_bridge.payments.rails.rail_store import MOST_WAYS, RequestId
from laiwang_bridge.payments.rails.telling import Commands, Telling
from laiwang_bridge.payments.rails.ways import Ways
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

_GROUP = _("Being paid and paying")
_ASKS_ALWAYS = _("I ask you each time before I tell anybody.")
_TELLS = _(
    "I tell them to friends who owe you, and to whoever owes you for a bill that you wrote. About anybody else I ask "
    "you first."
)
_READ = "payments.picture"
_EXAMPLE = "sepa DE89 3704 0044 0532 0130 00"
_PAUSE_SECONDS = 10.0
_NOT_NOW = (429, 502, 503, 504)


What = Annotated[
    Literal["add", "remove", "ask"],
    Argument(
        _("add, remove or ask"), words={"add": ("添加", "加"), "remove": ("删除", "移除"), "ask": ("先问我", "询问")}
    ),
]
Given = Annotated[str | None, Argument(_("how you are paid"), rest=True, most=600, example=_EXAMPLE)]
Number = Annotated[int, Argument(_("which question"), least=1)]
_ON, _OFF = ("on", "yes", "开", "是"), ("off", "no", "关", "否")


class Download(Protocol):
    """Fetches a file of the media repository (`appservice.homeserver.Homeserver.download`)."""

    def __call__(self, uri: ContentURI, user: UserID, *, most_bytes: int) -> Awaitable[bytes]: ...


class RailsBot:
    """`ways` and `way` for whoever is paid, `tell` for whoever is asked; `paying` is for whoever pays."""

    def __init__(
        self, prefixes: tuple[str, ...], around: Surroundings, till: Till, ways: Ways, download: Download
    ) -> None:
        self._around = around
        self._till = till
        self._ways = ways
        self._download = download
        self.telling = Telling(till, ways)
        self.telling.answered_by(Commands(self.tell, self._add_line))
        self.router = router = Router("rails", prefixes, title=_GROUP)
        command = router.command
        command("ways", "收款方式", help=_("How you are paid"), group=_GROUP, where="direct")(self.ways)
        command("way", "设置收款", help=_("Add or remove a way to be paid"), group=_GROUP, where="direct")(self.way)
        self.paying = HowBot(router, around, till, self.telling, _GROUP)
        command("tell", "告诉", help=_("Let somebody who owes you know how you are paid"), group=_GROUP,
                where="direct")(self.tell)  # fmt: skip
        router.receives(lambda file: file.kind == "m.image", self.take_picture)

    @property
    def installed(self) -> Collection[str]:
        """The names of all rails; asked for at the start, whatever is wrong with one is in the log then."""
        return self._ways.rails.keys()

    def add_to(self, routes: Routes) -> None:
        routes.on_job(_READ, self._read_picture)
        routes.on_answer(_READ, self._picture_read)

    # -- being paid -------------------------------------------------------------------------------------------------

    def ways(self, context: Context) -> None:
        me = who_asks(context)
        mine = self._ways.of(context.connection, me)
        asks = rail_store.wants_to_be_asked(context.connection, me)
        said = _ASKS_ALWAYS if asks else _TELLS
        waiting = [
            context.say(
                _("{name} has asked how to pay you: {line}"),
                name=self._around.names.for_viewer(context.connection, me, request.debtor),
                line=code(context.line(self.tell, request.id)),
            )
            for request in rail_store.requests_to(context.connection, me)
        ]
        if not mine:
            context.reply(
                paragraphs(context.say(_("You have not told me how you are paid.")), self._kinds(context), *waiting)
            )
            return
        shown = [
            context.say(_("{title}: {details}"), title=context.say(way.rail.title), details=way.shown) for way in mine
        ]
        remove = code(context.line(self.way, "remove", "1"))
        change = context.say(
            _("{line} removes the first. {ask}: ask only about strangers.") if asks
            else _("{line} removes the first. {ask}: always ask me first."),
            line=remove, ask=code(self._ask_line(context, not asks)),
        )  # fmt: skip
        context.reply(paragraphs(numbered(shown), context.say(said), change, *waiting))

    def way(self, context: Context, what: What = "add", given: Given = None) -> None:
        match what:
            case "add" if given is None:
                context.reply(self._kinds(context))
            case "add":
                self._add(context, given or "")
            case "remove":
                self._remove(context, given or "")
            case "ask":
                self._choose(context, given or "")

    def take_picture(self, context: Context, file: File) -> None:
        """A picture of a code by which somebody is paid."""
        who_asks(context)
        if file.is_encrypted:
            raise UserError(_("I cannot open encrypted pictures. Send me the link of your code as text."))
        if file.size is not None and file.size > pictures.MOST_BYTES:
            raise UserError(_("This picture is too large. Send me a screenshot of the code."))
        bot = context.bot.user_id
        job = Job(
            sender=bot,
            name=_READ,
            queue=f"payments:{context.sender}",
            given={"url": file.url, "bot": bot},
            sensitive=True,
        )
        where = {"room": context.room, "bot": bot, "user": context.sender, "language": context.language.value}
        context.unit.emit(job, notify=_READ, context=where, asker=context.sender)

    def tell(self, context: Context, number: Number) -> None:
        me = who_asks(context)
        request = rail_store.find_request(context.connection, RequestId(number))
        if request is None or request.payee != me:
            raise UserError(_("Nobody waits for this answer any more."), try_instead=context.line(self.ways))
        if not self._ways.of(context.connection, me):
            raise UserError(
                _("Tell me first how you are paid."),
                try_instead=context.line(self.way, "add", _EXAMPLE),
            )
        name = self._around.names.for_viewer(context.connection, me, request.debtor)
        told = self.telling.answer(context, request)
        context.reply(_("{name} has it now.") if told else _("{name} does not owe you this any more."), name=name)

    def _add(self, context: Context, given: str) -> None:
        me = who_asks(context)
        name, _space, details = given.strip().partition(" ")
        rail = self._named(context, name)
        if rail is None:
            rail, details = self._meant(context, given.strip()), given
        checked = rail.check(details.strip())
        if isinstance(checked, Mistake):
            raise UserError(checked.sentence, **checked.values, try_instead=self._add_example(context, rail))
        context.reply(self._keep(context, me, rail, checked))

    def _named(self, voice: Voice, name: str) -> Rail | None:
        """The rail of this name, or of the name that people call it in their language."""
        wanted, rails = fold(name), self._ways.rails.values()
        return next((rail for rail in rails if wanted in (rail.name, fold(_called(voice, rail)))), None)

    def _meant(self, context: Context, details: str) -> Rail:
        """The rail whose details these are, where no name stands before them: an account number or a link says so."""
        fitting = [rail for rail in self._ways.rails.values() if isinstance(rail.check(details), Details)]
        if len(fitting) == 1:
            return fitting[0]
        example = f"{_called(context, min(fitting, key=_narrow))} {details}" if fitting else _EXAMPLE
        raise UserError(
            _("Say by what: {rails}."),
            rails=sorted(_called(context, rail) for rail in fitting or self._ways.rails.values()),
            try_instead=context.line(self.way, "add", example),
        )

    def _add_example(self, voice: Voice, rail: Rail) -> str:
        return voice.line(self.way, "add", f"{_called(voice, rail)} {rail.example}")

    def _keep(self, voice: Voice, me: PersonId, rail: Rail, details: Details) -> Rich:
        if len(rail_store.ways_of(voice.connection, me)) >= MOST_WAYS:
            raise UserError(_("I keep {count} ways at most. Remove one first."), count=MOST_WAYS)
        title = voice.say(rail.title)
        if not self._ways.add(voice.unit, me, rail, details):
            return voice.say(_("I know this already: {title}: {details}"), title=title, details=details.shown)
        kept = voice.say(_("Kept, encrypted: {title}: {details}"), title=title, details=details.shown)
        return lines(kept, voice.say(_("Only people who owe you are told it, with how much they owe.")))

    def _remove(self, context: Context, given: str) -> None:
        me = who_asks(context)
        mine = self._ways.of(context.connection, me)
        wanted = fold(given).strip().removeprefix("#")
        named = self._named(context, wanted)
        chosen = [way for number, way in enumerate(mine, 1) if wanted == str(number) or way.rail is named]
        if not chosen:
            raise UserError(_("Which one? Give its number on your list."), try_instead=context.line(self.ways))
        for way in chosen:
            rail_store.remove_way(context.connection, me, way.id)
        context.reply(_("Removed: {titles}"), titles=[context.say(way.rail.title).plain for way in chosen])

    def _choose(self, context: Context, given: str) -> None:
        me = who_asks(context)
        wanted = fold(given).strip()
        if wanted not in (*_ON, *_OFF):
            raise UserError(_("Answer on or off."), try_instead=self._ask_line(context, True))
        rail_store.choose_to_be_asked(context.connection, me, wanted in _ON)
        said = (
            _("From now on I ask you before I tell anybody how you are paid.")
            if wanted in _ON
            else _("From now on I ask you only about people who are not your friends, for bills that others wrote.")
        )
        context.reply(said)

    def _ask_line(self, voice: Voice, on: bool) -> str:
        return voice.line(self.way, "ask", (_ON if on else _OFF)[2 if voice.language is Language.ZH else 0])

    def _kinds(self, context: Context) -> Rich:
        """All rails, each with a command that can be copied."""
        shown = []
        for rail in sorted(self._ways.rails.values(), key=lambda rail: rail.name):
            line = code(self._add_example(context, rail))
            shown.append(context.say(_("{title}: {line}"), title=context.say(rail.title), line=line))
        how = context.say(
            _(
                "Send me a picture of your collection code (a screenshot will do), or one of these lines with your own "
                "details:"
            )
        )
        return lines(how, bullets(shown))

    def _add_line(self, voice: Voice, owed: Owed) -> str:
        """How somebody adds a way that fits what he is owed."""
        code = owed.money.currency.code
        fitting = [rail for rail in self._ways.rails.values() if takes(rail, code)]
        return self._add_example(voice, min(fitting, key=_narrow))

    # -- pictures ---------------------------------------------------------------------------------------------------

    async def _read_picture(self, job: Job) -> Mapping[str, Any]:
        uri, bot = ContentURI(job.given["url"]), UserID(job.given["bot"])
        try:
            data = await self._download(uri, bot, most_bytes=pictures.MOST_BYTES)
        except HomeserverAway as away:
            raise Later(str(away), _PAUSE_SECONDS) from away
        except HomeserverError as error:
            if error.status in _NOT_NOW:
                raise Later(str(error), error.retry_after or _PAUSE_SECONDS) from error
            return {"codes": []}
        return {"codes": await asyncio.to_thread(pictures.read, data)}

    def _picture_read(self, unit: Unit, answer: Answer) -> None:
        where = answer.context
        if not where:
            return
        me = people.find_person(unit.connection, UserID(where["user"]))
        if me is None:
            return
        voice = self._around.speak(
            unit, UserID(where["bot"]), RoomID(where["room"]), Language(where["language"]), is_direct=True
        )
        codes = [str(text) for text in (answer.outcome or {}).get("codes", ())]
        found = [
            (rail, details)
            for text in codes
            for rail in self._ways.rails.values()
            if isinstance(details := rail.check(text), Details)
        ]
        if not found:
            voice.send(
                _("I find no code in this picture by which somebody is paid. Send it larger, or its link as text.")
            )
            return
        for rail, details in {rail.name: (rail, details) for rail, details in found}.values():
            try:
                voice.send(self._keep(voice, me, rail, details))
            except UserError as error:
                voice.send(error.message, **error.values)


def _narrow(rail: Rail) -> tuple[bool, int, str]:
    """What takes few currencies comes first: it is what people there use."""
    return not rail.currencies, len(rail.currencies), rail.name


def _called(voice: Voice, rail: Rail) -> str:
    """What somebody types for a rail: what it is called in his language where that is one word of another script."""
    title, _more, _rest = voice.say(rail.title).plain.replace("(", "（").partition("（")
    word = title.strip()
    return rail.name if word.isascii() or " " in word else word
