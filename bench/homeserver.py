"""A real Synapse and a bridge beside it, for the benchmarks that need one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appservice import instance, registration_file
from appservice.database import Database
from appservice.language import Catalogues
from appservice.registration import new_token
from laiwang_bridge.application import CATALOGUES, Application
from laiwang_bridge.config import AppService, Bots, Config, Homeserver
from laiwang_bridge.config import Database as DatabaseSection
from laiwang_bridge.database.migration import migrate
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.synapse import Synapse
from laiwang_bridge.from_config import open_database


@dataclass(frozen=True, slots=True)
class House:
    """A homeserver that knows the bridge of `config`."""

    synapse: Synapse
    config: Config

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[Application]:
        """The bridge in this process, connected."""
        migrate(self.config.database.url)
        database: Database = open_database(self.config)
        try:
            secret = await database.write(lambda connection: instance.secret(connection, "unit"))
            application = Application(self.config, database, secret, Catalogues(CATALOGUES))
            async with application.service:
                await application.service.connected()
                yield application
        finally:
            await database.close()


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Start a Synapse without rate limits in `folder`, with the bridge's registration loaded."""
    port = free_port()
    registration = folder / "registration.yaml"
    synapse = Synapse(folder / "synapse", registrations=[registration])
    config = Config(
        homeserver=Homeserver(address=synapse.client_url, domain="localhost"),
        appservice=AppService(
            address=f"http://127.0.0.1:{port}", listen_port=port, as_token=new_token(), hs_token=new_token()
        ),
        database=DatabaseSection(url=f"sqlite:///{folder / 'laiwang.db'}"),
        bots=Bots(commands_per_minute=1000),
    )
    registration_file.write(config.registration(), registration)
    await synapse.start()
    try:
        yield House(synapse, config)
    finally:
        await synapse.stop()
