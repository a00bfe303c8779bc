"""What a command works with: who said what where, and every way to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice import content as contents
from appservice.bots.buttons import (
    Button,
    Deed,
    StoredButton,
    add_buttons,
    buttons_of,
    deed,
    plain_reaction,
    store_buttons,
)
from appservice.bots.kinds import YesNo
from appservice.bots.questions import Question, ask
from appservice.bots.registry import Registry
from appservice.bots.router import Bot
from appservice.bots.understand import find, usage
from appservice.content import ButtonLine, Rich
from appservice.effects import EffectKey, EventOf, EventRef, React, Redact, RoomRef, SendMessage
from appservice.events import Content, Event
from appservice.language import Catalogue, Catalogues, Language, Sayable
from appservice.unit import Unit

P = ParamSpec("P")

_DIALOGUE_MINUTES = 30
_NOTHING: Mapping[str, Any] = {}
_YES_AND_NO = ("👍", "👎")


@dataclass(frozen=True, slots=True)
class Desk:
    """What all voices share."""

    registry: Registry
    catalogues: Catalogues


class Voice:
    """A bot speaking in one room, in one language. Everything said is an effect of the unit."""

    def __init__(
        self,
        desk: Desk,
        unit: Unit,
        bot: Bot,
        room: RoomRef,
        language: Language,
        *,
        is_direct: bool,
        asker: UserID | None = None,
    ) -> None:
        self.desk = desk
        self.unit = unit
        self.bot = bot
        self.room = room
        self.language = language
        self.is_direct = is_direct
        self._asker = asker

    @property
    def connection(self) -> Connection:
        return self.unit.connection

    @property
    def thread(self) -> EventID | None:
        """The root of the thread to which all that is said belongs."""
        return None

    @property
    def catalogue(self) -> Catalogue:
        return self.desk.catalogues[self.language]

    def say(self, message: Sayable, /, **values: Any) -> Rich:
        """A message in this voice's language, with its values filled in."""
        return self.catalogue.say(message, **values)

    def line(self, handler: Callable[Concatenate[Context, P], None], /, *args: P.args, **kwargs: P.kwargs) -> str:
        """A command with these arguments as people here would type it."""
        return self._typed(deed(handler, *args, **kwargs))

    def send(
        self,
        what: Sayable | Content,
        /,
        *,
        buttons: Sequence[Button] = (),
        mentions: Sequence[UserID] = (),
        rings: bool = False,
        thread: EventID | None = None,
        key: str | None = None,
        fields: Content = _NOTHING,
        **values: Any,
    ) -> EffectKey:
        """Say something, with buttons below it if there are any; returns the message's key.

        Only whom `mentions` names is pinged. With `rings` phones ring, as for what somebody was not waiting for. It
        stands in the thread that began with the event `thread`, if one is given, else in that of whoever is answered.
        `fields` go into the message beside its text, for other programs.
        """
        thread = thread or self.thread
        content: Content = {**self._content(what, values, buttons, mentions, rings), **fields}
        if thread is not None:
            content = contents.thread(content, thread)
        sent = self._emit(SendMessage(sender=self.bot.user_id, room=self.room, content=content), key)
        if buttons:
            self._attach(sent, buttons, is_new=key is None, thread=thread)
        return sent

    def edit(
        self,
        key: EffectKey,
        what: Sayable | Content,
        /,
        *,
        buttons: Sequence[Button] | None = (),
        fields: Content = _NOTHING,
        **values: Any,
    ) -> None:
        """Change what was said before into something else, its buttons and its fields included.

        With None for `buttons` those below it stay, and do what they did.
        """
        content = {**self._content(what, values, buttons or (), (), False), **fields}
        self._emit(SendMessage(sender=self.bot.user_id, room=self.room, content=content, replaces=EventOf(key)), None)
        if buttons is not None:
            self._attach(key, buttons)

    def remove(self, key: EffectKey) -> None:
        """Take back what was said before."""
        self._emit(Redact(sender=self.bot.user_id, room=self.room, target=EventOf(key)), None)
        store_buttons(self.connection, key, (), self.unit.now)

    def react(self, target: EventRef, reaction: str) -> EffectKey:
        return self._emit(React(sender=self.bot.user_id, room=self.room, target=target, reaction=reaction), None)

    def _emit(self, effect: SendMessage | React | Redact, key: str | None) -> EffectKey:
        return self.unit.emit(effect, key=key, asker=self._asker)

    def _content(
        self,
        what: Sayable | Content,
        values: Mapping[str, Any],
        buttons: Sequence[Button],
        mentions: Sequence[UserID],
        rings: bool,
    ) -> Content:
        if isinstance(what, Mapping):
            return what
        rich = self.say(what, **values)
        if buttons:
            rows = [ButtonLine(b.reaction, self.catalogue.text(b.label), self._typed(b.deed)) for b in buttons]
            rich = contents.card(rich, rows)
        make = contents.text if rings else contents.notice
        return make(rich, mentions)

    def _typed(self, deed: Deed, *, bare: bool = False) -> str:
        """How a command is typed here: without prefix where the bot is alone with somebody and the name is clear."""
        command = self.desk.registry.command_of(deed.handler)
        router = self.desk.registry.routers[command.router]
        name = command.name_in(self.language)
        is_clear = self.is_direct and find(name, self.bot.routers) is command
        prefix = "" if bare or is_clear else router.prefix_in(self.language)
        return usage(command, deed.arguments, self.language, prefix)

    def _attach(
        self, card: EffectKey, buttons: Sequence[Button], *, is_new: bool = False, thread: EventID | None = None
    ) -> None:
        """Make the card's buttons these: new ones are put below it, those it no longer has are taken away."""
        before = {} if is_new else {button.reaction: button for button in buttons_of(self.connection, card)}
        thread = thread or next((button.thread for button in before.values() if button.thread), None)
        stored = []
        for button in buttons:
            reaction = plain_reaction(button.reaction)
            known = before.pop(reaction, None)
            reaction_key = known.reaction_key if known else self.react(EventOf(card), button.reaction)
            stored.append(self._stored(card, reaction, button, reaction_key, thread))
        for gone in before.values():
            self._emit(Redact(sender=self.bot.user_id, room=self.room, target=EventOf(gone.reaction_key)), None)
        if is_new:
            add_buttons(self.connection, stored, self.unit.now)
        elif stored or before:
            store_buttons(self.connection, card, stored, self.unit.now)

    def _stored(
        self, card: EffectKey, reaction: str, button: Button, reaction_key: EffectKey, thread: EventID | None
    ) -> StoredButton:
        return StoredButton(
            card=card,
            reaction=reaction,
            bot=self.bot.user_id,
            room=self.room if isinstance(self.room, str) else None,
            router=self.desk.registry.command_of(button.deed.handler).router,
            typed=self._typed(button.deed, bare=True),
            undo=self._typed(button.undo, bare=True) if button.undo else None,
            label=self.catalogue.text(button.label),
            for_user=button.for_user,
            language=self.language,
            reaction_key=reaction_key,
            thread=thread,
        )


class Context(Voice):
    """A voice that answers somebody: handed to the handlers of commands and dialogues.

    `sender` wrote (or tapped) `event` in `room`; `replied_to` is the event that their message replies to.
    """

    room: RoomID

    def __init__(
        self,
        desk: Desk,
        unit: Unit,
        bot: Bot,
        event: Event,
        language: Language,
        *,
        is_direct: bool,
        answers_to: EventID | None,
        replacing: EffectKey | None = None,
        thread: EventID | None = None,
    ) -> None:
        super().__init__(desk, unit, bot, event.room_id, language, is_direct=is_direct, asker=event.sender)
        self.event = event
        self.sender = event.sender
        self.answer: EffectKey | None = None
        self._answers_to = answers_to
        self._replacing = replacing
        self._thread = thread

    @property
    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.unit.now

    @property
    def thread(self) -> EventID | None:
        relation = self.event.relation
        return relation.event_id if relation.kind == "m.thread" else self._thread

    def stay_in(self, thread: EventID | None) -> None:
        """What is said belongs to this thread: an edit does not tell in which one its message stands."""
        self._thread = thread

    @property
    def replied_to(self) -> EventID | None:
        relation = self.event.relation
        return relation.in_reply_to if relation.kind != "m.thread" or not self._is_fallback else None

    @property
    def _is_fallback(self) -> bool:
        relation = self.event.content.get("m.relates_to")
        return isinstance(relation, Mapping) and relation.get("is_falling_back") is True

    def reply(
        self,
        what: Sayable | Content,
        /,
        *,
        buttons: Sequence[Button] = (),
        mentions: Sequence[UserID] = (),
        key: str | None = None,
        fields: Content = _NOTHING,
        **values: Any,
    ) -> EffectKey:
        """Answer the person, in a room as a reply to their message, in a thread within it.

        If the message had been answered before and was edited since, the earlier answer is changed instead.
        """
        if self._replacing is not None:
            earlier, self._replacing = self._replacing, None
            self.edit(earlier, what, buttons=buttons, fields=fields, **values)
            self.answer = earlier
            return earlier
        content: Content = {**self._content(what, values, buttons, mentions, False), **fields}
        if self.thread is not None:
            content = contents.thread(content, self.thread)
        reply_to = None if self.is_direct and self.thread is None else self._answers_to
        effect = SendMessage(sender=self.bot.user_id, room=self.room, content=content, reply_to=reply_to)
        sent = self._emit(effect, key)
        self.answer = self.answer or sent
        if buttons:
            self._attach(sent, buttons, is_new=key is None, thread=self.thread)
        return sent

    def finish(self) -> None:
        """Take back the earlier answer to a message that was edited, if nothing has taken its place."""
        if self._replacing is not None:
            self.remove(self._replacing)
            self._replacing = None

    def agree(self, reaction: str = "👍") -> EffectKey:
        """React to the person's message, where nothing needs to be said."""
        return self.react(self._answers_to or self.event.event_id, reaction)

    def ask(
        self,
        dialogue: Callable[..., None],
        question: Sayable,
        /,
        *,
        remember: Mapping[str, Any] = _NOTHING,
        minutes: int = _DIALOGUE_MINUTES,
        **values: Any,
    ) -> EffectKey:
        """Ask the person something: their next message here that is no command goes to `dialogue`.

        `remember` holds the dialogue's keyword arguments. A question for yes or no can be answered by a tap.
        """
        declared = self.desk.registry.dialogue_of(dialogue)
        if set(remember) != declared.state:
            raise TypeError(f"{declared.name} wants to remember {sorted(declared.state)}, not {sorted(remember)}")
        key = self.reply(question, **values)
        asked = Question(
            room=self.room,
            person=self.sender,
            bot=self.bot.user_id,
            router=declared.router,
            name=declared.name,
            language=self.language,
            state=remember,
            message=key,
            expires_at=self.now + minutes * 60_000,
        )
        ask(self.connection, asked)
        if isinstance(declared.answer.kind, YesNo):
            for reaction in _YES_AND_NO:
                self.react(EventOf(key), reaction)
        return key

    def at(self, room: RoomRef, language: Language, *, is_direct: bool = True) -> Voice:
        """The same bot in another room."""
        return Voice(self.desk, self.unit, self.bot, room, language, is_direct=is_direct, asker=self._asker)
