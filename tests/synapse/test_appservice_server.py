"""What a real Synapse asks of an application service, our server understands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from mautrix.types import ContentURI, RoomAlias, UserID
from ruamel.yaml import YAML

from appservice.listener import TcpAddress
from appservice.server import Server
from appservice.thirdparty import FieldType, ProtocolDescription, ThirdPartyLocation, ThirdPartyUser
from tests.appservice.wire import ANY_PORT, RecordingInbox
from tests.support.homeservers import SynapseFactory

pytestmark = pytest.mark.synapse

AS_TOKEN, HS_TOKEN = "as-token-of-the-test", "hs-token-of-the-test"
LIN = ThirdPartyUser(UserID("@_lw_lin:localhost"), "laiwang", {"nick": "林 1+1"})


class Recorder:
    """Answers queries and remembers them."""

    def __init__(self) -> None:
        self.users: list[str] = []
        self.aliases: list[str] = []

    async def user(self, user_id: UserID) -> bool:
        self.users.append(user_id)
        return False

    async def alias(self, alias: RoomAlias) -> bool:
        self.aliases.append(alias)
        return False

    async def describe(self, protocol: str) -> ProtocolDescription | None:
        return ProtocolDescription(
            icon=ContentURI("mxc://localhost/icon"),
            user_fields=("nick",),
            field_types={"nick": FieldType(".+", "lin")},
        )

    async def find_users(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyUser]:
        return [LIN] if fields == LIN.fields else []

    async def find_locations(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyLocation]:
        return []

    async def users_of(self, user_id: UserID) -> Sequence[ThirdPartyUser]:
        return []

    async def locations_of(self, alias: RoomAlias) -> Sequence[ThirdPartyLocation]:
        return []


def registration(folder: Path, server: Server) -> Path:
    path = folder / "registration.yaml"
    content = {
        "id": "test",
        "url": f"http://{server.address}",
        "as_token": AS_TOKEN,
        "hs_token": HS_TOKEN,
        "sender_localpart": "_lw_bot",
        "namespaces": {
            "users": [{"exclusive": True, "regex": "@_lw_.*"}],
            "aliases": [{"exclusive": True, "regex": "#_lw_.*"}],
            "rooms": [{"exclusive": False, "regex": "!.*"}],
        },
        "rate_limited": False,
        "protocols": ["laiwang"],
        "receive_ephemeral": True,
        "de.sorunome.msc2409.push_ephemeral": True,
        "org.matrix.msc3202": True,
    }
    YAML().dump(content, path)
    return path


async def eventually(found: Callable[[], Any], what: str) -> None:
    for _ in range(1000):
        if found():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not seen: {what}")


class Inbox(RecordingInbox):
    def to_device(self, kind: str) -> list[Mapping[str, Any]]:
        return [message for one in self.accepted for message in one.to_device if message["type"] == kind]

    @property
    def bodies(self) -> list[str]:
        return [event["content"]["body"] for event in self.events if event["type"] == "m.room.message"]


class Client:
    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session, self._url, self._token = session, url, token

    async def __call__(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._url}/_matrix/client/{path}"
        async with self._session.request(method, url, json=body, params=query, headers=headers) as response:
            return response.status, await response.json()


@pytest.mark.parametrize("legacy_authorization", [False, True])
async def test_synapse_is_understood(
    folder: Path, synapse_factory: SynapseFactory, caplog: pytest.LogCaptureFixture, legacy_authorization: bool
) -> None:
    inbox, recorder = Inbox(), Recorder()
    extra = {
        "use_appservice_legacy_authorization": legacy_authorization,
        "experimental_features": {"msc3202_transaction_extensions": True, "msc2409_to_device_messages_enabled": True},
    }
    async with (
        aiohttp.ClientSession() as session,
        Server(
            *(ANY_PORT, HS_TOKEN, inbox),
            user_query=recorder.user,
            alias_query=recorder.alias,
            third_party=recorder,
        ) as server,
    ):
        synapse = await synapse_factory(registrations=[registration(folder, server)], extra=extra)
        lin = Client(session, synapse.client_url, (await synapse.register_user("lin", "secret")).access_token)
        service = Client(session, synapse.client_url, AS_TOKEN)

        status, answer = await service("POST", "v1/appservice/test/ping", {"transaction_id": "meow"})
        assert status == 200, answer

        # Queries; a slash in an id comes as it is
        assert (await lin("POST", f"v3/join/{quote('#_lw_tea/1:localhost', safe='')}", {}))[0] == 404
        assert recorder.aliases == ["#_lw_tea/1:localhost"]
        _, created = await lin("POST", "v3/createRoom", {"preset": "private_chat"})
        room = quote(created["room_id"], safe="")
        await lin("POST", f"v3/rooms/{room}/invite", {"user_id": "@_lw_a/b+c:localhost"})
        await eventually(lambda: "@_lw_a/b+c:localhost" in recorder.users, "the user query")

        # Third-party look-ups
        _, protocols = await lin("GET", "v3/thirdparty/protocols")
        assert protocols["laiwang"]["user_fields"] == ["nick"]
        _, found = await lin("GET", "v3/thirdparty/user/laiwang", nick="林 1+1")
        assert [one["userid"] for one in found] == [LIN.userid]
        assert await lin("GET", "v3/thirdparty/user/laiwang", nick="nobody") == (200, [])

        # Messages to a device; one that is nested too deeply for anybody to store stops nothing
        login = {"type": "m.login.application_service", "username": "_lw_lin"}
        _, ghost = await service("POST", "v3/register", login)
        deep: Any = 1
        for _ in range(300):
            deep = {"a": deep}
        for number, content in enumerate(({"a": "一"}, deep, {"a": "三"})):
            messages = {ghost["user_id"]: {ghost["device_id"]: content}}
            status, answer = await lin("PUT", f"v3/sendToDevice/m.test/{number}", {"messages": messages})
            assert status == 200, answer
        await eventually(lambda: len(inbox.to_device("m.test")) == 2, "the messages to the device")
        assert [message["content"] for message in inbox.to_device("m.test")] == [{"a": "一"}, {"a": "三"}]
        assert {message["to_device_id"] for message in inbox.to_device("m.test")} == {ghost["device_id"]}

        # How many of them come in one transaction is the homeserver's to say.
        assert re.search("1 of [1-3] under to_device are not readable and left out", caplog.text)

        # Events arrive in order and once, ephemeral data beside them
        for number in range(5):
            path = f"v3/rooms/{room}/send/m.room.message/{number}"
            status, answer = await lin("PUT", path, {"msgtype": "m.text", "body": f"茶 {number}"})
            assert status == 200, answer
        await lin("PUT", f"v3/rooms/{room}/typing/@lin:localhost", {"typing": True, "timeout": 30000})
        await eventually(lambda: len(inbox.bodies) == 5, "the messages")
        assert inbox.bodies == [f"茶 {number}" for number in range(5)]
        await eventually(
            lambda: [edu for one in inbox.accepted for edu in one.ephemeral if edu["type"] == "m.typing"], "typing"
        )
        assert any(one.one_time_key_counts.get(ghost["user_id"]) for one in inbox.accepted)


async def test_synapse_tells_of_a_wrong_token(folder: Path, synapse_factory: SynapseFactory) -> None:
    async with (
        aiohttp.ClientSession() as session,
        Server(ANY_PORT, "another token", RecordingInbox()) as server,
    ):
        assert isinstance(server.address, TcpAddress)
        synapse = await synapse_factory(registrations=[registration(folder, server)])
        service = Client(session, synapse.client_url, AS_TOKEN)
        status, answer = await service("POST", "v1/appservice/test/ping", {"transaction_id": "meow"})
    assert (status, answer["errcode"], answer["status"]) == (502, "M_BAD_STATUS", 403)
    assert "M_FORBIDDEN" in answer["body"]
