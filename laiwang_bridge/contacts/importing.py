"""From a file, a text or an account to what is said about it: fetched by a job, read, matched, and shown.

What takes longer than a moment is announced by one message, which later becomes the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Context, File, Voice
from appservice.content import Rich
from appservice.effects import Answer, Job, ReadEvent
from appservice.language import Language, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge import rates
from laiwang_bridge.contacts import carddav, packing, reading, store, watch_store
from laiwang_bridge.contacts.book import Book, NoBook, Unreadable
from laiwang_bridge.contacts.cards import Cards
from laiwang_bridge.contacts.lookup import LookUps
from laiwang_bridge.contacts.matching import Matching, NumberRange
from laiwang_bridge.contacts.packing import Outcome, ShopFile, Vanished
from laiwang_bridge.contacts.reading import Reading
from laiwang_bridge.contacts.rules import DAY_MS
from laiwang_bridge.contacts.shops import NOT_READ_HERE, ShopBook
from laiwang_bridge.contacts.store import Import
from laiwang_bridge.contacts.summary import Summary
from laiwang_bridge.people import address_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.mail import Speak
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.phone_numbers import region_of
from laiwang_bridge.rates import Limit

_READ, _MESSAGE_READ, _SLOW = "contacts.read", "contacts.message_read", "contacts.slow"
_SLOW_MS = 2000

_WORKING = _("I am reading your address book. This takes a moment.")
_GONE = _("This file is no longer there. Please send it to me once more.")
_CANNOT_FETCH = _("I cannot get this file from your homeserver at the moment. Please send it once more, later.")
_NO_FILE = _("There is no address book in that message. Reply to the message with the file, or send me the file.")
_OPERATORS = _("An address book was refused: of its {count} numbers most are in one block of 10,000.")
_A_RANGE = _("I cannot use this list: these are mostly numbers in a row. Please send me your own address book.")

_NOTES = Limit(burst=3, every_ms=DAY_MS)
"""How often the operators are told that lists of the same person were refused."""


class TellOperators(Protocol):
    """Says a sentence where the operators read it (`operators.bot.OperatorsBot.note`)."""

    def __call__(self, unit: Unit, message: Message, **values: Any) -> None: ...


class Imports:
    """Takes address books in, from wherever they come."""

    def __init__(
        self,
        reading: Reading,
        matching: Matching,
        cards: Cards,
        summary: Summary,
        speak: Speak,
        look_ups: LookUps,
        tell_operators: TellOperators,
    ) -> None:
        self.reading = reading
        self._matching = matching
        self._cards = cards
        self._summary = summary
        self._speak = speak
        self._tell_operators = tell_operators
        self._look_ups = look_ups

    def add_to(self, routes: Routes) -> None:
        self.reading.add_to(routes)
        self._look_ups.add_to(routes)
        routes.on_answer(_READ, self._read)
        routes.on_answer(_MESSAGE_READ, self._message_read)
        routes.on_timer(_SLOW, self._say_so)

    def take_file(self, context: Context, file: File) -> None:
        """A file that was sent."""
        if (no := self._no_use(file)) is not None:
            context.reply(context.say(no.sentence, **no.fields))
            return
        me = who_asks(context)
        self._begin_file(context.unit, me, context.bot.user_id, context.room, context.language, file)

    def take_text(self, context: Context, text: str) -> None:
        """Contacts written out in a message."""
        me = who_asks(context)
        context.reply(self._conclude(context, context.room, me, context.sender, self._read_text(context, me, text)))
        self._bring_card(context, me, context.sender)

    def take_account(self, context: Context, url: str, user: str, password: str) -> None:
        """An address book on a CardDAV server."""
        me = who_asks(context)
        home = _home_of(context.connection, me)
        given = {"url": url, "user": user, "password": password, "home": home}
        job = Job(sender=context.bot.user_id, name=reading.READ_ACCOUNT, queue=_queue(me), given=given, sensitive=True)
        self._begin(context.unit, me, context.room, context.language, job)

    def take_message(self, context: Context) -> None:
        """The file, or the text, of a message that was replied to."""
        assert context.replied_to is not None
        who_asks(context)
        bot = context.bot.user_id
        context.unit.emit(
            ReadEvent(sender=bot, room=context.room, target=context.replied_to, seen_by=context.sender),
            notify=_MESSAGE_READ,
            context={"bot": bot, "room": context.room, "user": context.sender, "language": context.language.value},
        )

    def _message_read(self, unit: Unit, answer: Answer) -> None:
        given = answer.context
        bot, room, user = UserID(given["bot"]), RoomID(given["room"]), UserID(given["user"])
        me = people.find_person(unit.connection, user)
        if me is None:
            return
        language = Language(given["language"])
        voice = self._speak(unit, bot, room, language, is_direct=True)
        event: Mapping[str, Any] = answer.state[0] if answer.state else {}
        content = event.get("content", {}) if event.get("sender") == user else {}
        file = File.of(content)
        if file is not None and (no := self._no_use(file)) is not None:
            voice.send(voice.say(no.sentence, **no.fields))
        elif file is not None:
            self._begin_file(unit, me, bot, room, language, file)
        elif isinstance(content.get("body"), str):
            voice.send(self._conclude(voice, room, me, user, self._read_text(voice, me, content["body"])))
            self._bring_card(voice, me, user)
        else:
            voice.send(_NO_FILE)

    def _read_text(self, voice: Voice, me: PersonId, text: str) -> Outcome:
        return self.reading.read(text.encode(), _home_of(voice.connection, me))

    def _no_use(self, file: File) -> Unreadable | None:
        """Why a file need not even be fetched."""
        if file.is_encrypted:
            return Unreadable(NoBook.ENCRYPTED)
        return self.reading.too_large(file.size)

    def _begin_file(self, unit: Unit, me: PersonId, bot: UserID, room: RoomID, language: Language, file: File) -> None:
        job = Job(
            sender=bot,
            name=reading.READ_FILE,
            queue=_queue(me),
            given={"url": file.url, "bot": bot, "home": _home_of(unit.connection, me)},
            sensitive=True,
        )
        self._begin(unit, me, room, language, job)

    def _begin(self, unit: Unit, me: PersonId, room: RoomID, language: Language, job: Job) -> None:
        unit.emit(job, notify=_READ, context={"import": unit.key})
        store.begin(unit.connection, Import(unit.key, me, job.sender, room, language), unit.now)
        unit.at(unit.now + _SLOW_MS, _SLOW, key=_timer(unit.key), lane=room, context={"import": unit.key})

    def _say_so(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """It takes a while, so say that it has begun. If it has ended meanwhile, the import is no longer there."""
        begun = store.find_import(unit.connection, context["import"])
        if begun is not None and begun.progress is None:
            store.note_progress(unit.connection, begun.key, self._voice(unit, begun).send(_WORKING))

    def _read(self, unit: Unit, answer: Answer) -> None:
        begun = store.find_import(unit.connection, answer.context.get("import", ""))
        if begun is None:
            return  # whoever sent it wants nothing of it to be kept any more
        store.end(unit.connection, begun.key)
        unit.cancel(_timer(begun.key))
        voice = self._voice(unit, begun)
        users = people.user_ids(unit.connection, begun.person)
        outcome = None if answer.outcome is None else packing.unpack(answer.outcome)
        told = self._conclude(voice, begun.room, begun.person, users[0], outcome)
        if begun.progress is None:
            voice.send(told)
        else:
            voice.edit(begun.progress, told)
        if isinstance(outcome, Book):
            self._bring_card(voice, begun.person, users[0])

    def _conclude(self, voice: Voice, room: RoomID, me: PersonId, user: UserID, outcome: Outcome | None) -> Rich:
        """Match what was read, and put into words what came of it."""
        match outcome:
            case Book():
                looked = self._matching.look(
                    voice.unit, user, me, outcome.contacts, suggests_only=isinstance(outcome, ShopBook)
                )
                if isinstance(looked, NumberRange):
                    self._note_range(voice.unit, user, looked.numbers)
                    return voice.say(_A_RANGE)
                if not isinstance(outcome, ShopBook):
                    self._look_ups.ask(voice, me, user, room, looked.chosen)
                return self._summary.of(voice, me, outcome, looked)
            case Unreadable() | carddav.Problem():
                if isinstance(outcome, carddav.Problem) and outcome.cause is carddav.NoCards.WRONG_LOGIN:
                    watch_store.drop_account(voice.connection, me)
                return voice.say(outcome.sentence, **outcome.fields)
            case Vanished():
                return voice.say(_GONE)
            case ShopFile():
                return voice.say(NOT_READ_HERE)
        return voice.say(_CANNOT_FETCH)

    def _note_range(self, unit: Unit, user: UserID, count: int) -> None:
        """Tell the operators how many numbers somebody tried out, but not who did and which."""
        who = f"contacts-range:{people.mark_of(unit.connection, user)}"
        drains_at = people.guesses_drain_at(unit.connection, who)
        if rates.wait(_NOTES, drains_at, unit.now) == 0:
            people.note_guess(unit.connection, who, rates.pour(_NOTES, drains_at, unit.now))
            self._tell_operators(unit, _OPERATORS, count=count)

    def _bring_card(self, voice: Voice, me: PersonId, user: UserID) -> None:
        if store.found_by(voice.connection, me):
            self._cards.bring_up_to_date(voice, me, user)

    def _voice(self, unit: Unit, begun: Import) -> Voice:
        return self._speak(unit, begun.bot, begun.room, begun.language, is_direct=True)


def _home_of(connection: Connection, person: PersonId) -> list[str]:
    """Where somebody's own numbers are from: there, probably, are those in his book without a country code."""
    numbers = [one.shown for one in address_store.addresses_of(connection, person) if one.kind is AddressKind.NUMBER]
    regions = (region_of(shown) for shown in numbers)
    return [region for region in dict.fromkeys(regions) if region is not None]


def _queue(person: PersonId) -> str:
    """One address book of a person after the other, so that several files add up."""
    return f"contacts:{person}"


def _timer(key: str) -> str:
    return f"contacts.slow:{key}"
