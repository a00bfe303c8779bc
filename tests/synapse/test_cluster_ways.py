"""Spaces, the directory, links and passes on a real homeserver: what its own answers show, and to whom."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import zxingcpp
from PIL import Image

from laiwang_bridge.clusters.links import alias_in
from laiwang_bridge.demo.person import Person
from tests.support.bridges import KNOCK_ANSWER, Bridged, Chat, befriend
from tests.support.homeservers import People
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse


async def begin(bridged: Bridged, people: People, name: str) -> Chat:
    return await Chat.begin(await people(bridged.synapse, name), bridged.bot)


async def ask(
    bridged: Bridged, person: Person, method: str, path: str, body: dict[str, Any] | None = None, **query: str
) -> tuple[int, Any]:
    """What the homeserver answers a person's client."""
    headers = {"Authorization": f"Bearer {person.access_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(
            method, f"{bridged.synapse.client_url}/_matrix/client/{path}", json=body, params=query
        ) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def room_called(chat: Chat, name: str) -> str:
    """Wait until somebody, who accepts every invitation, is in a room of this name."""

    def found() -> str | None:
        rooms = (room for room in chat.person.rooms if chat.person.state(room, "m.room.name") == {"name": name})
        return next(rooms, None)

    return await chat.person.wait_until(found, 60, f"a room called {name!r}")


async def children(bridged: Bridged, person: Person, space: str) -> dict[str, dict[str, Any]]:
    """The rooms in a Space as the homeserver shows them to this person, by id."""
    status, answer = await ask(bridged, person, "GET", f"v1/rooms/{quote(space)}/hierarchy")
    assert status == 200
    return {room["room_id"]: room for room in answer["rooms"] if room["room_id"] != space}


async def listed(bridged: Bridged, person: Person, **filter: Any) -> list[str]:
    _status, answer = await ask(bridged, person, "POST", "v3/publicRooms", filter)
    return [room["room_id"] for room in answer["chunk"]]


async def test_a_space_shows_its_person_what_may_be_seen_and_nobody_else_anything(
    bridged: Bridged, people: People
) -> None:
    lin, amy, eve = [await begin(bridged, people, f"space-{name}") for name in ("lin", "amy", "eve")]
    await befriend(lin, amy)
    await lin.opens("a walk by the sea", "1 friend of yours will see it.")
    walk = await room_called(lin, "a walk by the sea")
    porch = await bridged.porch_of(walk)
    await amy.finds("talking about “a walk by the sea”")

    await amy.say("space on", "You are being invited into a Space of your own")
    space = await room_called(amy, "扎堆 Clusters")

    async def is_there() -> bool:
        return porch in await children(bridged, amy.person, space)

    await eventually(is_there, "the walk standing in the Space", seconds=30)
    shown = (await children(bridged, amy.person, space))[porch]
    assert (shown["name"], shown["join_rule"]) == ("a walk by the sea", "knock")
    _status, whole = await ask(bridged, amy.person, "GET", f"v1/rooms/{quote(space)}/hierarchy")
    root = next(room for room in whole["rooms"] if room["room_id"] == space)
    assert (root["room_type"], root["num_joined_members"], root["join_rule"]) == ("m.space", 2, "invite")
    [child] = root["children_state"]
    assert child["content"]["via"] == [bridged.synapse.server_name]
    assert child["content"]["suggested"] is True

    for path in (
        f"v1/rooms/{quote(space)}/hierarchy",
        f"v1/room_summary/{quote(space)}",
        f"v3/rooms/{quote(space)}/state",
        f"v3/rooms/{quote(space)}/members",
    ):
        status, answer = await ask(bridged, eve.person, "GET", path)
        assert status in (403, 404), (path, answer)
        assert "扎堆" not in str(answer)
    status, _answer = await ask(bridged, eve.person, "POST", f"v3/join/{quote(space)}", {})
    assert status == 403
    status, _answer = await ask(
        bridged, amy.person, "POST", f"v3/rooms/{quote(space)}/invite", {"user_id": eve.person.user_id}
    )
    assert status == 403

    since = amy.person.position
    await amy.person.leave(space)
    await amy.person.wait_until(lambda: space not in amy.person.rooms or None, 60, "leaving the Space")

    async def is_off() -> bool:
        await amy.person.say(amy.room, "space off")
        seen = await amy.person.wait_for_text("Space", 20, room=amy.room, sender=bridged.bot, since=since)
        return "You have no Space" in seen.text

    await eventually(is_off, "the Space being off", seconds=30)


async def test_switching_off_takes_the_space_away(bridged: Bridged, people: People) -> None:
    gus = await begin(bridged, people, "space-gus")
    await gus.say("空间 开", "只属于你的空间")
    space = await room_called(gus, "扎堆 Clusters")
    await gus.say("空间 关", "你的空间已经关掉")
    await gus.person.wait_until(lambda: space not in gus.person.rooms or None, 60, "the Space going")


async def test_open_clusters_stand_in_the_directory_and_limited_ones_nowhere(bridged: Bridged, people: People) -> None:
    mia, bo, eve = [await begin(bridged, people, f"listed-{name}") for name in ("mia", "bo", "eve")]
    await befriend(mia, bo)
    for chat in (mia, eve):  # and not in Chinese because a topic is
        await chat.say("language english", "From now on I write to you in English")
    rooms = {}
    for line, title in (
        ("open: 周末钓鱼 fishing for all", "周末钓鱼 fishing for all"),
        ("friends: fishing for friends", "fishing for friends"),
        (f"closed {bo.person.user_id}: fishing for bo", "fishing for bo"),
    ):
        since = mia.person.position
        await mia.person.say(mia.room, f"!zd {line}")
        await mia.hear(title, since=since)
        await mia.say("publish", "is opening.")
        rooms[title] = await room_called(mia, title)
    public, friends, closed = rooms.values()

    status, protocols = await ask(bridged, eve.person, "GET", "v3/thirdparty/protocols")
    assert status == 200
    [instance] = protocols["laiwang"]["instances"]

    async def is_listed() -> bool:
        return await listed(bridged, eve.person, third_party_instance_id=instance["instance_id"]) == [public]

    await eventually(is_listed, "the open cluster being listed", seconds=30)
    everywhere = await listed(bridged, eve.person, include_all_networks=True)
    assert public in everywhere
    assert not {friends, closed} & set(everywhere)
    assert public not in await listed(bridged, eve.person)

    for topic in ("钓鱼", "fishing"):
        _status, found = await ask(bridged, eve.person, "GET", "v3/thirdparty/location/laiwang", topic=topic)
        assert [each["fields"]["topic"] for each in found] == ["周末钓鱼 fishing for all"]
    _status, found = await ask(bridged, eve.person, "GET", "v3/thirdparty/location/laiwang", topic="for friends")
    assert all("friends" not in str(each) for each in found)
    await eve.say("search fishing", "“周末钓鱼 fishing for all” · `join 1`")
    assert not any("fishing for friends" in seen.text for seen in eve.person.timeline(eve.room))

    status, answer = await ask(bridged, eve.person, "GET", f"v1/room_summary/{quote(closed)}")
    assert status in (403, 404)
    assert "fishing" not in str(answer)

    await mia.person.say(public, "!zd reach friends")

    async def is_gone() -> bool:
        return public not in await listed(bridged, eve.person, include_all_networks=True)

    await eventually(is_gone, "it being taken out again", seconds=30)
    _status, found = await ask(bridged, eve.person, "GET", "v3/thirdparty/location/laiwang", topic="fishing")
    assert found == []


async def test_a_picture_leads_friends_in_and_a_pass_whomever_the_host_likes(bridged: Bridged, people: People) -> None:
    ann, bo, eve = [await begin(bridged, people, f"pass-{name}") for name in ("ann", "bo", "eve")]
    await befriend(ann, bo)
    await ann.opens("mushrooms", "1 friend of yours will see it.")
    room = await room_called(ann, "mushrooms")

    await ann.person.say(ann.room, "share")
    picture = await ann.person.wait_for(lambda seen: seen.content.get("msgtype") == "m.image", room=ann.room)
    server, _, media = str(picture.content["url"]).removeprefix("mxc://").partition("/")
    headers = {"Authorization": f"Bearer {ann.person.access_token}"}
    address = f"{bridged.synapse.client_url}/_matrix/client/v1/media/download/{server}/{media}"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(address) as answer:
        [read] = zxingcpp.read_barcodes(Image.open(io.BytesIO(await answer.read())).convert("L"))
    link = read.text
    alias = f"#{alias_in(link, bridged.synapse.server_name)}:{bridged.synapse.server_name}"

    await eve.say(link, "This cluster is not available.")
    assert await eve.person.knock(alias) == await bridged.porch_of(room)
    assert await eve.is_declined(await bridged.porch_of(room)) == KNOCK_ANSWER
    await bo.say(link, "Come in: you are invited into “mushrooms”.")
    assert await room_called(bo, "mushrooms") == room

    said = await ann.say("pass", "lets one person into “mushrooms”")
    await eve.say(said.text.split()[0], "Come in: you are invited into “mushrooms”.")
    assert await room_called(eve, "mushrooms") == room
