"""What a homeserver forgot to tell us when it stopped is asked for.

Homeservers keep the events on their way to an application service in memory for a moment: when one is killed, or only
restarted, an event that its sender was told is sent may never be pushed (Synapse: `appservice/scheduler.py` queues
events that `appservice_stream_position` counts as done). So when a homeserver may have stopped, the bot reads the
latest events of its rooms, and the inbox, which knows all events that it has, takes up the others. A room is looked
at before anything new in it is taken, so that its order stays what it was; the others follow by and by.

Synapse also lays an event aside that comes while it ends catching up with us, between its last look for transactions
that were not sent and its note that we are up again: that is pushed when we have been away the next time. So the bot
looks once more a little after a start, and whenever the number of a transaction is missing.

What cannot be had this way: invitations, and rooms in which only ghosts are. Homeservers do not let us `/sync`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mautrix.api import Path
from mautrix.types import UserID
from sqlalchemy import Connection, func, select

from appservice import instance
from appservice.database import Database
from appservice.ghosts import Ghosts
from appservice.homeserver import Homeserver, HomeserverAway, HomeserverError
from appservice.inbox import Inbox, inbox, inbox_transaction
from appservice.sql import among
from appservice.transaction import Transaction

log = logging.getLogger(__name__)

_WHOLE_AT = "catchup.whole_at"
_MARGIN = 3_600_000
"""Milliseconds by which clocks may differ, and pushing be late."""
_OLDEST = 29 * 24 * 3_600_000
"""Milliseconds; the inbox has to know everything since then."""
_HEARTBEAT_SECONDS = 60.0
_GATE_SECONDS = 10.0
_LATEST, _PAGE, _MOST_PAGES = 20, 100, 50
_AT_ONCE = 4
_PAUSE_BETWEEN_QUIET_ROOMS = 0.2
_LOOKS_AGAIN_AFTER_SECONDS = (5.0, 30.0)
_MOST_ELSEWHERE = 1_000
_COUNT_KNOWN = select(func.count()).where(among(inbox_transaction.c.txn_id, "ids"))
_QUIET_ROOMS_EVERY_SECONDS = 3600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0

Json = Mapping[str, Any]


class Catchup:
    """An inbox that takes events of a room only after what was missed there.

    `suspect` says that something may have been missed; so does starting. `found` counts what was.
    """

    def __init__(
        self,
        database: Database,
        homeserver: Homeserver,
        ghosts: Ghosts,
        bot: UserID,
        inbox: Inbox,
        clock: Callable[[], int],
        further_bots: Sequence[UserID] = (),
        looks_again_after: Sequence[float] = _LOOKS_AGAIN_AFTER_SECONDS,
    ) -> None:
        self.found = 0
        self._database = database
        self._homeserver = homeserver
        self._ghosts = ghosts
        self._bots = (bot, *further_bots)
        self._inbox = inbox
        self._clock = clock
        self._since: int | None = None
        """While something may be missing: the moment up to which nothing is, in milliseconds."""
        self._looks_again_after = looks_again_after
        self._looks_again = deque(looks_again_after)
        self._last_number: int | None = None
        self._looked_at: set[str] = set()
        self._suspicions = 0
        self._thorough = True
        self._patient = True
        self._accepted = False
        self._quiet_rooms_from = 0.0
        self._suspected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def whole(self) -> bool:
        """Whether there is nothing left to look at."""
        return self._since is None

    async def start(self) -> None:
        kept = await self._database.read(lambda connection: instance.recall(connection, _WHOLE_AT))
        if kept is None:
            await self._keep()
        else:
            self._since = max(int(kept), self._clock() - _OLDEST) - _MARGIN
            self._suspected.set()
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def suspect(self) -> None:
        """The homeserver may have stopped since we last heard of it."""
        self._looks_again = deque(self._looks_again_after)
        self._look_once_more()

    def _look_once_more(self) -> None:
        self._suspicions += 1
        self._patient = True
        self._looked_at.clear()
        if self._since is None:
            self._since = self._clock() - _MARGIN
        else:
            self._thorough = True
        self._suspected.set()

    async def accept(self, transaction: Transaction) -> None:
        """Return when the transaction, and what was missed before it in its rooms, is durable."""
        await self._count(transaction.txn_id)
        if self._since is not None and self._patient:
            await self._look_before(transaction)
        await self._inbox.accept(transaction)
        self._accepted = True

    async def _count(self, txn_id: str) -> None:
        """Synapse numbers its transactions; other homeservers name them as they like."""
        if not (txn_id.isascii() and txn_id.isdigit()):
            return
        number, last = int(txn_id), self._last_number
        self._last_number = number if last is None else max(number, last)
        if last is not None and number > last + 1 and not await self._are_known(range(last + 1, number)):
            log.info("transaction %d came after %d: looking for what was in between", number, last)
            self.suspect()

    async def _are_known(self, numbers: range) -> bool:
        """Whether all transactions of these numbers came, here or to another process that shares the work."""
        if len(numbers) > _MOST_ELSEWHERE:
            return False
        ids = [str(number) for number in numbers]
        known = await self._database.read(
            lambda connection: connection.execute(_COUNT_KNOWN, {"ids": ids}).scalar_one()
        )
        return bool(known == len(ids))

    async def _look_before(self, transaction: Transaction) -> None:
        rooms = {event.get("room_id") for event in transaction.events if isinstance(event, Mapping)}
        try:
            async with asyncio.timeout(_GATE_SECONDS):
                await self._look_at(sorted(room for room in rooms if isinstance(room, str)))
        except (TimeoutError, HomeserverAway, HomeserverError) as error:
            self._patient = False
            log.warning("events are taken without knowing what was missed before them: %s", error or "no answer")

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            if self._since is None:
                await self._wait_for_suspicion()
            self._suspected.clear()
            suspicions = self._suspicions
            try:
                await self._look_everywhere()
            except (HomeserverAway, HomeserverError) as error:
                log.info("cannot look for missed events yet: %s", error)
            except Exception:
                log.exception("looking for missed events failed")
            else:
                pause = _FIRST_PAUSE
                if suspicions == self._suspicions:
                    await self._keep()
                    self._since, self._thorough, self._patient = None, False, True
                continue
            self._thorough = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _wait_for_suspicion(self) -> None:
        while not self._suspected.is_set():
            self._accepted = False
            again = bool(self._looks_again)
            try:
                async with asyncio.timeout(self._looks_again.popleft() if again else _HEARTBEAT_SECONDS):
                    await self._suspected.wait()
            except TimeoutError:
                if again:
                    self._look_once_more()
                elif self._accepted:
                    await self._keep()

    async def _keep(self) -> None:
        value = str(self._clock()).encode()
        await self._database.write(lambda connection: instance.keep(connection, _WHOLE_AT, value))

    async def _look_everywhere(self) -> None:
        """Rooms in which something happened lately; the quiet ones too, not often and at a pace that nobody notices."""
        joined: set[str] = set()
        for bot in self._bots:
            try:
                await self._ghosts.ensure(bot)
                answer = await self._homeserver.call("GET", Path.v3.joined_rooms, user=bot)
            except HomeserverError as error:
                if bot == self._bots[0]:
                    raise
                log.info("%s is not ours (%s), so it has missed nothing", bot, error)
            else:
                joined.update(answer["joined_rooms"])
        lively = [room for room in await self._lively() if room in joined]
        await self._look_at(lively)
        if time.monotonic() < self._quiet_rooms_from:
            return
        for room in sorted(joined.difference(lively)):
            if room not in self._looked_at:
                await asyncio.sleep(_PAUSE_BETWEEN_QUIET_ROOMS)
                await self._look_at([room])
        self._quiet_rooms_from = time.monotonic() + _QUIET_ROOMS_EVERY_SECONDS

    async def _lively(self) -> Sequence[str]:
        latest = func.max(inbox.c.received_at)
        statement = select(inbox.c.lane).where(inbox.c.received_at >= self._clock() - _MARGIN)
        ordered = statement.group_by(inbox.c.lane).order_by(latest.desc())
        return await self._database.read(lambda connection: connection.execute(ordered).scalars().all())

    async def _look_at(self, rooms: Iterable[str]) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def look(room: str) -> None:
            async with slots:
                if room not in self._looked_at:
                    await self._look(room)

        await asyncio.gather(*(look(room) for room in rooms))

    async def _look(self, room: str) -> None:
        suspicions, since = self._suspicions, self._since
        if since is None:
            return
        missed: list[Json] = []
        for bot in self._bots:
            seen = {_id(event) for event in missed}
            missed += [event for event in await self._missed(room, since, bot) if _id(event) not in seen]
        if missed:
            self.found += len(missed)
            log.info("%d events in %s are taken up before the homeserver told of them", len(missed), room)
            first = missed[0].get("event_id")
            await self._inbox.accept(Transaction(f"missed from {first} on", missed))
        if suspicions == self._suspicions:
            self._looked_at.add(room)

    async def _missed(self, room: str, since: int, bot: UserID) -> list[Json]:
        """The latest events of a room that the inbox does not know, oldest first, as far as this bot was there."""
        events: list[Json] = []
        unknown: set[str] = set()
        start: str | None = None
        for _ in range(_MOST_PAGES):
            page, start = await self._page(room, start, _PAGE if events else _LATEST, bot)
            if not page:
                break
            events = page + events
            unknown |= await self._unknown(page)
            oldest = page[0]
            # They are pushed in order: of one gap we have all once we meet an event that we know.
            filled = _id(oldest) not in unknown and not self._thorough
            if start is None or filled or _sent_at(oldest) < since:
                break
        ours = events[_arrival(events, bot) :]
        return [{**event, "room_id": room} for event in ours if _id(event) in unknown and _sent_at(event) >= since]

    async def _page(self, room: str, start: str | None, limit: int, bot: UserID) -> tuple[list[Json], str | None]:
        query = {"dir": "b", "limit": str(limit), **({} if start is None else {"from": start})}
        try:
            answer = await self._homeserver.call("GET", Path.v3.rooms[room].messages, user=bot, query=query)
        except HomeserverError as error:
            if error.status in (403, 404):  # this bot is not in that room
                return [], None
            raise
        return list(answer.get("chunk", []))[::-1], answer.get("end")

    async def _unknown(self, events: Sequence[Json]) -> set[str]:
        ids = {_id(event) for event in events}

        def look(connection: Connection) -> set[str]:
            return set(connection.execute(select(inbox.c.key).where(inbox.c.key.in_(ids))).scalars())

        return ids - await self._database.read(look)


def _id(event: Json) -> str:
    return str(event.get("event_id"))


def _sent_at(event: Json) -> int:
    sent_at = event.get("origin_server_ts")
    return sent_at if isinstance(sent_at, int) else 0


def _arrival(events: Sequence[Json], bot: UserID) -> int:
    """Where in a room's events our being there begins: what was before is none of our business."""
    return next((index for index in reversed(range(len(events))) if _is_arrival(events[index], bot)), 0)


def _is_arrival(event: Json, bot: UserID) -> bool:
    if event.get("type") != "m.room.member" or event.get("state_key") != bot:
        return False
    before = event.get("unsigned", {}).get("prev_content", {}).get("membership")
    return bool(event.get("content", {}).get("membership") == "join" and before != "join")
