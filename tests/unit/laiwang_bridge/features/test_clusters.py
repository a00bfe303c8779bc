"""Clusters from the first line to the last leave: who sees what, and who comes in."""

from __future__ import annotations

from itertools import pairwise

import pytest

from appservice.effects import CreateRoom, Effect, Invite, Kick, SendMessage
from laiwang_bridge.clusters.reach import parse_reach
from laiwang_bridge.config import Clusters
from tests.unit.laiwang_bridge.features.town import BOT, DAY, MINUTE, Person, Town, open_town

HIKE = "weekend hike?"
CARD = "talking about weekend hike?"
GONE = "weekend hike? is not available any more."
NOT_AVAILABLE = "This cluster is not available."


@pytest.fixture
async def line(town: Town) -> list[Person]:
    """A, B, C and D, each a friend of the next one and of nobody else."""
    people = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    for one, other in pairwise(people):
        await town.befriend(one, other)
    await town.wait(MINUTE)
    return people


# -- the story --------------------------------------------------------------------------------------------------------


async def test_a_cluster_travels_from_friend_to_friend_and_no_further(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    preview = await ann.say(f"!zd {HIKE}")
    assert preview == (
        "weekend hike? is opening. You are being invited.\n1 friend of yours will see it.\n"
        "Through them it may reach about 5 people."
    )
    room = town.cluster_room(HIKE)
    assert bo.news() == "Ann is talking about weekend hike?\n(about 5 people)\n\n👍 step in · join 1\n🙈 hide · hide 1"
    assert not cat.sees(CARD)

    assert await bo.tap(CARD, "👍") == (
        "Come in: you are invited into weekend hike?.\n\n"
        "* You are in weekend hike?. Your friends may see that.\n\n🤫 be there quietly · quiet 1"
    )
    assert town.rooms[room].inside == {BOT, ann.user, bo.user}
    assert cat.reads(CARD).startswith("Bo is talking about")

    await cat.tap(CARD, "👍")
    assert town.rooms[room].inside == {BOT, ann.user, bo.user, cat.user}
    assert not dan.sees(CARD)
    assert await dan.say("list") == (
        "None of your friends is talking about anything here yet. You can begin:\n!zd weekend hike?"
    )


async def test_the_reach_chain_goes_on_without_end(sqlite_url: str) -> None:
    reach = parse_reach("chain")
    async with open_town(sqlite_url, clusters=Clusters(reach=reach)) as town:  # type: ignore[arg-type]
        people = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
        for one, other in pairwise(people):
            await town.befriend(one, other)
        assert "Through them it may go on without end." in await people[0].say(f"!zd {HIKE}")
        for person in people[1:]:
            await person.tap(CARD, "👍")
        assert town.rooms[town.cluster_room(HIKE)].inside == {BOT, *(person.user for person in people)}


@pytest.mark.parametrize(
    ("reach", "preview"),
    [
        ("friends", "It goes no further."),
        ("open", "Everybody can see it."),
        ("closed", "Only those whom you invite can see it."),
    ],
)
async def test_the_preview_says_how_far_it_may_go(sqlite_url: str, reach: str, preview: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(reach=parse_reach(reach))) as town:  # type: ignore[arg-type]
        ann = await town.arrive("ann")
        await town.befriend(ann, await town.arrive("bo"), await town.arrive("cat"))
        assert preview in await ann.say(f"!zd {HIKE}")


async def test_somebody_without_friends_is_told_so(town: Town) -> None:
    ann = await town.arrive("ann")
    assert "You have no friends here yet who could see it." in await ann.say(f"!zd {HIKE}")


# -- what ends a sight ------------------------------------------------------------------------------------------------


async def test_a_quiet_member_shows_nobody_anything(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert cat.sees(CARD)
    assert "Your friends no longer see that you are in weekend hike?." in await bo.tap("You are in", "🤫")
    assert cat.reads("weekend hike?") == GONE
    assert cat.buttons(GONE) == set()
    assert "quietly: your friends do not see it" in bo.reads("You are in")
    assert bo.buttons("You are in") == {"📣"}
    assert await cat.say("join 1") == NOT_AVAILABLE

    await bo.tap("You are in", "📣")
    assert cat.buttons(CARD) == {"👍", "🙈"}


async def test_leaving_ends_the_sight_of_those_who_saw_it_through_me(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    cat.news()
    await town.member(room, bo.user, "leave")
    assert cat.reads("weekend hike?") == GONE
    assert await cat.say("join") == "There is no such cluster in your list:\nlist"
    assert await cat.say("join 1") == NOT_AVAILABLE
    assert bo.reads(CARD).startswith("Ann is talking about")
    assert bo.buttons(CARD) == {"👍", "🙈"}
    await bo.say("join")
    assert cat.reads(CARD).startswith("Bo is talking about")


async def test_those_whom_i_brought_stay_when_i_leave(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.tap(CARD, "👍")
    await town.member(room, bo.user, "leave")
    assert town.rooms[room].inside == {BOT, ann.user, cat.user}


@pytest.mark.parametrize("blocker", ["host", "guest"])
async def test_a_block_ends_the_sight_at_once_either_way(town: Town, line: list[Person], blocker: str) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    cat.news()
    one, other = (ann, cat) if blocker == "host" else (cat, ann)
    await one.say(f"block {other.user}")
    assert cat.reads("weekend hike?") == GONE
    assert await cat.say("join 1") == NOT_AVAILABLE
    await one.say(f"unblock {other.user}")
    assert cat.sees(CARD)


async def test_a_block_between_friend_and_friend_ends_what_came_through_him(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.say(f"block {bo.user}")
    assert cat.reads("weekend hike?") == GONE


async def test_the_end_of_a_friendship_ends_the_sight(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.say(f"unfriend {ann.user}")
    assert bo.reads("weekend hike?") == GONE


async def test_a_new_friendship_does_not_show_an_older_cluster(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    await town.start(ann, HIKE)
    await town.wait(DAY)
    await town.befriend_by_code(ann, dan)
    assert not dan.sees(CARD)


async def test_a_block_takes_an_open_invitation_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homes.discard(bo.user)
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert town.rooms[room].members[bo.user] == "invite"
    await ann.say(f"block {bo.user}")
    assert town.rooms[room].members[bo.user] == "leave"


async def test_a_card_does_not_go_on_naming_a_friend_who_went_quiet(town: Town) -> None:
    ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
    await town.befriend(ann, bo, cat)
    await town.befriend(bo, cat)
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert cat.reads(CARD).startswith("Ann and Bo are talking about")
    await ann.say("quiet")
    assert cat.reads(CARD).startswith("Bo is talking about")


async def test_a_card_names_three_friends_and_counts_the_others(town: Town) -> None:
    ann, cat = await town.arrive("ann"), await town.arrive("cat")
    others = [await town.arrive(f"p{number}") for number in range(4)]
    await town.befriend(ann, cat, *others)
    await town.befriend(cat, *others)
    await town.start(ann, HIKE)
    for other in others:
        await other.tap(CARD, "👍")
    assert cat.reads(CARD).startswith("Ann, P0, P1 and 2 more friends are talking about weekend hike?")
    assert cat.reads("talking").count("(about 5 people)") == 1


# -- cards ------------------------------------------------------------------------------------------------------------


async def test_whoever_hides_a_cluster_sees_no_more_of_it(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    bo.news()
    assert await bo.tap(CARD, "🙈") == "* weekend hike? is hidden.\n\nweekend hike? is hidden. `join 1` brings it back."
    assert bo.buttons("is hidden.") == set()
    await town.member(room, ann.user, "leave")
    await town.member(room, ann.user, "invite", by=BOT)
    await town.member(room, ann.user, "join")
    assert bo.news() == ""
    assert "None of your friends" in await bo.say("list")

    assert "Come in" in await bo.say("join 1")
    assert bo.reads("You are in").startswith("You are in weekend hike?")
    assert cat.sees(CARD)


async def test_what_was_hidden_and_is_gone_by_now_says_so(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "🙈")
    await town.member(room, ann.user, "leave")
    assert NOT_AVAILABLE in await bo.say("join 1")
    assert bo.sees(GONE)


async def test_inside_there_is_nothing_to_hide(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert await bo.say("hide 1") == "You are inside. Step out first:\nleave 1"
    assert await bo.say("join 1") == "You are inside already."


async def test_the_list_shows_what_is_there_and_how_to_get_in(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await town.start(ann, "dinner")
    await bo.say("join 1")
    assert await bo.say("list") == "2 · dinner · `join 2`\n1 · weekend hike? · you are in"
    assert await bo.say("!zd") == "2 · dinner · `join 2`\n1 · weekend hike? · you are in"


async def test_a_long_list_is_cut_and_old_cards_that_are_gone_do_not_fill_it(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, "the oldest")
    for number in range(30):
        await town.start(ann, f"topic {number}")
        await town.wait(MINUTE)
    said = await bo.say("list")
    assert said.startswith("31 · topic 29 · `join 31`")
    assert said.endswith("\n… and 11 older ones")
    for number in range(30):
        await bo.say(f"hide {number + 2}")
        await town.wait(MINUTE)
    assert await bo.say("list") == "1 · the oldest · `join 1`"


async def test_a_card_waits_in_the_list_for_somebody_who_left_the_chat(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.member(bo.chat, bo.user, "leave")
    town.homes.discard(bo.user)
    await town.start(ann, HIKE)
    [made] = [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite]
    await town.member(made.id, bo.user, "leave")
    await town.start(ann, "dinner")  # nobody runs after him
    assert [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite] == [made]
    bo.chat = await town.open_chat(bo.user)
    assert await bo.say("list") == "2 · dinner · `join 2`\n1 · weekend hike? · `join 1`"
    assert "Come in" in await bo.say("join 1")


async def test_who_writes_in_an_encrypted_chat_gets_cards_in_a_readable_one(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.state(bo.chat, bo.user, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await town.start(ann, HIKE)
    assert not bo.sees(CARD)
    [made] = [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite]
    assert CARD in town.news(made.id)
    bo.chat = made.id
    await bo.tap(CARD, "👍")
    assert bo.user in town.rooms[town.cluster_room(HIKE)].inside


async def test_a_stranger_knows_no_numbers(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    await town.start(ann, HIKE)
    eve = await town.arrive("eve")
    for command in ("join", "join 1", "hide 1", "leave", "leave 1", "quiet 1", "loud"):
        assert await eve.say(command) == "There is no such cluster in your list:\nlist"


async def test_leaving_and_going_quiet_work_from_the_chat_too(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert "no longer see" in await bo.say("quiet 1")
    assert not cat.sees(CARD)
    assert "may see now" in await bo.say("loud")
    assert "You have left weekend hike?." in await bo.say("leave 1")
    assert bo.user not in town.rooms[room].inside
    assert await bo.say("leave 1") == "You are not in that cluster.\nlist"


async def test_in_the_room_itself_no_number_is_needed(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    asked = await town.say(bo.user, room, "!zd quiet")
    assert town.buttons(room, asked) == {"👍"}
    assert not cat.sees(CARD)
    await town.say(bo.user, room, "!扎堆 现身")
    assert cat.sees(CARD)
    town.news(room)
    await town.say(bo.user, room, "!zd leave")
    assert town.rooms[room].members[bo.user] == "leave"
    assert town.news(room) == ""


async def test_nothing_private_is_said_where_others_read_along(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    other = await town.start(ann, "dinner")
    await bo.say("join 1")
    await bo.say("join 2")
    hall = await town.gather(bo, cat, ann)
    refused = f"Not where others read along: write that to {BOT} in a direct chat."
    for command in ("!zd", "!zd leave", "!zd quiet 1", "!zd loud", "!zd leave 2"):
        for place in (hall, other) if command[-1].isdigit() else (hall,):
            await town.say(bo.user, place, command)
            assert town.news(place).endswith(refused), command
            await town.wait(MINUTE)
    assert town.rooms[room].inside == town.rooms[other].inside == {BOT, ann.user, bo.user}


async def test_a_cluster_opened_in_a_room_is_previewed_in_private(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    hall = await town.gather(ann, bo, cat)
    asked = await town.say(ann.user, hall, f"!zd {HIKE}")
    assert town.news(hall) == ""
    assert town.buttons(hall, asked) == {"👍"}
    assert "1 friend of yours will see it." in ann.news()
    assert bo.sees(CARD)


async def test_a_cluster_room_is_no_direct_chat_though_two_are_in_it(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    town.news(room)
    await town.say(ann.user, room, "hello? anybody here? help")
    await town.say(ann.user, room, "yes")
    assert town.news(room) == ""


# -- the room ---------------------------------------------------------------------------------------------------------


async def test_the_room_is_made_as_it_should_be(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    await ann.say("!zd   周末\u202e爬山?  \n and more")
    room = town.rooms[town.cluster_room("周末爬山?")]
    creation = room.creation
    assert creation is not None
    assert creation.name == "周末爬山?"
    assert creation.alias_localpart.startswith("zd_")
    assert creation.topic is None
    assert room.state[("m.room.join_rules", "")] == {"join_rule": "knock"}
    assert creation.power_levels["users"] == {BOT: 100, ann.user: 50}
    pinned = room.state[("m.room.pinned_events", "")]["pinned"]
    assert [room.said[event]["content"]["body"] for event in pinned] == ["周末爬山?"]


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
    made = held[0]
    assert isinstance(made, CreateRoom)
    town.make_room(made)
    await town.settle()
    assert town.rooms[town.cluster_room(HIKE)].inside == {BOT, ann.user}
    town.held = lambda _effect: False
    await town.settle()
    assert bo.sees(CARD)


async def test_a_cluster_whose_initiator_never_comes_is_seen_by_nobody(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homes.discard(ann.user)
    room = await town.start(ann, HIKE)
    assert not bo.sees(CARD)
    await town.member(room, ann.user, "leave")
    assert not bo.sees(CARD)
    await town.member(room, bo.user, "knock")
    assert town.rooms[room].members[bo.user] == "leave"


async def test_the_initiator_may_always_come_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await ann.say("leave")
    assert ann.user not in town.rooms[room].inside
    assert bo.sees(GONE)
    await town.member(room, ann.user, "knock")
    assert ann.user in town.rooms[room].inside
    assert bo.sees(CARD)


async def test_a_room_that_cannot_be_made_is_told_to_whoever_wanted_it(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.refused = lambda effect: "no rooms today" if isinstance(effect, CreateRoom) else None
    await ann.say(f"!zd {HIKE}")
    assert ann.sees("Sorry: something that you asked for could not be done.")
    assert not bo.sees(CARD)


async def test_a_replaced_room_takes_the_cluster_along(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    old = await town.start(ann, HIKE)
    new = town.room(ann.user, name="new")
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


# -- doors ------------------------------------------------------------------------------------------------------------


def kicks(town: Town) -> list[Kick]:
    return [effect for _room, _sender, effect in town.sent if isinstance(effect, Kick)]


async def test_a_stranger_knocks_in_vain_and_stays_a_stranger(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    before = await town.count("person")
    eve = town.stranger("eve")
    await town.member(room, eve, "knock")
    [kick] = kicks(town)
    assert (kick.user, kick.reason) == (eve, NOT_AVAILABLE)
    assert await town.count("person") == before
    assert await town.count("matrix_id") == before


async def test_a_friend_may_knock_instead_of_tapping(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await town.member(room, bo.user, "knock")
    assert bo.user in town.rooms[room].inside
    assert bo.reads("You are in").startswith("You are in weekend hike?")


async def test_all_refusals_sound_the_same(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await cat.tap(CARD, "👍")
    await town.member(room, bo.user, "ban", by=ann.user)
    eve = town.stranger("eve")
    for user in (dan.user, eve):
        await town.member(room, user, "knock")
    await ann.say(f"block {cat.user}")
    await town.member(room, cat.user, "leave")
    await town.member(room, cat.user, "knock")
    assert {kick.reason for kick in kicks(town)} == {NOT_AVAILABLE}
    assert {kick.user for kick in kicks(town)} == {dan.user, eve, cat.user}
    assert {await person.say("join 1") for person in (bo, cat)} == {NOT_AVAILABLE}


async def test_whoever_was_banned_sees_it_no_more_until_that_is_lifted(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await town.member(room, bo.user, "ban", by=ann.user)  # he had a card, and had not come yet
    assert bo.reads("weekend hike?") == GONE
    assert await bo.say("join 1") == NOT_AVAILABLE
    await town.member(room, bo.user, "leave", by=ann.user)
    assert bo.sees(CARD)
    await bo.tap(CARD, "👍")
    assert bo.user in town.rooms[room].inside


async def test_a_ban_from_before_we_met_counts(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    eve = town.stranger("eve")
    room = await town.start(ann, HIKE)
    await town.member(room, eve, "ban", by=ann.user)
    person = await town.arrive("eve")
    await town.befriend(person, ann, since=0)
    await ann.say("quiet")
    await ann.say("loud")
    assert NOT_AVAILABLE in await person.tap(CARD, "👍")


async def test_somebody_who_was_kicked_may_come_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.member(room, bo.user, "leave", by=ann.user)
    assert bo.sees(CARD)
    await bo.say("join")
    assert bo.user in town.rooms[room].inside


async def test_the_host_may_bring_in_whom_he_likes_by_hand(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    room = await town.start(ann, HIKE)
    eve = town.stranger("eve")
    before = await town.count("person")
    await town.member(room, eve, "invite", by=ann.user)
    await town.member(room, dan.user, "invite", by=ann.user)
    assert await town.count("person") == before
    assert await town.count("cluster_invitation") == 1
    for user in (eve, dan.user):
        await town.member(room, user, "join")
    assert await town.count("person") == before + 1
    assert await town.count("cluster_invitation") == 0
    assert not town.rooms_of(eve)
    # Whoever comes without a friend is too far away to bring others.
    cat = line[2]
    assert not cat.sees(CARD)


async def test_a_seat_is_kept_for_whoever_was_invited_and_freed_when_he_declines(sqlite_url: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(cap=2)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        room = await town.start(ann, HIKE)
        town.homes -= {bo.user, cat.user}
        await bo.tap(CARD, "👍")
        assert town.rooms[room].members[bo.user] == "invite"
        assert cat.reads("weekend hike?") == GONE
        assert await cat.say("join 1") == NOT_AVAILABLE
        assert "Come in" in await bo.say("join 1")  # the seat is his
        await town.member(room, bo.user, "leave")
        assert cat.sees(CARD)
        await cat.tap(CARD, "👍")
        await town.member(room, cat.user, "join")
        assert bo.sees(GONE)
        await town.member(room, cat.user, "leave")
        assert bo.sees(CARD)


async def test_an_invitation_that_fails_frees_the_seat_and_says_what_to_do(sqlite_url: str) -> None:
    async with open_town(sqlite_url, clusters=Clusters(cap=2)) as town:
        ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
        await town.befriend(ann, bo, cat)
        await town.start(ann, HIKE)
        town.refused = lambda effect: "blocked" if isinstance(effect, Invite) else None
        assert await bo.tap(CARD, "👍") == (
            "Come in: you are invited into weekend hike?.\n\n"
            "I could not invite you into weekend hike?. If your account refuses invitations, allow them from "
            f"{BOT}, then try again."
        )
        assert await town.count("cluster_invitation") == 0
        town.refused = lambda _effect: None
        assert cat.sees(CARD)
        await cat.tap(CARD, "👍")
        assert cat.user in town.rooms[town.cluster_room(HIKE)].inside


async def test_everything_the_bot_sends_rings_only_where_it_should(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.sent.clear()
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await bo.say("leave")
    ringing = [
        effect.content["body"].splitlines()[0]
        for room, _sender, effect in town.sent
        if isinstance(effect, SendMessage) and effect.content["msgtype"] == "m.text" and effect.replaces is None
        if room != town.cluster_room(HIKE)
    ]
    assert ringing == ["Ann is talking about weekend hike?", "Bo is talking about weekend hike?"]
