"""A homeserver made of bytes, and an inbox that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from appservice.listener import Address, TcpAddress, UnixAddress
from appservice.server import Server
from appservice.transaction import Transaction

TOKEN = "secret-令牌-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
ANY_PORT = TcpAddress("127.0.0.1", 0)
TRANSACTION = "/_matrix/app/v1/transactions/1"


@dataclass
class RecordingInbox:
    """Remembers transactions; raises `error`, or waits for `gate`, where there is one."""

    accepted: list[Transaction] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, transaction: Transaction) -> None:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.accepted.append(transaction)

    @property
    def events(self) -> list[Any]:
        return [event for transaction in self.accepted for event in transaction.events]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def errcode(self) -> str | None:
        errcode: str | None = self.json.get("errcode")
        return errcode


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    match address:
        case UnixAddress(path):
            reader, writer = await asyncio.open_unix_connection(path)
        case TcpAddress(host, port):
            reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def read_reply(reader: asyncio.StreamReader, *, head_only: bool = False) -> Reply:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = b"" if head_only else await reader.readexactly(int(headers["content-length"]))
    return Reply(int(first.split()[1]), headers, body)


def request_bytes(
    method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, length: bool = True
) -> bytes:
    lines = {"Host": "appservice", **({"Content-Length": str(len(body))} if length else {}), **(headers or {})}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode() + b"\r\n" + body


async def send(server: Server, raw: bytes, *, address: Address | None = None, head_only: bool = False) -> Reply:
    """Send bytes on a connection of their own and read one reply."""
    async with connected(address or server.address) as (reader, writer), asyncio.timeout(60):
        writer.write(raw)
        return await read_reply(reader, head_only=head_only)


async def call(
    server: Server,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    address: Address | None = None,
) -> Reply:
    """One request; authorised unless other headers are given."""
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    request = request_bytes(method, path, raw, AUTHORIZED if headers is None else headers)
    return await send(server, request, address=address, head_only=method == "HEAD")


async def push(server: Server, body: object, *, txn_id: str = "1") -> Reply:
    return await call(server, "PUT", f"/_matrix/app/v1/transactions/{txn_id}", body)
