"""A story full of secrets, played on two homeservers: lists, remarks, an address book, blocks, mutes, quiet stays, with
telling words in them; then everything that others can see is collected.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.synapse import Synapse
from laiwang_bridge.demo.timeline import Seen
from tests.support.bridges import Bridged, Chat, befriend
from tests.support.homeservers import People
from tests.support.waiting import eventually
from tests.support.witness import Places, Testimony, Witness, bytes_of, held_by, text_of

# Names that are part of no other word.
HOST, NEAR, FAR, SILENT, SHUT_OUT, BEYOND, BLOCKED = "quillon brastow wexley dunmore hartnell ostrava jorvik".split()  # noqa: SIM905
REMOTE, UNKNOWN = "felsing", "gorham"
EVERYBODY = (HOST, NEAR, FAR, SILENT, SHUT_OUT, BEYOND, BLOCKED, REMOTE, UNKNOWN)
FRIENDS = (
    (HOST, NEAR),
    (REMOTE, BLOCKED),
    (FAR, BEYOND),
    (SILENT, SHUT_OUT),
    (HOST, SILENT),
    (NEAR, FAR),
    (HOST, REMOTE),
    (NEAR, SHUT_OUT),
)

SECRETS = {
    HOST: (
        "family secrets",
        "同学同窗",
        "the annoying one",
        "Zebulon Sekretny",
        "Ottoline Verborgen",
        "1761 2345678",
        "ottoline@verborgen.example",
        "1512 3456789",
        "carddavlogin",
    ),
    NEAR: ("poker mates",),
    BEYOND: ("never again them",),
}
"""What somebody has told the bot, and nobody else may read: lists, remarks, an address book, a number, a login."""

PASSWORD = "correcthorsebattery"
"""Typed, and taken away by the bot at once."""

OTHER_FORMS = ("17612345678", "15123456789")
"""What the bridge makes of the numbers that were typed with spaces."""

SAID = ("pineapples", "marmalade", "wheelbarrow", "turpentine", "gooseberry", "because it is vile", "kohlrabi")
"""Words of messages in rooms of clusters: plain, edited, burnt, reported, the reason of a report, one of a reply."""


KNOCKABLE = ("lantern", "sealed", "full", "ours")
"""The clusters that have a porch."""

UNDER_FOUR_EYES = "nightjar"
"""Said in a cluster at which just one of the others knocks."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster: its room and its alias, and where people knock, if they may."""

    room: str
    alias: str
    porch: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """An answer to somebody who was not let in: its content, and how long it took in seconds."""

    cause: str
    content: str
    seconds: float


@dataclass(slots=True)
class Story:
    """What came of the story: all of it was collected, so that nobody has to be asked again."""

    bot: str = ""
    places: dict[str, Place] = field(default_factory=dict)
    seen_by: dict[str, Testimony] = field(default_factory=dict)
    remote_homeserver: Testimony = field(default_factory=Testimony)
    remote_files: bytes = b""
    bridge_files: bytes = b""
    bridge_log: str = ""
    kicks: list[Turned] = field(default_factory=list)
    sentences: list[Turned] = field(default_factory=list)
    refused_by_homeserver: dict[str, str] = field(default_factory=dict)
    heard_in_private: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def friends_of(self, name: str) -> set[str]:
        return {other for pair in FRIENDS if name in pair for other in pair if other != name}

    def rooms(self) -> set[str]:
        return {place.room for place in self.places.values()}

    def porches(self) -> set[str]:
        return {place.porch for place in self.places.values() if place.porch}


class Playing:
    """Plays the story."""

    def __init__(self, bridged: Bridged, other: Synapse, people: People) -> None:
        self.bridged, self.other, self.people = bridged, other, people
        self.story = Story(bot=bridged.bot)
        self.chats: dict[str, Chat] = {}

    def __getitem__(self, name: str) -> Chat:
        return self.chats[name]

    def id_of(self, name: str) -> str:
        return self.chats[name].person.user_id

    async def play(self) -> None:
        began = time.monotonic()
        await self._meet()
        await self._tell_secrets()
        await self._open_clusters()
        await self._talk()
        await self._turn_away()
        await self._look()
        self.story.seconds = time.monotonic() - began

    async def _meet(self) -> None:
        async def begin(name: str) -> None:
            synapse = self.other if name in (REMOTE, UNKNOWN) else self.bridged.synapse
            person = await self.people(synapse, name)
            # One of them never talks to the bot.
            self.chats[name] = Chat(person, self.bridged.bot, "") if name == UNKNOWN else await self._chat(person)

        await asyncio.gather(*(begin(name) for name in EVERYBODY))
        for start, end in ((0, 4), (4, 6), (6, 8)):
            await asyncio.gather(*(befriend(self[one], self[other]) for one, other in FRIENDS[start:end]))

    async def _chat(self, person: Person) -> Chat:
        return await Chat.begin(person, self.bridged.bot)

    async def _tell_secrets(self) -> None:
        async def host() -> None:
            chat = self[HOST]
            await chat.say(f'group "family secrets" {self.id_of(NEAR)} {self.id_of(SILENT)}', "(2)")
            await chat.say("!lw language en", "English")
            await chat.say(f"group 同学同窗 {self.id_of(REMOTE)}", "同学同窗")
            await chat.say(f"!lw name {self.id_of(NEAR)} the annoying one", "Nobody else sees that")
            book = (
                "Zebulon Sekretny, +49 1761 2345678\n"
                "Ottoline Verborgen, ottoline@verborgen.example\nZebulon Sekretny, +4917612345679"
            )
            await chat.say(f"import {book}", "I have read")
            await chat.say("number +49 1512 3456789", "proven")
            await chat.say(f"block {self.id_of(BLOCKED)}", "is blocked")
            await chat.say("import https://carddav.invalid/", "user name")
            await chat.say("carddavlogin", "Shall I remember the login")
            await chat.say("no", "And the password?")
            await chat.say(PASSWORD, "your message with the password")

        async def others() -> None:
            await self[NEAR].say(f'group "poker mates" {self.id_of(FAR)}', "(1)")
            await self[BEYOND].say(f"!lw name {self.id_of(FAR)} never again them", "Nobody else sees that")
            await self[SILENT].say("exposure quiet", "nobody learns through you")

        await asyncio.gather(host(), others())

    async def _open_clusters(self) -> None:
        await self._open(HOST, "lantern", "hops:2 lantern parade", "friends of yours")
        for name in (NEAR, SILENT, REMOTE):
            await self._enter(name, "lantern")
        await self[NEAR].say("only 1 poker mates", "may see now that you are in")
        await self._enter(FAR, "lantern")
        await self._open(HOST, "granary", "family secrets: granary supper", "2 friends on")
        await self._open(HOST, "velvet", f"{self.id_of(SILENT)}: velvet surprise", "whom you named")
        await self._open(HOST, "orchard", "open orchard fair", "Everybody")
        await self._open(HOST, "sealed", "chain: harbour swim", "friends of yours")
        await self._open(HOST, "full", "chain: rowing boat", "friends of yours")
        await self._open(HOST, "ours", "friends: chimney talk", "friends of yours")
        await self._knock(NEAR, "let in", "ours")
        for place in ("granary", "sealed", "full", "ours"):
            if place != "ours":
                await self._enter(NEAR, place)
            await self[NEAR].comes_into(self.story.places[place].room)
            await self[NEAR].person.say(self.story.places[place].room, "!zd loud")
        await self._enter(SILENT, "velvet")
        host = self[HOST].person
        await host.say(self.story.places["full"].room, "!zd cap 2")
        await host.say(self.story.places["full"].room, UNDER_FOUR_EYES)
        await host.wait_for_text("holds up to 2", room=self.story.places["full"].room)
        await host.say(self.story.places["sealed"].room, "!zd seal")
        await host.wait_for_text("is sealed", room=self.story.places["sealed"].room)

    async def _open(self, name: str, key: str, line: str, audience: str) -> None:
        chat, before = self[name], set(self[name].person.invitations)
        await chat.opens(line, audience)
        room = await chat.person.wait_until(
            lambda: next((one for one in chat.person.invitations if one not in before), None), 60, "an invitation"
        )
        await chat.comes_into(room)
        found = await chat.person.wait_until(lambda: chat.person.state(room, CLUSTER_STATE), 60, "the cluster's state")
        porch = await self.bridged.porch_of(room) if key in KNOCKABLE else ""
        self.story.places[key] = Place(room, f"#{found['id']}:{self.bridged.synapse.server_name}", porch)

    async def _enter(self, name: str, key: str) -> None:
        place = self.story.places[key]
        await self[name].say(f"enter {place.alias}", "Come in: you are invited")
        await self[name].comes_into(place.room)

    async def _talk(self) -> None:
        room = self.story.places["lantern"].room
        host, near, far, remote = (self[name].person for name in (HOST, NEAR, FAR, REMOTE))
        await host.say(room, "pineapples for everybody")
        said = await near.say(room, "marmalade")
        await near.edit(room, said, "wheelbarrow")
        await host.say(room, "!burn 1s turpentine")
        vile = await host.say(room, "gooseberry")
        await remote.wait_for_text("gooseberry", room=room)
        await far.wait_for_text("gooseberry", room=room)
        await far.react(room, vile, "🚩")
        await self[FAR].hear("Thank you. The operators of this bridge")
        await far.reply(room, vile, "kohlrabi")
        await self[BEYOND].say(f"mute {self.id_of(FAR)}", "no clusters through")

    # -- refusals ---------------------------------------------------------------------------------------------------

    async def _turn_away(self) -> None:
        host = self[HOST].person
        turned_away = (BEYOND, BLOCKED, SHUT_OUT, FAR)
        before = {name: len(self._said_in_private(name)) for name in turned_away}
        await asyncio.gather(
            self._knock(BEYOND, "too far", "lantern"),
            self._knock_from_afar(UNKNOWN, "lantern"),
            self._knock(BLOCKED, "blocked by the host", "lantern"),
            self._knock(SHUT_OUT, "the friends inside are quiet, or loud for others only", "lantern"),
            self._knocks(FAR, {"sealed": "sealed", "full": "full", "not a friend of the host": "ours"}),
        )
        await asyncio.gather(
            self._ask(BEYOND, {"too far": "lantern", "not on the list": "granary", "no such cluster": ""}),
            self._ask(BLOCKED, {"blocked by the host": "lantern"}),
            self._ask(SHUT_OUT, {"the friends inside are quiet, or loud for others only": "lantern"}),
            self._ask(
                FAR, {"sealed": "sealed", "full": "full", "not a friend of the host": "ours", "not named": "velvet"}
            ),
        )
        room = self.story.places["lantern"].room
        await host.set_state(room, "m.room.member", {"membership": "ban"}, self.id_of(SHUT_OUT))
        banned = {"membership": "ban"}
        await host.wait_until(
            lambda: host.state(room, "m.room.member", self.id_of(SHUT_OUT)) == banned or None, 60, "the ban"
        )
        await self._knock(SHUT_OUT, "banned", "lantern")
        await self._ask(SHUT_OUT, {"banned": "lantern"})
        await self._think_better_of_it(BEYOND, "ours")
        for name, key in ((BEYOND, "lantern"), (FAR, "granary")):
            try:
                await self[name].person.knock(self.story.places[key].room)
            except Refused as refusal:
                self.story.refused_by_homeserver[key] = refusal.errcode
        for name in turned_away:
            # It has said all when it answers something else.
            await self[name].say("newfriends", "through you")
            self.story.heard_in_private += self._said_in_private(name)[before[name] : -1]

    def _said_in_private(self, name: str) -> list[str]:
        chat = self[name]
        return [seen.text for seen in chat.person.timeline(chat.room) if seen.sender == chat.bot and seen.text]

    async def _knocks(self, name: str, causes: Mapping[str, str]) -> None:
        for cause, key in causes.items():
            await self._knock(name, cause, key)

    async def _knock(self, name: str, cause: str, key: str) -> None:
        person, room = self[name].person, self.story.places[key].porch
        since, began = person.position, time.monotonic()

        def is_declined(seen: Seen) -> bool:
            mine = seen.kind == "m.room.member" and seen.state_key == person.user_id
            return mine and seen.sender == self.bridged.bot and seen.content.get("membership") == "leave"

        await person.knock(room, via=[self.bridged.synapse.server_name])
        kick = await person.wait_for(is_declined, 60, room=room, since=since, what="being declined")
        self.story.kicks.append(Turned(cause, text_of(kick.content), time.monotonic() - began))

    async def _knock_from_afar(self, name: str, key: str) -> None:
        """Homeservers do not tell those of others that a knock was answered."""
        porch = self.story.places[key].porch
        await self[name].person.knock(porch, via=[self.bridged.synapse.server_name])
        await self.bridged.answers_knock(porch, self.id_of(name))

    async def _think_better_of_it(self, name: str, key: str) -> None:
        """Knock, and leave before there is an answer."""
        person, porch, bridge = self[name].person, self.story.places[key].porch, self.bridged.bridge.pid
        assert bridge > 0
        os.kill(bridge, signal.SIGSTOP)
        try:
            await person.knock(porch)
            await person.leave(porch)
        finally:
            os.kill(bridge, signal.SIGCONT)

    async def _ask(self, name: str, causes: Mapping[str, str]) -> None:
        chat = self[name]
        server = self.bridged.synapse.server_name
        for cause, key in causes.items():
            alias = self.story.places[key].alias if key else f"#zd_nothinghere:{server}"
            began = time.monotonic()
            answer = await chat.say(f"enter {alias}", "not available")
            content = {name: value for name, value in answer.content.items() if name != "m.relates_to"}
            self.story.sentences.append(Turned(cause, text_of(content), time.monotonic() - began))

    # -- looking ----------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        story = self.story
        places = Places(
            rooms=frozenset(story.rooms() | story.porches()),
            aliases=frozenset(place.alias for place in story.places.values()),
            users=frozenset({*map(self.id_of, EVERYBODY), self.bridged.bot}),
            words=frozenset({"lantern", "granary", "velvet", "orchard", "the", *EVERYBODY}),
            servers=frozenset({self.bridged.synapse.server_name, self.other.server_name}),
        )
        for name in EVERYBODY:
            person = self[name].person
            story.seen_by[name] = await Witness(person.homeserver_url, person.access_token).tell(places)
        story.remote_homeserver = held_by(self.other.folder / "homeserver.db", sorted(story.rooms() | story.porches()))
        story.remote_files = bytes_of(self.other.folder / "homeserver.db")
        database = self.bridged.bridge.folder / "laiwang.db"
        markers = [word.encode() for word in SAID]

        def is_wiped() -> bool:
            story.bridge_files = bytes_of(database)
            return not any(marker in story.bridge_files for marker in markers)

        with suppress(AssertionError):  # a test says what is still there
            await eventually(is_wiped, "the words being wiped")
        story.bridge_log = self.bridged.bridge.log_path.read_text(encoding="utf-8")
