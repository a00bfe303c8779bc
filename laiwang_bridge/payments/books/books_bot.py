"""The books of a room as a file, and what they say: `export` and `stats`. Both take a moment, so jobs do the work."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal, Protocol

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice import content as contents
from appservice.bots import Argument, Context, Router, Voice
from appservice.content import Rich, bold, bullets, code, lines, paragraphs
from appservice.effects import Answer, Job, MediaOf, Upload
from appservice.ghosts import localpart
from appservice.language import N_, Language, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.books import chart
from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.books_out import books_of
from laiwang_bridge.payments.books.exporting import FileFormat, write
from laiwang_bridge.payments.books.statistics import Span, Statistics, statistics_of
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.till import Till

_EXPORT, _STATS = "payments.export", "payments.stats"
_GROUP = _("Books")
_MOST_LINES = 20

_AMOUNT = _("{name}: {amount}")
_CANNOT = _("I cannot hand over that file at the moment. Please try again later.")

Kind = Annotated[
    FileFormat,
    Argument(
        _("kind of file"),
        words={
            "csv": ("excel", "table", "表格"),
            "json": ("backup", "备份"),
            "beancount": ("bean",),
            "hledger": ("ledger",),
        },
    ),
]
Where = Annotated[Literal["here"] | None, Argument(_("here"), words={"here": ("这里", "群里")})]
Time = Annotated[
    Span,
    Argument(
        _("month, year or all"),
        words={"month": ("本月", "月"), "year": ("今年", "年"), "all": ("everything", "全部", "所有")},
    ),
]


class Read(Protocol):
    """Looks at the database without changing it (`appservice.database.Database.read`)."""

    def __call__(self, work: Callable[[Connection], Books]) -> Awaitable[Books]: ...


class BooksBot:
    def __init__(self, prefixes: Sequence[str], till: Till, read: Read) -> None:
        self._till = till
        self._around = till.around
        self._read = read
        self.router = router = Router("books", prefixes)
        router.command("export", "导出", help=_("All bills and payments as a file"), group=_GROUP)(self.export)
        router.command("stats", "statistics", "统计", help=_("Who paid what, by month and category"), group=_GROUP)(
            self.stats
        )

    def add_to(self, routes: Routes) -> None:
        routes.on_job(_EXPORT, self._export)
        routes.on_answer(_EXPORT, self._exported)
        routes.on_job(_STATS, self._stats)
        routes.on_answer(_STATS, self._counted)

    # -- a file -----------------------------------------------------------------------------------------------------

    def export(self, context: Context, kind: Kind = FileFormat.CSV, where: Where = None) -> None:
        given = self._given(context) | {"format": kind.value}
        self._begin(context, _EXPORT, given, {"here": where == "here"})
        if where is None:
            context.reply(
                _("I send the file to you in our own chat. {line} hands it to everybody in this room."),
                line=code(context.line(self.export, kind, "here")),
            )

    async def _export(self, job: Job) -> Mapping[str, Any]:
        given = job.given
        books = await self._read(lambda connection: self._books(connection, given))
        name = "".join(char if char.isalnum() else "-" for char in books.title).strip("-") or "books"
        written = await asyncio.to_thread(write, books, FileFormat(given["format"]), f"{name[:60]}-{given['today']}")
        return {
            "name": written.name,
            "type": written.media_type,
            "data": base64.b64encode(written.data).decode(),
            "head": written.head,
            "entries": len(books.entries),
        }

    def _exported(self, unit: Unit, answer: Answer) -> None:
        context = answer.context
        voice = self._voice(unit, context, here=context["here"])
        if voice is None:
            return
        if answer.outcome is None:
            voice.send(_CANNOT)
            return
        made = answer.outcome
        said = voice.say(
            N_("**{title}**: the books up to now, one entry.", "**{title}**: the books up to now, {count} entries."),
            title=context["title"],
            count=made["entries"],
        )
        if made["head"]:
            more = _("Its head is {head}: whoever has noted that sees whether the file was changed since.")
            said = lines(said, voice.say(more, head=code(made["head"])))
        data = base64.b64decode(made["data"])
        voice.send(_file(voice, "m.file", said, made["name"], made["type"], data, {}))

    # -- numbers ----------------------------------------------------------------------------------------------------

    def stats(self, context: Context, span: Time = Span.YEAR) -> None:
        say = context.catalogue.text
        labels = {
            "paid": say(_("paid")),
            "borne": say(_("bears")),
            "by_month": say(_("By month: who paid")),
            "by_category": say(_("By category")),
            "others": say(_("all others")),
            "no_category": say(_("no category")),
        }
        given = self._given(context) | {"span": span.value, "labels": labels, "language": context.language.value}
        self._begin(context, _STATS, given, {"here": True, "span": span.value, "today": given["today"]})

    async def _stats(self, job: Job) -> Mapping[str, Any]:
        given = job.given
        books = await self._read(lambda connection: self._books(connection, given))
        return await asyncio.to_thread(_count, books, given)

    def _counted(self, unit: Unit, answer: Answer) -> None:
        context = answer.context
        voice = self._voice(unit, context, here=True)
        if voice is None:
            return
        if answer.outcome is None:
            voice.send(_CANNOT)
            return
        found = [Statistics(**one) for one in answer.outcome["statistics"]]
        if not found:
            voice.send(_("There are no bills in that time."))
            return
        span = _span_text(Span(context["span"]), date.fromisoformat(context["today"]))
        title = bold(f"{context['title']} · {span}") if span else bold(context["title"])
        said = paragraphs(title, *(_in_words(voice, one) for one in found))
        picture = answer.outcome["picture"]
        if picture is None:
            voice.send(contents.notice(said))
            return
        data = base64.b64decode(picture["data"])
        size = {"w": picture["width"], "h": picture["height"]}
        voice.send(_file(voice, "m.image", said, "statistics.png", "image/png", data, size))

    # -- both -------------------------------------------------------------------------------------------------------

    def _given(self, context: Context) -> dict[str, Any]:
        """What a job needs to read the books of this room."""
        zone = self._around.digests.hours_of_user(context.connection, context.sender).zone
        return {
            "ledger": self._till.ledger(context),
            "room": context.room,
            "title": self._title(context),
            "today": datetime.fromtimestamp(context.now // 1000, zone).date().isoformat(),
        }

    def _title(self, context: Context) -> str:
        name = self._around.rooms.name(context.connection, context.room)
        return name or context.catalogue.text(_("Shared bills"))

    def _begin(self, context: Context, name: str, given: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        bot = context.bot.user_id
        where = {"bot": bot, "room": context.room, "user": context.sender, "language": context.language.value}
        job = Job(sender=bot, name=name, queue=f"books:{given['ledger']}", given=given)
        told = {**where, "title": given["title"], **more}
        context.unit.emit(job, notify=name, context=told, asker=context.sender)

    def _books(self, connection: Connection, given: Mapping[str, Any]) -> Books:
        room = RoomID(given["room"])

        def name_of(user: UserID) -> str:
            return self._around.rooms.display_name(connection, user, room) or localpart(user)

        return books_of(connection, LedgerId(given["ledger"]), given["title"], name_of)

    def _voice(self, unit: Unit, context: Mapping[str, Any], *, here: bool) -> Voice | None:
        """Where the answer goes: into the room, or into the chat of whoever asked."""
        if not here:
            return self._around.write_to(unit, UserID(context["user"]))
        return self._around.speak(unit, UserID(context["bot"]), RoomID(context["room"]), Language(context["language"]))


def _file(
    voice: Voice, kind: str, said: Rich, name: str, media_type: str, data: bytes, more: Mapping[str, int]
) -> Mapping[str, Any]:
    """A file with a text to it, which is the text of the message where pictures and files are not shown."""
    file = voice.unit.emit(Upload(sender=voice.bot.user_id, data=data, content_type=media_type, filename=name))
    info = {"mimetype": media_type, "size": len(data), **more}
    return {**contents.notice(said), "msgtype": kind, "filename": name, "url": MediaOf(file), "info": info}


def _count(books: Books, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The numbers, and the picture of the first currency."""
    span, today = Span(given["span"]), date.fromisoformat(given["today"])
    found = statistics_of(books, span, today)
    picture = None
    if found and found[0].paid:
        drawn = _drawn(found[0], books.title, _span_text(span, today), given)
        picture = {"data": base64.b64encode(drawn.data).decode(), "width": drawn.width, "height": drawn.height}
    return {"statistics": [asdict(one) for one in found], "picture": picture}


def _drawn(one: Statistics, title: str, span: str, given: Mapping[str, Any]) -> chart.Drawing:
    def money(minor: int) -> str:
        return Money(minor, currency(one.currency)).text(given["language"])

    subtitle = " · ".join(filter(None, (span, money(one.total))))
    return chart.draw(one, chart.Labels(title, subtitle, **given["labels"]), money)


def _span_text(span: Span, today: date) -> str:
    return {Span.MONTH: f"{today:%Y-%m}", Span.YEAR: f"{today.year}", Span.ALL: ""}[span]


def _in_words(voice: Voice, one: Statistics) -> Rich:
    """What the picture shows, and what it does not."""

    def money(minor: int) -> str:
        return Money(minor, currency(one.currency)).text(voice.language.value)

    counted = N_("One bill, {total}.", "{count} bills, {total} in all.")
    said = [voice.say(counted, count=one.bills, total=money(one.total + one.unknown))]
    if one.unknown:
        said.append(
            voice.say(_("Of {total} it is not known who paid, so that is not counted below."), total=money(one.unknown))
        )
    names = list(dict.fromkeys((*one.paid, *one.borne)))[:_MOST_LINES]
    said.append(
        bullets(
            voice.say(
                _("{name}: paid {paid}, bears {borne}"),
                name=name,
                paid=money(one.paid.get(name, 0)),
                borne=money(one.borne.get(name, 0)),
            )
            for name in names
        )
    )
    if len(one.months) > 1:
        by_month = [
            voice.say(_AMOUNT, name=month, amount=money(sum(by.values())))
            for month, by in list(one.months.items())[-chart.MOST_MONTHS :]
        ]
        said.append(lines(voice.say(_("By month:")), bullets(by_month)))
    if any(one.categories):
        unnamed = voice.catalogue.text(_("no category"))
        by_category = [
            voice.say(_AMOUNT, name=name or unnamed, amount=money(minor)) for name, minor in one.categories.items()
        ][:_MOST_LINES]
        said.append(lines(voice.say(_("By category:")), bullets(by_category)))
    return lines(*said)
