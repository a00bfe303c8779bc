"""Clusters that are divided, put together into clubs, saved, pinned in, and moved into another room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID

from appservice.homeserver import Homeserver as RealHomeserver
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.database import tables
from tests.unit.laiwang_bridge.features.living import children, come, in_room, lifecycle, make, pinned, state
from tests.unit.laiwang_bridge.features.story import HIKE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, MINUTE, Person, Town, open_town

# -- a second one, and clubs ----------------------------------------------------------------------------------------


async def test_a_full_cluster_is_divided_and_those_who_wait_are_offered_the_second(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=1)) as town:
        ann, bo, cat, dan, eve = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve")]
        await town.befriend(ann, bo, cat, dan)
        await town.befriend(bo, eve)
        room = await town.start(ann, HIKE)
        await come(town, room, bo, cat)
        await dan.say("join")
        await eve.say("join")
        assert await town.count("cluster_queue") == 2
        await in_room(town, ann.user, room, "!zd cap 3")
        assert "cannot have fewer" not in ann.news()
        town.news(room)
        assert "“weekend hike? 2” is opening" in await ann.say("bud")
        sibling = town.cluster_room(f"{HIKE} 2")
        creation = town.porch(f"{HIKE} 2").creation
        assert creation is not None
        assert ann.user in town.rooms[sibling].inside
        description = state(town, sibling, CLUSTER_STATE)
        assert (description["reach"], description["cap"]) == (state(town, room, CLUSTER_STATE)["reach"], 3)
        pinned = state(town, sibling, "m.room.pinned_events")["pinned"]
        assert [town.rooms[sibling].said[event]["content"]["body"] for event in pinned] == [HIKE]
        said = town.news(room)
        assert "It goes on in “weekend hike? 2” too" in said
        assert f"https://matrix.to/#/%23{creation.alias_localpart}%3Atown" in said
        assert dan.sees(f"talking about “{HIKE} 2”")
        assert not eve.sees(f"talking about “{HIKE} 2”")  # a friend of ann's is not in it yet
        await come(town, sibling, dan)
        assert f"“{HIKE} 3” is opening" in await in_room(town, ann.user, sibling, "!zd bud")


async def test_the_notice_that_it_is_full_has_a_button_to_divide_it(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await in_room(town, ann.user, room, "!zd cap 2")
    await come(town, room, bo)
    assert "is opening" in await ann.tap("is full", "🌱")
    assert town.cluster_room(f"{HIKE} 2")


async def test_a_club_holds_several_clusters_which_do_not_end(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    hike, chess = await town.start(ann, HIKE), await town.start(ann, "chess")
    await come(town, hike, bo)
    await come(town, chess, bo)
    assert "The club Outdoors is opening" in await in_room(town, ann.user, hike, "!zd club Outdoors")
    space = town.cluster_room("Outdoors")
    creation = town.rooms[space].creation
    assert creation is not None
    assert creation.room_type == "m.space"
    assert state(town, space, "m.room.join_rules") == {"join_rule": "invite"}
    assert ann.user in town.rooms[space].inside
    assert "“chess” is in the club Outdoors" in await ann.say("club add 2")
    assert children(town, space) == {hike, chess}
    assert "in a club already" in await ann.say("club add 2 outdoors")
    assert "afterwards it only becomes smaller" in await in_room(town, ann.user, hike, "!zd reach friends")

    # Members get in by the bot; others do not.
    assert "You are invited into the club Outdoors." in await in_room(town, bo.user, hike, "!zd club")
    assert bo.user in town.rooms[space].inside
    assert "You are in it already." in await bo.say("club")
    assert "None of your clusters is in a club." in await cat.say("club")
    assert "Only a host" in await bo.say("club add 1") or "no such club" in await bo.say("club add 1")

    # Silence does not end them, but their host may take them out.
    await town.wait(30 * DAY)
    assert lifecycle(town, hike) == "open"
    assert "in no club any more" in await ann.say("club remove 2")
    assert children(town, space) == {hike}
    await town.wait(30 * DAY)
    assert lifecycle(town, hike) == "open"
    assert lifecycle(town, chess) != "open"
    assert "what is in one is kept" in await in_room(town, ann.user, hike, "!zd keep off")
    await make(town, hike, Lifecycle.ARCHIVED)
    assert children(town, space) == set()
    assert "俱乐部" in await ann.say("!扎堆 俱乐部 户外")


# -- saving ---------------------------------------------------------------------------------------------------------


class Library(RealHomeserver):
    """The rooms of a town, as its homeserver lets the bot read them, a few events a page; and what was uploaded."""

    def __init__(self, town: Town) -> None:
        super().__init__("http://localhost:1", "town", "token")
        self._town = town
        self.files: list[tuple[str, bytes]] = []

    async def state(self, room_id: RoomID, type: str, state_key: str, user: UserID) -> Mapping[str, Any]:
        return self._town.rooms[room_id].state.get((type, state_key), {})

    async def messages(
        self, room_id: RoomID, user: UserID, *, start: str | None, types: Sequence[str], limit: int
    ) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        room = self._town.rooms[room_id]
        events = [event | {"origin_server_ts": self._town.now} for event in reversed(room.said.values())]
        for event in events:
            replaced = room.replaced.get(event["event_id"])
            event |= {"unsigned": {"prev_content": replaced}} if replaced else {}
            event |= {"content": {}} if event["event_id"] in room.redacted else {}
        begin = int(start or 0)
        end = str(begin + 3) if begin + 3 < len(events) else None
        return [event for event in events[begin : begin + 3] if event["type"] in types], end

    async def upload(self, data: bytes, content_type: str, filename: str, user: UserID) -> str:
        self.files.append((filename, data))
        return f"mxc://town/saved{len(self.files)}"


async def test_a_member_saves_what_was_said_and_nobody_else_does(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    library = town.app.service.homeserver = Library(town)
    room = await town.start(ann, HIKE)
    await town.say(ann.user, room, "who brings tea?")
    await come(town, room, bo)
    said = await town.say(bo.user, room, "me <3")
    await town.react(ann.user, room, said, "👍")
    assert await in_room(town, bo.user, room, "!zd archive") == ""
    told = bo.news()
    assert f"“{HIKE}”, " in told
    assert "I keep neither." in told
    [data, html] = [data for _name, data in library.files]
    saved = orjson.loads(data)
    assert saved["title"] == HIKE
    messages = [(message["name"], message["text"]) for message in saved["messages"]]
    assert ("Ann", "who brings tea?") in messages
    assert saved["messages"][[text for _name, text in messages].index("me <3")]["reactions"] == {"👍": 1}
    assert "me &lt;3" in html.decode()
    files = [event["content"] for event in town.rooms[bo.chat].messages_of(BOT) if "url" in event["content"]]
    assert [file["url"] for file in files] == ["mxc://town/saved1", "mxc://town/saved2"]
    assert "who brings tea" not in repr([await town.rows(table) for table in tables.metadata.tables])

    assert "You are in no such cluster." in await cat.say("archive")
    await town.member(room, bo.user, "leave")
    assert "You are in no such cluster." in await bo.say("archive 1")
    assert "正在存" in await ann.say("归档")


async def test_what_is_over_is_saved_by_a_tap(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    library = town.app.service.homeserver = Library(town)
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    await town.wait(7 * DAY + MINUTE)
    await town.wait(7 * DAY + MINUTE)
    assert lifecycle(town, room) == "archived"
    [over] = [event for event, body in town.shown(room).items() if "This cluster is over" in body]
    bo.news()
    await town.react(bo.user, room, over, "💾")
    assert "I keep neither." in bo.news()
    assert len(library.files) == 2


# -- pinned, and into another room ----------------------------------------------------------------------------------


async def test_hosts_pin_what_matters_behind_what_it_began_with(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    [seed] = pinned(town, room)
    where, when = await town.say(bo.user, room, "at the lake"), await town.say(bo.user, room, "at nine")
    for target in (where, when):
        await town.say(ann.user, room, "!zd pin", reply_to=target)
    assert pinned(town, room) == [seed, where, when]
    await town.say(bo.user, room, "!zd unpin", reply_to=where)
    assert "Only a host" in town.news(room)
    await town.say(ann.user, room, "!zd unpin", reply_to=where)
    assert pinned(town, room) == [seed, when]
    await town.say(ann.user, room, "!zd unpin", reply_to=EventID(seed))
    assert "stays pinned" in town.news(room)
    assert "Reply to the message" in await in_room(town, ann.user, room, "!zd pin")
    # What a client pins counts as well, and the seed comes first again.
    await town.state(room, ann.user, "m.room.pinned_events", {"pinned": [where]})
    await town.say(ann.user, room, "!扎堆 置顶", reply_to=when)
    assert pinned(town, room) == [seed, where, when]


async def test_a_cluster_moves_with_all_that_it_is(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    tea = await town.say(bo.user, room, "I bring tea")
    await town.say(ann.user, room, "!zd pin", reply_to=tea)
    await in_room(town, ann.user, room, "!zd club Outdoors")
    await in_room(town, ann.user, room, "!zd cap 10")
    await in_room(town, ann.user, room, "!zd commerce off")
    await make(town, room, Lifecycle.LOCKED)

    new = town.homeserver.room(BOT, name="newer")
    new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": room}}
    new.state[("m.room.power_levels", "")] = {**state(town, room, "m.room.power_levels"), "events_default": 0}
    await town.state(room, BOT, "m.room.tombstone", {"replacement_room": new.id})

    assert new.inside == {BOT, ann.user, bo.user}
    assert state(town, new.id, "m.room.power_levels")["events_default"] == 50
    description = state(town, new.id, CLUSTER_STATE)
    assert (description["lifecycle"]["state"], description["cap"], description["commerce"]) == ("locked", 10, False)
    [seed] = pinned(town, new.id)
    assert new.said[EventID(seed)]["content"]["body"] == HIKE
    assert description["seed"]["event_id"] == seed
    assert f"https://matrix.to/#/{room}/{tea}" in town.news(new.id)
    assert children(town, town.cluster_room("Outdoors")) == {new.id}
    await make(town, new.id, Lifecycle.OPEN)
    await come(town, new.id, cat)
    assert "of 10 seats taken" in await ann.say("stats 1")


async def test_an_open_cluster_that_is_full_lets_nobody_in_unasked(town: Town) -> None:
    ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
    room = await town.start(ann, "open: fireworks")
    await in_room(town, ann.user, room, "!zd cap 2")
    assert state(town, room, "m.room.join_rules") == {"join_rule": "public"}
    await town.member(room, bo.user, "join")
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert "not available" in await cat.say(f"enter #{town.rooms[room].creation.alias_localpart}:town")  # type: ignore[union-attr]
    assert "is full" in ann.news()
    for _time in range(2):
        await town.member(room, bo.user, "leave")
        assert state(town, room, "m.room.join_rules") == {"join_rule": "public"}
        await town.member(room, bo.user, "join")
        assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert ann.news() == ""
