"""From the outbox to a real homeserver over a network that misbehaves: everything once, in order, whatever happens."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mautrix.types import RoomID, UserID

import appservice.delivery
from appservice import leases
from appservice.database import Database, Work
from appservice.delivery import UNRESOLVED
from appservice.effects import (
    Ban,
    CreateRoom,
    EventOf,
    MediaOf,
    React,
    RoomOf,
    SendMessage,
    SetProfile,
    SetState,
    Unban,
    Upload,
)
from tests.appservice.conftest import Listener
from tests.support.faults import (
    Answer,
    Delay,
    DropAfter,
    DropBefore,
    Fault,
    Repeat,
    SlowBody,
    TooManyRequests,
    Truncate,
)
from tests.support.homeservers import SynapseFactory
from tests.support.post import BOB, BOT, Eyes, Post, open_post, silent_registration
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy
from tests.support.road import numbers as names
from tests.support.road import open_road
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

T = TypeVar("T")


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    async with open_road(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def proxy(listener: Listener) -> AsyncIterator[Proxy]:
    async with Proxy(listener.address, seed=11) as standing:
        yield standing


@pytest.fixture
async def post(database: Database, listener: Listener, proxy: Proxy) -> AsyncIterator[Post]:
    async with open_post(database, listener.registration, proxy.url) as opened:
        yield opened


@pytest.fixture
async def room(eyes: Eyes) -> RoomID:
    return await eyes.create_room()


def say(room: RoomID | RoomOf, text: str, sender: UserID = BOT) -> SendMessage:
    return SendMessage(sender=sender, room=room, content={"msgtype": "m.text", "body": text})


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class TestOrder:
    async def test_messages_of_a_room_arrive_in_order(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        for number in numbers(30):
            await post.emit(say(room, number))
        await post.settled()
        assert await eyes.texts(room) == numbers(30)

    async def test_a_network_that_misbehaves_changes_neither_number_nor_order(
        self, post: Post, eyes: Eyes, proxy: Proxy
    ) -> None:
        rooms = [await eyes.create_room() for _ in range(3)]
        for fault in (
            DropAfter(),
            DropBefore(),
            Truncate(),
            Repeat(3, at_once=True),
            SlowBody(0.1),
            Delay(0, 0.1),
            Answer(502),
            Answer(500, "M_UNKNOWN"),
            TooManyRequests(50),
        ):
            proxy.add(fault, path="/send/", probability=0.04)
        for number in range(45):
            await post.emit(say(rooms[number % 3], str(number)))
        await post.settled(60)
        for which, room in enumerate(rooms):
            assert await eyes.texts(room) == [str(number) for number in range(which, 45, 3)]
        assert len(proxy.counts) > 4, proxy.counts

    async def test_rooms_are_served_side_by_side(self, post: Post, eyes: Eyes, proxy: Proxy) -> None:
        rooms = [await eyes.create_room() for _ in range(8)]
        proxy.add(Delay(0.4, 0.4), path="/send/")
        await post.ghosts.ensure(BOT)
        began = time.monotonic()
        await post.emit(*(say(room, "x") for room in rooms))
        await post.settled()
        assert time.monotonic() - began < 2.0

    async def test_no_more_rooms_at_once_than_allowed(
        self, database: Database, listener: Listener, proxy: Proxy, eyes: Eyes
    ) -> None:
        rooms = [await eyes.create_room() for _ in range(4)]
        proxy.add(Delay(0.2, 0.2), path="/send/")
        async with open_post(database, listener.registration, proxy.url, at_once=1) as post:
            await post.ghosts.ensure(BOT)
            began = time.monotonic()
            await post.emit(*(say(room, text) for room in rooms for text in "ab"))
            await post.settled()
        assert time.monotonic() - began > 8 * 0.2

    async def test_a_busy_room_lets_the_others_have_their_turn(
        self, database: Database, listener: Listener, proxy: Proxy, eyes: Eyes, room: RoomID
    ) -> None:
        quiet = await eyes.create_room()
        async with open_post(database, listener.registration, proxy.url, at_once=1) as post:
            await post.emit(*(say(room, number) for number in numbers(60)))
            await post.emit(say(quiet, "x"))
            await eventually(lambda: _is_there(eyes, quiet, "x"))
            assert len(await eyes.texts(room)) < 60
            await post.settled()
        assert await eyes.texts(room) == numbers(60)


class TestTrouble:
    async def test_the_homeserver_says_how_long_to_wait(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID
    ) -> None:
        proxy.add(TooManyRequests(retry_after_ms=400), path="/send/", times=2)
        began = time.monotonic()
        await post.emit(say(room, "a"), say(room, "b"))
        await post.settled()
        assert time.monotonic() - began >= 0.8
        assert await eyes.texts(room) == ["a", "b"]
        assert await post.dead() == []

    async def test_a_real_homeserver_that_limits_us_gets_everything_once_in_order(
        self, synapse_factory: SynapseFactory, folder: Path, database: Database
    ) -> None:
        registration, path = silent_registration(folder, rate_limited=True)
        limits = {"rc_message": {"per_second": 10, "burst_count": 5}}
        synapse = await synapse_factory(registrations=[path], rate_limits=True, extra=limits)
        eyes = Eyes(synapse.client_url, registration.as_token)
        async with open_post(database, registration, synapse.client_url) as post:
            await post.ghosts.ensure(BOT)
            room = await eyes.create_room()
            await post.emit(*(say(room, number) for number in numbers(15)))
            await post.settled()
            assert await eyes.texts(room) == numbers(15)
            assert await post.dead() == []
        await eyes.homeserver.close()

    @pytest.mark.parametrize(
        "fault", [Answer(500), Answer(502), Answer(503), Answer(504), Answer(524), Answer(500, "M_UNKNOWN")], ids=str
    )
    async def test_an_error_of_the_homeserver_is_tried_again(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID, fault: Answer
    ) -> None:
        proxy.add(fault, path="/send/", times=2)
        await post.emit(say(room, "a"), say(room, "b"))
        await post.settled()
        assert await eyes.texts(room) == ["a", "b"]
        assert await post.dead() == []

    @pytest.mark.parametrize("status", [200, 301, 403, 404])
    async def test_a_page_that_is_no_homeservers_costs_nothing(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID, status: int
    ) -> None:
        """A proxy in between is being set up anew."""
        proxy.add(Answer(status), path="/send/", times=1)
        await post.emit(say(room, "a"))
        await post.settled()
        assert await eyes.texts(room) == ["a"]
        assert await post.dead() == []

    async def test_a_homeserver_that_cannot_join_for_us_is_not_away(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID
    ) -> None:
        """Synapse says 502 when another homeserver did not answer it."""
        proxy.add(Answer(502, "M_UNKNOWN"), path="/send/")
        await post.emit(say(room, "a"))
        await eventually(post.attempts)
        assert post.reachability.here.is_set()
        proxy.heal()
        await post.settled()

    async def test_while_the_homeserver_is_away_everything_waits_and_one_looks_for_it(
        self, post: Post, eyes: Eyes, proxy: Proxy
    ) -> None:
        rooms = [await eyes.create_room() for _ in range(5)]
        await proxy.refuse()
        for number in range(20):
            await post.emit(say(rooms[number % 5], str(number)))
        await eventually(lambda: not post.reachability.here.is_set())
        assert post.reachability.reason
        passed = len(proxy.log)
        await asyncio.sleep(1)
        assert len(proxy.log) == passed
        assert await post.attempts() == 0
        await proxy.accept()
        await post.settled()
        for which, room in enumerate(rooms):
            assert await eyes.texts(room) == [str(number) for number in range(which, 20, 5)]
        assert post.reachability.reason is None

    async def test_a_request_that_always_gets_lost_holds_up_its_own_room_only(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID
    ) -> None:
        unlucky = await eyes.create_room()
        proxy.add(DropBefore(), path=f"/rooms/{unlucky}/send/")
        await post.emit(say(unlucky, "lost"))
        for number in numbers(20):
            await post.emit(say(room, number))
            await asyncio.sleep(0.05)
        await eventually(lambda: _is_there(eyes, room, "19"), seconds=10)
        tries = sum(1 for passage in proxy.log if unlucky in passage.path and "/send/" in passage.path)
        assert 2 <= tries <= 8, "it is tried less and less often"
        proxy.heal()
        await post.settled()
        assert await eyes.texts(unlucky) == ["lost"]
        assert await eyes.texts(room) == numbers(20)

    @pytest.mark.parametrize("how", [DropAfter(), Truncate(), Repeat(2), Repeat(5, at_once=True)], ids=str)
    async def test_a_lost_answer_is_no_second_anything(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID, how: Fault
    ) -> None:
        """Every kind of request goes out twice or more."""
        kinds = ["send", "state", "createRoom", "invite", "join", "profile", "register", "devices"]
        if how == Repeat(5, at_once=True):
            kinds.remove("state")  # of which Synapse makes two when asked twice at the very same moment
        for kind in kinds:
            proxy.add(
                how,
                method="POST" if kind in ("createRoom", "invite", "join", "register") else "PUT",
                path=kind,
                times=1,
            )
        alias = f"zd_lost_{room[1:9].lower().replace('-', '_')}"
        ghost = UserID(f"@_laiwang_{alias}:localhost")
        make, *_ = await post.emit(
            CreateRoom(sender=BOT, alias_localpart=alias, name="茶", invite=(ghost,)),
            say(room, "by a ghost", ghost),
            SetState(sender=BOT, room=room, type="m.room.topic", content={"topic": "茶"}),
            SetProfile(sender=ghost, display_name="Bob"),
            say(room, "by the bot"),
        )
        await post.settled(30)
        assert await post.dead() == []
        assert await eyes.texts(room) == ["by a ghost", "by the bot"]
        made = (await post.result(make)).room_id
        assert made is not None
        members = [(one["state_key"], one["content"]["membership"]) for one in await _members(eyes, made)]
        assert members == [(BOT, "join"), (ghost, "invite")]
        topics = [one for one in await eyes.timeline(room) if one["type"] == "m.room.topic"]
        assert len(topics) == 1
        assert proxy.counts[type(how).__name__] > 5

    async def test_what_can_never_succeed_is_given_up_and_the_room_goes_on(
        self, post: Post, eyes: Eyes, room: RoomID
    ) -> None:
        bad, _, good = await post.emit(
            SetState(sender=BOB, room=room, type="m.room.name", content={"name": "without power"}),
            say(room, "x" * 70_000),
            say(room, "good"),
            notify="done",
            asker=UserID("@lin:localhost"),
        )
        await post.settled()
        assert await eyes.texts(room) == ["good"]
        first, second = await post.dead()
        assert first.startswith("M_FORBIDDEN")
        assert second.startswith("M_TOO_LARGE")
        assert ("letter", f"letter:{bad}") in await post.told()
        assert ("answer", f"answer:{good}") in await post.told()

    async def test_a_fault_of_our_own_is_no_endless_loop(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("appservice.courier._ATTEMPTS_ON_ERRORS_OF_THE_HOMESERVER", 1)
        proxy.add(Answer(200, "of all things"), path="/state/", times=2)  # an answer without an event id
        await post.emit(SetState(sender=BOT, room=room, type="m.x", content={}), say(room, "after"))
        await post.settled()
        assert await eyes.texts(room) == ["after"]
        [error] = await post.dead()
        assert error.startswith("APPSERVICE_FAULT")

    async def test_a_wrong_token_waits_for_the_admin_and_loses_nothing(
        self, database: Database, listener: Listener, eyes: Eyes, room: RoomID, caplog: pytest.LogCaptureFixture
    ) -> None:
        wrong = dataclasses.replace(listener.registration, as_token="not the token")
        async with open_post(database, wrong, listener.address) as post:
            await post.emit(*(say(room, number) for number in numbers(5)))
            await eventually(lambda: "does not accept us" in caplog.text)
            await asyncio.sleep(0.2)
            assert await post.dead() == []
        async with open_post(database, listener.registration, listener.address) as post:
            post.clock.turn(11)
            for lane in (room,):
                post.courier.wake(lane)
            await post.settled()
        assert await eyes.texts(room) == numbers(5)

    async def test_what_is_not_to_happen_yet_waits_and_so_does_what_follows(
        self, post: Post, eyes: Eyes, room: RoomID
    ) -> None:
        await post.emit(say(room, "later"), not_before=post.clock() + 600)
        await post.emit(say(room, "after that"))
        await asyncio.sleep(0.3)
        assert await eyes.texts(room) == []
        await post.settled()
        assert await eyes.texts(room) == ["later", "after that"]

    async def test_a_clock_that_was_set_back_makes_no_room_wait_for_ever(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID
    ) -> None:
        post.clock.turn(30 * 86_400)
        proxy.add(TooManyRequests(500), path="/send/", times=1)
        await post.emit(say(room, "a"))
        await eventually(lambda: proxy.counts["TooManyRequests"])
        await asyncio.sleep(0.1)
        post.clock.turn(-30 * 86_400)
        await post.settled(5)
        assert await eyes.texts(room) == ["a"]


class TestRestart:
    async def test_the_next_life_repeats_what_was_under_way_and_nobody_sees_it(
        self, database: Database, listener: Listener, proxy: Proxy, eyes: Eyes, room: RoomID
    ) -> None:
        proxy.add(SlowBody(0.3), path="/send/")  # it arrives; we are gone before we hear of it
        for life in range(6):
            async with open_post(database, listener.registration, proxy.url) as post:
                if life == 0:
                    await post.emit(*(say(room, number) for number in numbers(6)))
                await asyncio.sleep(0.25)
        proxy.heal()
        async with open_post(database, listener.registration, proxy.url) as post:
            await post.settled()
        assert await eyes.texts(room) == numbers(6)

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
        assert [one["content"]["membership"] for one in await _members(eyes, room)] == ["join", "ban", "leave"]

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


class TestDependence:
    async def test_what_a_unit_makes_it_can_use(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        alias = f"zd_use_{room[1:9].lower().replace('-', '_')}"
        await post.emit(
            say(RoomOf("make"), "first"),  # type: ignore[arg-type]
            React(sender=BOT, room=RoomOf("make"), target=EventOf("first"), reaction="👍"),  # type: ignore[arg-type]
            CreateRoom(sender=BOT, alias_localpart=alias),
            Upload(sender=BOT, data=b"an image", content_type="image/png", filename="a.png"),
            SendMessage(
                sender=BOT,
                room=room,
                content={"msgtype": "m.image", "body": "a.png", "url": MediaOf("image"), "list": [MediaOf("image")]},  # type: ignore[arg-type]
            ),
            SetState(sender=BOT, room=room, type="m.room.avatar", content={"url": MediaOf("image")}),  # type: ignore[arg-type]
            keys=["first", "react", "make", "image", "show", "avatar"],
        )
        await post.settled()
        assert await post.dead() == []
        made = (await post.result("make")).room_id
        assert made is not None
        first, reaction = (await eyes.timeline(made))[-2:]
        assert first["content"]["body"] == "first"
        assert reaction["content"]["m.relates_to"]["event_id"] == first["event_id"]
        address = (await post.result("image")).content_uri
        shown, avatar = (await eyes.timeline(room))[-2:]
        assert (shown["content"]["url"], shown["content"]["list"]) == (address, [address])
        assert avatar["content"]["url"] == address

    async def test_no_time_is_lost_in_waiting_for_one_another(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        alias = f"zd_fast_{room[1:9].lower().replace('-', '_')}"
        await post.ghosts.ensure(BOT)
        began = time.monotonic()
        await post.emit(
            CreateRoom(sender=BOT, alias_localpart=alias),
            say(RoomOf("fast-make"), "first"),  # type: ignore[arg-type]
            Upload(sender=BOT, data=b"x" * 100_000, content_type="image/png", filename="a.png"),
            SendMessage(sender=BOT, room=room, content={"body": "a", "url": MediaOf("fast-image")}),  # type: ignore[arg-type]
            keys=["fast-make", "fast-first", "fast-image", "fast-show"],
        )
        await post.settled()
        assert time.monotonic() - began < 0.9

    async def test_what_needs_something_that_failed_fails_too(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        await post.emit(
            CreateRoom(sender=BOT, alias_localpart="zd_bad", room_version="of the future"),
            say(RoomOf("bad-make"), "into nothing"),  # type: ignore[arg-type]
            React(sender=BOT, room=room, target=EventOf("no such effect"), reaction="👍"),  # type: ignore[arg-type]
            say(room, "goes on"),
            keys=["bad-make", "a", "b", "c"],
        )
        await post.settled()
        assert await eyes.texts(room) == ["goes on"]
        errors = await post.dead()
        assert [error.split(":")[0] for error in errors].count(UNRESOLVED) == 2
        assert len(errors) == 3

    async def test_an_edit_replaces_and_a_reply_points(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        await post.emit(
            say(room, "draft"),
            dataclasses.replace(say(room, "final"), replaces=EventOf("draft")),  # type: ignore[arg-type]
            dataclasses.replace(say(room, "answer"), reply_to=EventOf("draft")),  # type: ignore[arg-type]
            keys=["draft", "final", "answer"],
        )
        await post.settled()
        draft, final, answer = (await eyes.timeline(room))[-3:]
        assert final["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": draft["event_id"]}
        assert answer["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": draft["event_id"]}}


class TestUnfinishedRooms:
    async def test_a_room_that_a_homeserver_left_half_made_is_made_anew(
        self, post: Post, eyes: Eyes, room: RoomID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(appservice.delivery, "UNFINISHED_SECONDS", 0.5)
        alias = f"zd_half_{room[1:9].lower().replace('-', '_')}"
        ghost = UserID(f"@_laiwang_{alias}:localhost")
        await post.ghosts.ensure(ghost)
        answer = await eyes.homeserver.call("POST", "_matrix/client/v3/createRoom", {}, user=ghost)
        path = f"_matrix/client/v3/directory/room/%23{alias}%3Alocalhost"
        await eyes.homeserver.call("PUT", path, {"room_id": answer["room_id"]}, user=ghost)
        [make] = await post.emit(CreateRoom(sender=BOT, alias_localpart=alias, name="whole"))
        await post.settled()
        made = (await post.result(make)).room_id
        assert made not in (None, answer["room_id"])
        assert (await eyes.state(RoomID(str(made)), "m.room.name"))["name"] == "whole"

    async def test_whoever_was_not_invited_yet_is_invited_once_the_room_is_found(
        self, post: Post, eyes: Eyes, room: RoomID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(appservice.delivery, "UNFINISHED_SECONDS", 0.5)
        alias = f"zd_some_{room[1:9].lower().replace('-', '_')}"
        there, missing = UserID(f"@_laiwang_{alias}_a:localhost"), UserID(f"@_laiwang_{alias}_b:localhost")
        for ghost in (there, missing):
            await post.ghosts.ensure(ghost)
        half = await eyes.create_room(room_alias_name=alias, invite=[there], is_direct=True)
        [make] = await post.emit(CreateRoom(sender=BOT, alias_localpart=alias, invite=(there, missing), is_direct=True))
        await post.settled()
        assert (await post.result(make)).room_id == half
        members = {one["state_key"]: one["content"] for one in await _members(eyes, half)}
        assert [one["state_key"] for one in await _members(eyes, half)] == [BOT, there, missing]
        assert members[missing] == {**members[there], "displayname": members[missing].get("displayname")}
        assert members[missing]["is_direct"]

    async def test_a_room_that_is_still_being_made_is_not_made_twice(
        self, post: Post, database: Database, listener: Listener, eyes: Eyes, room: RoomID
    ) -> None:
        """We stop waiting for the answer, and the homeserver goes on creating it."""
        alias = f"zd_slow_{room[1:9].lower().replace('-', '_')}"
        ghosts = [UserID(f"@_laiwang_{alias}_{number}:localhost") for number in range(12)]
        for ghost in (BOT, *ghosts):
            await post.ghosts.ensure(ghost)
        async with open_post(database, listener.registration, listener.address, timeout_seconds=0.25) as hasty:
            [make] = await hasty.emit(CreateRoom(sender=BOT, alias_localpart=alias, invite=tuple(ghosts)))
            await hasty.settled(30)
        made = (await post.result(make)).room_id
        assert made is not None
        assert [one["state_key"] for one in await _members(eyes, made)] == [BOT, *ghosts]


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
                await (one if number % 2 else other).emit(say(rooms[number % 4], str(number)))
                for room in rooms:
                    one.courier.wake(room)
                    other.courier.wake(room)
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
        await post.emit(*(say(room, number) for number in numbers(20)))
        await eventually(lambda: _is_there(eyes, room, "3"))
        server.stop()
        await asyncio.sleep(0.7)
        server.start()
        await post.settled(30)
        assert await eyes.texts(room) == numbers(20)
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
    return any(one["state_key"] == user for one in await _members(eyes, room))


async def _is_there(eyes: Eyes, room: RoomID, text: str) -> bool:
    return text in await eyes.texts(room)


async def _members(eyes: Eyes, room: RoomID) -> list[dict[str, Any]]:
    return [one for one in await eyes.timeline(room) if one["type"] == "m.room.member"]


async def _first_room(post: Post, eyes: Eyes) -> RoomID:
    await post.ghosts.ensure(BOT)
    return await eyes.create_room()
