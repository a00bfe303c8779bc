"""The life of clusters on a real homeserver: locked rooms, a rush on the seats, the past, another room."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path as FilePath
from typing import Any

import orjson
import pytest
from mautrix.api import Path
from mautrix.types import ContentURI, RoomID, UserID
from sqlalchemy import Connection

from appservice.database import Database
from appservice.homeserver import Homeserver
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.config_file import load_config
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.people import store as people_store
from laiwang_bridge.people.rules import Exposure
from tests.support.bridges import KNOCK_ANSWER, Bridged, Chat, befriend, set_up_bridge, start_bridge
from tests.support.homeservers import People, SynapseFactory
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

SEATS, KNOCKS = 20, 30


async def begin(bridged: Bridged, people: People, name: str) -> Chat:
    return await Chat.begin(await people(bridged.synapse, name), bridged.bot)


async def open_cluster(bridged: Bridged, host: Chat, title: str, reach: str = "friends") -> str:
    await host.opens(f"{reach}: {title}", "see it")
    return await invited_into(host, title)


async def invited_into(chat: Chat, name: str) -> str:
    """The room of this name, once its invitation was followed."""

    def found() -> str | None:
        return next((one.room_id for one in chat.person.invitations.values() if _name(one.state) == name), None)

    room = await chat.person.wait_until(found, 60, f"an invitation into {name}")
    await chat.comes_into(room)
    return room


def _name(state: Sequence[Mapping[str, Any]]) -> str | None:
    return next((event["content"].get("name") for event in state if event["type"] == "m.room.name"), None)


@asynccontextmanager
async def as_bot(bridged: Bridged) -> AsyncIterator[Homeserver]:
    """What the bridge can do that its people cannot."""
    token = load_config(bridged.bridge.config).appservice.as_token
    client = Homeserver(bridged.synapse.client_url, bridged.synapse.server_name, token)
    try:
        yield client
    finally:
        await client.close()


async def command(bridged: Bridged, chat: Chat, room: str, line: str, answer: str) -> None:
    """Say a command in a room, and wait for its answer there."""
    since = chat.person.position
    await chat.person.say(room, line)
    await chat.person.wait_for_text(answer, 60, room=room, sender=bridged.bot, since=since)


async def test_a_cluster_is_sealed_ended_and_opened_again(bridged: Bridged, people: People) -> None:
    ann, bo, cat = [await begin(bridged, people, f"life-{name}") for name in ("ann", "bo", "cat")]
    await befriend(ann, bo)
    await befriend(ann, cat)
    room = await open_cluster(bridged, ann, "a walk")
    porch = await bridged.porch_of(room)
    await bo.person.knock(porch)
    await bo.comes_into(room)
    assert await bo.is_declined(porch) == KNOCK_ANSWER, "the same as for those who are not let in"

    await command(bridged, ann, room, "!zd seal", "is sealed")
    await cat.person.knock(porch)
    assert await cat.is_declined(porch) == KNOCK_ANSWER
    assert room not in cat.person.invitations
    await command(bridged, ann, room, "!zd unseal", "spreads again")

    await command(bridged, ann, room, "!zd ends 1s", "ends on")
    over = await bo.person.wait_for_text("Its time has come.", 60, room=room, sender=bridged.bot)
    with pytest.raises(Refused):
        await bo.person.say(room, "one more thing")
    await bo.person.react(room, over.event_id, "🔓")
    await bo.person.wait_for_text("is open again", 60, room=room, sender=bridged.bot)

    async def may_speak() -> bool:
        try:
            await bo.person.say(room, "so where were we?")
        except Refused:
            return False
        return True

    await eventually(may_speak, "bo speaking again", seconds=30)
    await cat.person.knock(porch)
    await cat.comes_into(room)

    pinned = await bo.person.say(room, "at the lake")
    await ann.person.wait_for_text("at the lake", room=room)
    await ann.person.reply(room, pinned, "!zd pin")
    await bo.person.wait_until(lambda: pinned in _pinned(bo, room) or None, 60, "it being pinned")
    assert len(_pinned(bo, room)) == 2


def _pinned(chat: Chat, room: str) -> list[str]:
    return list((chat.person.state(room, "m.room.pinned_events") or {}).get("pinned", []))


async def test_of_30_who_knock_at_once_exactly_20_come_in(bridged: Bridged, people: People) -> None:
    host = await begin(bridged, people, "rush-host")
    guests = [await bridged.synapse.register_user(f"rush-{number}", "secret") for number in range(KNOCKS)]
    bridged.bridge.kill()
    await _befriend_all(bridged, host, [guest.user_id for guest in guests])
    await start_bridge(bridged)
    room = await open_cluster(bridged, host, "fireworks")
    await command(bridged, host, room, f"!zd cap {SEATS}", f"up to {SEATS} people")
    porch = await bridged.porch_of(room)

    async with AsyncExitStack() as stack:
        clients = []
        for guest in guests:
            client = Homeserver(bridged.synapse.client_url, bridged.synapse.server_name, guest.access_token)
            stack.push_async_callback(client.close)
            clients.append(client)
        await asyncio.gather(*(client.call("POST", Path.v3.knock[porch]) for client in clients))
        async with as_bot(bridged) as bot:

            async def memberships(where: str) -> Counter[str]:
                answer = await bot.call("GET", Path.v3.rooms[RoomID(where)].members, user=UserID(bridged.bot))
                found = {event["state_key"]: event["content"]["membership"] for event in answer["chunk"]}
                return Counter(found[guest.user_id] for guest in guests if guest.user_id in found)

            async def all_answered() -> bool:
                return await memberships(porch) == {"leave": KNOCKS}

            async def all_invited() -> bool:
                return await memberships(room) == {"invite": SEATS - 1}

            await eventually(all_answered, "everybody being answered", seconds=60)
            # One seat is the host's.
            await eventually(all_invited, "as many being invited as there are seats", seconds=60)
            for client in clients[:3]:
                if (await _membership(client, room)) == "invite":
                    await client.call("POST", Path.v3.join[room])
            counted = await memberships(room)
            assert counted["invite"] + counted["join"] == SEATS - 1
    told = await host.hear(f"is full: {SEATS} people have a seat")
    assert told.text.count("fireworks") == 1


async def _membership(client: Homeserver, room: str) -> str:
    """As the user's own client sees it in what is shown to the invited."""
    answer = await client.call("GET", Path.v3.sync, query={"timeout": "0"})
    return "invite" if room in answer.get("rooms", {}).get("invite", {}) else "leave"


async def _befriend_all(bridged: Bridged, host: Chat, users: list[str]) -> None:
    """Friends of long ago, who are quiet in clusters."""
    now = int(time.time() * 1000) - 1000

    def work(connection: Connection) -> None:
        one = people_store.person_of(connection, UserID(host.person.user_id), now)
        people_store.set_exposure(connection, one, Exposure.LOUD)
        for user in users:
            other = people_store.person_of(connection, UserID(user), now)
            people_store.set_exposure(connection, other, Exposure.QUIET)
            people_store.befriend(connection, one, other, now)

    database = Database(load_config(bridged.bridge.config).database.url)
    try:
        await database.write(work)
    finally:
        await database.close()


async def test_what_a_member_saves_goes_as_far_back_as_he_may_see(bridged: Bridged, people: People) -> None:
    ann, bo = await begin(bridged, people, "past-ann"), await begin(bridged, people, "past-bo")
    await befriend(ann, bo)
    room = await open_cluster(bridged, ann, "old songs")
    async with as_bot(bridged) as bot:
        first = await ann.person.say(room, "<b>the first</b>")
        await ann.person.edit(room, first, "<i>the first</i>")
        visibility = Path.v3.rooms[RoomID(room)].state["m.room.history_visibility"]
        await bot.call("PUT", visibility, {"history_visibility": "joined"}, user=UserID(bridged.bot))
        await ann.person.say(room, "for those who are here")
        await bo.person.knock(await bridged.porch_of(room))
        await bo.comes_into(room)
        answered = await bo.person.say(room, "here I am")
        await ann.person.wait_for_text("here I am", room=room)
        gone = await ann.person.say(room, "never mind")
        await ann.person.redact(room, gone)
        await ann.person.react(room, answered, "🎉")
        last = await ann.person.reply(room, answered, "welcome")
        await ann.person.wait_for(lambda seen: seen.event_id == last, room=room)
        assert _texts(await _saved(bot, bo)) == ["old songs", "<i>the first</i>", "here I am", "welcome"]
        archive = await _saved(bot, ann)
        assert "for those who are here" in _texts(archive)
        assert "never mind" not in _texts(archive)
        [mine] = [message for message in archive["messages"] if message["text"] == "here I am"]
        [answer] = [message for message in archive["messages"] if message["text"] == "welcome"]
        assert mine["reactions"] == {"🎉": 1}
        assert answer["reply_to"] == answered
        assert (mine["name"], mine["sender"]) == ("past-bo", bo.person.user_id)
        html = (await _files(bot, ann))[".html"].decode()
        assert "&lt;i&gt;the first&lt;/i&gt;" in html
        assert "past-bo" in html


async def _saved(bot: Homeserver, chat: Chat) -> dict[str, Any]:
    await chat.say("archive", "I keep neither.")
    return dict(orjson.loads((await _files(bot, chat))[".json"]))


async def _files(bot: Homeserver, chat: Chat) -> dict[str, bytes]:
    sent = [seen.content for seen in chat.person.timeline(chat.room) if seen.content.get("msgtype") == "m.file"]
    return {
        str(file["body"])[-5:]: await bot.download(ContentURI(file["url"]), UserID(chat.bot), most_bytes=10_000_000)
        for file in sent
    }


def _texts(archive: dict[str, Any]) -> list[str]:
    said = [message["text"] for message in archive["messages"]]
    return [text for text in said if not text.startswith("!")]


@pytest.mark.parametrize(("old_version", "new_version"), [("11", "12"), ("12", "12")])
async def test_a_cluster_moves_into_a_new_room_with_everything(
    synapse_factory: SynapseFactory, folder: FilePath, people: People, old_version: str, new_version: str
) -> None:
    synapse = synapse_factory.prepare(default_room_version=old_version)
    bridged = await set_up_bridge(synapse, folder / "bridge")
    try:
        await synapse.start()
        await start_bridge(bridged)
        ann, bo, cat = [await begin(bridged, people, name) for name in ("ann", "bo", "cat")]
        await befriend(ann, bo)
        await befriend(ann, cat)
        old = await open_cluster(bridged, ann, "a walk")
        porch = await bridged.porch_of(old)
        await bo.person.knock(porch)
        await bo.comes_into(old)
        await command(bridged, ann, old, "!zd club Outdoors", "is opening")
        tea = await bo.person.say(old, "I bring tea")
        await ann.person.wait_for_text("I bring tea", room=old)
        await ann.person.reply(old, tea, "!zd pin")
        await command(bridged, ann, old, "!zd cap 9", "up to 9 people")
        await command(bridged, ann, old, f"!zd upgrade {new_version}", "Everybody here is invited")
        gone = await bo.person.wait_for(lambda seen: seen.kind == "m.room.tombstone", 60, room=old)
        new = str(gone.content["replacement_room"])
        for chat in (ann, bo):
            await chat.comes_into(new)
        await bo.person.wait_for_text(f"https://matrix.to/#/{old}/{tea}", 60, room=new)
        await bo.person.wait_until(lambda: _pinned(bo, new) or None, 60, "the seed being pinned")
        [seed] = [seen for seen in bo.person.timeline(new) if seen.event_id == _pinned(bo, new)[0]]
        assert seed.text == "a walk"
        assert (bo.person.state(new, CLUSTER_STATE) or {})["cap"] == 9
        space = await invited_into(ann, "Outdoors")
        await ann.person.wait_until(
            lambda: bool((ann.person.state(space, "m.space.child", new) or {}).get("via")) or None, 60, "the new room"
        )
        assert not (ann.person.state(space, "m.space.child", old) or {}).get("via")

        # In the new room all goes on as before: friends come in, and the host is host.
        assert await bridged.porch_of(new) == porch
        await cat.person.knock(porch)
        await cat.comes_into(new)
        await command(bridged, ann, new, "!zd lock", "can write here now")
        with pytest.raises(Refused):
            await bo.person.say(new, "psst")
    finally:
        bridged.close()
        await synapse.stop()
