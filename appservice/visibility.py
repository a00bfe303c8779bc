"""Who may see what was said before (client-server specification, "Room History Visibility")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mautrix.types import UserID

STATE_TYPES = ("m.room.history_visibility", "m.room.member")
"""The state that decides it."""


def may_see(state_at_event: Iterable[Mapping[str, Any]], user: UserID) -> bool:
    """Whether somebody who is in a room now may see an event, by the room's state at that event."""
    visibility, membership = "shared", "leave"
    for event in state_at_event:
        content = event.get("content")
        if not isinstance(content, Mapping):
            continue
        match event.get("type"), event.get("state_key"):
            case "m.room.history_visibility", "":
                visibility = str(content.get("history_visibility", "shared"))
            case "m.room.member", key if key == user:
                membership = str(content.get("membership", "leave"))
    if membership == "join" or visibility in ("shared", "world_readable"):
        return True
    return visibility == "invited" and membership == "invite"
