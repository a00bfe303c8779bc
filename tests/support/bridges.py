"""A homeserver with our bridge, set up and started as an admin does it, and people in their chats with the bot."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from mautrix.types import RoomID, UserID

from appservice.homeserver import Homeserver
from laiwang_bridge.clusters.rules import KNOCK_ANSWERED
from laiwang_bridge.config_file import load_config
from laiwang_bridge.demo.bridge import Bridge
from laiwang_bridge.demo.listening import NotSeen
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.synapse import Synapse
from laiwang_bridge.demo.timeline import Seen
from tests.support.homeservers import SynapseFactory
from tests.support.waiting import eventually

_SECONDS = 150.0
"""For each thing, on a machine that does ten others at once: a minute was too short there to start a bridge."""
_LIMIT = "commands_per_minute: 20\n"
"""The people of the tests type faster than anybody."""
_CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}")

KNOCK_ANSWER = KNOCK_ANSWERED.singular
"""What everybody hears who knocks, let in or not."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """A homeserver and the bridge that belongs to it."""

    synapse: Synapse
    bridge: Bridge

    @property
    def bot(self) -> str:
        return f"@laiwang:{self.synapse.server_name}"

    def close(self) -> None:
        self.bridge.kill()

    async def porch_of(self, room: str) -> str:
        """Where people knock who want into the cluster in this room."""
        found: list[str] = []

        def is_there() -> bool:
            database = self.bridge.folder / "laiwang.db"
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                rows = connection.execute("select porch_room_id from cluster where room_id = ?", (room,))
                found[:] = [porch for (porch,) in rows if porch]
            return bool(found)

        await eventually(is_there, f"a porch beside {room}", seconds=_SECONDS)
        return found[0]

    async def answers_knock(self, porch: str, user: str) -> None:
        """Wait until a knock has been answered; homeservers do not tell people of others of that."""
        token = load_config(self.bridge.config).appservice.as_token
        client = Homeserver(self.synapse.client_url, self.synapse.server_name, token)

        async def is_answered() -> bool:
            return await client.membership(RoomID(porch), UserID(user), UserID(self.bot)) == "leave"

        try:
            await eventually(is_answered, f"{user} being answered", seconds=_SECONDS)
        finally:
            await client.close()


async def set_up_bridge(synapse: Synapse, folder: Path) -> Bridged:
    """`laiwang-bridge init`, and its registration in the homeserver's configuration; start the homeserver next."""
    bridge = Bridge(folder)
    await bridge.set_up(synapse.client_url, synapse.server_name)
    config = bridge.config.read_text(encoding="utf-8")
    assert _LIMIT in config
    bridge.config.write_text(config.replace(_LIMIT, "commands_per_minute: 1000\n"), encoding="utf-8")
    synapse.registrations.append(bridge.registration)
    return Bridged(synapse, bridge)


@asynccontextmanager
async def running_bridge(factory: SynapseFactory, folder: Path) -> AsyncIterator[Bridged]:
    """A homeserver of its own with a bridge in this folder, both at work."""
    synapse = factory.prepare()
    bridged = await set_up_bridge(synapse, folder)
    try:
        await synapse.start()
        await start_bridge(bridged)
        yield bridged
    finally:
        bridged.close()
        await synapse.stop()


async def start_bridge(bridged: Bridged) -> None:
    """`laiwang-bridge run`, until it and its homeserver have found each other."""
    bridged.bridge.start()
    await bridged.bridge.until_ready(_SECONDS)


@dataclass
class Chat:
    """Somebody's chat with the bot."""

    person: Person
    bot: str
    room: str

    @classmethod
    async def begin(cls, person: Person, bot: str) -> Chat:
        chat = cls(person, bot, await person.create_direct_chat(bot, timeout=_SECONDS))
        await chat.hear("Laiwang")
        return chat

    async def say(self, text: str, answer: str) -> Seen:
        """Write to the bot, and wait for an answer (or a changed card) with `answer` in it."""
        since = self.person.position
        await self.person.say(self.room, text)
        return await self.hear(answer, since=since)

    async def opens(self, line: str, audience: str) -> None:
        """Begin a cluster: look who will see it, and say yes."""
        await self.say(f"!zd {line}", audience)
        await self.say("publish", "is opening. You are being invited.")

    async def finds(self, part: str) -> Seen:
        """Look what friends talk about, until there is `part`; nobody is told before his daily digest."""
        since = self.person.position

        async def is_there() -> bool:
            await self.person.say(self.room, "list")
            with suppress(NotSeen):
                await self.person.wait_for_text(part, 3.0, room=self.room, sender=self.bot, since=since)
                return True
            return False

        await eventually(is_there, f"{self.person.name} finding {part!r}", seconds=_SECONDS)
        return await self.hear(part, since=since)

    async def hear(self, part: str, *, since: int = 0) -> Seen:
        return await self.person.wait_for_text(part, _SECONDS, room=self.room, sender=self.bot, since=since)

    async def tap(self, card: Seen, reaction: str) -> None:
        await self.person.react(self.room, card.replaces or card.event_id, reaction)

    async def code(self) -> str:
        said = await self.say("code", "Your code is")
        found = _CODE.search(said.text)
        assert found is not None
        return found[0]

    async def comes_into(self, room: str) -> None:
        """Accept the invitation, again where the homeserver stumbles: an invitation and the state of a room that came
        over federation at the same time do not always agree at first."""
        await self.person.wait_for_invitation(_SECONDS, room=room)

        async def is_in() -> bool:
            if room not in self.person.rooms:
                with suppress(Refused):
                    await self.person.join(room)
            return room in self.person.rooms

        await eventually(is_in, f"{self.person.name} coming into {room}", seconds=_SECONDS)

    async def is_declined(self, room: str) -> str:
        """Wait until this person's knock was declined; gives the reason."""
        declined = await self.person.wait_for(
            lambda seen: (
                seen.kind == "m.room.member"
                and seen.state_key == self.person.user_id
                and seen.content.get("membership") == "leave"
                and seen.sender == self.bot
            ),
            _SECONDS,
            room=room,
            what="being declined",
        )
        return str(declined.content.get("reason", ""))


async def befriend(one: Chat, other: Chat) -> None:
    """By a code, as people do it; both are loud in clusters."""
    for chat in (one, other):
        await chat.say("exposure loud", "your friends may see that you are there")
    card = await other.say(await one.code(), one.person.user_id)
    await other.tap(card, "✅")
    asked = await one.hear(f"({other.person.user_id}) typed your code")
    since = other.person.position
    await one.tap(asked, "✅")
    await one.hear(f"({other.person.user_id}) are friends now")
    await other.hear(f"({one.person.user_id}) are friends now", since=since)
