"""All that looks after clusters once they are open, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mautrix.types import RoomID, UserID

from appservice.bots import Voice
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters.ageing import Ageing
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.life_bot import LifeBot
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.watch import Watch
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the life of clusters needs of the rest of the house. `speak` makes the bot speak in a room."""

    rooms: Rooms
    doors: Doors
    spread: Spread
    lifecycles: Lifecycles
    digests: Digests
    mail: Mail
    bot: UserID
    is_ours: Callable[[UserID], bool]
    speak: Callable[[Unit, RoomID], Voice]


class Living:
    """`idle_days` and `cap` are the operator's limits."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, *, idle_days: int, cap: int) -> None:
        self._doors = around.doors
        self._ageing = Ageing(around.lifecycles, around.speak, idle_days=idle_days)
        watch = Watch(around.rooms, around.mail, around.is_ours)
        around.doors.watchers.append(watch.seats_changed)
        self._life = LifeBot(
            prefixes,
            around.lifecycles,
            self._ageing,
            watch,
            around.spread,
            around.rooms,
            around.digests,
            around.mail,
            cap=cap,
        )
        self.routers = (self._life.router,)

    def add_to(self, routes: Routes) -> None:
        self._ageing.add_to(routes)

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there."""
        self._doors.opened(unit, id)
        self._ageing.opened(unit, id)
