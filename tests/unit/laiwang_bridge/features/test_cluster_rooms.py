"""The rooms of clusters, from the moment they are asked for to the moment they are replaced."""

from __future__ import annotations

from appservice.effects import CreateRoom, Effect
from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE
from tests.unit.laiwang_bridge.features.town import BOT, Person, Town


async def test_the_room_is_made_as_it_should_be(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    room = town.rooms[await town.start(ann, "  周末\u202e爬山?  \n and more")]
    creation = room.creation
    assert creation is not None
    assert creation.name == "周末爬山?"
    assert creation.alias_localpart.startswith("zd_")
    assert creation.topic is None
    assert town.cluster_room("周末爬山?") == room.id
    assert room.state[("m.room.join_rules", "")] == {"join_rule": "invite"}
    assert room.state[("m.room.history_visibility", "")] == {"history_visibility": "shared"}
    assert creation.power_levels["users"] == {BOT: 100, ann.user: 50}
    pinned = room.state[("m.room.pinned_events", "")]["pinned"]
    assert [room.said[event]["content"]["body"] for event in pinned] == ["周末爬山?\nand more"]


async def test_a_topic_that_cannot_be_read_opens_nothing(town: Town) -> None:
    ann = await town.arrive("ann")
    assert await ann.say("!zd \u200b \u200d") == "A cluster needs a topic that can be read."
    assert not [room for room in town.rooms.values() if room.creation]


async def test_who_comes_in_before_we_know_of_the_room_is_in(town: Town, line: list[Person]) -> None:
    """The bridge may be killed between making a room and writing that down, and its host be quick."""
    ann, bo, _cat, _dan = line
    held: list[Effect] = []

    def hold(effect: Effect) -> bool:
        if isinstance(effect, CreateRoom):
            held.append(effect)
        return isinstance(effect, CreateRoom)

    town.held = hold
    await ann.say(f"!zd {HIKE}")
    await ann.say("publish")
    made = held[0]
    assert isinstance(made, CreateRoom)
    town.homeserver.make_room(made)
    await town.settle()
    assert town.rooms[town.cluster_room(HIKE)].inside == {BOT, ann.user}
    town.held = lambda _effect: False
    await town.settle()
    assert bo.sees(CARD)


async def test_a_cluster_whose_initiator_never_comes_is_seen_by_nobody(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.homes.discard(ann.user)
    room = await town.start(ann, HIKE)
    assert not bo.sees(CARD)
    await town.member(room, ann.user, "leave")
    assert not bo.sees(CARD)
    await town.knock(room, bo.user)
    assert bo.user not in town.rooms[room].members


async def test_the_initiator_may_always_come_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await ann.say("leave")
    assert ann.user not in town.rooms[room].inside
    assert bo.sees(GONE)
    await town.knock(room, ann.user)
    assert ann.user in town.rooms[room].inside
    assert bo.sees(CARD)


async def test_a_room_that_cannot_be_made_is_told_to_whoever_wanted_it(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.refused = lambda effect: "no rooms today" if isinstance(effect, CreateRoom) else None
    await ann.say(f"!zd {HIKE}")
    await ann.say("publish")
    assert ann.sees("Sorry: something that you asked for could not be done.")
    assert not bo.sees(CARD)


async def test_a_replaced_room_takes_the_cluster_along(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    old = await town.start(ann, HIKE)
    new = town.homeserver.room(ann.user, name="new")
    new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": old}}
    new.state[("m.room.power_levels", "")] = {"users": {BOT: 100}, "invite": 0}
    await town.state(old, BOT, "m.room.tombstone", {"replacement_room": new.id})
    assert BOT in new.inside
    await bo.tap(CARD, "👍")
    assert new.inside == {BOT, ann.user, bo.user}
    assert cat.sees(CARD)
    town.news(new.id)
    await town.say(bo.user, new.id, "!zd quiet")
    assert not cat.sees(CARD)
