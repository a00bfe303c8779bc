"""What a person's digest says of clusters: the best of those that he may see and was never shown."""

from __future__ import annotations

from appservice.unit import Unit
from laiwang_bridge.clusters.feed import feed
from laiwang_bridge.clusters.pages import Pages
from laiwang_bridge.people.rules import PersonId

_BEST = 5


class ClusterDigest:
    """A listener of `people.digests.Digests`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __call__(self, unit: Unit, person: PersonId) -> None:
        """Bring what waits, if anything still does: one message, however much it is."""
        news = [seen for seen in feed(unit.connection, person, unit.now) if seen.is_news]
        if news:
            self._pages.bring(unit, person, news[:_BEST], more=len(news[_BEST:]))
