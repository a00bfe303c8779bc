"""The time zone of a profile, on a real homeserver."""

from __future__ import annotations

import asyncio

import pytest
from mautrix.api import Path
from mautrix.types import UserID

from appservice.homeserver import Homeserver
from tests.support.bridges import Bridged, Chat, befriend
from tests.support.homeservers import People

pytestmark = pytest.mark.synapse


async def test_the_digest_goes_by_the_time_zone_that_somebody_has_published(bridged: Bridged, people: People) -> None:
    ann, bo, cat = [
        await Chat.begin(await people(bridged.synapse, f"zone-{name}"), bridged.bot) for name in ("ann", "bo", "cat")
    ]
    client = Homeserver(bridged.synapse.client_url, bridged.synapse.server_name, cat.person.access_token)
    try:
        field = Path.v3.profile[UserID(cat.person.user_id)]["m.tz"]
        await client.call("PUT", field, {"m.tz": "Asia/Shanghai"})
    finally:
        await client.close()
    await befriend(ann, bo)
    await befriend(bo, cat)
    await cat.say("timezone", "Your time zone is UTC")
    await ann.say(f"knock {cat.person.user_id}", "You have knocked")
    for _attempt in range(10):
        seen = await cat.say("timezone", "Your time zone is")
        if "Asia/Shanghai, where" in seen.text:
            return
        await asyncio.sleep(1)
    raise AssertionError("the profile was not read")
