"""A real Synapse upgrades a room, and the service is in the new one."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from mautrix.api import Path
from mautrix.types import RoomID, UserID

from appservice import registration_file
from appservice.database import Database
from appservice.events import Event
from appservice.homeserver import Homeserver
from appservice.listener import TcpAddress
from appservice.registration import generate
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.service import ApplicationService, Settings
from appservice.unit import Unit
from laiwang_bridge.demo.process import free_port
from tests.support.homeservers import People, SynapseFactory
from tests.support.road import note, notes, open_road
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

BOT = UserID("@laiwang:localhost")


@pytest.mark.parametrize(("old_version", "new_version"), [("11", "12"), ("12", "12")])
async def test_the_bot_moves_with_the_room(
    synapse_factory: SynapseFactory,
    people: People,
    folder: FilePath,
    sqlite_url: str,
    old_version: str,
    new_version: str,
) -> None:
    port = free_port()
    registration = generate(
        id="laiwang",
        url=f"http://127.0.0.1:{port}",
        domain="localhost",
        sender_localpart="laiwang",
        user_prefix="_laiwang_",
    )
    registration_file.write(registration, folder / "registration.yaml")
    synapse = await synapse_factory(registrations=[folder / "registration.yaml"])
    routes, rooms = Routes(), Rooms(registration.is_ours)
    rooms.add_to(routes)

    def invited(unit: Unit, event: Event) -> None:
        if event.state_key == BOT and event.membership == "invite":
            rooms.enter(unit, event.room_id, BOT, event.sender, is_direct=False)

    def moved(unit: Unit, old: RoomID, new: RoomID) -> None:
        note(unit, f"{old} {new}")

    routes.on_event("m.room.member", invited)
    rooms.on_replaced(moved)
    settings = Settings(
        registration=registration, address=synapse.client_url, domain="localhost", listen=TcpAddress("127.0.0.1", port)
    )
    async with open_road(sqlite_url) as database:
        async with await ApplicationService.open(settings, database, routes):
            lin = await people(synapse, "lin")
            old = await lin.create_room(public=True, invite=[BOT], room_version=old_version)
            await eventually(lambda: BOT in lin.members(old), seconds=20)
            client = Homeserver(synapse.client_url, "localhost", lin.access_token)
            path = Path.v3.rooms[RoomID(old)].upgrade
            new = (await client.call("POST", path, {"new_version": new_version}))["replacement_room"]
            await client.close()
            await eventually(lambda: BOT in lin.members(new), seconds=20)
            await eventually(lambda: _told(database), seconds=10)
        assert await notes(database) == [f"{old} {new}"]
        assert await database.read(lambda c: rooms.power_of(c, RoomID(new), UserID(lin.user_id))) >= 100


async def _told(database: Database) -> bool:
    return bool(await notes(database))
