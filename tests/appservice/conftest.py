"""A homeserver for everything that sends: it knows our service and tells it nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from mautrix.types import RoomID

from appservice.database import Database
from appservice.registration import Registration
from laiwang_bridge.demo.synapse import Synapse
from tests.support.homeservers import SynapseFactory
from tests.support.post import Eyes, Post, open_post, silent_registration
from tests.support.proxy import Proxy
from tests.support.road import open_road


@dataclass(frozen=True)
class Listener:
    """A Synapse, and the registration of a service that it listens to."""

    synapse: Synapse
    registration: Registration

    @property
    def address(self) -> str:
        return self.synapse.client_url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def listener(session_synapse_factory: SynapseFactory, session_folder: Path) -> Listener:
    """One for all tests that do not restart it; every test uses rooms and ghosts of its own."""
    registration, path = silent_registration(session_folder)
    return Listener(await session_synapse_factory(registrations=[path]), registration)


@pytest.fixture
async def eyes(listener: Listener) -> AsyncIterator[Eyes]:
    watching = Eyes(listener.address, listener.registration.as_token)
    yield watching
    await watching.homeserver.close()


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    """With all tables; an SQLite one, where a test does not say otherwise."""
    async with open_road(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def proxy(listener: Listener) -> AsyncIterator[Proxy]:
    """Faithful until it is told otherwise."""
    async with Proxy(listener.address, seed=11) as standing:
        yield standing


@pytest.fixture
async def post(database: Database, listener: Listener, proxy: Proxy) -> AsyncIterator[Post]:
    """Delivers through the proxy."""
    async with open_post(database, listener.registration, proxy.url) as opened:
        yield opened


@pytest.fixture
async def room(eyes: Eyes) -> RoomID:
    """A new room of the bot's."""
    return await eyes.create_room()
