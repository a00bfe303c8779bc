"""What a person is given of his clusters when he asks for all that is kept about him."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table, select

from laiwang_bridge.clusters.store import started_by
from laiwang_bridge.clusters.tables import ban, cluster, cluster_named, invitation, queue, stay
from laiwang_bridge.people.rules import Exposure, PersonId


def export(connection: Connection, me: PersonId) -> dict[str, Any]:
    """All that is kept about a person's clusters. Through whom he came is theirs, so it is left out."""
    stays = connection.execute(
        select(stay, cluster.c.title).join(cluster).where(stay.c.person == me).order_by(stay.c.joined_at)
    ).all()
    return {
        "started": [
            {"cluster": row.id, "title": row.title, "at": row.created_at} for row in started_by(connection, me)
        ],
        "stays": [
            {
                "cluster": row.cluster,
                "title": row.title,
                "exposure": row.exposure if row.exposed_to is None else Exposure.LOUD,
                "only_for_list": row.exposed_to,
                "joined_at": row.joined_at,
                "left_at": row.left_at,
            }
            for row in stays
        ],
        "invitations": _exported(connection, invitation, invitation.c.invited_at, me),
        "queues": _exported(connection, queue, queue.c.due_at, me),
        "bans": _exported(connection, ban, ban.c.since, me),
        "named_for": [
            {"cluster": row.cluster, "title": row.title}
            for row in connection.execute(
                select(cluster_named.c.cluster, cluster.c.title).join(cluster).where(cluster_named.c.person == me)
            )
        ],
    }


def _exported(connection: Connection, table: Table, instant: Column[Any], me: PersonId) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(table.c.cluster, cluster.c.title, instant.label("at"))
        .join(cluster, cluster.c.id == table.c.cluster)
        .where(table.c.person == me)
        .order_by(instant)
    )
    return [{"cluster": row.cluster, "title": row.title, "at": row.at} for row in rows]
