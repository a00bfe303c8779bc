"""Porches: rooms beside those of clusters, at which people knock, and in which there is nothing to read."""

from __future__ import annotations

import pytest

from appservice.effects import CreateRoom, Effect, Kick
from appservice.outbox import Delivery
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import Lifecycle
from tests.unit.laiwang_bridge.features.homeserver import Room
from tests.unit.laiwang_bridge.features.living import in_room, make, state
from tests.unit.laiwang_bridge.features.story import ANSWER, CARD, HIKE
from tests.unit.laiwang_bridge.features.town import BOT, Person, Town, open_town


async def no_letter_is_dead(town: Town) -> bool:
    return not [row for row in await town.rows("outbox") if row["state"] == Delivery.DEAD]


def is_closed(porch: Room) -> bool:
    return porch.state[("m.room.join_rules", "")] == {"join_rule": "invite"} and porch.inside == set()


async def test_there_is_nothing_in_it_but_the_bot_and_what_the_cluster_is_called(
    town: Town, line: list[Person]
) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.say(bo.user, room, "pineapples")
    porch = town.porch(HIKE)
    creation = porch.creation
    assert creation is not None
    assert porch.members == {BOT: "join"}
    assert porch.state[("m.room.join_rules", "")] == {"join_rule": "knock"}
    assert porch.state[("m.room.history_visibility", "")] == {"history_visibility": "joined"}
    assert porch.state[("m.room.guest_access", "")] == {"guest_access": "forbidden"}
    assert creation.topic is None
    assert creation.power_levels["users"] == {BOT: 100}
    assert {creation.power_levels[name] for name in ("events_default", "state_default", "invite", "kick")} == {100}
    assert (CLUSTER_STATE, "") not in porch.state
    assert not [event for event in porch.said.values() if event["type"] == "m.room.message"]
    # Neither can be guessed from the other.
    made = town.rooms[room].creation
    assert made is not None
    assert len({creation.alias_localpart, made.alias_localpart}) == 2
    assert creation.alias_localpart.startswith("zd_")


@pytest.mark.parametrize("line_", ["open: ", "closed @bo:town: ", "family: "])
async def test_where_nobody_knocks_there_is_none(town: Town, line: list[Person], line_: str) -> None:
    ann, bo, _cat, _dan = line
    await ann.say(f"group family {bo.user}")
    room = await town.start(ann, f"{line_}surprise")
    assert await town.porch_of(room) is None
    assert [made.id for made in town.rooms.values() if made.creation and not made.creation.is_direct] == [room]


async def test_nobody_waits_for_it_to_be_made(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    made: list[Effect] = []

    def hold(effect: Effect) -> bool:
        if isinstance(effect, CreateRoom) and effect not in made:
            made.append(effect)
        return isinstance(effect, CreateRoom) and effect != made[0]

    town.held = hold
    room = await town.start(ann, HIKE)
    assert ann.user in town.rooms[room].inside
    await bo.tap(CARD, "👍")
    assert bo.user in town.rooms[room].inside
    assert await town.porch_of(room) is None
    assert "matrix.to" in await ann.say("share 1"), "its address is known from the beginning"
    town.held = lambda _effect: False
    await town.settle()
    assert await town.porch_of(room) == town.porch(HIKE).id


async def test_all_who_knock_are_told_the_same_let_in_or_not(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=0)) as town:
        ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
        await town.befriend(ann, bo, cat)
        room = await town.start(ann, HIKE)
        porch = town.porch(HIKE)
        for user in (bo.user, cat.user, dan.user, town.stranger("eve"), ann.user):
            await town.knock(room, user)
        kicks = [effect for _room, effect in town.homeserver.sent if isinstance(effect, Kick)]
        assert [(kick.room, kick.reason) for kick in kicks] == [(porch.id, ANSWER)] * 5
        assert set(porch.members.values()) == {"join", "leave"}
        assert bo.user in town.rooms[room].inside, "who may come in"
        assert await town.count("cluster_queue") == 1, "whose turn comes"
        assert town.rooms[room].inside == {BOT, ann.user, bo.user}


async def test_who_changes_his_mind_is_answered_all_the_same(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    room = await town.start(ann, HIKE)
    porch = town.porch(HIKE)
    town.held = lambda effect: isinstance(effect, Kick)
    await town.knock(room, dan.user)
    await town.member(porch.id, dan.user, "leave")
    before = await town.rows("cluster")
    assert await town.rows("cluster") == before
    assert dan.user not in town.rooms[room].members
    assert await town.count("cluster_queue") == await town.count("cluster_invitation") == 0


async def test_who_knocks_before_we_know_of_it_is_heard(town: Town, line: list[Person]) -> None:
    """The bridge may be killed between making it and writing that down."""
    ann, bo, _cat, dan = line
    town.held = lambda effect: isinstance(effect, CreateRoom) and effect.name == HIKE and not effect.invite
    room = await town.start(ann, HIKE)
    [row] = await town.rows("cluster")
    town.homeserver.make_room(CreateRoom(sender=BOT, alias_localpart=row["porch"], name=HIKE, initial_state=KNOCKABLE))
    await town.settle()
    porch = town.porch(HIKE)
    for user in (bo.user, dan.user):
        await town.member(porch.id, user, "knock")
    assert porch.members[bo.user] == "knock"
    town.held = lambda _effect: False
    await town.settle()
    assert porch.members[bo.user] == porch.members[dan.user] == "leave"
    assert town.rooms[room].inside == {BOT, ann.user, bo.user}


KNOCKABLE = ({"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}},)


async def test_what_a_host_calls_the_cluster_and_its_picture_are_shown_and_not_its_topic(
    town: Town, line: list[Person]
) -> None:
    ann, _bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    porch = town.porch(HIKE)
    await town.state(room, ann.user, "m.room.name", {"name": "Sunday hike"})
    await town.state(room, ann.user, "m.room.avatar", {"url": "mxc://town/boots"})
    await town.state(room, ann.user, "m.room.topic", {"topic": "we meet at Bo's"})
    assert porch.state[("m.room.name", "")] == {"name": "Sunday hike"}
    assert porch.state[("m.room.avatar", "")] == {"url": "mxc://town/boots"}
    assert ("m.room.topic", "") not in porch.state


async def test_it_stays_while_people_may_knock_again_and_is_left_when_all_is_over(
    town: Town, line: list[Person]
) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    porch = town.porch(HIKE)
    for lifecycle in (Lifecycle.SEALED, Lifecycle.LOCKED):
        await make(town, room, lifecycle)
        await town.knock(room, bo.user)
        assert bo.user not in town.rooms[room].members
    await make(town, room, Lifecycle.OPEN)
    await town.knock(room, bo.user)
    assert bo.user in town.rooms[room].inside
    await make(town, room, Lifecycle.ARCHIVED)
    assert is_closed(porch)
    assert await town.porch_of(room) is None
    assert await no_letter_is_dead(town)


async def test_it_closes_when_the_cluster_is_for_chosen_people(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    porch = town.porch(HIKE)
    await town.knock(room, bo.user)
    await in_room(town, ann.user, room, "!zd reach closed")
    assert is_closed(porch)
    assert await town.porch_of(room) is None
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert "there is no link to it" in await ann.say("share 1")
    assert await no_letter_is_dead(town)


async def test_one_that_was_open_gets_one_when_it_is_that_no_more(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, dan = line
    room = await town.start(ann, "open: hike for all")
    await town.member(room, dan.user, "join")
    await in_room(town, ann.user, room, "!zd reach friends")
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    porch = town.porch("hike for all")
    assert await town.porch_of(room) == porch.id
    assert str(porch.creation.alias_localpart) in await ann.say("share 1")  # type: ignore[union-attr]
    await town.knock(room, bo.user)
    assert bo.user in town.rooms[room].inside
    assert await no_letter_is_dead(town)


async def test_one_that_is_not_wanted_any_more_when_it_is_there_is_left_at_once(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    town.held = lambda effect: isinstance(effect, CreateRoom) and effect.name == HIKE and not effect.invite
    room = await town.start(ann, HIKE)
    await in_room(town, ann.user, room, "!zd reach closed")
    town.held = lambda _effect: False
    await town.settle()
    assert is_closed(town.porch(HIKE))
    assert await town.porch_of(room) is None


async def test_where_none_can_be_made_people_come_in_by_the_bot(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.refused = lambda effect: (
        "no" if isinstance(effect, CreateRoom) and effect.name == HIKE and not effect.invite else None
    )
    room = await town.start(ann, HIKE)
    assert await town.porch_of(room) is None
    assert "Come in" in await bo.say("join 1")
    town.homeserver.refused = lambda _effect: None
    await in_room(town, ann.user, room, "!zd reach friends")
    assert await town.porch_of(room) == town.porch(HIKE).id


async def test_it_stays_when_the_cluster_moves_into_another_room(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    old = await town.start(ann, HIKE)
    porch = town.porch(HIKE).id
    new = town.homeserver.room(ann.user, name="new")
    new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": old}}
    new.state[("m.room.power_levels", "")] = {"users": {BOT: 100}, "invite": 0}
    await town.state(old, BOT, "m.room.tombstone", {"replacement_room": new.id})
    assert await town.porch_of(new.id) == porch
    await town.knock(new.id, bo.user)
    assert bo.user in new.inside


async def test_it_stays_when_whoever_opened_the_cluster_is_forgotten(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await ann.say("forget")
    await ann.say("yes")
    await town.knock(room, cat.user)
    assert cat.user in town.rooms[room].inside


async def test_it_is_no_cluster_and_nobody_is_counted_there(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    room = await town.start(ann, HIKE)
    before = await town.count("stay"), await town.count("person")
    await town.knock(room, dan.user)
    await town.member(town.porch(HIKE).id, dan.user, "ban", by=BOT)
    assert (await town.count("stay"), await town.count("person")) == before
    assert await town.count("cluster_ban") == 0
    assert town.porch(HIKE).messages_of(BOT) == []
