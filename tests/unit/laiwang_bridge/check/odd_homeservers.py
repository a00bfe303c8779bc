"""What may answer instead of a homeserver, or as one that no current Synapse can be made to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

from aiohttp import web

from appservice.ghosts import DEVICE_ID
from laiwang_bridge.demo.process import free_port

Said = Mapping[str, tuple[int, Any] | Callable[[web.Request], Awaitable[web.Response]]]
"""End of the path -> status and JSON (or a text), or what makes the answer."""


def homeserver(bot: str, **said: tuple[int, Any]) -> dict[str, tuple[int, Any]]:
    """The answers of one with which all is well; underscores in the names of `said` stand for slashes."""
    answers: dict[str, tuple[int, Any]] = {
        "client/versions": (200, {"versions": ["v1.1", "v1.15"]}),
        "account/whoami": (200, {"user_id": bot, "device_id": DEVICE_ID}),
        "v3/register": (400, {"errcode": "M_USER_IN_USE", "error": "taken"}),
        "devices/APPSERVICE": (200, {}),
        "ping": (200, {"duration_ms": 1}),
    }
    return answers | {name.replace("_", "/"): answer for name, answer in said.items()}


@asynccontextmanager
async def serving(
    said: Said, *, tls: SSLContext | None = None, port: int | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """A server that gives these answers and 404 to all else; gives its port."""

    async def answer(request: web.Request) -> web.Response:
        found = next((answer for end, answer in said.items() if request.path.endswith(end)), None)
        if found is None:
            return web.json_response({"errcode": "M_UNRECOGNIZED"}, status=404)
        if callable(found):
            return await found(request)
        status, body = found
        if isinstance(body, str):
            return web.Response(status=status, text=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    port = port or free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    try:
        yield port
    finally:
        await runner.cleanup()
