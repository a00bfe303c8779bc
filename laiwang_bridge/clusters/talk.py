"""How much is talked in each cluster, hour by hour. Of what is said, nothing is kept but the count."""

from __future__ import annotations

from collections.abc import Collection

from mautrix.types import RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, bindparam, delete, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from appservice.database import metadata
from appservice.events import Event
from appservice.prepared import Prepared, Question
from appservice.routes import Routes
from appservice.sql import among
from appservice.unit import Unit
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import cluster, column_of_cluster

HOUR_MS = 3_600_000
_HOURS = 24

talk = Table(
    "cluster_talk",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("messages", Integer, nullable=False),
    sqlite_with_rowid=False,
)

_LAST_DAY = Prepared(
    select(talk.c.cluster, func.sum(talk.c.messages))
    .where(among(talk.c.cluster, "ids"), talk.c.hour > bindparam("since"))
    .group_by(talk.c.cluster)
)
_OF_ROOM = select(cluster.c.id, bindparam("this_hour", type_=BigInteger), literal(1)).where(
    cluster.c.room_id == bindparam("room")
)
_COUNT = {
    dialect.dialect.name: Prepared(
        dialect.insert(talk)
        .from_select(["cluster", "hour", "messages"], _OF_ROOM)
        .on_conflict_do_update(index_elements=["cluster", "hour"], set_={"messages": talk.c.messages + 1})
    )
    for dialect in (postgresql, sqlite)
}


class Talk:
    """Counts what people say. Edits say nothing new, and `bot` is no company."""

    def __init__(self, bot: UserID) -> None:
        self._bot = bot

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.room.message", self.on_message)
        routes.on_event("m.room.encrypted", self.on_message)

    def on_message(self, unit: Unit, event: Event) -> None:
        if event.sender != self._bot and event.relation.kind != "m.replace":
            heard(unit.connection, event.room_id, unit.now)


def heard(connection: Connection, room: RoomID, now: int) -> None:
    """Somebody said something in a room; nothing if that is no cluster's."""
    _COUNT[connection.dialect.name].send(connection, room=room, this_hour=now // HOUR_MS)


def last_day(ids: Collection[ClusterId], now: int) -> Question[dict[ClusterId, int]]:
    """How many messages these clusters have had in the last 24 hours, the running one included; only those with any."""
    return _LAST_DAY.question(
        lambda rows: {ClusterId(id): int(messages) for id, messages in rows},
        ids=list(ids),
        since=now // HOUR_MS - _HOURS,
    )


def last_word(connection: Connection, id: ClusterId) -> int | None:
    """The end of the last hour in which somebody said something there; None if nobody has."""
    hour = connection.execute(select(func.max(talk.c.hour)).where(talk.c.cluster == id)).scalar()
    return None if hour is None else (int(hour) + 1) * HOUR_MS


def forget_old(connection: Connection, now: int) -> None:
    """Drop the hours that count no more; the last one of each cluster says how long it has been silent."""
    later = talk.alias()
    is_followed = exists().where(later.c.cluster == talk.c.cluster, later.c.hour > talk.c.hour)
    connection.execute(delete(talk).where(talk.c.hour <= now // HOUR_MS - _HOURS, is_followed))
