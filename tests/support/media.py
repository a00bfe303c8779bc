"""A media repository: the one request of a homeserver that fetches files, by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_CHUNK = 65_536


class Media:
    """`files` by their ids. `status` answers every request, if set; `pause` holds every file back for so many seconds.

    A file of None never ends: it is sent until nobody reads it any more.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes | None] = {}
        self.status: int | None = None
        self.pause = 0.0
        self.asked = 0
        self.sent = 0
        self.address = ""

    async def get(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        await asyncio.sleep(self.pause)
        if self.status is not None:
            return web.json_response({"errcode": "M_UNKNOWN", "error": "no"}, status=self.status)
        id = request.match_info["id"]
        if id not in self.files:
            return web.json_response({"errcode": "M_NOT_FOUND", "error": "no"}, status=404)
        data = self.files[id]
        if data is not None:
            return web.Response(body=data)
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * _CHUNK)
                self.sent += _CHUNK
        except ConnectionError:
            return response


@asynccontextmanager
async def media_repository() -> AsyncIterator[Media]:
    """A running one; its `address` is that of the homeserver."""
    media = Media()
    app = web.Application()
    app.router.add_get("/_matrix/client/v1/media/download/{server}/{id}", media.get)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [host, port] = runner.addresses[0]
    media.address = f"http://{host}:{port}"
    try:
        yield media
    finally:
        await runner.cleanup()
