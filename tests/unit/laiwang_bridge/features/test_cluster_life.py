"""What becomes of a cluster after it has opened: sealed, locked, full, over."""

from __future__ import annotations

from functools import partial
from typing import Any

from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice import outbox, timers
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import Lifecycle
from tests.unit.laiwang_bridge.features.story import CARD, HIKE
from tests.unit.laiwang_bridge.features.town import Person, Town


async def make(town: Town, room: RoomID, lifecycle: Lifecycle) -> None:
    """As when the program itself decides it."""

    def work(connection: Connection) -> None:
        named = store.in_room(connection, room)
        assert named is not None
        unit = Unit(connection, town.now, f"{lifecycle}{town.now}", b"secret")
        town.app.lifecycles.change(unit, named, lifecycle)
        timers.set_timers(connection, unit.timers)
        outbox.put(connection, unit.emissions, town.now)

    await town.database.write(work)
    await town.settle()


def state(town: Town, room: RoomID, type: str) -> dict[str, Any]:
    return dict(town.rooms[room].state[(type, "")])


async def test_a_locked_cluster_can_be_read_and_no_more(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    before = state(town, room, "m.room.power_levels")
    assert bo.sees(CARD)
    await make(town, room, Lifecycle.LOCKED)
    assert state(town, room, "m.room.power_levels") == {**before, "events_default": 50}
    assert state(town, room, CLUSTER_STATE)["lifecycle"]["state"] == "locked"
    assert state(town, room, CLUSTER_STATE)["lifecycle"]["since"] > 0
    assert not bo.sees(CARD)
    await town.member(room, cat.user, "knock")
    assert town.rooms[room].members[cat.user] == "leave"
    await make(town, room, Lifecycle.OPEN)
    assert state(town, room, "m.room.power_levels") == before
    assert bo.sees(CARD)
    await make(town, room, Lifecycle.ARCHIVED)
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert state(town, room, "m.room.power_levels")["events_default"] == 50
