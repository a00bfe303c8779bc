"""What one unit makes it can use: rooms, events and files that are still being made."""

from __future__ import annotations

import dataclasses
import time
from typing import TypeVar

import pytest
from mautrix.types import RoomID, UserID

import appservice.delivery
from appservice.database import Database
from appservice.effects import (
    CreateRoom,
    EventOf,
    ListRoom,
    MediaOf,
    React,
    RoomOf,
    SendMessage,
    SetState,
    Upload,
)
from appservice.results import UNRESOLVED
from tests.appservice.conftest import Listener
from tests.support.post import BOT, Eyes, Post, open_post, say

pytestmark = pytest.mark.synapse

T = TypeVar("T")


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
        members = {one["state_key"]: one["content"] for one in await eyes.members(half)}
        assert [one["state_key"] for one in await eyes.members(half)] == [BOT, there, missing]
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
        assert [one["state_key"] for one in await eyes.members(made)] == [BOT, *ghosts]


class TestKindsOfRooms:
    @pytest.mark.parametrize("version", ["11", "12"])
    async def test_a_space_is_a_room_of_that_type_in_which_only_the_bot_has_power(
        self, post: Post, eyes: Eyes, room: RoomID, version: str
    ) -> None:
        alias = f"zd_space{version}_{room[1:9].lower().replace('-', '_')}"
        [make] = await post.emit(
            CreateRoom(
                sender=BOT,
                alias_localpart=alias,
                room_type="m.space",
                room_version=version,
                power_levels={"users": {BOT: 100}, "events_default": 100, "invite": 100},
            )
        )
        await post.settled()
        made = (await post.result(make)).room_id
        assert made is not None
        creation = await eyes.state(made, "m.room.create")
        assert (creation["type"], creation["room_version"]) == ("m.space", version)
        assert (await eyes.state(made, "m.room.power_levels"))["events_default"] == 100

    async def test_a_room_is_listed_under_our_network_and_taken_out_again_however_often(
        self, post: Post, eyes: Eyes, room: RoomID
    ) -> None:
        [make] = await post.emit(CreateRoom(sender=BOT, alias_localpart=f"zd_list_{room[1:9].lower()}", name="listed"))
        await post.settled()
        made = (await post.result(make)).room_id
        assert made is not None
        join_rules = {"join_rule": "public"}
        await post.emit(SetState(sender=BOT, room=made, type="m.room.join_rules", content=join_rules))

        async def listed(**body: object) -> list[str]:
            answer = await eyes.homeserver.call("POST", "_matrix/client/v3/publicRooms", body, user=BOT)
            return [str(one["room_id"]) for one in answer["chunk"]]

        for is_listed in (True, True, False, False):
            await post.emit(ListRoom(sender=BOT, room=made, network="laiwang", listed=is_listed))
            await post.settled()
            assert (made in await listed(third_party_instance_id="laiwang|laiwang")) is is_listed
            assert (made in await listed(include_all_networks=True)) is is_listed
            assert made not in await listed()
        assert await post.dead() == []
