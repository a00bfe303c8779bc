"""What the rules need to know about one person and one cluster, looked up.

A change in a cluster asks this about every friend of whoever made it, so the statements are built once, and are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, exists, or_, select

from laiwang_bridge.clusters.card_store import CardState, card
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Exposure, FriendInside, View
from laiwang_bridge.clusters.tables import ban, invitation, stay
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import block, friendship, person

_CLUSTER: BindParameter[Any] = bindparam("in_cluster")
_CANDIDATE: BindParameter[Any] = bindparam("candidate")
_INITIATOR: BindParameter[Any] = bindparam("initiator")


def _either_way(one: Any, other: Any) -> ColumnElement[bool]:
    """A block between two persons."""
    blocked = or_(
        and_(block.c.person == one, block.c.blocked == other),
        and_(block.c.person == other, block.c.blocked == one),
    )
    return exists().where(blocked)


_OWN = select(
    exists().where(stay.c.cluster == _CLUSTER, stay.c.person == _CANDIDATE, stay.c.left_at.is_(None)).label("inside"),
    exists().where(invitation.c.cluster == _CLUSTER, invitation.c.person == _CANDIDATE).label("invited"),
    exists().where(ban.c.cluster == _CLUSTER, ban.c.person == _CANDIDATE).label("banned"),
    _either_way(_CANDIDATE, _INITIATOR).label("blocked"),
    exists()
    .where(card.c.cluster == _CLUSTER, card.c.person == _CANDIDATE, card.c.state == CardState.MUTED)
    .label("muted"),
)
# Found from whichever side is smaller by the database.
_FRIENDS_INSIDE = (
    select(
        stay.c.person,
        stay.c.hop,
        stay.c.exposure,
        friendship.c.since,
        person.c.new_friends_see_old,
        _either_way(_CANDIDATE, stay.c.person).label("blocked"),
    )
    .join(stay, and_(stay.c.person == friendship.c.friend, stay.c.cluster == _CLUSTER, stay.c.left_at.is_(None)))
    .join(person, person.c.id == stay.c.person)
    .where(friendship.c.person == _CANDIDATE)
    .order_by(stay.c.person)
)


def view(connection: Connection, one: Cluster, candidate: PersonId) -> View:
    """What the rules need to know about one candidate."""
    asked = {"in_cluster": one.id, "candidate": candidate, "initiator": one.initiator}
    own = connection.execute(_OWN, asked).one()
    return View(
        candidate=candidate,
        friends_inside=tuple(_friends_inside(connection, asked)),
        is_member=bool(own.inside),
        seat_kept=bool(own.invited),
        banned=bool(own.banned),
        blocked=bool(own.blocked),
        muted=bool(own.muted),
    )


def audience(connection: Connection, id: ClusterId) -> frozenset[PersonId]:
    """Everybody who has a card of a cluster or could have one now."""
    holders = select(card.c.person).where(card.c.cluster == id)
    near = (
        select(friendship.c.friend)
        .join(stay, and_(stay.c.person == friendship.c.person, stay.c.cluster == id))
        .where(stay.c.left_at.is_(None), stay.c.exposure == Exposure.LOUD)
    )
    found = connection.execute(holders.union(near)).scalars()
    return frozenset(PersonId(one) for one in found)


def _friends_inside(connection: Connection, asked: dict[str, Any]) -> Iterator[FriendInside]:
    for row in connection.execute(_FRIENDS_INSIDE, asked):
        yield FriendInside(
            person=row.person,
            hop=row.hop,
            exposure=Exposure(row.exposure),
            friends_since=row.since,
            new_friends_see_old=bool(row.new_friends_see_old),
            blocked=bool(row.blocked),
        )
