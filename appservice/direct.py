"""The chat in which a bot reaches one person: the one they have, or one made for it, but never twice unasked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from mautrix.types import RoomID, UserID
from sqlalchemy import Column, Connection, Table, Text, delete, select, update

from appservice.database import metadata
from appservice.effects import Answer, CreateRoom, EffectKey, RoomOf, RoomRef
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.sql import upsert
from appservice.unit import Unit

direct_chat = Table(
    "direct_chat",
    metadata,
    Column("bot", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("made_by", Text, nullable=False),
    Column("room_id", Text),
)

_CREATED = "direct.created"
_HASH_CHARACTERS = 20

NameOf = Callable[[UserID], str]


class DirectChats:
    """Finds or makes chats of a bot with one person.

    Aliases of such rooms begin with `alias_prefix`; they say nothing about the person. `name_of` gives a bot's name,
    which becomes the name of the room.
    """

    def __init__(self, rooms: Rooms, *, alias_prefix: str, name_of: NameOf) -> None:
        self._rooms = rooms
        self._alias_prefix = alias_prefix
        self._name_of = name_of

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_CREATED, self._created)

    def find(self, connection: Connection, bot: UserID, user: UserID) -> RoomRef | None:
        """The chat there is, or the one that is being made; none is made for it."""
        known = self._rooms.direct_room(connection, bot, user)
        if known is not None:
            return known
        made_by = _made_by(connection, bot, user)
        return RoomOf(made_by[0]) if made_by is not None and made_by[1] is None else None

    def reach(self, unit: Unit, bot: UserID, user: UserID) -> RoomRef | None:
        """Where to write to `user`. None if we made a chat once and the person left it: that was an answer."""
        found = self.find(unit.connection, bot, user)
        if found is not None or _made_by(unit.connection, bot, user) is not None:
            return found
        return self._make(unit, bot, user)

    def _make(self, unit: Unit, bot: UserID, user: UserID) -> RoomOf:
        # What is kept says nothing about the person, so that it may stay when the person goes.
        key = f"direct:{unit.key}/{_pseudonym(unit.secret, f'{bot} {user}')}"
        effect = CreateRoom(
            sender=bot,
            alias_localpart=self._alias_prefix + _pseudonym(unit.secret, key),
            name=self._name_of(bot),
            invite=(user,),
            is_direct=True,
        )
        made_by = unit.emit(effect, key=key, notify=_CREATED, context={"bot": bot, "user": user})
        upsert(unit.connection, direct_chat, {"bot": bot, "user_id": user, "made_by": made_by, "room_id": None})
        return RoomOf(made_by)

    def _created(self, unit: Unit, answer: Answer) -> None:
        bot, user = UserID(answer.context["bot"]), UserID(answer.context["user"])
        this = (direct_chat.c.bot == bot, direct_chat.c.user_id == user)
        if answer.room_id is None:
            unit.connection.execute(delete(direct_chat).where(*this))
            return
        unit.connection.execute(update(direct_chat).where(*this).values(room_id=answer.room_id))
        self._rooms.created(unit.connection, answer.room_id, unit.now, direct_with=user)


def _made_by(connection: Connection, bot: UserID, user: UserID) -> tuple[EffectKey, RoomID | None] | None:
    """The effect that made a chat, and the room once it is there."""
    this = (direct_chat.c.bot == bot, direct_chat.c.user_id == user)
    row = connection.execute(select(direct_chat.c.made_by, direct_chat.c.room_id).where(*this)).first()
    return None if row is None else (EffectKey(row.made_by), row.room_id)


def forget(connection: Connection, user: UserID) -> None:
    """Drop what is kept about chats with a person; a new one may then be made."""
    connection.execute(delete(direct_chat).where(direct_chat.c.user_id == user))


def rooms_made_for(connection: Connection, user: UserID) -> list[RoomID]:
    statement = select(direct_chat.c.room_id).where(direct_chat.c.user_id == user, direct_chat.c.room_id.is_not(None))
    return [RoomID(room) for room in connection.execute(statement).scalars()]


def _pseudonym(secret: bytes, key: str) -> str:
    return hmac.digest(secret, key.encode(), hashlib.sha256).hex()[:_HASH_CHARACTERS]
