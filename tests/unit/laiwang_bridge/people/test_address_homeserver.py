"""What a homeserver tells about its users' addresses, in the words of Synapse's admin API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from appservice.routes import Later
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.proving.homeserver import HomeserverKnowledge

LIN = "@lin:town"
PHONE = {"medium": "msisdn", "address": "8613800138000", "added_at": 1, "validated_at": 1}
MAIL = {"medium": "email", "address": "Mei@Example.org", "added_at": 1, "validated_at": 1}


@asynccontextmanager
async def homeserver(body: Any, status: int = 200) -> AsyncIterator[tuple[HomeserverKnowledge, list[web.Request]]]:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/_synapse/admin/v2/users/{user}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield HomeserverKnowledge(f"http://127.0.0.1:{runner.addresses[0][1]}", "the token"), asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("kind", "value", "known"),
    [
        (AddressKind.NUMBER, "+8613800138000", True),
        (AddressKind.NUMBER, "+8613900139000", False),
        (AddressKind.EMAIL, "mei@example.org", True),
        (AddressKind.EMAIL, "lin@example.org", False),
    ],
)
async def test_it_says_whether_it_knows_an_address_as_this_users(kind: AddressKind, value: str, known: bool) -> None:
    async with homeserver({"name": LIN, "threepids": [PHONE, MAIL]}) as (knowledge, asked):
        assert await knowledge.ask(LIN, kind, value) == {"problem": None, "known": known}
    assert asked[0].headers["Authorization"] == "Bearer the token"
    assert asked[0].match_info["user"] == LIN
    assert asked[0].raw_path.endswith("/%40lin%3Atown")


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "text", {"threepids": None}, {"threepids": [None, 1, {}]}, {"threepids": [{**PHONE, "address": 7}]},
        {"threepids": [{**PHONE, "validated_at": 0}]}, {"threepids": [{**PHONE, "medium": "email"}]},
        {"threepids": [{**PHONE, "address": "not a number"}]},
    ],
)  # fmt: skip
async def test_what_it_has_not_confirmed_is_not_known(body: Any) -> None:
    async with homeserver(body) as (knowledge, _asked):
        assert await knowledge.ask(LIN, AddressKind.NUMBER, "+8613800138000") == {"problem": None, "known": False}


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_token_that_will_not_do_is_for_the_operator(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async with homeserver({"errcode": "M_FORBIDDEN"}, status) as (knowledge, _asked):
        outcome = await knowledge.ask(LIN, AddressKind.NUMBER, "+8613800138000")
    assert outcome == {"problem": "service", "known": False}
    assert "contacts.homeserver_admin_token" in caplog.text


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_a_homeserver_in_trouble_is_asked_again(status: int) -> None:
    async with homeserver({}, status) as (knowledge, _asked):
        with pytest.raises(Later):
            await knowledge.ask(LIN, AddressKind.NUMBER, "+8613800138000")


async def test_a_homeserver_that_is_away_is_asked_again() -> None:
    with pytest.raises(Later):
        await HomeserverKnowledge("http://127.0.0.1:1", "the token").ask(LIN, AddressKind.NUMBER, "+8613800138000")
