"""A network that misbehaves: a reverse proxy on loopback, to stand between homeserver and bridge in either direction.

Faults are given by rules, either told exactly ("the next transaction is answered, but the answer is lost") or by
chance from a seed ("three in a hundred requests are repeated"). Everything it did is in `log`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from laiwang_bridge.demo.process import free_port
from tests.support.faults import (
    Answer,
    Delay,
    DropAfter,
    DropBefore,
    Fault,
    Repeat,
    SlowBody,
    Swap,
    TooManyRequests,
    Truncate,
)

# These speak of one connection and are not passed on (RFC 9110, section 7.6.1); lengths are set anew.
_OF_THE_CONNECTION = (
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)


@dataclass(slots=True)
class Rule:
    """Which requests get one of these faults: by method, by a pattern in the path, by chance, and how many of them."""

    faults: tuple[Fault, ...]
    path: str
    method: str | None
    probability: float
    times: int | None

    def fault_for(self, method: str, path: str, chance: Random) -> Fault | None:
        if self.times == 0 or self.method not in (None, method) or not re.search(self.path, path):
            return None
        if self.probability < 1.0 and chance.random() >= self.probability:
            return None
        if self.times is not None:
            self.times -= 1
        return chance.choice(self.faults)


@dataclass(frozen=True, slots=True)
class Passage:
    """One request: what was done to it, and the answers the server behind gave (none if it never got there)."""

    number: int
    method: str
    path: str
    fault: Fault | None
    statuses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: CIMultiDict[str]
    body: bytes


class Proxy:
    """Stands at `url` before `target`. Rules are tried in order; the first that strikes decides."""

    def __init__(self, target: str, *, seed: int = 0, port: int | None = None) -> None:
        self.target = target
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.rules: list[Rule] = []
        self.faults = True
        self.log: list[Passage] = []
        self._chance = Random(seed)
        self._requests = 0
        self._held: asyncio.Event | None = None
        self._site: web.TCPSite | None = None
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None

    # --- what tests tell it

    def add(
        self,
        *faults: Fault,
        path: str = "",
        method: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
    ) -> Rule:
        """From now on, requests that fit suffer one of these faults, chosen by chance.

        `path` is a regular expression found anywhere in the path, `times` how many requests it is for.
        """
        rule = Rule(faults, path, method, probability, times)
        self.rules.append(rule)
        return rule

    def once(self, fault: Fault, *, path: str = "", method: str | None = None) -> Rule:
        """The next request that fits suffers this fault."""
        return self.add(fault, path=path, method=method, times=1)

    def heal(self) -> None:
        """Forget all rules: from now on a faithful proxy."""
        self.rules.clear()

    @property
    def counts(self) -> Counter[str]:
        """How often each kind of fault struck, by the name of its class; "none" for what passed unharmed."""
        return Counter(type(passage.fault).__name__ if passage.fault else "none" for passage in self.log)

    async def refuse(self) -> None:
        """Connections are refused until `accept`, those that are open are cut: the server behind is away."""
        if self._runner is not None and self._runner.server is not None:
            await self._close_site()
            for connection in list(self._runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    async def accept(self) -> None:
        """Undoes `refuse`."""
        if self._site is None and self._runner is not None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
            await self._site.start()

    # --- coming and going

    async def start(self) -> None:
        self._session = ClientSession(
            timeout=ClientTimeout(total=None), connector=TCPConnector(limit=0), auto_decompress=False
        )
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, auto_decompress=False)
        await self._runner.setup()
        await self.accept()

    async def stop(self) -> None:
        if self._runner is not None:
            await self.refuse()
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
        self._runner = self._session = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _close_site(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None

    # --- a request

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._requests += 1
        number = self._requests
        body = await request.read()
        fault = self._fault(request.method, request.path)
        statuses: list[int] = []
        try:
            return await self._suffer(fault, request, body, statuses)
        finally:
            self.log.append(Passage(number, request.method, request.path, fault, tuple(statuses)))

    def _fault(self, method: str, path: str) -> Fault | None:
        if not self.faults:
            return None
        for rule in self.rules:
            if (fault := rule.fault_for(method, path, self._chance)) is not None:
                return fault
        return None

    async def _suffer(
        self, fault: Fault | None, request: web.Request, body: bytes, statuses: list[int]
    ) -> web.StreamResponse:
        match fault:
            case DropBefore():
                return _cut(request)
            case TooManyRequests(retry_after_ms):
                content = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": retry_after_ms}
                return web.json_response(content, status=429)
            case Answer(status, str(errcode)):
                return web.json_response({"errcode": errcode, "error": "An error of the proxy"}, status=status)
            case Answer(status):
                return web.Response(status=status, text="<html>The gateway is sorry.</html>", content_type="text/html")
            case Delay(least, most):
                await asyncio.sleep(self._chance.uniform(least, most))
            case Swap(patience):
                return await self._swap(patience, request, body, statuses)
            case Repeat(times, at_once):
                return await self._repeat(times, at_once, request, body, statuses)
            case _:
                pass
        reply = await self._forward(request, body, statuses)
        match fault:
            case DropAfter():
                return _cut(request)
            case Truncate():
                return await _truncated(request, reply)
            case SlowBody(seconds, pieces):
                return await _slow(request, reply, seconds, pieces)
            case _:
                return _whole(reply)

    async def _repeat(
        self, times: int, at_once: bool, request: web.Request, body: bytes, statuses: list[int]
    ) -> web.StreamResponse:
        if at_once:
            replies = await asyncio.gather(*(self._forward(request, body, statuses) for _ in range(times)))
        else:
            replies = [await self._forward(request, body, statuses) for _ in range(times)]
        return _whole(replies[-1])

    async def _swap(
        self, patience: float, request: web.Request, body: bytes, statuses: list[int]
    ) -> web.StreamResponse:
        """The first of two waits here for the second."""
        if (first := self._held) is not None:
            self._held = None
            try:
                return _whole(await self._forward(request, body, statuses))
            finally:
                first.set()
        turn = self._held = asyncio.Event()
        try:
            async with asyncio.timeout(patience):
                await turn.wait()
        except TimeoutError:
            pass
        finally:
            if self._held is turn:
                self._held = None
        return _whole(await self._forward(request, body, statuses))

    async def _forward(self, request: web.Request, body: bytes, statuses: list[int]) -> _Reply:
        assert self._session is not None
        url = URL(self.target + request.raw_path, encoded=True)
        headers = _passed_on(request.headers)
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as response:
                content = await response.read()
                statuses.append(response.status)
                return _Reply(response.status, _passed_on(response.headers), content)
        except ClientError:
            return _Reply(502, CIMultiDict({"Content-Type": "text/plain"}), b"Nobody is behind this gateway.")


def _passed_on(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in _OF_THE_CONNECTION:
        kept.popall(name, None)
    return kept


def _whole(reply: _Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, reply: _Reply) -> web.StreamResponse:
    response = await _begun(request, reply)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        # Closed, not aborted: what was written shall arrive.
        request.transport.close()
    return response


async def _slow(request: web.Request, reply: _Reply, seconds: float, pieces: int) -> web.StreamResponse:
    response = await _begun(request, reply)
    size = len(reply.body) // pieces + 1
    for start in range(0, len(reply.body), size):
        await asyncio.sleep(seconds / pieces)
        await response.write(reply.body[start : start + size])
    await response.write_eof()
    return response


async def _begun(request: web.Request, reply: _Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    return response
