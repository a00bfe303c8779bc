"""Friends and a cluster across two homeservers, of which only one has the bridge; in both kinds of rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from laiwang_bridge.clusters.links import alias_in
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.synapse import Synapse
from tests.support.bridges import Bridged, Chat, befriend, set_up_bridge, start_bridge
from tests.support.homeservers import FederatedPairFactory, People

pytestmark = pytest.mark.synapse


# From version 12 on, the id of a room names no server, and its creator stands above all power levels.
@pytest_asyncio.fixture(params=["11", "12"])
async def servers(
    request: pytest.FixtureRequest, folder: Path, federated_pair: FederatedPairFactory
) -> AsyncIterator[tuple[Bridged, Synapse]]:
    """The homeserver with the bridge, and the other one."""
    pair = federated_pair(default_room_version=request.param)
    bridged = await set_up_bridge(pair.first, folder / "bridge")
    try:
        await pair.start()
        await start_bridge(bridged)
        yield bridged, pair.second
    finally:
        bridged.close()


async def test_friends_on_two_servers_share_a_cluster(servers: tuple[Bridged, Synapse], people: People) -> None:
    bridged, other = servers
    ann = await Chat.begin(await people(bridged.synapse, "ann"), bridged.bot)
    bo = await Chat.begin(await people(other, "bo"), bridged.bot)
    await befriend(ann, bo)

    # Bo is far away, sees it because Ann is there, taps, and is in.
    await ann.opens("weekend hike?", "1 friend of yours will see it.")
    room = (await ann.person.wait_for_invitation(inviter=bridged.bot)).room_id
    await ann.comes_into(room)
    card = await bo.finds("ann is talking about “weekend hike?”")
    await bo.tap(card, "👍")
    await bo.comes_into(room)
    await bo.person.wait_for_text("weekend hike?", room=room, sender=bridged.bot)
    await ann.person.say(room, "周六早上八点?")
    await bo.person.wait_for_text("周六早上八点?", room=room, sender=ann.person.user_id)
    await bo.person.say(room, "count me in")
    await ann.person.wait_for_text("count me in", room=room, sender=bo.person.user_id)
    assert bo.person.state(room, "m.room.create") is not None

    # A friend of Bo's, on Bo's server, sees it through him, and knocks instead of tapping. So does a stranger.
    cat = await Chat.begin(await people(other, "cat"), bridged.bot)
    await befriend(bo, cat)
    eve = await people(other, "eve")
    porch = await bridged.porch_of(room)
    await eve.knock(porch, via=[bridged.synapse.server_name])
    await bridged.answers_knock(porch, eve.user_id)
    with pytest.raises(Refused):
        await eve.knock(room, via=[bridged.synapse.server_name])

    # That friendship is younger than the cluster; with the next one Cat is there from the beginning.
    await bo.opens("soup", "2 friends of yours will see it.")
    second = await bo.person.wait_until(
        lambda: next((one for one in bo.person.invitations if one not in (room, bo.room)), None), 60, "an invitation"
    )
    await bo.comes_into(second)
    soup = await cat.finds("bo is talking about “soup”")
    since = cat.person.position
    await bo.say("quiet 2", "Your friends no longer see that you are in “soup”.")
    await cat.hear("“soup” is not available any more.", since=since)
    await bo.say("loud 2", "Your friends may see now that you are in “soup”.")
    link = (await bo.say("share 2", "matrix.to")).text
    alias = alias_in(link.split()[-1], bridged.synapse.server_name)
    await cat.person.knock(f"#{alias}:{bridged.synapse.server_name}", via=[bridged.synapse.server_name])
    await cat.comes_into(second)
    await cat.hear("You are in “soup”.", since=since)
    assert soup.sender == bridged.bot
    assert eve.user_id not in {*ann.person.members(room), *bo.person.members(second)}
    assert not eve.invitations

    # Out again, from afar.
    await bo.say("leave 1", "You have left “weekend hike?”.")
    await ann.person.wait_until(lambda: bo.person.user_id not in ann.person.members(room) or None, 60, "bo leaving")
    await bo.person.wait_until(lambda: room not in bo.person.rooms or None, 60, "having left")
