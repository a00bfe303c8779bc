"""The further ways to see and reach clusters, put together: Spaces, the public list, links, porches and passes."""

from __future__ import annotations

from collections.abc import Callable

from mautrix.types import RoomID, UserID

from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.listing import Listing
from laiwang_bridge.clusters.passes import Passes
from laiwang_bridge.clusters.porch import Porches
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.space import Spaces
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.ways_bot import Commands, WaysBot
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId


class FurtherWays:
    """Spaces have aliases that begin with `alias_prefix`, porches such as begin with `porch_prefix`; `domain` is our
    homeserver's."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        spread: Spread,
        lifecycles: Lifecycles,
        doors: Doors,
        rooms: Rooms,
        mail: Mail,
        bot: UserID,
        is_ours: Callable[[UserID], bool],
        commands: Commands,
        *,
        alias_prefix: str,
        porch_prefix: str,
        domain: str,
    ) -> None:
        self.passes = Passes(doors)
        self._spaces = Spaces(rooms, mail, bot, alias_prefix=alias_prefix, domain=domain)
        self._listing = Listing(bot)
        self._porches = Porches(doors, rooms, mail, bot, is_ours, porch_prefix)
        spread.sight_listeners.append(self._spaces.look_again)
        spread.change_listeners.append(self._changed)
        lifecycles.listeners.append(self._changed)
        bot_of_ways = WaysBot(prefixes, self._spaces, self.passes, doors, rooms, mail, domain=domain, commands=commands)
        self.router, self.enter = bot_of_ways.router, bot_of_ways.enter

    def add_to(self, routes: Routes) -> None:
        self._spaces.add_to(routes)
        self._porches.add_to(routes)

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there."""
        self._listing.opened(unit, id)
        self._porches.opened(unit, id)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
        self._spaces.switch_off(unit, person)

    def _changed(self, unit: Unit, named: Named) -> None:
        self._spaces.changed(unit, named)
        self._listing.changed(unit, named)
        self._porches.changed(unit, named)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced, which the doors know by now."""
        self._spaces.moved(unit, old, new)
        self._listing.moved(unit, old, new)
