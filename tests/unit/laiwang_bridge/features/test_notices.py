"""Each of the two hears what the other has said about a payment: by one message, that disturbs nobody else."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three, two_with_chats, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, MINUTE, PAY_BOT, Person, Town

CARD = "· #1"


@pytest_asyncio.fixture
async def people(town: Town) -> Three:
    return await two_with_chats(town)


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """It is three in the afternoon in Ann's part of the world."""
    table = await Table.of(town, *people)
    wait_for_afternoon(town)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    return table


def last_message(town: Town, room: str, part: str) -> dict[str, Any]:
    said = [event["content"] for event in town.rooms[room].messages_of(PAY_BOT)]  # type: ignore[index]
    return next(content for content in reversed(said) if part in content["body"])


async def test_whoever_gets_money_is_told_once_of_all_that_was_claimed(table: Table, people: Three, town: Town) -> None:
    ann, bo, cat = people
    await table.tap(bo, CARD, "✅")
    await table.tap(cat, CARD, "✅")
    town.news(table.room)
    assert ann.news() == "", "what comes within a minute is one message"
    await town.wait(MINUTE)
    said = ann.news()
    assert "Bo says that he has paid you €40.00 for “dinner” (#1)" in said
    assert "Cat says that he has paid you €40.00 for “dinner” (#1)" in said
    assert last_message(town, ann.chat, "Bo says")["m.mentions"] == {"user_ids": [ann.user]}
    assert town.news(table.room) == "", "nobody else is disturbed"
    assert "I have told" in await ann.tap("About money", "1️⃣")
    assert "✅ Bo has paid you €40.00" in ann.reads("About money")
    assert ann.buttons("About money") == {"2️⃣"}
    await table.tap(ann, CARD, "👍")
    assert "✅ Cat has paid you €40.00" in ann.reads("About money"), "what is answered elsewhere does not wait here"
    assert ann.buttons("About money") == set()


async def test_many_claims_are_few_messages(town: Town, people: Three) -> None:
    ann, *others = people[0], *(Person(town, town.stranger(f"guest{number}"), people[0].chat) for number in range(12))
    table = await Table.of(town, ann, *others)
    town.now += 17 * HOUR - (town.now % DAY)
    await table.say(ann, "!aa 130 EUR dinner")
    for guest in others:
        await table.tap(guest, CARD, "✅")
        await town.wait(20_000)
    await town.wait(2 * HOUR)
    told = [body for body in ann.news().split("\n\n") if "paid you" in body]
    assert len(told) == 2
    assert "and one more" not in told[0]


async def test_a_claim_that_was_taken_back_or_confirmed_at_once_is_told_to_nobody(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, cat = people
    tap = await town.react(bo.user, table.room, table.message(CARD), "✅")
    await town.send(bo.user, table.room, "m.room.redaction", {"redacts": tap})
    await table.tap(cat, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    await town.wait(HOUR)
    assert "paid you" not in ann.news()
    assert "has got" not in bo.news() + town.news(table.room)


async def test_who_has_no_chat_is_mentioned_in_the_room_alone(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, *people)
    town.now += 17 * HOUR - (town.now % DAY)
    await table.say(cat, "AA 80 EUR taxi @bo")
    await table.tap(bo, CARD, "✅")
    await town.wait(2 * MINUTE)
    assert "Cat: Bo says that he has paid you €40.00 for “taxi” (#1). Has it come?" in table.shows("has paid you")
    content = last_message(town, table.room, "has paid you")
    assert content["m.mentions"] == {"user_ids": [cat.user]}
    assert content["msgtype"] == "m.text"
    await table.tap(ann, "has paid you", "👍")
    assert await table.owed() == {"cat": 4000, "bo": -4000}, "only whoever gets it can say so"
    await table.tap(cat, "has paid you", "👎")
    assert "Cat says that €40.00 for “taxi” (#1) from you has not come" not in bo.news()
    await town.wait(2 * MINUTE)
    assert "❗ Cat says that €40.00 for “taxi” (#1) from you has not come." in bo.news()
    assert "⏳ Bo: €40.00" in table.card(1)


async def test_the_debtor_hears_that_it_has_come_unless_he_has_just_said_so(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, cat = people
    await table.tap(bo, CARD, "✅")
    await table.tap(cat, CARD, "✅")
    await town.wait(HOUR)
    bo.news()
    town.news(table.room)
    await table.tap(ann, CARD, "👍")
    await town.wait(2 * MINUTE)
    assert "✅ Ann has got €40.00 for “dinner” (#1) from you." in bo.news()
    assert last_message(town, bo.chat, "Ann has got")["msgtype"] == "m.notice", "good news rings nowhere"
    assert "has got" not in town.news(table.room), "who has no chat sees it on the card"
    await table.say(ann, "!aa unreceived #1 @bo")
    await town.wait(HOUR)
    assert "was taken out of the books again" in bo.news()


async def test_nobody_is_told_in_his_quiet_hours_or_if_he_wants_no_reminders(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, cat = people
    await (await town.arrive("ann")).say("hours 15:00-20:00")
    await table.tap(bo, CARD, "✅")
    await town.wait(HOUR)
    assert "paid you" not in ann.news()
    await town.wait(4 * HOUR)
    assert "Bo says that he has paid you" in ann.news()
    await ann.say("!aa no reminders")
    await table.tap(cat, CARD, "✅")
    await town.wait(12 * HOUR)
    assert "paid you" not in ann.news()


async def test_where_one_word_is_enough_the_payee_hears_of_it(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 100}})
    await table.say(ann, "!aa settings confirm one")
    await table.tap(bo, CARD, "✅")
    await town.wait(2 * MINUTE)
    assert "✅ Bo has paid you €40.00 for “dinner” (#1)." in ann.news()


async def test_a_payment_of_a_plan_is_told_and_answered_in_the_chat(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    await table.say(ann, "!aa settle")
    await table.tap(bo, "To settle up", "1️⃣")
    await town.wait(2 * MINUTE)
    assert "Bo says that he has paid you €40.00. Has it come?" in ann.news()
    assert "I have told" in await ann.tap("paid you", "👍")
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_a_void_bill_takes_its_question_back(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await town.wait(2 * MINUTE)
    assert ann.buttons("paid you") == {"👍", "👎"}
    await table.say(ann, "!aa void 1")
    assert ann.buttons("paid you") == set()


async def test_notices_are_chinese_too_and_go_with_the_person(table: Table, people: Three, town: Town) -> None:
    ann, bo, _cat = people
    with_the_other_bot = await town.arrive("ann")
    await with_the_other_bot.say("language zh")
    await table.tap(bo, CARD, "✅")
    await town.wait(2 * MINUTE)
    assert "Bo 说已经付给你" in ann.news()
    await with_the_other_bot.say("forget")
    await with_the_other_bot.say("是")
    assert await town.rows("pay_claim_notice") == []
