"""Private lists of friends, and how one is seen: told to their owner alone."""

from __future__ import annotations

import pytest

from tests.unit.laiwang_bridge.features.test_about_me import exported
from tests.unit.laiwang_bridge.features.town import BOT, HOUR, MINUTE, Person, Town


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


@pytest.fixture
async def amy(town: Town, lin: Person) -> Person:
    amy = await town.arrive("amy")
    await town.befriend(lin, amy)
    return amy


@pytest.fixture
async def bo(town: Town, lin: Person, amy: Person) -> Person:
    bo = await town.arrive("bo")
    await town.befriend(lin, bo)
    return bo


async def test_a_list_is_made_by_putting_somebody_on_it(lin: Person, amy: Person, bo: Person) -> None:
    assert await lin.say("group family @amy:town @bo:town") == "family (2): Amy and Bo"
    assert await lin.say("lists") == "- family (2): Amy and Bo"
    assert "1. Amy @amy:town · family" in await lin.say("friends")
    assert amy.news() == ""


async def test_a_list_is_the_same_in_any_case_and_width(town: Town, lin: Person, amy: Person, bo: Person) -> None:
    await lin.say("group Family @amy:town")
    await lin.say("group ＦＡＭＩＬＹ @bo:town")
    assert (await lin.say("lists")).startswith("- Family (2): ")
    assert await town.count("friend_list") == 1


async def test_friends_may_be_named_by_number_remark_or_name(lin: Person, amy: Person, bo: Person) -> None:
    assert "(1): Amy" in await lin.say("group one 1")
    assert "(1): Bo" in await lin.say("group two bo")
    await lin.say("name 2 Old Bo")
    assert "(1): Old Bo" in await lin.say('group three "old bo"')


async def test_two_friends_of_one_name_are_told_apart_by_their_ids(town: Town, lin: Person, amy: Person) -> None:
    other = await town.arrive("amy", server="elsewhere")
    await town.befriend(lin, other)
    said = await lin.say("group family amy")
    assert "More than one of your friends is called “amy”" in said
    assert "@amy:town" in said
    assert "@amy:elsewhere" in said
    assert await town.count("friend_list") == 0


async def test_only_friends_come_on_a_list(town: Town, lin: Person) -> None:
    await town.arrive("dan")
    for whom in ("@dan:town", "@nobody:town", "7", "dan"):
        said = await lin.say(f"group family {whom}")
        assert said == f"{whom} is not among your friends.\nfriends"
    assert await town.count("friend_list") == 0


@pytest.mark.parametrize("name", ["work", "Office", "同事"])
async def test_a_list_for_work_begins_quiet(lin: Person, amy: Person, name: str) -> None:
    said = await lin.say(f"group {name} @amy:town")
    assert said.startswith(f"{name} · quiet (1): Amy") or said.startswith(f"{name} · 隐身")
    assert "usual" in said or "照常" in said


async def test_the_exposure_of_a_list_can_be_chosen(lin: Person, amy: Person) -> None:
    assert await lin.say("group work quiet @amy:town") == "work · quiet (1): Amy"
    assert await lin.say("group work loud") == "work · loud (1): Amy"
    assert await lin.say("group work usual") == "work (1): Amy"
    assert await lin.say("分组 work 隐身") == "work · 隐身（1 人）：Amy"


async def test_people_come_off_a_list_and_lists_go(town: Town, lin: Person, amy: Person, bo: Person) -> None:
    await lin.say("group family @amy:town @bo:town")
    assert await lin.say("ungroup family @amy:town") == "family (1): Bo"
    assert "The list family is gone." in await lin.say("ungroup FAMILY")
    assert (await lin.say("ungroup family")) == "You have no list family.\nlists"
    assert "2. Bo" in await lin.say("friends")
    assert await town.count("friend_list_member") == 0


async def test_a_list_can_be_renamed_but_not_into_another(lin: Person, amy: Person) -> None:
    await lin.say("group family @amy:town")
    await lin.say("group school")
    assert await lin.say("regroup family home") == "family is called home now."
    assert await lin.say("regroup home Home") == "home is called Home now."
    assert await lin.say("regroup Home school") == "You have a list school already."
    assert "Home (1): Amy" in await lin.say("lists")


async def test_a_friendship_that_ends_leaves_the_lists(town: Town, lin: Person, amy: Person) -> None:
    await lin.say("group family @amy:town")
    await amy.say("group family @lin:town")
    await lin.say("unfriend @amy:town")
    assert await town.count("friend_list_member") == 0
    assert await lin.say("lists") == "- family: nobody yet"


async def test_without_a_list_the_answer_says_how_to_begin(lin: Person) -> None:
    assert await lin.say("lists") == (
        "You have no lists yet. Only you see them; many people have family, classmates, and work. You can begin:\n"
        "group family @name:example.org"
    )
    assert "分组 家人 @name:example.org" in await lin.say("分组列表")


@pytest.mark.parametrize("name", ["@amy:town", '""', "x" * 41])
async def test_a_name_must_be_one(town: Town, lin: Person, amy: Person, name: str) -> None:
    said = await lin.say(f"group {name}")
    assert "list" in said or "empty" in said
    assert await town.count("friend_list") == 0


async def test_lists_are_not_shown_where_others_read(town: Town, lin: Person, amy: Person) -> None:
    hall = await town.gather(lin, amy)
    for command in (
        "lists",
        "group family @amy:town",
        "mute @amy:town",
        "name @amy:town x",
        "knock @amy:town",
        "hours",
    ):
        await town.wait(MINUTE)
        await town.say(lin.user, hall, f"!lw {command}")
        assert town.news(hall) == f"That is for the two of us alone: open a direct chat with {BOT} and write it there."


async def test_the_export_holds_lists_and_settings(town: Town, lin: Person, amy: Person) -> None:
    await lin.say("group work @amy:town")
    await lin.say("name @amy:town 小林")
    await lin.say("mute @amy:town")
    await lin.say("exposure quiet")
    mine = (await exported(lin))["people"]
    assert mine["lists"] == [{"name": "work", "exposure": "quiet", "friends": ["@amy:town"]}]
    assert mine["remarks"] == [{"user": "@amy:town", "remark": "小林"}]
    assert mine["muted"] == ["@amy:town"]
    assert mine["exposure"] == "quiet"
    assert mine["hours"]["quiet_from"] is not None
    theirs = (await exported(amy))["people"]
    assert (theirs["lists"], theirs["remarks"], theirs["muted"]) == ([], [], [])


async def test_whoever_is_forgotten_leaves_nothing_on_lists(town: Town, lin: Person, amy: Person) -> None:
    await lin.say("group family @amy:town")
    await lin.say("name @amy:town 小林")
    await lin.say("mute @amy:town")
    await amy.say("forget")
    await amy.say("yes")
    for table in ("friend_list_member", "remark", "mute"):
        assert await town.count(table) == 0
    await lin.say("forget")
    await lin.say("yes")
    for table in ("friend_list", "habit", "person"):
        assert await town.count(table) == 0


async def test_how_to_be_seen_is_chosen_once_and_asked_until_then(lin: Person) -> None:
    assert "I ask you" in await lin.say("exposure")
    assert "you are loud" in await lin.say("exposure loud")
    assert "you are quiet" in await lin.say("exposure quiet")
    assert "you are quiet" in await lin.say("exposure")
    amy = await lin.town.arrive("amy")
    assert "隐身" in await amy.say("露面 隐身")
    await lin.say("group work")
    assert "Quiet where friends of these lists could see you: work." in await lin.say("exposure ask")


async def test_new_friends_see_old_clusters_only_if_one_lets_them(lin: Person) -> None:
    assert "only clusters that are younger" in await lin.say("newfriends")
    assert "older than your friendship" in await lin.say("newfriends yes")
    assert "older than your friendship" in await lin.say("newfriends")
    assert "之后" in await lin.say("新朋友 不")


async def test_lists_remarks_mutes_and_knocks_on_either_database(either_town: Town) -> None:
    lin, amy, bo = [await either_town.arrive(name) for name in ("lin", "amy", "bo")]
    await either_town.befriend(amy, lin, bo)
    assert await lin.say("group work @amy:town") != ""
    assert await lin.say("name 1 Old May") == "You call Amy Old May. Nobody else sees that."
    assert "any more" in await lin.say("mute 1")
    assert "1. Old May (Amy) @amy:town · work, muted" in await lin.say("friends")
    await either_town.wait(12 * HOUR)
    assert "You have knocked" in await lin.say("knock @bo:town hello")
    assert "knocks and says: “hello”" in bo.news()
    assert "are friends now" in await bo.say("yes 1")
    assert "at 20:00" in await lin.say("digest 8pm")
    await lin.say("unfriend @amy:town")
    assert await either_town.count("friend_list_member") == 0
    await lin.say("forget")
    await lin.say("yes")
    for table in ("friend_list", "remark", "mute", "friend_request"):
        assert await either_town.count(table) == 0
