"""What the rules need to know about one person and one cluster, looked up."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, or_, select

from laiwang_bridge.clusters.card_store import CardState, card, find_card
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Exposure, FriendInside, View
from laiwang_bridge.clusters.store import ban, find_stay, is_invited, stay
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import block, friendship, person


def view(connection: Connection, one: Cluster, candidate: PersonId) -> View:
    """What the rules need to know about one candidate: one look-up for each of his friends inside."""
    either_way = or_(
        and_(block.c.person == candidate, block.c.blocked == one.initiator),
        and_(block.c.person == one.initiator, block.c.blocked == candidate),
    )
    banned = select(ban.c.since).where(ban.c.cluster == one.id, ban.c.person == candidate)
    own = find_stay(connection, one.id, candidate)
    mine = find_card(connection, candidate, one.id)
    return View(
        candidate=candidate,
        friends_inside=tuple(_friends_inside(connection, one.id, candidate)),
        is_member=own is not None and own.inside,
        seat_kept=is_invited(connection, one.id, candidate),
        banned=connection.execute(banned).first() is not None,
        blocked=connection.execute(select(block.c.since).where(either_way)).first() is not None,
        muted=mine is not None and mine.state is CardState.MUTED,
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


def _friends_inside(connection: Connection, id: ClusterId, candidate: PersonId) -> Iterator[FriendInside]:
    """Members who are friends of the candidate, found from whichever side is smaller by the database."""
    blocked = (
        select(block.c.since)
        .where(
            or_(
                and_(block.c.person == candidate, block.c.blocked == stay.c.person),
                and_(block.c.person == stay.c.person, block.c.blocked == candidate),
            )
        )
        .exists()
    )
    rows = connection.execute(
        select(
            stay.c.person,
            stay.c.hop,
            stay.c.exposure,
            friendship.c.since,
            person.c.new_friends_see_old,
            blocked.label("blocked"),
        )
        .join(stay, and_(stay.c.person == friendship.c.friend, stay.c.cluster == id, stay.c.left_at.is_(None)))
        .join(person, person.c.id == stay.c.person)
        .where(friendship.c.person == candidate)
        .order_by(stay.c.person)
    )
    for row in rows:
        yield FriendInside(
            person=row.person,
            hop=row.hop,
            exposure=Exposure(row.exposure),
            friends_since=row.since,
            new_friends_see_old=bool(row.new_friends_see_old),
            blocked=bool(row.blocked),
        )
