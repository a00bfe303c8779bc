"""People, clusters and the bot on a real homeserver: what only a homeserver can show to be right.

The story itself, from the code to the crash, is played by the demo (`test_demo`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.timeline import Seen
from tests.support.bridges import KNOCK_ANSWER, Bridged, Chat, befriend, running_bridge
from tests.support.homeservers import People, SynapseFactory
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bridged(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Bridged]:
    """One homeserver and one bridge for all tests here; mind to use names of your own."""
    async with running_bridge(session_synapse_factory, session_folder / "bridge-of-the-story") as bridged:
        yield bridged


async def begin(bridged: Bridged, people: People, name: str) -> Chat:
    return await Chat.begin(await people(bridged.synapse, name), bridged.bot)


async def test_a_cluster_grows_and_its_people_come_and_go(bridged: Bridged, people: People) -> None:
    ann, bo, cat = [await begin(bridged, people, name) for name in ("ann", "bo", "cat")]
    await befriend(ann, bo)
    await befriend(bo, cat)

    await ann.opens("weekend hike?", "1 friend of yours will see it.")
    card = await bo.finds("ann is talking about “weekend hike?”")
    await bo.tap(card, "👍")
    await bo.hear("Come in: you are invited into “weekend hike?”.")
    room = (await bo.person.wait_for_invitation(inviter=bridged.bot)).room_id
    await bo.comes_into(room)
    await ann.comes_into(room)

    # The room says nothing of friendships, and what is said in it is nobody's command though two are in it.
    await ann.person.say(room, "yes")
    await bo.person.say(room, "when?")
    theirs = await cat.finds("bo is talking about “weekend hike?”")
    spoken = [seen.text for seen in ann.person.timeline(room) if seen.sender == bridged.bot and seen.text]
    assert spoken == ["weekend hike?"]
    assert ann.person.state(room, "m.room.pinned_events") is not None

    # Quiet, and loud again.
    since = cat.person.position
    asked = await bo.person.say(room, "!zd quiet")
    await cat.hear("“weekend hike?” is not available any more.", since=since)
    await bo.person.wait_for(lambda seen: seen.reacts_to == asked, room=room)
    since = cat.person.position
    await bo.say("loud", "Your friends may see now")
    await cat.hear("bo is talking about “weekend hike?”", since=since)
    await cat.tap(theirs, "👍")
    await cat.comes_into(room)

    # The host bans, which counts for us; a stranger knocks in vain.
    since = cat.person.position
    await ann.person.set_state(room, "m.room.member", {"membership": "ban"}, cat.person.user_id)
    await cat.hear("“weekend hike?” is not available any more.", since=since)
    await cat.say("join 1", "This cluster is not available.")
    dan = await begin(bridged, people, "dan")
    porch = await bridged.porch_of(room)
    await dan.person.knock(porch)
    assert await dan.is_declined(porch) == KNOCK_ANSWER
    for locked in (room, porch):
        with pytest.raises(Refused):
            await dan.person.join(locked)
    with pytest.raises(Refused):
        await dan.person.knock(room)

    # Narrower afterwards: then nobody can knock any more.
    await ann.person.say(room, "!zd reach closed")
    await ann.person.wait_until(
        lambda: (ann.person.state(room, CLUSTER_STATE) or {})["reach"] == {"mode": "closed"} or None, 60, "closing"
    )
    assert ann.person.state(room, "m.room.join_rules") == {"join_rule": "invite"}

    async def is_closed() -> bool:
        try:
            await dan.person.knock(porch)
        except Refused:
            return True
        return False

    await eventually(is_closed, "the porch being closed", seconds=30)

    # Leaving from the chat.
    await bo.say("leave 1", "You have left “weekend hike?”.")
    await ann.person.wait_until(lambda: bo.person.user_id not in ann.person.members(room) or None, 60, "bo leaving")


async def test_a_reply_makes_a_message_the_seed_as_it_was_last_edited(bridged: Bridged, people: People) -> None:
    lin, amy = await begin(bridged, people, "lin"), await begin(bridged, people, "amy")
    await befriend(lin, amy)
    hall = await lin.person.create_room(name="Hall", invite=[amy.person.user_id, bridged.bot])
    await lin.person.wait_until(lambda: len(lin.person.members(hall)) == 3 or None, 60, "everybody coming")
    said = await amy.person.say(hall, "hotopt?")
    await amy.person.edit(hall, said, "hotpot?")
    await lin.person.wait_for_text("hotpot?", room=hall)
    asked = await lin.person.reply(hall, said, "!zd")

    preview = await lin.hear("1 friend of yours will see it.")  # in private: the hall sees no more than a nod
    assert "❓ hotpot?" in preview.text
    await lin.tap(preview, "✅")
    card = await amy.finds("lin is talking about “hotpot?”")
    await amy.tap(card, "👍")
    await lin.person.wait_for(lambda seen: seen.reacts_to == asked and seen.sender == bridged.bot, room=hall)
    assert [
        seen.text for seen in lin.person.timeline(hall) if seen.sender == bridged.bot and "of yours" in seen.text
    ] == []
    room = (await amy.person.wait_for_invitation(inviter=bridged.bot)).room_id
    seed = await amy.person.wait_for_text("hotpot?", room=room, sender=bridged.bot)
    await amy.person.wait_until(lambda: _pinned(amy, room) == [seed.event_id] or None, 60, "the seed being pinned")
    assert amy.person.state(room, "m.room.name") == {"name": "hotpot?"}


def _pinned(chat: Chat, room: str) -> list[str]:
    return list((chat.person.state(room, "m.room.pinned_events") or {}).get("pinned", []))


async def test_who_writes_encrypted_is_told_once_what_to_do(bridged: Bridged, people: People) -> None:
    eva = await people(bridged.synapse, "eva")
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    secret = await eva.create_room(direct=True, invite=[bridged.bot], initial_state=[encryption])
    await eva.wait_until(lambda: bridged.bot in eva.members(secret) or None, 60, "the bot coming")
    ciphertext = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgAEpABm6",
        "sender_key": "k",
        "device_id": "D",
        "session_id": "s",
    }
    for _message in range(3):
        await eva.send(secret, "m.room.encrypted", ciphertext)
    told = await eva.wait_for_text("I cannot read encrypted rooms.", room=secret)
    assert "我读不了加密" in told.text
    readable = (await eva.wait_for_invitation(inviter=bridged.bot)).room_id
    await eva.wait_until(lambda: readable in eva.rooms or None, 60, "coming into the readable chat")
    chat = Chat(eva, bridged.bot, readable)
    await chat.code()
    assert len([seen for seen in eva.timeline(secret) if "I cannot read" in seen.text]) == 1


async def test_what_is_kept_can_be_read_and_deleted(bridged: Bridged, people: People) -> None:
    fay, gus = await begin(bridged, people, "fay"), await begin(bridged, people, "gus")
    await befriend(fay, gus)
    await fay.opens("a walk", "1 friend of yours will see it.")
    await gus.finds("fay is talking about “a walk”")

    def is_file(seen: Seen) -> bool:
        return seen.content.get("msgtype") == "m.file"

    await fay.say("export", "This is all that is kept about you.")
    file = await fay.person.wait_for(is_file, room=fay.room)
    assert str(file.content["url"]).startswith("mxc://")

    question = await fay.say("forget", "Shall I?")
    since = gus.person.position
    await fay.tap(question, "👍")
    await fay.hear("I know nothing about you any more.")
    await gus.hear("“a walk” is not available any more.", since=since)
    await fay.person.wait_until(lambda: fay.person.rooms == {fay.room} or None, 60, "fay leaving the cluster")
    await gus.say("friends", "You have no friends here yet.")
    await fay.say("friends", "You have no friends here yet.")


async def test_the_host_may_invite_by_hand_whom_he_likes(bridged: Bridged, people: People) -> None:
    hal = await begin(bridged, people, "hal")
    ivy = await people(bridged.synapse, "ivy")
    await hal.opens("chess", "You have no friends here yet")
    room = (await hal.person.wait_for_invitation(inviter=bridged.bot)).room_id
    await hal.comes_into(room)
    await hal.person.invite(room, ivy.user_id)
    await ivy.wait_until(lambda: room in ivy.rooms or None, 60, "ivy coming")
    await hal.person.kick(room, ivy.user_id)
    await ivy.wait_until(lambda: room not in ivy.rooms or None, 60, "ivy going")
    await hal.say("leave", "You have left “chess”.")
    await hal.person.knock(await bridged.porch_of(room))
    await hal.comes_into(room)
