"""An outbox with its courier before a real homeserver, and eyes that see what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mautrix.api import Path as ApiPath
from mautrix.types import RoomID, UserID
from sqlalchemy import func, select

from appservice import inbox, outbox, registration_file
from appservice.courier import Courier
from appservice.database import Database
from appservice.delivery import Delivery
from appservice.effects import Effect, EffectKey, RoomOf, SendMessage
from appservice.ghosts import Ghosts
from appservice.homeserver import Homeserver
from appservice.reachability import Reachability
from appservice.registration import Registration, generate
from appservice.unit import Emission
from tests.support.road import SECRET, Clock, numbers
from tests.support.waiting import eventually

BOT = UserID("@laiwang:localhost")
BOB = UserID("@_laiwang_bob:localhost")


def silent_registration(folder: Path, *, rate_limited: bool = False) -> tuple[Registration, Path]:
    """A service that is told nothing, and its file."""
    made = generate(
        id="laiwang",
        url="http://127.0.0.1:9",
        domain="localhost",
        sender_localpart="laiwang",
        user_prefix="_laiwang_",
        alias_prefixes=("zd_",),
    )
    registration = dataclasses.replace(made, url=None, rate_limited=rate_limited)
    path = folder / "registration.yaml"
    registration_file.write(registration, path)
    return registration, path


class Eyes:
    """Sees rooms as our bot (or another user of ours) does, past every proxy."""

    def __init__(self, address: str, as_token: str) -> None:
        self.homeserver = Homeserver(address, "localhost", as_token)

    async def create_room(self, **body: Any) -> RoomID:
        """A room of the bot's, made past the courier."""
        answer = await self.homeserver.call("POST", ApiPath.v3.createRoom, {"preset": "private_chat", **body}, user=BOT)
        return RoomID(answer["room_id"])

    async def timeline(self, room: RoomID, user: UserID = BOT) -> list[dict[str, Any]]:
        """Every event of a room, oldest first."""
        events: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            query = {"dir": "f", "limit": "500", **({"from": token} if token else {})}
            page = await self.homeserver.call("GET", ApiPath.v3.rooms[room].messages, user=user, query=query)
            events += page["chunk"]
            token = page.get("end")
            if not page["chunk"] or token is None:
                return events

    async def texts(self, room: RoomID) -> list[str]:
        """The bodies of its messages."""
        return [one["content"].get("body", "") for one in await self.timeline(room) if one["type"] == "m.room.message"]

    async def is_there(self, room: RoomID, text: str) -> bool:
        return text in await self.texts(room)

    async def members(self, room: RoomID) -> list[dict[str, Any]]:
        """All its membership events, oldest first."""
        return [one for one in await self.timeline(room) if one["type"] == "m.room.member"]

    async def state(self, room: RoomID, type: str, key: str = "") -> Any:
        return await self.homeserver.call("GET", ApiPath.v3.rooms[room].state[type][key], user=BOT)


class Post:
    """One process's courier, with everything it needs; its way to the homeserver may lead through a proxy."""

    def __init__(self, database: Database, registration: Registration, address: str, **options: Any) -> None:
        self.database = database
        self.clock = Clock()
        self.woken: list[str] = []
        self.homeserver = Homeserver(
            address, "localhost", registration.as_token, timeout_seconds=options.pop("timeout_seconds", 10.0)
        )
        self.reachability = Reachability(self.homeserver, self.clock)
        self.ghosts = Ghosts(database, self.homeserver, self.clock)
        self.delivery = Delivery(self.homeserver, self.ghosts, database, BOT)
        self.courier = Courier(
            database,
            self.delivery,
            self.reachability,
            wake_inbox=self.woken.append,
            instance=SECRET,
            clock=self.clock,
            **options,
        )

    async def emit(self, *effects: Effect, keys: Iterable[str] | None = None, **more: Any) -> list[EffectKey]:
        """Put effects into the outbox, as a handler does in one unit; returns their keys."""
        names = [EffectKey(key) for key in keys] if keys else [EffectKey(f"k{next(numbers)}") for _ in effects]
        emissions = [Emission(key, effect, **more) for key, effect in zip(names, effects, strict=True)]
        lanes = await self.database.write(lambda c: outbox.put(c, emissions, self.clock()))
        for lane in lanes:
            self.courier.wake(lane)
        return names

    async def settled(self, seconds: float = 60.0) -> None:
        """Returns when nothing waits to be delivered."""

        async def nothing_waits() -> bool:
            return not await self.database.read(outbox.waiting_lanes)

        await eventually(nothing_waits, "the outbox is empty", seconds=seconds)

    async def dead(self) -> list[str]:
        """The errors of what was given up."""
        table = outbox.outbox.c
        statement = select(table.error).where(table.state == outbox.Delivery.DEAD).order_by(table.seq)
        return list(await self.database.read(lambda c: c.execute(statement).scalars().all()))

    async def attempts(self) -> int:
        """How often what waits now was refused by the homeserver."""
        table = outbox.outbox.c
        statement = select(func.max(table.attempts)).where(table.state == outbox.Delivery.WAITING)
        return int(await self.database.read(lambda c: c.execute(statement).scalar()) or 0)

    async def result(self, key: str) -> outbox.Result:
        found = await self.database.read(lambda c: outbox.result_of(c, EffectKey(key)))
        assert found is not None
        return found[1]

    async def told(self) -> list[tuple[str, str]]:
        """Kind and key of what the inbox heard."""
        box = inbox.inbox.c
        statement = select(box.kind, box.key).order_by(box.seq)
        return [(row[0], row[1]) for row in await self.database.read(lambda c: c.execute(statement).all())]


def say(room: RoomID | RoomOf, text: str, sender: UserID = BOT) -> SendMessage:
    return SendMessage(sender=sender, room=room, content={"msgtype": "m.text", "body": text})


def counted(number: int) -> list[str]:
    """The texts "0", "1", "2" and so on."""
    return [str(one) for one in range(number)]


@asynccontextmanager
async def open_post(
    database: Database, registration: Registration, address: str, **options: Any
) -> AsyncIterator[Post]:
    post = Post(database, registration, address, **options)
    await post.courier.start()
    try:
        yield post
    finally:
        await post.courier.close()
        await post.reachability.close()
        await post.homeserver.close()
