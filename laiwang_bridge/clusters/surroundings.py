"""What those who look after clusters need of the rest of the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mautrix.types import RoomID, UserID

from appservice.bots import Voice
from appservice.homeserver import Homeserver
from appservice.rooms import Rooms
from appservice.unit import Unit
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the life of clusters needs of the rest of the house. `speak` makes the bot speak in a room, `homeserver` is
    for what needs its answer at once."""

    rooms: Rooms
    doors: Doors
    spread: Spread
    lifecycles: Lifecycles
    digests: Digests
    mail: Mail
    bot: UserID
    is_ours: Callable[[UserID], bool]
    speak: Callable[[Unit, RoomID], Voice]
    homeserver: Callable[[], Homeserver]
