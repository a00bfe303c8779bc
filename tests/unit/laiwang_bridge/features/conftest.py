"""A town for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Three, strangers
from tests.unit.laiwang_bridge.features.town import MINUTE, OPERATORS, Person, Town, open_town


@pytest_asyncio.fixture
async def town(sqlite_url: str) -> AsyncIterator[Town]:
    async with open_town(sqlite_url, operators=OPERATORS) as town:
        yield town


@pytest_asyncio.fixture
async def either_town(database_url: str) -> AsyncIterator[Town]:
    """Once on SQLite, once on PostgreSQL."""
    async with open_town(database_url, operators=OPERATORS) as town:
        yield town


@pytest_asyncio.fixture
async def line(town: Town) -> list[Person]:
    """Ann, Bo, Cat and Dan, each a friend of the next one and of nobody else."""
    people = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    for one, other in pairwise(people):
        await town.befriend(one, other)
    await town.wait(MINUTE)
    return people


@pytest_asyncio.fixture
async def people(town: Town) -> Three:
    """Ann, Bo and Cat, who have no chats with our bots."""
    return strangers(town, "ann", "bo", "cat")  # type: ignore[return-value]
