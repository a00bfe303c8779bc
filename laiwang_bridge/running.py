"""The bridge as a process: from its database to its homeserver, until it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Iterable
from contextlib import AsyncExitStack

from appservice import instance
from appservice.language import Catalogues
from laiwang_bridge import __version__
from laiwang_bridge.application import CATALOGUES, Application
from laiwang_bridge.config import Config
from laiwang_bridge.database.migration import migrate
from laiwang_bridge.from_config import open_database

log = logging.getLogger(__name__)

_NEW_THINGS = 10_000


async def run(config: Config) -> None:
    """Run the bridge until SIGTERM or SIGINT; a second signal ends it at once.

    Raises `DatabaseInUse`, `UnsupportedDatabase`, `CannotListen`, and what migrating raises.
    """
    database = open_database(config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await asyncio.get_running_loop().run_in_executor(None, migrate, config.database.url)
        secret = await database.write(lambda connection: instance.secret(connection, "unit"))
        application = Application(config, database, secret, Catalogues(CATALOGUES))
        stack.push_async_callback(application.outside.close)
        stack.push_async_callback(application.identity_client.close)
        stop = _listen_for_signals()
        await stack.enter_async_context(application.service)
        tasks = [asyncio.create_task(application.introduce()), asyncio.create_task(application.keep_house())]
        stack.push_async_callback(_cancel, tasks)
        hold_what_was_built()
        log.info("laiwang-bridge %s listens on %s", __version__, application.service.server.address)
        await stop.wait()
        log.info("stopping")


def hold_what_was_built() -> None:
    """What there is after the start stays to the end. To look through it for garbage would stop everything for a tenth
    of a second every few minutes.

    What comes later goes by itself nearly always, so it is looked through after ten thousand new things, not after
    seven hundred, which is several times in each message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_THINGS)


def _listen_for_signals() -> asyncio.Event:
    """From now on, before anybody can reach the bridge, a signal asks it to stop: what is begun is ended."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()

    def stop(number: signal.Signals) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return asked


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
