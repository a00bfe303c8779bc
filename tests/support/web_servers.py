"""Web servers on loopback that answer what a test wants."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web
from yarl import URL

from laiwang_bridge.demo.process import free_port

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A web server on loopback; `seen` are the requests it got."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._runner = web.ServerRunner(web.Server(self._handle))
        self.port = free_port()
        self.url = URL(f"http://127.0.0.1:{self.port}/")
        self.seen: list[web.BaseRequest] = []

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=tls).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        return await self._handler(request)  # type: ignore[arg-type]


class Servers:
    """Makes servers; `stop` ends them all."""

    def __init__(self) -> None:
        self._made: list[Server] = []

    async def __call__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
        server = Server(handler)
        self._made.append(server)
        await server.start(tls)
        return server

    async def stop(self) -> None:
        for server in self._made:
            await server.stop()
