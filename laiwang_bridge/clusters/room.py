"""The room of a cluster: how it is made and changed. Of the graph, nothing is written into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mautrix.types import EventID, UserID

from appservice.effects import CreateRoom, SetState
from laiwang_bridge.clusters.ages import Life
from laiwang_bridge.clusters.reach import Mode, join_rule
from laiwang_bridge.clusters.rules import Cluster, Lifecycle
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.clusters.store import Named

CLUSTER_STATE = "io.github.laiwang_bridge.cluster"
"""Type of the state event that tells clients and other bots that a room is a cluster, and nothing about people."""

_HOST, _BOT, _NOBODY = 50, 100, 0


def creation(cluster: Cluster, title: str, kind: Kind, bot: UserID, host: UserID) -> CreateRoom:
    """The effect that makes the room. It has no room type of its own: clients hide rooms of types they do not know.

    Its topic stays empty: whoever is invited can read that before he comes in, as well as the name.
    """
    return CreateRoom(
        sender=bot,
        alias_localpart=cluster.id,
        name=title,
        invite=(host,),
        preset="private_chat",
        initial_state=(
            _state("m.room.join_rules", _joining(cluster)),
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
            _state(CLUSTER_STATE, description(cluster, title, kind, None, Life())),
        ),
        power_levels=_power_levels(bot, host),
    )


def porch(named: Named, bot: UserID) -> CreateRoom:
    """The effect that makes the porch of a cluster, the room at which people knock. Nobody but the bot is ever in it.

    It shows what the cluster is called, and nothing else: homeservers let whoever has knocked in vain read a room, and
    who else has knocked there (Synapse #13968).
    """
    assert named.porch is not None
    return CreateRoom(
        sender=bot,
        alias_localpart=named.porch,
        name=named.title,
        preset="private_chat",
        initial_state=(
            _state("m.room.join_rules", {"join_rule": "knock"}),
            _state("m.room.history_visibility", {"history_visibility": "joined"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
        ),
        power_levels={
            "users": {bot: _BOT},
            "users_default": _NOBODY,
            "events_default": _BOT,
            "state_default": _BOT,
            "events": {},
            "invite": _BOT,
            "kick": _BOT,
            "ban": _BOT,
            "redact": _BOT,
        },
    )


def description(cluster: Cluster, title: str, kind: Kind, seed: EventID | None, life: Life) -> dict[str, Any]:
    """What the room says about the cluster."""
    reach: dict[str, Any] = {"mode": cluster.reach.mode}
    if cluster.reach.hops is not None:
        reach["k"] = cluster.reach.hops
    # Its room being there, it is open.
    lifecycle = Lifecycle.OPEN if cluster.lifecycle is Lifecycle.OPENING else cluster.lifecycle
    return {
        "v": 1,
        "id": cluster.id,
        "seed": {"kind": kind, "title": title} | ({"event_id": seed} if seed else {}),
        "reach": reach,
        "cap": cluster.cap,
        "history": "shared",
        "commerce": allows_commerce(cluster, life),
        "ttl": {"idle": not life.kept, "hard_ts": life.ends_at},
        "lifecycle": {"state": lifecycle, "since": life.changed_at or cluster.created_at},
    }


def allows_commerce(cluster: Cluster, life: Life) -> bool:
    """Whether goods may be offered in a cluster: as its host has said, else wherever not everybody was chosen."""
    return cluster.reach.mode not in (Mode.CLOSED, Mode.LIST) if life.commerce is None else life.commerce


def described(named: Named, bot: UserID) -> Iterator[SetState]:
    """The effects that bring what the room says in line with the cluster, its join rule included."""
    assert named.room_id is not None
    contents = {
        "m.room.join_rules": _joining(named.rules),
        CLUSTER_STATE: description(named.rules, named.title, named.kind, named.seed, named.life),
    }
    for type, content in contents.items():
        yield SetState(sender=bot, room=named.room_id, type=type, content=content)


def levels_of(named: Named, levels: Mapping[str, Any]) -> dict[str, Any]:
    """The power levels of its room, made out of those that it has: whoever is no host is silent where it is locked."""
    silent = named.rules.lifecycle in (Lifecycle.LOCKED, Lifecycle.ARCHIVED)
    events = dict(levels["events"]) if isinstance(levels.get("events"), Mapping) else {}
    # For the buttons with which its members open it again, or save it.
    if silent and (named.life.reopens_as or named.rules.lifecycle is Lifecycle.ARCHIVED):
        events.setdefault("m.reaction", _NOBODY)
    elif events.get("m.reaction") == _NOBODY:
        del events["m.reaction"]
    return {**levels, "events": events, "events_default": _HOST if silent else _NOBODY}


def _joining(cluster: Cluster) -> dict[str, Any]:
    # Nobody must come in unasked where nobody may come.
    nobody = cluster.full or cluster.lifecycle in (Lifecycle.SEALED, Lifecycle.LOCKED, Lifecycle.ARCHIVED)
    return {"join_rule": "invite" if nobody else join_rule(cluster.reach)}


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
