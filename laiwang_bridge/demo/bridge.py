"""The bridge in a process of its own, set up and started the way an admin does it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from laiwang_bridge.demo import process
from laiwang_bridge.setup import CONFIG_NAME, REGISTRATION_NAME

COMMAND = (sys.executable, "-m", "laiwang_bridge")
"""What an admin types as `laiwang-bridge`."""

_SECONDS_TO_INIT = 60.0


class BridgeFailed(Exception):
    """The bridge could not be set up or ended of its own accord; the message says which, its log says why."""


class Bridge(process.Program):
    """One laiwang-bridge with its files in `folder`, on SQLite and on a port of its own on loopback.

    It keeps its files and its port over `start` and `kill`. `command` takes the place of `laiwang-bridge`.
    """

    def __init__(self, folder: Path, command: Sequence[str | Path] = COMMAND) -> None:
        super().__init__()
        self.folder = folder
        self.port = process.free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.config = folder / CONFIG_NAME
        self.registration = folder / REGISTRATION_NAME
        self.log_path = folder / "bridge.log"
        self._command = command

    @property
    def has_ended(self) -> bool:
        """Whether it was started and has ended without being killed by us."""
        return self._process is not None and self._process.poll() is not None

    async def set_up(self, homeserver_url: str, domain: str) -> None:
        """Write the configuration and the registration. Raises `BridgeFailed`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ("--domain", domain, "--homeserver", homeserver_url, "--address", self.address)
        output = self.folder / "init.log"
        setting_up = self._spawn(output, "init", "--config", self.config, *where)
        try:
            await process.ended(setting_up, _SECONDS_TO_INIT)
        finally:
            process.kill(setting_up)
        if setting_up.returncode != 0:
            raise BridgeFailed(
                f"laiwang-bridge init ended with status {setting_up.returncode}.\n{process.last_lines(output)}"
            )

    def start(self) -> None:
        """Start without waiting for anything."""
        self._process = self._spawn(self.log_path, "run", "--config", self.config)

    async def until_ready(self, seconds: float) -> None:
        """Wait until the bridge says that it and the homeserver have found each other. Raises `BridgeFailed`."""
        deadline = time.monotonic() + seconds
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            while self.running:
                try:
                    async with session.get(f"{self.address}/ready") as response:
                        if response.status == 200:
                            return
                except (ClientError, TimeoutError):
                    pass
                if time.monotonic() > deadline:
                    raise BridgeFailed(f"The bridge was not ready within {seconds:g} seconds.")
                await asyncio.sleep(0.03)
        status = self._process.returncode if self._process else None
        raise BridgeFailed(f"The bridge ended of its own accord with status {status}.")

    def kill(self) -> None:
        """End it without warning (SIGKILL)."""
        if self._process is not None:
            process.kill(self._process)
            self._process = None

    def _spawn(self, output: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
        # What is set for a bridge that this machine has already must not reach this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LAIWANG_")}
        with output.open("ab") as log:
            return process.spawn([*self._command, *arguments], output=log, environment=environment)
