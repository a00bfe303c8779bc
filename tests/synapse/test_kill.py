"""`kill -9` at any instant, of the service or of the homeserver: nothing accepted is lost, nothing seen twice."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from laiwang_bridge.demo.process import free_port
from tests.support.counting_service import ProcessSettings
from tests.support.homeservers import SynapseFactory
from tests.support.killing import ServiceProcess, make_registration, stage

pytestmark = pytest.mark.synapse

SEED = int(os.environ.get("KILL_SEED", "20261122"))
"""Set KILL_SEED to see another run of chance; it stands in the name of every test that fails."""


async def kill_now_and_then(service: ServiceProcess, chance: Random, times: int, between: tuple[float, float]) -> None:
    """Let it live for a moment, from its very first instruction on, and kill it."""
    for _ in range(times):
        await asyncio.sleep(chance.uniform(*between))
        service.kill()
        service.start()


@pytest.mark.parametrize("seed", [SEED])
class TestTheServiceIsKilled:
    async def test_nobody_notices(
        self, synapse_factory: SynapseFactory, database_url: str, folder: Path, seed: int
    ) -> None:
        port = free_port()
        make_registration(folder / "registration.yaml", f"http://127.0.0.1:{port}")
        synapse = await synapse_factory(registrations=[folder / "registration.yaml"])
        settings = ProcessSettings(database_url, str(folder / "registration.yaml"), synapse.client_url, port)
        service = ServiceProcess(settings, folder)
        async with stage(synapse, database_url, service, seed=seed) as play:
            done = asyncio.Event()
            talking = asyncio.create_task(play.keep_talking(6, done))
            await kill_now_and_then(service, Random(seed), 11, (0.3, 2.0))
            done.set()
            await talking
            await play.settled(40)
            service.kill()
            print(await play.verify())
