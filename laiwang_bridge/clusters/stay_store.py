"""Who is inside a cluster, and was: the queries on stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, exists, select

from appservice.prepared import Prepared
from appservice.sql import among, upsert
from laiwang_bridge.clusters.rules import ClusterId, Stay
from laiwang_bridge.clusters.tables import invitation, stay
from laiwang_bridge.people.rules import Exposure, PersonId

_STAY = Prepared(select(stay).where(stay.c.cluster == bindparam("id"), stay.c.person == bindparam("one")))
_STAYS_AMONG = Prepared(select(stay).where(stay.c.cluster == bindparam("id"), among(stay.c.person, "them")))
_STAYS_OF = Prepared(select(stay).where(stay.c.person == bindparam("one"), stay.c.left_at.is_(None)))


def put_stay(connection: Connection, one: Stay) -> None:
    upsert(
        connection,
        stay,
        {
            "cluster": one.cluster,
            "person": one.person,
            "hop": one.hop,
            "sponsors": orjson.dumps(one.sponsors),
            "exposure": Exposure.QUIET if one.exposed_to is not None else one.exposure,
            "exposed_to": one.exposed_to,
            "joined_at": one.joined_at,
            "left_at": one.left_at,
        },
    )


def find_stay(connection: Connection, id: ClusterId, one: PersonId) -> Stay | None:
    row = _STAY.first(connection, id=id, one=one)
    return None if row is None else _stay(row)


def stays_among(connection: Connection, id: ClusterId, persons: Collection[PersonId]) -> dict[PersonId, Stay]:
    """The stays of these persons in a cluster, those that are over too."""
    rows = _STAYS_AMONG.all(connection, id=id, them=list(persons)) if persons else []
    return {row.person: _stay(row) for row in rows}


def guests_ever(connection: Connection, id: ClusterId, initiator: PersonId) -> bool:
    """Whether anybody but the initiator is or has been inside, or is invited."""
    came = exists().where(stay.c.cluster == id, stay.c.person != initiator)
    invited = exists().where(invitation.c.cluster == id, invitation.c.person != initiator)
    return bool(connection.execute(select(came | invited)).scalar())


def stays_of(connection: Connection, one: PersonId) -> list[Stay]:
    """Where a person is inside."""
    return [_stay(row) for row in _STAYS_OF.all(connection, one=one)]


def stays_in(connection: Connection, id: ClusterId) -> list[Stay]:
    """Who is inside."""
    rows = connection.execute(select(stay).where(stay.c.cluster == id, stay.c.left_at.is_(None)))
    return [_stay(row) for row in rows]


def forget_sponsor(connection: Connection, gone: PersonId) -> None:
    """Nobody has come through this person any more."""
    there = select(stay.c.cluster).where(stay.c.person == gone)
    for row in connection.execute(select(stay).where(stay.c.cluster.in_(there))).all():
        one = _stay(row)
        if gone in one.sponsors:
            put_stay(connection, replace(one, sponsors=tuple(other for other in one.sponsors if other != gone)))


def _stay(row: Any) -> Stay:
    return Stay(
        cluster=row.cluster,
        person=row.person,
        hop=row.hop,
        sponsors=tuple(orjson.loads(row.sponsors)),
        exposure=Exposure.LOUD if row.exposed_to is not None else Exposure(row.exposure),
        exposed_to=row.exposed_to,
        joined_at=row.joined_at,
        left_at=row.left_at,
    )
