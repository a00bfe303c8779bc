"""How a cluster is doing, in numbers: never who."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from laiwang_bridge.clusters import seat_store
from laiwang_bridge.clusters.growth import SPAN_MS
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import stay
from laiwang_bridge.people.rules import Exposure

_NOBODY = b"[]"


@dataclass(frozen=True, slots=True)
class Numbers:
    """`inside`: how many are. `loud`: how many of those may bring friends. `sponsored`: how many came through somebody
    in the last `span_ms`. `waiting`: how many wait to be let in."""

    inside: int
    loud: int
    sponsored: int
    waiting: int


def numbers_of(connection: Connection, id: ClusterId, now: int, span_ms: int = SPAN_MS) -> Numbers:
    is_loud = or_(stay.c.exposure == Exposure.LOUD, stay.c.exposed_to.is_not(None))
    there = select(func.count(), func.coalesce(func.sum(case((is_loud, 1), else_=0)), 0)).where(
        stay.c.cluster == id, stay.c.left_at.is_(None)
    )
    inside, loud = connection.execute(there).one()
    came = select(func.count()).where(
        stay.c.cluster == id, stay.c.joined_at > now - span_ms, stay.c.sponsors != _NOBODY
    )
    return Numbers(
        inside=inside,
        loud=int(loud),
        sponsored=connection.execute(came).scalar_one(),
        waiting=len(seat_store.waiting_for(connection, id)),
    )
