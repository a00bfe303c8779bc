"""A Space of one's own: what may be seen and where one is in, and nothing of it for anybody else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, select

from appservice.effects import CreateRoom, SetState
from appservice.outbox import Delivery
from laiwang_bridge.clusters import sight, stay_store, store
from laiwang_bridge.clusters.rules import ClusterId, deserves_card
from laiwang_bridge.clusters.space import SETTLE_MS, UPDATE_EVERY_MS
from laiwang_bridge.clusters.tables import cluster
from laiwang_bridge.people import store as people_store
from tests.unit.laiwang_bridge.features.story import CARD, HIKE
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, Person, Town


def space_of(town: Town, person: Person) -> RoomID:
    made = [room for room in town.rooms.values() if room.creation and room.creation.room_type == "m.space"]
    return next(room.id for room in reversed(made) if person.user in room.members)


def children(town: Town, space: RoomID) -> dict[str, Mapping[str, Any]]:
    """What stands in a Space, in the order in which clients show it."""
    state = town.rooms[space].state
    found = {key: content for (type, key), content in state.items() if type == "m.space.child" and content}
    return dict(sorted(found.items(), key=lambda each: str(each[1]["order"])))


def names(town: Town, space: RoomID) -> list[str | None]:
    return [town.rooms[RoomID(room)].creation.name for room in children(town, space)]  # type: ignore[union-attr]


def written(town: Town, space: RoomID) -> int:
    """How many state events of rooms in it a Space has."""
    return len([e for r, e in town.homeserver.sent if r == space and isinstance(e, SetState)])


async def test_it_shows_what_may_be_seen_and_where_its_person_is_in(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    hike = await town.start(ann, HIKE)
    soup = await town.start(bo, "soup")
    porch = town.porch(HIKE).id
    assert "You are being invited into a Space of your own" in await bo.say("space on")
    space = space_of(town, bo)
    room = town.rooms[space]
    assert room.members == {BOT: "join", bo.user: "join"}
    assert children(town, space) == {
        porch: {"via": ["town"], "order": children(town, space)[porch]["order"], "suggested": True},
        soup: {"via": ["town"], "order": children(town, space)[soup]["order"], "suggested": False},
    }
    assert list(children(town, space)) == [porch, soup]
    await bo.say("join 1")
    await town.wait(UPDATE_EVERY_MS)
    assert set(children(town, space)) == {hike, soup}
    assert room.state["m.room.join_rules", ""] == {"join_rule": "invite"}
    assert room.creation is not None
    assert room.creation.power_levels["users"] == {BOT: 100}
    assert (room.creation.power_levels["invite"], room.creation.power_levels["events_default"]) == (100, 100)
    assert await bo.say("space on") == "You have your Space. `space off` takes it away."


async def test_what_is_not_visible_any_more_goes(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    hike = await town.start(ann, HIKE)
    porch = town.porch(HIKE).id
    await bo.say("space on")
    space = space_of(town, bo)
    assert list(children(town, space)) == [porch]
    await ann.say("quiet")
    assert list(children(town, space)) == [porch]
    await town.wait(UPDATE_EVERY_MS)
    assert children(town, space) == {}
    assert town.rooms[space].state["m.space.child", porch] == {}
    await ann.say("loud")
    await town.wait(UPDATE_EVERY_MS)
    assert children(town, space)[porch]["suggested"]
    await bo.say("join 1")
    await town.wait(UPDATE_EVERY_MS)
    assert not children(town, space)[hike]["suggested"]
    await ann.say(f"block {bo.user}")
    await bo.say("leave")
    await town.wait(UPDATE_EVERY_MS)
    assert children(town, space) == {}


async def test_a_cluster_whose_porch_is_still_being_made_comes_later(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await bo.say("space on")
    space = space_of(town, bo)
    town.held = lambda effect: isinstance(effect, CreateRoom) and effect.name == HIKE and not effect.invite
    await town.start(ann, HIKE)
    await town.wait(UPDATE_EVERY_MS)
    assert children(town, space) == {}
    town.held = lambda _effect: False
    await town.settle()
    await town.wait(UPDATE_EVERY_MS)
    assert list(children(town, space)) == [town.porch(HIKE).id]


async def test_a_burst_of_changes_is_one_update(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await bo.say("space on")
    space = space_of(town, bo)
    await town.wait(UPDATE_EVERY_MS)
    topics = [f"topic {number}" for number in range(3)]
    for topic in topics:
        await town.start(ann, topic)
    rooms = [town.porch(topic).id for topic in topics]
    for _again in range(3):
        await ann.say("quiet")
        await ann.say("loud")
    await town.wait(SETTLE_MS)
    shown = written(town, space)
    assert 0 < shown <= len(rooms)
    await town.wait(UPDATE_EVERY_MS)
    assert set(children(town, space)) == set(rooms)
    assert written(town, space) <= 2 * len(rooms)
    before = written(town, space)
    await ann.say("quiet")
    await ann.say("loud")
    await town.wait(UPDATE_EVERY_MS)
    assert written(town, space) == before  # nothing is other than it was


async def test_who_has_no_space_costs_nothing(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await town.wait(UPDATE_EVERY_MS)
    assert not any(name.startswith("space:") for name in town.handled)
    assert await town.count("cluster_space") == 0


async def test_what_is_sealed_full_or_over_goes_also_for_those_who_were_never_told(
    town: Town, line: list[Person]
) -> None:
    ann, bo, _cat, _dan = line
    await bo.say("digest off")
    await bo.say("space on")
    space = space_of(town, bo)
    await town.wait(UPDATE_EVERY_MS)
    await town.start(ann, HIKE)
    await town.wait(UPDATE_EVERY_MS)
    assert list(children(town, space)) == [town.porch(HIKE).id]
    assert not bo.sees(CARD)
    await ann.say("!zd seal")
    await town.wait(UPDATE_EVERY_MS)
    assert children(town, space) == {}


async def test_off_takes_everything_away_and_on_makes_a_new_one(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    porch = town.porch(HIKE).id
    assert "You have no Space." in await bo.say("space off")
    await bo.say("space on")
    space = space_of(town, bo)
    assert await bo.say("space off") == "Your Space is gone."
    room = town.rooms[space]
    assert room.inside == set()
    assert room.state["m.space.child", porch] == {}
    assert await town.count("cluster_space") == await town.count("cluster_space_child") == 0
    await bo.say("space on")
    assert space_of(town, bo) != space
    assert list(children(town, space_of(town, bo))) == [porch]


async def test_leaving_it_switches_it_off(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.say("space on")
    space = space_of(town, bo)
    await town.member(space, bo.user, "leave")
    assert await town.count("cluster_space") == 0
    assert town.rooms[space].inside == set()
    assert not [row for row in await town.rows("outbox") if row["state"] == Delivery.DEAD]
    await ann.say("quiet")
    await town.wait(UPDATE_EVERY_MS)
    assert "You have no Space." in await bo.say("space off")


async def test_switched_off_while_it_is_being_made_it_is_left_at_once(town: Town, line: list[Person]) -> None:
    _ann, bo, _cat, _dan = line
    town.held = lambda effect: isinstance(effect, CreateRoom)
    await bo.say("space on")
    await bo.say("space off")
    town.held = lambda _effect: False
    await town.wait(MINUTE)
    made = [room for room in town.rooms.values() if room.creation and room.creation.room_type == "m.space"]
    assert [room.inside for room in made] == [set()]
    assert await town.count("cluster_space") == 0


async def test_where_none_can_be_made_there_is_none_and_its_person_is_told(town: Town, line: list[Person]) -> None:
    _ann, bo, _cat, _dan = line
    town.homeserver.refused = lambda effect: "no" if isinstance(effect, CreateRoom) else None
    await bo.say("space on")
    assert await town.count("cluster_space") == 0
    town.homeserver.refused = lambda _effect: None
    assert "You are being invited" in await bo.say("space on")
    assert space_of(town, bo)


async def test_there_is_an_end_to_it_and_neither_kind_crowds_out_the_other(
    town: Town, line: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laiwang_bridge.clusters.space.MOST_CHILDREN", 6)
    ann, bo, _cat, _dan = line
    for number in range(5):
        await town.start(ann, f"seen {number}")
        await town.start(bo, f"mine {number}")
    await bo.say("space on")
    shown = [str(name) for name in names(town, space_of(town, bo))]
    assert [name.split()[0] for name in shown] == ["seen"] * 3 + ["mine"] * 3
    assert shown[3:] == ["mine 4", "mine 3", "mine 2"]


async def test_whoever_is_forgotten_leaves_no_space(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.say("space on")
    space = space_of(town, bo)
    await bo.say("forget")
    await bo.say("yes")
    assert town.rooms[space].inside == set()
    assert children(town, space) == {}
    assert await town.count("cluster_space") == await town.count("cluster_space_child") == 0


async def test_a_cluster_in_a_new_room_stands_there_anew(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    old = await town.start(ann, HIKE)
    porch = town.porch(HIKE).id
    await bo.say("space on")
    await ann.say("space on")
    new = town.homeserver.room(ann.user, BOT)
    new.state["m.room.create", ""] = {"room_version": "12", "predecessor": {"room_id": old}}
    new.state["m.room.power_levels", ""] = {"users": {ann.user: 100}}
    await town.state(old, ann.user, "m.room.tombstone", {"replacement_room": new.id})
    await town.wait(UPDATE_EVERY_MS)
    assert list(children(town, space_of(town, ann))) == [new.id]
    assert list(children(town, space_of(town, bo))) == [porch]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_people_do_every_space_holds_what_its_person_may_see(either_town: Town, seed: int) -> None:
    town, chance = either_town, random.Random(seed)
    town.twice = seed % 2 == 1
    people = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve")]
    for one, other in (*pairwise(people), (people[0], people[2])):
        await town.befriend(one, other)
    for person in people:
        await person.say("space on")
    titles = ["soup", "chain: hike", "open: fishing", "friends: chess", "closed @bo:town: surprise"]
    for step in range(40):
        one, other, number = chance.choice(people), chance.choice(people), chance.randint(1, 4)
        did = [
            f"join {number}", f"quiet {number}", f"loud {number}", f"leave {number}", f"hide {number}", "join",
            "list", "search fishing", f"mute {other.user}", f"unmute {other.user}", f"unfriend {other.user}",
            f"block {other.user}", f"!zd seal {number}", f"!zd unseal {number}", f"share {number}",
        ]  # fmt: skip
        if titles and step % 5 == 0:
            await town.start(chance.choice(people), titles.pop())
        await one.say(chance.choice(did))
        await town.wait(chance.choice((0, MINUTE)))
    await town.wait(UPDATE_EVERY_MS)
    for person in people:
        wanted = await town.database.read(partial(may_see, user=person.user, now=town.now))
        assert set(children(town, space_of(town, person))) == wanted
    assert not [row for row in await town.rows("outbox") if row["state"] == Delivery.DEAD]


def may_see(connection: Connection, user: UserID, now: int) -> set[str | None]:
    """The rooms of all clusters that somebody may be shown, or is in, one by one."""
    person = people_store.find_person(connection, user)
    assert person is not None
    every = (store.find(connection, ClusterId(id)) for id in connection.execute(select(cluster.c.id)).scalars())
    inside = {stay.cluster for stay in stay_store.stays_of(connection, person)}
    return {
        named.room_id if named.id in inside or named.porch is None else named.porch_room
        for named in every
        if named is not None
        and (named.id in inside or deserves_card(named.rules, sight.view(connection, named.rules, person)))
    }


async def test_what_is_kept_of_it_can_be_read(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    porch = town.porch(HIKE).id
    await bo.say("space on")
    await ann.say("pass")

    def exported(connection: Connection) -> list[Any]:
        ids = [people_store.find_person(connection, one.user) for one in (bo, ann)]
        return [town.app.ties.exports[name](connection, id) for name, id in zip(("space", "passes"), ids, strict=True)]

    space, [given] = await town.database.read(exported)
    assert (space["account"], space["room"], space["rooms"]) == (bo.user, space_of(town, bo), [porch])
    assert (given["title"], given["given"], given["state"]) == (HIKE, True, "open")
