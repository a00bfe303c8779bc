"""Third-party networks: how clients look up who and what of another network is on Matrix.

Source: Application Service API, "Third-party networks". Field names are the specification's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from mautrix.types import ContentURI, RoomAlias, UserID


@dataclass(frozen=True, slots=True)
class FieldType:
    """How a search field looks: a regular expression for a client to check with, and an example."""

    regexp: str
    placeholder: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One of several networks of the same protocol; `fields` are the search fields that it presets."""

    network_id: str
    desc: str
    fields: Mapping[str, str] = field(default_factory=dict)
    icon: ContentURI | None = None

    def to_json(self) -> dict[str, Any]:
        shown = {"network_id": self.network_id, "desc": self.desc, "fields": dict(self.fields)}
        return shown if self.icon is None else {**shown, "icon": self.icon}


@dataclass(frozen=True, slots=True)
class ProtocolDescription:
    """What a client needs to know to search in a network. Raises `ValueError` for a field without its type."""

    icon: ContentURI
    user_fields: tuple[str, ...] = ()
    location_fields: tuple[str, ...] = ()
    field_types: Mapping[str, FieldType] = field(default_factory=dict)
    instances: tuple[Instance, ...] = ()

    def __post_init__(self) -> None:
        missing = {*self.user_fields, *self.location_fields} - set(self.field_types)
        if missing:
            raise ValueError(f"no field type for {', '.join(sorted(missing))}")

    def to_json(self) -> dict[str, Any]:
        # Synapse drops a protocol without a list of instances, even an empty one.
        return {
            "icon": self.icon,
            "user_fields": self.user_fields,
            "location_fields": self.location_fields,
            "field_types": {name: asdict(kind) for name, kind in self.field_types.items()},
            "instances": [instance.to_json() for instance in self.instances],
        }


@dataclass(frozen=True, slots=True)
class ThirdPartyUser:
    userid: UserID
    protocol: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"userid": self.userid, "protocol": self.protocol, "fields": dict(self.fields)}


@dataclass(frozen=True, slots=True)
class ThirdPartyLocation:
    alias: RoomAlias
    protocol: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"alias": self.alias, "protocol": self.protocol, "fields": dict(self.fields)}


class ThirdParty(Protocol):
    """Who answers the look-ups. An empty answer is told to the homeserver as 404, as the specification wants it.

    A client of any user of the homeserver can cause these calls, so they answer only what everybody may know.
    """

    async def describe(self, protocol: str) -> ProtocolDescription | None:
        """None when the protocol is not ours."""

    async def find_users(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyUser]:
        """The Matrix users that stand for the users matching all fields."""

    async def find_locations(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyLocation]:
        """The rooms that lead to the places matching all fields."""

    async def users_of(self, user_id: UserID) -> Sequence[ThirdPartyUser]:
        """The third-party users that a Matrix user stands for."""

    async def locations_of(self, alias: RoomAlias) -> Sequence[ThirdPartyLocation]:
        """The third-party places that a room alias leads to."""
