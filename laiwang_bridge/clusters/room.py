"""The room of a cluster: how it is made. Of the graph, nothing is written into it."""

from __future__ import annotations

from typing import Any

from mautrix.types import UserID

from appservice.effects import CreateRoom
from laiwang_bridge.clusters.reach import join_rule
from laiwang_bridge.clusters.rules import Cluster

CLUSTER_STATE = "io.github.laiwang_bridge.cluster"
"""Type of the state event that tells clients and other bots that a room is a cluster, and nothing about people."""

_HOST, _BOT, _NOBODY = 50, 100, 0


def creation(cluster: Cluster, title: str, bot: UserID, host: UserID) -> CreateRoom:
    """The effect that makes the room. It has no room type of its own: clients hide rooms of types they do not know."""
    return CreateRoom(
        sender=bot,
        alias_localpart=cluster.id,
        name=title,
        invite=(host,),
        preset="private_chat",
        initial_state=(
            _state("m.room.join_rules", {"join_rule": join_rule(cluster.reach)}),
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(CLUSTER_STATE, {"v": 1, "id": cluster.id, "reach": str(cluster.reach), "cap": cluster.cap}),
        ),
        power_levels=_power_levels(bot, host),
    )


def _power_levels(bot: UserID, host: UserID) -> dict[str, Any]:
    return {
        "users": {bot: _BOT, host: _HOST},
        "users_default": _NOBODY,
        "events_default": _NOBODY,
        "state_default": _BOT,
        "events": {
            "m.room.name": _HOST,
            "m.room.topic": _HOST,
            "m.room.avatar": _HOST,
            "m.room.pinned_events": _HOST,
        },
        "invite": _HOST,
        "kick": _HOST,
        "ban": _HOST,
        "redact": _HOST,
    }


def _state(type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": type, "state_key": "", "content": content}
