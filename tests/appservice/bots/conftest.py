"""A stage with a small lending library's bots on it, on either database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from appservice.bots.testing import Stage
from appservice.database import Database, metadata
from tests.appservice.bots.library import BOTS, own
from tests.support.tables import make_tables


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    make_tables(database.engine, metadata, own)
    yield database
    await database.close()


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database, BOTS)
