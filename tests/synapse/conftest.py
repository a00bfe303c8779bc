"""One homeserver with one bridge, for all tests here that need no more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.bridges import Bridged, running_bridge
from tests.support.homeservers import SynapseFactory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bridged(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Bridged]:
    """Mind to give people names of your own: all tests share them."""
    async with running_bridge(session_synapse_factory, session_folder / "bridge") as bridged:
        yield bridged
