"""Coming and going: invitations, greetings, rooms that cannot be read, rooms that everybody has left."""

from __future__ import annotations

from collections.abc import Callable

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import memory
from appservice.bots.address import direct_bot
from appservice.bots.context import Desk
from appservice.bots.memory import DAY
from appservice.bots.questions import close_question
from appservice.bots.rooms import RoomView
from appservice.bots.router import Bot
from appservice.bots.understand import HELP_WORDS
from appservice.content import Rich, lines, notice, paragraphs
from appservice.effects import EffectKey, Leave, RoomRef, SendMessage
from appservice.events import Event
from appservice.language import Catalogue, Language, _
from appservice.unit import Unit

_GREETING, _ENCRYPTED = "greeting", "encrypted"
_CANNOT_READ = _(
    "I cannot read encrypted rooms. Make a new room with encryption switched off, invite {bot}, and write to me there."
)
_READABLE_CHAT = _(
    "I cannot read encrypted rooms. Please write to me in our chat without encryption; it may wait as an invitation."
)


class Welcome:
    """How the bots enter rooms and what they say there unasked."""

    def __init__(
        self,
        desk: Desk,
        rooms: RoomView,
        language_of: Callable[[Connection, UserID], Language | None],
        resolve_event: Callable[[Connection, EventID], EffectKey | None],
        reach: Callable[[Unit, UserID, UserID], RoomRef | None] | None,
    ) -> None:
        self._desk = desk
        self._rooms = rooms
        self._language_of = language_of
        self._resolve_event = resolve_event
        self._reach = reach

    def invited(self, unit: Unit, event: Event, bot: Bot) -> None:
        """Come in and say hello."""
        is_direct = event.content.get("is_direct") is True
        self._rooms.enter(unit, event.room_id, bot.user_id, event.sender, is_direct=is_direct)
        if memory.tell_once(unit.connection, event.room_id, bot.user_id, _GREETING, unit.now):
            hello = self._in_their_language(
                unit, event.sender, lambda lang: greeting(bot, self._desk.catalogues[lang], is_direct=is_direct)
            )
            self._say(unit, bot, event.room_id, hello)

    def refuse(self, unit: Unit, event: Event, bot: Bot) -> None:
        unit.emit(Leave(sender=bot.user_id, room=event.room_id))

    def gone(self, unit: Unit, room: RoomID, bot: Bot) -> None:
        memory.forget_room(unit.connection, room, bot.user_id)

    def left(self, unit: Unit, room: RoomID, person: UserID) -> None:
        """Somebody has left. A bot that came by invitation does not stay behind alone."""
        close_question(unit.connection, room, person)
        invited = memory.bots_that_told(unit.connection, room, _GREETING)
        if invited and all(self._desk.registry.bot(user) for user in self._rooms.members(unit.connection, room)):
            for bot in invited:
                unit.emit(Leave(sender=bot, room=room))

    def unreadable(self, unit: Unit, event: Event) -> None:
        """Somebody writes in an encrypted room. Say so once a day where we are meant for sure, else once."""
        connection, room = unit.connection, event.room_id
        bot = direct_bot(self._desk.registry, self._rooms, connection, room)
        is_to_us = bot is not None or self._is_to_us(connection, event)
        if bot is None:
            members = self._rooms.members(connection, room)
            bot = next((bot for bot in self._desk.registry.bots if bot.user_id in members), None)
        again_after = DAY if is_to_us else None
        if bot is None or not memory.tell_once(connection, room, bot.user_id, _ENCRYPTED, unit.now, again_after):
            return
        chat = self._reach(unit, bot.user_id, event.sender) if self._reach and is_to_us else None
        advice = _CANNOT_READ if chat is None else _READABLE_CHAT
        values = {"bot": bot.user_id}
        said = self._in_their_language(
            unit, event.sender, lambda language: self._desk.catalogues[language].say(advice, **values)
        )
        self._say(unit, bot, room, said)

    def _is_to_us(self, connection: Connection, event: Event) -> bool:
        """Replies are told outside of the encrypted part."""
        replied_to = event.relation.in_reply_to
        return replied_to is not None and self._resolve_event(connection, replied_to) is not None

    def _in_their_language(self, unit: Unit, person: UserID, say: Callable[[Language], Rich]) -> Rich:
        """In the language that a person has chosen; in all of them as long as we have not heard a word."""
        chosen = self._language_of(unit.connection, person)
        return say(chosen) if chosen else paragraphs(*(say(language) for language in Language))

    def _say(self, unit: Unit, bot: Bot, room: RoomID, what: Rich) -> None:
        unit.emit(SendMessage(sender=bot.user_id, room=room, content=notice(what)))


def greeting(bot: Bot, catalogue: Catalogue, *, is_direct: bool) -> Rich:
    """What a bot says on entering a room, and to somebody who greets it."""
    hello = (not is_direct and bot.greeting_in_rooms) or bot.greeting or _("Hello, I am {bot}.")
    word = HELP_WORDS[catalogue.language is Language.ZH]
    command = word if is_direct else f"{bot.routers[0].prefix_in(catalogue.language)} {word}"
    how = catalogue.say(_("Write `{command}` to see what I can do."), command=command)
    return lines(catalogue.say(hello, bot=bot.display_name), how)
