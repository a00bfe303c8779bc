"""Who is invited into a cluster, waits for a place in it or may not come: the queries on them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, func, select

from appservice.prepared import Prepared
from appservice.sql import insert_ignoring
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import ban, invitation, queue
from laiwang_bridge.people.rules import PersonId

_UNINVITE = Prepared(
    delete(invitation).where(invitation.c.cluster == bindparam("id"), invitation.c.person == bindparam("one"))
)
_UNQUEUE = Prepared(delete(queue).where(queue.c.cluster == bindparam("id"), queue.c.person == bindparam("one")))


def invite(connection: Connection, id: ClusterId, one: PersonId, now: int) -> None:
    """Keep a seat for somebody who was let in and has not come yet."""
    connection.execute(insert_ignoring(connection, invitation), {"cluster": id, "person": one, "invited_at": now})


def is_invited(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    found = select(invitation.c.invited_at).where(invitation.c.cluster == id, invitation.c.person == one)
    return connection.execute(found).first() is not None


def take_back_invitation(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    """The seat is free again; returns whether there was one."""
    return _UNINVITE.run(connection, id=id, one=one) > 0


def take_seat(connection: Connection, id: ClusterId, one: PersonId) -> None:
    """Somebody has come: for whom a seat is kept no longer needs it."""
    _UNINVITE.send(connection, id=id, one=one)


def invited_to(connection: Connection, id: ClusterId) -> list[PersonId]:
    """For whom a seat is kept."""
    rows = connection.execute(select(invitation.c.person).where(invitation.c.cluster == id))
    return [PersonId(one) for one in rows.scalars()]


def oldest_invitation(connection: Connection, id: ClusterId, *, after: int = -1) -> int | None:
    """When the first of those was invited for whom a seat is kept, of those invited after a time."""
    here = (invitation.c.cluster == id, invitation.c.invited_at > after)
    return connection.execute(select(func.min(invitation.c.invited_at)).where(*here)).scalar()


def invited_before(connection: Connection, id: ClusterId, until: int) -> list[PersonId]:
    """For whom a seat has been kept since a time or longer."""
    here = (invitation.c.cluster == id, invitation.c.invited_at <= until)
    rows = connection.execute(select(invitation.c.person).where(*here).order_by(invitation.c.person))
    return [PersonId(one) for one in rows.scalars()]


def invitations_of(connection: Connection, one: PersonId) -> list[ClusterId]:
    """Where a seat is kept for a person."""
    rows = connection.execute(select(invitation.c.cluster).where(invitation.c.person == one))
    return [ClusterId(id) for id in rows.scalars()]


def put_in_queue(connection: Connection, id: ClusterId, one: PersonId, due_at: int) -> None:
    connection.execute(insert_ignoring(connection, queue), {"cluster": id, "person": one, "due_at": due_at})


def is_in_queue(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    found = select(queue.c.due_at).where(queue.c.cluster == id, queue.c.person == one)
    return connection.execute(found).first() is not None


def take_from_queue(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    """Returns whether the person was waiting there."""
    return _UNQUEUE.run(connection, id=id, one=one) > 0


def waiting_for(connection: Connection, id: ClusterId) -> list[PersonId]:
    """Who waits to be let in, the next first."""
    rows = connection.execute(select(queue.c.person).where(queue.c.cluster == id).order_by(queue.c.due_at))
    return [PersonId(one) for one in rows.scalars()]


def queues_of(connection: Connection, one: PersonId) -> list[ClusterId]:
    """Where a person waits to be let in."""
    rows = connection.execute(select(queue.c.cluster).where(queue.c.person == one))
    return [ClusterId(id) for id in rows.scalars()]


def put_ban(connection: Connection, id: ClusterId, one: PersonId, now: int) -> None:
    connection.execute(insert_ignoring(connection, ban), {"cluster": id, "person": one, "since": now})


def lift_ban(connection: Connection, id: ClusterId, one: PersonId) -> None:
    connection.execute(delete(ban).where(ban.c.cluster == id, ban.c.person == one))
