"""A town for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.laiwang_bridge.features.town import OPERATORS, Town, open_town


@pytest_asyncio.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with open_town(database_url, operators=OPERATORS) as town:
        yield town
