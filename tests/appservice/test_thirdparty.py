"""Third-party look-ups as the homeserver asks them (Application Service API, "Third-party networks")."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from mautrix.types import ContentURI, RoomAlias, UserID

from appservice.server import Server
from appservice.thirdparty import (
    FieldType,
    Instance,
    ProtocolDescription,
    ThirdPartyLocation,
    ThirdPartyUser,
)
from tests.appservice.wire import ANY_PORT, TOKEN, RecordingInbox, call

LIN = ThirdPartyUser(UserID("@_laiwang_lin:example.org"), "laiwang", {"nick": "林 1+1"})
TEA = ThirdPartyLocation(RoomAlias("#zd_茶:example.org"), "laiwang", {"code": "茶"})


class Laiwang:
    """One user and one place; looks at one field each."""

    async def describe(self, protocol: str) -> ProtocolDescription | None:
        if protocol != "laiwang":
            return None
        return ProtocolDescription(
            icon=ContentURI("mxc://example.org/icon"),
            user_fields=("nick",),
            location_fields=("code",),
            field_types={"nick": FieldType(".+", "lin"), "code": FieldType("[a-z]+", "tea")},
            instances=(Instance("laiwang", "Laiwang", {"a": "b"}, ContentURI("mxc://example.org/2")),),
        )

    async def find_users(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyUser]:
        return [LIN] if protocol == "laiwang" and fields == LIN.fields else []

    async def find_locations(self, protocol: str, fields: Mapping[str, str]) -> Sequence[ThirdPartyLocation]:
        return [TEA] if protocol == "laiwang" and fields == TEA.fields else []

    async def users_of(self, user_id: UserID) -> Sequence[ThirdPartyUser]:
        return [LIN] if user_id == LIN.userid else []

    async def locations_of(self, alias: RoomAlias) -> Sequence[ThirdPartyLocation]:
        return [TEA] if alias == TEA.alias else []


@pytest.fixture(params=["/_matrix/app/v1", "/_matrix/app/unstable"])
def base(request: pytest.FixtureRequest) -> str:
    return f"{request.param}/thirdparty"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), third_party=Laiwang()) as server:
        yield server


async def test_a_protocol_is_described_with_all_that_clients_and_synapse_need(server: Server, base: str) -> None:
    reply = await call(server, "GET", f"{base}/protocol/laiwang")
    assert reply.status == 200
    assert reply.json == {
        "icon": "mxc://example.org/icon",
        "user_fields": ["nick"],
        "location_fields": ["code"],
        "field_types": {
            "nick": {"regexp": ".+", "placeholder": "lin"},
            "code": {"regexp": "[a-z]+", "placeholder": "tea"},
        },
        "instances": [
            {"network_id": "laiwang", "desc": "Laiwang", "fields": {"a": "b"}, "icon": "mxc://example.org/2"}
        ],
    }


async def test_users_are_found_by_fields(server: Server, base: str) -> None:
    reply = await call(server, "GET", f"{base}/user/laiwang?nick=%E6%9E%97+1%2B1")
    assert reply.status == 200
    assert reply.json == [{"userid": LIN.userid, "protocol": "laiwang", "fields": {"nick": "林 1+1"}}]


async def test_locations_are_found_by_fields_and_the_token_is_none(server: Server, base: str) -> None:
    token = "secret-%E4%BB%A4%E7%89%8C-token"
    reply = await call(server, "GET", f"{base}/location/laiwang?access_token={token}&code=%E8%8C%B6", headers={})
    assert reply.json == [{"alias": TEA.alias, "protocol": "laiwang", "fields": {"code": "茶"}}]


async def test_of_a_repeated_field_the_first_counts(server: Server, base: str) -> None:
    assert (await call(server, "GET", f"{base}/location/laiwang?code=%E8%8C%B6&code=x")).status == 200


async def test_a_user_is_looked_up_backwards(server: Server, base: str) -> None:
    reply = await call(server, "GET", f"{base}/user?userid=%40_laiwang_lin%3Aexample.org")
    assert [one["userid"] for one in reply.json] == [LIN.userid]


async def test_an_alias_is_looked_up_backwards(server: Server, base: str) -> None:
    reply = await call(server, "GET", f"{base}/location?alias=%23zd_%E8%8C%B6%3Aexample.org")
    assert [one["alias"] for one in reply.json] == [TEA.alias]


@pytest.mark.parametrize(
    "path",
    [
        "protocol/irc",
        "user/irc?nick=lin",
        "user/laiwang",
        "user/laiwang?nick=nobody",
        "location/laiwang?code=nowhere",
        "user?userid=%40nobody%3Aexample.org",
        "location?alias=%23nowhere%3Aexample.org",
    ],
)
async def test_what_is_not_found_is_404(server: Server, base: str, path: str) -> None:
    reply = await call(server, "GET", f"{base}/{path}")
    assert (reply.status, reply.errcode) == (404, "M_NOT_FOUND")


@pytest.mark.parametrize("path", ["user", "location", "user?userid=", "location?userid=%40a%3Ab"])
async def test_a_reverse_look_up_of_nothing_is_400(server: Server, base: str, path: str) -> None:
    reply = await call(server, "GET", f"{base}/{path}")
    assert (reply.status, reply.errcode) == (400, "M_MISSING_PARAM")


def test_a_field_without_its_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no field type for nick"):
        ProtocolDescription(icon=ContentURI("mxc://a/b"), user_fields=("nick",))


def test_a_protocol_without_instances_says_so() -> None:
    assert ProtocolDescription(icon=ContentURI("mxc://a/b")).to_json()["instances"] == []
