"""The misbehaving network of the other tests misbehaves exactly as told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientConnectorError, ClientError, ClientPayloadError, ClientSession, web
from yarl import URL

from laiwang_bridge.demo.process import free_port
from tests.support.faults import (
    Answer,
    Delay,
    DropAfter,
    DropBefore,
    Repeat,
    SlowBody,
    Swap,
    TooManyRequests,
    Truncate,
)
from tests.support.proxy import Proxy

BODY = b"All that was asked for. " * 1000


class Server:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.bodies: list[bytes] = []
        self.headers: list[str] = []
        self.at_once = 0
        self._inside = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.arrived.append(request.raw_path)
        self.bodies.append(await request.read())
        self.headers.append(request.headers.get("Authorization", ""))
        self._inside += 1
        self.at_once = max(self.at_once, self._inside)
        await asyncio.sleep(0.01)
        self._inside -= 1
        return web.Response(status=201, body=BODY, headers={"X-Server": "behind"})


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    port = free_port()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with Proxy(f"http://127.0.0.1:{port}", seed=7) as proxy:
        yield proxy
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def _ask(client: ClientSession, proxy: Proxy, path: str = "/a") -> tuple[int, bytes]:
    # A POST, for aiohttp itself asks again when the connection breaks under any other method.
    async with client.post(proxy.url + path, data=b"question") as response:
        return response.status, await response.read()


async def test_unharmed_requests_pass_as_they_are(server: Server, proxy: Proxy, client: ClientSession) -> None:
    url = URL(f"{proxy.url}/rooms/%21a%3Ab/send?x=%2F&y=1", encoded=True)
    async with client.put(url, data=b"question", headers={"Authorization": "Bearer t"}) as response:
        assert (response.status, await response.read()) == (201, BODY)
        assert response.headers["X-Server"] == "behind"
    assert server.arrived == ["/rooms/%21a%3Ab/send?x=%2F&y=1"]
    assert server.bodies == [b"question"]
    assert server.headers == ["Bearer t"]
    assert proxy.counts == {"none": 1}


async def test_a_dropped_request_never_arrives(server: Server, proxy: Proxy, client: ClientSession) -> None:
    proxy.once(DropBefore())
    with pytest.raises(ClientError):
        await _ask(client, proxy)
    assert server.arrived == []
    assert (await _ask(client, proxy))[0] == 201


async def test_a_lost_answer_is_lost_after_the_request_arrived(
    server: Server, proxy: Proxy, client: ClientSession
) -> None:
    proxy.once(DropAfter())
    with pytest.raises(ClientError):
        await _ask(client, proxy)
    assert server.arrived == ["/a"]
    assert proxy.log[0].statuses == (201,)


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_repeated_request_arrives_twice(
    server: Server, proxy: Proxy, client: ClientSession, at_once: bool
) -> None:
    proxy.once(Repeat(at_once=at_once))
    assert await _ask(client, proxy) == (201, BODY)
    assert server.arrived == ["/a", "/a"]
    assert server.bodies == [b"question", b"question"]
    assert server.at_once == (2 if at_once else 1)


async def test_two_swapped_requests_arrive_in_the_other_order(
    server: Server, proxy: Proxy, client: ClientSession
) -> None:
    proxy.add(Swap(), times=2)
    first = asyncio.create_task(_ask(client, proxy, "/first"))
    await asyncio.sleep(0.05)
    await _ask(client, proxy, "/second")
    assert await first == (201, BODY)
    assert server.arrived == ["/second", "/first"]


async def test_a_request_with_none_to_swap_with_goes_on_alone(
    server: Server, proxy: Proxy, client: ClientSession
) -> None:
    proxy.once(Swap(patience=0.05))
    assert await _ask(client, proxy) == (201, BODY)
    assert server.arrived == ["/a"]


async def test_errors_are_answered_without_asking_the_server(
    server: Server, proxy: Proxy, client: ClientSession
) -> None:
    proxy.once(TooManyRequests(retry_after_ms=250))
    async with client.get(proxy.url) as response:
        assert response.status == 429
        assert (await response.json())["retry_after_ms"] == 250
    for status in (500, 502, 503, 504):
        proxy.once(Answer(status))
        assert (await _ask(client, proxy))[0] == status
    assert server.arrived == []


async def test_a_truncated_answer_breaks_off(server: Server, proxy: Proxy, client: ClientSession) -> None:
    proxy.once(Truncate())
    with pytest.raises(ClientPayloadError):
        await _ask(client, proxy)
    assert server.arrived == ["/a"]


@pytest.mark.parametrize("fault", [Delay(0.1, 0.2), SlowBody(0.1)], ids=["late", "slow"])
async def test_late_and_slow_answers_are_whole(proxy: Proxy, client: ClientSession, fault: Delay | SlowBody) -> None:
    proxy.once(fault)
    begun = time.monotonic()
    assert await _ask(client, proxy) == (201, BODY)
    assert time.monotonic() - begun >= 0.1


async def test_rules_are_for_some_paths_and_methods_only(proxy: Proxy, client: ClientSession) -> None:
    proxy.add(Answer(503), path="/transactions/", method="POST")
    assert (await _ask(client, proxy, "/transactions/1"))[0] == 503
    assert (await _ask(client, proxy, "/users/1"))[0] == 201
    async with client.get(f"{proxy.url}/transactions/1") as response:
        assert response.status == 201
    proxy.heal()
    assert (await _ask(client, proxy, "/transactions/1"))[0] == 201


async def test_faults_can_be_switched_off_and_on(proxy: Proxy, client: ClientSession) -> None:
    proxy.add(Answer(503))
    proxy.faults = False
    assert (await _ask(client, proxy))[0] == 201
    proxy.faults = True
    assert (await _ask(client, proxy))[0] == 503
    assert proxy.counts == {"none": 1, "Answer": 1}


async def test_chance_is_the_same_for_the_same_seed(client: ClientSession) -> None:
    runs = []
    for _ in range(2):
        async with Proxy("http://127.0.0.1:9", seed=3) as proxy:
            proxy.add(Answer(500), Answer(503), TooManyRequests(), probability=0.3)
            runs.append([(await _ask(client, proxy))[0] for _ in range(50)])
    assert runs[0] == runs[1]
    assert {500, 502, 503, 429} == set(runs[0])


async def test_a_server_that_is_away_refuses_connections(server: Server, proxy: Proxy, client: ClientSession) -> None:
    await _ask(client, proxy)
    await proxy.refuse()
    with pytest.raises(ClientError):
        await _ask(client, proxy)
    with pytest.raises(ClientConnectorError):
        await _ask(client, proxy)
    await proxy.accept()
    assert (await _ask(client, proxy))[0] == 201
    assert len(server.arrived) == 2
