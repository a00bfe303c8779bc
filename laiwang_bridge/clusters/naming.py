"""Which friends somebody means: those whom a closed cluster is for."""

from __future__ import annotations

from collections.abc import Iterable

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import UserError
from appservice.ghosts import localpart
from appservice.language import _
from laiwang_bridge.people import store as people
from laiwang_bridge.people.lists import folded
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId


def friends_called(connection: Connection, names: Names, me: PersonId, called: Iterable[str]) -> frozenset[PersonId]:
    """The friends of these Matrix ids or, after an @, names. Raises `UserError`, the same for whoever is none."""
    wanted = list(called)
    friends = people.friends_of(connection, me) if wanted else []
    found: set[PersonId] = set()
    for whom in wanted:
        if ":" in whom:
            person = people.find_person(connection, UserID(whom))
            if person is None or person not in friends:
                raise UserError(_("{whom} is not among your friends."), whom=whom)
            mine = [person]
        else:
            mine = [friend for friend in friends if _is_called(connection, names, me, friend, folded(whom[1:]))]
        if len(mine) != 1:
            raise UserError(_("I am not sure which friend of yours {whom} is; mention them."), whom=whom)
        found.add(mine[0])
    return frozenset(found)


def _is_called(connection: Connection, names: Names, me: PersonId, friend: PersonId, name: str) -> bool:
    parts = (folded(localpart(user)) for user in people.user_ids(connection, friend))
    return name == folded(names.for_viewer(connection, me, friend)) or name in parts
