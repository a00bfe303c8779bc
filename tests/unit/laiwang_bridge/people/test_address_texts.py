"""Text messages with a code, by a real program and to a real web server."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appservice.effects import Job
from appservice.routes import Later
from laiwang_bridge.people.proving.texting import Program, Texter, Webhook

MESSAGE = {"id": "laiwang.1", "number": "+8613800138000", "text": "K7RF-2XWM 是你的来往验证码; `rm -rf /` $HOME"}
SENT, NOT_NOW = {"problem": None}, {"problem": "service"}
Write = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Write:
    """A shell script of the operator's; `$OUT` is a folder for it to write to."""

    def write(body: str) -> str:
        path = tmp_path / "send-sms"
        path.write_text(f"#!/bin/sh\nOUT='{tmp_path}'\n{body}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


# -- a program ------------------------------------------------------------------------------------------------------


async def test_a_program_gets_the_message_on_its_standard_input(program: Write, tmp_path: Path) -> None:
    command = program('cat > "$OUT/message"; echo "$@" > "$OUT/arguments"')
    assert await Program([command, "--from", "a b; c"], seconds=60).send(MESSAGE) == SENT
    assert json.loads((tmp_path / "message").read_bytes()) == MESSAGE
    assert (tmp_path / "arguments").read_text() == "--from a b; c\n"


async def test_a_program_finds_the_message_in_its_environment_and_none_of_our_secrets(
    program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAIWANG_APPSERVICE__AS_TOKEN", "a secret")
    assert await Program([program('env -0 > "$OUT/environment"')], seconds=60).send(MESSAGE) == SENT
    found = dict(entry.split("=", 1) for entry in (tmp_path / "environment").read_text().split("\0") if entry)
    assert found["LAIWANG_NUMBER"] == MESSAGE["number"]
    assert found["LAIWANG_TEXT"] == MESSAGE["text"]
    assert found["LAIWANG_ID"] == MESSAGE["id"]
    assert "PATH" in found
    assert not any("secret" in value for value in found.values())


async def test_a_program_may_ask_to_be_run_again_later(program: Write) -> None:
    with pytest.raises(Later) as later:
        await Program([program("exit 75")], seconds=60).send(MESSAGE)
    assert later.value.seconds == 60


@pytest.mark.parametrize("body", ["exit 1", "exit 127", "kill -9 $$", "echo $LAIWANG_NUMBER >&2; exit 2"])
async def test_a_program_that_fails_is_for_the_operator(
    program: Write, body: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await Program([program(body)], seconds=60).send(MESSAGE) == NOT_NOW
    assert "send-sms ended with" in caplog.text
    assert "138" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("path", ["/nowhere/send-sms", "/etc/hostname"])
async def test_a_program_that_cannot_be_run_is_for_the_operator(path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert await Program([path], seconds=60).send(MESSAGE) == NOT_NOW
    assert f"{path} cannot be started" in caplog.text


async def test_a_program_that_takes_too_long_is_ended_with_all_it_started(program: Write, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Later):
        await Program([program('sleep 60 & echo $! > "$OUT/child"; sleep 60')], seconds=0.5).send(MESSAGE)
    assert time.monotonic() - began < 5
    child = int((tmp_path / "child").read_text())
    for _wait in range(100):
        if not _is_running(child):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the child runs on")


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return b") Z " not in Path(f"/proc/{process}/stat").read_bytes()


# -- a webhook ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def service(answer: Callable[[], web.Response]) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    taken: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append((dict(request.headers), await request.read()))
        return answer()

    app = web.Application()
    app.router.add_post("/send", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/send?who=us", taken
    finally:
        await runner.cleanup()


async def test_a_webhook_gets_the_message_signed() -> None:
    async with service(lambda: web.Response(status=204)) as (url, taken):
        assert await Webhook(url, "the key", seconds=60).send(MESSAGE) == SENT
    [(headers, body)] = taken
    assert json.loads(body) == MESSAGE
    assert headers["Content-Type"] == "application/json"
    expected = hmac.new(b"the key", body, hashlib.sha256).hexdigest()
    assert headers["X-Laiwang-Signature"] == f"sha256={expected}"


async def test_a_repetition_carries_the_same_id() -> None:
    async with service(lambda: web.Response()) as (url, taken):
        for _time in range(2):
            await Webhook(url, "the key", seconds=60).send(MESSAGE)
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [(429, {"Retry-After": "7"}, 7), (429, {"Retry-After": "99999"}, 900), (429, {}, 60), (500, {}, 60), (503, {}, 60)],
)
async def test_a_webhook_may_ask_to_be_called_again_later(status: int, headers: dict[str, str], seconds: int) -> None:
    async with service(lambda: web.Response(status=status, headers=headers)) as (url, _taken):
        with pytest.raises(Later) as later:
            await Webhook(url, "the key", seconds=60).send(MESSAGE)
    assert later.value.seconds == seconds


@pytest.mark.parametrize(("status", "headers"), [(400, {}), (403, {}), (404, {}), (302, {"Location": "/send"})])
async def test_a_webhook_that_refuses_is_for_the_operator(
    status: int, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with service(lambda: web.Response(status=status, headers=headers)) as (url, taken):
        assert await Webhook(url, "the key", seconds=60).send(MESSAGE) == NOT_NOW
    assert len(taken) == 1
    assert str(status) in caplog.text


async def test_a_webhook_that_is_away_or_slow_is_called_again_later() -> None:
    with pytest.raises(Later):
        await Webhook("http://127.0.0.1:1/send", "the key", seconds=60).send(MESSAGE)

    done = asyncio.Event()

    async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client has had enough
        writer.close()
        done.set()

    server = await asyncio.start_server(sleep, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(Later):
            await Webhook(url, "the key", seconds=0.1).send(MESSAGE)
        await done.wait()


async def test_only_the_message_goes_out_of_a_job() -> None:
    seen: list[Any] = []

    class Sender:
        async def send(self, message: Any) -> Any:
            seen.append(message)
            return SENT

    job = Job(sender="@bot:town", name="text", queue="q", given={**MESSAGE, "claim": 7})  # type: ignore[arg-type]
    assert await Texter(Sender()).work(job) == SENT
    assert seen == [MESSAGE]
