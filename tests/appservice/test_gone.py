"""A homeserver that closes its connection may have stopped, and whoever wants to know is told."""

from __future__ import annotations

import asyncio

import pytest

from appservice.server import Server
from tests.appservice.wire import (
    ANY_PORT,
    AUTHORIZED,
    TOKEN,
    TRANSACTION,
    RecordingInbox,
    connected,
    read_reply,
    request_bytes,
)
from tests.support.waiting import eventually

PUSH = request_bytes("PUT", TRANSACTION, b'{"events":[]}', AUTHORIZED)


async def test_it_is_told_when_the_connection_of_the_homeserver_ends_and_how_long_it_was_idle() -> None:
    gone: list[float] = []
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), on_gone=gone.append) as server:
        async with connected(server.address) as (reader, writer):
            for _ in range(2):
                writer.write(PUSH)
                assert (await read_reply(reader)).status == 200
            await asyncio.sleep(0.3)
            assert gone == []
        await eventually(lambda: gone)
        [idle] = gone
        assert 0.3 <= idle < 5


async def test_it_is_told_when_the_connection_ends_in_the_middle_of_a_transaction() -> None:
    gone: list[float] = []
    inbox = RecordingInbox(gate=asyncio.Event())
    async with Server(ANY_PORT, TOKEN, inbox, on_gone=gone.append) as server:
        async with connected(server.address) as (_, writer):
            writer.write(PUSH)
            await inbox.entered.wait()
        await eventually(lambda: gone)
        assert inbox.gate is not None
        inbox.gate.set()
        await eventually(lambda: inbox.accepted)


@pytest.mark.parametrize(
    "request_of_another_kind",
    [
        request_bytes("GET", "/live"),
        request_bytes("PUT", TRANSACTION, b'{"events":[]}', {"Authorization": "Bearer wrong"}),
        request_bytes("PUT", TRANSACTION, b'{"events":[]}', {**AUTHORIZED, "Connection": "close"}),
    ],
    ids=["health check", "stranger", "announced"],
)
async def test_other_connections_may_come_and_go(request_of_another_kind: bytes) -> None:
    gone: list[float] = []
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), on_gone=gone.append) as server:
        async with connected(server.address) as (reader, writer):
            writer.write(request_of_another_kind)
            await read_reply(reader)
        await asyncio.sleep(0.1)
    assert gone == []
