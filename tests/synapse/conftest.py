"""One homeserver with one bridge, for all tests here that need no more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.bridges import Bridged, set_up_bridge, start_bridge
from tests.support.homeservers import SynapseFactory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bridged(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Bridged]:
    """Mind to give people names of your own: all tests share them."""
    synapse = session_synapse_factory.prepare()
    bridged = await set_up_bridge(synapse, session_folder / "bridge")
    try:
        await synapse.start()
        await start_bridge(bridged)
        yield bridged
    finally:
        bridged.close()
        await synapse.stop()
