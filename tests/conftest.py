"""Real servers for every test that wants one. Where one cannot be had the test fails; nothing is skipped for it.

Of several workers (`-n`) each has servers of its own; what belongs to the session belongs to one worker.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from laiwang_bridge.demo.environment import synapse_python
from laiwang_bridge.demo.synapse import Synapse
from tests.support.folders import fast_folder, remove_leftovers
from tests.support.homeservers import FederatedPairFactory, People, SynapseFactory
from tests.support.postgres import Postgres

# How long examples take to make says more about the machine than about them. The same are tried every time, so that a
# change is judged by what it changed; `--hypothesis-profile=wandering` looks for others.
settings.register_profile("wandering", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("patient", settings.get_profile("wandering"), derandomize=True)
settings.load_profile("patient")


_FIRST = (
    "tests/synapse/test_demo.py",
    "tests/synapse/test_kill.py",
    "tests/synapse/",
    "tests/unit/test_docs.py",
    "tests/unit/test_deploy.py",
    "tests/unit/laiwang_bridge/database/test_migration.py",
    "tests/unit/laiwang_bridge/features/",
)
"""What begins so comes first, in this order: files that take long, then folders whose files do."""


def pytest_sessionstart() -> None:
    remove_leftovers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that of several workers none is left alone with it in the end."""
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in _FIRST])


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    """A worker cannot send half a character, which some of our tests have in their log on purpose."""
    return _in_whole_characters((yield))


def _in_whole_characters(value: object) -> object:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {key: _in_whole_characters(each) for key, each in value.items()}
        case list() | tuple():
            return type(value)(map(_in_whole_characters, value))
    return value


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory where possible."""
    with fast_folder() as path:
        yield path


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """Like `folder`, for the whole run."""
    with fast_folder() as path:
        yield path


@pytest.fixture(scope="session")
def synapse_installed(pytestconfig: pytest.Config) -> None:
    """Installs Synapse when it is not there yet, saying so on the terminal."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", flush=True)

    synapse_python(say)


@pytest.fixture
def synapse_factory(folder: Path, synapse_installed: None) -> Iterator[SynapseFactory]:
    """`await synapse_factory(registrations=[...])` gives a running Synapse, ended after the test."""
    factory = SynapseFactory(folder)
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def session_synapse_factory(session_folder: Path, synapse_installed: None) -> Iterator[SynapseFactory]:
    """The same for fixtures of a wider scope: what it makes is ended after the whole run."""
    factory = SynapseFactory(session_folder)
    yield factory
    factory.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_synapse(session_synapse_factory: SynapseFactory) -> Synapse:
    """One Synapse for all tests that need no registration and do not restart it; mind to use names of your own."""
    return await session_synapse_factory()


@pytest.fixture
def federated_pair(folder: Path, synapse_factory: SynapseFactory) -> FederatedPairFactory:
    """`pair = federated_pair()` prepares two federating Synapses; `await pair.start()` starts them."""
    return FederatedPairFactory(folder, synapse_factory)


@pytest.fixture
async def people() -> AsyncIterator[People]:
    """`await people(synapse, "lin")` gives a person, logged in with a client of their own."""
    everybody = People()
    yield everybody
    await everybody.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    with fast_folder() as path:
        server = Postgres(path)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def sqlite_url(folder: Path) -> str:
    """The URL of an SQLite database of this test's own."""
    return f"sqlite:///{folder / 'laiwang.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Runs the test twice: on SQLite and on PostgreSQL, each on an empty database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
