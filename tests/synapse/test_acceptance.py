"""How a cluster travels along a line of friends, on a real homeserver: Ann, Bo, Cat and Dan, each a friend of the next.

All that the homeserver tells the bridge meanwhile is recorded, and in the end told again, twice.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from ruamel.yaml import YAML

from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.timeline import Seen
from tests.support.bridges import KNOCK_ANSWER, Bridged, Chat, befriend, set_up_bridge, start_bridge
from tests.support.homeservers import People, SynapseFactory
from tests.support.waiting import eventually

pytestmark = [pytest.mark.synapse, pytest.mark.asyncio(loop_scope="session")]

UNAVAILABLE = "This cluster is not available."
NOTHING = "None of your friends is talking about anything here yet."


@dataclass(slots=True)
class Recorder:
    """Stands between homeserver and bridge, passes everything on, and remembers the transactions."""

    target: str
    port: int = field(default_factory=free_port)
    transactions: list[tuple[str, bytes]] = field(default_factory=list)
    authorization: str = ""
    _runner: web.AppRunner | None = None
    _session: ClientSession | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._session = ClientSession()
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    async def tell_again(self, *, under_another_name: bool) -> None:
        """Every transaction once more, in their order; with `under_another_name` as if they were new ones."""
        for path, body in list(self.transactions):
            status, _, _ = await self._send("PUT", f"{path}again" if under_another_name else path, body)
            assert status == 200

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.authorization = request.headers.get("Authorization", self.authorization)
        if request.method == "PUT" and "/transactions/" in request.path:
            self.transactions.append((request.path, body))
        status, answer, kind = await self._send(request.method, request.path_qs, body)
        return web.Response(status=status, body=answer, content_type=kind)

    async def _send(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        assert self._session is not None
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        async with self._session.request(method, f"{self.target}{path}", data=body, headers=headers) as response:
            return response.status, await response.read(), response.content_type


@dataclass(frozen=True, slots=True)
class Line:
    """The four in their chats with the bot."""

    bridged: Bridged
    recorder: Recorder
    ann: Chat
    bo: Chat
    cat: Chat
    dan: Chat

    async def opens(self, line: str) -> tuple[str, str]:
        """Ann begins a cluster, and Bo steps in; gives its room and its alias."""
        before = set(self.ann.person.invitations)
        await self.ann.opens(line, "see it")
        invitations = self.ann.person.invitations
        room = await self.ann.person.wait_until(
            lambda: next((one for one in invitations if one not in before), None), 60, "an invitation"
        )
        await self.ann.comes_into(room)
        state = await self.ann.person.wait_until(lambda: self.ann.person.state(room, CLUSTER_STATE), 60, "its state")
        await steps_in(self.bo, state["seed"]["title"], room)
        return room, f"#{state['id']}:{self.bridged.synapse.server_name}"

    async def knocks(self, chat: Chat, room: str) -> str:
        """Somebody knocks at the porch of a cluster; gives the answer."""
        porch = await self.bridged.porch_of(room)
        await chat.person.knock(porch)
        return await chat.is_declined(porch)


async def steps_in(chat: Chat, title: str, room: str) -> None:
    await chat.say(f"join {await number_of(chat, title)}", "Come in: you are invited")
    await chat.comes_into(room)


async def number_of(chat: Chat, title: str) -> str:
    """What stands in the list for stepping in."""
    line = await offer_of(chat, title)
    found = re.search(r"join (\d+)", line)
    assert found is not None
    return found[1]


async def offer_of(chat: Chat, title: str) -> str:
    """What the list says of a cluster that is there to step in: a line of it, or all of it where there is no other."""
    offers: list[str] = []

    async def is_there() -> bool:
        listed = (await chat.finds(title)).text
        # A list has all of it in one line: "… are talking: “…” · join 2"; a card alone has lines of its own.
        rows = [row for row in listed.splitlines() if f"“{title}”" in row and " · " in row] or [listed]
        offers[:] = [row for row in rows if "join " in row]
        return bool(offers)

    await eventually(is_there, f"{chat.person.name} being offered {title!r}", seconds=30)
    return offers[0]


async def loses(chat: Chat, title: str, since: int) -> None:
    """Wait until the message that shows a cluster says that it is gone."""

    def says_so(seen: Seen) -> bool:
        return any(title in row and "not available any more" in row for row in seen.text.splitlines())

    await chat.person.wait_for(says_so, room=chat.room, since=since, what=f"{title} to vanish")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Line]:
    synapse = session_synapse_factory.prepare()
    bridged = await set_up_bridge(synapse, session_folder / "bridge-of-the-line")
    recorder = Recorder(bridged.bridge.address)
    yaml = YAML()
    registration = yaml.load(bridged.bridge.registration)
    yaml.dump({**registration, "url": f"http://127.0.0.1:{recorder.port}"}, bridged.bridge.registration)
    everybody = People()
    try:
        await recorder.start()
        await synapse.start()
        await start_bridge(bridged)
        people = [await everybody(synapse, name) for name in ("ann", "bo", "cat", "dan")]
        chats = await asyncio.gather(*(Chat.begin(person, bridged.bot) for person in people))
        for one, other in pairwise(chats):
            await befriend(one, other)
        yield Line(bridged, recorder, *chats)
    finally:
        await everybody.close()
        bridged.close()
        await recorder.stop()
        await synapse.stop()


async def test_two_hops_reach_the_friend_of_a_friend_and_no_further(line: Line) -> None:
    room, alias = await line.opens("hops:2 kite flying")
    assert "bo" in await offer_of(line.cat, "kite flying")
    await steps_in(line.cat, "kite flying", room)
    await line.cat.person.wait_until(lambda: len(line.cat.person.members(room)) == 4 or None, 60, "all being in")
    await line.dan.say("list", NOTHING)
    await line.dan.say(f"enter {alias}", UNAVAILABLE)
    assert await line.knocks(line.dan, room) == KNOCK_ANSWER


async def test_a_chain_goes_on_from_friend_to_friend(line: Line) -> None:
    room, _alias = await line.opens("chain: jigsaw evening")
    assert "bo" in await offer_of(line.cat, "jigsaw evening")
    await steps_in(line.cat, "jigsaw evening", room)
    assert "cat" in await offer_of(line.dan, "jigsaw evening")
    await steps_in(line.dan, "jigsaw evening", room)


async def test_who_is_quiet_from_the_start_brings_it_to_nobody(line: Line) -> None:
    await line.bo.say("exposure quiet", "nobody learns through you")
    _room, alias = await line.opens("hops:2 whispering")
    await line.cat.person.say(line.cat.room, "list")
    await line.cat.say(f"enter {alias}", UNAVAILABLE)
    heard = [seen.text for seen in line.cat.person.timeline(line.cat.room) if seen.sender == line.cat.bot]
    assert [text for text in heard if "whispering" in text] == []
    await line.bo.say("exposure loud", "your friends may see")


async def test_whose_friend_has_left_before_he_taps_is_not_let_in(line: Line) -> None:
    room, _alias = await line.opens("hops:2 sledging")
    number = await number_of(line.cat, "sledging")
    since = line.cat.person.position
    await line.bo.person.leave(room)
    await loses(line.cat, "sledging", since)
    await line.cat.say(f"join {number}", UNAVAILABLE)
    assert await line.knocks(line.cat, room) == KNOCK_ANSWER
    assert room not in line.cat.person.invitations


@pytest.mark.parametrize("who", ["the host", "the guest"])
async def test_a_block_takes_the_card_away_at_once(line: Line, who: str) -> None:
    title = {"the host": "mushroom hunt", "the guest": "berry picking"}[who]
    room, alias = await line.opens(f"hops:2 {title}")
    assert "bo" in await offer_of(line.cat, title)
    one, other = (line.ann, line.cat) if who == "the host" else (line.cat, line.ann)
    since = line.cat.person.position
    await one.say(f"block {other.person.user_id}", "is blocked")
    await loses(line.cat, title, since)
    await line.cat.say(f"enter {alias}", UNAVAILABLE)
    assert line.cat.person.user_id not in line.ann.person.members(room)
    await one.say(f"unblock {other.person.user_id}", "no longer blocked")
    assert "bo" in await offer_of(line.cat, title)


async def test_transactions_told_again_change_nothing(line: Line) -> None:
    """Twice under the same id, as a homeserver does that missed the answer; once under another."""
    assert len(line.recorder.transactions) > 100
    database = line.bridged.bridge.folder / "laiwang.db"
    before = await settled(database)
    said = {chat.person.name: chat.person.position for chat in (line.ann, line.bo, line.cat, line.dan)}
    for under_another_name in (False, False, True):
        await line.recorder.tell_again(under_another_name=under_another_name)
    after = await settled(database)
    assert {name for name in before if before[name] != after[name]} == set()
    assert {chat.person.name: chat.person.position for chat in (line.ann, line.bo, line.cat, line.dan)} == said


async def settled(database: Path) -> dict[str, Sequence[Any]]:
    """All that is in the database, once nothing waits and it does not change any more; without the list of
    transactions."""
    last: dict[str, Sequence[Any]] = {}
    while (now := await asyncio.to_thread(everything, database)) != last or await asyncio.to_thread(waits, database):
        last = now
        await asyncio.sleep(1)
    return last


def waits(database: Path) -> bool:
    """Whether anything that was heard has not been handled, or anything to be said has not been sent."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute(
            "select exists (select 1 from inbox where state = 0 union select 1 from outbox where state = 0)"
        )
        return bool(found.fetchone()[0])


def everything(database: Path) -> dict[str, Sequence[Any]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        kept = [name for name in names if name not in ("inbox_transaction", "sqlite_sequence")]
        tables: dict[str, Sequence[Any]] = {
            name: sorted(connection.execute(f'select * from "{name}"'), key=repr) for name in kept
        }
    # The bridge notes every now and then until when it has heard all.
    tables["instance"] = [row for row in tables["instance"] if row[0] != "catchup.whole_at"]
    return tables
