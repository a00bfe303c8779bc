"""A real CardDAV server for the tests: Radicale on loopback, with its data in a folder."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from laiwang_bridge.demo import process

_SECONDS_TO_START = 30.0
_MKCOL = """<?xml version="1.0" encoding="utf-8"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>{name}</displayname>
</prop></set></mkcol>"""


class RadicaleFailed(Exception):
    """Radicale did not start or did not do what was asked; the message says what."""


class Radicale:
    """One server for `users` (name → password); each has only what `make_book` makes."""

    def __init__(self, folder: Path, users: Mapping[str, str]) -> None:
        self.port = process.free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._users = dict(users)
        self._log = folder / "radicale.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start and wait until it answers. Raises `RadicaleFailed`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        passwords = self._folder / "users"
        passwords.write_text("".join(f"{user}:{password}\n" for user, password in self._users.items()), "utf-8")
        options = {
            "server-hosts": f"127.0.0.1:{self.port}",
            "auth-type": "htpasswd",
            "auth-htpasswd-filename": passwords,
            "auth-htpasswd-encryption": "plain",
            "auth-delay": 0,
            "storage-filesystem-folder": self._folder / "collections",
        }
        command: list[str | Path] = [sys.executable, "-m", "radicale", "--config", ""]
        command += [f"--{name}={value}" for name, value in options.items()]
        with self._log.open("wb") as log:
            self._process = process.spawn(command, output=log, folder=self._folder)
        await self._wait(self._process)

    def kill(self) -> None:
        if self._process is not None:
            process.kill(self._process)

    async def make_book(self, user: str, name: str, cards: str = "") -> str:
        """An address book with these cards (vCards, one after the other); its path on the server."""
        path = f"/{user}/{name}/"
        if cards:
            await self._request(user, "PUT", path, cards, "text/vcard; charset=utf-8")
        else:
            await self._request(user, "MKCOL", path, _MKCOL.format(name=name), "application/xml; charset=utf-8")
        return path

    async def put(self, user: str, path: str, card: str) -> None:
        """One card at a path of its own."""
        await self._request(user, "PUT", path, card, "text/vcard; charset=utf-8")

    async def _request(self, user: str, method: str, path: str, body: str, content_type: str) -> None:
        login = b64encode(f"{user}:{self._users[user]}".encode()).decode()
        async with ClientSession(timeout=ClientTimeout(60)) as session:
            asked = session.request(
                method,
                URL(self.address + path),
                data=body.encode(),
                headers={"Content-Type": content_type, "Authorization": f"Basic {login}"},
            )
            async with asked as response:
                if response.status not in (200, 201, 204):
                    raise RadicaleFailed(f"{method} {path}: {response.status}\n{process.last_lines(self._log)}")

    async def _wait(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            while running.poll() is None and time.monotonic() < deadline:
                try:
                    async with session.get(self.address):
                        return
                except (ClientError, TimeoutError):
                    await asyncio.sleep(0.03)
        self.kill()
        raise RadicaleFailed(f"Radicale does not answer. The end of its log:\n{process.last_lines(self._log)}")
