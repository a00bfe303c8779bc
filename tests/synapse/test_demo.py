"""The demo, run like somebody runs it who has just cloned the repository."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from laiwang_bridge.demo.person import Person
from tests.support.waiting import eventually

pytestmark = [pytest.mark.synapse, pytest.mark.usefixtures("synapse_installed")]

ROOT = Path(__file__).parents[2]
DEMO = (sys.executable, "-m", "laiwang_bridge", "demo")
SECONDS = 240


def _environment(folder: Path) -> Mapping[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo without --exit, ended by force at the end."""
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, env=_environment(folder), encoding="utf-8") as demo:
        try:
            yield demo
        finally:
            demo.kill()


async def _read_until(demo: subprocess.Popen[str], part: str) -> str:
    assert demo.stdout is not None
    told = ""
    async with asyncio.timeout(SECONDS):
        while part not in told:
            line = await asyncio.to_thread(demo.stdout.readline)
            assert line, told
            told += line
    return told


def _left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _all_gone(processes: list[psutil.Process]) -> None:
    await eventually(lambda: not any(map(psutil.Process.is_running, processes)), f"the end of {processes}")


async def test_every_step_is_seen_by_a_client_and_nothing_is_left_behind(folder: Path) -> None:
    ended = await asyncio.to_thread(
        subprocess.run,
        [*DEMO, "--exit"],
        capture_output=True,
        env=_environment(folder),
        encoding="utf-8",
        timeout=SECONDS,
    )
    told = ended.stdout
    assert ended.returncode == 0, told + ended.stderr
    assert ended.stderr == ""
    assert "✘" not in told
    assert "\x1b" not in told
    assert len(re.findall(r"✔ .* \d+ ms$", told, re.MULTILINE)) > 40
    for person in ("林", "Amy", "Bo", "Dan"):
        assert re.search(rf"✔ {person} finds all \d+ messages, cards, comings and goings, each once", told)
    assert "All of it was seen by a client" in told.splitlines()[-1]
    assert _left_in(folder) == []


async def test_it_stays_up_for_the_readers_own_client(folder: Path) -> None:
    with _running(folder) as demo:
        told = await _read_until(demo, "Ctrl-C")
        address, password = (
            re.search(rf"{name} +(\S+)$", told, re.MULTILINE)[1]  # type: ignore[index]
            for name in ("Homeserver", "Password")
        )
        processes = psutil.Process(demo.pid).children(recursive=True)
        async with Person(address, "you") as reader, Person(address, "lin") as lin:
            await reader.log_in(password)
            chat = await reader.create_direct_chat("@laiwang:localhost")
            await reader.say(chat, "help")
            await reader.wait_for_text("code", room=chat, sender="@laiwang:localhost")
            await lin.log_in(password)
            assert len(lin.rooms) == 3
        demo.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(demo.wait, SECONDS) == 0
        await _all_gone(processes)
    assert _left_in(folder) == []


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("sets up", signal.SIGINT),
        ("the bridge is gone", signal.SIGTERM),
    ],
)
async def test_at_any_moment_it_can_be_stopped_without_a_trace(
    folder: Path, moment: str, number: signal.Signals
) -> None:
    with _running(folder) as demo:
        await _read_until(demo, moment)
        processes = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(number)
        assert await asyncio.to_thread(demo.wait, SECONDS) == 128 + number
        await _all_gone(processes)
    assert _left_in(folder) == []


async def test_even_when_it_is_killed_no_process_stays(folder: Path) -> None:
    with _running(folder) as demo:
        await _read_until(demo, "become friends")
        processes = psutil.Process(demo.pid).children(recursive=True)
        assert len(processes) == 2
        demo.kill()
        await _all_gone(processes)


SABOTAGED = """
import sys
from laiwang_bridge.demo.story import run_demo

sys.exit(run_demo(stay=False, bridge_command=(sys.executable, sys.argv[1]), patience=15))
"""

NOBODY_IS_LET_IN = """
import sys
from laiwang_bridge.cli import main
from laiwang_bridge.clusters.doors import Doors

Doors._invite = lambda self, unit, named, user, person: None
sys.exit(main())
"""

ANSWERS_COME_TWICE = """
import sys
from appservice.bots import Context
from laiwang_bridge.cli import main

reply = Context.reply

def twice(self, *args, **kwargs):
    if "buttons" not in kwargs:
        reply(self, *args, **kwargs)
    return reply(self, *args, **kwargs)

Context.reply = twice
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("bridge", "expected", "last"),
    [
        (NOBODY_IS_LET_IN, "Amy's client is in the room of", "✘ Amy is invited and steps in"),
        (ANSWERS_COME_TWICE, "everything once", "✘ 林 finds all"),
    ],
)
async def test_a_bridge_that_fails_is_found_out(folder: Path, bridge: str, expected: str, last: str) -> None:
    script = folder / "bridge.py"
    script.write_text(bridge)
    temporary = folder / "tmp"
    temporary.mkdir()
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SABOTAGED, script],
        capture_output=True,
        env=_environment(temporary),
        encoding="utf-8",
        timeout=SECONDS,
    )
    told = ended.stdout
    assert ended.returncode == 1, told + ended.stderr
    _, failure, reason = told.partition(last)
    assert failure, told
    assert expected in reason
    assert "bridge.log" in reason
    assert "homeserver.log" in reason
    assert _left_in(temporary) == []
