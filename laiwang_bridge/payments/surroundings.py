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
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import language_of, user_ids
from laiwang_bridge.people.ties import Ties


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`bots` are the users of ours that answer about bills, the one that does nothing else first. `mail` makes a chat
    with that one for whoever has none with any. `currency` (ISO 4217) and `ask_from` (whole units) are what the admin
    has chosen for rooms that have chosen nothing, `packet_most` (whole units of `currency`, or points) is the largest
    red packet of any.
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

    def chat_with(self, unit: Unit, user: UserID, language: Language | None = None) -> Voice | None:
        """Our voice in the chat that somebody has with one of us; none is made for this."""
        for bot in self.bots:
            room = self.rooms.direct_room(unit.connection, bot, user)
            if room is not None:
                return self.speak(unit, bot, room, self.language_of(unit, user, language), is_direct=True)
        return None

    def write_to(self, unit: Unit, user: UserID, language: Language | None = None) -> Voice | None:
        """Our voice in somebody's own chat: the one he has with any of us, else one that is made. None for somebody
        who left that; `language` counts where he has shown none."""
        return self.chat_with(unit, user, language) or self.mail.to_user(unit, user, language)

    def write_to_person(self, unit: Unit, person: PersonId) -> Voice | None:
        """The same for whichever of a person's accounts has a chat."""
        voices = (self.chat_with(unit, user) for user in user_ids(unit.connection, person))
        return next((voice for voice in voices if voice is not None), None) or self.mail.to(unit, person)

    def language_of(self, unit: Unit, user: UserID, default: Language | None = None) -> Language:
        """The language that somebody has chosen or shown."""
        return Language(language_of(unit.connection, user) or default or self.default_language)
