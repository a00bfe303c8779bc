"""One cluster in a made-up town, from its beginning until nobody else comes.

Who sees it, who may step in, how far away he then is, and when it is his turn is asked of `clusters.rules` and
`clusters.growth`, as the bridge asks, and of as few people: who comes changes the sight of his own friends alone. Made
up is only what people do.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import IntEnum
from random import Random

from laiwang_bridge.clusters import growth, rules
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.reach import Reach
from laiwang_bridge.clusters.rules import Cluster, ClusterId, FriendInside, Lifecycle, Recheck, Stay, View
from laiwang_bridge.people.rules import Exposure, PersonId
from laiwang_bridge.simulation.graph import Town

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What people do.

    `chance`: that somebody steps in for the first friend whom his card names. The second adds half of it, the third a
    third, and so on: more friends move people more, but each by less (Backstrom and others, "Group formation in large
    social networks", 2006). `loud`: the share of those stepping in whose friends may see it. `hours`: from a change of
    a card until its person looks at it, on average.
    """

    chance: float
    loud: float
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one cluster. `shown` counts whoever ever had a card of it, `joins` those who came after the
    initiator. `loud_days`: for all loud members together, the days from their coming until the last card was looked at
    or the cluster was full. `days`: until the last one came."""

    members: int
    shown: int
    hit_cap: bool
    joins: int
    loud_days: float
    days: float


class _Step(IntEnum):
    LOOK = 0
    TURN = 1


class Growth:
    """A cluster that grows; `run` plays it to the end."""

    def __init__(
        self, town: Town, initiator: PersonId, reach: Reach, cap: int | None, habits: Habits, seed: str, pace: Pace
    ) -> None:
        self.town = town
        self.cluster = Cluster(
            id=ClusterId("simulated"),
            initiator=initiator,
            reach=reach,
            cap=cap,
            lifecycle=Lifecycle.OPEN,
            created_at=0,
            seats_taken=0,
        )
        self.stays: dict[PersonId, Stay] = {}
        self.cards: set[PersonId] = set()
        """Who may step in and knows it, now."""
        self.shown: set[PersonId] = set()
        """Who ever had a card."""
        self._habits = habits
        self._chance = Random(seed)
        self._pace = pace
        self._friends_inside: defaultdict[PersonId, list[FriendInside]] = defaultdict(list)
        self._looks: defaultdict[PersonId, int] = defaultdict(int)
        self._queue: set[PersonId] = set()
        self._let_in = 0
        self._drains_at = 0
        self._coming: list[tuple[int, _Step, PersonId]] = []
        self._now = 0
        self._hit_cap = False

    def run(self) -> Outcome:
        self._stay(rules.first_stay(self.cluster, Exposure.LOUD))
        while self._coming and not self._hit_cap:  # nobody leaves, so what is full stays full
            self._now, step, person = heapq.heappop(self._coming)
            if step is _Step.LOOK:
                self._look(person)
            else:
                self._queue.discard(person)
                self._enter(person)
        return self._outcome()

    def view(self, person: PersonId) -> View:
        """What the rules need to know about somebody."""
        return View(
            candidate=person,
            friends_inside=tuple(self._friends_inside.get(person, ())),
            is_member=person in self.stays,
        )

    # What people do.

    def _look(self, person: PersonId) -> None:
        """Somebody looks at his card, which names one friend more than before."""
        self._looks[person] += 1
        chance = self._habits.chance / self._looks[person]
        if person in self.cards and person not in self._queue and self._chance.random() < chance:
            self._knock(person)

    def _knock(self, person: PersonId) -> None:
        place = growth.admission(self._pace, self._let_in, self._drains_at, self._now)
        self._let_in, self._drains_at = self._let_in + 1, place.drains_at
        if place.at > self._now:
            self._queue.add(person)
            self._expect(place.at, _Step.TURN, person)
        else:
            self._enter(person)

    def _enter(self, person: PersonId) -> None:
        exposure = Exposure.LOUD if self._chance.random() < self._habits.loud else Exposure.QUIET
        answer = rules.enter(self.cluster, self.view(person), None, exposure, self._now)
        if isinstance(answer, Stay):
            self._stay(answer)

    # What follows from it.

    def _stay(self, stay: Stay) -> None:
        before, person = self.cluster, stay.person
        self.stays[person] = stay
        self.cluster = replace(before, seats_taken=len(self.stays))
        self._hit_cap = self.cluster.full
        inside = FriendInside(person=person, hop=stay.hop, exposure=stay.exposure, friends_since=0)
        for friend in self.town.friends_of(person):
            self._friends_inside[friend].append(inside)
        self._recheck(rules.after_stay(before, self.cluster, person), inside)

    def _recheck(self, change: Recheck, newcomer: FriendInside) -> None:
        # In order, because chance is asked along the way.
        for person in sorted(change.people(self.town.friends_of, lambda: self.cards)):
            if change.whole or person == newcomer.person:
                self._decide(person)
            elif newcomer.exposure is Exposure.LOUD:
                self._tell(person, newcomer)

    def _tell(self, person: PersonId, newcomer: FriendInside) -> None:
        """A friend of the newcomer's. While nobody leaves, all that can be new to him comes through the newcomer."""
        if person in self.cards:
            self._will_look(person)
        elif person not in self.stays and rules.deserves_card(
            self.cluster, View(candidate=person, friends_inside=(newcomer,))
        ):
            self._decide(person)

    def _decide(self, person: PersonId) -> None:
        """Give somebody a card or take it away, as he may see now."""
        view = self.view(person)
        if not rules.deserves_card(self.cluster, view):
            self.cards.discard(person)
            return
        self.cards.add(person)
        self.shown.add(person)
        for _ in rules.shown_friends(self.cluster, view):
            self._will_look(person)

    def _will_look(self, person: PersonId) -> None:
        delay = self._chance.expovariate(1 / (self._habits.hours * HOUR))
        self._expect(self._now + round(delay), _Step.LOOK, person)

    def _expect(self, at: int, step: _Step, person: PersonId) -> None:
        heapq.heappush(self._coming, (at, step, person))

    def _outcome(self) -> Outcome:
        came = [stay.joined_at for stay in self.stays.values()]
        loud = [self._now - stay.joined_at for stay in self.stays.values() if stay.loud]
        return Outcome(
            members=len(self.stays),
            shown=len(self.shown),
            hit_cap=self._hit_cap,
            joins=len(self.stays) - 1,
            loud_days=sum(loud) / DAY,
            days=max(came) / DAY,
        )
