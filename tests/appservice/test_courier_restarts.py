"""Processes and homeservers that stop in the middle, and processes that share the work: everything once, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from mautrix.types import RoomID, UserID

from appservice import leases
from appservice.database import Database, Work
from appservice.effects import (
    Ban,
    React,
    Unban,
)
from tests.appservice.conftest import Listener
from tests.support.faults import (
    Delay,
    SlowBody,
)
from tests.support.homeservers import SynapseFactory
from tests.support.post import BOB, BOT, Eyes, Post, counted, open_post, say, silent_registration
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy
from tests.support.road import numbers as names
from tests.support.road import open_road
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

T = TypeVar("T")


class TestRestart:
    async def test_the_next_life_repeats_what_was_under_way_and_nobody_sees_it(
        self, database: Database, listener: Listener, proxy: Proxy, eyes: Eyes, room: RoomID
    ) -> None:
        proxy.add(SlowBody(0.3), path="/send/")  # it arrives; we are gone before we hear of it
        for life in range(6):
            async with open_post(database, listener.registration, proxy.url) as post:
                if life == 0:
                    await post.emit(*(say(room, number) for number in counted(6)))
                await asyncio.sleep(0.25)
        proxy.heal()
        async with open_post(database, listener.registration, proxy.url) as post:
            await post.settled()
        assert await eyes.texts(room) == counted(6)

    async def test_what_has_no_transaction_id_is_recorded_before_anything_follows_it(
        self, sqlite_url: str, listener: Listener, eyes: Eyes, room: RoomID
    ) -> None:
        """Else both would be done again after a power cut, and everybody would see a ban that was lifted long ago."""
        ghost = UserID(f"@_laiwang_banned{next(names)}:localhost")
        async with open_road(sqlite_url), FailingDatabase.opened(sqlite_url) as database:
            async with open_post(database, listener.registration, listener.address) as post:
                await post.ghosts.ensure(ghost)
                await post.ghosts.ensure(BOT)
                database.fails = True
                await post.emit(Ban(sender=BOT, room=room, user=ghost), Unban(sender=BOT, room=room, user=ghost))
                await eventually(lambda: _came(eyes, room, ghost))
                await asyncio.sleep(0.3)
            database.fails = False
            async with open_post(database, listener.registration, listener.address) as post:
                await post.settled()
        assert [one["content"]["membership"] for one in await eyes.members(room)] == ["join", "ban", "leave"]

    async def test_a_homeserver_that_restarts_in_between_still_knows_a_repetition(
        self, synapse_factory: SynapseFactory, folder: Path, database: Database
    ) -> None:
        registration, path = silent_registration(folder)
        synapse = await synapse_factory(registrations=[path])
        eyes = Eyes(synapse.client_url, registration.as_token)
        async with open_post(database, registration, synapse.client_url) as post:
            room = await _first_room(post, eyes)
            message = say(room, "once")
            sent = await post.delivery.deliver(message, "txn-1")
            assert sent.event_id is not None
            reaction = React(sender=BOB, room=room, target=sent.event_id, reaction="👍")
            reacted = await post.delivery.deliver(reaction, "txn-2")
            synapse.kill()
            await synapse.start()
            assert await post.delivery.deliver(message, "txn-1") == sent
            assert await post.delivery.deliver(reaction, "txn-2") == reacted
            assert await eyes.texts(room) == ["once"]
        await eyes.homeserver.close()


@pytest.mark.postgres
class TestSharedWork:
    async def test_two_couriers_on_one_outbox_keep_the_order_and_send_nothing_twice(
        self, postgres_url: str, listener: Listener, proxy: Proxy, eyes: Eyes
    ) -> None:
        rooms = [await eyes.create_room() for _ in range(4)]
        options = {"shared": True, "poll_seconds": 0.1}
        async with (
            open_road(postgres_url) as database,
            open_post(database, listener.registration, proxy.url, **options) as one,
            open_post(database, listener.registration, proxy.url, **options) as other,
        ):
            for number in range(40):
                # Each is told of two of the rooms; of the others it learns by looking around.
                await (one if number % 2 else other).emit(say(rooms[number % 4], str(number)))
            await one.settled()
            assert one.courier.delivered + other.courier.delivered == 40
            assert one.courier.delivered > 0
            assert other.courier.delivered > 0
        for which, room in enumerate(rooms):
            assert await eyes.texts(room) == [str(number) for number in range(which, 40, 4)]

    async def test_what_one_left_another_takes_up_after_its_lease(
        self,
        postgres_url: str,
        listener: Listener,
        proxy: Proxy,
        eyes: Eyes,
        room: RoomID,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("appservice.courier._LEASE_SECONDS", 1.0)
        async with open_road(postgres_url) as database:
            assert await database.write(lambda c: leases.claim(c, room, "a process that was killed", 1.0))
            options = {"shared": True, "poll_seconds": 0.1}
            async with open_post(database, listener.registration, proxy.url, **options) as post:
                await post.emit(say(room, "a"))
                await asyncio.sleep(0.4)
                assert await eyes.texts(room) == []
                await post.settled(10)
            assert await eyes.texts(room) == ["a"]

    async def test_a_lease_lasts_as_long_as_its_delivery(
        self, postgres_url: str, listener: Listener, proxy: Proxy, room: RoomID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("appservice.courier._LEASE_SECONDS", 0.6)
        proxy.add(Delay(1.5, 1.5), path="/send/", times=1)
        options = {"shared": True, "poll_seconds": 0.1}
        async with (
            open_road(postgres_url) as database,
            open_post(database, listener.registration, proxy.url, **options) as one,
            open_post(database, listener.registration, proxy.url, **options) as other,
        ):
            await one.emit(say(room, "slow"), say(room, "next"))
            await one.settled()
            assert (one.courier.delivered, other.courier.delivered) in [(2, 0), (0, 2)]
            await eventually(lambda: not (one.courier._held or other.courier._held), "the lane is given back")


@pytest.mark.postgres
async def test_deliveries_go_on_by_themselves_after_the_database_was_away(
    folder: Path, listener: Listener, eyes: Eyes, room: RoomID
) -> None:
    server = Postgres(folder / "postgres")
    server.start()
    async with (
        open_road(server.create_database()) as database,
        open_post(database, listener.registration, listener.address, shared=True, poll_seconds=0.2) as post,
    ):
        await post.emit(*(say(room, number) for number in counted(20)))
        await eventually(lambda: eyes.is_there(room, "3"))
        server.stop()
        await asyncio.sleep(0.7)
        server.start()
        await post.settled(30)
        assert await eyes.texts(room) == counted(20)
    server.stop()


class FailingDatabase(Database):
    """Takes effects, but while it `fails` nothing of what became of them."""

    fails = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[FailingDatabase]:
        database = cls(url)
        yield database
        await database.close()

    async def write(self, work: Work[T]) -> T:
        if self.fails and "record" in getattr(work, "__qualname__", ""):
            raise OSError("the power is gone")
        return await super().write(work)


async def _came(eyes: Eyes, room: RoomID, user: UserID) -> bool:
    return any(one["state_key"] == user for one in await eyes.members(room))


async def _first_room(post: Post, eyes: Eyes) -> RoomID:
    await post.ghosts.ensure(BOT)
    return await eyes.create_room()
