"""Servers of the outside world, on loopback, and a client that may ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from laiwang_bridge.outside.addresses import policy
from laiwang_bridge.outside.client import Outside
from tests.support.web_servers import Servers


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    made = Servers()
    yield made
    await made.stop()


@pytest.fixture
async def client() -> AsyncIterator[Outside]:
    """Loopback is allowed as 127.0.0.1, and not as any other name."""
    async with Outside(policy(["127.0.0.1"], http=True)) as outside:
        yield outside
