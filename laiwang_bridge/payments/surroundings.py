"""What every part of the bills needs from the rest of the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mautrix.types import RoomID, UserID

from appservice.bots import Voice
from appservice.language import Language
from appservice.rooms import Rooms
from appservice.unit import Unit
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail, Speak
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.store import language_of
from laiwang_bridge.people.ties import Ties


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`bots` are the users of ours that answer about bills, the one that does nothing else first. `mail` reaches a
    person in his chat with that one. `currency` (ISO 4217) and `ask_from` (whole units) are what the admin has chosen
    for rooms that have chosen nothing, `packet_most` (whole units) is the largest red packet of any.
    `reminder_days` is after how many days people are reminded where a room has not chosen."""

    rooms: Rooms
    names: Names
    mail: Mail
    digests: Digests
    ties: Ties
    bots: tuple[UserID, ...]
    speak: Speak
    is_ours: Callable[[UserID], bool]
    default_language: Language
    currency: str
    ask_from: int
    packet_most: int
    reminder_days: tuple[int, ...]

    def speak_in(self, unit: Unit, room: RoomID, language: Language | None = None) -> Voice | None:
        """Our own voice in a room, for what nobody has just asked; None where none of our bots is."""
        inside = self.rooms.members(unit.connection, room)
        bot = next((bot for bot in self.bots if bot in inside), None)
        if bot is None:
            return None
        is_direct = self.rooms.is_direct(unit.connection, room, bot)
        return self.speak(unit, bot, room, language or self.default_language, is_direct=is_direct)

    def chat_with(self, unit: Unit, user: UserID) -> Voice | None:
        """Our voice in the chat that somebody has with one of us; none is made for this."""
        for bot in self.bots:
            room = self.rooms.direct_room(unit.connection, bot, user)
            if room is not None:
                return self.speak(unit, bot, room, self.language_of(unit, user), is_direct=True)
        return None

    def language_of(self, unit: Unit, user: UserID) -> Language:
        """The language that somebody has chosen or shown."""
        return Language(language_of(unit.connection, user) or self.default_language)
