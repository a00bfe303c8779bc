"""The homeserver's side of an application service, over real sockets (Application Service API)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import orjson
import pytest

from appservice.listener import CannotListen, TcpAddress, UnixAddress
from appservice.readiness import Check, Readiness
from appservice.server import Limits, Server
from tests.appservice.wire import (
    ANY_PORT,
    AUTHORIZED,
    TOKEN,
    TRANSACTION,
    RecordingInbox,
    call,
    connected,
    push,
    read_reply,
    request_bytes,
    send,
)

PING = "/_matrix/app/v1/ping"
USER = "@_laiwang_1:example.org"


@pytest.fixture
def inbox() -> RecordingInbox:
    return RecordingInbox()


@pytest.fixture
async def server(inbox: RecordingInbox) -> AsyncIterator[Server]:
    limits = Limits(body_bytes=1000, body_seconds=0.3, query_seconds=0.2, stop_seconds=5)
    async with Server(ANY_PORT, TOKEN, inbox, limits=limits) as server:
        yield server


class TestTransactions:
    @pytest.mark.parametrize("base", ["/_matrix/app/v1", ""])
    async def test_reach_the_inbox_on_the_specified_and_the_legacy_path(self, server, inbox, base) -> None:
        reply = await call(server, "PUT", f"{base}/transactions/35", {"events": [{"event_id": "$a"}]})
        assert (reply.status, reply.body) == (200, b"{}")
        assert reply.headers["content-type"] == "application/json"
        assert [(one.txn_id, one.events) for one in inbox.accepted] == [("35", [{"event_id": "$a"}])]

    async def test_have_an_id_that_may_be_encoded(self, server, inbox) -> None:
        await push(server, {"events": []}, txn_id="a%2Fb%20%E6%9E%97%2541+c")
        assert inbox.accepted[0].txn_id == "a/b 林%41+c"

    async def test_may_come_with_a_query_and_as_a_whole_url(self, server, inbox) -> None:
        assert (await call(server, "PUT", f"{TRANSACTION}?x=1", {"events": []})).status == 200
        assert (await call(server, "PUT", f"http://appservice{TRANSACTION}", {"events": []})).status == 200
        assert [one.txn_id for one in inbox.accepted] == ["1", "1"]

    async def test_may_come_in_chunks(self, server, inbox) -> None:
        body = b'5\r\n{"eve\r\n7\r\nnts":[]\r\n1\r\n}\r\n0\r\n\r\n'
        raw = request_bytes("PUT", TRANSACTION, body, AUTHORIZED | {"Transfer-Encoding": "chunked"}, length=False)
        assert (await send(server, raw)).status == 200
        assert len(inbox.accepted) == 1

    async def test_may_be_announced_with_expect_100_continue(self, server, inbox) -> None:
        body = b'{"events":[]}'
        raw = request_bytes("PUT", TRANSACTION, body, AUTHORIZED | {"Expect": "100-continue"})
        async with connected(server.address) as (reader, writer):
            writer.write(raw.removesuffix(body))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert (await read_reply(reader)).status == 200

    async def test_are_not_asked_for_when_the_token_is_wrong(self, server) -> None:
        headers = {"Authorization": "Bearer x", "Expect": "100-continue", "Content-Length": "5"}
        assert (await send(server, request_bytes("PUT", TRANSACTION, b"", headers, length=False))).status == 403

    async def test_come_one_after_the_other_on_one_connection(self, server, inbox) -> None:
        async with connected(server.address) as (reader, writer):
            for number in range(5):
                body = b'{"events":[]}'
                writer.write(request_bytes("PUT", f"/transactions/{number}", body, AUTHORIZED))
                assert (await read_reply(reader)).status == 200
            assert [one.txn_id for one in inbox.accepted] == ["0", "1", "2", "3", "4"]

    async def test_that_arrive_byte_by_byte_are_read(self, server, inbox) -> None:
        async with connected(server.address) as (reader, writer):
            for byte in request_bytes("PUT", TRANSACTION, b'{"events":[1]}', AUTHORIZED):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert (await read_reply(reader)).status == 200
            assert inbox.events == [1]

    async def test_as_large_as_synapse_makes_them_are_accepted_by_default(self, inbox) -> None:
        events = [{"event_id": f"${n}", "content": {"body": "x" * 65_000}} for n in range(100)]
        async with Server(ANY_PORT, TOKEN, inbox) as server:
            assert (await push(server, {"events": events, "ephemeral": events})).status == 200
        assert inbox.events == events

    async def test_that_the_inbox_cannot_store_are_500_so_that_they_come_again(self, server, inbox, caplog) -> None:
        inbox.error = RuntimeError("the disk is full of secrets")
        reply = await push(server, {"events": []})
        assert (reply.status, reply.errcode) == (500, "M_UNKNOWN")
        assert b"disk" not in reply.body
        assert b"Traceback" not in reply.body
        number = reply.json["error"].split()[-1]
        assert f"request {number} failed" in caplog.text
        inbox.error = None
        assert (await push(server, {"events": []})).status == 200

    async def test_of_the_same_id_at_once_each_get_their_answer(self, server, inbox) -> None:
        inbox.gate = asyncio.Event()
        pushes = [asyncio.create_task(push(server, {"events": [{"event_id": "$a"}]})) for _ in range(5)]
        await inbox.entered.wait()
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in pushes), "nothing is answered before it is durable"
        inbox.gate.set()
        assert [reply.status for reply in await asyncio.gather(*pushes)] == [200] * 5

    async def test_are_stored_although_the_homeserver_hangs_up(self, server, inbox) -> None:
        inbox.gate = asyncio.Event()
        async with connected(server.address) as (_, writer):
            writer.write(request_bytes("PUT", TRANSACTION, b'{"events":[]}', AUTHORIZED))
            await inbox.entered.wait()
            writer.transport.abort()
            await asyncio.sleep(0.05)
            inbox.gate.set()
            await asyncio.sleep(0.05)
            assert len(inbox.accepted) == 1

    async def test_that_stop_half_way_are_refused_in_time(self, server, inbox) -> None:
        raw = request_bytes("PUT", TRANSACTION, b'{"eve', AUTHORIZED | {"Content-Length": "13"}, length=False)
        reply = await send(server, raw)
        assert (reply.status, reply.errcode) == (408, "M_UNKNOWN")
        assert inbox.accepted == []

    async def test_that_are_cut_off_leave_no_trace(self, server, inbox, caplog) -> None:
        async with connected(server.address) as (_, writer):
            writer.write(
                request_bytes("PUT", TRANSACTION, b'{"eve', AUTHORIZED | {"Content-Length": "13"}, length=False)
            )
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.transport.abort()
            await asyncio.sleep(0.05)
            assert inbox.accepted == []
            assert "Traceback" not in caplog.text


ERRORS = [
    # method, path, headers, body, status, errcode
    ("GET", "/", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("GET", "/_matrix/app/v1", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("GET", "/_matrix/app/v2/users/%40a%3Ab", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("POST", "/_matrix/app/unstable/org.matrix.msc3983/keys/claim", AUTHORIZED, b"{}", 404, "M_UNRECOGNIZED"),
    ("PUT", "/_matrix/app/v1/transactions/", AUTHORIZED, b'{"events":[]}', 404, "M_UNRECOGNIZED"),
    ("PUT", "/_matrix/app/v1/transactions/1/", AUTHORIZED, b'{"events":[]}', 404, "M_UNRECOGNIZED"),
    ("PUT", "/_matrix/app/v1/transactions/1/2", AUTHORIZED, b'{"events":[]}', 404, "M_UNRECOGNIZED"),
    ("PUT", "//_matrix/app/v1/transactions/1", AUTHORIZED, b'{"events":[]}', 404, "M_UNRECOGNIZED"),
    ("POST", "/_matrix/app/v1/ping/", AUTHORIZED, b"{}", 404, "M_UNRECOGNIZED"),
    ("GET", "/_matrix/app/v1/users/", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("GET", "/_matrix/app/v1/thirdparty/user/", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("GET", "/metrics", AUTHORIZED, b"", 404, "M_UNRECOGNIZED"),
    ("GET", TRANSACTION, AUTHORIZED, b"", 405, "M_UNRECOGNIZED"),
    ("POST", TRANSACTION, AUTHORIZED, b'{"events":[]}', 405, "M_UNRECOGNIZED"),
    ("OPTIONS", TRANSACTION, AUTHORIZED, b"", 405, "M_UNRECOGNIZED"),
    ("GET", PING, AUTHORIZED, b"", 405, "M_UNRECOGNIZED"),
    ("DELETE", "/_matrix/app/v1/users/%40a%3Ab", AUTHORIZED, b"", 405, "M_UNRECOGNIZED"),
    ("POST", "/ready", {}, b"", 405, "M_UNRECOGNIZED"),
    ("BREW", PING, AUTHORIZED, b"", 400, "M_UNKNOWN"),
    ("PUT", TRANSACTION, AUTHORIZED, b"", 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b"{", 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":[]}x', 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":[}]', 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":[NaN]}', 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":["\xff"]}', 400, "M_NOT_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b"[]", 400, "M_BAD_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b"null", 400, "M_BAD_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b"{}", 400, "M_BAD_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":{}}', 400, "M_BAD_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":null}', 400, "M_BAD_JSON"),
    ("PUT", TRANSACTION, AUTHORIZED, b'{"events":["' + b"x" * 1000 + b'"]}', 413, "M_TOO_LARGE"),
    ("PUT", TRANSACTION, AUTHORIZED | {"Content-Encoding": "gzip"}, b"\x1f\x8b", 415, "M_UNKNOWN"),
    ("PUT", TRANSACTION, AUTHORIZED | {"Content-Encoding": "nonsense"}, b'{"events":[]}', 415, "M_UNKNOWN"),
    ("PUT", "/_matrix/app/v1/transactions/%FF", AUTHORIZED, b'{"events":[]}', 400, "M_INVALID_PARAM"),
    ("PUT", "/_matrix/app/v1/transactions/%00", AUTHORIZED, b'{"events":[]}', 400, "M_INVALID_PARAM"),
    ("GET", "/_matrix/app/v1/users/%40%C3", AUTHORIZED, b"", 400, "M_INVALID_PARAM"),
    ("GET", "/_matrix/app/v1/users/@林:example.org", AUTHORIZED, b"", 400, "M_UNKNOWN"),
    ("POST", PING, AUTHORIZED, b"nonsense", 400, "M_NOT_JSON"),
    ("POST", PING, AUTHORIZED, b"[]", 400, "M_BAD_JSON"),
    ("GET", "/_matrix/app/v1/users/%40a%3Ab", AUTHORIZED, b"", 404, "M_NOT_FOUND"),
    ("GET", "/users/%40a%3Ab", AUTHORIZED, b"", 404, "M_NOT_FOUND"),
    ("GET", "/_matrix/app/v1/rooms/%23a%3Ab", AUTHORIZED, b"", 404, "M_NOT_FOUND"),
    ("GET", "/rooms/%23a%3Ab", AUTHORIZED, b"", 404, "M_NOT_FOUND"),
    ("GET", "/_matrix/app/v1/thirdparty/protocol/irc", AUTHORIZED, b"", 404, "M_NOT_FOUND"),
    # The token (the path is told first: who has none may know that it does not exist)
    ("GET", "/nowhere", {}, b"", 404, "M_UNRECOGNIZED"),
    ("GET", PING, {}, b"", 405, "M_UNRECOGNIZED"),
    ("POST", PING, {}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": ""}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": "Bearer"}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": "Bearer  "}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": f"Basic {TOKEN}"}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": TOKEN}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING + "?access_token=", {}, b"{}", 401, "M_MISSING_TOKEN"),
    ("POST", PING, {"Authorization": "Bearer wrong"}, b"{}", 403, "M_FORBIDDEN"),
    ("POST", PING, {"Authorization": f"Bearer {TOKEN}x"}, b"{}", 403, "M_FORBIDDEN"),
    ("POST", PING, {"Authorization": f"Bearer {TOKEN[:-1]}"}, b"{}", 403, "M_FORBIDDEN"),
    ("POST", PING, {"Authorization": "Bearer \udcff".encode("utf-8", "surrogateescape").decode("latin-1")}, b"{}", 403,
     "M_FORBIDDEN"),
    ("POST", PING + "?access_token=wrong", {}, b"{}", 403, "M_FORBIDDEN"),
    ("POST", PING + "?access_token=wrong", AUTHORIZED, b"{}", 403, "M_FORBIDDEN"),
    ("POST", PING + "?access_token=secret-%E4%BB%A4%E7%89%8C-token", {"Authorization": "Bearer x"}, b"{}", 403,
     "M_FORBIDDEN"),
    ("POST", PING + "?access_token=secret-%E4%BB%A4%E7%89%8C-token&access_token=x", {}, b"{}", 403, "M_FORBIDDEN"),
    ("PUT", TRANSACTION, {}, b'{"events":[]}', 401, "M_MISSING_TOKEN"),
    ("PUT", TRANSACTION, {"Authorization": "Bearer wrong"}, b"nonsense", 403, "M_FORBIDDEN"),
    ("GET", "/_matrix/app/v1/users/%40a%3Ab", {}, b"", 401, "M_MISSING_TOKEN"),
    ("GET", "/_matrix/app/v1/rooms/%23a%3Ab", {"Authorization": "Bearer wrong"}, b"", 403, "M_FORBIDDEN"),
    ("GET", "/_matrix/app/v1/thirdparty/user?userid=%40a%3Ab", {}, b"", 401, "M_MISSING_TOKEN"),
    ("GET", "/_matrix/app/unstable/thirdparty/protocol/irc", {}, b"", 401, "M_MISSING_TOKEN"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers", "body", "status", "errcode"), ERRORS)
async def test_an_error_has_its_status_and_code(server, inbox, method, path, headers, body, status, errcode) -> None:
    reply = await call(server, method, path, body, headers)
    assert (reply.status, reply.errcode) == (status, errcode)
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"errcode", "error"}
    assert TOKEN not in reply.body.decode()
    assert inbox.accepted == []


@pytest.mark.parametrize(
    ("path", "allowed"), [(TRANSACTION, "PUT"), (PING, "POST"), ("/users/%40a", "GET, HEAD"), ("/live", "GET, HEAD")]
)
async def test_a_wrong_method_is_told_the_right_ones(server, path, allowed) -> None:
    assert (await call(server, "PATCH", path)).headers["allow"] == allowed


async def test_a_missing_token_is_told_the_scheme(server) -> None:
    assert (await call(server, "POST", PING, {}, {})).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
async def test_what_is_not_http_gets_a_json_error(server, caplog, raw) -> None:
    reply = await send(server, raw)
    assert (reply.status, reply.errcode) == (400, "M_UNKNOWN")
    assert "Traceback" not in caplog.text


async def test_a_path_that_is_too_long_gets_a_json_error_and_does_not_show_the_token(server, caplog) -> None:
    reply = await send(server, request_bytes("GET", f"/users/{'x' * 9000}?access_token={TOKEN}"))
    assert (reply.status, reply.errcode) == (400, "M_UNKNOWN")
    assert TOKEN not in caplog.text


async def test_a_head_gets_the_head_of_the_answer(server) -> None:
    reply = await call(server, "HEAD", "/live")
    assert (reply.status, reply.body) == (200, b"")
    assert (await call(server, "HEAD", TRANSACTION)).status == 405


async def test_a_body_with_a_length_beyond_the_limit_is_refused_before_it_comes(server) -> None:
    raw = request_bytes("PUT", TRANSACTION, b"", AUTHORIZED | {"Content-Length": "1001"}, length=False)
    reply = await send(server, raw)
    assert (reply.status, reply.errcode) == (413, "M_TOO_LARGE")
    assert reply.headers["connection"] == "close"


async def test_a_body_in_chunks_beyond_the_limit_is_refused(server) -> None:
    headers = AUTHORIZED | {"Transfer-Encoding": "chunked"}
    raw = request_bytes("PUT", TRANSACTION, b"3e9\r\n" + b"x" * 1001 + b"\r\n", headers, length=False)
    assert (await send(server, raw)).status == 413


async def test_the_answer_does_not_tell_versions(server) -> None:
    for path in ("/live", "/nowhere"):
        assert (await call(server, "GET", path)).headers["server"] == "appservice"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PING, AUTHORIZED),
        (PING, {"Authorization": f"bearer   {TOKEN} "}),
        (PING + "?access_token=secret-%E4%BB%A4%E7%89%8C-token", {}),
        (PING + "?access_token=secret-%E4%BB%A4%E7%89%8C-token", AUTHORIZED),
        (PING + "?user_id=x", AUTHORIZED),
    ],
)
async def test_the_token_may_come_in_the_header_the_query_or_both(server, path, headers) -> None:
    assert server.last_contact_at is None
    reply = await call(server, "POST", path, {"transaction_id": "meow"}, headers)
    assert (reply.status, reply.json) == (200, {})
    assert server.last_contact_at is not None


async def test_a_ping_may_be_empty(server) -> None:
    assert (await call(server, "POST", PING)).status == 200


async def test_a_refused_request_is_no_contact(server) -> None:
    await call(server, "POST", PING, {}, {"Authorization": "Bearer wrong"})
    assert server.last_contact_at is None


async def test_the_token_is_in_no_log(inbox, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    inbox.error = RuntimeError()
    query = "?access_token=secret-%E4%BB%A4%E7%89%8C-token"
    async with Server(ANY_PORT, TOKEN, inbox, access_log=True) as server:
        await call(server, "PUT", TRANSACTION + query, {"events": []})
        await call(server, "PUT", TRANSACTION + query, {"events": []}, {"Authorization": "Bearer wrong-one"})
        await call(server, "GET", "/nowhere" + query)
        await send(server, request_bytes("GET", PING + query, b"", AUTHORIZED | {"Bad\x01": TOKEN}))
    assert "PUT /_matrix/app/v1/transactions/1 -> 500" in caplog.text
    for secret in (TOKEN, "wrong-one", "access_token"):
        assert secret not in caplog.text


async def test_an_empty_token_is_refused_at_the_start(inbox) -> None:
    with pytest.raises(ValueError, match="hs_token is empty"):
        Server(ANY_PORT, "", inbox)


class TestQueries:
    @pytest.mark.parametrize(
        ("path", "user_id"),
        [
            ("/_matrix/app/v1/users/%40_laiwang_1%3Aexample.org", USER),
            ("/_matrix/app/v1/users/@_laiwang_1:example.org", USER),
            ("/users/%40_laiwang_1%3Aexample.org", USER),
            ("/_matrix/app/v1/users/%40a%2Fb%3Aexample.org", "@a/b:example.org"),
            ("/_matrix/app/v1/users/%40a/b%3Aexample.org", "@a/b:example.org"),
            ("/_matrix/app/v1/users/%40a+b%3Aexample.org", "@a+b:example.org"),
            ("/_matrix/app/v1/users/%40%E6%9E%97%3Aexample.org", "@林:example.org"),
            ("/_matrix/app/v1/users/%40a%3Aexample.org/", "@a:example.org/"),
        ],
    )
    async def test_ask_for_the_user_as_it_is_written(self, inbox, path, user_id) -> None:
        asked = []

        async def query(wanted: str) -> bool:
            asked.append(wanted)
            return True

        async with Server(ANY_PORT, TOKEN, inbox, user_query=query) as server:
            reply = await call(server, "GET", path)
        assert (reply.status, reply.body) == (200, b"{}")
        assert asked == [user_id]

    @pytest.mark.parametrize("base", ["/_matrix/app/v1", ""])
    async def test_ask_for_the_alias(self, inbox, base) -> None:
        async def query(alias: str) -> bool:
            return alias == "#zd_林/1:example.org"

        async with Server(ANY_PORT, TOKEN, inbox, alias_query=query) as server:
            there = await call(server, "GET", f"{base}/rooms/%23zd_%E6%9E%97%2F1%3Aexample.org")
            not_there = await call(server, "GET", f"{base}/rooms/%23zd_2%3Aexample.org")
        assert there.status == 200
        assert (not_there.status, not_there.errcode) == (404, "M_NOT_FOUND")

    async def test_do_not_ask_for_what_is_no_user_and_no_alias(self, inbox) -> None:
        async def query(_: str) -> bool:
            raise AssertionError("asked")

        async with Server(ANY_PORT, TOKEN, inbox, user_query=query, alias_query=query) as server:
            assert (await call(server, "GET", "/users/%23a%3Ab")).errcode == "M_NOT_FOUND"
            assert (await call(server, "GET", "/rooms/%40a%3Ab")).errcode == "M_NOT_FOUND"

    async def test_that_fail_are_500_without_a_trace_of_why(self, inbox, caplog) -> None:
        async def query(_: str) -> bool:
            raise RuntimeError("inside")

        async with Server(ANY_PORT, TOKEN, inbox, user_query=query) as server:
            reply = await call(server, "GET", "/users/%40a%3Ab")
        assert (reply.status, reply.errcode) == (500, "M_UNKNOWN")
        assert b"inside" not in reply.body
        assert "inside" in caplog.text

    async def test_that_hang_do_not_hold_up_the_homeserver(self, inbox) -> None:
        async def query(_: str) -> bool:
            await asyncio.sleep(60)
            return True

        limits = Limits(query_seconds=0.05)
        async with Server(ANY_PORT, TOKEN, inbox, user_query=query, limits=limits) as server:
            reply = await call(server, "GET", "/users/%40a%3Ab")
        assert (reply.status, reply.errcode) == (504, "M_UNKNOWN")


class TestHealth:
    async def test_live_needs_no_token(self, server) -> None:
        reply = await call(server, "GET", "/live", headers={})
        assert (reply.status, reply.json) == (200, {"live": True})

    async def test_ready_says_why(self, inbox) -> None:
        async def probe() -> Readiness:
            return Readiness(
                (
                    Check("database", True, "answers"),
                    Check("homeserver", False, "no contact since the start"),
                    Check("outbox", True, "the oldest effect waits for 3 s", 3.0),
                )
            )

        async with Server(ANY_PORT, TOKEN, inbox, probe=probe) as server:
            reply = await call(server, "GET", "/ready", headers={})
        assert reply.status == 503
        assert reply.json == {
            "ready": False,
            "checks": {
                "database": {"ok": True, "reason": "answers"},
                "homeserver": {"ok": False, "reason": "no contact since the start"},
                "outbox": {"ok": True, "reason": "the oldest effect waits for 3 s", "seconds": 3.0},
            },
        }

    async def test_ready_is_200_when_everything_is(self, inbox) -> None:
        async def probe() -> Readiness:
            return Readiness((Check("database", True, "answers"),))

        async with Server(ANY_PORT, TOKEN, inbox, probe=probe) as server:
            assert (await call(server, "GET", "/ready")).status == 200

    async def test_ready_is_503_when_the_probe_fails(self, inbox) -> None:
        async def probe() -> Readiness:
            raise RuntimeError("inside")

        async with Server(ANY_PORT, TOKEN, inbox, probe=probe) as server:
            reply = await call(server, "GET", "/ready")
        assert reply.status == 503
        assert b"inside" not in reply.body

    async def test_ready_is_503_when_the_probe_hangs(self, inbox, monkeypatch) -> None:
        monkeypatch.setattr("appservice.readiness._PROBE_SECONDS", 0.05)

        async def probe() -> Readiness:
            await asyncio.sleep(60)
            raise AssertionError("waited")

        async with Server(ANY_PORT, TOKEN, inbox, probe=probe) as server:
            assert (await call(server, "GET", "/ready")).status == 503


class TestListening:
    async def test_on_a_unix_socket(self, inbox, folder: Path) -> None:
        address = UnixAddress(folder / "socket")
        async with Server(address, TOKEN, inbox) as server:
            assert server.address == address
            assert (await push(server, {"events": []})).status == 200
        async with Server(address, TOKEN, inbox) as server:
            assert (await push(server, {"events": []})).status == 200, "a socket left behind is no hindrance"

    async def test_on_port_0_takes_a_free_port(self, server) -> None:
        assert server.address.port > 0

    async def test_on_a_taken_port_says_so(self, server, inbox) -> None:
        taken = TcpAddress("127.0.0.1", server.address.port)
        with pytest.raises(CannotListen, match=rf"cannot listen on 127\.0\.0\.1:{taken.port}: .*in use"):
            async with Server(taken, TOKEN, inbox):
                pass

    async def test_gives_the_first_port_back_when_the_second_is_taken(self, server, inbox) -> None:
        first = Server(ANY_PORT, TOKEN, inbox, metrics_address=server.address)
        with pytest.raises(CannotListen):
            await first.__aenter__()
        assert first.address == ANY_PORT

    async def test_ends_when_left(self, inbox) -> None:
        async with Server(ANY_PORT, TOKEN, inbox) as server:
            address = server.address
        with pytest.raises(ConnectionRefusedError):
            async with connected(address):
                pass


class TestStopping:
    async def test_waits_for_the_transaction_in_flight(self, inbox) -> None:
        inbox.gate = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            async with Server(ANY_PORT, TOKEN, inbox) as server:
                pushed = group.create_task(push(server, {"events": [1]}))
                await inbox.entered.wait()
                asyncio.get_running_loop().call_later(0.1, inbox.gate.set)
            assert inbox.events == [1]
        assert pushed.result().status == 200

    async def test_does_not_wait_for_idle_connections(self, inbox) -> None:
        running = AsyncExitStack()
        server = await running.enter_async_context(Server(ANY_PORT, TOKEN, inbox))
        async with asyncio.timeout(30), connected(server.address) as (reader, writer):
            writer.write(request_bytes("POST", PING, b"{}", AUTHORIZED))
            assert (await read_reply(reader)).status == 200
            await running.aclose()
            assert await reader.read() == b""

    async def test_lets_a_body_arrive_that_is_on_its_way(self, inbox) -> None:
        raw = request_bytes("PUT", TRANSACTION, b'{"events":[1]}', AUTHORIZED)
        running = AsyncExitStack()
        server = await running.enter_async_context(Server(ANY_PORT, TOKEN, inbox))
        async with connected(server.address) as (reader, writer):
            writer.write(raw[:-5])
            await asyncio.sleep(0.05)
            asyncio.get_running_loop().call_later(0.1, writer.write, raw[-5:])
            await running.aclose()
            assert (await read_reply(reader)).status == 200
        assert inbox.events == [1]

    async def test_does_not_wait_long_for_a_body_that_does_not_come(self, inbox, monkeypatch) -> None:
        monkeypatch.setattr("appservice.server._HURRY_SECONDS", 0.1)
        running = AsyncExitStack()
        server = await running.enter_async_context(Server(ANY_PORT, TOKEN, inbox))
        async with asyncio.timeout(30), connected(server.address) as (reader, writer):
            writer.write(request_bytes("PUT", TRANSACTION, b"{}", AUTHORIZED)[:-1])
            await asyncio.sleep(0.05)
            await running.aclose()
            assert (await read_reply(reader)).status == 408

    async def test_leaves_a_transaction_that_takes_too_long_to_the_next_start(self, inbox) -> None:
        inbox.gate = asyncio.Event()
        running = AsyncExitStack()
        server = await running.enter_async_context(Server(ANY_PORT, TOKEN, inbox, limits=Limits(stop_seconds=0.1)))
        async with asyncio.timeout(30), connected(server.address) as (reader, writer):
            writer.write(request_bytes("PUT", TRANSACTION, b'{"events":[]}', AUTHORIZED))
            await inbox.entered.wait()
            await running.aclose()
            assert await reader.read() == b"", "no answer: the homeserver will send it again"


async def test_a_transaction_that_the_parser_takes_is_the_one_that_was_sent(server, inbox) -> None:
    events = [{"event_id": "$a", "content": {"body": "你好 \u2028 \x00", "n": 2**53, "deep": [[[[]]]]}}]
    await call(server, "PUT", TRANSACTION, orjson.dumps({"events": events}))
    assert inbox.events == events
