"""A town without a homeserver: events go in, effects come out, through the real database, routes, bots and rooms.

Everything between the inbox and the outbox is the program itself, put together as `laiwang_bridge.application` does
it; what a homeserver would make of the effects is played in memory (`homeserver`).

    async with open_town(url) as town:
        lin = await town.arrive("lin")
        assert "Your code is" in await lin.say("code")
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection, Dialect, create_engine, select

from appservice import inbox, outbox, timers
from appservice.content import edit_in
from appservice.database import Database
from appservice.effects import Effect, EffectKey, Job
from appservice.homeserver import Homeserver as RealHomeserver
from appservice.homeserver import HomeserverError
from appservice.inbox import Entry, Inbox
from appservice.language import Catalogues
from appservice.outbox import Result, Waiting
from appservice.routes import Later
from appservice.transaction import Transaction
from appservice.unit import Unit
from laiwang_bridge.application import CATALOGUES, Application
from laiwang_bridge.clusters import store as clusters
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.config import AppService, Clusters, Config, Operators
from laiwang_bridge.config import Homeserver as HomeserverConfig
from laiwang_bridge.database import tables
from laiwang_bridge.people import hours_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.hours import DigestMode
from laiwang_bridge.people.rules import Exposure, PersonId
from tests.support.tables import make_tables
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN
from tests.unit.laiwang_bridge.features.homeserver import Content, Homeserver, Refused, Room

BOT = UserID("@laiwang:town")
CONTACTS_BOT = UserID("@laiwang_contacts:town")
PAY_BOT = UserID("@laiwang_pay:town")
BOTS = (BOT, CONTACTS_BOT, PAY_BOT)
OPERATORS = RoomID("!operators")
START = 1_700_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@dataclass
class Person:
    """Somebody with a chat with the bot."""

    town: Town
    user: UserID
    chat: RoomID

    async def say(self, body: str, *, reply_to: EventID | None = None) -> str:
        """Write to the bot, not too fast; gives all it says there at that, an edit after a `*`."""
        self.news()
        self.town.now += 5 * SECOND
        await self.town.say(self.user, self.chat, body, reply_to=reply_to)
        return self.news()

    async def tap(self, part: str, reaction: str) -> str:
        """Tap a button on the newest message that shows `part`; gives what the bot says at that."""
        self.news()
        await self.town.react(self.user, self.chat, self.card(part), reaction)
        return self.news()

    async def code(self) -> str:
        """A code to give away."""
        return code_in(await self.say("code"))

    def news(self) -> str:
        """What the bot has said here since it was last asked."""
        return self.town.news(self.chat)

    def card(self, part: str) -> EventID:
        found = [event for event, body in self.town.shown(self.chat).items() if part in body]
        assert found, f"{self.user} sees no {part!r}, but {self.town.shown(self.chat)}"
        return found[-1]

    def sees(self, part: str) -> bool:
        """Whether any message of the bot, as it stands now, shows `part`."""
        return any(part in body for body in self.town.shown(self.chat).values())

    def reads(self, part: str) -> str:
        """The newest message with `part` in it, as it stands now."""
        return self.town.shown(self.chat)[self.card(part)]

    def buttons(self, part: str) -> set[str]:
        return self.town.buttons(self.chat, self.card(part))


class Town:
    """Play with `say`, `react`, `member`; whatever that sets going has happened when these return.

    In a `hurried` town people want their news at once; in any other these wait for the daily digest.
    `held` stops effects on their way; `twice` sends every transaction again, and its events once more in another.
    `profiles` are what people have published about themselves. `handler` handles the entries of the inbox, as `handle`
    does unless a test wants more.
    """

    def __init__(self, database: Database, config: Config, secret: bytes, pace: Pace | None, *, hurried: bool) -> None:
        self.hurried = hurried
        self.database = database
        self.secret = secret
        self.now = START
        self.homeserver = Homeserver(*BOTS)
        self.rooms = self.homeserver.rooms
        self.held: Callable[[Effect], bool] = lambda _effect: False
        self.twice = False
        self.handler: Callable[[Connection, Entry, int], object] = self.handle
        self.handled: list[str] = []
        self.profiles: dict[UserID, Mapping[str, Any]] = {}

        def build() -> Application:
            app = Application(config, database, secret, _catalogues(), pace=pace)
            app.service.homeserver = _Profiles(config.homeserver.address, self.profiles)
            return app

        self._build = build
        self.app = self._build()
        self._inbox = Inbox(database, lambda _lane: None, lambda: self.now)
        self._read: dict[RoomID, int] = {}

    # -- people -----------------------------------------------------------------------------------------------------

    async def arrive(self, name: str, *, server: str = "town", bot: UserID = BOT) -> Person:
        """Somebody opens a chat with a bot; the greeting has been read."""
        user = UserID(f"@{name}:{server}")
        self.homeserver.homes.add(user)
        return Person(self, user, await self.open_chat(user, bot))

    def stranger(self, name: str) -> UserID:
        """Somebody with an account who has nothing to do with us."""
        return UserID(f"@{name}:town")

    async def befriend(self, one: Person, *others: Person, since: int | None = None) -> None:
        """Let people be friends, without the ceremony; they are loud in clusters."""
        now = self.now if since is None else since

        def work(connection: Connection) -> None:
            me = people.person_of(connection, one.user, self.now)
            self._choose_hours(connection, me)
            for other in others:
                friend = people.person_of(connection, other.user, self.now)
                self._choose_hours(connection, friend)
                people.befriend(connection, me, friend, now)

        await self.database.write(work)
        await self.choose(Exposure.LOUD, one, *others)
        self.now += 1

    def _hurry(self, connection: Connection, *them: Person) -> None:
        for one in them:
            self._choose_hours(connection, people.person_of(connection, one.user, self.now))

    def _choose_hours(self, connection: Connection, person: PersonId) -> None:
        """People of a hurried town want their news at once, by day and by night."""
        if self.hurried and hours_store.habit_of(connection, person).mode is None:
            hours_store.choose_mode(connection, person, DigestMode.AT_ONCE)
            hours_store.choose_quiet_hours(connection, person, 0, 0)
            hours_store.choose_zone(connection, person, "UTC")

    async def befriend_by_code(self, one: Person, other: Person) -> None:
        """Make friends, as people do it."""
        await other.say(await one.code())
        await self.database.write(lambda connection: self._hurry(connection, one, other))
        await other.say("yes")
        await one.say("yes")
        assert "are friends now" in other.news()
        await self.choose(Exposure.LOUD, one, other)
        one.news()

    async def start(self, person: Person, line: str) -> RoomID:
        """A person opens a cluster, having seen who will see it, and steps in; gives its room."""
        await person.say(f"!zd {line}")
        await person.say("publish")
        made = [room.id for room in self.rooms_made() if room.creation and not room.creation.is_direct]
        assert made, f"no room was made at {line!r}"
        return made[-1]

    async def choose(self, exposure: Exposure | None, *persons: Person) -> None:
        """These people said long ago how they want to be in clusters."""

        def work(connection: Connection) -> None:
            for one in persons:
                person = people.person_of(connection, one.user, self.now)
                people.set_exposure(connection, person, exposure)

        await self.database.write(work)

    async def open_chat(self, user: UserID, bot: UserID = BOT) -> RoomID:
        return await self.bring_bot(self.homeserver.room(user), bot, is_direct=True)

    async def operators(self) -> Person:
        """The operators' room with an operator and the bot in it; without this it is not there."""
        operator = UserID("@op:town")
        return Person(self, operator, await self.bring_bot(self.homeserver.room(operator, name=OPERATORS[1:])))

    async def gather(self, *people: Person) -> RoomID:
        """A room of several people with the bot."""
        return await self.bring_bot(self.homeserver.room(*(person.user for person in people)))

    async def bring_bot(self, room: Room, bot: UserID = BOT, *, is_direct: bool = False) -> RoomID:
        host = next(iter(room.inside))
        self.homeserver.push(room.id, host, "m.room.member", room.state[("m.room.member", host)], host)
        self.homeserver.put_member(room, bot, "invite", sender=host, is_direct=is_direct)
        await self.settle()
        self.news(room.id)
        return room.id

    # -- what happens -----------------------------------------------------------------------------------------------

    async def say(
        self, user: UserID, room: RoomID, body: str, *, reply_to: EventID | None = None, **more: Any
    ) -> EventID:
        content: dict[str, Any] = {"msgtype": "m.text", "body": body, **more}
        if reply_to is not None:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await self.send(user, room, "m.room.message", content)

    async def react(self, user: UserID, room: RoomID, target: EventID, reaction: str) -> EventID:
        relation = {"rel_type": "m.annotation", "event_id": target, "key": reaction}
        return await self.send(user, room, "m.reaction", {"m.relates_to": relation})

    async def send(self, user: UserID, room: RoomID, type: str, content: Content) -> EventID:
        event = self.homeserver.push(room, user, type, content)
        await self.settle()
        return event

    async def member(self, room: RoomID, user: UserID, membership: str, *, by: UserID | None = None) -> None:
        """Somebody joins, knocks, leaves, or (`by` another) is invited, kicked or banned."""
        self.homeserver.put_member(self.rooms[room], user, membership, sender=by or user)
        await self.settle()

    async def porch_of(self, room: RoomID) -> RoomID | None:
        """The porch of the cluster in this room, if it has one."""
        found = await self.database.read(lambda connection: clusters.in_room(connection, room))
        return None if found is None else found.porch_room

    async def knock(self, room: RoomID, user: UserID) -> None:
        """Somebody knocks, with his client's button, at the porch of the cluster in this room."""
        porch = await self.porch_of(room)
        assert porch is not None, f"there is no porch beside {room}"
        await self.member(porch, user, "knock")

    async def state(self, room: RoomID, user: UserID, type: str, content: Content, *, state_key: str = "") -> None:
        self.homeserver.push(room, user, type, content, state_key)
        await self.settle()

    async def at_once(self, room: RoomID, user: UserID, membership: str) -> str:
        """The like of `member` in a transaction of its own, for several at the same time.

        Gives what is done about it in rooms; that is delivered with the next thing that happens.
        """
        number = next(self.homeserver.numbers)
        self.rooms[room].members[user] = membership
        event: dict[str, Any] = {"event_id": f"$event{number}", "room_id": room, "sender": user, "state_key": user}
        event |= {"type": "m.room.member", "content": {"membership": membership}}
        entry = Entry(0, event["event_id"], room, inbox.Kind.EVENT, orjson.dumps(event), 0, 0)

        def work(connection: Connection) -> str:
            unit = self.handle(connection, entry, self.now)
            names = [type(each.effect).__name__ for each in unit.emissions]
            return " ".join(name for name in names if name in ("Invite", "Kick"))

        return await self.database.write(work)

    async def read(self, user: UserID, room: RoomID, event: EventID) -> None:
        """A client says that somebody has read up to an event."""
        receipt = {"type": "m.receipt", "room_id": room, "content": {event: {"m.read": {user: {"ts": self.now}}}}}
        await self._inbox.accept(Transaction(f"txn{next(self.homeserver.numbers)}", (), ephemeral=(receipt,)))
        await self.settle()

    async def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        await self.settle()

    def restart(self) -> None:
        """The bridge goes down and comes up again: all that it knows now is in the database."""
        self.app = self._build()

    # -- what was seen ----------------------------------------------------------------------------------------------

    def news(self, room: RoomID) -> str:
        """What our bots have said in a room since the last time."""
        texts = [str(event["content"]["body"]) for event in self.rooms[room].messages_of(*BOTS)]
        begun, self._read[room] = self._read.get(room, 0), len(texts)
        return "\n\n".join(texts[begun:])

    def shown(self, room: RoomID) -> dict[EventID, str]:
        """The bots' messages in a room as a client shows them now, edits applied, redacted ones gone."""
        shown: dict[EventID, str] = {}
        for event in self.rooms[room].messages_of(*BOTS):
            edit = edit_in(event["content"])
            id = EventID(event["event_id"]) if edit is None else edit.event_id
            assert id in self.rooms[room].said, f"an edit of {id}, which is not in {room}"
            shown[id] = str((event["content"] if edit is None else edit.content)["body"])
        gone = self.rooms[room].redacted
        return {event: body for event, body in shown.items() if event not in gone}

    def buttons(self, room: RoomID, target: EventID) -> set[str]:
        """Our own reactions below a message."""
        found = set()
        for id, event in self.rooms[room].said.items():
            relation = event["content"].get("m.relates_to", {})
            if event["sender"] in BOTS and (event["type"], relation.get("event_id")) == ("m.reaction", target):
                found |= {relation["key"]} if id not in self.rooms[room].redacted else set()
        return found

    def cluster_room(self, title: str) -> RoomID:
        """The newest room of this name."""
        found = [room.id for room in self.rooms_made() if room.creation and room.creation.name == title]
        assert found, f"no room is called {title!r}"
        return found[-1]

    def rooms_made(self) -> list[Room]:
        """The rooms that were made, without the porches."""
        return [room for room in self.rooms.values() if room.creation and not _is_porch(room)]

    def porch(self, title: str) -> Room:
        """The newest porch with this name, as it was made."""
        found = [
            room for room in self.rooms.values() if _is_porch(room) and room.creation and room.creation.name == title
        ]
        assert found, f"no porch is called {title!r}"
        return found[-1]

    def chats_made_for(self, user: UserID) -> list[RoomID]:
        """The rooms that were made to reach somebody."""
        made = (room for room in self.rooms.values() if room.creation and room.creation.is_direct)
        return [room.id for room in made if user in room.members]

    def event_of(self, key: EffectKey) -> EventID | None:
        """What the effect of this key has sent."""
        return self.homeserver.made.get(key)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds."""
        statement = select(tables.metadata.tables[table])
        return await self.database.read(
            lambda connection: [dict(row) for row in connection.execute(statement).mappings()]
        )

    async def count(self, table: str) -> int:
        return len(await self.rows(table))

    # -- the road ---------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let everything happen that waits to happen."""
        while await self._arrive() or await self._handle() or await self._deliver() or await self._work():
            pass

    async def _arrive(self) -> bool:
        events = tuple(self.homeserver.pushed)
        self.homeserver.pushed.clear()
        if not events:
            return False
        number = next(self.homeserver.numbers)
        again = [f"txn{number}", f"txn{number}", f"again{number}"] if self.twice else [f"txn{number}"]
        for id in again:
            await self._inbox.accept(Transaction(id, events))
        return True

    async def _handle(self) -> bool:
        """Handle what waits, the lanes taking turns."""

        def work(connection: Connection) -> list[str]:
            handled: list[str] = []
            timers.ring(connection, self.now)
            while lanes := sorted(inbox.waiting_lanes(connection)):  # PostgreSQL gives them in any order
                for lane in lanes:
                    entry = inbox.head(connection, lane)
                    assert entry is not None
                    self.handler(connection, entry, self.now + len(handled))
                    inbox.done(connection, entry.seq)
                    handled.append(entry.key)
                timers.ring(connection, self.now + len(handled))
            return handled

        handled = await self.database.write(work)
        self.handled += handled
        self.now += len(handled)
        return bool(handled)

    def handle(self, connection: Connection, entry: Entry, now: int) -> Unit:
        """What the dispatcher does with one entry."""
        unit = Unit(connection, now, entry.key, self.secret)
        self.app.routes.handle(unit, entry)
        for key in unit.cancelled_timers:
            timers.cancel_timer(connection, key)
        timers.set_timers(connection, unit.timers)
        outbox.put(connection, unit.emissions, now)
        return unit

    async def _deliver(self) -> bool:
        def work(connection: Connection) -> bool:
            moved = False
            for lane in sorted(outbox.waiting_lanes(connection)):
                for waiting in outbox.first(connection, lane, 50):
                    if (
                        isinstance(waiting.effect, Job)
                        or waiting.due_at > self.now
                        or self.held(waiting.effect)
                        or not self._take(connection, waiting)
                    ):
                        break
                    moved = True
            return moved

        return await self.database.write(work)

    async def _work(self) -> bool:
        """Have the jobs done in the outside world, by the workers of the program itself."""

        def due(connection: Connection) -> list[Waiting]:
            heads = [outbox.first(connection, lane, 1)[0] for lane in sorted(outbox.waiting_lanes(connection))]
            return [one for one in heads if isinstance(one.effect, Job) and one.due_at <= self.now]

        done = False
        for waiting in await self.database.read(due):
            assert isinstance(waiting.effect, Job)
            if self.held(waiting.effect):
                continue
            try:
                result = Result(outcome=await self.app.routes.work(waiting.effect))
            except Later as later:
                due_at = self.now + int(later.seconds * 1000)
                postpone = partial(outbox.postpone, seq=waiting.seq, attempts=0, due_at=due_at, error=str(later))
                await self.database.write(postpone)
                continue
            await self.database.write(partial(outbox.record, waiting=waiting, result=result, now=self.now))
            done = True
        return done

    def _take(self, connection: Connection, waiting: Waiting) -> bool:
        """Have one effect done; False if it has to wait for another."""
        try:
            result = self.homeserver.perform(connection, waiting.effect)
        except Refused as refusal:
            outbox.bury(connection, waiting, "M_FORBIDDEN", str(refusal), self.now)
            return True
        if result is None:
            return False
        outbox.record(connection, waiting, result, self.now)
        if result.event_id is not None:
            self.homeserver.made[waiting.key] = result.event_id
        return True


class _Profiles(RealHomeserver):
    """Gives the profiles that a test has written down."""

    def __init__(self, address: str, profiles: Mapping[UserID, Mapping[str, Any]]) -> None:
        super().__init__(address, "town", AS_TOKEN)
        self._profiles = profiles

    async def profile(self, user: UserID, *, timeout_seconds: float = 20) -> Mapping[str, Any]:
        if user not in self._profiles:
            raise HomeserverError(404, "M_NOT_FOUND", "there is no such profile")
        return self._profiles[user]


def _is_porch(room: Room) -> bool:
    made = room.creation
    return made is not None and any(event["content"].get("join_rule") == "knock" for event in made.initial_state)


def code_in(text: str) -> str:
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", text)
    assert found, f"there is no code in {text!r}"
    return found[0]


@cache
def _catalogues() -> Catalogues:
    """Read once for all towns."""
    return Catalogues(CATALOGUES)


def _share_statements(database: Database) -> None:
    """What SQLAlchemy has compiled for one town it need not compile again for the next: that was a fifth of many tests.

    Statements are compiled for one dialect, so all towns have the same.
    """
    engine = database.engine
    if engine.dialect.name == "sqlite":
        engine.dialect = _dialect_of_sqlite()
        engine.update_execution_options(compiled_cache=_compiled_for_sqlite())


@cache
def _dialect_of_sqlite() -> Dialect:
    engine = create_engine("sqlite://")
    engine.connect().close()
    engine.dispose()
    return engine.dialect


@cache
def _compiled_for_sqlite() -> dict[Any, Any]:
    return {}


def _plant(connection: Connection, secret: bytes) -> None:
    """Nothing in a town is left to chance."""
    for name in ("unit", "marks", "addresses"):
        connection.execute(tables.metadata.tables["instance"].insert(), {"name": name, "value": secret})


@asynccontextmanager
async def open_town(
    url: str,
    *,
    operators: str = "",
    clusters: Clusters | None = None,
    pace: Pace | None = None,
    secret: bytes = b"the secret of the town",
    hurried: bool = True,
    **sections: Any,
) -> AsyncIterator[Town]:
    """A town on an empty database. `sections` are further ones of the configuration."""
    given: dict[str, Any] = {
        "homeserver": HomeserverConfig(address="http://localhost:1", domain="town"),
        "appservice": AppService(as_token=AS_TOKEN, hs_token=HS_TOKEN),
        "clusters": clusters or Clusters(),
        "operators": Operators(room=operators),
    }
    config = Config(**(given | sections))
    database = Database(url, durability="normal")
    _share_statements(database)
    make_tables(database.engine, tables.metadata)
    await database.write(lambda connection: _plant(connection, secret))
    town = Town(database, config, secret, pace, hurried=hurried)
    try:
        yield town
    finally:
        await town.app.service.homeserver.close()
        await database.close()
