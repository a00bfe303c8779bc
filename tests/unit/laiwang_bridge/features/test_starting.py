"""How a cluster begins: nothing is made before its initiator has seen who will see it, and said yes."""

from __future__ import annotations

from typing import Any

import pytest
from mautrix.types import RoomID

from appservice.effects import CreateRoom
from laiwang_bridge.clusters.reach import Reach, parse_reach
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.config import Clusters
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people
from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE, NOT_AVAILABLE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, Person, Town, open_town

SURE = "Nothing is open yet; this waits for your ✅ for a day."
OVER = "“weekend hike?” was not opened."
OPENING = "“weekend hike?” is opening. You are being invited."
NOTHING = "Nothing waits to be opened. Begin with a topic:\n!zd weekend hike?"
PICTURE = {"msgtype": "m.image", "body": "IMG_2034.jpg", "url": "mxc://town/1"}


async def listed(town: Town, owner: Person, name: str, *friends: Person) -> None:
    """A list of somebody's friends."""

    def work(connection: Any) -> None:
        me = people.person_of(connection, owner.user, town.now)
        made = list_store.put_list(connection, me, name)
        list_store.add(connection, made, [people.person_of(connection, one.user, town.now) for one in friends])

    await town.database.write(work)


async def unlisted(town: Town, owner: Person, name: str) -> None:
    def work(connection: Any) -> None:
        found = list_store.list_named(connection, people.person_of(connection, owner.user, town.now), name)
        assert found is not None
        list_store.delete_list(connection, found.id)

    await town.database.write(work)


def rooms_made(town: Town) -> list[RoomID]:
    return [room.id for room in town.rooms_made() if room.creation and not room.creation.is_direct]


@pytest.fixture
async def five(town: Town) -> list[Person]:
    """Ann and her friends Bo, Cat and Dan; Dan's friend Eve."""
    ann, bo, cat, dan, eve = five = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve")]
    await town.befriend(ann, bo, cat, dan)
    await town.befriend(dan, eve)
    return five


# -- the card ---------------------------------------------------------------------------------------------------------


async def test_first_comes_a_look_at_who_will_see_it(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    assert await ann.say(f"!zd {HIKE}") == (
        "❓ weekend hike?\n3 friends of yours will see it.\nThrough them up to about 5 people may see the title.\n"
        f"{SURE}\n\n✅ open it · publish\n❌ leave it · drop\n👥 friends only · reach friends\n"
        "♾️ as far as it goes · reach chain\n🌍 everybody · reach open"
    )
    assert ann.buttons(SURE) == {"✅", "❌", "👥", "♾️", "🌍"}
    assert rooms_made(town) == []
    assert await town.count("cluster") == 0
    assert await ann.tap(SURE, "✅") == f"* {OPENING}"
    assert len(rooms_made(town)) == 1
    assert ann.buttons(OPENING) == set()


async def test_in_chinese_everything_is_typed_in_chinese(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    preview = await ann.say("！扎堆 周末爬山？")
    assert "✅ 开 · 发布\n" in preview
    assert "👥 只给好友 · 范围 好友\n" in preview
    await ann.say("范围 好友")
    await ann.say("发布")
    assert town.cluster_room("周末爬山？")


async def test_the_reach_can_be_switched_until_then_and_the_card_says_so(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    assert "It goes no further." in await ann.tap(SURE, "👥")
    assert ann.buttons(SURE) == {"✅", "❌", "🔗", "♾️", "🌍"}
    await ann.say("reach chain")
    assert "it may go on without end" in ann.reads(SURE)
    await ann.tap(SURE, "🌍")
    assert "Everybody can see it" in ann.reads(SURE)
    await ann.say("reach hops:3")
    await ann.say("reach 2 hops")
    assert "up to about 5 people" in ann.reads(SURE)
    assert ann.buttons(SURE) == {"✅", "❌", "👥", "♾️", "🌍"}
    await ann.say("reach open")
    await ann.say("publish")
    assert town.rooms[town.cluster_room(HIKE)].state[("m.room.join_rules", "")] == {"join_rule": "public"}


async def test_leaving_it_makes_nothing(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    assert await ann.tap(SURE, "❌") == f"* {OVER}"
    assert await ann.say("publish") == NOTHING
    assert rooms_made(town) == []


async def test_one_yes_opens_one_cluster(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    town.twice = True
    await ann.say(f"!zd {HIKE}")
    card = ann.card(SURE)
    for _time in range(3):
        await town.react(ann.user, ann.chat, card, "✅")
    await ann.say("publish")
    assert NOTHING in ann.reads("Nothing waits")
    assert len(rooms_made(town)) == await town.count("cluster") == 1


async def test_it_waits_for_a_day_also_through_a_restart(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    town.restart()
    await town.wait(23 * HOUR)
    assert ann.sees(SURE)
    await town.wait(HOUR)
    assert ann.sees(OVER)
    assert await town.count("cluster_draft") == 0
    assert await ann.say("publish") == NOTHING

    await ann.say(f"!zd {HIKE}")
    town.restart()
    await town.wait(23 * HOUR)
    await ann.say("publish")
    await town.wait(2 * HOUR)
    assert ann.sees(OPENING)
    assert len(rooms_made(town)) == 1


async def test_whoever_begins_another_one_has_put_the_first_aside(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    await town.wait(20 * HOUR)
    await ann.say("!zd soup")
    assert ann.sees(OVER)
    await town.wait(20 * HOUR)
    await ann.say("publish")
    assert [town.rooms[room].creation.name for room in rooms_made(town)] == ["soup"]  # type: ignore[union-attr]


async def test_in_a_room_with_others_only_its_writer_sees_the_card(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    await town.say(ann.user, hall, f"!zd {HIKE}")
    assert town.news(hall) == ""
    assert "3 friends of yours" in ann.news()
    await town.say(ann.user, hall, "!zd publish")
    assert "for the two of us alone" in town.news(hall)
    await ann.tap(SURE, "✅")
    assert town.cluster_room(HIKE)


async def test_what_goes_wrong_about_lists_and_friends_is_said_in_private_too(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    await town.say(ann.user, hall, "!zd @nobody: party")
    assert town.news(hall) == ""
    assert "not sure which friend" in ann.news()


async def test_quietly_opened_it_shows_nobody_that_its_initiator_is_there(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    await ann.say(f"!zd {HIKE}")
    assert "your friends do not see that you are in it" in await ann.say("publish quiet")
    assert not bo.sees(CARD)
    await town.say(ann.user, town.cluster_room(HIKE), "!zd loud")
    assert bo.sees(CARD)


# -- the reach, in one line -------------------------------------------------------------------------------------------


async def test_a_reach_is_said_before_the_topic(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    assert "It goes no further." in await ann.say(f"!zd friends: {HIKE}")
    assert "up to about 5 people" in await ann.say("!zd hops:3 soup")
    assert "without end" in await ann.say("!zd chain soup")
    assert "💬 Movie: Dune" in await ann.say("!zd Movie: Dune")
    assert "❓ 周末爬山？\n你有 3 位好友会看到它。\n不会传得更远。" in await ann.say("!zd 好友：周末爬山？")


async def test_a_word_that_was_taken_for_the_reach_can_be_given_back(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    preview = await ann.say("!zd open mic night")
    assert 'If it belongs to the topic: `start "open mic night"`' in preview
    assert "Everybody can see it" in preview
    preview = await ann.say('start "open mic night"')
    assert "💬 open mic night\n3 friends of yours" in preview


async def test_too_many_hops_are_corrected(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    assert await ann.say("!zd hops:12 soup") == "Hops go from 1 to 9. Did you mean hops:9?\nstart hops:9: soup"
    assert await ann.say("reach hops:3") == NOTHING
    await ann.say("!zd soup")
    assert (await ann.say("reach nowhere")).endswith("or to a list of yours by its name.\nreach hops:2")


async def test_a_list_is_for_those_on_it_and_nobody_learns_which_list(town: Town, five: list[Person]) -> None:
    ann, bo, cat, dan, eve = five
    await listed(town, ann, "同学", bo)
    await listed(town, ann, "家人", cat)
    preview = await ann.say("!zd 同学、家人: 周末爬山？")
    assert "2" in preview
    assert "同学" in preview
    assert "家人" in preview
    await ann.say("publish")
    room = town.rooms[town.cluster_room("周末爬山？")]
    assert room.state[("m.room.join_rules", "")] == {"join_rule": "invite"}
    assert room.state[(CLUSTER_STATE, "")]["commerce"] is False
    assert "同学" not in repr(room.state)
    assert [person.sees("周末爬山？") for person in (bo, cat, dan, eve)] == [True, True, False, False]
    assert not any("同学" in said for person in (bo, cat) for said in town.shown(person.chat).values())
    await bo.say("join")
    assert bo.user in room.inside
    [cluster] = await town.rows("cluster")
    assert await dan.say(f"enter #{cluster['id']}:town") == NOT_AVAILABLE
    assert dan.user not in room.members


async def test_a_list_that_went_meanwhile_opens_nothing(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    await listed(town, ann, "class", bo)
    await ann.say("!zd class: lunch")
    await unlisted(town, ann, "class")
    assert "Choose anew how far it may go:\nreach friends" in await ann.say("publish")
    await ann.say("reach friends")
    await ann.say("publish")
    assert town.cluster_room("lunch")


async def test_with_its_initiator_his_lists_are_forgotten(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    await listed(town, ann, "class", bo)
    room = await town.start(ann, "class: weekend hike?")
    await ann.say("forget")
    await ann.say("yes")
    assert bo.sees(GONE)
    [cluster] = await town.rows("cluster")
    assert await bo.say(f"enter #{cluster['id']}:town") == NOT_AVAILABLE
    assert bo.user not in town.rooms[room].members


async def test_a_closed_one_is_for_those_named(town: Town, five: list[Person]) -> None:
    ann, bo, cat, dan, _eve = five
    preview = await ann.say(f"!zd @bo {cat.user}: surprise party")
    assert "Only 2 people whom you named will see it." in preview
    await ann.tap(SURE, "✅")
    room = town.cluster_room("surprise party")
    assert town.rooms[room].state[("m.room.join_rules", "")] == {"join_rule": "invite"}
    assert [person.sees("surprise party") for person in (bo, cat, dan)] == [True, True, False]
    await cat.say("join")
    assert cat.user in town.rooms[room].inside

    town.news(room)
    await town.say(ann.user, room, f"!zd name {dan.user}")
    assert dan.sees("surprise party")
    await town.say(ann.user, room, "!zd name @nobody:town")
    assert "is not among your friends" in ann.news()
    await town.say(cat.user, room, f"!zd name {dan.user}")
    assert "Only whoever began a cluster" in town.news(room)


async def test_people_can_be_named_on_the_card(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say("!zd surprise party")
    await ann.say("!zd name @bo")
    assert "Only 1 person whom you named" in ann.reads(SURE)
    await ann.say("!zd name @cat")
    assert "Only 2 people whom you named" in ann.reads(SURE)
    await ann.say("reach closed")
    assert "Only 2 people" in ann.reads(SURE)
    await ann.say("reach friends")
    await ann.say("reach closed")
    assert "So far that is nobody: `!zd name @name:example.org`" in ann.reads(SURE)
    assert "Mention those whom you mean:" in await ann.say("!zd name bo")


@pytest.mark.parametrize("whom", ["@eve", "@eve:town", "@nobody:town", "@ann:town"])
async def test_only_friends_can_be_named(town: Town, five: list[Person], whom: str) -> None:
    ann, *_others = five
    answer = await ann.say(f"!zd closed {whom} @bo: party")
    assert rooms_made(town) == []
    none = f"{whom} is not among your friends." if ":" in whom else None
    assert answer == (none or f"I am not sure which friend of yours {whom} is; mention them.")


async def test_a_friend_who_blocks_meanwhile_is_left_out_silently(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    await ann.say("!zd @bo @cat: party")
    await bo.say(f"block {ann.user}")
    await ann.say("publish")
    assert ann.reads("party").startswith("“party” is opening")
    assert not bo.sees("party")


# -- narrower afterwards ----------------------------------------------------------------------------------------------


async def test_afterwards_it_only_becomes_smaller(town: Town, five: list[Person]) -> None:
    ann, bo, _cat, dan, eve = five
    room = await town.start(ann, "chain: weekend hike?")
    await dan.say("join 1")
    assert eve.sees(CARD)
    town.news(room)
    await town.say(dan.user, room, "!zd reach friends")
    assert "Only whoever began a cluster" in town.news(room)
    await town.say(ann.user, room, "!zd reach open")
    assert town.news(room) == (
        "Others came for the audience that they saw, so afterwards it only becomes smaller. Begin anew:\n"
        "!zd open: weekend hike?"
    )
    await town.say(ann.user, room, "!zd reach friends")
    assert town.news(room) == ""
    assert eve.sees(GONE)
    state = town.rooms[room].state[(CLUSTER_STATE, "")]
    assert state["reach"] == {"mode": "friends"}
    assert state["seed"]["event_id"] in town.rooms[room].said
    await town.knock(room, eve.user)
    assert eve.user not in town.rooms[room].members

    # From knocking to invitations alone, and who is on his way in is out of reach.
    town.homeserver.homes.discard(bo.user)
    await town.knock(room, bo.user)
    assert town.rooms[room].members[bo.user] == "invite"
    await town.say(ann.user, room, "!zd reach closed")
    assert town.rooms[room].state[("m.room.join_rules", "")] == {"join_rule": "invite"}
    assert town.rooms[room].members[bo.user] == "leave"
    assert dan.user in town.rooms[room].inside


async def test_as_long_as_nobody_has_come_it_may_become_larger(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    room = await town.start(ann, "friends: weekend hike?")
    await town.say(ann.user, room, "!zd reach chain")
    assert town.rooms[room].state[(CLUSTER_STATE, "")]["reach"] == {"mode": "chain"}


# -- seeds ------------------------------------------------------------------------------------------------------------


async def test_the_room_says_what_the_seed_is_and_nothing_of_people(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    room = town.rooms[await town.start(ann, "listen! https://music.163.com/song?id=1")]
    assert bo.sees("Ann is talking about “🎵 listen!”")
    state = room.state[(CLUSTER_STATE, "")]
    [pinned] = room.state[("m.room.pinned_events", "")]["pinned"]
    assert state["seed"] == {"kind": "music", "title": "listen!", "event_id": pinned}
    assert state["reach"] == {"mode": "hops", "k": 2}
    assert state["lifecycle"]["state"] == "open"
    assert state["commerce"] is True
    assert room.said[pinned]["content"]["body"] == "listen! https://music.163.com/song?id=1"
    assert not any(person.user in repr(state) for person in five)
    [row] = await town.rows("cluster")
    assert (row["kind"], row["seed"]) == ("music", pinned)


async def test_a_picture_with_the_command_below_it_is_the_seed(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    content = PICTURE | {"filename": "IMG_2034.jpg", "body": "!zd friends: the peak"}
    await town.send(ann.user, ann.chat, "m.room.message", content)
    assert "📷 the peak\n3 friends of yours will see it.\nIt goes no further." in ann.news()
    await ann.say("publish")
    room = town.rooms[town.cluster_room("the peak")]
    seed = next(event for event in room.said.values() if event["type"] == "m.room.message")["content"]
    assert (seed["body"], seed["filename"], seed["url"]) == ("the peak", "IMG_2034.jpg", "mxc://town/1")


async def test_a_reaction_begins_one_with_any_message_in_a_room_with_the_bot(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    said = await town.say(bo.user, hall, "hotpot tonight?")
    await town.react(ann.user, hall, said, "👥")
    assert town.news(hall) == ""
    assert "❓ hotpot tonight?\n3 friends of yours" in ann.news()
    assert bo.news() == ""
    await ann.tap(SURE, "✅")
    assert town.rooms[town.cluster_room("hotpot tonight?")].inside == {BOT, ann.user}


async def test_a_reaction_of_somebody_we_do_not_know_means_something_else(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    stranger = town.stranger("zoe")
    room = town.homeserver.room(ann.user, stranger)
    await town.member(room.id, BOT, "invite", by=ann.user)
    said = await town.say(ann.user, room.id, "hotpot?")
    await town.react(stranger, room.id, said, "👥")
    assert town.chats_made_for(stranger) == []
    assert await town.count("cluster_draft") == 0


async def test_the_buttons_of_the_card_are_no_such_reactions(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    await ann.tap(SURE, "👥")
    assert len([1 for body in town.shown(ann.chat).values() if SURE in body]) == 1


@pytest.mark.parametrize("visibility", ["joined", "invited"])
async def test_what_was_said_before_somebody_came_is_no_seed_of_his(
    town: Town, five: list[Person], visibility: str
) -> None:
    ann, bo, cat, *_others = five
    hall = await town.gather(ann, bo)
    await town.state(hall, ann.user, "m.room.history_visibility", {"history_visibility": visibility})
    before = await town.say(ann.user, hall, "a secret")
    await town.member(hall, cat.user, "invite", by=ann.user)
    await town.member(hall, cat.user, "join")
    after = await town.say(ann.user, hall, "no secret")
    await town.react(cat.user, hall, before, "👥")
    await town.say(cat.user, hall, "!zd", reply_to=before)
    assert not cat.sees("a secret")
    assert cat.sees("I cannot read that message")
    await town.react(cat.user, hall, after, "👥")
    assert cat.sees("no secret")
    await town.react(bo.user, hall, before, "👥")
    assert bo.sees("a secret")


async def test_an_encrypted_message_is_none_and_says_why(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    secret = {"msgtype": "m.image", "body": "a.jpg", "file": {"url": "mxc://town/2"}}
    said = await town.send(bo.user, hall, "m.room.message", secret)
    await town.react(ann.user, hall, said, "👥")
    assert "That message is encrypted and I cannot read it" in ann.news()
    assert await town.count("cluster_draft") == 0


async def test_what_the_bot_says_to_somebody_alone_is_no_seed(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    answer = await ann.say("friends")
    assert "Bo" in answer
    await town.say(ann.user, ann.chat, "!zd", reply_to=ann.card("You have 3 friends"))
    assert "I cannot read that message" in ann.news()


async def test_a_seed_that_is_taken_back_before_the_yes_opens_nothing(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    said = await town.say(bo.user, hall, "never mind?")
    await town.react(ann.user, hall, said, "👥")
    await town.send(bo.user, hall, "m.room.redaction", {"redacts": said})
    await ann.say("publish")
    assert ann.sees("I cannot read that message")
    assert rooms_made(town) == []
    [row] = await town.rows("cluster")
    assert row["lifecycle"] == "archived"


async def test_no_message_is_kept_in_a_draft(town: Town, five: list[Person]) -> None:
    ann, bo, *_others = five
    hall = await town.gather(ann, bo)
    said = await town.say(bo.user, hall, "the first line\nxyzzy is the second")
    await town.react(ann.user, hall, said, "👥")
    for table in ("inbox", "outbox", "cluster_draft", "bot_command"):
        assert "xyzzy" not in repr(await town.rows(table)), table


async def test_a_draft_is_exported_and_goes_with_its_person(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    await ann.say(f"!zd {HIKE}")
    await ann.say("export")
    assert b'"drafts"' in town.homeserver.files[-1]
    assert HIKE.encode() in town.homeserver.files[-1]
    await ann.say("forget")
    await ann.say("yes")
    assert await town.count("cluster_draft") == 0
    await town.wait(2 * DAY)


async def test_the_usual_reach_is_the_admins(sqlite_url: str) -> None:
    reach = parse_reach("friends")
    assert isinstance(reach, Reach)
    async with open_town(sqlite_url, clusters=Clusters(reach=reach)) as town:
        ann = await town.arrive("ann")
        await town.befriend(ann, await town.arrive("bo"))
        assert "It goes no further." in await ann.say(f"!zd {HIKE}")


async def test_a_room_that_cannot_be_made_is_told(town: Town, five: list[Person]) -> None:
    ann, *_others = five
    town.homeserver.refused = lambda effect: "no rooms today" if isinstance(effect, CreateRoom) else None
    await ann.say(f"!zd {HIKE}")
    await ann.say("publish")
    assert ann.sees("Sorry: something that you asked for could not be done.")
