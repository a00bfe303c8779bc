"""How each effect is done at a real Synapse, and that doing it again changes nothing that anybody sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mautrix.api import Path
from mautrix.types import EventID, RoomID, UserID

from appservice import outbox
from appservice.database import Database
from appservice.delivery import writable
from appservice.effects import (
    Ban,
    CreateRoom,
    Effect,
    EffectKey,
    Invite,
    Join,
    Kick,
    Leave,
    React,
    ReadEvent,
    ReadState,
    Redact,
    SendMessage,
    SetProfile,
    SetState,
    Unban,
    Upload,
)
from appservice.ghosts import DEVICE_ID
from appservice.homeserver import HomeserverError
from appservice.outbox import Result
from tests.appservice.conftest import Listener
from tests.support.post import BOT, Eyes, Post, open_post
from tests.support.proxy import Proxy
from tests.support.road import numbers

pytestmark = pytest.mark.synapse


@pytest.fixture
async def post(database: Database, listener: Listener) -> AsyncIterator[Post]:
    async with open_post(database, listener.registration, listener.address) as opened:
        await opened.ghosts.ensure(BOT)
        yield opened


@pytest.fixture(params=["11", "12"])
async def room(request: pytest.FixtureRequest, post: Post, eyes: Eyes) -> RoomID:
    """A room of the bot's, in the old and in the new fashion."""
    return await eyes.create_room(room_version=request.param)


@pytest.fixture
async def ghost(post: Post) -> UserID:
    made = UserID(f"@_laiwang_g{next(numbers)}:localhost")
    await post.ghosts.ensure(made)
    return made


async def do(post: Post, effect: Effect, times: int = 3) -> Result:
    """The same effect again and again, as after lost answers; each time by a process that was just started."""
    key = EffectKey(f"twice-{next(numbers)}")
    result = Result()
    for _ in range(times):
        post.ghosts._devices.clear()
        result = await post.delivery.deliver(effect, outbox.transaction_id(b"test", key))
    return result


async def events(eyes: Eyes, room: RoomID, type: str) -> list[dict[str, Any]]:
    return [one for one in await eyes.timeline(room) if one["type"] == type]


async def memberships(eyes: Eyes, room: RoomID, user: UserID) -> list[str]:
    """All that ever happened to somebody in a room, oldest first."""
    return [
        one["content"]["membership"] for one in await events(eyes, room, "m.room.member") if one["state_key"] == user
    ]


class TestDoneAgainNothingIsDoubled:
    async def test_a_message(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        result = await do(post, SendMessage(sender=BOT, room=room, content=_text("茶")))
        assert [one["event_id"] for one in await events(eyes, room, "m.room.message")] == [result.event_id]

    async def test_a_message_of_a_ghost_that_must_first_come_in(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        new = UserID(f"@_laiwang_new{next(numbers)}:localhost")
        await do(post, SendMessage(sender=new, room=room, content=_text("茶")))
        [message] = await events(eyes, room, "m.room.message")
        assert message["sender"] == new
        assert await memberships(eyes, room, new) == ["invite", "join"]

    async def test_a_reaction(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        target = await _message(eyes, room)
        for sender in (BOT, ghost):
            await do(post, React(sender=sender, room=room, target=target, reaction="👍"))
        assert [one["sender"] for one in await events(eyes, room, "m.reaction")] == [BOT, ghost]

    async def test_a_reaction_that_somebody_else_made_for_us(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        """A homeserver that forgot the transaction says that the reaction is there already."""
        target = await _message(eyes, room)
        reaction = React(sender=BOT, room=room, target=target, reaction="👍")
        await do(post, reaction)
        await do(post, reaction)
        assert len(await events(eyes, room, "m.reaction")) == 1

    async def test_a_redaction(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        target = await _message(eyes, room)
        await do(post, Redact(sender=BOT, room=room, target=target, reason="茶"))
        [redaction] = await events(eyes, room, "m.room.redaction")
        assert redaction["content"]["reason"] == "茶"

    async def test_a_state(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        for name in ("茶", "酒"):
            await do(post, SetState(sender=BOT, room=room, type="m.room.name", content={"name": name}))
        assert [one["content"]["name"] for one in await events(eyes, room, "m.room.name")] == ["茶", "酒"]

    @pytest.mark.parametrize("key", ["", "plain", "with/slash", "a b?c#d%e", "%2F", "茶", "@laiwang:localhost", "+&="])
    async def test_a_state_whatever_its_key(self, post: Post, eyes: Eyes, room: RoomID, key: str) -> None:
        type = "org.example.with/slash" if key else "org.example"
        await do(post, SetState(sender=BOT, room=room, type=type, content={"of": key}, state_key=key))
        [state] = await events(eyes, room, type)
        assert (state["state_key"], state["content"]) == (key, {"of": key})

    async def test_an_invitation(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        invite = Invite(sender=BOT, room=room, user=ghost, reason="茶")
        await do(post, invite)
        await do(post, Join(sender=ghost, room=room))
        await do(post, invite)
        assert await memberships(eyes, room, ghost) == ["invite", "join"]

    async def test_coming_and_going(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        await do(post, Invite(sender=BOT, room=room, user=ghost))
        await do(post, Join(sender=ghost, room=room, via=("localhost",)))
        await do(post, Leave(sender=ghost, room=room, reason="茶"))
        assert await memberships(eyes, room, ghost) == ["invite", "join", "leave"]

    async def test_refusing_an_invitation(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        await do(post, Invite(sender=BOT, room=room, user=ghost))
        await do(post, Leave(sender=ghost, room=room))
        assert await memberships(eyes, room, ghost) == ["invite", "leave"]

    async def test_showing_somebody_out(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        await _let_in(post, room, ghost)
        await do(post, Kick(sender=BOT, room=room, user=ghost, reason="茶"))
        assert await memberships(eyes, room, ghost) == ["invite", "join", "leave"]

    async def test_banning_and_lifting_the_ban(self, post: Post, eyes: Eyes, room: RoomID, ghost: UserID) -> None:
        await _let_in(post, room, ghost)
        await do(post, Ban(sender=BOT, room=room, user=ghost, reason="茶"))
        await do(post, Unban(sender=BOT, room=room, user=ghost))
        assert await memberships(eyes, room, ghost) == ["invite", "join", "ban", "leave"]

    @pytest.mark.parametrize("version", ["11", "12", None])
    async def test_a_room(self, post: Post, eyes: Eyes, ghost: UserID, version: str | None) -> None:
        alias = f"zd_room{next(numbers)}"
        levels = {"users": {BOT: 100, ghost: 50}, "events_default": 0}
        make = CreateRoom(
            sender=BOT,
            alias_localpart=alias,
            name="茶",
            topic="茶和酒",
            invite=(ghost,),
            is_direct=True,
            initial_state=({"type": "org.example", "state_key": "", "content": {"a": 1}},),
            power_levels=levels,
            room_version=version,
        )
        first = await do(post, make, times=1)
        assert await do(post, make) == first
        assert first.room_id is not None
        made = first.room_id
        assert (await eyes.state(made, "m.room.name"))["name"] == "茶"
        assert (await eyes.state(made, "org.example")) == {"a": 1}
        assert (await eyes.state(made, "m.room.power_levels"))["users"][ghost] == 50
        assert (await eyes.state(made, "m.room.member", ghost))["is_direct"]
        assert await memberships(eyes, made, ghost) == ["invite"]

    async def test_a_room_whose_guest_declined_is_not_forced_on_them_again(
        self, post: Post, eyes: Eyes, ghost: UserID
    ) -> None:
        make = CreateRoom(sender=BOT, alias_localpart=f"zd_room{next(numbers)}", invite=(ghost,))
        made = (await do(post, make, times=1)).room_id
        assert made is not None
        await do(post, Leave(sender=ghost, room=made))
        assert (await do(post, make)).room_id == made
        assert await memberships(eyes, made, ghost) == ["invite", "leave"]

    async def test_a_profile_is_written_only_when_it_changes(
        self, database: Database, listener: Listener, eyes: Eyes, ghost: UserID
    ) -> None:
        async with (
            Proxy(listener.address) as proxy,
            open_post(database, listener.registration, proxy.url) as post,
        ):
            for name in ("Bob", "Bob", "罗伯特"):
                await do(post, SetProfile(sender=ghost, display_name=name))
            await do(post, SetProfile(sender=ghost, display_name="罗伯特", avatar_url="mxc://localhost/bob"))
            writes = [passage.path for passage in proxy.log if "/profile/" in passage.path]
        assert [path.rpartition("/")[2] for path in writes] == ["displayname", "displayname", "avatar_url"]
        profile = await eyes.homeserver.call("GET", Path.v3.profile[ghost])
        assert profile == {"displayname": "罗伯特", "avatar_url": "mxc://localhost/bob"}

    async def test_a_file(self, post: Post, eyes: Eyes) -> None:
        data = bytes(range(256)) * 10
        upload = Upload(sender=BOT, data=data, content_type="image/png", filename="茶 & a/b?.png")
        first = await do(post, upload, times=1)
        second = await do(post, upload, times=1)
        assert first.content_uri is not None
        assert second.content_uri is not None
        assert first.content_uri.startswith("mxc://localhost/")


class TestReading:
    async def test_the_state_of_a_room_is_read_whole(self, post: Post, room: RoomID) -> None:
        result = await do(post, ReadState(sender=BOT, room=room))
        assert {one["type"] for one in result.state} >= {"m.room.create", "m.room.member", "m.room.power_levels"}

    @pytest.mark.parametrize(
        ("visibility", "seen"),
        [("shared", [True, True, True]), ("joined", [False, False, True]), ("invited", [False, True, True])],
    )
    async def test_an_event_is_read_only_if_somebody_may_see_it(
        self, post: Post, eyes: Eyes, ghost: UserID, visibility: str, seen: list[bool]
    ) -> None:
        state = {"type": "m.room.history_visibility", "content": {"history_visibility": visibility}}
        room = await eyes.create_room(initial_state=[state])
        said = [await _message(eyes, room)]
        await do(post, Invite(sender=BOT, room=room, user=ghost))
        said.append(await _message(eyes, room))
        await do(post, Join(sender=ghost, room=room))
        said.append(await _message(eyes, room))
        read = [await do(post, ReadEvent(sender=BOT, room=room, target=one, seen_by=ghost)) for one in said]
        assert [[event["event_id"] for event in result.state] for result in read] == [
            [one] if shown else [] for one, shown in zip(said, seen, strict=True)
        ]

    def test_a_state_nested_beyond_all_measure_is_left_out(self) -> None:
        """JSON is read to a greater depth than it is written; no room must stop its own lane by that."""
        content: dict[str, Any] = {}
        for _ in range(300):
            content = {"a": content}
        fine, deep = {"type": "m.room.name", "content": {}}, {"type": "org.example", "content": content}
        assert writable([fine, deep, fine]) == [fine, fine]


class TestRefusals:
    """What did not happen is never taken for what had happened already."""

    async def test_showing_somebody_out_of_a_room_that_we_are_not_in(self, post: Post, ghost: UserID) -> None:
        owner = UserID(f"@_laiwang_owner{next(numbers)}:localhost")
        made = (await do(post, CreateRoom(sender=owner, alias_localpart=f"zd_room{next(numbers)}"), 1)).room_id
        assert made is not None
        for effect in (Kick, Ban, Unban, Invite):
            with pytest.raises(HomeserverError, match="M_FORBIDDEN"):
                await do(post, effect(sender=BOT, room=made, user=ghost))

    async def test_showing_out_somebody_with_more_power(self, post: Post, room: RoomID, ghost: UserID) -> None:
        await _let_in(post, room, ghost)
        with pytest.raises(HomeserverError, match="M_FORBIDDEN"):
            await do(post, Kick(sender=ghost, room=room, user=BOT))

    async def test_leaving_where_we_never_were_is_fine(self, post: Post, room: RoomID, ghost: UserID) -> None:
        await do(post, Leave(sender=ghost, room=room))

    async def test_writing_without_the_power_to(self, post: Post, room: RoomID, ghost: UserID) -> None:
        await _let_in(post, room, ghost)
        with pytest.raises(HomeserverError, match="M_FORBIDDEN"):
            await do(post, SetState(sender=ghost, room=room, type="m.room.name", content={"name": "mine"}))

    async def test_somebody_outside_our_namespace(self, post: Post, room: RoomID) -> None:
        for effect in (
            SendMessage(sender=UserID("@lin:localhost"), room=room, content=_text("x")),
            SetProfile(sender=UserID("@lin:localhost"), display_name="x"),
        ):
            with pytest.raises(HomeserverError, match=r"M_EXCLUSIVE|M_FORBIDDEN"):
                await do(post, effect)


class TestDevices:
    async def test_a_device_that_is_gone_is_made_again(self, post: Post, eyes: Eyes, room: RoomID) -> None:
        await do(post, SendMessage(sender=BOT, room=room, content=_text("before")))
        await eyes.homeserver.call("DELETE", Path.v3.devices[DEVICE_ID], {}, user=BOT)
        await do(post, SendMessage(sender=BOT, room=room, content=_text("after")))
        assert await eyes.texts(room) == ["before", "after"]


def _text(body: str) -> dict[str, str]:
    return {"msgtype": "m.text", "body": body}


async def _message(eyes: Eyes, room: RoomID) -> EventID:
    path = Path.v3.rooms[room].send["m.room.message"][f"target-{next(numbers)}"]
    answer = await eyes.homeserver.call("PUT", path, {"msgtype": "m.text", "body": "target"}, user=BOT)
    return EventID(answer["event_id"])


async def _let_in(post: Post, room: RoomID, ghost: UserID) -> None:
    await do(post, Invite(sender=BOT, room=room, user=ghost), times=1)
    await do(post, Join(sender=ghost, room=room), times=1)
