"""Burn after reading on a real homeserver: its receipts, its redactions."""

from __future__ import annotations

import time

import pytest
from mautrix.api import Path
from mautrix.types import EventID, RoomID

from appservice.homeserver import Homeserver
from laiwang_bridge.demo.person import Person
from tests.support.bridges import Bridged
from tests.support.homeservers import People

pytestmark = pytest.mark.synapse


async def room_with_power(bridged: Bridged, one: Person, other: Person) -> str:
    """A room of two people in which the bot may remove messages."""
    room = await one.create_room(invite=[bridged.bot, other.user_id])
    everybody = {one.user_id, other.user_id, bridged.bot}
    await one.wait_until(lambda: everybody <= one.members(room) or None, 60, "everybody to come")
    levels = dict(one.state(room, "m.room.power_levels") or {})
    levels["users"] = {**levels.get("users", {}), bridged.bot: 50}
    await one.set_state(room, "m.room.power_levels", levels)
    return room


async def read(bridged: Bridged, reader: Person, room: str, event: str) -> None:
    client = Homeserver(bridged.synapse.client_url, bridged.synapse.server_name, reader.access_token)
    try:
        await client.call("POST", Path.v3.rooms[RoomID(room)].receipt["m.read"][EventID(event)])
    finally:
        await client.close()


async def test_a_message_is_gone_soon_after_it_was_read(bridged: Bridged, people: People) -> None:
    lin, may = await people(bridged.synapse, "burning-lin"), await people(bridged.synapse, "burning-may")
    room = await room_with_power(bridged, lin, may)
    secret = await lin.say(room, "!burn 1s the key is under the mat")
    await may.wait_for(lambda seen: seen.reacts_to == secret, room=room)
    since = may.position
    await read(bridged, may, room, secret)
    began = time.monotonic()
    await may.wait_for(lambda seen: seen.redacts == secret, room=room, since=since)
    assert time.monotonic() - began < 1 + 2 + 2, "one second to read, two to burn, two for a busy machine"


async def test_a_message_that_nobody_says_to_have_read_is_gone_at_its_latest(bridged: Bridged, people: People) -> None:
    lin, may = await people(bridged.synapse, "waiting-lin"), await people(bridged.synapse, "waiting-may")
    room = await room_with_power(bridged, lin, may)
    wish = {"after_read_s": 1, "max_s": 2}
    content = {"msgtype": "m.text", "body": "psst", "io.github.laiwang_bridge.burn": wish}
    secret = await lin.send(room, "m.room.message", content)
    await may.wait_for(lambda seen: seen.redacts == secret, room=room)
