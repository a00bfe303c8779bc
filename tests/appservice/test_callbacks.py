"""What others than the homeserver may ask: on paths of their own, without a token, and little at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from appservice.callbacks import Call, Callback, Reply
from appservice.server import Limits, Server
from tests.appservice.wire import ANY_PORT, TOKEN, RecordingInbox, call, send

PATH = "/_pay/"


@pytest.fixture
def asked() -> list[Call]:
    return []


@pytest.fixture
async def server(asked: list[Call]) -> AsyncIterator[Server]:
    async def answer(one: Call) -> Reply:
        asked.append(one)
        if one.rest == "broken":
            raise RuntimeError("broken")
        return Reply(202, b"success")

    callbacks = [Callback(PATH, answer, most_bytes=100, seconds=5)]
    limits = Limits(body_bytes=1000, body_seconds=5, stop_seconds=5)
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), limits=limits, callbacks=callbacks) as server:
        yield server


async def post(server: Server, rest: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
    head = f"POST {PATH}{rest} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    reply = await send(server, head.encode() + body)
    return reply.status, reply.body


async def test_a_callback_gets_the_very_bytes_and_needs_no_token(server: Server, asked: list[Call]) -> None:
    assert await post(server, "stripe?x=1", b'{ "a":1}', "Stripe-Signature: t=1\r\n") == (202, b"success")
    [one] = asked
    assert (one.rest, one.body, one.headers["stripe-signature"]) == ("stripe", b'{ "a":1}', "t=1")


async def test_a_large_body_is_not_even_read(server: Server, asked: list[Call]) -> None:
    assert (await post(server, "stripe", b"x" * 101))[0] == 413
    assert asked == []


async def test_what_breaks_there_is_answered_with_an_error_that_tells_nothing(server: Server) -> None:
    status, body = await post(server, "broken", b"")
    assert status == 500
    assert b"RuntimeError" not in body


@pytest.mark.parametrize(("method", "path"), [("GET", f"{PATH}stripe"), ("PUT", f"{PATH}stripe"), ("POST", PATH)])
async def test_nothing_else_is_there(server: Server, asked: list[Call], method: str, path: str) -> None:
    assert (await call(server, method, path)).status in (404, 405)
    assert asked == []


async def test_the_homeservers_own_paths_still_want_its_token(server: Server) -> None:
    assert (await call(server, "POST", "/_matrix/app/v1/ping", {}, headers={})).status == 401
