"""Third-party look-ups: the clusters that anybody may know of, and no others.

The homeserver does not say who is asking, so only open clusters are ever found here (Application Service API,
"Third-party networks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from mautrix.types import ContentURI, RoomAlias, UserID

from appservice.database import Database
from appservice.thirdparty import (
    FieldType,
    Instance,
    ProtocolDescription,
    ThirdPartyLocation,
    ThirdPartyUser,
)
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.listing import PROTOCOL, find_listed
from laiwang_bridge.clusters.rules import ClusterId

_TOPIC = "topic"
_FOUND = 20


class ClusterDirectory:
    """Answers the homeserver's look-ups for the protocol `laiwang`. It knows no people: they are nobody else's."""

    def __init__(self, database: Database, domain: str) -> None:
        self._database = database
        self._domain = domain

    async def describe(self, protocol: str) -> ProtocolDescription | None:
        if protocol != PROTOCOL:
            return None
        return ProtocolDescription(
            icon=ContentURI(""),
            location_fields=(_TOPIC,),
            field_types={_TOPIC: FieldType(regexp=".+", placeholder="weekend hike")},
            instances=(Instance(network_id=PROTOCOL, desc="Laiwang clusters"),),
        )

    async def find_users(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyUser]:
        return ()

    async def find_locations(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyLocation]:
        topic = fields.get(_TOPIC, "").strip()
        if protocol != PROTOCOL or not topic:
            return ()
        found = await self._database.read(partial(find_listed, words=topic, limit=_FOUND))
        return [self._location(named) for named in found]

    async def users_of(self, user_id: UserID) -> Sequence[ThirdPartyUser]:
        return ()

    async def locations_of(self, alias: RoomAlias) -> Sequence[ThirdPartyLocation]:
        localpart, _, domain = alias[1:].partition(":")
        if domain != self._domain:
            return ()
        named = await self._database.read(partial(store.find, id=ClusterId(localpart)))
        return [self._location(named)] if named is not None and named.for_all else []

    def _location(self, named: store.Named) -> ThirdPartyLocation:
        alias = RoomAlias(f"#{named.id}:{self._domain}")
        return ThirdPartyLocation(alias=alias, protocol=PROTOCOL, fields={_TOPIC: named.title})
