"""What earlier effects have made: the rooms, events and files that later ones name before they exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mautrix.types import EventID, RoomID

from appservice import outbox
from appservice.database import Database
from appservice.effects import EffectKey, EventOf, EventRef, MediaOf, RoomOf, RoomRef
from appservice.homeserver import HomeserverError
from appservice.outbox import Delivery, Result

UNRESOLVED = "APPSERVICE_UNRESOLVED"
"""The effect needs what an earlier effect should have made, and that one failed or never was."""


class NotYet(Exception):
    """The effect needs something that is still under way: the result of the effect `key`, where there is one."""

    def __init__(self, reason: str, key: EffectKey | None = None) -> None:
        super().__init__(reason)
        self.key = key


class Results:
    """Looks up what an effect refers to. Raises `NotYet`, and `HomeserverError` for what will never be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def room(self, room: RoomRef) -> RoomID:
        if not isinstance(room, RoomOf):
            return room
        result = await self._result(room.key, "room")
        if result.room_id is None:
            raise HomeserverError(400, UNRESOLVED, f"{room.key} made no room")
        return result.room_id

    async def event(self, event: EventRef) -> EventID:
        if not isinstance(event, EventOf):
            return event
        result = await self._result(event.key, "event")
        if result.event_id is None:
            raise HomeserverError(400, UNRESOLVED, f"{event.key} made no event")
        return result.event_id

    async def _result(self, key: EffectKey, what: str) -> Result:
        found = await self._database.read(lambda connection: outbox.result_of(connection, key))
        if found is None or found[0] is Delivery.DEAD:
            raise HomeserverError(400, UNRESOLVED, f"the {what} of {key} will never be")
        stage, result = found
        if stage is Delivery.WAITING:
            raise NotYet(f"the {what} of {key} is still being made", key)
        return result

    async def with_media(self, content: Any) -> Any:
        """A content with the addresses of the files that it names."""
        match content:
            case MediaOf(key):
                result = await self._result(key, "file")
                if result.content_uri is None:
                    raise HomeserverError(400, UNRESOLVED, f"{key} stored no file")
                return result.content_uri
            case Mapping():
                return {name: await self.with_media(value) for name, value in content.items()}
            case list() | tuple():
                return [await self.with_media(value) for value in content]
            case _:
                return content
