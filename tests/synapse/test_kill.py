"""`kill -9` at any instant, of the service or of the homeserver: nothing accepted is lost, nothing seen twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.synapse import Synapse
from tests.support.counting_service import ProcessSettings
from tests.support.faults import Answer, Delay, DropAfter, DropBefore, Repeat, Swap, TooManyRequests
from tests.support.homeservers import SynapseFactory
from tests.support.killing import Play, ServiceProcess, make_registration, stage
from tests.support.proxy import Proxy
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

SEED = int(os.environ.get("KILL_SEED", "20261122"))
"""Set KILL_SEED to see another run of chance; it stands in the name of every test."""

seeded = pytest.mark.parametrize("seed", [SEED])
Trouble = Callable[[Play], Awaitable[None]]


class Theatre:
    """Sets up a homeserver, a database and service processes, and plays while there is trouble."""

    def __init__(self, synapses: SynapseFactory, folder: Path, seed: int) -> None:
        self._synapses = synapses
        self._folder = folder
        self._registration = folder / "registration.yaml"
        self.chance = Random(seed)
        self._seed = seed

    async def homeserver(self, service_port: int) -> Synapse:
        """It reaches the service at this port."""
        make_registration(self._registration, f"http://127.0.0.1:{service_port}")
        return await self._synapses(registrations=[self._registration])

    def service(self, database_url: str, homeserver: str, port: int, name: str = "service") -> ServiceProcess:
        settings = ProcessSettings(database_url, str(self._registration), homeserver, port)
        return ServiceProcess(settings, self._folder, name)

    async def play(
        self, synapse: Synapse, database_url: str, service: ServiceProcess, trouble: Trouble, *, per_second: float = 5
    ) -> None:
        async with stage(synapse, database_url, service, seed=self._seed) as play:
            over = asyncio.Event()
            talking = asyncio.create_task(play.keep_talking(per_second, over))
            try:
                await trouble(play)
            finally:
                over.set()
                await talking
            await play.settled(40)
            await play.verify()

    async def kill(self, service: ServiceProcess, times: int, between: tuple[float, float]) -> None:
        """Let it live for a moment, from its very first instruction on, and kill it."""
        for _ in range(times):
            await asyncio.sleep(self.chance.uniform(*between))
            service.kill()
            service.start()


@pytest.fixture
def theatre(synapse_factory: SynapseFactory, folder: Path, seed: int) -> Theatre:
    return Theatre(synapse_factory, folder, seed)


@seeded
async def test_the_service_is_killed_again_and_again(theatre: Theatre, database_url: str, seed: int) -> None:
    port = free_port()
    synapse = await theatre.homeserver(port)
    service = theatre.service(database_url, synapse.client_url, port)

    async def trouble(play: Play) -> None:
        await theatre.kill(service, 8, (0.3, 1.6))

    try:
        await theatre.play(synapse, database_url, service, trouble)
    finally:
        service.kill()


@seeded
async def test_the_homeserver_is_killed_and_restarted(theatre: Theatre, sqlite_url: str, seed: int) -> None:
    port = free_port()
    synapse = await theatre.homeserver(port)
    service = theatre.service(sqlite_url, synapse.client_url, port)

    async def trouble(play: Play) -> None:
        for gently in (False, True, False):
            await asyncio.sleep(theatre.chance.uniform(0.5, 2))
            await synapse.stop() if gently else synapse.kill()
            await synapse.start()
        await asyncio.sleep(0.5)

    try:
        await theatre.play(synapse, sqlite_url, service, trouble, per_second=8)
    finally:
        service.kill()


@seeded
async def test_the_network_misbehaves_both_ways_while_the_service_is_killed(
    theatre: Theatre, sqlite_url: str, seed: int
) -> None:
    port = free_port()
    async with Proxy(f"http://127.0.0.1:{port}", seed=seed) as inwards:
        synapse = await theatre.homeserver(inwards.port)
        async with Proxy(synapse.client_url, seed=seed) as outwards:
            service = theatre.service(sqlite_url, outwards.url, port)

            async def trouble(play: Play) -> None:
                misbehave(inwards, "/transactions/", 0.6)
                misbehave(outwards, "/_matrix/client/v3/", 0.2)
                await theatre.kill(service, 2, (2.5, 3.5))
                for proxy in (inwards, outwards):  # on a slow machine less passes by
                    await eventually(lambda proxy=proxy: len(proxy.counts) > 4, "several kinds of trouble", seconds=30)
                inwards.heal()
                outwards.heal()

            try:
                await theatre.play(synapse, sqlite_url, service, trouble)
            finally:
                service.kill()


def misbehave(proxy: Proxy, path: str, share: float) -> None:
    """So many of the requests suffer: late, lost on the way there or back, repeated, overtaken, refused."""
    faults = (
        Delay(0.05, 0.4),
        DropBefore(),
        DropAfter(),
        Repeat(2),
        Repeat(3, at_once=True),
        Swap(0.3),
        Answer(502),
        TooManyRequests(100),
    )
    for fault in faults:
        # Synapse makes two of the same state when it is set twice at the very same moment; no client does that.
        suffering = f"^(?!.*/state/).*{path}" if isinstance(fault, Repeat) and fault.at_once else path
        proxy.add(fault, path=suffering, probability=share / len(faults))


@pytest.mark.postgres
@seeded
async def test_two_processes_share_the_work_and_both_are_killed(theatre: Theatre, postgres_url: str, seed: int) -> None:
    port = free_port()
    synapse = await theatre.homeserver(port)
    first = theatre.service(postgres_url, synapse.client_url, port, "first")
    second = theatre.service(postgres_url, synapse.client_url, free_port(), "second")

    async def trouble(play: Play) -> None:
        second.start()
        for service in (second, first, second, second):
            await theatre.kill(service, 1, (0.6, 2.0))

    try:
        await theatre.play(synapse, postgres_url, first, trouble)
    finally:
        first.kill()
        second.kill()


@pytest.mark.postgres
@seeded
async def test_a_process_that_stands_still_longer_than_its_lease_does_no_harm(
    theatre: Theatre, postgres_url: str, seed: int
) -> None:
    port = free_port()
    synapse = await theatre.homeserver(port)
    first = theatre.service(postgres_url, synapse.client_url, port, "first")
    second = theatre.service(postgres_url, synapse.client_url, free_port(), "second")

    async def trouble(play: Play) -> None:
        second.start()
        await asyncio.sleep(1.5)
        for _ in range(2):
            with second.stopped():
                await asyncio.sleep(2.5)
            await asyncio.sleep(1)

    try:
        await theatre.play(synapse, postgres_url, first, trouble)
    finally:
        first.kill()
        second.kill()
