"""What a person is called: his display name where we met him, else the first part of his id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Context
from appservice.bots.line import Line
from appservice.content import without_reply_fallback
from appservice.ghosts import localpart
from appservice.language import Language, contains_han
from appservice.prepared import together
from appservice.rooms import Rooms
from laiwang_bridge.people import remark_store, store
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import PersonId

_LONGEST = 32


@dataclass(frozen=True, slots=True)
class Known:
    """One Matrix id of somebody, and what he is called."""

    user: UserID
    name: str


class Names:
    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def of_user(self, connection: Connection, user: UserID) -> str:
        return _shown(self._rooms.display_name(connection, user), user)

    def of_users(self, connection: Connection, users: Iterable[UserID]) -> dict[UserID, str]:
        """The same for many, in one statement."""
        wanted = list(users)
        displayed = self._rooms.display_names(connection, wanted) if wanted else {}
        return {user: _shown(displayed.get(user), user) for user in wanted}

    def in_room(self, connection: Connection, room: RoomID, users: Iterable[UserID]) -> dict[UserID, str]:
        """What these are called in one room, for those who are there: nothing of what they are called elsewhere."""
        displayed = self._rooms.display_names_in(connection, room)
        return {user: _shown(displayed.get(user), user) for user in users}

    def of_person(self, connection: Connection, person: PersonId) -> str:
        users = store.user_ids(connection, person)
        return self.of_user(connection, users[0]) if users else "?"

    def for_viewer(self, connection: Connection, viewer: PersonId, person: PersonId) -> str:
        """What `viewer` calls a person: his own remark, which nobody else is shown, else the person's name."""
        return remark_store.remark_about(connection, viewer, person) or self.of_person(connection, person)

    def for_viewer_all(
        self, connection: Connection, viewer: PersonId, persons: Iterable[PersonId]
    ) -> dict[PersonId, str]:
        """What `viewer` calls each of these, in as many statements as for one."""
        wanted = list(persons)
        known = self.known_to(connection, viewer, wanted)
        return {person: known[person].name if person in known else "?" for person in wanted}

    def known_to(self, connection: Connection, viewer: PersonId, persons: Iterable[PersonId]) -> dict[PersonId, Known]:
        """One Matrix id of each of these, and what `viewer` calls him; nothing of whoever has none."""
        wanted = list(persons)
        if not wanted:
            return {}
        users, remarks = together(connection, store.first_user_ids(wanted), remark_store.remarks_about(viewer, wanted))
        displayed = self._rooms.display_names(connection, users.values()) if users else {}
        return {
            person: Known(user, remarks.get(person) or _shown(displayed.get(user), user))
            for person, user in users.items()
        }


def who_asks(context: Context) -> PersonId:
    """The person who gives a command, known from now on. Who writes Chinese is written to in Chinese; to tap a Chinese
    card says nothing of who taps it."""
    person = store.person_of(context.connection, context.sender, context.now)
    if contains_han(Line.of(without_reply_fallback(context.event.content)).own_text):
        store.learn_language(context.connection, person, Language.ZH.value)
    return person


def _shown(name: str | None, user: UserID) -> str:
    shown = readable(name or "")
    return _shortened(shown) if shown else localpart(user)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
