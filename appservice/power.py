"""Who may do what in a room: power levels, in room versions with and without privileged creators.

Client-server specification, "m.room.power_levels"; MSC4289 (room version 12): creators stand above every level and
do not appear in the event.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from mautrix.types import UserID

_WITHOUT_CREATOR_POWER = frozenset(str(number) for number in range(1, 12))

Power = float
"""A power level; `math.inf` for a creator of a room of version 12 or later."""


def creators_have_power(room_version: str) -> bool:
    """Whether creators of rooms of this version stand above every power level.

    Versions that we do not know are newer than version 12, so they do.
    """
    return room_version not in _WITHOUT_CREATOR_POWER


def creators(create_content: Mapping[str, Any], sender: UserID) -> frozenset[UserID]:
    """The privileged creators that an m.room.create event names; nobody in older versions."""
    if not creators_have_power(str(create_content.get("room_version", "1"))):
        return frozenset()
    additional = create_content.get("additional_creators")
    others = [UserID(user) for user in additional if isinstance(user, str)] if isinstance(additional, list) else []
    return frozenset([sender, *others])


def power_of(
    user: UserID,
    power_levels: Mapping[str, Any] | None,
    *,
    privileged: Collection[UserID],
    creator: UserID | None = None,
) -> Power:
    """The power of `user`. Without an m.room.power_levels event the room's creator has 100 and the others 0."""
    if user in privileged:
        return math.inf
    if power_levels is None:
        return 100 if user == creator else 0
    users = power_levels.get("users")
    level = users.get(user) if isinstance(users, Mapping) else None
    return _level(level if level is not None else power_levels.get("users_default"), 0)


def required(power_levels: Mapping[str, Any] | None, action: str) -> int:
    """The level needed to "invite", "kick", "ban" or "redact"."""
    default = 0 if action == "invite" else 50
    return _level((power_levels or {}).get(action), default)


def required_to_send(power_levels: Mapping[str, Any] | None, type: str, *, is_state: bool = False) -> int:
    """The level needed to send events of a type; without an m.room.power_levels event everybody may."""
    if power_levels is None:
        return 0
    events = power_levels.get("events")
    own = events.get(type) if isinstance(events, Mapping) else None
    default = (
        _level(power_levels.get("state_default"), 50) if is_state else _level(power_levels.get("events_default"), 0)
    )
    return _level(own, default)


def without_creator(power_levels: Mapping[str, Any], creator: UserID, room_version: str) -> dict[str, Any]:
    """Power levels as this room version wants them: a privileged creator must not be listed."""
    cleaned = dict(power_levels)
    if creators_have_power(room_version) and isinstance(users := cleaned.get("users"), Mapping):
        cleaned["users"] = {user: level for user, level in users.items() if user != creator}
    return cleaned


def _level(value: object, default: int) -> int:
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value
    if isinstance(value, str):  # room versions up to 9 allowed numbers in strings
        try:
            return int(value.strip())
        except ValueError:
            return default
    return default
