"""The one card that shows somebody whom he has found: numbered, so that he can choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Button, Context, Voice, button
from appservice.content import Rich, bold, code, lines, paragraphs
from appservice.effects import EffectKey
from appservice.language import N_, _
from appservice.unit import Unit
from laiwang_bridge.contacts import rules, store
from laiwang_bridge.contacts.rules import PAGE, Choice
from laiwang_bridge.contacts.store import Card, Found
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail, is_here
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId

ALL, NEXT = "👍", "➡️"
_AT_HAND_MS = 10 * 60_000
"""For so long a card is taken to be in view, so that several files one after the other change one and the same."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands behind the card."""

    add: Callable[[Context, Choice | None], None]
    show: Callable[[Context, int], None]


class Cards:
    """`ask_digest` is told that something waits for a person (`people.digests.Digests.ask`)."""

    def __init__(self, names: Names, mail: Mail, ask_digest: Callable[[Unit, PersonId], None]) -> None:
        self._names = names
        self._mail = mail
        self._ask_digest = ask_digest
        self._commands: Commands | None = None

    def answered_by(self, commands: Commands) -> None:
        self._commands = commands

    def bring_up_to_date(self, voice: Voice, person: PersonId, user: UserID) -> None:
        """After somebody sent an address book: the card there is, if it is at hand, else a new one further down."""
        card = store.card_of(voice.connection, person)
        store.unlist_asked(voice.connection, person)
        if card is not None and is_here(voice, card.key) and voice.unit.now - card.at <= _AT_HAND_MS:
            self._edit(voice, person, user, card.key, 1)
        else:
            self.send(voice, person, user)

    def send(self, voice: Voice, person: PersonId, user: UserID, *, page: int = 1, rings: bool = False) -> None:
        """Show the card anew; the older one in this room gives way to it."""
        before = store.card_of(voice.connection, person)
        if before is not None and is_here(voice, before.key):
            voice.edit(before.key, _("There is a newer list of the people whom you have found, further down."))
        found = store.found_by(voice.connection, person)
        store.note_told(voice.connection, person)
        page = min(page, rules.pages(len(found)))
        message, buttons = self._message(voice, person, user, found, page)
        sent = voice.send(message, buttons=buttons, rings=rings)
        store.put_card(voice.connection, person, Card(sent, page, voice.unit.now))

    def turn_to(self, voice: Voice, person: PersonId, user: UserID, page: int) -> bool:
        """Turn the card in this room to a page; False if there is none."""
        card = store.card_of(voice.connection, person)
        if card is None or not is_here(voice, card.key):
            return False
        self._edit(voice, person, user, card.key, page)
        return True

    def refresh(self, voice: Voice, person: PersonId, user: UserID) -> None:
        """Show on the card in this room what has just changed."""
        card = store.card_of(voice.connection, person)
        if card is not None and is_here(voice, card.key):
            self._edit(voice, person, user, card.key, card.page)

    def found(self, unit: Unit, person: PersonId) -> None:
        """Somebody may be shown a person because that one sent an address book, or has proven an address."""
        self._ask_digest(unit, person)

    def digest(self, unit: Unit, person: PersonId) -> None:
        """Tell somebody of those on his card of whom he does not know."""
        if not store.has_news(unit.connection, person):
            return
        users = people.user_ids(unit.connection, person)
        voice = self._mail.to(unit, person)
        if voice is not None and users:
            self.send(voice, person, users[0], rings=True)

    def name_of(self, connection: Connection, person: PersonId, found: Found) -> str:
        """What somebody's own book calls a person, else his name."""
        return found.name or self._names.for_viewer(connection, person, found.other)

    def _edit(self, voice: Voice, person: PersonId, user: UserID, key: EffectKey, page: int) -> None:
        found = store.found_by(voice.connection, person)
        store.note_told(voice.connection, person)
        page = min(page, rules.pages(len(found)))
        message, buttons = self._message(voice, person, user, found, page)
        voice.edit(key, message, buttons=buttons)
        store.put_card(voice.connection, person, Card(key, page, voice.unit.now))

    def _message(
        self, voice: Voice, person: PersonId, user: UserID, found: Sequence[Found], page: int
    ) -> tuple[Rich, list[Button]]:
        assert self._commands is not None
        last = rules.pages(len(found))
        shown = found[(page - 1) * PAGE : page * PAGE]
        users = people.first_user_ids([one.other for one in shown]).ask(voice.connection)
        rows = [self._row(voice, person, one, users) for one in shown if one.other in users]
        unasked = [one.number for one in found if not one.asked]
        parts = [
            lines(
                bold(voice.say(_("In your address book, and here too:"))),
                *rows,
                voice.say(_("Page {page} of {last}"), page=page, last=last) if last > 1 else "",
            )
        ]
        buttons: list[Button] = []
        if unasked:
            example = code(voice.line(self._commands.add, Choice(tuple(unasked[:3:2]))))
            parts.append(voice.say(_("Choose with {line}. Whoever says yes is your friend."), line=example))
            label = N_("ask {count} person", "ask all {count}")
            buttons.append(button(ALL, voice.say(label, count=len(unasked)), self._commands.add, Choice()))
        else:
            parts.append(voice.say(_("All of them have been asked. Whoever says yes is your friend.")))
        if last > 1:
            buttons.append(button(NEXT, _("next page"), self._commands.show, page % last + 1))
        return paragraphs(*parts), [one.only_for(user) for one in buttons]

    def _row(self, voice: Voice, person: PersonId, one: Found, users: dict[PersonId, UserID]) -> Rich:
        row = f"{one.number}. " + bold(self.name_of(voice.connection, person, one)) + f" ({users[one.other]})"
        return row + " ✓" if one.asked else row
