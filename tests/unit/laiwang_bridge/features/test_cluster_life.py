"""What becomes of a cluster after it has opened: sealed, locked, full, over."""

from __future__ import annotations

from mautrix.types import UserID

from appservice.effects import Kick
from laiwang_bridge.clusters import talk
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.people.rules import Exposure
from laiwang_bridge.rates import Limit
from tests.unit.laiwang_bridge.features.living import come, in_room, lifecycle, make, state
from tests.unit.laiwang_bridge.features.story import ANSWER, CARD, GONE, HIKE
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, open_town


async def test_a_locked_cluster_can_be_read_and_no_more(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    before = state(town, room, "m.room.power_levels")
    assert bo.sees(CARD)
    await make(town, room, Lifecycle.LOCKED)
    assert state(town, room, "m.room.power_levels") == {**before, "events_default": 50}
    assert state(town, room, CLUSTER_STATE)["lifecycle"]["state"] == "locked"
    assert state(town, room, CLUSTER_STATE)["lifecycle"]["since"] > 0
    assert not bo.sees(CARD)
    await town.knock(room, cat.user)
    assert cat.user not in town.rooms[room].members
    await make(town, room, Lifecycle.OPEN)
    assert state(town, room, "m.room.power_levels") == before
    assert bo.sees(CARD)
    await make(town, room, Lifecycle.ARCHIVED)
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert state(town, room, "m.room.power_levels")["events_default"] == 50


# -- sealed ---------------------------------------------------------------------------------------------------------


async def test_a_host_stops_the_spread_and_the_talk_goes_on(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    assert cat.sees(CARD)
    assert "is sealed" in await in_room(town, ann.user, room, "!zd seal")
    assert not cat.sees(CARD)
    assert lifecycle(town, room) == "sealed"
    assert state(town, room, "m.room.power_levels")["events_default"] == 0
    await town.knock(room, cat.user)
    assert cat.user not in town.rooms[room].members
    assert "is not open" in await in_room(town, ann.user, room, "!zd seal")
    assert "又会传开" in await in_room(town, ann.user, room, "!扎堆 解封")
    await come(town, room, cat)


async def test_only_hosts_decide_about_the_life_of_a_cluster(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    for command in ("seal", "unseal", "cap 20", "stats", "keep", "ends 3d", "commerce off"):
        assert "Only a host" in await in_room(town, bo.user, room, f"!zd {command}"), command
    assert "You are in no such cluster." in await cat.say("seal")
    assert lifecycle(town, room) == "open"


async def test_a_host_may_do_it_in_private_too(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    other = await town.start(bo, "chess")
    await come(town, other, ann)
    assert f"“{HIKE}” is sealed" in await ann.say("seal")  # the one that she is host of
    assert lifecycle(town, room) == "sealed"
    assert "spreads again" in await ann.say("unseal 1")


async def test_whoever_was_on_the_way_when_it_was_sealed_is_turned_back(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.homes.discard(bo.user)
    room = await town.start(ann, HIKE)
    await town.knock(room, bo.user)
    assert town.rooms[room].members[bo.user] == "invite"
    await in_room(town, ann.user, room, "!zd seal")
    assert town.rooms[room].members[bo.user] == "leave"
    assert await town.count("cluster_invitation") == 0


async def test_those_who_wait_are_told_when_a_cluster_is_sealed(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=1)) as town:
        ann, bo, cat, dan, eve = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan", "eve")]
        await town.befriend(ann, bo, cat, dan, eve)
        room = await town.start(ann, HIKE)
        await come(town, room, bo, cat)
        await town.knock(room, dan.user)
        assert "as soon as it is your turn" in await eve.say("join")
        assert await town.count("cluster_queue") == 2
        await in_room(town, ann.user, room, "!zd seal")
        assert await town.count("cluster_queue") == 0
        assert dan.user not in town.rooms[room].members
        assert "This cluster is not available." in eve.news()
        await town.wait(HOUR)
        assert eve.news() == ""


# -- seats ----------------------------------------------------------------------------------------------------------


async def test_a_cluster_is_made_smaller_or_larger_but_nobody_is_shown_out(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    ann.news()
    assert "up to 2 people" in await in_room(town, ann.user, room, "!zd cap 2")
    assert state(town, room, CLUSTER_STATE)["cap"] == 2
    assert not cat.sees(CARD)
    await town.knock(room, cat.user)
    assert cat.user not in town.rooms[room].members
    await in_room(town, ann.user, room, "!zd cap 10")
    assert cat.sees(CARD)
    await come(town, room, cat)
    refused = await in_room(town, ann.user, room, "!zd cap 2")
    assert "3 seats taken" in refused
    assert "!zd cap 3" in refused
    assert "!zd cap 500" in await in_room(town, ann.user, room, "!zd cap 501")
    assert "最多容纳 10 人" in await in_room(town, ann.user, room, "!扎堆 上限 10")


async def test_the_host_is_told_once_that_a_cluster_is_full(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await in_room(town, ann.user, room, "!zd cap 2")
    ann.news()
    await come(town, room, bo)
    assert "is full: 2 people have a seat" in ann.news()
    await town.member(room, bo.user, "leave")
    await come(town, room, bo)
    assert "is full" not in ann.news()


async def test_in_a_full_cluster_a_seat_is_kept_for_three_days(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    eve = await town.arrive("eve")
    await town.befriend(ann, eve, since=0)
    room = await town.start(ann, HIKE)
    town.homeserver.homes.discard(bo.user)  # does not come though he wanted in
    await town.knock(room, bo.user)
    await town.wait(DAY)
    await in_room(town, ann.user, room, "!zd cap 2")
    assert eve.reads(HIKE) == GONE
    assert "This cluster is not available." in await eve.say("join 1")
    await town.wait(2 * DAY - HOUR)
    assert town.rooms[room].members[bo.user] == "invite"
    await town.wait(HOUR)
    assert town.rooms[room].members[bo.user] == "leave"
    kicks = [effect for _room, effect in town.homeserver.sent if isinstance(effect, Kick) and effect.user == bo.user]
    assert kicks[-1].reason == "You have not come for some days, so your seat is for others now. You may ask again."
    await eve.tap(CARD, "👍")
    assert eve.user in town.rooms[room].inside


async def test_a_seat_lapses_in_its_own_time_and_only_while_others_have_to_stay_out(
    town: Town, line: list[Person]
) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await in_room(town, ann.user, room, "!zd cap 3")
    await come(town, room, bo)
    town.homeserver.homes.discard(cat.user)
    await town.knock(room, cat.user)
    await town.wait(3 * DAY - HOUR)
    assert town.rooms[room].members[cat.user] == "invite"
    await in_room(town, ann.user, room, "!zd cap 4")
    await town.wait(DAY)
    assert town.rooms[room].members[cat.user] == "invite", "there is room for all"


async def test_of_600_who_knock_at_once_exactly_500_come_in(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=1000), hurried=False) as town:
        host = await town.arrive("host")
        guests = [UserID(f"@guest{number}:town") for number in range(600)]
        town.homeserver.homes |= set(guests)
        friends = [Person(town, guest, host.chat) for guest in guests]
        await town.befriend(host, *friends)
        await town.choose(Exposure.QUIET, *friends)
        room = await town.start(host, "fireworks")
        porch = town.porch("fireworks")
        for guest in guests:
            town.homeserver.put_member(porch, guest, "knock", sender=guest)
        await town.settle()
        assert len(town.rooms[room].inside - {BOT}) == 500
        assert {porch.members[guest] for guest in guests} == {"leave"}
        assert {effect.reason for _room, effect in town.homeserver.sent if isinstance(effect, Kick)} == {ANSWER}


async def test_numbers_are_for_the_host_and_name_nobody(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo, cat)
    ann.news()
    assert await in_room(town, ann.user, room, "!zd stats") == ""
    told = ann.news()
    assert "a few people, 3 of 500 seats taken" in told
    assert "Loud: 100 %" in told
    assert not any(one.user in told or "Bo" in told for one in (bo, cat))
    assert "人" in await ann.say("!扎堆 统计")


async def test_a_cluster_that_grows_too_fast_slows_down_and_its_host_is_told(sqlite_url: str) -> None:
    async with open_town(sqlite_url, pace=Pace(at_once=26, limit=Limit(1, 2 * MINUTE))) as town:
        host = await town.arrive("host")
        guests = [await town.arrive(f"guest{number}") for number in range(29)]
        await town.befriend(host, *guests)
        await town.choose(Exposure.QUIET, *guests)
        room = await town.start(host, HIKE)
        await come(town, room, *guests[:25])
        assert "grows fast" in host.news()
        first, second, third, _last = guests[25:]
        await come(town, room, first)
        for guest in (second, third):
            await town.knock(room, guest.user)
        await town.wait(3 * MINUTE)
        assert third.user not in town.rooms[room].inside  # every second minute it would have been
        await town.wait(3 * MINUTE)
        assert third.user in town.rooms[room].inside
        assert "grows fast" not in host.news()


# -- time -----------------------------------------------------------------------------------------------------------


async def test_a_silent_cluster_is_locked_then_over(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    await town.wait(6 * DAY)
    await town.say(bo.user, room, "anybody?")
    await town.wait(6 * DAY)
    assert lifecycle(town, room) == "open"
    await town.wait(1 * DAY + HOUR)
    assert lifecycle(town, room) == "locked"
    said = town.news(room)
    assert "Nobody has written here for 7 days." in said
    assert "reopen" in said
    assert state(town, room, "m.room.power_levels")["events_default"] == 50
    await town.wait(7 * DAY + MINUTE)
    assert lifecycle(town, room) == "archived"
    assert "This cluster is over" in town.news(room)
    assert state(town, room, "m.room.join_rules") == {"join_rule": "invite"}
    assert "is over" in await in_room(town, ann.user, room, "!zd unseal")
    assert "is not locked" in await bo.say("reopen 1")


async def test_any_member_opens_a_silent_cluster_again(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    before = state(town, room, "m.room.power_levels")
    await town.wait(7 * DAY + MINUTE)
    assert not cat.sees(CARD)
    assert "is not locked" not in await cat.say("reopen")  # who is not inside cannot
    assert lifecycle(town, room) == "locked"
    # With the button, although nobody but the host may write.
    assert state(town, room, "m.room.power_levels")["events"]["m.reaction"] == 0
    [line_said] = [event for event, body in town.shown(room).items() if "Nobody has written" in body]
    await town.react(bo.user, room, line_said, "🔓")
    assert lifecycle(town, room) == "open"
    assert state(town, room, "m.room.power_levels") == before
    assert cat.sees(CARD)
    # And in private, as it was before.
    await in_room(town, ann.user, room, "!zd seal")
    await town.wait(7 * DAY + HOUR + MINUTE)
    assert lifecycle(town, room) == "locked"
    assert "is open again" in await bo.say("reopen")
    assert lifecycle(town, room) == "sealed"


async def test_who_was_reported_is_not_opened_again_by_a_member(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    await make(town, room, Lifecycle.LOCKED)
    assert "Only its host or an operator" in await bo.say("reopen 1")
    await town.wait(30 * DAY)
    assert lifecycle(town, room) == "locked"


async def test_after_a_long_time_without_power_clusters_are_locked_once(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    spoken = await town.start(bo, "chess")
    town.restart()
    town.now += 30 * DAY
    # What was said while we were away is heard first.
    await town.say(bo.user, spoken, "still there?")
    await town.wait(HOUR)
    assert (lifecycle(town, room), lifecycle(town, spoken)) == ("locked", "open")
    assert town.news(room).count("Nobody has written") == 1


async def test_a_host_keeps_a_cluster_or_lets_it_end_at_an_hour(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    assert "does not end because nobody writes" in await in_room(town, ann.user, room, "!zd keep")
    assert state(town, room, CLUSTER_STATE)["ttl"] == {"idle": False, "hard_ts": None}
    await town.wait(60 * DAY)
    assert lifecycle(town, room) == "open"
    assert "ends on" in await in_room(town, ann.user, room, "!zd ends 3d")
    assert state(town, room, CLUSTER_STATE)["ttl"]["hard_ts"] > town.now
    assert "has no hour" in await in_room(town, ann.user, room, "!zd ends never")
    assert "at 22:00 (UTC)" in await in_room(town, ann.user, room, "!zd ends 22:00")
    await town.wait(DAY)
    assert lifecycle(town, room) == "locked"
    assert "Its time has come." in town.news(room)
    await bo.say("reopen")
    assert lifecycle(town, room) == "open"
    assert state(town, room, CLUSTER_STATE)["ttl"]["hard_ts"] is None
    await in_room(town, ann.user, room, "!zd keep off")
    refused = await in_room(town, ann.user, room, "!zd ends soon")
    assert "neither a length of time nor a time of day" in refused
    assert "!zd ends 3d" in refused
    assert "没有散场时间" in await in_room(town, ann.user, room, "!扎堆 散场 取消")


async def test_a_host_says_whether_goods_may_be_offered(town: Town, line: list[Person]) -> None:
    ann, *_others = line
    room = await town.start(ann, HIKE)
    assert state(town, room, CLUSTER_STATE)["commerce"] is True
    assert "No goods" in await in_room(town, ann.user, room, "!zd commerce off")
    assert state(town, room, CLUSTER_STATE)["commerce"] is False
    assert "可以" in await in_room(town, ann.user, room, "!扎堆 买卖 开")
    assert state(town, room, CLUSTER_STATE)["commerce"] is True


# -- on every database, and however often it is told ----------------------------------------------------------------


async def test_the_last_hour_of_talk_is_kept_and_the_hours_before_it_are_not(either_town: Town) -> None:
    town = either_town
    ann, bo = [await town.arrive(name) for name in ("ann", "bo")]
    await town.befriend(ann, bo)
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    await town.say(bo.user, room, "hello")
    await town.wait(2 * HOUR)
    await town.say(bo.user, room, "hello?")
    await town.wait(3 * DAY)
    await town.database.write(lambda connection: talk.forget_old(connection, town.now))
    assert len(await town.rows("cluster_talk")) == 1
    await town.wait(3 * DAY + 12 * HOUR)
    assert lifecycle(town, room) == "open"
    assert "Loud: 100 %" in await ann.say("stats")
    await town.wait(13 * HOUR)
    assert lifecycle(town, room) == "locked"
    assert "is open again" in await bo.say("reopen")
    pinned_by_ann = await town.say(ann.user, room, "at nine")
    await town.say(ann.user, room, "!zd pin", reply_to=pinned_by_ann)
    await ann.say("club Outdoors")
    assert "is in the club Outdoors" in await ann.say("club add 1")
    await ann.say("cap 2")
    await ann.say("bud")
    assert town.cluster_room(f"{HIKE} 2")


async def test_what_is_told_twice_happens_once(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.twice = True
    room = await town.start(ann, HIKE)
    await in_room(town, ann.user, room, "!zd cap 2")
    ann.news()
    await come(town, room, bo)
    assert ann.news().count("is full") == 1
    assert (await in_room(town, ann.user, room, "!zd bud")).count("is opening") == 1
    assert len([one for one in town.rooms_made() if one.creation and one.creation.name == f"{HIKE} 2"]) == 1
    await town.wait(7 * DAY + HOUR + MINUTE)
    assert town.news(room).count("Nobody has written") == 1


async def test_who_is_forgotten_leaves_clubs_that_go_on_without_him(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await come(town, room, bo)
    await in_room(town, ann.user, room, "!zd club Outdoors")
    await ann.say("forget")
    await ann.say("yes")
    assert [row["owner"] for row in await town.rows("cluster_club")] == [None]
    assert "You are invited into the club Outdoors." in await bo.say("club")
