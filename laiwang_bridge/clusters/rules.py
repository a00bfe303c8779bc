"""Who may see a cluster and step in, decided for one person at a time.

A decision needs the cluster and a `View`: what is known about one candidate, above all those members who are his
friends. So it costs as much as there are friends of his inside, and what one person does can only change the sight of
his own friends (`Recheck`). Times are milliseconds since the epoch. Whoever is refused always gets the same sentence,
`NOT_AVAILABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NewType

from appservice.language import Message, _
from laiwang_bridge.clusters.reach import MOST_HOPS, Mode, Reach
from laiwang_bridge.people.rules import Exposure, ListId, PersonId

ClusterId = NewType("ClusterId", str)

NOT_AVAILABLE = _("This cluster is not available.")
KNOCK_ANSWERED = _(
    "Whoever may come in is invited, now or as soon as it is their turn. If you are not, this cluster is not available."
)
"""What everybody is told who knocks, let in or not: others who knock there may be able to read it."""

RUSH, RUSH_MS = 3, 3_600_000
"""So many friends inside so short a time are news that do not wait for the daily digest."""


class Lifecycle(StrEnum):
    """OPENING: its room is still being made. SEALED: the talk goes on, nobody new comes. LOCKED: read only.
    ARCHIVED: over."""

    OPENING = "opening"
    OPEN = "open"
    SEALED = "sealed"
    LOCKED = "locked"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What the rules need of a cluster.

    `cap` None is as many as the homeserver bears. `seats_taken` counts the members and the invitations still out.
    `named` are those whom the initiator of a closed cluster named.
    """

    id: ClusterId
    initiator: PersonId
    reach: Reach
    cap: int | None
    lifecycle: Lifecycle
    created_at: int
    seats_taken: int
    named: frozenset[PersonId] = field(default=frozenset(), repr=False)

    @property
    def full(self) -> bool:
        return self.cap is not None and self.seats_taken >= self.cap

    @property
    def takes_people(self) -> bool:
        return self.lifecycle is Lifecycle.OPEN and not self.full


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One person's time in one cluster. `hop` is how many friendships lie between him and the initiator, by the way he
    came; `sponsors` are those through whom he came. `exposed_to`: loud towards those on this list of his alone."""

    cluster: ClusterId
    person: PersonId
    hop: int
    sponsors: tuple[PersonId, ...]
    exposure: Exposure
    joined_at: int
    left_at: int | None = None
    exposed_to: ListId | None = None

    @property
    def inside(self) -> bool:
        return self.left_at is None

    @property
    def loud(self) -> bool:
        return self.inside and self.exposure is Exposure.LOUD


@dataclass(frozen=True, slots=True, kw_only=True)
class FriendInside:
    """A member who is a friend of the candidate.

    `hidden`: not to be shown to the candidate for a reason of the member's own (he is loud towards a list alone).
    `blocked`: one of the two blocked the other. `muted`: the candidate wants no clusters through this member.
    `new_friends_see_old`: the member's setting. `came_at`: since when he is inside.
    """

    person: PersonId
    hop: int
    exposure: Exposure
    friends_since: int
    came_at: int = 0
    new_friends_see_old: bool = False
    hidden: bool = False
    blocked: bool = False
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that a decision needs to know about one candidate and one cluster.

    `blocked`: a block between the candidate and the initiator, in either direction. `seat_kept`: the candidate has been
    invited and is counted in `seats_taken`. `on_list`: on one of the lists of the reach. `muted`: wants no card of it,
    or none of its initiator if it is closed or for a list.
    """

    candidate: PersonId
    friends_inside: tuple[FriendInside, ...] = ()
    is_member: bool = False
    seat_kept: bool = False
    banned: bool = False
    blocked: bool = False
    on_list: bool = False
    muted: bool = False


class Cause(StrEnum):
    """Why not: for the admin and the log, never for the person."""

    MEMBER = "member"
    NOT_OPEN = "not_open"
    FULL = "full"
    BANNED = "banned"
    BLOCKED = "blocked"
    NOT_NAMED = "not_named"
    NOT_ON_LIST = "not_on_list"
    NOT_A_FRIEND = "not_a_friend"
    NO_SPONSOR = "no_sponsor"
    TOO_FAR = "too_far"
    MUTED_CLUSTER = "muted_cluster"
    MUTED_SPONSORS = "muted_sponsors"


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes, with the sponsors who make it so (none where the reach needs none); or no, with the cause."""

    cause: Cause | None = None
    sponsors: tuple[FriendInside, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.cause is None

    @property
    def sentence(self) -> Message | None:
        """For the person: one and the same for every refusal, None when there is none."""
        return None if self.allowed else NOT_AVAILABLE


def sponsors(cluster: Cluster, view: View) -> tuple[FriendInside, ...]:
    """The loud friends inside whom the candidate may know to be there. A friendship younger than the cluster does not
    show it, unless the member wishes so."""
    return tuple(friend for friend in view.friends_inside if _sponsors(friend, cluster))


def _sponsors(friend: FriendInside, cluster: Cluster) -> bool:
    return (
        friend.exposure is Exposure.LOUD
        and not (friend.hidden or friend.blocked)
        and (friend.friends_since <= cluster.created_at or friend.new_friends_see_old)
    )


def allow(cluster: Cluster, view: View) -> Decision:
    """Whether the candidate may step in at this moment. The initiator may always come back, whatever the reach."""
    gate = _gate(cluster, view)
    if gate is not None:
        return Decision(gate)
    if view.candidate == cluster.initiator:
        return Decision()
    inside = sponsors(cluster, view)
    match cluster.reach.mode:
        case Mode.CLOSED:
            return Decision() if view.candidate in cluster.named else Decision(Cause.NOT_NAMED)
        case Mode.LIST:
            return Decision() if view.on_list else Decision(Cause.NOT_ON_LIST)
        case Mode.OPEN:
            return Decision()
        case _:
            near = _near_enough(cluster, inside)
            return Decision(sponsors=near) if near else Decision(_nobody_near(cluster, inside))


def allow_with_pass(cluster: Cluster, view: View) -> Decision:
    """Whether somebody may step in by a pass of a host: as by an invitation by hand, which asks not for the reach, but
    for all that keeps anybody out."""
    return Decision(_gate(cluster, view))


def _near_enough(cluster: Cluster, inside: tuple[FriendInside, ...]) -> tuple[FriendInside, ...]:
    """Those sponsors who can bring somebody in under the reach of the cluster."""
    if cluster.reach.mode is Mode.FRIENDS:
        # The initiator alone, and only while he is loud: going quiet must hide him here as anywhere.
        return tuple(friend for friend in inside if friend.person == cluster.initiator)
    hops = cluster.reach.hops
    return inside if hops is None else tuple(friend for friend in inside if friend.hop < hops)


def _nobody_near(cluster: Cluster, inside: tuple[FriendInside, ...]) -> Cause:
    if cluster.reach.mode is Mode.FRIENDS:
        return Cause.NOT_A_FRIEND
    return Cause.TOO_FAR if inside else Cause.NO_SPONSOR


def _gate(cluster: Cluster, view: View) -> Cause | None:
    """What keeps anybody out, whatever the reach."""
    if view.is_member:
        return Cause.MEMBER
    if cluster.lifecycle is not Lifecycle.OPEN:
        return Cause.NOT_OPEN
    if view.banned:
        return Cause.BANNED
    if view.blocked:
        return Cause.BLOCKED
    return Cause.FULL if cluster.full and not view.seat_kept else None


def visible(cluster: Cluster, view: View) -> Decision:
    """Whether the candidate may be shown the cluster: he may step in, and has muted neither it nor all his sponsors."""
    decision = allow(cluster, view)
    if not decision.allowed:
        return decision
    if view.muted:
        return Decision(Cause.MUTED_CLUSTER)
    if decision.sponsors and all(friend.muted for friend in decision.sponsors):
        return Decision(Cause.MUTED_SPONSORS)
    return decision


def shown_friends(cluster: Cluster, view: View) -> tuple[PersonId, ...]:
    """Whom a card names to the candidate: his sponsors, nearest first, without those whom he muted."""
    named = sorted((friend.hop, friend.person) for friend in sponsors(cluster, view) if not friend.muted)
    return tuple(person for _, person in named)


def deserves_card(cluster: Cluster, view: View) -> bool:
    """Whether to bring the cluster to the candidate unasked: it is visible, and somebody he knows stands behind it.

    An open cluster without a friend inside is for those who look for it.
    """
    if not visible(cluster, view).allowed or view.candidate == cluster.initiator:
        return False
    return cluster.reach.mode in (Mode.CLOSED, Mode.LIST) or bool(shown_friends(cluster, view))


def is_urgent(cluster: Cluster, view: View, now: int) -> bool:
    """Whether a cluster that deserves a card is brought at once also to somebody who waits for his daily digest: he was
    named for it, or many friends of his came in within an hour."""
    if cluster.reach.mode in (Mode.CLOSED, Mode.LIST):
        return True
    shown = set(shown_friends(cluster, view))
    fresh = [friend for friend in view.friends_inside if friend.person in shown and now - friend.came_at < RUSH_MS]
    return len(fresh) >= RUSH


def hop(cluster: Cluster, view: View) -> int:
    """How far from the initiator somebody is who steps in now. Asks nothing about whether he may.

    Who comes in without a friend (into an open cluster, or at somebody's invitation) is too far to sponsor others under
    any number of hops.
    """
    if view.candidate == cluster.initiator:
        return 0
    if cluster.reach.mode in (Mode.CLOSED, Mode.LIST, Mode.FRIENDS):
        return 1
    return 1 + min((friend.hop for friend in sponsors(cluster, view)), default=MOST_HOPS)


def first_stay(cluster: Cluster, exposure: Exposure) -> Stay:
    """The initiator's own stay, from the moment the cluster is there."""
    return Stay(
        cluster=cluster.id,
        person=cluster.initiator,
        hop=0,
        sponsors=(),
        exposure=exposure,
        joined_at=cluster.created_at,
    )


def enter(cluster: Cluster, view: View, before: Stay | None, exposure: Exposure, now: int) -> Stay | Decision:
    """Step in, if that is allowed now; the refusal otherwise. For `before` see `arrive`."""
    decision = allow(cluster, view)
    return arrive(cluster, view, before, exposure, now) if decision.allowed else decision


def arrive(
    cluster: Cluster,
    view: View,
    before: Stay | None,
    exposure: Exposure,
    now: int,
    *,
    exposed_to: ListId | None = None,
) -> Stay:
    """The stay of somebody who is in the room now, whoever let him in.

    `before` is an earlier stay of the same person here: coming back brings nobody nearer to the initiator than he was.
    """
    through = _near_enough(cluster, sponsors(cluster, view))
    return Stay(
        cluster=cluster.id,
        person=view.candidate,
        hop=max(hop(cluster, view), before.hop if before else 0),
        sponsors=tuple(sorted(friend.person for friend in through)),
        exposure=exposure,
        exposed_to=exposed_to,
        joined_at=now,
    )


def leave(stay: Stay, now: int) -> Stay:
    """Out, by himself or removed. Those whom he brought in stay."""
    return replace(stay, left_at=now) if stay.inside else stay


def expose(stay: Stay, exposure: Exposure, exposed_to: ListId | None = None) -> Stay:
    """Loud (towards one list alone, if `exposed_to` names one) or quiet from now on; nothing for somebody who has
    left."""
    return replace(stay, exposure=exposure, exposed_to=exposed_to) if stay.inside else stay


@dataclass(frozen=True, slots=True)
class Recheck:
    """Whose sight of a cluster a change can alter: these persons, the friends of those, or (`whole`) its audience.

    The audience is everybody who has a card of it or could have one: card holders, friends of loud members, and for
    the reaches closed and list the people named and listed. With `grows`, nobody sees less than before, and no friend
    has to be named less: who has a card of it need not be told.
    """

    persons: frozenset[PersonId] = frozenset()
    friends_of: frozenset[PersonId] = frozenset()
    whole: bool = False
    grows: bool = False

    def people(
        self,
        friends: Callable[[PersonId], Iterable[PersonId]],
        audience: Callable[[], Iterable[PersonId]],
    ) -> frozenset[PersonId]:
        """The persons to decide about anew. Asks for the audience only if it must."""
        near = {other for person in self.friends_of for other in friends(person)}
        return self.persons | near | (frozenset(audience()) if self.whole else frozenset())


def after_stay(before: Cluster, after: Cluster, person: PersonId, *, grows: bool = False) -> Recheck:
    """Somebody was invited, came, left, went loud or quiet: only his friends notice, unless it was the last seat.

    `grows`: he came, or went loud towards all his friends.
    """
    whole = before.takes_people != after.takes_people
    return Recheck(persons=frozenset({person}), friends_of=frozenset({person}), whole=whole, grows=grows)


def after_change(before: Cluster, after: Cluster) -> Recheck:
    """The cluster itself was changed: its reach, cap or lifecycle, or who is named."""
    whole = before.takes_people != after.takes_people or before.reach != after.reach
    return Recheck(persons=before.named ^ after.named, whole=whole)


def after_tie(one: PersonId, another: PersonId) -> Recheck:
    """A friendship, a block or a mute between two persons began or ended. For each cluster that one of them is in, or
    began."""
    return Recheck(persons=frozenset({one, another}))
