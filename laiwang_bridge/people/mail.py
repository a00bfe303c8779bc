"""Writing to a person, wherever he can be reached, in his language."""

from __future__ import annotations

from typing import Protocol

from mautrix.types import UserID

from appservice import outbox
from appservice.bots import Voice
from appservice.direct import DirectChats
from appservice.effects import EffectKey, RoomRef
from appservice.language import Catalogues, Language, Message
from appservice.unit import Unit
from laiwang_bridge.people import store
from laiwang_bridge.people.rules import PersonId


class Speak(Protocol):
    """Makes a bot speak in a room (`appservice.bots.Bots.voice`)."""

    def __call__(
        self, unit: Unit, bot: UserID, room: RoomRef, language: Language, *, is_direct: bool = False
    ) -> Voice: ...


class Mail:
    """The chat of `bot` with each person."""

    def __init__(
        self,
        direct: DirectChats,
        speak: Speak,
        bot: UserID,
        catalogues: Catalogues,
        default_language: Language,
    ) -> None:
        self._direct = direct
        self._catalogues = catalogues
        self._speak = speak
        self._bot = bot
        self._default_language = default_language

    def to(self, unit: Unit, person: PersonId) -> Voice | None:
        """A voice in the person's chat with the bot; None for somebody who left it and does not want to be reached."""
        users = store.user_ids(unit.connection, person)
        return self.to_user(unit, users[0]) if users else None

    def to_user(self, unit: Unit, user: UserID, language: Language | None = None) -> Voice | None:
        """The same for one of a person's accounts; `language` counts where the person has shown none."""
        return self._voice(unit, user, self._direct.reach(unit, self._bot, user), language)

    def at_hand(self, unit: Unit, person: PersonId) -> Voice | None:
        """The same where there is a chat already: for what is not worth making one."""
        users = store.user_ids(unit.connection, person)
        return self._voice(unit, users[0], self._direct.find(unit.connection, self._bot, users[0])) if users else None

    def where(self, unit: Unit, person: PersonId, sent: EffectKey) -> Voice | None:
        """A voice in that chat of his in which an earlier message stands, so that it can be edited."""
        for user in store.user_ids(unit.connection, person):
            voice = self._voice(unit, user, self._direct.find(unit.connection, self._bot, user))
            if voice is not None and is_here(voice, sent):
                return voice
        return None

    def _voice(self, unit: Unit, user: UserID, room: RoomRef | None, language: Language | None = None) -> Voice | None:
        if room is None:
            return None
        return self._speak(unit, self._bot, room, self.language_of(unit, user, language), is_direct=True)

    def language_of(self, unit: Unit, user: UserID, default: Language | None = None) -> Language:
        return Language(store.language_of(unit.connection, user) or default or self._default_language)

    def text(self, unit: Unit, user: UserID, message: Message) -> str:
        """A sentence for a place that is no message, such as the reason of a kick, in the person's language."""
        return self._catalogues[self.language_of(unit, user)].text(message)


def is_here(voice: Voice, card: EffectKey | None) -> bool:
    """Whether a card that was sent earlier is in the room of this voice, so that it can be edited there."""
    return card is not None and outbox.stands_in(voice.connection, card, voice.room)
