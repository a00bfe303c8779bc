"""Opening and closing a cluster that is there: what it becomes, and its room, its guests and its cards with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from mautrix.types import UserID

from appservice.effects import SetState
from appservice.rooms import Rooms
from appservice.unit import Unit
from laiwang_bridge.clusters import rules, store
from laiwang_bridge.clusters.ages import Life
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.room import described, levels_of
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named

log = logging.getLogger(__name__)

Listener = Callable[[Unit, Named], None]


class Lifecycles:
    """Changes the lifecycle of clusters. `listeners` are told of each change, with the cluster as it is then."""

    def __init__(self, rooms: Rooms, doors: Doors, spread: Spread, bot: UserID) -> None:
        self._rooms = rooms
        self._doors = doors
        self._spread = spread
        self._bot = bot
        self.listeners: list[Listener] = []

    def change(self, unit: Unit, named: Named, lifecycle: Lifecycle, *, reopens_as: Lifecycle | None = None) -> None:
        """Let a cluster be open, sealed, locked or archived from now on. `reopens_as` is what any member may make of
        one that is locked; None: no member may."""
        life = replace(named.life, changed_at=unit.now, reopens_as=reopens_as)
        store.set_lifecycle(unit.connection, named.id, lifecycle)
        store.set_life(unit.connection, named.id, life)
        after = store.find(unit.connection, named.id)
        assert after is not None
        log.info("cluster %s is %s now", named.id, lifecycle)
        self.put_right(unit, after)
        if lifecycle is not Lifecycle.OPEN:
            self._doors.turn_away(unit, after)
        self._spread.recheck(unit, named.id, rules.after_change(named.rules, after.rules))
        for tell in self.listeners:
            tell(unit, after)

    def live(self, unit: Unit, named: Named, life: Life) -> Named:
        """Change something else about its life; gives the cluster as it is then."""
        store.set_life(unit.connection, named.id, life)
        after = store.find(unit.connection, named.id)
        assert after is not None
        self.describe(unit, after)
        for tell in self.listeners:
            tell(unit, after)
        return after

    def put_right(self, unit: Unit, named: Named) -> None:
        """Bring the room of a cluster in line with it: who may speak, how people come in, what it says of itself."""
        if named.room_id is None:
            return
        levels = self._rooms.levels(unit.connection, named.room_id)
        if levels is not None:
            wanted = levels_of(named, levels)
            unit.emit(SetState(sender=self._bot, room=named.room_id, type="m.room.power_levels", content=wanted))
        self.describe(unit, named)

    def describe(self, unit: Unit, named: Named) -> None:
        """Let its room say of the cluster what it is."""
        if named.room_id is not None:
            for effect in described(named, self._bot):
                unit.emit(effect)
