"""Which friend is meant: by his id or a mention, his place in the list of friends, a remark, or his name."""

from __future__ import annotations

from collections.abc import Iterable

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import UserError
from appservice.bots.line import user_in
from appservice.language import _
from laiwang_bridge.people import store
from laiwang_bridge.people.lists import folded
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId


class Finder:
    """`overview` is the command that shows the friends, as it is typed."""

    def __init__(self, connection: Connection, names: Names, me: PersonId, overview: str) -> None:
        self._connection = connection
        self._names = names
        self._me = me
        self._overview = overview
        self._friends = store.friends_of(connection, me)

    def friend(self, text: str) -> PersonId:
        """Raises `UserError` where no friend is meant, or more than one."""
        user = user_in(text)
        found = [self._known(user)] if user else self._numbered(text) or self._called(text)
        if len(found) > 1:
            users = store.first_user_ids(found).ask(self._connection)
            raise UserError(
                _("More than one of your friends is called “{name}”: {users}. Which one? Write the whole id."),
                name=text,
                users=[users[one] for one in found],
            )
        if not found or found[0] not in self._friends:
            raise UserError(_("{whom} is not among your friends."), whom=text, try_instead=self._overview)
        return found[0]

    def friends(self, texts: Iterable[str]) -> list[PersonId]:
        """Each once, in the order given. Raises `UserError`."""
        return list(dict.fromkeys(self.friend(text) for text in texts))

    def _known(self, user: UserID) -> PersonId:
        known = store.find_person(self._connection, user)
        if known is None:
            raise UserError(_("{whom} is not among your friends."), whom=user, try_instead=self._overview)
        return known

    def _numbered(self, text: str) -> list[PersonId]:
        digits = folded(text).removesuffix(".")
        place = int(digits) if digits.isdecimal() and len(digits) < 9 else 0
        return [self._friends[place - 1]] if 0 < place <= len(self._friends) else []

    def _called(self, text: str) -> list[PersonId]:
        """Those whom the person calls so; else those who call themselves so."""
        wanted = folded(text)
        mine = self._names.for_viewer_all(self._connection, self._me, self._friends)
        called = [one for one in self._friends if folded(mine[one]) == wanted]
        return called or [
            one for one in self._friends if folded(self._names.of_person(self._connection, one)) == wanted
        ]
