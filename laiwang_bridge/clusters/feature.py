"""Everything about clusters, put together: one line here for each part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Context, Voice
from appservice.homeserver import Homeserver
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, clubs, drafts, order_store, pass_store, record, space_store, talk
from laiwang_bridge.clusters.bot import PREFIXES, ClusterBot
from laiwang_bridge.clusters.changes import Changes
from laiwang_bridge.clusters.digest import ClusterDigest
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.exposures import Exposures
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.living import Living
from laiwang_bridge.clusters.opening import Opening
from laiwang_bridge.clusters.order_bot import NoteOperators
from laiwang_bridge.clusters.ordering import Ordering
from laiwang_bridge.clusters.pages import Pages
from laiwang_bridge.clusters.reach import Reach
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.starting import Starting
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.talk import Talk
from laiwang_bridge.clusters.ways import FurtherWays
from laiwang_bridge.clusters.ways_bot import Commands as WaysCommands
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.requests import Requests
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.ties import Export, Ties

_KEEP_PASSES_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What clusters need of the rest of the house. `mute` is the command for a friend, `operators_prefixes` begin the
    commands of operators, and `note` tells them something."""

    rooms: Rooms
    names: Names
    mail: Mail
    digests: Digests
    requests: Requests
    bot: UserID
    is_ours: Callable[[UserID], bool]
    speak: Callable[[Unit, RoomID], Voice]
    homeserver: Callable[[], Homeserver]
    mute: Callable[[Context, str], None]
    note: NoteOperators
    operators_prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the admin has chosen: the usual reach, how many people a cluster may hold and how many days it may be
    silent, how fast it may grow (None: as usual), and how the aliases of rooms and of Spaces begin."""

    usual: Reach
    cap: int
    idle_days: int
    pace: Pace | None
    room_prefix: str
    space_prefix: str
    domain: str


class Clusters:
    """The rooms of the house that are about clusters. `routers` are what the bot answers."""

    def __init__(self, house: House, wishes: Wishes) -> None:
        rooms, mail, bot = house.rooms, house.mail, house.bot
        pages = Pages(house.names, mail, house.digests)
        self._spread = spread = Spread(pages, house.digests)
        house.digests.listeners.append(ClusterDigest(pages))
        exposures = Exposures(mail)
        self._doors = doors = Doors(spread, exposures, mail, rooms, bot, house.is_ours, wishes.pace)
        self.lifecycles = Lifecycles(rooms, doors, spread, bot)
        around = Surroundings(
            rooms=rooms,
            doors=doors,
            spread=spread,
            lifecycles=self.lifecycles,
            digests=house.digests,
            mail=mail,
            bot=bot,
            is_ours=house.is_ours,
            speak=house.speak,
            homeserver=house.homeserver,
        )
        self._living = living = Living(
            PREFIXES,
            around,
            idle_days=wishes.idle_days,
            cap=wishes.cap,
            alias_prefix=wishes.space_prefix,
            domain=wishes.domain,
        )
        self._opening = opening = Opening(
            rooms, mail, bot, living.opened, alias_prefix=wishes.room_prefix, cap=wishes.cap
        )
        living.opens_with(opening)
        clusters = ClusterBot(doors, spread, pages, house.names, exposures, house.mute)
        self._starting = Starting(
            PREFIXES,
            opening,
            Changes(spread, mail, bot),
            rooms,
            house.names,
            mail,
            bot,
            usual=wishes.usual,
            show_list=clusters.list,
        )
        self._further = further = FurtherWays(
            PREFIXES,
            spread,
            self.lifecycles,
            doors,
            rooms,
            mail,
            bot,
            house.is_ours,
            WaysCommands(list=clusters.list, join=clusters.join),
            alias_prefix=f"{wishes.space_prefix}space_",
            porch_prefix=wishes.room_prefix,
            domain=wishes.domain,
        )
        clusters.links_lead_in_by(further.enter)
        opening.listeners.append(further.opened)
        house.requests.also_taken_by(further.passes.take)
        self._ordering = Ordering(
            PREFIXES, house.operators_prefixes, around, house.note, leave=clusters.leave, quiet=clusters.quiet
        )
        self._talk = Talk(bot)
        self.routers = (
            self._starting.router,
            clusters.router,
            *living.routers,
            *self._ordering.routers,
            further.router,
        )
        self.exports: dict[str, Export] = {
            "clusters": record.export,
            "clubs": clubs.export,
            "cards": card_store.export,
            "drafts": drafts.export,
            "space": space_store.export,
            "passes": pass_store.export,
            "order": order_store.export,
        }

    def listen_to(self, ties: Ties) -> None:
        """Who is whose friend, and on whose list, decides who sees what."""
        ties.changed.extend((self._spread.tie_changed, self._doors.tie_changed, self._ordering.tie_changed))
        ties.lists.append(self._spread.list_changed)

    def add_to(self, routes: Routes) -> None:
        self._spread.add_to(routes)
        self._talk.add_to(routes)
        self._doors.add_to(routes)
        self._opening.add_to(routes)
        self._living.add_to(routes)
        self._ordering.add_to(routes)
        self._starting.add_to(routes)
        self._further.add_to(routes)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced by another."""
        self._living.moved(unit, old, new)
        self._further.moved(unit, old, new)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
        self._doors.person_leaves(unit, person)
        self._starting.person_leaves(unit, person)
        self._further.person_leaves(unit, person)

    def forget_old(self, connection: Connection, now: int) -> None:
        """Forget what nobody asks for any more."""
        talk.forget_old(connection, now)
        pass_store.forget_old(connection, now - _KEEP_PASSES_MS)
