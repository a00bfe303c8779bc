"""A bridge started from the command line, as an admin does, beside a real homeserver."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laiwang_bridge.check import Level
from laiwang_bridge.demo import process
from laiwang_bridge.demo.synapse import Synapse
from tests.support.homeservers import SynapseFactory
from tests.support.set_ups import DOMAIN, SetUp, set_up

pytestmark = pytest.mark.synapse


@pytest.fixture
def bridge(folder: Path, synapse_factory: SynapseFactory) -> tuple[SetUp, Synapse]:
    """A bridge that is set up and registered with a homeserver that has not been started."""
    synapse = synapse_factory.prepare(DOMAIN)
    made = set_up(folder, "laiwang", synapse.client_url)
    synapse.registrations.append(made.registration_path)
    return made, synapse


@asynccontextmanager
async def running(made: SetUp) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`laiwang-bridge run`, ended for certain afterwards; its log is `bridge.log`."""
    with (made.folder / "bridge.log").open("wb") as log:
        started = process.spawn(
            [sys.executable, "-m", "laiwang_bridge", "run", "--config", made.config_path], output=log
        )
    try:
        yield started
    finally:
        process.kill(started)


def _run(made: SetUp) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "laiwang_bridge", "run", "-c", made.config_path]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def log_of(made: SetUp) -> str:
    return (made.folder / "bridge.log").read_text(encoding="utf-8")


async def until(
    made: SetUp, started: subprocess.Popen[bytes], code: str, level: Level, seconds: float = 90.0
) -> dict[str, str]:
    """Wait until the check finds this of the running bridge; gives all texts by their codes."""
    async with asyncio.timeout(seconds):
        while True:
            assert started.poll() is None, log_of(made)
            findings = {finding.code: finding for finding in await made.findings()}
            if code in findings and findings[code].level is level and "is not running" not in findings[code].text:
                return {code: finding.text for code, finding in findings.items()}
            await asyncio.sleep(0.1)


async def test_a_bridge_runs_until_it_is_told_to_stop(bridge: tuple[SetUp, Synapse]) -> None:
    made, synapse = bridge
    await synapse.start()
    async with running(made) as started:
        await until(made, started, "bridge", Level.OK)
        findings = await made.findings()
        assert {finding.level for finding in findings} == {Level.OK}, findings
        assert f"(process {started.pid}) uses the database" in next(
            finding.text for finding in findings if finding.code == "database.owner"
        )

        second = await asyncio.to_thread(_run, made)
        assert second.returncode == 1
        assert f"is in use by another bridge (process {started.pid})" in second.stderr
        assert "Traceback" not in second.stderr

        started.send_signal(signal.SIGTERM)
        assert await process.ended(started, 15)
        assert started.returncode == 0
    log = log_of(made)
    assert "Traceback" not in log
    for secret in (made.config.appservice.as_token, made.config.appservice.hs_token):
        assert secret not in log


async def test_it_does_not_matter_which_starts_first(bridge: tuple[SetUp, Synapse]) -> None:
    made, synapse = bridge
    async with running(made) as started:
        texts = await until(made, started, "bridge.not-ready", Level.WARN)
        assert "the homeserver" in texts["bridge.not-ready"]
        assert "homeserver.unreachable" in texts
        await synapse.start()
        await until(made, started, "bridge", Level.OK, seconds=45)
        started.send_signal(signal.SIGINT)
        assert await process.ended(started, 15)
        assert started.returncode == 0
