"""The servers that `bench.ingest` races, each a process of its own: `python -m bench.contestants NAME FOLDER`.

Prints its port, then its CPU seconds whenever it reads a line.
"""

# ruff: noqa: PLC0415 -- each contestant loads its own things and nobody else's

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

TOKEN = "hs-token-of-the-benchmark-0123456789"


async def bare(_folder: Path) -> int:
    """aiohttp alone: the body is read as JSON and thrown away."""

    async def handle(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        json.loads(await request.read())
        return web.json_response({})

    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_put("/_matrix/app/v1/transactions/{txn_id}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return int(runner.addresses[0][1])


async def mautrix(_folder: Path) -> int:
    """mautrix's AppService as it comes, with one handler that does nothing."""
    from mautrix.appservice import AppService

    from laiwang_bridge.demo.process import free_port

    service = AppService(
        server="http://127.0.0.1:1",
        domain="localhost",
        as_token="as-token",
        hs_token=TOKEN,
        bot_localpart="bench",
        id="bench",
        state_store=None,  # type: ignore[arg-type]  # what it does without one is a store in memory
    )

    async def ignore(_event: Any) -> None:
        return None

    service.matrix_event_handler(ignore)
    port = free_port()
    await service.start("127.0.0.1", port)
    return port


async def ours(folder: Path) -> int:
    """This project: every event is durable before the answer, in an SQLite file with full synchronisation."""
    from appservice.database import Database, metadata
    from appservice.inbox import Inbox
    from appservice.listener import TcpAddress
    from appservice.server import Server
    from appservice.service import milliseconds

    database = Database(f"sqlite:///{folder / 'ingest.db'}")
    metadata.create_all(database.engine)
    server = Server(TcpAddress("127.0.0.1", 0), TOKEN, Inbox(database, lambda _lane: None, milliseconds))
    await server.__aenter__()
    address = server.address
    assert isinstance(address, TcpAddress)
    return address.port


CONTESTANTS = {"bare aiohttp": bare, "mautrix AppService": mautrix, "laiwang-bridge": ours}


async def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    name, folder = sys.argv[1], Path(sys.argv[2])
    print(await CONTESTANTS[name](folder), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
