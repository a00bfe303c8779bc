"""How a cluster spreads: what people were shown of it stays true, and who newly sees it learns of it in due time.

A change concerns the friends of whoever made it, and costs a few statements for all of them together. Nobody is written
to because others may see more now: that waits for his digest. Only what is urgent is brought at once, in steps of its
own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, rules, sight, stay_store, store
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.faces import Face, face, own_face, state_of
from laiwang_bridge.clusters.feed import look_at
from laiwang_bridge.clusters.pages import Pages
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle, Recheck
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.rules import ListId, PersonId

_GO_ON = "clusters.spread"
_BRING = "clusters.bring"
_AT_ONCE = 1000
_BROUGHT_AT_ONCE = 20


class Spread:
    """Keeps what was shown true, and asks for digests where there is news.

    `sight_listeners` are told whose sight may be another now, `change_listeners` which cluster is for others, or takes
    people no more or again.
    """

    def __init__(self, pages: Pages, digests: Digests) -> None:
        self._pages = pages
        self._digests = digests
        self.sight_listeners: list[Callable[[Unit, Sequence[PersonId]], None]] = []
        self.change_listeners: list[Callable[[Unit, Named], None]] = []

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_GO_ON, self._go_on)
        routes.on_timer(_BRING, self._bring)

    def recheck(self, unit: Unit, id: ClusterId, change: Recheck, *, without: PersonId | None = None) -> None:
        """Something changed: look again at everybody whose sight of the cluster it can alter.

        Where these are very many, it is done in steps, so that nobody else has to wait for it.
        """
        named = store.find(unit.connection, id)
        if named is not None:
            self.changed(unit, named, change, without=without)

    def changed(self, unit: Unit, named: Named, change: Recheck, *, without: PersonId | None = None) -> None:
        """The same for a cluster as it is now."""
        if change.whole:
            for changed in self.change_listeners:
                changed(unit, named)
        concerned = change.people(
            lambda person: people.friends_of(unit.connection, person),
            lambda: sight.audience(unit.connection, named.rules),
        )
        # The persons themselves see it change, whatever it is to their friends.
        first, *later = _steps(sorted(concerned - {without}), _AT_ONCE) or [[]]
        grows_for = concerned - change.persons if change.grows else frozenset()
        self._look(unit, named, first, grows_for=grows_for)
        for persons in later:
            self._later(
                unit, _GO_ON, named.id, {"persons": persons, "grows_for": sorted(grows_for.intersection(persons))}
            )

    def tie_changed(self, unit: Unit, one: PersonId, another: PersonId) -> None:
        """Two persons became friends, stopped being friends, or one blocked the other."""
        for id in sorted(_clusters_of(unit, one) | _clusters_of(unit, another)):
            self.recheck(unit, id, rules.after_tie(one, another))

    def list_changed(self, unit: Unit, list: ListId, persons: Iterable[PersonId]) -> None:
        """These persons were put on a list, or are on it no more."""
        for id in store.clusters_for_list(unit.connection, list):
            self.recheck(unit, id, Recheck(persons=frozenset(persons)))

    def call(self, unit: Unit, named: Named, caller: PersonId, called: PersonId) -> None:
        """A member calls a friend of his in: if that friend may see the cluster, he learns of it now.

        The member is told nothing of what became of it.
        """
        tie = people.tie(unit.connection, called, caller)
        if tie.friends and not (tie.i_blocked or tie.blocked_me or people.is_muted(unit.connection, called, caller)):
            self._urge(unit, named, [called])

    def offer(self, unit: Unit, named: Named, persons: Sequence[PersonId]) -> None:
        """Show it at once to those of these who may see it: they wait for something like it."""
        self._urge(unit, named, persons)

    def mute(self, unit: Unit, named: Named, card: Card) -> None:
        """The person of this card wants to see no more of the cluster."""
        card_store.change_state(unit.connection, card, CardState.MUTED)
        self._look(unit, named, [card.person])

    def unmute(self, unit: Unit, named: Named, card: Card) -> None:
        """He does again, and the card says how it stands by now."""
        card_store.change_state(unit.connection, card, CardState.GONE)
        self._look(unit, named, [card.person])

    # -- small things -----------------------------------------------------------------------------------------------

    def _look(
        self, unit: Unit, named: Named, persons: Sequence[PersonId], *, grows_for: Collection[PersonId] = frozenset()
    ) -> None:
        """Bring the cards of these persons in line with what they may see now; note for whom it is news.

        Those of `grows_for` see no less than before: they need not be told where their card stands as it did.
        """
        if not persons:
            return
        for look_again in self.sight_listeners:
            look_again(unit, persons)
        connection = unit.connection
        views = sight.views(connection, named.rules, persons)
        cards = card_store.cards_on(connection, named.id, persons)
        inside: dict[PersonId, Card] = {}
        shown: dict[PersonId, tuple[Card, Face]] = {}
        news: list[PersonId] = []
        for person in persons:
            view, card = views[person], cards.get(person)
            state = state_of(named, view, card)
            if card is None and state is CardState.OFFERED:
                news.append(person)
            elif card is None and state is CardState.INSIDE:
                card_store.add_cards(connection, person, [named.id], state, unit.now)
            elif card is not None and state is not None:
                if card.state is not state:
                    card_store.change_state(connection, card, state)
                elif person in grows_for:
                    continue
                if state is CardState.INSIDE:
                    inside[person] = card
                else:
                    shown[person] = card, face(named, view, state)
        stays = stay_store.stays_among(connection, named.id, inside)
        shown |= {person: (card, own_face(stays.get(person))) for person, card in inside.items()}
        self._pages.put_right(unit, named, shown)
        urgent = [person for person in news if rules.is_urgent(named.rules, views[person], unit.now)]
        self._urge(unit, named, urgent)
        self._digests.ask_all(unit, [person for person in news if person not in set(urgent)])

    def _urge(self, unit: Unit, named: Named, persons: Sequence[PersonId]) -> None:
        for some in _steps(persons, _BROUGHT_AT_ONCE):
            self._later(unit, _BRING, named.id, {"persons": some})

    def _later(self, unit: Unit, name: str, id: ClusterId, context: Mapping[str, Any]) -> None:
        unit.at(
            unit.now,
            name,
            key=f"{name}:{unit.key}:{len(unit.timers)}",
            lane=f"spread:{id}",
            context={"cluster": id, **context},
        )

    def _go_on(self, unit: Unit, context: Mapping[str, Any]) -> None:
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        if named is not None:
            persons = self._still_here(unit, context)
            self._look(unit, named, persons, grows_for=frozenset(map(PersonId, context["grows_for"])))

    def _bring(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """Show people what is urgent, by card; in their quiet hours it waits for the digest."""
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        if named is None:
            return
        for person in self._still_here(unit, context):
            if not self._digests.may_ring(unit.connection, person, unit.now):
                self._digests.ask(unit, person)
                continue
            seen = look_at(unit.connection, person, [named], unit.now)
            if seen and seen[0].is_news:
                self._pages.bring(unit, person, seen)

    def _still_here(self, unit: Unit, context: Mapping[str, Any]) -> list[PersonId]:
        """Some may have asked to be forgotten meanwhile."""
        there = people.first_user_ids(context["persons"]).ask(unit.connection)
        return [PersonId(person) for person in context["persons"] if person in there]


def _clusters_of(unit: Unit, person: PersonId) -> set[ClusterId]:
    """Where somebody is inside, and what he began that still takes people."""
    inside = {stay.cluster for stay in stay_store.stays_of(unit.connection, person)}
    started = store.started_by(unit.connection, person)
    return inside | {ClusterId(row.id) for row in started if row.lifecycle == Lifecycle.OPEN}


def _steps(persons: Sequence[PersonId], size: int) -> list[Sequence[PersonId]]:
    return [persons[start : start + size] for start in range(0, len(persons), size)]
