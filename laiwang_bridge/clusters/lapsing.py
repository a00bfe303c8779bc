"""Seats kept for people who do not come: once a cluster is full, each is for others after three days.

As long as there is room for all, an invitation stays where it is, however old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import seat_store, store
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle
from laiwang_bridge.clusters.store import Named

KEPT_MS = 3 * 86_400_000

_DUE = "clusters.seat_lapses"


class Lapsing:
    """A watcher of `doors`: one timer for each cluster that is full, for the oldest of its invitations."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._due)

    def seats_changed(self, unit: Unit, named: Named) -> None:
        invited_at = seat_store.oldest_invitation(unit.connection, named.id) if _turns_away(named) else None
        if invited_at is not None:
            self._wait(unit, named, invited_at)

    def _due(self, unit: Unit, context: Mapping[str, Any]) -> None:
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        if named is None or not _turns_away(named):
            return
        since = unit.now - KEPT_MS
        for person in seat_store.invited_before(unit.connection, named.id, since):
            self._doors.let_lapse(unit, named, person)
        later = seat_store.oldest_invitation(unit.connection, named.id, after=since)
        if later is not None:
            self._wait(unit, named, later)

    def _wait(self, unit: Unit, named: Named, invited_at: int) -> None:
        key = f"seats:{named.id}"
        at = max(invited_at + KEPT_MS, unit.now)
        unit.at(at, _DUE, key=key, lane=str(named.room_id), context={"cluster": named.id})


def _turns_away(named: Named) -> bool:
    """Whether anybody has to stay out because there is no seat."""
    return named.rules.full and named.rules.lifecycle is Lifecycle.OPEN and named.room_id is not None
