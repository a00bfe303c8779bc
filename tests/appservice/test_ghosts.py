"""Users of our namespace come to be when they are first needed, and are asked for no more than that."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from mautrix.api import Path as ApiPath
from mautrix.types import UserID

from appservice.database import Database
from appservice.effects import SendMessage
from appservice.ghosts import DEVICE_ID, localpart
from appservice.homeserver import HomeserverError
from tests.appservice.conftest import Listener
from tests.support.faults import Answer
from tests.support.post import BOT, Eyes, Post, open_post
from tests.support.proxy import Proxy
from tests.support.road import numbers

pytestmark = pytest.mark.synapse


@pytest.fixture
def ghost() -> UserID:
    """Nobody has heard of them yet."""
    return UserID(f"@_laiwang_new{next(numbers)}:localhost")


def asked(proxy: Proxy) -> Counter[str]:
    """How often which end of a path was asked for."""
    return Counter(passage.path.rsplit("/", 2)[1 if "profile" in passage.path else 2] for passage in proxy.log)


async def test_a_ghost_is_registered_when_first_needed_and_never_again(
    post: Post, proxy: Proxy, eyes: Eyes, ghost: UserID
) -> None:
    for _ in range(3):
        assert await post.ghosts.ensure(ghost) == DEVICE_ID
    assert asked(proxy) == {"register": 1, DEVICE_ID: 1}
    assert await eyes.homeserver.whoami(ghost) == ghost


async def test_the_next_life_remembers_them(
    post: Post, database: Database, listener: Listener, proxy: Proxy, ghost: UserID
) -> None:
    await post.ghosts.ensure(ghost)
    known = len(proxy.log)
    async with open_post(database, listener.registration, proxy.url) as again:
        assert await again.ghosts.ensure(ghost) == DEVICE_ID
        assert len(proxy.log) == known


async def test_needed_by_many_at_once_they_come_to_be_once(post: Post, eyes: Eyes, ghost: UserID) -> None:
    await asyncio.gather(*(post.ghosts.ensure(ghost) for _ in range(10)))
    devices = await eyes.homeserver.call("GET", ApiPath.v3.devices, user=ghost)
    assert [device["device_id"] for device in devices["devices"]] == [DEVICE_ID]


async def test_one_that_an_earlier_database_made_is_taken_over(post: Post, eyes: Eyes, ghost: UserID) -> None:
    body = {"type": "m.login.application_service", "username": localpart(ghost), "inhibit_login": True}
    await eyes.homeserver.call("POST", ApiPath.v3.register, body)
    assert await post.ghosts.ensure(ghost) == DEVICE_ID


async def test_a_name_that_is_not_ours_is_refused(post: Post) -> None:
    with pytest.raises(HomeserverError, match="M_EXCLUSIVE"):
        await post.ghosts.ensure(UserID("@lin:localhost"))


async def test_one_that_the_homeserver_forgot_is_made_again(post: Post, proxy: Proxy, ghost: UserID) -> None:
    await post.ghosts.ensure(ghost)
    await post.ghosts.set_profile(ghost, "Bob", None)
    await post.ghosts.forget_for_good(ghost)
    assert await post.ghosts.ensure(ghost) == DEVICE_ID
    await post.ghosts.set_profile(ghost, "Bob", None)
    assert asked(proxy)["register"] == 2
    assert sum(1 for passage in proxy.log if passage.path.endswith("/displayname")) == 2


async def test_a_profile_that_did_not_change_is_not_written(
    post: Post, database: Database, listener: Listener, proxy: Proxy, eyes: Eyes, ghost: UserID
) -> None:
    await post.ghosts.set_profile(ghost, "Bob", "mxc://localhost/bob")
    written = len(proxy.log)
    await post.ghosts.set_profile(ghost, "Bob", None)
    await post.ghosts.set_profile(ghost, None, "mxc://localhost/bob")
    async with open_post(database, listener.registration, proxy.url) as again:
        await again.ghosts.set_profile(ghost, "Bob", "mxc://localhost/bob")
    assert len(proxy.log) == written
    await post.ghosts.set_profile(ghost, "罗伯特", None)
    assert len(proxy.log) == written + 1
    assert (await eyes.homeserver.call("GET", ApiPath.v3.profile[ghost]))["displayname"] == "罗伯特"


async def test_a_homeserver_without_devices_for_us_is_used_without(
    post: Post, proxy: Proxy, eyes: Eyes, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.add(Answer(404, "M_UNRECOGNIZED"), path="/devices/")
    assert await post.ghosts.ensure(BOT) is None
    assert "gives application services no devices" in caplog.text
    room = await eyes.create_room()
    message = SendMessage(sender=BOT, room=room, content={"msgtype": "m.text", "body": "once"})
    first = await post.delivery.deliver(message, f"txn{next(numbers)}")
    assert await eyes.texts(room) == ["once"]
    assert first.event_id is not None


def test_server_names_may_hold_colons() -> None:
    assert localpart(UserID("@_laiwang_bob:localhost:8448")) == "_laiwang_bob"
