"""All that looks after clusters once they are open, put together."""

from __future__ import annotations

from mautrix.types import RoomID

from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters.ageing import Ageing
from laiwang_bridge.clusters.archiving import Archiving
from laiwang_bridge.clusters.budding import Budding
from laiwang_bridge.clusters.choosing import Choice
from laiwang_bridge.clusters.clubs import Clubs
from laiwang_bridge.clusters.lapsing import Lapsing
from laiwang_bridge.clusters.life_bot import LifeBot
from laiwang_bridge.clusters.opening import Opening
from laiwang_bridge.clusters.pins import Pins
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.upgrading import Upgrading
from laiwang_bridge.clusters.watch import Watch


class Living:
    """`idle_days` and `cap` are the operator's limits, `alias_prefix` begins the aliases of Spaces."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        around: Surroundings,
        *,
        idle_days: int,
        cap: int,
        alias_prefix: str,
        domain: str,
    ) -> None:
        self._doors = around.doors
        self._ageing = Ageing(around.lifecycles, around.speak, idle_days=idle_days)
        watch = Watch(around)
        choice = Choice(around.rooms)
        self._budding = Budding(prefixes, around, choice, domain=domain)
        self._clubs = Clubs(prefixes, around, choice, alias_prefix=alias_prefix, domain=domain)
        self._archiving = Archiving(prefixes, around, choice)
        self._pins = Pins(prefixes, around, choice)
        self._upgrading = Upgrading(prefixes, around, choice, self._pins)
        life = LifeBot(
            prefixes,
            around,
            choice,
            self._ageing,
            watch,
            bud=self._budding.bud,
            archive=self._archiving.archive,
            cap=cap,
        )
        self._lapsing = Lapsing(around.doors)
        around.doors.watchers.extend((watch.seats_changed, self._lapsing.seats_changed))
        around.lifecycles.listeners.append(self._lapsing.seats_changed)
        self.routers = (
            life.router,
            self._budding.router,
            self._clubs.router,
            self._archiving.router,
            self._pins.router,
            self._upgrading.router,
        )

    def opens_with(self, opening: Opening) -> None:
        """Clusters are begun so."""
        self._budding.opens_with(opening)

    def add_to(self, routes: Routes) -> None:
        self._ageing.add_to(routes)
        self._lapsing.add_to(routes)
        self._clubs.add_to(routes)
        self._archiving.add_to(routes)
        self._pins.add_to(routes)
        self._upgrading.add_to(routes)

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there."""
        self._doors.opened(unit, id)
        self._ageing.opened(unit, id)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        self._doors.moved(unit, old, new)
        self._upgrading.moved(unit, old, new)
        self._clubs.moved(unit, old, new)
