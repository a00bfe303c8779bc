"""What the rules need to know about people and clusters, looked up for many at once.

However many people or clusters are asked about, it takes the same few statements. They only find what may matter; what
follows from it is decided by `rules` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    literal,
    or_,
    select,
    union_all,
)

from appservice.prepared import Prepared, Question, together
from appservice.sql import among
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.card_store import CardState, card
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import Cluster, ClusterId, FriendInside, View
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.tables import ban, cluster_list, cluster_named, invitation, stay
from laiwang_bridge.people.list_store import friend_list_member
from laiwang_bridge.people.rules import Exposure, ListId, PersonId
from laiwang_bridge.people.store import block, friendship, mute, person

_ID: BindParameter[Any] = bindparam("id")
_ME: BindParameter[Any] = bindparam("me")

_MEMBER, _INVITED, _BANNED, _HIDDEN = "member", "invited", "banned", "hidden"


def _shows() -> ColumnElement[bool]:
    """A stay that friends, or those on one list, may see."""
    return or_(stay.c.exposure == Exposure.LOUD, stay.c.exposed_to.is_not(None))


def _standing(*conditions: Callable[[Table], ColumnElement[bool]]) -> CompoundSelect[Any]:
    """Who is a member, invited, banned, or has hidden a cluster."""
    every: tuple[tuple[Table, str, list[ColumnElement[bool]]], ...] = (
        (stay, _MEMBER, [stay.c.left_at.is_(None)]),
        (invitation, _INVITED, []),
        (ban, _BANNED, []),
        (card, _HIDDEN, [card.c.state == CardState.MUTED]),
    )
    return union_all(
        *(
            select(table.c.cluster, table.c.person, literal(what).label("what")).where(
                *more, *(condition(table) for condition in conditions)
            )
            for table, what, more in every
        )
    )


def _friends_inside(member: ColumnElement[Any], candidate: ColumnElement[Any]) -> Select[Any]:
    """Loud members of clusters with a friend of theirs. Friendships are kept in both directions: `member` says which
    end of one is the member's, and so from where it is looked up."""
    return (
        select(
            stay.c.cluster,
            candidate.label("candidate"),
            stay.c.person,
            stay.c.hop,
            stay.c.exposed_to,
            stay.c.joined_at,
            friendship.c.since,
            person.c.new_friends_see_old,
        )
        .select_from(friendship)
        .join(stay, and_(stay.c.person == member, stay.c.left_at.is_(None), _shows()))
        .join(person, person.c.id == stay.c.person)
        .order_by(stay.c.person)
    )


# Built once: these are asked at every step that somebody takes.
_STANDING_IN = Prepared(_standing(lambda table: table.c.cluster == _ID, lambda table: among(table.c.person, "them")))
_STANDING_OF = Prepared(_standing(lambda table: table.c.person == _ME))
# Three ways to the same rows, of which one is short: from the candidates if they are fewer than the members, else from
# the members; and for one candidate from his friends, wherever they are. What is too much is left out afterwards: a
# database that is told all conditions may take the long way.
_INSIDE_FOR_FEW = Prepared(
    _friends_inside(friendship.c.friend, friendship.c.person).where(
        stay.c.cluster == _ID, among(friendship.c.person, "them")
    )
)
_INSIDE_FOR_MANY = Prepared(_friends_inside(friendship.c.person, friendship.c.friend).where(stay.c.cluster == _ID))
_INSIDE_OF = Prepared(_friends_inside(friendship.c.friend, friendship.c.person).where(friendship.c.person == _ME))
_BLOCK, _MUTE = "block", "mute"
_AGAINST = Prepared(
    union_all(
        select(literal(_BLOCK).label("what"), block.c.person, block.c.blocked).where(among(block.c.person, "them")),
        select(literal(_BLOCK).label("what"), block.c.blocked, block.c.person).where(among(block.c.blocked, "them")),
        select(literal(_MUTE).label("what"), mute.c.person, mute.c.muted).where(among(mute.c.person, "them")),
    )
)
_LISTED = Prepared(
    select(friend_list_member.c.list, friend_list_member.c.person).where(
        among(friend_list_member.c.list, "lists"), among(friend_list_member.c.person, "them")
    )
)
_NAMED = select(cluster_named.c.cluster).where(cluster_named.c.person == _ME)
_ON_LIST = (
    select(cluster_list.c.cluster)
    .join(friend_list_member, friend_list_member.c.list == cluster_list.c.list)
    .where(friend_list_member.c.person == _ME)
)
_CHOSEN = Prepared(_NAMED.union(_ON_LIST))

Pairs = set[tuple[Any, Any]]
_Rows = Sequence[Any]
_Asked = Question[list[Any]]


def view(connection: Connection, one: Cluster, candidate: PersonId) -> View:
    """What the rules need to know about one candidate."""
    return views(connection, one, [candidate])[candidate]


def views(connection: Connection, one: Cluster, candidates: Sequence[PersonId]) -> dict[PersonId, View]:
    """The same for many candidates."""
    them = list(candidates)
    from_members = one.seats_taken < len(them)
    inside = (
        _INSIDE_FOR_MANY.question(list, id=one.id)
        if from_members
        else _INSIDE_FOR_FEW.question(list, id=one.id, them=them)
    )
    looked_up = together(
        connection, inside, _STANDING_IN.question(list, id=one.id, them=them), _AGAINST.question(list, them=them)
    )
    found = _put_together(connection, [one], candidates, *looked_up)
    return {candidate: found.view(one, candidate) for candidate in candidates}


def views_of(connection: Connection, candidate: PersonId, clusters: Sequence[Cluster]) -> dict[ClusterId, View]:
    """What the rules need to know about one person and many clusters."""
    return _views_of(connection, candidate, clusters, *together(connection, *_about(candidate)))


def around(connection: Connection, candidate: PersonId) -> tuple[list[Named], dict[ClusterId, View]]:
    """The open clusters that somebody may be able to see (friends of his are inside, or he was named), and what the
    rules need to know about him and them."""
    chosen = _CHOSEN.question(lambda rows: {row.cluster for row in rows}, me=candidate)
    chosen_for, inside, standing, against = together(connection, chosen, *_about(candidate))
    some = store.find_open(connection, {row.cluster for row in inside} | chosen_for)
    return some, _views_of(connection, candidate, [named.rules for named in some], inside, standing, against)


def _about(candidate: PersonId) -> tuple[_Asked, _Asked, _Asked]:
    """What has to be looked up of somebody, whatever he looks at."""
    return (
        _INSIDE_OF.question(list, me=candidate),
        _STANDING_OF.question(list, me=candidate),
        _AGAINST.question(list, them=[candidate]),
    )


def _views_of(
    connection: Connection,
    candidate: PersonId,
    clusters: Sequence[Cluster],
    inside: _Rows,
    standing: _Rows,
    against: _Rows,
) -> dict[ClusterId, View]:
    found = _put_together(connection, clusters, [candidate], inside, standing, against)
    return {one.id: found.view(one, candidate) for one in clusters}


def audience(connection: Connection, one: Cluster) -> frozenset[PersonId]:
    """Everybody who has a card of a cluster or could have one now."""
    holders = select(card.c.person).where(card.c.cluster == one.id)
    if not one.takes_people:
        return frozenset(PersonId(each) for each in connection.execute(holders).scalars())
    near = (
        select(friendship.c.friend)
        .join(stay, and_(stay.c.person == friendship.c.person, stay.c.cluster == one.id))
        .where(stay.c.left_at.is_(None), _shows())
    )
    listed = (
        select(friend_list_member.c.person)
        .join(cluster_list, cluster_list.c.list == friend_list_member.c.list)
        .where(cluster_list.c.cluster == one.id)
    )
    found = connection.execute(holders.union(near, listed)).scalars()
    return frozenset(PersonId(each) for each in found) | one.named


@dataclass(frozen=True, slots=True)
class _Found:
    """All that was looked up, to be put together into views."""

    standing: set[tuple[ClusterId, PersonId, str]]
    inside: Mapping[tuple[ClusterId, PersonId], Sequence[Any]]
    blocks: Pairs
    mutes: Pairs
    listed: Pairs = field(default_factory=set)

    def view(self, one: Cluster, candidate: PersonId) -> View:
        return View(
            candidate=candidate,
            friends_inside=tuple(self._friend(row, candidate) for row in self.inside.get((one.id, candidate), ())),
            is_member=(one.id, candidate, _MEMBER) in self.standing,
            seat_kept=(one.id, candidate, _INVITED) in self.standing,
            banned=(one.id, candidate, _BANNED) in self.standing,
            blocked=(candidate, one.initiator) in self.blocks,
            on_list=any((list, candidate) in self.listed for list in one.reach.lists),
            muted=(one.id, candidate, _HIDDEN) in self.standing
            or (one.reach.mode in (Mode.CLOSED, Mode.LIST) and (candidate, one.initiator) in self.mutes),
        )

    def _friend(self, row: Any, candidate: PersonId) -> FriendInside:
        return FriendInside(
            person=row.person,
            hop=row.hop,
            exposure=Exposure.LOUD,
            friends_since=row.since,
            came_at=row.joined_at,
            new_friends_see_old=bool(row.new_friends_see_old),
            hidden=row.exposed_to is not None and (row.exposed_to, candidate) not in self.listed,
            blocked=(candidate, row.person) in self.blocks,
            muted=(candidate, row.person) in self.mutes,
        )


def _put_together(
    connection: Connection,
    clusters: Sequence[Cluster],
    candidates: Sequence[PersonId],
    rows: _Rows,
    standing: _Rows,
    against: _Rows,
) -> _Found:
    ids, wanted = {one.id for one in clusters}, set(candidates)
    inside: defaultdict[tuple[ClusterId, PersonId], list[Any]] = defaultdict(list)
    lists: set[ListId] = set().union(*(one.reach.lists for one in clusters))
    for row in rows:
        if row.cluster in ids and row.candidate in wanted:
            inside[row.cluster, row.candidate].append(row)
            if row.exposed_to is not None:
                lists.add(row.exposed_to)
    return _Found(
        standing=set(standing),
        inside=inside,
        blocks={(one, other) for what, one, other in against if what == _BLOCK},
        mutes={(one, other) for what, one, other in against if what == _MUTE},
        listed=_on_lists(connection, lists, candidates),
    )


def _on_lists(connection: Connection, lists: Collection[ListId], candidates: Sequence[PersonId]) -> Pairs:
    if not lists:
        return set()
    return set(_LISTED.all(connection, lists=sorted(lists), them=list(candidates)))
