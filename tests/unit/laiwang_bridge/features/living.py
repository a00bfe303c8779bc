"""What tests of the life of clusters look at and do."""

from __future__ import annotations

from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice import outbox, timers
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import Lifecycle
from tests.unit.laiwang_bridge.features.town import SECOND, Person, Town


async def make(town: Town, room: RoomID, lifecycle: Lifecycle) -> None:
    """As when the program itself decides it."""

    def work(connection: Connection) -> None:
        named = store.in_room(connection, room)
        assert named is not None
        unit = Unit(connection, town.now, f"{lifecycle}{town.now}", b"secret")
        town.app.clusters.lifecycles.change(unit, named, lifecycle)
        timers.set_timers(connection, unit.timers)
        outbox.put(connection, unit.emissions, town.now)

    await town.database.write(work)
    await town.settle()


def state(town: Town, room: RoomID, type: str) -> dict[str, Any]:
    return dict(town.rooms[room].state[(type, "")])


def lifecycle(town: Town, room: RoomID) -> str:
    return str(state(town, room, CLUSTER_STATE)["lifecycle"]["state"])


async def in_room(town: Town, user: UserID, room: RoomID, line: str) -> str:
    """What the bot says in a room when this is said there."""
    town.news(room)
    town.now += 5 * SECOND
    await town.say(user, room, line)
    return town.news(room)


async def come(town: Town, room: RoomID, *people: Person) -> None:
    for one in people:
        await town.knock(room, one.user)
        assert one.user in town.rooms[room].inside, f"{one.user} was not let in"


def children(town: Town, space: RoomID) -> set[str]:
    entries = town.rooms[space].state.items()
    return {key for (type, key), content in entries if type == "m.space.child" and content.get("via")}


def pinned(town: Town, room: RoomID) -> list[str]:
    return list(state(town, room, "m.room.pinned_events")["pinned"])
