"""A stage with a small lending library's bots on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from appservice.bots.testing import Stage
from appservice.database import Database, metadata
from tests.appservice.bots.library import BOTS
from tests.support.folders import fast_folder


@pytest.fixture
def place() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder / "bots.db"


@pytest_asyncio.fixture
async def database(place: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{place}")
    await database.write(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database, BOTS)
