"""The public list of clusters: those that anybody may know of, in the homeserver's directory and for whoever searches.

A cluster is listed from the moment it is open to all until it is not any more, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from mautrix.types import RoomID, UserID
from sqlalchemy import Column, Connection, Table, Text, delete, or_, select

from appservice.database import metadata
from appservice.effects import ListRoom
from appservice.sql import upsert
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.searching import closeness, folded, parts
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.tables import cluster, column_of_cluster

PROTOCOL = "laiwang"
"""Our third-party protocol, and its only network."""

_LOOKED_AT = 500

listed = Table(
    "cluster_listed",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    Column("room_id", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
)


class Listing:
    """Lists clusters, and takes them out again."""

    def __init__(self, bot: UserID) -> None:
        self._bot = bot

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there."""
        named = store.find(unit.connection, id)
        if named is not None:
            self.changed(unit, named)

    def changed(self, unit: Unit, named: Named) -> None:
        """It may be for others now, or be over, or have moved to another room."""
        connection = unit.connection
        before = connection.execute(select(listed.c.room_id).where(listed.c.cluster == named.id)).scalar()
        now = named.room_id if named.for_all else None
        if before == now:
            return
        if before is not None:
            unit.emit(ListRoom(sender=self._bot, room=RoomID(before), network=PROTOCOL, listed=False))
            connection.execute(delete(listed).where(listed.c.cluster == named.id))
        if now is not None:
            unit.emit(ListRoom(sender=self._bot, room=now, network=PROTOCOL, listed=True))
            upsert(connection, listed, {"cluster": named.id, "room_id": now, "words": folded(named.title)})

    def moved(self, unit: Unit, _old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        named = store.in_room(unit.connection, new)
        if named is not None:
            self.changed(unit, named)


def find_listed(connection: Connection, words: str, limit: int) -> list[Named]:
    """The clusters that anybody may know of whose title comes closest to these words, of equals the newest first."""
    query = folded(words)
    wanted = parts(query)
    if not wanted:
        return []
    statement = (
        select(listed.c.cluster, listed.c.words)
        .join(cluster, cluster.c.id == listed.c.cluster)
        .where(or_(*(listed.c.words.contains(part, autoescape=True) for part in wanted)))
        .order_by(cluster.c.created_at.desc())
        .limit(_LOOKED_AT)
    )
    scores = {ClusterId(row.cluster): closeness(query, row.words) for row in connection.execute(statement)}
    best = sorted((id for id, score in scores.items() if score), key=lambda id: -scores[id])[:limit]
    found = store.find_many(connection, best)
    return [found[id] for id in best if found[id].for_all]


def best_of(titles: Sequence[Named], words: str) -> list[Named]:
    """Those of some clusters whose title comes close to these words, the closest first."""
    query = folded(words)
    scores = {named.id: closeness(query, folded(named.title)) for named in titles}
    return sorted((named for named in titles if scores[named.id]), key=lambda named: -scores[named.id])
