"""Asking the identity server that the operator has named, for those who want that: who of a book is on Matrix.

What it says is neither kept nor matched with anybody here: it is what people have published there themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mautrix.types import RoomID, UserID

from appservice.bots import Voice
from appservice.content import bold, bullets, lines, paragraphs
from appservice.effects import Answer, Job
from appservice.language import N_, Language, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.contacts import watch_store
from laiwang_bridge.contacts.book import Contact
from laiwang_bridge.contacts.identity import IdentityProblem
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Speak
from laiwang_bridge.people.rules import PersonId

log = logging.getLogger(__name__)

_LOOK_UP, _LOOKED_UP = "contacts.look_up", "contacts.looked_up"
_MOST_SHOWN = 50


class Directory(Protocol):
    """Knows the Matrix users behind numbers and e-mail addresses (`identity.IdentityServer`)."""

    async def look_up(self, addresses: Sequence[str]) -> Mapping[str, UserID]: ...


class LookUps:
    """`name` is what people know the identity server by; without a `directory` there is none to be asked."""

    def __init__(self, directory: Directory | None, name: str, speak: Speak) -> None:
        self._directory = directory
        self.name = name
        self._speak = speak

    @property
    def is_offered(self) -> bool:
        return self._directory is not None

    def add_to(self, routes: Routes) -> None:
        routes.on_job(_LOOK_UP, self._look_up)
        routes.on_answer(_LOOKED_UP, self._looked_up)

    def ask(self, voice: Voice, me: PersonId, user: UserID, room: RoomID, contacts: Sequence[Contact]) -> None:
        """Have those looked up who have just been looked at, if that is what their owner wants."""
        if not (self.is_offered and contacts and watch_store.wants_look_up(voice.connection, me)):
            return
        bot = voice.bot.user_id
        given = {"contacts": [[one.name, [*one.numbers, *one.emails]] for one in contacts]}
        voice.unit.emit(
            Job(sender=bot, name=_LOOK_UP, queue=f"contacts:{me}", given=given, sensitive=True),
            notify=_LOOKED_UP,
            context={"bot": bot, "room": room, "user": user, "language": voice.language.value},
        )

    async def _look_up(self, job: Job) -> Mapping[str, Any]:
        assert self._directory is not None
        names = {address: name for name, addresses in job.given["contacts"] for address in addresses}
        try:
            found = await self._directory.look_up(list(names))
        except IdentityProblem as problem:
            log.warning("the identity server %s: %s", self.name, problem)
            return {"found": None}
        named: dict[str, str] = {}
        for address, user in found.items():
            named[user] = named.get(user) or names.get(address, "")
        return {"found": [[user, name] for user, name in named.items()]}

    def _looked_up(self, unit: Unit, answer: Answer) -> None:
        given = answer.context
        user = UserID(given.get("user", ""))
        if answer.outcome is None or people.find_person(unit.connection, user) is None:
            return
        language = Language(given["language"])
        voice = self._speak(unit, UserID(given["bot"]), RoomID(given["room"]), language, is_direct=True)
        found = answer.outcome["found"]
        if found is None:
            voice.send(_("{server} could not be asked this time."), server=self.name)
            return
        others = [(other, name) for other, name in found if other != user]
        heading = N_("{server} knows {count} of them on Matrix:", "{server} knows {count} of them on Matrix:")
        if not others:
            voice.send(_("{server} knows nobody else of them on Matrix."), server=self.name)
            return
        rows = [bold(name) + f" {other}" if name else other for other, name in others[:_MOST_SHOWN]]
        voice.send(
            paragraphs(
                lines(voice.say(heading, count=len(others), server=self.name), bullets(rows)),
                voice.say(_("Nobody is told that you looked. Write to them yourself, if you like.")),
            )
        )
