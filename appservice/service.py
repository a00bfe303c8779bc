"""A whole application service: server, inbox, dispatch, outbox and courier, put together and kept running.

    service = await ApplicationService.open(settings, database, routes)
    async with service:
        await service.connected()
        ...

Starting never waits for the homeserver: the server listens first, then the homeserver is looked for as long as it
takes. Once it answers, the bot is made and a ping ends any back-off, so that the backlog comes at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice import inbox, instance, outbox, receipts
from appservice.callbacks import Callback
from appservice.catchup import Catchup
from appservice.courier import Courier
from appservice.database import Database
from appservice.delivery import Delivery
from appservice.dispatch import Dispatcher
from appservice.ghosts import Ghosts
from appservice.homeserver import Homeserver, HomeserverAway, HomeserverError
from appservice.inbox import Inbox
from appservice.listener import Address
from appservice.metrics import Metrics, Queue
from appservice.reachability import Reachability
from appservice.readiness import Check, Readiness
from appservice.registration import Registration
from appservice.routes import Routes
from appservice.server import Limits, Server
from appservice.thirdparty import ThirdParty

log = logging.getLogger(__name__)

_DAY = 24 * 3_600_000
_KEEP_IDS_FOR = 30 * _DAY
"""How long a repetition is recognised. Synapse may keep a transaction that it could not finish until we restart."""
_KEEP_EVENTS_FOR = 366 * _DAY
"""How long our own messages can still be edited and their buttons used."""
_HOUSEKEEPING_SECONDS = 3600.0
_LONGEST_PAUSE = 30.0
_STUCK_SECONDS = 60.0
_SHARED_POLL_SECONDS = 1.0
_IDLE_CONNECTION_SECONDS = 100.0
"""A connection that is closed after less was not closed for being idle (Synapse: after two minutes)."""


def milliseconds() -> int:
    """The time now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`address` is the homeserver's client-server API, `listen` where the homeserver reaches us, `name` what we call
    ourselves there. `further_bots` are users of ours that people talk to as they do to `bot`."""

    registration: Registration
    address: str
    domain: str
    listen: Address
    name: str = "appservice"
    metrics_listen: Address | None = None
    metrics: bool = False
    rooms_in_parallel: int = 30
    handlers_in_parallel: int = 8
    timeout_seconds: float = 60.0
    limits: Limits = field(default_factory=Limits)
    further_bots: tuple[UserID, ...] = ()

    @property
    def bot(self) -> UserID:
        return UserID(f"@{self.registration.sender_localpart}:{self.domain}")


class ApplicationService:
    """Runs while it is entered. Collaborators are public: `homeserver`, `ghosts`, `dispatcher`, `courier`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        routes: Routes,
        *,
        secret: bytes,
        third_party: ThirdParty | None = None,
        callbacks: Sequence[Callback] = (),
        clock: Callable[[], int] = milliseconds,
    ) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.homeserver = Homeserver(
            settings.address,
            settings.domain,
            settings.registration.as_token,
            timeout_seconds=settings.timeout_seconds,
            connections=settings.rooms_in_parallel + 8,
            user_agent=settings.name,
        )
        self.reachability = Reachability(self.homeserver, clock, on_lost=lambda: self.catchup.suspect())
        self.ghosts = Ghosts(database, self.homeserver, clock, device_name=settings.name)
        poll = None if database.is_sqlite else _SHARED_POLL_SECONDS
        self.dispatcher = Dispatcher(
            database,
            routes,
            wake_outbox=lambda lane: self.courier.wake(lane),
            secret=secret,
            clock=clock,
            workers=settings.handlers_in_parallel,
            poll_seconds=poll,
        )
        self.courier = Courier(
            database,
            Delivery(self.homeserver, self.ghosts, database, settings.bot, routes.work, settings.further_bots),
            self.reachability,
            wake_inbox=self.dispatcher.wake,
            instance=secret,
            clock=clock,
            at_once=settings.rooms_in_parallel,
            shared=not database.is_sqlite,
            poll_seconds=poll,
        )
        self.catchup = Catchup(
            database,
            self.homeserver,
            self.ghosts,
            settings.bot,
            Inbox(database, self.dispatcher.wake, clock),
            clock,
            settings.further_bots,
        )
        self.metrics = Metrics(self.queues) if settings.metrics else None
        self.server = Server(
            settings.listen,
            settings.registration.hs_token,
            self.catchup,
            user_query=self._knows_user,
            third_party=third_party,
            on_gone=self._connection_lost,
            probe=self.readiness,
            metrics=self.metrics,
            metrics_address=settings.metrics_listen,
            limits=settings.limits,
            callbacks=callbacks,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()
        self._obstacle = "the homeserver has not been reached yet"

    @classmethod
    async def open(
        cls,
        settings: Settings,
        database: Database,
        routes: Routes,
        *,
        third_party: ThirdParty | None = None,
    ) -> Self:
        """Build a service on a database whose tables exist."""
        secret = await database.write(lambda connection: instance.secret(connection, "unit"))
        return cls(settings, database, routes, secret=secret, third_party=third_party)

    async def __aenter__(self) -> Self:
        await self.catchup.start()
        await self.server.__aenter__()
        try:
            await self.dispatcher.start()
            await self.courier.start()
        except BaseException:
            await self.server.__aexit__(None, None, None)
            await self.catchup.close()
            raise
        self._tasks = [asyncio.create_task(self._connect()), asyncio.create_task(self._keep_house())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.__aexit__(kind, error, traceback)
        await self.catchup.close()
        await self.dispatcher.close()
        await self.courier.close()
        await self.reachability.close()
        await self.homeserver.close()

    def _connection_lost(self, idle_seconds: float) -> None:
        if idle_seconds < _IDLE_CONNECTION_SECONDS:
            self.catchup.suspect()

    async def connected(self) -> None:
        """Returns once the homeserver has been reached and has reached us."""
        await self._connected.wait()

    async def settled(self) -> bool:
        """Whether nothing is waiting to be handled or sent."""
        return await self.database.read(_is_settled)

    def wake(self, lane: str) -> None:
        """Work may have been put in this lane from outside of a handler."""
        self.dispatcher.wake(lane)
        self.courier.wake(lane)

    async def queues(self) -> Mapping[str, Queue]:
        """The inbox and the outbox as they are now."""
        arrived, leaving = await self.database.read(
            lambda connection: (inbox.backlog(connection), outbox.backlog(connection))
        )
        now = self.clock()
        return {
            "inbox": Queue(arrived.waiting, _age(arrived.oldest_at, now), arrived.dead + arrived.aside),
            "outbox": Queue(leaving.waiting, _age(leaving.oldest_at, now), leaving.dead),
        }

    async def readiness(self) -> Readiness:
        """Whether everything works: the database, the way to the homeserver and back, and nothing is stuck."""
        queues = await self.queues()
        checks = [Check("database", True, "answers"), self._homeserver_check()]
        for name, queue in queues.items():
            moving = queue.oldest_seconds < _STUCK_SECONDS
            reason = f"{queue.waiting} waiting" if moving else f"{queue.waiting} waiting, the oldest for too long"
            checks.append(Check(name, moving, reason, queue.oldest_seconds))
        return Readiness(tuple(checks))

    def _homeserver_check(self) -> Check:
        if not self._connected.is_set():
            return Check("homeserver", False, self._obstacle)
        if self.reachability.reason is not None:
            return Check("homeserver", False, f"does not answer: {self.reachability.reason}")
        contacts = [at for at in (self.reachability.last_contact_at, self.server.last_contact_at) if at is not None]
        return Check("homeserver", True, "answers", _age(max(contacts), self.clock()) if contacts else None)

    async def _knows_user(self, user: UserID) -> bool:
        """The homeserver asks for a user of our namespace that it does not have."""
        if user not in (self.settings.bot, *self.settings.further_bots):
            return False
        await self.ghosts.ensure(user)
        return True

    async def _connect(self) -> None:
        """Reach the homeserver, become the bot, and have the homeserver reach us; for as long as it takes."""
        pause = 0.25
        while True:
            try:
                await self.homeserver.versions()
                await self.ghosts.ensure(self.settings.bot)
                await self.homeserver.ping(self.settings.registration.id, f"start-{self.clock()}")
            except HomeserverAway as error:
                self._note_obstacle(f"the homeserver does not answer at {self.settings.address}: {error}")
            except HomeserverError as error:
                self._note_obstacle(f"the homeserver answers {error}; look at the registration and its tokens")
            except Exception as error:
                log.exception("starting up stumbled")
                self._obstacle = f"{type(error).__name__}: {error}"
            else:
                log.info("connected with %s as %s", self.settings.address, self.settings.bot)
                await self._become_further_bots()
                self.reachability.seen()
                self._connected.set()
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _become_further_bots(self) -> None:
        """What the homeserver was not told of in the registration does without."""
        for bot in self.settings.further_bots:
            try:
                await self.ghosts.ensure(bot)
            except (HomeserverError, HomeserverAway) as error:
                log.error("there is no %s, look at the registration: %s", bot, error)

    def _note_obstacle(self, obstacle: str) -> None:
        if obstacle != self._obstacle:
            log.warning("%s; trying again", obstacle)
        self._obstacle = obstacle

    async def _keep_house(self) -> None:
        while True:
            now = self.clock()

            def tidy(connection: Connection, now: int = now) -> None:
                inbox.forget_before(connection, now - _KEEP_IDS_FOR)
                receipts.forget_before(connection, now)
                outbox.forget_before(connection, now - _KEEP_IDS_FOR, now - _KEEP_EVENTS_FOR)

            try:
                await self.database.write(tidy)
            except Exception:
                log.exception("housekeeping failed")
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)


def _is_settled(connection: Connection) -> bool:
    return not (inbox.waiting_lanes(connection) or outbox.waiting_lanes(connection))


def _age(since: int | None, now: int) -> float:
    return 0.0 if since is None else max(now - since, 0) / 1000
