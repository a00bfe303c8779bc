"""What somebody's friends are talking about: the clusters that he may be shown now, the best first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from appservice.prepared import together
from laiwang_bridge.clusters import card_store, cards, rules, sight, talk
from laiwang_bridge.clusters.card_store import Card
from laiwang_bridge.clusters.cards import Rank
from laiwang_bridge.clusters.rules import ClusterId, View
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.rules import PersonId


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster as one person sees it. `messages`: in the last 24 hours. `card` is None if he was never shown it."""

    named: Named
    view: View
    friends: tuple[PersonId, ...]
    messages: int
    card: Card | None
    rank: Rank

    @property
    def is_news(self) -> bool:
        """Whether no message has brought it yet, and he has not been inside."""
        return self.card is None

    @property
    def order(self) -> tuple[float, int, ClusterId]:
        """Sorts the best first; of equals the newer."""
        return -self.rank.score, -self.named.rules.created_at, self.named.id


def feed(connection: Connection, person: PersonId, now: int) -> list[Seen]:
    """All that may be shown to a person now, the best first. The number of statements does not depend on how many."""
    some, views = sight.around(connection, person)
    return _best_first(connection, person, some, views, now)


def look_at(connection: Connection, person: PersonId, some: Sequence[Named], now: int) -> list[Seen]:
    """Those of some clusters that may be shown to a person, the best first."""
    views = sight.views_of(connection, person, [named.rules for named in some])
    return _best_first(connection, person, some, views, now)


def _best_first(
    connection: Connection, person: PersonId, some: Sequence[Named], views: dict[ClusterId, View], now: int
) -> list[Seen]:
    deserving = [named for named in some if rules.deserves_card(named.rules, views[named.id])]
    if not deserving:
        return []
    ids = [named.id for named in deserving]
    messages, known = together(connection, talk.last_day(ids, now), card_store.cards_among(person, ids))
    return rank_all(deserving, views, messages=messages, known=known, now=now)


def rank_all(
    some: Collection[Named],
    views: dict[ClusterId, View],
    *,
    messages: dict[ClusterId, int],
    known: dict[ClusterId, Card],
    now: int,
) -> list[Seen]:
    """Put clusters in order, as each is seen by the person of these views."""
    found = []
    for named in some:
        view, card = views[named.id], known.get(named.id)
        friends = rules.shown_friends(named.rules, view)
        talked = messages.get(named.id, 0)
        age = now - named.rules.created_at
        rank = cards.rank(len(friends), talked, age, card.times_shown if card else 0)
        found.append(Seen(named, view, friends, talked, card, rank))
    return sorted(found, key=lambda seen: seen.order)
