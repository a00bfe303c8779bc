"""A place where requests arrive: a TCP port or a Unix socket."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from appservice.http import Refusal

log = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Lost = Callable[[float], None]
"""Told of a connection that is no more, and how many seconds ago its last request came."""

# Longer than homeservers and reverse proxies keep a connection they do not use: they close it, not we under a request.
_KEEPALIVE_SECONDS = 3630.0
# How long the rest of a refused body is swallowed, so that its sender comes to reading why.
_LINGERING_SECONDS = 2.0


class CannotListen(Exception):
    """The address is taken, or not ours to use; the message says what to do."""


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """`port` 0 takes any free port."""

    host: str = "127.0.0.1"
    port: int = 0

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


class Listener:
    """Listens from `start` to `stop`; `stop` lets the requests in flight finish, for `stop_seconds` at most."""

    def __init__(self, address: Address, handler: Handler, *, stop_seconds: float) -> None:
        self._wanted = address
        self._handler = handler
        self._stop_seconds = stop_seconds
        self._runner: web.ServerRunner | None = None

    @property
    def address(self) -> Address:
        """Where we really listen (port 0 has become a number)."""
        addresses = self._runner.addresses if self._runner is not None else []
        if not addresses or isinstance(self._wanted, UnixAddress):
            return self._wanted
        return TcpAddress(self._wanted.host, addresses[0][1])

    async def start(self) -> None:
        """Raises `CannotListen`."""
        runner = web.ServerRunner(_Server(self._handler), shutdown_timeout=self._stop_seconds)
        await runner.setup()
        site: web.BaseSite
        match self._wanted:
            case TcpAddress(host, port):
                site = web.TCPSite(runner, host, port)
            case UnixAddress(path):
                site = web.UnixSite(runner, path)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise CannotListen(
                f"cannot listen on {self._wanted}: {error.strerror or error}. "
                "Stop the program that uses it, or configure another address."
            ) from error
        self._runner = runner

    async def refuse_connections(self) -> None:
        """Take no new connections; those there are go on."""
        for site in self._runner.sites if self._runner is not None else ():
            await site.stop()

    async def stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        connection = _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=_KEEPALIVE_SECONDS,
            lingering_time=_LINGERING_SECONDS,
            access_log=None,  # type: ignore[arg-type] # how aiohttp's documentation switches it off
            auto_decompress=False,
        )
        connection.tell = None
        return connection


def when_lost(request: web.BaseRequest, tell: Lost) -> None:
    """Have `tell` called when the connection on which this request came is no more."""
    connection = request.protocol
    assert isinstance(connection, _Connection)
    connection.tell = tell
    connection.heard_at = time.monotonic()


class _Connection(web.RequestHandler):
    """A connection that answers in JSON even to what is no HTTP."""

    __slots__ = ("heard_at", "tell")
    tell: Lost | None
    heard_at: float

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.tell is not None:
            self.tell(time.monotonic() - self.heard_at)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # The message quotes the bytes that came, and they may hold the token.
        log.warning("refused what is not HTTP: %s", type(exc).__name__)
        return Refusal(status, "M_UNKNOWN", "this is not a valid HTTP request", close=True).response()
