"""A town without a homeserver: events go in, effects come out, through the real database, routes, bots and rooms.

What a homeserver would make of the effects is played in memory: rooms, members and messages, and the events that come
back. Everything in between is the program itself, put together as `laiwang_bridge.application` does it.

    town = await Town.open(url)
    lin = await town.arrive("lin")
    assert "Your code is" in await lin.say("code")
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection, func, select

from appservice import inbox, outbox
from appservice.content import edit_in
from appservice.database import Database, metadata
from appservice.effects import (
    Ban,
    CreateRoom,
    Effect,
    EventOf,
    EventRef,
    Invite,
    Join,
    Kick,
    Leave,
    React,
    ReadEvent,
    ReadState,
    Redact,
    RoomEffect,
    RoomOf,
    SendMessage,
    SetState,
    Upload,
)
from appservice.inbox import Inbox
from appservice.outbox import Result, Waiting
from appservice.transaction import Transaction
from appservice.unit import Unit
from laiwang_bridge.application import Application
from laiwang_bridge.config import AppService, Clusters, Config, Homeserver, Operators, People
from laiwang_bridge.database import tables
from laiwang_bridge.people import store as people
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN

BOT = UserID("@laiwang:town")
START = 1_700_000_000_000
OPERATORS = RoomID("!operators")
SECRET = b"the secret of the town"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


class Refused(Exception):
    """What the homeserver of the town does not allow."""


@dataclass
class Room:
    """A room as the homeserver has it. `said` holds what was sent, by event id."""

    id: RoomID
    creation: CreateRoom | None = None
    members: dict[UserID, str] = field(default_factory=dict)
    said: dict[EventID, dict[str, Any]] = field(default_factory=dict)
    state: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def inside(self) -> set[UserID]:
        return {user for user, membership in self.members.items() if membership == "join"}


@dataclass
class Person:
    """Somebody with a chat with the bot. `heard` holds what the bot has said there since it was last asked."""

    town: Town
    user: UserID
    chat: RoomID

    async def say(self, body: str, *, reply_to: EventID | None = None) -> str:
        """Write to the bot; gives all it says there at that, an edit after a `*`."""
        self.news()
        await self.town.say(self.user, self.chat, body, reply_to=reply_to)
        return self.town.news(self.chat)

    async def tap(self, part: str, reaction: str) -> str:
        """Tap a button on the newest message that shows `part`; gives what the bot says at that."""
        self.news()
        await self.town.react(self.user, self.chat, self.card(part), reaction)
        return self.town.news(self.chat)

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

    `held` stops effects on their way, `refused` makes the homeserver say no to them; `twice` sends every transaction
    again, and its events once more in another.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self.database = database
        self.config = config
        self.now = START
        self.rooms: dict[RoomID, Room] = {}
        self.aliases: dict[str, RoomID] = {}
        self.homes: set[UserID] = set()
        self.sent: list[tuple[RoomID, UserID, Effect]] = []
        self.held: Callable[[Effect], bool] = lambda _effect: False
        self.refused: Callable[[Effect], str | None] = lambda _effect: None
        self.twice = False
        self.handled: list[str] = []
        self.app = Application(config, database, SECRET)
        self._inbox = Inbox(database, lambda _lane: None, lambda: self.now)
        self._pushed: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._read: dict[RoomID, int] = {}

    # -- people -----------------------------------------------------------------------------------------------------

    async def arrive(self, name: str, *, server: str = "town") -> Person:
        """Somebody opens a chat with the bot; the greeting has been read."""
        user = UserID(f"@{name}:{server}")
        self.homes.add(user)
        chat = await self.open_chat(user)
        return Person(self, user, chat)

    async def befriend(self, one: Person, *others: Person, since: int | None = None) -> None:
        """Let people be friends, without the ceremony."""
        now = self.now if since is None else since

        def work(connection: Connection) -> None:
            me = people.person_of(connection, one.user, self.now)
            for other in others:
                people.befriend(connection, me, people.person_of(connection, other.user, self.now), now)

        await self.database.write(work)
        self.now += 1

    async def befriend_by_code(self, one: Person, other: Person) -> None:
        """Make friends, as people do it."""
        await other.say(await one.code())
        await other.say("yes")
        await one.say("yes")
        assert "are friends now" in other.news()
        one.news()

    async def start(self, person: Person, title: str) -> RoomID:
        """A person opens a cluster and steps in; gives its room."""
        await person.say(f"!zd {title}")
        return self.cluster_room(title)

    async def open_chat(self, user: UserID) -> RoomID:
        room = self.room(user)
        self._put_member(room, user, "join", sender=user)
        self._put_member(room, BOT, "invite", sender=user, is_direct=True)
        await self.settle()
        self.news(room.id)
        return room.id

    def room(self, *members: UserID, name: str | None = None) -> Room:
        """A room of the town with these people in it, unknown to the bridge so far."""
        room = Room(RoomID(f"!{name or f'room{next(self._numbers)}'}"), members=dict.fromkeys(members, "join"))
        room.state[("m.room.create", "")] = {"room_version": "12"}
        for user in members:
            room.state[("m.room.member", user)] = {"membership": "join", "displayname": display_name(user)}
        self.rooms[room.id] = room
        return room

    async def operators(self) -> Person:
        """The operators' room with an operator and the bot in it; without this it is not there."""
        operator = UserID("@op:town")
        room = self.room(operator, name=OPERATORS[1:])
        self._put_member(room, BOT, "invite", sender=operator)
        await self.settle()
        self.news(room.id)
        return Person(self, operator, room.id)

    async def gather(self, *people: Person) -> RoomID:
        """A room of several people with the bot."""
        room = self.room(*(person.user for person in people))
        self._put_member(room, BOT, "invite", sender=people[0].user)
        await self.settle()
        self.news(room.id)
        return room.id

    def stranger(self, name: str) -> UserID:
        """Somebody with an account who has nothing to do with us."""
        return UserID(f"@{name}:town")

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

    async def send(self, user: UserID, room: RoomID, type: str, content: Mapping[str, Any]) -> EventID:
        event = self._push(room, user, type, content)
        await self.settle()
        return event

    async def member(self, room: RoomID, user: UserID, membership: str, *, by: UserID | None = None) -> None:
        """Somebody joins, knocks, leaves, or (`by` another) is invited, kicked or banned."""
        self._put_member(self.rooms[room], user, membership, sender=by or user)
        await self.settle()

    async def state(
        self, room: RoomID, user: UserID, type: str, content: Mapping[str, Any], *, state_key: str = ""
    ) -> None:
        self._push(room, user, type, content, state_key=state_key)
        await self.settle()

    async def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        await self.settle()

    # -- what was seen ----------------------------------------------------------------------------------------------

    def news(self, room: RoomID) -> str:
        """What our bot has said in a room since the last time."""
        texts = [str(event["content"]["body"]) for event in self._messages(room)]
        begun, self._read[room] = self._read.get(room, 0), len(texts)
        return "\n\n".join(texts[begun:])

    def shown(self, room: RoomID) -> dict[EventID, str]:
        """The bot's messages in a room as a client shows them now, edits applied, redacted ones gone."""
        shown: dict[EventID, str] = {}
        for event in self._messages(room):
            edit = edit_in(event["content"])
            if edit is None:
                shown[EventID(event["event_id"])] = str(event["content"]["body"])
            elif edit.event_id in self.rooms[room].said:
                shown[edit.event_id] = str(edit.content["body"])
            else:
                raise AssertionError(f"an edit of {edit.event_id} that is not in {room}")
        gone = self._redacted(room)
        return {event: body for event, body in shown.items() if event not in gone}

    def buttons(self, room: RoomID, target: EventID) -> set[str]:
        """Our own reactions below a message."""
        gone = self._redacted(room)
        found = set()
        for id, event in self.rooms[room].said.items():
            relation = event["content"].get("m.relates_to", {})
            ours = event["sender"] == BOT and event["type"] == "m.reaction"
            if ours and relation["event_id"] == target and id not in gone:
                found.add(relation["key"])
        return found

    def cluster_room(self, title: str) -> RoomID:
        """The newest room of this name."""
        found = [room.id for room in self.rooms.values() if room.creation and room.creation.name == title]
        assert found, f"no room is called {title!r}"
        return found[-1]

    def rooms_of(self, user: UserID) -> list[RoomID]:
        """The rooms that were made to reach somebody."""
        made = (room for room in self.rooms.values() if room.creation and room.creation.is_direct)
        return [room.id for room in made if user in room.members]

    async def count(self, table: str) -> int:
        """How many rows there are."""
        found = tables.metadata.tables[table]
        statement = select(func.count()).select_from(found)
        return await self.database.read(lambda connection: connection.execute(statement).scalar_one())

    def _messages(self, room: RoomID) -> list[dict[str, Any]]:
        said = self.rooms[room].said.values()
        return [event for event in said if event["sender"] == BOT and event["type"] == "m.room.message"]

    def _redacted(self, room: RoomID) -> set[EventID]:
        said = self.rooms[room].said.values()
        return {EventID(event["content"]["redacts"]) for event in said if event["type"] == "m.room.redaction"}

    # -- the road ---------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let everything happen that waits to happen."""
        while await self._arrive() or await self._handle() or await self._deliver():
            pass

    async def _arrive(self) -> bool:
        events, self._pushed = tuple(self._pushed), []
        if not events:
            return False
        number = next(self._numbers)
        again = [f"txn{number}", f"txn{number}", f"again{number}"] if self.twice else [f"txn{number}"]
        for id in again:
            await self._inbox.accept(Transaction(id, events))
        return True

    async def _handle(self) -> bool:
        """Handle what waits, the lanes taking turns."""

        def work(connection: Connection) -> list[str]:
            handled: list[str] = []
            inbox.ring(connection, self.now)
            while lanes := inbox.waiting_lanes(connection):
                for lane in lanes:
                    entry = inbox.head(connection, lane)
                    assert entry is not None
                    unit = Unit(connection, self.now + len(handled), entry.key, SECRET)
                    self.app.routes.handle(unit, entry)
                    commit(unit)
                    inbox.done(connection, entry.seq)
                    handled.append(entry.key)
                inbox.ring(connection, self.now + len(handled))
            return handled

        handled = await self.database.write(work)
        self.handled += handled
        self.now += len(handled)
        return bool(handled)

    async def _deliver(self) -> bool:
        def work(connection: Connection) -> bool:
            moved = False
            for lane in outbox.waiting_lanes(connection):
                for waiting in outbox.first(connection, lane, 50):
                    if waiting.due_at > self.now or self.held(waiting.effect) or not self._take(connection, waiting):
                        break
                    moved = True
            return moved

        return await self.database.write(work)

    def _take(self, connection: Connection, waiting: Waiting) -> bool:
        """Do one effect as a homeserver would; False if it has to wait for another."""
        no = self.refused(waiting.effect)
        try:
            if no is not None:
                raise Refused(no)
            result = self._perform(connection, waiting)
        except Refused as refusal:
            outbox.bury(connection, waiting, "M_FORBIDDEN", str(refusal), self.now)
            return True
        if result is None:
            return False
        outbox.record(connection, waiting, result, self.now)
        return True

    def _perform(self, connection: Connection, waiting: Waiting) -> Result | None:
        effect = waiting.effect
        if isinstance(effect, CreateRoom):
            return Result(room_id=self.make_room(effect))
        if isinstance(effect, Upload):
            return Result(content_uri=f"mxc://town/{waiting.seq}")
        if not isinstance(effect, RoomEffect):
            return Result()
        room_id = effect.room if isinstance(effect.room, str) else self._made(connection, effect.room)
        if room_id is None:
            return None
        room = self.rooms.get(room_id)
        if room is None:
            raise Refused(f"there is no room {room_id}")
        if not isinstance(effect, Join) and room.members.get(effect.sender) != "join":
            raise Refused(f"{effect.sender} is not in {room_id}")
        self.sent.append((room_id, effect.sender, effect))
        return self._in_room(connection, room, effect)

    def _in_room(self, connection: Connection, room: Room, effect: RoomEffect) -> Result:
        match effect:
            case SendMessage():
                content = dict(effect.content)
                if effect.replaces is not None:
                    target = self._event(connection, effect.replaces)
                    content = {"m.new_content": content, "m.relates_to": {"rel_type": "m.replace", "event_id": target}}
                    content |= {"msgtype": "m.text", "body": f"* {content['m.new_content']['body']}"}
                return Result(self._push(room.id, effect.sender, effect.type, content), room.id)
            case React():
                target = self._event(connection, effect.target)
                relation = {"rel_type": "m.annotation", "event_id": target, "key": effect.reaction}
                return Result(self._push(room.id, effect.sender, "m.reaction", {"m.relates_to": relation}), room.id)
            case Redact():
                content = {"redacts": self._event(connection, effect.target)}
                return Result(self._push(room.id, effect.sender, "m.room.redaction", content), room.id)
            case SetState():
                return Result(
                    self._push(room.id, effect.sender, effect.type, effect.content, effect.state_key), room.id
                )
            case ReadEvent():
                return Result(room_id=room.id, state=(self._read_event(room, self._event(connection, effect.target)),))
            case ReadState():
                return Result(room_id=room.id, state=tuple(self._whole_state(room)))
            case Join() | Leave():
                self._put_member(room, effect.sender, type(effect).__name__.lower(), sender=effect.sender)
            case Invite():
                self._invite(room, effect.sender, effect.user)
            case Kick():
                if room.members.get(effect.user, "leave") == "leave":
                    raise Refused(f"{effect.user} is not in the room")
                self._put_member(room, effect.user, "leave", sender=effect.sender)
            case Ban():
                self._put_member(room, effect.user, "ban", sender=effect.sender)
        return Result(room_id=room.id)

    def make_room(self, effect: CreateRoom) -> RoomID:
        """What the homeserver does when it is asked for a room, however often."""
        if effect.alias_localpart in self.aliases:
            return self.aliases[effect.alias_localpart]
        room = Room(RoomID(f"!made{next(self._numbers)}"), effect)
        self.rooms[room.id] = room
        self.aliases[effect.alias_localpart] = room.id
        self._push(room.id, effect.sender, "m.room.create", {"room_version": "12"}, "")
        self._put_member(room, effect.sender, "join", sender=effect.sender)
        self._push(room.id, effect.sender, "m.room.power_levels", effect.power_levels, "")
        for event in effect.initial_state:
            self._push(room.id, effect.sender, event["type"], event["content"], event["state_key"])
        for user in effect.invite:
            self._invite(room, effect.sender, user, is_direct=effect.is_direct)
        return room.id

    def _invite(self, room: Room, sender: UserID, user: UserID, *, is_direct: bool = False) -> None:
        now = room.members.get(user)
        if now == "ban":
            raise Refused(f"{user} is banned from the room")
        if now in ("join", "invite"):
            return
        self._put_member(room, user, "invite", sender=sender, is_direct=is_direct)
        if user in self.homes:  # whose clients accept on sight
            self._put_member(room, user, "join", sender=user)

    def _put_member(
        self, room: Room, user: UserID, membership: str, *, sender: UserID, is_direct: bool = False
    ) -> None:
        room.members[user] = membership
        content: dict[str, Any] = {"membership": membership}
        if membership in ("join", "knock"):
            content["displayname"] = display_name(user)
        if is_direct:
            content["is_direct"] = True
        self._push(room.id, sender, "m.room.member", content, user)

    def _push(
        self, room: RoomID, sender: UserID, type: str, content: Mapping[str, Any], state_key: str | None = None
    ) -> EventID:
        """An event happens; we are told of it if we are in the room or it is about us."""
        id = EventID(f"$event{next(self._numbers)}")
        event: dict[str, Any] = {"event_id": id, "room_id": room, "sender": sender, "type": type, "content": content}
        event["origin_server_ts"] = self.now
        if state_key is not None:
            event["state_key"] = state_key
            self.rooms[room].state[(type, state_key)] = content
        self.rooms[room].said[id] = event
        if BOT in self.rooms[room].inside or state_key == BOT:
            self._pushed.append(event)
        return id

    def _made(self, connection: Connection, room: RoomOf | str) -> RoomID | None:
        assert isinstance(room, RoomOf)
        found = outbox.result_of(connection, room.key)
        if found is None or found[0] is outbox.Delivery.DEAD:
            raise Refused(f"the room of {room.key} will never be")
        return found[1].room_id

    def _event(self, connection: Connection, event: EventRef) -> EventID:
        if not isinstance(event, EventOf):
            return event
        found = outbox.result_of(connection, event.key)
        if found is None or found[1].event_id is None:
            raise Refused(f"the event of {event.key} will never be")
        return found[1].event_id

    def _read_event(self, room: Room, id: EventID) -> dict[str, Any]:
        event = room.said.get(id)
        if event is None:
            raise Refused("there is no such event")
        if id in self._redacted(room.id):
            return {**event, "content": {}}
        edits = [e for e in room.said.values() if (edit := edit_in(e["content"])) and edit.event_id == id]
        return {**event, "unsigned": {"m.relations": {"m.replace": edits[-1]}}} if edits else event

    def _whole_state(self, room: Room) -> list[dict[str, Any]]:
        return [
            {"event_id": "$state", "type": type, "state_key": key, "sender": BOT, "content": dict(content)}
            for (type, key), content in room.state.items()
        ]


def display_name(user: UserID) -> str:
    return user[1:].partition(":")[0].capitalize()


def code_in(text: str) -> str:
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", text)
    assert found, f"there is no code in {text!r}"
    return found[0]


def commit(unit: Unit) -> None:
    """What the dispatcher does with a unit that was handled."""
    for key in unit.cancelled_timers:
        inbox.cancel_timer(unit.connection, key)
    for timer in unit.timers:
        inbox.set_timer(unit.connection, timer)
    outbox.put(unit.connection, unit.emissions, unit.now)


def config_of(url: str, *, operators: str = "", clusters: Clusters | None = None) -> Config:
    return Config(
        homeserver=Homeserver(address="http://localhost:1", domain="town"),
        appservice=AppService(as_token=AS_TOKEN, hs_token=HS_TOKEN),
        people=People(),
        clusters=clusters or Clusters(),
        operators=Operators(room=operators),
    )


@asynccontextmanager
async def open_town(url: str, **options: Any) -> AsyncIterator[Town]:
    """A town on an empty database."""
    database = Database(url, durability="normal")
    await database.write(tables.metadata.create_all)
    try:
        yield Town(database, config_of(url, **options))
    finally:
        await database.close()


__all__ = ["BOT", "DAY", "HOUR", "MINUTE", "START", "Person", "Room", "Town", "metadata", "open_town"]
