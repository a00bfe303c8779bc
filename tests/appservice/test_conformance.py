"""The conformance checks: our server passes them all, and they tell a service that deviates."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from mautrix.appservice import AppService
from mautrix.appservice.state_store import FileASStateStore

from appservice.conformance import CHECKS, examine
from appservice.listener import TcpAddress
from appservice.server import Server
from tests.appservice.wire import ANY_PORT, RecordingInbox

TOKEN = "a-token-in-ascii"


def url(server: Server) -> str:
    assert isinstance(server.address, TcpAddress)
    return f"http://{server.address}"


async def run(*arguments: str, token: str | None = None) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appservice.conformance", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HS_TOKEN": token or ""},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_our_server_conforms() -> None:
    inbox = RecordingInbox()
    async with Server(ANY_PORT, TOKEN, inbox) as server:
        results = await examine(url(server), TOKEN)
    assert [result for result in results if result.problem] == []
    assert len(results) == len(CHECKS)
    assert not any("forged" in one.txn_id or "anonymous" in one.txn_id for one in inbox.accepted)


async def test_the_command_prints_a_line_for_each_check(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    async with Server(ANY_PORT, TOKEN, RecordingInbox()) as server:
        status, output = await run(url(server), "--hs-token-file", str(tmp_path / "token"))
    assert status == 0
    assert output.count("\n") == output.count("\nok") + 1 == len(CHECKS)


async def test_the_command_fails_with_a_wrong_token() -> None:
    async with Server(ANY_PORT, TOKEN, RecordingInbox()) as server:
        status, output = await run(url(server), token="another")
    assert status == 1
    assert "NOT OK    must   a ping is answered: expected 200 and a JSON object, got 403 M_FORBIDDEN" in output


async def test_the_command_wants_a_token() -> None:
    status, output = await run("http://127.0.0.1:1")
    assert status == 2
    assert "the hs_token is missing" in output


async def test_a_service_that_does_not_answer_passes_nothing() -> None:
    results = await examine("http://127.0.0.1:1", TOKEN)
    assert all(result.problem and "no answer" in result.problem for result in results)


async def test_a_service_that_says_yes_to_everything_passes_little() -> None:
    async def yes(_: web.BaseRequest) -> web.Response:
        return web.json_response({})

    failed = await failed_by(yes)
    assert {
        "a transaction with a wrong token is 403 M_FORBIDDEN",
        "an unknown path is 404 M_UNRECOGNIZED",
        "an unknown method is 405 M_UNRECOGNIZED",
        "an unknown user is 404",
    } <= failed
    assert "a ping is answered" not in failed


async def failed_by(handler: Callable[[web.BaseRequest], Awaitable[web.Response]]) -> set[str]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        results = await examine(f"http://127.0.0.1:{runner.addresses[0][1]}", TOKEN)
    finally:
        await runner.cleanup()
    return {result.name for result in results if result.problem and result.level == "must"}


@pytest.mark.filterwarnings("ignore:loop argument is deprecated:DeprecationWarning")
async def test_the_known_deviations_of_mautrix_are_found(folder: Path) -> None:
    service = AppService(
        server="http://127.0.0.1:1",
        domain="example.org",
        as_token="as",
        hs_token=TOKEN,
        bot_localpart="bot",
        id="test",
        state_store=FileASStateStore(str(folder / "state.json")),
    )
    await service.start("127.0.0.1", 0)
    port = service.runner.addresses[0][1]
    try:
        results = await examine(f"http://127.0.0.1:{port}", TOKEN)
    finally:
        await service.stop()
    failed = {result.name for result in results if result.problem}
    assert {
        "a transaction with a wrong token is 403 M_FORBIDDEN",
        "a wrong header with a right query token is refused",
        "an unknown path is 404 M_UNRECOGNIZED",
        "an unknown method is 405 M_UNRECOGNIZED",
        "an unknown protocol is 404",
    } <= failed
    assert not failed & {"a ping is answered", "a transaction without events is accepted"}
