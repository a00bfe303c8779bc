"""`import`: the books that another program has kept come into a room, after somebody has looked at what that will do.

A file is fetched and read by a job. What was read waits; its card says what would come in and who would be whom. One
yes takes all of it in, in one transaction.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from mautrix.types import ContentURI, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Argument, Button, Context, File, Router, UserError, Voice, button
from appservice.bots.line import fold, quoted
from appservice.content import code, lines
from appservice.effects import Answer, Job, ReadEvent
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.language import N_, Language, _
from appservice.routes import Later, Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.books import books_in, import_cards, import_people, import_store
from laiwang_bridge.payments.books.books_in import Importer
from laiwang_bridge.payments.books.import_store import Waiting
from laiwang_bridge.payments.books.import_undo import ImportUndo
from laiwang_bridge.payments.books.importing import packing
from laiwang_bridge.payments.books.importing.found import Found, NoBooks, Unreadable
from laiwang_bridge.payments.books.importing.packing import Packed
from laiwang_bridge.payments.books.importing.reader import MOST_BYTES, read_books
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.lines.wording import Guest, User, Who
from laiwang_bridge.payments.money.currencies import named
from laiwang_bridge.payments.rails.rails_bot import Download
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

_READ, _MESSAGE = "payments.import", "payments.import_message"
_GROUP = _("Books")
_PAUSE_SECONDS = 10.0
_TOO_LARGE, _NOT_NOW, _GONE = 413, (429, 502, 503, 504), (400, 403, 404, 410)

_YES = ("yes", "ok", "是", "好", "确认")
_NO = ("no", "cancel", "否", "不", "取消")
_SKIP = ("skip", "跳过")
_AS = ("as", "作为", "对应")
_CURRENCY = ("currency", "货币", "币种")

_PAIR = re.compile(r"""("[^"]+"|\S+?)\s*[=＝]\s*([+＋]?"[^"]+"|\S+)""")

What = Annotated[
    tuple[str, ...],
    Argument(
        _("yes, no, skip, as …, or currency …"),
        parse=str,
        example="as 1=@ann:example.org",
        words={"yes": ("是",), "no": ("否",), "skip": ("跳过",), "as": ("对应",), "currency": ("货币",), "me": ("我",)},
    ),
]


class ImportBot:
    """`together` is the command that has two accounts settle as one."""

    def __init__(
        self,
        prefixes: Sequence[str],
        till: Till,
        rights: Rights,
        download: Download,
        together: Callable[[Context, Who, Who], None],
    ) -> None:
        self._till = till
        self._together = together
        self.balance_line: Callable[[Voice], str] = lambda _voice: ""
        self.undo_line: Callable[[Voice], str] = lambda _voice: ""
        self._around = till.around
        self._rights = rights
        self._download = download
        self.undoing = ImportUndo(till, rights, lambda context: context.line(self.import_))
        self.router = router = Router("imports", prefixes)
        router.command("import", "导入", help=_("Take in what another program has kept"), group=_GROUP)(self.import_)
        router.receives(_may_be_books, self.take_file)

    def add_to(self, routes: Routes) -> None:
        routes.on_job(_READ, self._fetch)
        routes.on_answer(_READ, self._read)
        routes.on_answer(_MESSAGE, self._message_read)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        import_store.move(unit.connection, old, new)

    # -- what is typed ----------------------------------------------------------------------------------------------

    def take_file(self, context: Context, file: File) -> None:
        """A file was sent in somebody's own chat: it waits until he says in a room that it belongs there."""
        me = who_asks(context)
        if file.is_encrypted:
            raise UserError(Unreadable(NoBooks.ENCRYPTED).sentence)
        import_store.note_file(context.connection, me, file.url, context.now)
        command = context.desk.registry.command_of(self.import_)
        context.reply(
            _(
                "I have the file. Write {line} in the room whose bills these are, or here if they are yours alone. "
                "Nothing comes in before you have seen what is in it."
            ),
            line=code(f"{self.router.prefix_in(context.language)} {command.name_in(context.language)}"),
        )

    def import_(self, context: Context, what: What = ()) -> None:
        me = who_asks(context)
        verb = fold(what[0]) if what else ""
        if not what:
            self._look(context, me)
        elif verb in _AS or any("=" in fold(word) for word in what):
            self._choose(context, me, what[1:] if verb in _AS else what)
        elif verb in _CURRENCY and len(what) > 1:
            self._read_again(context, me, what[1])
        elif verb in _SKIP:
            self._show(context, replace(self._waiting(context, me), skips_bad=True))
        elif verb in _YES:
            self._take_in(context, self._waiting(context, me))
        elif verb in _NO:
            self._waiting(context, me)
            import_store.drop(context.connection, me, context.room)
            context.reply(_("Nothing of it came into the books."))
        else:
            raise UserError(_("I do not know what to do with that."), try_instead=context.line(self.import_, ("yes",)))

    def _look(self, context: Context, me: PersonId) -> None:
        if context.replied_to is not None:
            bot = context.bot.user_id
            context.unit.emit(
                ReadEvent(sender=bot, room=context.room, target=context.replied_to, seen_by=context.sender),
                notify=_MESSAGE,
                context=self._where(context),
                asker=context.sender,
            )
        elif (url := import_store.take_file(context.connection, me)) is not None:
            self._begin(context, url)
        elif (waiting := import_store.find(context.connection, me, context.room)) is not None:
            self._show(context, waiting)
        else:
            raise UserError(
                _(
                    "Send the file to me in our own chat, or send it here and reply {line} to it. I read what "
                    "Splitwise, Tricount, Spliit, IHateMoney and Cospend export, and my own JSON."
                ),
                line=code(context.line(self.import_)),
            )

    def _message_read(self, unit: Unit, answer: Answer) -> None:
        voice = self._voice(unit, answer.context)
        event: Mapping[str, Any] = answer.state[0] if answer.state else {}
        file = File.of(event.get("content", {})) if event.get("content") else None
        if file is None:
            voice.send(_("There is no file in that message."))
        elif file.is_encrypted:
            voice.send(Unreadable(NoBooks.ENCRYPTED).sentence)
        else:
            self._emit(unit, answer.context, file.url, self._home(unit.connection, voice.room))

    # -- the job ----------------------------------------------------------------------------------------------------

    def _begin(self, context: Context, url: ContentURI) -> None:
        self._emit(context.unit, self._where(context), url, self._home(context.connection, context.room))

    def _emit(self, unit: Unit, where: Mapping[str, Any], url: ContentURI, home: str) -> None:
        bot, user = UserID(where["bot"]), UserID(where["user"])
        given = {"url": url, "bot": bot, "home": home}
        job = Job(sender=bot, name=_READ, queue=f"books:{user}", given=given, sensitive=True)
        unit.emit(job, notify=_READ, context={**where, "url": url}, asker=user)

    async def _fetch(self, job: Job) -> Packed:
        uri, bot = ContentURI(job.given["url"]), UserID(job.given["bot"])
        try:
            data = await self._download(uri, bot, most_bytes=MOST_BYTES)
        except HomeserverAway as away:
            raise Later(str(away), _PAUSE_SECONDS) from away
        except HomeserverError as error:
            if error.status in _NOT_NOW:
                raise Later(str(error), error.retry_after or _PAUSE_SECONDS) from error
            if error.status == _TOO_LARGE:
                return packing.pack(Unreadable(NoBooks.TOO_LARGE, MOST_BYTES // 1_000_000))
            if error.status not in _GONE:
                raise
            return packing.pack(Unreadable(NoBooks.GONE))
        return await asyncio.to_thread(_read_and_pack, data, job.given["home"])

    def _read(self, unit: Unit, answer: Answer) -> None:
        where = answer.context
        voice = self._voice(unit, where)
        me = people.find_person(unit.connection, UserID(where["user"]))
        if me is None:
            return
        outcome = None if answer.outcome is None else packing.unpack(answer.outcome)
        if not isinstance(outcome, Found):
            no = outcome or Unreadable(NoBooks.GONE)
            voice.send(no.sentence, **no.fields)
            return
        assert answer.outcome is not None
        room = RoomID(where["room"])
        who = import_people.guess(unit.connection, self._around, room, outcome.books)
        waiting = Waiting(me, room, ContentURI(where["url"]), answer.outcome, who)
        self._send_card(voice, waiting, outcome, UserID(where["user"]))

    # -- what waits -------------------------------------------------------------------------------------------------

    def _show(self, context: Context, waiting: Waiting) -> None:
        self._send_card(context, waiting, _found(waiting), context.sender)

    def _send_card(self, voice: Voice, waiting: Waiting, found: Found, user: UserID) -> None:
        """Say what waits, below all that was said since; the buttons of an earlier card go."""
        ledger = ledger_store.ledger_of(voice.connection, waiting.room)
        known = 0
        if ledger is not None:
            known = books_in.count_known(voice.connection, ledger, found.source, found.books)

        def line(*words: str) -> str:
            return voice.line(self.import_, words)

        said = import_cards.preview(voice, found, waiting.who, known, skips_bad=waiting.skips_bad, line=line)
        buttons: list[Button] = []
        if found.books.entries and (not found.bad or waiting.skips_bad):
            buttons = [
                button("👍", _("take it in"), self.import_, ("yes",)).only_for(user),
                button("👎", _("let it be"), self.import_, ("no",)).only_for(user),
            ]
        card = voice.send(said, buttons=buttons)
        import_store.put(voice.connection, replace(waiting, card=card), voice.unit.now)

    def _choose(self, context: Context, me: PersonId, words: Sequence[str]) -> None:
        waiting = self._waiting(context, me)
        accounts = _found(waiting).books.accounts
        pairs = _PAIR.findall(" ".join(quoted(word) if " " in word else word for word in words))
        if not pairs:
            first = f"{accounts[0].number}=@ann:example.org"
            raise UserError(_("Say who is whom:"), try_instead=context.line(self.import_, ("as", first)))
        who = dict(waiting.who)
        for left, right in pairs:
            who[import_people.number_of(accounts, left.strip('"'))] = import_people.read_whom(
                context, self._around, right
            )
        self._show(context, replace(waiting, who=who))

    def _read_again(self, context: Context, me: PersonId, code: str) -> None:
        waiting = self._waiting(context, me)
        meant = named(code)
        if meant is None:
            raise UserError(_("{currency} is no currency. Write its code, like EUR."), currency=code)
        home = meant.code
        self._emit(context.unit, self._where(context), waiting.url, home)

    def _waiting(self, context: Context, me: PersonId) -> Waiting:
        found = import_store.find(context.connection, me, context.room)
        if found is None:
            raise UserError(_("No file of yours waits here."), try_instead=context.line(self.import_))
        return found

    # -- taking in --------------------------------------------------------------------------------------------------

    def _take_in(self, context: Context, waiting: Waiting) -> None:
        found = _found(waiting)
        if found.bad and not waiting.skips_bad:
            raise UserError(
                _("Some of its lines cannot be read. To leave them out:"),
                try_instead=context.line(self.import_, ("skip",)),
            )
        ledger = self._till.open_ledger(context)
        self._rights.must_add(context, ledger_store.settings(context.connection, ledger))
        who = import_people.accounts_of(context, self._till, ledger, found.books, waiting.who)
        by = Importer(self._till.me(context, ledger), context.bot.user_id, context.language)
        brought = books_in.bring_in(context.connection, ledger, found.source, found.books, who, by, context.now)
        import_store.drop(context.connection, waiting.person, context.room)
        said = N_(
            "One bill or payment of {source} is in the books now.",
            "{count} bills and payments of {source} are in the books now.",
        )
        self.undoing.booked(context.unit, ledger)
        if brought.added == 0:
            context.reply(_("All of it was here already: nothing has changed."))
            return
        told = lines(
            context.say(said, count=brought.added, source=found.source.called),
            context.say(
                _("{balance} shows who owes whom. {undo} takes all of it out again."),
                balance=code(self.balance_line(context)), undo=code(self.undo_line(context)),
            ),
        )  # fmt: skip
        guest = next((who for who in waiting.who.values() if who.startswith("+")), None)
        if guest is not None:
            line = code(context.line(self._together, Guest(guest[1:]), User(context.sender)))
            told = lines(
                told,
                context.say(
                    _("When a guest of these comes here some day, he writes this with his own id: {line}"), line=line
                ),
            )
        context.reply(told)

    # -- where ------------------------------------------------------------------------------------------------------

    def _home(self, connection: Connection, room: Any) -> str:
        """The currency in which this room counts."""
        ledger = ledger_store.ledger_of(connection, room)
        return self._around.currency if ledger is None else ledger_store.settings(connection, ledger).currency

    def _where(self, context: Context) -> dict[str, Any]:
        return {
            "bot": context.bot.user_id,
            "room": context.room,
            "user": context.sender,
            "language": context.language.value,
        }

    def _voice(self, unit: Unit, where: Mapping[str, Any]) -> Voice:
        return self._around.speak(unit, UserID(where["bot"]), RoomID(where["room"]), Language(where["language"]))


def _read_and_pack(data: bytes, home: str) -> Packed:
    return packing.pack(read_books(data, home))


def _found(waiting: Waiting) -> Found:
    found = packing.unpack(waiting.found)
    assert isinstance(found, Found)
    return found


def _may_be_books(file: File) -> bool:
    return file.kind == "m.file" and file.name.lower().endswith((".csv", ".json", ".txt", ".tsv"))
