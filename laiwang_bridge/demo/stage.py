"""Everything that the story needs: a homeserver, a bridge, people, and a folder that is gone afterwards."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from laiwang_bridge.config import AppService
from laiwang_bridge.demo import bridge as bridges
from laiwang_bridge.demo import process
from laiwang_bridge.demo.bridge import Bridge, BridgeFailed
from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.synapse import Synapse, SynapseFailed

DOMAIN = "localhost"
BOT = f"@{AppService().bot_localpart}:{DOMAIN}"

_FOLDER_PREFIX = "laiwang-demo-"
_ABANDONED_AFTER = 60.0
_SECONDS_TO_LEAVE = 5.0
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(slots=True, eq=False)
class Player:
    """Somebody in the story: the name that others see, the login, a client, and the chat with the bot."""

    name: str
    login: str
    client: Person
    chat: str = ""

    @property
    def user_id(self) -> str:
        return f"@{self.login}:{DOMAIN}"


class Stage:
    """While it is entered there is a folder; `open` starts a homeserver and a bridge in it.

    Nothing outlives it: neither processes nor the folder. `bridge_command` takes the place of `laiwang-bridge`.
    """

    def __init__(self, bridge_command: Sequence[str | Path] = bridges.COMMAND) -> None:
        self.password = secrets.token_hex(4)
        self._bridge_command = bridge_command
        self._clients: list[Person] = []
        self._stack = ExitStack()
        self._is_open = False

    async def __aenter__(self) -> Self:
        self.folder = self._stack.enter_context(temporary_folder())
        self.synapse = Synapse(self.folder / "homeserver", DOMAIN)
        self._stack.callback(self.synapse.kill)
        self.bridge = Bridge(self.folder / "bridge", self._bridge_command)
        self._stack.callback(self.bridge.kill)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        await self.all_leave()

    async def set_up(self) -> None:
        """Write the files of the bridge, and name its registration to the homeserver. Raises `BridgeFailed`."""
        await self.bridge.set_up(self.synapse.client_url, DOMAIN)
        self.synapse.registrations.append(self.bridge.registration)

    async def open(self, seconds: float) -> None:
        """Start both at once, and wait until they have found each other. Raises `BridgeFailed`, `SynapseFailed`."""
        self.bridge.start()
        await self.synapse.start()
        self._is_open = True
        await self.bridge.until_ready(seconds)

    async def register(self, login: str) -> None:
        """Make an account."""
        await self.synapse.register_user(login, self.password)

    async def enter(self, login: str, name: str) -> Player:
        """Make an account, log in, and take a name."""
        await self.register(login)
        player = Player(name, login, await self.log_in(login))
        await player.client.set_display_name(name)
        return player

    async def log_in(self, login: str) -> Person:
        """One more client of somebody."""
        client = Person(self.synapse.client_url, login)
        self._clients.append(client)
        await client.log_in(self.password)
        return client

    async def all_leave(self) -> None:
        """Close all clients; the accounts stay."""
        clients, self._clients = self._clients, []
        await asyncio.gather(*(_close(client) for client in clients))

    async def watch(self) -> None:
        """Returns never; raises `BridgeFailed` or `SynapseFailed` when one of them ends of its own accord."""
        while True:
            if self.bridge.has_ended:
                raise BridgeFailed("The bridge has ended of its own accord.")
            if self._is_open and not self.synapse.running:
                raise SynapseFailed("Synapse has ended of its own accord.")
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    def last_words(self, lines: int = 20) -> Iterator[tuple[str, list[str]]]:
        """The ends of the logs there are, each with the path of the log."""
        for path in (self.bridge.log_path, self.synapse.log_path, self.synapse.output_path):
            if end := process.last_lines(path, lines):
                yield str(path), end.splitlines()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder, gone afterwards. Those of demos that were killed before they could tidy up go now."""
    base = Path(tempfile.gettempdir())
    for folder in base.glob(f"{_FOLDER_PREFIX}*"):
        _remove_if_abandoned(folder)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=base))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _remove_if_abandoned(folder: Path) -> None:
    """The folder of a demo that lives is locked by it, except in its first moment."""
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # somebody else's, or gone meanwhile
    try:
        if time.time() - os.fstat(lock).st_mtime > _ABANDONED_AFTER:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
    except OSError:
        return
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


async def _close(client: Person) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_LEAVE):
            await client.close()
