"""A real identity server for the tests: Sydent on loopback, in an environment of its own, never imported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout
from ruamel.yaml import YAML

from laiwang_bridge.demo import process
from laiwang_bridge.demo.environment import Environment, Say

_SECONDS_TO_START = 60.0
_ENVIRONMENT = Environment(
    "Sydent",
    "matrix-sydent",
    Path(__file__).with_name("sydent-requirements.txt"),
    "sydent.sydent",
    "LAIWANG_SYDENT_PYTHON",
)


class SydentFailed(Exception):
    """Sydent did not start or did not do what was asked; the message says what."""


def sydent_python(say: Say) -> Path:
    """The interpreter that has Sydent, installed first where need be. Raises `CannotInstall`."""
    return _ENVIRONMENT.python(say)


class Sydent:
    """One identity server with its data in `folder`; `terms` (address → name) are what its users have to accept."""

    def __init__(self, folder: Path, python: Path, *, terms: Mapping[str, str] | None = None) -> None:
        self.port = process.free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._binding_port = process.free_port()
        self._folder = folder
        self._python = python
        self.terms = dict(terms or {})
        self._log = folder / "sydent.out"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start and wait until it answers. Raises `SydentFailed`."""
        self._write_files()
        environment = {**os.environ, "SYDENT_CONF": str(self._folder / "sydent.conf")}
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._python, "-m", "sydent.sydent"]
            self._process = process.spawn(command, output=log, folder=self._folder, environment=environment)
        await self._wait(self._process)

    def kill(self) -> None:
        if self._process is not None:
            process.kill(self._process)

    async def bind(self, medium: str, address: str, user: str) -> None:
        """Make it known that `address` is proven to be that of `user`, by the way that is meant for homeservers."""
        url = f"http://127.0.0.1:{self._binding_port}/_matrix/identity/internal/bind"
        body = {"medium": medium, "address": address, "mxid": user}
        async with ClientSession(timeout=ClientTimeout(30)) as session, session.post(url, json=body) as response:
            if response.status != 200:
                raise SydentFailed(f"bind: {response.status} {await response.text()}\n{self._end_of_log()}")

    def _write_files(self) -> None:
        (self._folder / "res" / "matrix-org").mkdir(parents=True, exist_ok=True)
        terms = self._folder / "terms.yaml"
        documents = {
            f"document_{number}": {"version": "1", "langs": {"en": {"name": name, "url": url}}}
            for number, (url, name) in enumerate(self.terms.items())
        }
        YAML().dump({"master_version": "1", "docs": documents}, terms)
        config = RawConfigParser()
        config["general"] = {
            "server.name": "localhost",
            "pidfile.path": str(self._folder / "sydent.pid"),
            "terms.path": str(terms) if self.terms else "",
            "ip.whitelist": "127.0.0.1",  # where the homeserver of the tests is
        }
        config["db"] = {"db.file": str(self._folder / "sydent.db")}
        config["http"] = {
            "clientapi.http.bind_address": "127.0.0.1",
            "clientapi.http.port": str(self.port),
            "internalapi.http.bind_address": "127.0.0.1",
            "internalapi.http.port": str(self._binding_port),
            "replication.https.bind_address": "127.0.0.1",
            "replication.https.port": str(process.free_port()),
            "federation.verifycerts": "False",
        }
        config["crypto"] = {}
        with (self._folder / "sydent.conf").open("w") as file:
            config.write(file)

    async def _wait(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            while running.poll() is None and time.monotonic() < deadline:
                try:
                    async with session.get(f"{self.address}/_matrix/identity/v2") as response:
                        if response.status == 200:
                            return
                except (ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.03)
        self.kill()
        raise SydentFailed(f"Sydent does not answer. {self._end_of_log()}")

    def _end_of_log(self) -> str:
        return f"The end of its log:\n{process.last_lines(self._log)}"
