"""A stand-in of Stripe for the tests: localstripe on loopback, in an environment of its own, never imported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from laiwang_bridge.demo import process
from laiwang_bridge.demo.environment import Environment, Say

_SECONDS_TO_START = 60.0
_ENVIRONMENT = Environment(
    "localstripe",
    "localstripe",
    Path(__file__).with_name("localstripe-requirements.txt"),
    "localstripe.server",
    "LAIWANG_LOCALSTRIPE_PYTHON",
)
# Its own way of starting listens on all interfaces, and keeps what it knows in one file for all of them.
_PROGRAM = """
import sys
from aiohttp import web
from localstripe import resources, server
type(resources.store).dump_to_disk = lambda self: None
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]))
"""


class LocalStripeFailed(Exception):
    """It did not start or did not do what was asked; the message says what."""


def localstripe_python(say: Say) -> Path:
    """The interpreter that has localstripe, installed first where need be. Raises `CannotInstall`."""
    return _ENVIRONMENT.python(say)


class LocalStripe:
    """One such service; what it writes stays in `folder`."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._port = process.free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._folder = folder
        self._python = python
        self._log = folder / "localstripe.out"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start and wait until it answers. Raises `LocalStripeFailed`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._python, "-c", _PROGRAM, str(self._port)]
            self._process = process.spawn(command, output=log, folder=self._folder, environment=dict(os.environ))
        deadline = time.monotonic() + _SECONDS_TO_START
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            while self._process.poll() is None and time.monotonic() < deadline:
                try:
                    async with session.get(f"{self.address}/js.stripe.com/v3/"):
                        return
                except (ClientError, TimeoutError):
                    await asyncio.sleep(0.03)
        self.kill()
        raise LocalStripeFailed(f"localstripe does not answer. Its log:\n{process.last_lines(self._log)}")

    def kill(self) -> None:
        if self._process is not None:
            process.kill(self._process)

    async def send_events_to(self, url: str, secret: str) -> None:
        """Have all events sent to this address, signed."""
        async with (
            ClientSession(timeout=ClientTimeout(30)) as session,
            session.post(f"{self.address}/_config/webhooks/test", data={"url": url, "secret": secret}) as answer,
        ):
            if answer.status != 200:
                raise LocalStripeFailed(f"it does not take the webhook: {await answer.text()}")
