"""Reports, vouchers, and who was asked to look after a cluster: tables and the queries on them."""

from __future__ import annotations

from typing import Any

import orjson
from mautrix.types import EventID
from sqlalchemy import BigInteger, Boolean, Column, Connection, Table, Text, and_, delete, exists, select, update

from appservice.database import metadata
from appservice.sql import insert_ignoring, upsert
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import cluster, column_of_cluster, stay
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person, friendship

report = Table(
    "cluster_report",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    Column("event_id", Text, primary_key=True),
    column_of_person("reporter", primary_key=True, index=True),
    Column("at", BigInteger, nullable=False),
    Column("settled", Boolean, nullable=False, default=False),
)
voucher = Table(
    "cluster_voucher",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True, index=True),
    column_of_person("by", nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
)
host_asked = Table(
    "cluster_host_asked",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    column_of_person("person", primary_key=True, index=True),
    Column("at", BigInteger, nullable=False),
    Column("unwilling", Boolean, nullable=False, default=False),
)


# -- reports --------------------------------------------------------------------------------------------------------


def add_report(connection: Connection, id: ClusterId, event: EventID, reporter: PersonId, now: int) -> bool:
    """Returns whether it is new: reporting the same message again says nothing more."""
    row = {"cluster": id, "event_id": event, "reporter": reporter, "at": now, "settled": False}
    return connection.execute(insert_ignoring(connection, report), row).rowcount > 0


def reporters(connection: Connection, id: ClusterId) -> set[PersonId]:
    """Who has reported something there that nobody has looked at yet."""
    rows = connection.execute(select(report.c.reporter).where(report.c.cluster == id, report.c.settled.is_(False)))
    return {PersonId(one) for one in rows.scalars()}


def count_reports(connection: Connection, id: ClusterId, event: EventID) -> int:
    """How many people have reported a message."""
    rows = connection.execute(select(report.c.reporter).where(report.c.cluster == id, report.c.event_id == event))
    return len(rows.all())


def settle_reports(connection: Connection, id: ClusterId) -> None:
    """Somebody has looked: what was reported so far counts no more."""
    connection.execute(update(report).where(report.c.cluster == id).values(settled=True))


def sponsors(connection: Connection, id: ClusterId) -> dict[PersonId, tuple[PersonId, ...]]:
    """Through whom everybody who is or was inside came in."""
    rows = connection.execute(select(stay.c.person, stay.c.sponsors).where(stay.c.cluster == id))
    return {PersonId(row.person): tuple(orjson.loads(row.sponsors)) for row in rows}


# -- vouchers -------------------------------------------------------------------------------------------------------


def vouch(connection: Connection, id: ClusterId, person: PersonId, by: PersonId, now: int) -> None:
    row = {"cluster": id, "person": person, "by": by, "at": now}
    connection.execute(insert_ignoring(connection, voucher), row)


def is_known_in(connection: Connection, id: ClusterId, person: PersonId) -> bool:
    """Whether somebody inside knows a person: a friend of his is there, or a member has vouched for him."""
    vouched = exists().where(voucher.c.cluster == id, voucher.c.person == person)
    inside = and_(stay.c.person == friendship.c.friend, stay.c.cluster == id, stay.c.left_at.is_(None))
    befriended = exists(select(friendship.c.friend).join(stay, inside).where(friendship.c.person == person))
    return bool(connection.execute(select(vouched | befriended)).scalar())


# -- hosts ----------------------------------------------------------------------------------------------------------


def ask_host(connection: Connection, id: ClusterId, person: PersonId, now: int) -> None:
    upsert(connection, host_asked, {"cluster": id, "person": person, "at": now, "unwilling": False})


def is_asked(connection: Connection, id: ClusterId, person: PersonId) -> bool:
    """Whether somebody is asked at this moment."""
    wanted = (host_asked.c.cluster == id, host_asked.c.person == person, host_asked.c.unwilling.is_(False))
    return connection.execute(select(host_asked.c.at).where(*wanted)).first() is not None


def asked_hosts(connection: Connection, id: ClusterId) -> tuple[set[PersonId], set[PersonId]]:
    """Who is asked at this moment, and who did not want to."""
    rows = connection.execute(select(host_asked).where(host_asked.c.cluster == id)).all()
    waiting = {PersonId(row.person) for row in rows if not row.unwilling}
    return waiting, {PersonId(row.person) for row in rows if row.unwilling}


def decline_host(connection: Connection, id: ClusterId, person: PersonId) -> None:
    this = and_(host_asked.c.cluster == id, host_asked.c.person == person)
    connection.execute(update(host_asked).where(this).values(unwilling=True))


def forget_asked(connection: Connection, id: ClusterId) -> None:
    """There is a host again; whoever declined may be asked another time."""
    connection.execute(delete(host_asked).where(host_asked.c.cluster == id))


# -- all of one person ----------------------------------------------------------------------------------------------


def export(connection: Connection, me: PersonId) -> dict[str, Any]:
    """What somebody has reported and for whom he has vouched, and where somebody vouched for him."""
    titled = select(cluster.c.title, report.c.event_id, report.c.at).join(cluster).where(report.c.reporter == me)
    reports = connection.execute(titled.order_by(report.c.at)).all()
    vouched = select(cluster.c.title, voucher.c.at, voucher.c.person).join(cluster)
    mine = connection.execute(vouched.where((voucher.c.person == me) | (voucher.c.by == me))).all()
    asked = select(cluster.c.title, host_asked.c.at, host_asked.c.unwilling).join(cluster)
    return {
        "reports": [{"cluster": row.title, "message": row.event_id, "at": row.at} for row in reports],
        "vouchers": [{"cluster": row.title, "for_me": row.person == me, "at": row.at} for row in mine],
        "asked_to_host": [
            {"cluster": row.title, "at": row.at, "declined": bool(row.unwilling)}
            for row in connection.execute(asked.where(host_asked.c.person == me)).all()
        ],
    }
