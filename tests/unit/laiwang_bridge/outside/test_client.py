"""Fetching from addresses that people type: from real servers on loopback, some of them hostile."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
import tracemalloc
from base64 import b64encode
from collections.abc import Awaitable

import pytest
import trustme
from aiohttp import web
from yarl import URL

from laiwang_bridge.demo.process import free_port
from laiwang_bridge.outside.addresses import Policy, policy
from laiwang_bridge.outside.client import Login, Outside, _guarded_socket
from laiwang_bridge.outside.problems import Cause, OutsideProblem
from tests.support.web_servers import Servers

LOGIN = Login("林", "s3cret")


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def cause_of(fetching: Awaitable[object]) -> Cause:
    with pytest.raises(OutsideProblem) as refused:
        await fetching
    return refused.value.cause


async def test_what_is_allowed_is_fetched(servers: Servers, client: Outside) -> None:
    server = await servers(hello)
    answer = await client.get(server.url)
    assert (answer.status, answer.body, answer.url) == (200, b"hello", server.url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"]
)
async def test_nothing_inside_is_connected_to(servers: Servers, host: str) -> None:
    server = await servers(hello)
    async with Outside(Policy(http=True)) as client:
        began = time.monotonic()
        assert await cause_of(client.get(URL(f"http://{host}:{server.port}/"))) is Cause.INSIDE
        assert time.monotonic() - began < 2, "it did not even try"
    assert server.seen == []


async def test_a_redirect_does_not_lead_inside(servers: Servers, client: Outside) -> None:
    inner = await servers(hello)

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://localhost:{inner.port}/")

    outer = await servers(away)
    assert await cause_of(client.get(outer.url)) is Cause.INSIDE
    assert inner.seen == []


async def test_a_name_that_changes_its_address_is_judged_by_the_address_connected_to(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: whatever a look-up says before, the socket is what counts."""
    server = await servers(hello)
    answers = iter([[("1.1.1.1", server.port)], [("127.0.0.1", server.port)]])

    async def getaddrinfo(_loop: object, *_args: object, **_options: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in next(answers)]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(type(loop), "getaddrinfo", getaddrinfo)
    assert (await loop.getaddrinfo("rebinding.example", server.port))[0][4][0] == "1.1.1.1"
    async with Outside(Policy(http=True)) as client:
        assert await cause_of(client.get(URL(f"http://rebinding.example:{server.port}/"))) is Cause.INSIDE
    assert server.seen == []


def test_a_socket_is_made_for_a_public_address() -> None:
    with _guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://127.0.0.1/", "https://a:b@example.org/", "http://["]
)
async def test_a_redirect_to_something_else_is_refused(servers: Servers, client: Outside, location: str) -> None:
    async def away(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    server = await servers(away)
    assert await cause_of(client.get(server.url)) in (Cause.NOT_HTTP, Cause.LOGIN_IN_ADDRESS, Cause.NOT_AN_ADDRESS)


async def test_redirects_end(servers: Servers, client: Outside) -> None:
    async def on(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{request.path}a"})

    server = await servers(on)
    assert await cause_of(client.get(server.url, redirects=3)) is Cause.TOO_MANY_REDIRECTS
    assert len(server.seen) == 4


async def test_a_redirected_propfind_stays_one(servers: Servers, client: Outside) -> None:
    bodies: list[bytes] = []

    async def on(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(status=301, headers={"Location": "/dav/"}) if request.path == "/" else web.Response()

    server = await servers(on)
    answer = await client.errand().request("PROPFIND", server.url, headers={"Depth": "1"}, body=b"<propfind/>")
    assert str(answer.url.path) == "/dav/"
    assert [request.method for request in server.seen] == ["PROPFIND", "PROPFIND"]
    assert bodies == [b"<propfind/>"] * 2
    assert server.seen[1].headers["Depth"] == "1"


async def test_a_login_is_shown_to_its_own_server_only(servers: Servers, client: Outside) -> None:
    other = await servers(hello)

    async def away(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": str(other.url)})

    server = await servers(away)
    errand = client.errand(LOGIN, login_for=server.url)
    await errand.request("GET", server.url, headers={"Authorization": "Bearer token", "Cookie": "a=b", "X-Kept": "yes"})
    await errand.request("GET", other.url)
    basic = b64encode("林:s3cret".encode()).decode()
    assert server.seen[0].headers["Authorization"] == f"Basic {basic}"
    for request in other.seen:
        assert "Authorization" not in request.headers
        assert "Cookie" not in request.headers
    assert other.seen[0].headers["X-Kept"] == "yes"


async def test_a_password_is_in_no_text_of_ours() -> None:
    assert "s3cret" not in repr(LOGIN)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_digest_is_used_where_a_server_wants_it(servers: Servers, client: Outside, algorithm: str) -> None:
    challenge = f'Digest realm="books", qop="auth", nonce="abc", algorithm={algorithm}'

    async def asks(request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "")
        if shown.startswith("Digest ") and 'username="' in shown and f'uri="{request.raw_path}"' in shown:
            return web.Response(text="in")
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    server = await servers(asks)
    errand = client.errand(LOGIN, login_for=server.url)
    assert (await errand.request("GET", server.url / "a%40b")).body == b"in"
    before = len(server.seen)
    assert (await errand.request("GET", server.url / "c")).body == b"in"
    assert len(server.seen) == before + 1, "and from then on at once"


async def test_what_is_too_large_is_not_read(servers: Servers, client: Outside) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    server = await servers(endless)
    assert await cause_of(client.get(server.url, answer_bytes=1_000_000)) is Cause.TOO_LARGE


async def test_what_says_that_it_is_too_large_is_not_even_begun(servers: Servers, client: Outside) -> None:
    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 2000)

    server = await servers(large)
    assert await cause_of(client.get(server.url, answer_bytes=1999)) is Cause.TOO_LARGE
    assert len((await client.get(server.url, answer_bytes=2000)).body) == 2000


async def test_all_answers_of_an_errand_share_one_limit(servers: Servers, client: Outside) -> None:
    server = await servers(hello)
    errand = client.errand(all_bytes=12)
    await errand.request("GET", server.url)
    await errand.request("GET", server.url)
    assert await cause_of(errand.request("GET", server.url)) is Cause.TOO_LARGE


async def test_a_gzip_bomb_does_not_unfold(servers: Servers, client: Outside) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)

    async def packed(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    server = await servers(packed)
    tracemalloc.start()
    try:
        assert await cause_of(client.get(server.url, answer_bytes=4_000_000)) is Cause.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
async def test_gzip_is_unpacked(servers: Servers, client: Outside, size: int) -> None:
    text = (b"0123456789abcdef" * (size // 16 + 1))[:size]

    async def packed(_request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(text), headers={"Content-Encoding": "gzip"})

    server = await servers(packed)
    assert (await client.get(server.url)).body == text


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"hello", mtime=0)[:-9], "gzip"),
        (b"hello", "gzip"),
        (b"hello", "br"),
        (gzip.compress(b"hello", mtime=0), "gzip, gzip"),
    ],
)
async def test_what_cannot_be_unpacked_is_a_bad_answer(
    servers: Servers, client: Outside, body: bytes, encoding: str
) -> None:
    async def packed(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    server = await servers(packed)
    assert await cause_of(client.get(server.url)) is Cause.BAD_ANSWER


async def test_an_empty_answer_may_call_itself_packed(servers: Servers, client: Outside) -> None:
    async def nothing(_request: web.Request) -> web.Response:
        return web.Response(status=404, headers={"Content-Encoding": "gzip"})

    server = await servers(nothing)
    assert (await client.get(server.url)).body == b""


async def test_a_server_that_drips_is_given_up(servers: Servers, client: Outside) -> None:
    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    server = await servers(drips)
    began = time.monotonic()
    assert await cause_of(client.get(server.url, seconds=0.3)) is Cause.TOO_SLOW
    assert time.monotonic() - began < 3


async def test_time_is_for_the_whole_errand(servers: Servers, client: Outside) -> None:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response()

    server = await servers(slow)
    errand = client.errand(seconds=0.5)
    await errand.request("GET", server.url)
    await errand.request("GET", server.url)
    assert await cause_of(errand.request("GET", server.url)) is Cause.TOO_SLOW


@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b""])
async def test_what_speaks_no_http_is_a_problem_like_any(client: Outside, words: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", free_port())
    port = server.sockets[0].getsockname()[1]
    async with server:
        cause = await cause_of(client.get(URL(f"http://127.0.0.1:{port}/"), seconds=5))
    assert cause in (Cause.BAD_ANSWER, Cause.UNREACHABLE)


async def test_nobody_there_and_no_such_name_are_unreachable(client: Outside) -> None:
    assert await cause_of(client.get(URL(f"http://127.0.0.1:{free_port()}/"))) is Cause.UNREACHABLE
    assert await cause_of(client.get(URL("https://nobody.invalid/"))) is Cause.UNREACHABLE


async def test_a_certificate_that_nobody_vouches_for_is_refused(servers: Servers, client: Outside) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    server = await servers(hello, tls)
    assert await cause_of(client.get(server.url.with_scheme("https"))) is Cause.TLS
    assert server.seen == []


async def test_plain_http_needs_the_operators_word(servers: Servers) -> None:
    server = await servers(hello)
    async with Outside(policy(["127.0.0.1"])) as client:
        assert await cause_of(client.get(server.url)) is Cause.HTTP_FORBIDDEN
    assert server.seen == []


async def test_proxies_of_the_environment_are_not_asked(
    servers: Servers, client: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = await servers(hello), await servers(hello)
    monkeypatch.setenv("http_proxy", str(proxy.url))
    await client.get(server.url)
    assert proxy.seen == []
    assert len(server.seen) == 1
