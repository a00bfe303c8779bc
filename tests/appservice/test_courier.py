"""From the outbox to a real homeserver over a network that misbehaves: everything once, in order, whatever happens."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path
from typing import TypeVar

import pytest
from mautrix.types import RoomID, UserID

from appservice.database import Database
from appservice.effects import (
    CreateRoom,
    Invite,
    Join,
    SetProfile,
    SetState,
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
from tests.support.post import BOB, BOT, Eyes, Post, counted, open_post, say, silent_registration
from tests.support.proxy import Proxy
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

T = TypeVar("T")


class TestOrder:
    async def test_messages_of_a_room_arrive_in_order(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        for number in counted(30):
            await post.emit(say(room, number))
        await post.settled()
        assert await eyes.texts(room) == counted(30)

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
            await post.emit(*(say(room, number) for number in counted(60)))
            await post.emit(say(quiet, "x"))
            await eventually(lambda: eyes.is_there(quiet, "x"))
            assert len(await eyes.texts(room)) < 60
            await post.settled()
        assert await eyes.texts(room) == counted(60)


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
            await post.emit(*(say(room, number) for number in counted(15)))
            await post.settled()
            assert await eyes.texts(room) == counted(15)
            assert await post.dead() == []
        await eyes.homeserver.close()

    async def test_an_invitation_that_its_own_server_does_not_know_yet_is_followed_a_moment_later(
        self, post: Post, eyes: Eyes, proxy: Proxy, room: RoomID
    ) -> None:
        proxy.add(Answer(403, "M_FORBIDDEN"), path="/join/", times=2)
        await post.emit(Invite(sender=BOT, room=room, user=BOB), Join(sender=BOB, room=room))
        await post.settled()
        assert [one["content"]["membership"] for one in await eyes.members(room)] == ["join", "invite", "join"]
        assert await post.dead() == []

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
        for number in counted(20):
            await post.emit(say(room, number))
            await asyncio.sleep(0.05)
        await eventually(lambda: eyes.is_there(room, "19"))
        tries = sum(1 for passage in proxy.log if unlucky in passage.path and "/send/" in passage.path)
        assert 2 <= tries <= 8, "it is tried less and less often"
        proxy.heal()
        await post.settled()
        assert await eyes.texts(unlucky) == ["lost"]
        assert await eyes.texts(room) == counted(20)

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
        members = [(one["state_key"], one["content"]["membership"]) for one in await eyes.members(made)]
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
            await post.emit(*(say(room, number) for number in counted(5)))
            await eventually(lambda: "does not accept us" in caplog.text)
            await asyncio.sleep(0.2)
            assert await post.dead() == []
        async with open_post(database, listener.registration, listener.address) as post:
            post.clock.turn(11)
            for lane in (room,):
                post.courier.wake(lane)
            await post.settled()
        assert await eyes.texts(room) == counted(5)

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
