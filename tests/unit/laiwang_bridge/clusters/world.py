"""A small world around one cluster: what a store would remember, and the rules said once more in another way."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from laiwang_bridge.clusters.reach import Mode, Reach, default_cap
from laiwang_bridge.clusters.rules import (
    Cluster,
    ClusterId,
    Decision,
    FriendInside,
    Lifecycle,
    Recheck,
    Stay,
    View,
    after_change,
    after_stay,
    after_tie,
    allow,
    deserves_card,
    enter,
    expose,
    first_stay,
    leave,
    visible,
)
from laiwang_bridge.people.rules import Exposure, Pair, PersonId, pair

BORN = 1_000


def new_cluster(reach: Reach, initiator: PersonId, cap: int | None, named: frozenset[PersonId]) -> Cluster:
    return Cluster(
        id=ClusterId("zd_test"),
        initiator=initiator,
        reach=reach,
        cap=cap,
        lifecycle=Lifecycle.OPEN,
        created_at=BORN,
        seats_taken=1,
        named=named,
    )


@dataclass
class World:
    """`cards` is kept up to date step by step, through `Recheck` alone; `looked_at` counts whom that asked about."""

    people: tuple[PersonId, ...]
    cluster: Cluster
    friends: dict[Pair, int] = field(default_factory=dict)
    blocks: set[tuple[PersonId, PersonId]] = field(default_factory=set)
    bans: set[PersonId] = field(default_factory=set)
    mutes: set[tuple[PersonId, PersonId]] = field(default_factory=set)
    muted_cluster: set[PersonId] = field(default_factory=set)
    welcoming: set[PersonId] = field(default_factory=set)
    listed: set[PersonId] = field(default_factory=set)
    stays: dict[PersonId, Stay] = field(default_factory=dict)
    cards: set[PersonId] = field(default_factory=set)
    now: int = BORN
    looked_at: int = 0

    @classmethod
    def of(
        cls,
        size: int,
        reach: Reach,
        friends: Iterable[tuple[int, int]] = (),
        *,
        cap: int | None = -1,
        named: Iterable[int] = (),
        listed: Iterable[int] = (),
    ) -> World:
        """People 1 to `size`, of whom the first opens a cluster, loud; the friendships are older than it."""
        chosen = frozenset(PersonId(person) for person in named)
        initiator = PersonId(1)
        cluster = new_cluster(reach, initiator, default_cap(reach) if cap == -1 else cap, chosen)
        world = cls(tuple(PersonId(number + 1) for number in range(size)), cluster)
        world.friends = {pair(PersonId(one), PersonId(other)): 0 for one, other in friends}
        world.listed = {PersonId(person) for person in listed}
        world.stays[initiator] = first_stay(cluster, Exposure.LOUD)
        world.cards = {person for person in world.people if world.deserves_card(person)}
        return world

    # What the store would answer.

    def friends_of(self, person: PersonId) -> list[PersonId]:
        return [tie.other(person) for tie in self.friends if person in (tie.low, tie.high)]

    def blocked(self, one: PersonId, other: PersonId) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def inside(self) -> list[PersonId]:
        return [stay.person for stay in self.stays.values() if stay.inside]

    def view(self, person: PersonId) -> View:
        self.looked_at += 1
        friends = [other for other in self.friends_of(person) if other in self.stays and self.stays[other].inside]
        return View(
            candidate=person,
            friends_inside=tuple(self._friend_inside(person, other) for other in friends),
            is_member=person in self.inside(),
            banned=person in self.bans,
            blocked=self.blocked(person, self.cluster.initiator),
            on_list=person in self.listed,
            muted=person in self.muted_cluster,
        )

    def _friend_inside(self, person: PersonId, other: PersonId) -> FriendInside:
        stay = self.stays[other]
        return FriendInside(
            person=other,
            hop=stay.hop,
            exposure=stay.exposure,
            friends_since=self.friends[pair(person, other)],
            new_friends_see_old=other in self.welcoming,
            blocked=self.blocked(person, other),
            muted=(person, other) in self.mutes,
        )

    # What the rules say of everybody.

    def allow(self, person: PersonId) -> Decision:
        return allow(self.cluster, self.view(person))

    def visible(self, person: PersonId) -> Decision:
        return visible(self.cluster, self.view(person))

    def deserves_card(self, person: PersonId) -> bool:
        return deserves_card(self.cluster, self.view(person))

    def allowed(self) -> set[PersonId]:
        return {person for person in self.people if self.allow(person).allowed}

    def seers(self) -> set[PersonId]:
        return {person for person in self.people if self.visible(person).allowed}

    # What people do. Every step may be done again without a difference.

    def join(self, person: PersonId, exposure: Exposure = Exposure.LOUD) -> Stay | Decision:
        answer = enter(self.cluster, self.view(person), self.stays.get(person), exposure, self.now)
        if isinstance(answer, Stay):
            self._stay(answer)
        return answer

    def leave(self, person: PersonId) -> None:
        if person in self.stays:
            self._stay(leave(self.stays[person], self.now))

    def expose(self, person: PersonId, exposure: Exposure) -> None:
        if person in self.stays:
            self._stay(expose(self.stays[person], exposure))

    def ban(self, person: PersonId) -> None:
        self.bans.add(person)
        self.leave(person)
        self._recheck(Recheck(persons=frozenset({person})))

    def unban(self, person: PersonId) -> None:
        self.bans.discard(person)
        self._recheck(Recheck(persons=frozenset({person})))

    def befriend(self, one: PersonId, other: PersonId) -> None:
        self.friends.setdefault(pair(one, other), self.now)
        self._recheck(after_tie(one, other))

    def unfriend(self, one: PersonId, other: PersonId) -> None:
        self.friends.pop(pair(one, other), None)
        self._recheck(after_tie(one, other))

    def block(self, one: PersonId, other: PersonId) -> None:
        self.blocks.add((one, other))
        self._recheck(after_tie(one, other))

    def unblock(self, one: PersonId, other: PersonId) -> None:
        self.blocks.discard((one, other))
        self._recheck(after_tie(one, other))

    def mute(self, one: PersonId, other: PersonId) -> None:
        self.mutes.add((one, other))
        self._recheck(after_tie(one, other))

    def unmute(self, one: PersonId, other: PersonId) -> None:
        self.mutes.discard((one, other))
        self._recheck(after_tie(one, other))

    def mute_cluster(self, person: PersonId) -> None:
        self.muted_cluster.add(person)
        self._recheck(Recheck(persons=frozenset({person})))

    def welcome_new_friends(self, person: PersonId) -> None:
        self.welcoming.add(person)
        self._recheck(Recheck(friends_of=frozenset({person})))

    def change(
        self,
        *,
        reach: Reach | None = None,
        lifecycle: Lifecycle | None = None,
        named: frozenset[PersonId] | None = None,
    ) -> None:
        before = self.cluster
        self.cluster = replace(
            before,
            reach=reach or before.reach,
            lifecycle=lifecycle or before.lifecycle,
            named=before.named if named is None else named,
        )
        self._recheck(after_change(before, self.cluster))

    def copy(self) -> World:
        return World(**self._remembered(), now=self.now)

    def snapshot(self) -> object:
        """All that is remembered; equal if and only if nothing changed."""
        return self._remembered()

    def _remembered(self) -> dict[str, Any]:
        return {name: copy.copy(value) for name, value in vars(self).items() if name not in ("looked_at", "now")}

    def _stay(self, stay: Stay) -> None:
        before = self.cluster
        self.stays[stay.person] = stay
        self.cluster = replace(before, seats_taken=len(self.inside()))
        self._recheck(after_stay(before, self.cluster, stay.person))

    def _recheck(self, recheck: Recheck) -> None:
        for person in recheck.people(self.friends_of, self._audience):
            if self.deserves_card(person):
                self.cards.add(person)
            else:
                self.cards.discard(person)

    def _audience(self) -> set[PersonId]:
        loud = [stay.person for stay in self.stays.values() if stay.loud]
        near = {friend for person in loud for friend in self.friends_of(person)}
        return self.cards | near | self.cluster.named | self.listed

    # The rules once more, from the definitions and over everybody.

    def sponsors_by_definition(self, person: PersonId) -> set[PersonId]:
        """Loud friends inside, of old or of their own wish, none blocked, and near enough for the reach."""
        found = set()
        for other in self.people:
            stay = self.stays.get(other)
            if other == person or stay is None or stay.left_at is not None or stay.exposure is not Exposure.LOUD:
                continue
            since = self.friends.get(pair(person, other))
            if since is None or (since > self.cluster.created_at and other not in self.welcoming):
                continue
            if not self.blocked(person, other) and self._near_enough(stay):
                found.add(other)
        return found

    def _near_enough(self, stay: Stay) -> bool:
        if self.cluster.reach.mode is Mode.FRIENDS:
            return stay.person == self.cluster.initiator
        return self.cluster.reach.hops is None or stay.hop < self.cluster.reach.hops

    def allowed_by_definition(self, person: PersonId) -> bool:
        cluster = self.cluster
        if person in self.inside() or person in self.bans or self.blocked(person, cluster.initiator):
            return False
        if cluster.lifecycle is not Lifecycle.OPEN:
            return False
        if cluster.cap is not None and len(self.inside()) >= cluster.cap:
            return False
        if person == cluster.initiator or cluster.reach.mode is Mode.OPEN:
            return True
        if cluster.reach.mode is Mode.CLOSED:
            return person in cluster.named
        if cluster.reach.mode is Mode.LIST:
            return person in self.listed
        return bool(self.sponsors_by_definition(person))

    def visible_by_definition(self, person: PersonId) -> bool:
        if not self.allowed_by_definition(person) or person in self.muted_cluster:
            return False
        if person == self.cluster.initiator or not self.spreads_by_friends:
            return True
        return any((person, other) not in self.mutes for other in self.sponsors_by_definition(person))

    @property
    def spreads_by_friends(self) -> bool:
        return self.cluster.reach.mode in (Mode.FRIENDS, Mode.HOPS, Mode.CHAIN)
