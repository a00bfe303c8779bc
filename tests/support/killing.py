"""People write, the service that answers them is killed again and again, and nobody may notice afterwards."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import aiohttp
from sqlalchemy import select

from appservice import inbox, outbox, registration_file, timers
from appservice.database import Database
from appservice.registration import generate
from laiwang_bridge.demo import process
from laiwang_bridge.demo.synapse import Synapse
from tests.support.counting_service import (
    BOT,
    DOMAIN,
    ProcessSettings,
    answered,
    counted,
    create_tables,
    new_room_name,
    steps,
)

_REPOSITORY = Path(__file__).parents[2]


class Violated(AssertionError):
    """Something was lost, doubled or out of order; the message says what."""


def make_registration(path: Path, url: str) -> None:
    """The service's registration; the homeserver reaches it at `url`."""
    made = generate(
        id="counting",
        url=url,
        domain=DOMAIN,
        sender_localpart="laiwang",
        user_prefix="_laiwang_",
        alias_prefixes=("zd_",),
    )
    registration_file.write(made, path)


class ServiceProcess:
    """One process of the service, started and killed at will."""

    def __init__(self, settings: ProcessSettings, folder: Path, name: str = "service") -> None:
        self.settings = settings
        self.log = folder / f"{name}.log"
        self._path = folder / f"{name}.json"
        self._process: subprocess.Popen[bytes] | None = None
        settings.write(self._path)

    def start(self) -> None:
        command: list[str | Path] = [sys.executable, "-m", "tests.support.counting_service", self._path]
        with self.log.open("ab") as output:
            self._process = process.spawn(command, output=output, folder=_REPOSITORY)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It stands still, as on a machine that swaps, or is moved to another one."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9"""
        if self._process is not None:
            died = self._process.poll()
            process.kill(self._process)
            self._process = None
            if died is not None:
                raise Violated(f"the service ended by itself ({died}):\n{process.last_lines(self.log)}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message the homeserver said yes to: between these moments, in seconds."""

    room: str
    event: str
    begun: float
    ended: float


@dataclass
class Speaker:
    """Somebody with an account who writes, and reads everything afterwards. Patient with a homeserver that is away."""

    session: aiohttp.ClientSession
    homeserver: str
    user_id: str
    token: str
    accepted: list[Accepted] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        url = f"{self.homeserver}/_matrix/client/v3/{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        deadline = time.monotonic() + 60
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.session.request(method, url, json=body, params=query, headers=headers) as response:
                    answer = await response.json()
                    if response.status < 500:
                        if response.status >= 400:
                            raise Violated(f"{method} {path}: {response.status} {answer}")
                        return answer
            if time.monotonic() > deadline:
                raise Violated(f"no answer to {method} {path}")
            await asyncio.sleep(0.05)

    async def say(self, room: str, text: str) -> None:
        path = f"rooms/{quote(room)}/send/m.room.message/{uuid.uuid4().hex}"
        begun = time.monotonic()
        answer = await self.call("PUT", path, {"msgtype": "m.text", "body": text})
        self.accepted.append(Accepted(room, answer["event_id"], begun, time.monotonic()))

    async def create_room(self) -> str:
        body = {"preset": "public_chat", "invite": [BOT], "power_level_content_override": {"users": {BOT: 50}}}
        answer = await self.call("POST", "createRoom", body)
        return str(answer["room_id"])

    async def join(self, room: str) -> None:
        await self.call("POST", f"join/{quote(room)}", {})

    async def members(self, room: str) -> set[str]:
        answer = await self.call("GET", f"rooms/{quote(room)}/joined_members")
        return set(answer["joined"])

    async def timeline(self, room: str) -> list[dict[str, Any]]:
        """Every event of the room as this member sees it, oldest first."""
        events: list[dict[str, Any]] = []
        token = ""
        while True:
            more = {"from": token} if token else {}
            page = await self.call("GET", f"rooms/{quote(room)}/messages", dir="f", limit="500", **more)
            events += page["chunk"]
            token = page.get("end", "")
            if not page["chunk"] or not token:
                return events

    async def invitations(self) -> set[str]:
        answer = await self.call("GET", "sync", timeout="0")
        return set(answer["rooms"].get("invite", {}))


@dataclass
class Play:
    """The stage: a homeserver, people in rooms with the service, and what the service keeps."""

    synapse: Synapse
    database: Database
    people: list[Speaker]
    rooms: list[str]
    chance: Random
    said: int = 0

    async def keep_talking(self, per_second: float, until: asyncio.Event) -> None:
        """Everybody writes into random rooms, at random moments, all in all so many messages per second."""

        async def talk(speaker: Speaker) -> None:
            while not until.is_set():
                await asyncio.sleep(self.chance.expovariate(per_second / len(self.people)))
                self.said += 1
                await speaker.say(self.chance.choice(self.rooms), f"message {self.said}")

        await asyncio.gather(*(talk(speaker) for speaker in self.people))

    @property
    def accepted(self) -> Counter[str]:
        """How many messages the homeserver accepted, by room."""
        return Counter(one.room for speaker in self.people for one in speaker.accepted)

    async def settled(self, seconds: float) -> None:
        """Returns when all that was accepted is handled and all effects are delivered. Raises `Violated`."""
        total = self.accepted.total()
        deadline = time.monotonic() + seconds
        while True:
            known, timers, arrived, leaving = await self.database.read(_progress)
            if (known, timers, arrived, leaving) == (total, 0, 0, 0):
                return
            if time.monotonic() > deadline:
                raise Violated(
                    f"after {seconds:g} s {known} of {total} messages were counted, {timers} timers, {arrived} entries "
                    f"and {leaving} effects still wait; uncounted: {await self._uncounted()}"
                )
            await asyncio.sleep(0.1)

    async def _uncounted(self) -> list[str]:
        statement = select(counted.c.event_id)
        known = set(await self.database.read(lambda connection: connection.execute(statement).scalars().all()))
        return [one.event for speaker in self.people for one in speaker.accepted if one.event not in known]

    async def verify(self) -> Mapping[str, int]:
        """Compare what members see with what has to be seen. Returns how much of what was seen; raises `Violated`."""
        seen: Counter[str] = Counter()
        by_name = await self._new_rooms()
        for room in self.rooms:
            timeline = await self.people[0].timeline(room)
            messages = [
                one
                for one in timeline
                if one["type"] == "m.room.message" and not one["sender"].startswith("@_laiwang_")
            ]
            written = [one for one in messages if one["sender"] != BOT]
            _same(f"messages in {room}", len(written), self.accepted[room])
            accepted = {one.event: one for speaker in self.people for one in speaker.accepted if one.room == room}
            _same(f"accepted events in {room}", {one["event_id"] for one in written}, set(accepted))
            places = {event: place for place, event in enumerate(await self._order_of(room, accepted))}
            written.sort(key=lambda one: places[one["event_id"]])
            _same(f"what happened in {room}", _told(timeline), _expected(written))
            later = sorted(one["content"].get("body", "") for one in messages if _is_later(one))
            _same(f"timers in {room}", later, sorted(f"later {n}" for n in range(8, len(written) + 1, 8)))
            self._verify_members(room, timeline)
            seen["messages"] += len(written)
            seen["effects"] += len(_expected(written)) + len(later)
            for number in range(6, len(written) + 1, 6):
                seen["rooms"] += 1
                seen["effects"] += 6
                await self._verify_new_room(number, by_name.pop(new_room_name(room, number), []))
        _same("rooms that nobody asked for", by_name, {})
        keys = await self.database.read(lambda c: c.execute(select(answered.c.key)).scalars().all())
        _same("answers", (len(keys), len(set(keys))), (seen["rooms"], seen["rooms"]))
        dead = select(outbox.outbox.c.error).where(outbox.outbox.c.state == outbox.Delivery.DEAD)
        _same("effects given up", await self.database.read(lambda c: list(c.execute(dead).scalars())), [])
        backlog = await self.database.read(inbox.backlog)
        _same("entries given up", (backlog.dead, backlog.aside), (0, 0))
        return seen

    async def _order_of(self, room: str, accepted: Mapping[str, Accepted]) -> Sequence[str]:
        """In which order they were counted: each once, and none before one that was accepted before it was written.

        Two that are written at the same moment have no order: the homeserver may show them to members in another one
        than it pushes them to us in.
        """
        statement = select(counted.c.event_id).where(counted.c.room_id == room).order_by(counted.c.number)
        rows = await self.database.read(lambda connection: connection.execute(statement).scalars().all())
        _same(f"the messages of {room} that were counted", sorted(rows), sorted(accepted))
        latest: Accepted | None = None
        for one in (accepted[row] for row in rows):
            if latest is not None and one.ended < latest.begun:
                raise Violated(f"in {room} {latest} was counted before {one}")
            latest = max(latest, one, key=lambda each: each.begun) if latest else one
        return rows

    def _verify_members(self, room: str, timeline: list[dict[str, Any]]) -> None:
        came = Counter(
            (one["state_key"], one["content"]["membership"]) for one in timeline if one["type"] == "m.room.member"
        )
        _same(
            f"comings and goings in {room} that happened twice",
            {who for who, times in came.items() if times > 1},
            set(),
        )

    async def _new_rooms(self) -> dict[str, list[tuple[Speaker, str]]]:
        """The rooms people were invited to, by name."""
        found: dict[str, list[tuple[Speaker, str]]] = {}
        for speaker in self.people:
            for room in await speaker.invitations():
                await speaker.join(room)
                name = await speaker.call("GET", f"rooms/{quote(room)}/state/m.room.name/")
                found.setdefault(name["name"], []).append((speaker, room))
        return found

    async def _verify_new_room(self, number: int, found: list[tuple[Speaker, str]]) -> None:
        _same(f"how many rooms were made for message {number}", len(found), 1)
        [(speaker, room)] = found
        timeline = await speaker.timeline(room)
        told = [one["content"].get("body") for one in timeline if one["type"] == "m.room.message"]
        words = [f"{word} of {number}" for word in ("first", "second", "third")]
        _same(f"what was said in the room made for message {number}", told, [*words, "answered"])
        self._verify_members(room, timeline)


@asynccontextmanager
async def stage(
    synapse: Synapse,
    database_url: str,
    service: ServiceProcess,
    *,
    seed: int,
    people: int = 3,
    rooms: int = 3,
) -> AsyncIterator[Play]:
    """Everybody in their rooms, with the service in them; `service` is running, the homeserver too."""
    create_tables(database_url)
    service.start()
    database = Database(database_url)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        speakers = []
        for number in range(people):
            access = await synapse.register_user(f"person{number}", "password")
            speakers.append(Speaker(session, synapse.client_url, access.user_id, access.access_token))
        made = [await speakers[number % people].create_room() for number in range(rooms)]
        for room in made:
            for speaker in speakers:
                await speaker.join(room)
        play = Play(synapse, database, speakers, made, Random(seed))
        await _until(lambda: _is_everywhere(play), 30)
        try:
            yield play
        finally:
            await database.close()


async def _is_everywhere(play: Play) -> bool:
    return all([BOT in await play.people[0].members(room) for room in play.rooms])


async def _until(condition: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise Violated("the service did not come into the rooms")
        await asyncio.sleep(0.1)


def _progress(connection: Any) -> tuple[int, int, int, int]:
    def rows(statement: Any) -> int:
        return len(connection.execute(statement).all())

    return (
        rows(select(counted.c.event_id)),
        rows(select(timers.inbox_timer.c.key)),
        rows(select(inbox.inbox.c.seq).where(inbox.inbox.c.state == inbox.State.WAITING)),
        rows(select(outbox.outbox.c.seq).where(outbox.outbox.c.state == outbox.Delivery.WAITING)),
    )


def _is_later(event: Mapping[str, Any]) -> bool:
    return str(event["content"].get("body", "")).startswith("later ")


def _told(timeline: list[dict[str, Any]]) -> list[str]:
    """What the service did in a room, in the words of `_expected`; timers come when they come and are left out."""
    told = []
    for event in timeline:
        content = event["content"]
        relation = content.get("m.relates_to", {})
        if not (event["sender"] == BOT or event["sender"].startswith("@_laiwang_")) or _is_later(event):
            continue
        match event["type"]:
            case "m.room.message" if relation.get("rel_type") == "m.replace":
                told.append(f"edit {content['m.new_content']['body']}")
            case "m.room.message" if "m.in_reply_to" in relation:
                told.append(f"reply {content['body']} to {relation['m.in_reply_to']['event_id']}")
            case "m.room.message":
                told.append(f"{event['sender']} {content['body']}")
            case "m.reaction":
                told.append(f"react {relation.get('key', 'redacted')}")
            case "m.room.topic":
                told.append(f"topic {content['topic']}")
            case "m.room.redaction":
                told.append("redact")
    return told


def _expected(written: list[dict[str, Any]]) -> list[str]:
    expected = []
    for number, event in enumerate(written, 1):
        redacted = (number + 1) % 7 == 0 and number < len(written)
        told = {
            "reply": f"reply {number}: {event['content']['body']} to {event['event_id']}",
            "react": "react redacted" if redacted else f"react {number}",
            "edit": f"edit {number - 2} edited",
            "ghost": f"@_laiwang_ghost{number % 3}:{DOMAIN} ghost {number}",
            "topic": f"topic {number}",
            "redact": "redact",
        }
        expected += [told[step] for step in steps(number) if step in told]
    return expected


def _same(what: str, seen: Any, expected: Any) -> None:
    if seen == expected:
        return
    if isinstance(seen, list) and isinstance(expected, list):
        differing = (index for index, (a, b) in enumerate(zip(seen, expected, strict=False)) if a != b)
        index = next(differing, min(len(seen), len(expected)))
        around = slice(max(index - 3, 0), index + 4)
        twice = [one for one, times in Counter(seen).items() if times > 1]
        missing = [one for one in expected if one not in seen]
        raise Violated(
            f"{what}: from place {index} on not as expected\n  seen     {seen[around]}\n"
            f"  expected {expected[around]}\n  twice    {twice[:10]}\n  missing  {missing[:10]}"
        )
    raise Violated(f"{what}: seen {seen}, expected {expected}")
