"""What can answer where the homeserver should, and what is said about it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from laiwang_bridge.check import Finding, Level
from laiwang_bridge.check.road import ways_to_reach
from laiwang_bridge.config import Config
from laiwang_bridge.demo.process import free_port
from tests.support.set_ups import SetUp, set_up
from tests.unit.laiwang_bridge.check.odd_homeservers import homeserver, serving

BOT = "@laiwang:localhost"


def made(folder: Path, homeserver_url: str) -> SetUp:
    return set_up(folder, "laiwang", homeserver_url)


async def only_trouble(bridge: SetUp, code: str) -> Finding:
    """The one thing that is found, which has this code."""
    troubles = await bridge.troubles()
    assert set(troubles) == {code}, list(troubles.values())
    return troubles[code]


async def test_nobody_at_the_address(folder: Path) -> None:
    port = free_port()
    found = await only_trouble(made(folder, f"http://127.0.0.1:{port}"), "homeserver.unreachable")
    assert found.text == f"The homeserver does not answer at http://127.0.0.1:{port}: connection refused."


async def test_no_such_host(folder: Path) -> None:
    found = await only_trouble(made(folder, "http://no-such-host.invalid"), "homeserver.unknown-host")
    assert "there is no host no-such-host.invalid" in found.text


async def test_a_certificate_of_a_stranger(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with serving(homeserver(BOT), tls=context) as port:
        found = await only_trouble(made(folder, f"https://127.0.0.1:{port}"), "homeserver.certificate")
        assert "not trusted: unable to get local issuer certificate" in found.text
        await only_trouble(made(folder / "plain", f"http://127.0.0.1:{port}"), "homeserver.broken")


async def test_https_where_there_is_none(folder: Path) -> None:
    async with serving(homeserver(BOT)) as port:
        found = await only_trouble(made(folder, f"https://127.0.0.1:{port}"), "homeserver.no-tls")
    assert "Write http:// instead of https://" in found.mend


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, "<h1>Welcome to nginx!</h1>"), "homeserver.no-homeserver"),
        ((200, {"hello": "world"}), "homeserver.no-homeserver"),
        ((404, {}), "homeserver.no-homeserver"),
        ((502, "<h1>Bad gateway</h1>"), "homeserver.behind-proxy"),
        ((200, {"versions": ["r0.6.1", "v1.6"]}), "homeserver.version.old"),
        ((200, {"versions": []}), "homeserver.version.old"),
    ],
)
async def test_something_that_is_no_usable_homeserver(folder: Path, answer: tuple[int, Any], code: str) -> None:
    async with serving(homeserver(BOT, client_versions=answer)) as port:
        found = await made(folder, f"http://127.0.0.1:{port}").troubles()
    assert code in found


async def test_a_proxy_that_sends_us_on(folder: Path) -> None:
    elsewhere = {"Location": "https://matrix.example.org/_matrix/client/versions"}
    async with serving(homeserver(BOT, client_versions=(308, {})), headers=elsewhere) as port:
        found = await only_trouble(made(folder, f"http://127.0.0.1:{port}"), "homeserver.redirect")
    assert found.mend == "Write homeserver.address: https://matrix.example.org"


async def test_something_that_does_not_speak_http(folder: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(greet, "127.0.0.1", port):
        await only_trouble(made(folder, f"http://127.0.0.1:{port}"), "homeserver.broken")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"account_whoami": (403, {"errcode": "M_FORBIDDEN", "error": "not from there"})}, "token.refused"),
        ({"v3_register": (403, {"errcode": "M_FORBIDDEN", "error": "no more users"})}, "bot.refused"),
        ({"devices_APPSERVICE": (404, {"errcode": "M_NOT_FOUND", "error": "no device"})}, "devices.missing"),
        ({"ping": (504, {"errcode": "M_CONNECTION_TIMEOUT", "error": "timed out"})}, "ping.timeout"),
        ({"ping": (403, {"errcode": "M_UNKNOWN", "error": "not today"})}, "ping.refused"),
    ],
)
async def test_a_homeserver_that_refuses_something(folder: Path, said: dict[str, Any], code: str) -> None:
    async with serving(homeserver(BOT, **{"ping": (404, {"errcode": "M_UNRECOGNIZED"}), **said})) as port:
        troubles = await made(folder, f"http://127.0.0.1:{port}").troubles()
    assert code in troubles
    assert len(troubles) == 1 or code == "bot.refused"


async def test_a_homeserver_that_cannot_ping_is_no_trouble(folder: Path) -> None:
    async with serving(homeserver(BOT, ping=(404, {"errcode": "M_UNRECOGNIZED"}))) as port:
        findings = await made(folder, f"http://127.0.0.1:{port}").findings()
    assert [finding.code for finding in findings if finding.level is not Level.OK] == ["ping"]


@pytest.mark.parametrize(
    ("homeserver_address", "address", "listen_host", "hint"),
    [
        ("http://synapse:8008", "http://localhost:29350", "127.0.0.1", "localhost is that machine itself"),
        ("http://localhost:8008", "http://bridge:29350", "127.0.0.1", "appservice.listen_host: 0.0.0.0 instead of"),
        ("http://localhost:8008", "http://localhost:29360", "127.0.0.1", "names port 29360, and we listen on 29350"),
    ],
)
def test_why_the_homeserver_cannot_reach_us_is_guessed(
    homeserver_address: str, address: str, listen_host: str, hint: str
) -> None:
    config = Config()
    config = replace(
        config,
        homeserver=replace(config.homeserver, address=homeserver_address),
        appservice=replace(config.appservice, address=address, listen_host=listen_host),
    )
    assert hint in ways_to_reach(config)
