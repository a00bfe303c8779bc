"""Reminders of open shares: after a day, ever more seldom, in one's own chat, once a day, never in quiet hours."""

from __future__ import annotations

import pytest
import pytest_asyncio

from laiwang_bridge.config_payments import Payments
from tests.unit.laiwang_bridge.features.table import Table, Three, two_with_chats, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, PAY_BOT, Town, open_town

WAITS = "still waits for you"


@pytest_asyncio.fixture
async def people(town: Town) -> Three:
    return await two_with_chats(town)


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """It is three in the afternoon, so that a day later nobody sleeps."""
    table = await Table.of(town, *people)
    wait_for_afternoon(town)
    await table.say(people[0], "AA 80 dinner @bo")
    return table


async def test_a_day_later_he_is_reminded_in_his_own_chat(table: Table, people: Three, town: Town) -> None:
    _ann, bo, _cat = people
    await town.wait(DAY - 2 * HOUR)
    assert bo.news() == ""
    await town.wait(3 * HOUR)
    said = bo.news()
    assert WAITS in said
    assert "€40.00 to Ann for “dinner” (#1)" in said
    assert WAITS not in town.news(table.room), "nobody else is told"


async def test_reminders_come_ever_more_seldom_and_end(table: Table, people: Three, town: Town) -> None:
    _ann, bo, _cat = people
    days = []
    for day in range(30):
        await town.wait(DAY)
        if WAITS in bo.news():
            days.append(day + 1)
    assert days == [1, 3, 7, 14]


async def test_a_tap_in_the_chat_says_that_it_is_paid(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    await town.wait(DAY)
    assert "I have told" in await bo.tap(WAITS, "1️⃣")
    await table.tap(ann, "· #1", "👍")
    assert await table.owed() == {}
    await town.wait(20 * DAY)
    assert WAITS not in bo.news()


async def test_whoever_gets_the_money_is_asked_a_day_after_it_was_claimed(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, _cat = people
    await table.tap(bo, "· #1", "✅")
    await town.wait(DAY + HOUR)
    assert "Bo says that he has paid you €40.00" in ann.news()
    assert WAITS not in bo.news()
    await ann.tap(WAITS, "1️⃣")
    assert await table.owed() == {}


async def test_all_that_waits_comes_in_one_message_a_day(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    other = await Table.of(town, ann, bo)
    await town.wait(2 * HOUR)
    await other.say(ann, "AA 20 taxi @bo")
    counts = []
    for _day in range(8):
        await town.wait(DAY)
        counts.append(bo.news().count(WAITS))
    assert max(counts) == 1
    assert sum(counts) >= 3


async def test_a_reminder_says_how_to_pay_and_how_to_have_no_more(table: Table, people: Three, town: Town) -> None:
    _ann, bo, _cat = people
    await town.wait(DAY + HOUR)
    said = bo.news()
    assert "How to pay: `how`" in said
    assert "No more reminders: `reminders off`" in said
    assert await bo.say("Do not remind me") == "I do not remind you any more."
    assert await bo.say("别再提醒我") == "我不再提醒你。"


async def test_what_another_part_of_the_bot_calls_the_same_is_told_apart_by_the_rest(town: Town) -> None:
    dan = await town.arrive("dan")
    assert await dan.say("no reminders") == "I do not remind you any more."
    assert "not a whole number" in await dan.say("no thanks")
    assert "remind" not in await dan.say("no 1")


async def test_nobody_is_reminded_in_his_quiet_hours(table: Table, people: Three, town: Town) -> None:
    _ann, bo, _cat = people
    with_the_other_bot = await town.arrive("bo")
    await with_the_other_bot.say("hours 15:00-20:00")
    await town.wait(DAY + HOUR)
    assert WAITS not in bo.news()
    await town.wait(4 * HOUR)
    assert WAITS in bo.news()


async def test_who_has_no_chat_is_mentioned_once_in_the_room(table: Table, people: Three, town: Town) -> None:
    ann, _bo, cat = people
    await table.say(ann, "AA 30 tea @cat")
    town.news(table.room)
    await town.wait(DAY + HOUR)
    said = town.news(table.room)
    assert "Cat, this still waits for you" in said
    assert "€15.00 for “tea” (#2)" in said
    mention = next(
        event["content"]["m.mentions"]
        for event in reversed(town.rooms[table.room].messages_of(PAY_BOT))
        if WAITS in event["content"]["body"]
    )
    assert mention == {"user_ids": [cat.user]}


async def test_who_wants_no_reminders_gets_none(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    assert "do not remind" in await bo.say("!aa no reminders")
    await table.tap(ann, "· #1", "🔔")
    await town.wait(20 * DAY)
    assert WAITS not in bo.news()
    assert "I remind you" in await bo.say("!aa reminders on")
    await table.say(ann, "AA 10 ice @bo")
    await town.wait(DAY)
    assert WAITS in bo.news()


async def test_the_author_can_have_nobody_reminded_of_a_bill(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    assert "Only whoever made the bill" in await table.say(bo, "!aa no reminders #1")
    assert "Nobody is reminded" in await table.say(ann, "!aa no reminders #1")
    await town.wait(20 * DAY)
    assert WAITS not in bo.news()


async def test_a_reminder_can_be_asked_for_once_a_day(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    assert "I remind Bo" in await table.tap(ann, "· #1", "🔔")
    assert WAITS in bo.news()
    assert "last 24 hours" in await table.say(ann, "!aa remind 1")
    await town.wait(DAY + HOUR)
    assert "I remind Bo" in await table.say(ann, "remind", reply_to=table.message("· #1"))
    assert bo.news().count(WAITS) <= 1, "the one of the first day and the one that was asked for are one"


async def test_who_is_even_or_disputes_is_not_reminded(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    await table.say(bo, "AA 100 gift @ann")
    await town.wait(DAY + HOUR)
    assert WAITS not in bo.news(), "what he has paid for Ann is more than what he owes her"
    assert WAITS in ann.news()
    await table.tap(ann, "· #2", "❌")
    await town.wait(20 * DAY)
    assert WAITS not in ann.news()


async def test_a_chat_with_the_other_bot_will_do(table: Table, people: Three, town: Town) -> None:
    dan = await town.arrive("dan")
    other = await Table.of(town, people[0], dan)
    await other.say(people[0], "AA 60 book @dan")
    await town.wait(DAY)
    assert WAITS in dan.news()
    assert WAITS not in town.news(other.room)


async def test_a_room_chooses_when_it_reminds(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    assert "Only hosts" in await table.say(bo, "!aa set reminders 2 5")
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 100}})
    assert "reminders: 1 3 7 14" in (await table.say(ann, "!aa settings")).replace("`", "")
    for wrong in ("0", "400", "1 3 soon", "-1", "1.5", " ".join(map(str, range(1, 12)))):
        assert "!aa settings reminders 1 3 7 14" in await table.say(ann, f"!aa set reminders {wrong}")
    assert "reminders: 2 5" in (await table.say(ann, "!aa set reminders 5, 2")).replace("`", "")
    days = []
    for day in range(20):
        await town.wait(DAY)
        if WAITS in bo.news():
            days.append(day + 1)
    assert days == [2, 5]


async def test_a_room_that_reminds_no_more_or_later_reminds_of_nothing_twice(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, _cat = people
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 100}})
    await town.wait(DAY)
    assert WAITS in bo.news()
    assert "提醒：关" in (await table.say(ann, "!记账 设置 提醒 关")).replace("`", "")
    await town.wait(10 * DAY)
    assert WAITS not in bo.news()
    await table.say(ann, "!记账 设置 提醒 1、5、30天")
    await town.wait(2 * DAY)
    assert WAITS not in bo.news(), "what passed meanwhile is not made up for"
    await town.wait(18 * DAY)
    assert WAITS in bo.news()


@pytest.mark.parametrize(("chosen", "expected"), [((2,), [2]), ((), [])])
async def test_the_admin_chooses_when_rooms_remind(
    sqlite_url: str, chosen: tuple[int, ...], expected: list[int]
) -> None:
    async with open_town(sqlite_url, payments=Payments(reminder_days=chosen)) as town:
        ann, bo = await town.arrive("ann", bot=PAY_BOT), await town.arrive("bo", bot=PAY_BOT)
        table = await Table.of(town, ann, bo)
        wait_for_afternoon(town)
        await table.say(ann, "AA 80 dinner @bo")
        reminded = []
        for day in range(5):
            await town.wait(DAY)
            if WAITS in bo.news():
                reminded.append(day + 1)
        assert reminded == expected
