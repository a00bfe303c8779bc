"""What people call each other for themselves, and whom they do not see."""

from __future__ import annotations

import pytest

from tests.unit.laiwang_bridge.features.town import Person, Town


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


@pytest.fixture
async def amy(town: Town, lin: Person) -> Person:
    amy = await town.arrive("amy")
    await town.befriend(lin, amy)
    return amy


async def test_a_remark_is_what_its_writer_reads_and_nobody_else(town: Town, lin: Person, amy: Person) -> None:
    assert await lin.say("name @amy:town Auntie") == "You call Amy Auntie. Nobody else sees that."
    assert "1. Auntie (Amy) @amy:town" in await lin.say("friends")
    assert await amy.say("friends") == "You have 1 friend.\n1. Lin @lin:town"
    assert amy.news() == ""
    bo = await town.arrive("bo")
    await town.befriend(bo, amy)
    assert "1. Amy @amy:town" in await bo.say("friends")


async def test_a_remark_can_be_read_changed_and_taken_away(lin: Person, amy: Person) -> None:
    assert await lin.say("name @amy:town") == (
        'You call Amy by their own name. To change that:\nname @amy:town "Auntie May"'.replace('"', "")
    )
    await lin.say("name @amy:town Old May")
    assert await lin.say('name "Old May"') == "You call Amy Old May. Nobody else sees that."
    assert await lin.say('unname "Old May"') == "You call Amy by their own name again."
    assert "1. Amy @amy:town" in await lin.say("friends")


async def test_in_chinese(lin: Person, amy: Person) -> None:
    assert await lin.say("备注 @amy:town 小林") == "Amy 的备注是“小林”，只有你看得到。"
    assert "1. 小林 (Amy) @amy:town" in await lin.say("好友")
    assert await lin.say("取消备注 小林") == "Amy 的备注已取消。"
    assert "不会再因为 Amy 看到扎堆" in await lin.say("不看他 @amy:town")


async def test_a_remark_cannot_pass_for_something_else(lin: Person, amy: Person) -> None:
    await lin.say("name @amy:town  **Boss**\n\u202e x")
    assert "1. **Boss** x (Amy) @amy:town" in await lin.say("friends")


async def test_a_remark_that_is_too_long_is_not_taken(town: Town, lin: Person, amy: Person) -> None:
    assert "60 is the most" in await lin.say("name @amy:town " + "x" * 61)
    assert await town.count("remark") == 0


async def test_cards_about_friendship_use_the_remark(lin: Person, amy: Person) -> None:
    await lin.say("name @amy:town Old May")
    await lin.say("unfriend @amy:town")
    await amy.say(await lin.code())
    assert "Old May (@amy:town) typed your code." in lin.news()


async def test_somebody_muted_is_still_a_friend_and_not_told(town: Town, lin: Person, amy: Person) -> None:
    said = await lin.say("mute @amy:town")
    assert said.startswith("You see no clusters through Amy any more.")
    assert "`unmute @amy:town` undoes it." in said
    assert "1. Amy @amy:town · muted" in await lin.say("friends")
    assert amy.news() == ""
    assert "You see clusters through Amy again." in await lin.say("unmute @amy:town")
    assert await lin.say("unmute @amy:town") == "Amy is not muted."
    assert await town.count("mute") == 0


async def test_a_mute_takes_clusters_away_and_gives_them_back(town: Town, lin: Person, amy: Person) -> None:
    await amy.say("exposure loud")
    await town.start(amy, "hike")
    assert lin.sees("hike")
    await lin.say("不看他 @amy:town")
    lin.news()
    assert "hike" not in await lin.say("!zd list")
    await lin.say("看他 @amy:town")
    assert "hike" in await lin.say("!zd list")


async def test_a_cluster_is_shown_by_the_names_that_one_uses(town: Town, lin: Person, amy: Person) -> None:
    bo = await town.arrive("bo")
    await town.befriend(amy, bo)
    await lin.say("name @amy:town Old May")
    await amy.say("exposure loud")
    await town.start(amy, "hike")
    assert lin.reads("hike").startswith("Old May is talking about “hike”")
    assert bo.reads("hike").startswith("Amy is talking about “hike”")
