"""Bills when people do what nobody expects: in threads, at once, twice, too late, on their way out."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from laiwang_bridge.payments.audit import audit
from tests.unit.laiwang_bridge.features.table import Table, Three, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, MINUTE, PAY_BOT, Person, Town

CARD = "· #1"
OWED = {"ann": 8000, "bo": -4000, "cat": -4000}


@pytest_asyncio.fixture
async def people(town: Town) -> Three:
    """Bo has a chat with the bot for bills."""
    ann, cat = town.stranger("ann"), town.stranger("cat")
    bo = await town.arrive("bo", bot=PAY_BOT)
    return Person(town, ann, bo.chat), bo, Person(town, cat, bo.chat)


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """By day, and Ann is the host."""
    table = await Table.of(town, *people)
    await town.state(table.room, people[0].user, "m.room.power_levels", {"users": {people[0].user: 100}})
    wait_for_afternoon(town)
    return table


def said_since(table: Table, before: int) -> list[dict[str, Any]]:
    return table.town.rooms[table.room].messages_of(PAY_BOT)[before:]


async def test_all_that_happens_in_a_thread_is_answered_there(table: Table, people: Three, town: Town) -> None:
    ann, bo, cat = people
    root = await town.say(ann.user, table.room, "the dinner of yesterday")
    thread = {"rel_type": "m.thread", "event_id": root}
    await table.say(ann, "AA 120 EUR dinner @bo @cat every month", relation=thread)
    line = table.last
    before = len(town.rooms[table.room].messages_of(PAY_BOT))
    await table.tap(ann, CARD, "✅")  # she is owed: a refusal
    await table.tap(bo, CARD, "❌")
    await table.edit(ann, line, "AA 90 EUR dinner @bo @cat")
    await table.edit(ann, line, "AA 90 EUR dinner @bo=90 @cat=90")
    await table.say(cat, "!aa balance", relation=thread)
    await table.say(cat, "!aa paid #7", relation=thread)
    await table.tap(cat, CARD, "✅")
    picture = {"msgtype": "m.image", "body": "receipt.jpg", "url": "mxc://town/1"}
    reply = {"m.relates_to": thread | {"m.in_reply_to": {"event_id": table.message(CARD)}}}
    await town.send(bo.user, table.room, "m.room.message", picture | reply)
    await town.send(ann.user, table.room, "m.room.redaction", {"redacts": line})
    await table.tap(cat, "was removed", "🗑")
    await town.wait(HOUR)
    assert "Receipt" in table.card(1)
    said = [
        one for one in said_since(table, before)
        if one["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"
    ]  # fmt: skip
    assert len(said) >= 8
    outside = [one["content"]["body"] for one in said if one["content"].get("m.relates_to", {}).get("event_id") != root]
    assert outside == []
    assert "may change it" in str(said)
    await town.wait(31 * DAY)
    [again] = [one for one in said_since(table, before) if "· #2" in one["content"]["body"]]
    assert again["content"]["m.relates_to"]["event_id"] == root, "what comes again comes where it began"


async def test_who_leaves_with_open_debts_is_told_and_can_still_pay(table: Table, people: Three, town: Town) -> None:
    ann, bo, cat = people
    await table.say(ann, "AA 120 EUR dinner @bo @cat")
    bo.news()
    await town.member(table.room, cat.user, "leave")
    assert await table.owed() == OWED
    await table.say(ann, f"!aa received {cat.user} 40")
    assert await table.owed() == {"ann": 4000, "bo": -4000}
    await town.member(table.room, bo.user, "leave", by=ann.user)
    said = bo.news()
    assert "What is open there stays open, and can still be settled" in said
    assert "you owe €40.00 (€40.00 to Ann)" in said
    assert "the other one is told" in await bo.tap("stays open", "1️⃣")
    await town.wait(2 * MINUTE)
    assert table.shows("has paid you").startswith("Ann: bo says that he has paid you €40.00 for “dinner” (#1).")
    await table.tap(ann, "has paid you", "👍")
    assert await table.owed() == {}
    await town.member(table.room, bo.user, "invite", by=ann.user)
    await town.member(table.room, bo.user, "leave")
    assert "left a room" not in bo.news(), "who is even has nothing to hear"


async def test_edits_at_once_are_all_in_the_history_and_the_last_one_counts(
    table: Table, people: Three, town: Town
) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "AA 120 EUR dinner @bo @cat")
    line = table.last
    for amount in (90, 60, 150):
        new = {"msgtype": "m.text", "body": f"AA {amount} EUR dinner @bo @cat"}
        edit = {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": line}}
        town.homeserver.push(table.room, ann.user, "m.room.message", edit)
        town.homeserver.push(
            table.room, ann.user, "m.room.message", {"msgtype": "m.text", "body": "!aa edit 1 amount 30"}
        )
    town.twice = True
    await town.settle()
    assert "dinner: €30.00 · #1" in table.card(1)
    assert await table.owed() == {"ann": 2000, "bo": -1000, "cat": -1000}
    history = await table.say(ann, "!aa history 1")
    assert history.count("total") == 6
    assert (await town.database.read(audit)).faults == ()


async def test_an_answer_that_comes_after_the_bill_was_made_void_changes_nothing(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 120 EUR dinner @bo @cat")
    await table.tap(bo, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    await table.say(ann, "!aa edit 1 amount 90")
    await table.say(ann, "!aa void 1")
    await table.tap(ann, "Go on?", "✅")
    assert "Void" in table.card(1)
    assert await table.owed() == {"ann": -4000, "bo": 4000}, "what was paid is a credit"
    assert await table.tap(bo, CARD, "✅") == "", "a void bill has no buttons"
    assert "void" in await table.say(bo, "!aa paid #1")


async def test_the_same_tap_twice_is_one_and_holds_until_both_are_taken_back(
    table: Table, people: Three, town: Town
) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 120 EUR dinner @bo @cat")
    first = await town.react(bo.user, table.room, table.message(CARD), "✅")
    town.news(table.room)
    second = await town.react(bo.user, table.room, table.message(CARD), "✅")
    assert town.news(table.room) == ""
    await town.send(bo.user, table.room, "m.room.redaction", {"redacts": first})
    assert "🕓 Bo" in table.card(1)
    await town.send(bo.user, table.room, "m.room.redaction", {"redacts": second})
    assert "⏳ Bo" in table.card(1)


async def test_a_thumb_taken_away_for_the_next_payment_takes_nothing_out_of_the_books(
    table: Table, people: Three, town: Town
) -> None:
    """Clients take a reaction away when it is tapped again."""
    ann, bo, cat = people
    await table.say(ann, "AA 120 EUR dinner @bo @cat")
    await table.tap(bo, CARD, "✅")
    thumb = await town.react(ann.user, table.room, table.message(CARD), "👍")
    await table.tap(cat, CARD, "✅")
    town.news(table.room)
    await town.send(ann.user, table.room, "m.room.redaction", {"redacts": thumb})
    assert "Tap 👍 again when it has come from Cat" in town.news(table.room)
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {}


async def test_three_months_away_are_one_message_and_one_card(table: Table, people: Three, town: Town) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "AA 3 EUR coffee @bo @cat every day")
    before = len(town.rooms[table.room].messages_of(PAY_BOT))
    await town.wait(90 * DAY)
    said = said_since(table, before)
    late = [one["content"]["body"] for one in said if "for I was away" in one["content"]["body"]]
    assert len(late) == 1
    assert "12 bills are late" in late[0]
    assert "78 older dates were left out" in late[0]
    assert len([one for one in said if "coffee: €3.00" in one["content"]["body"]]) == 1
    assert len(await table.bills()) == 13


async def test_a_bill_comes_at_nine_by_the_clock_on_the_wall_in_summer_and_in_winter(
    table: Table, people: Three, town: Town
) -> None:
    ann, _bo, _cat = people
    town.now = 1_711_360_800_000 - 12 * HOUR  # 24 March 2024, 22:00 UTC; clocks change in Berlin on the 31st
    assert "Europe/Berlin" in await (await town.arrive("ann")).say("timezone Europe/Berlin")
    await table.say(ann, "AA 30 EUR flat on 2024-01-31 @bo every month")
    rows = {row["key"]: row["due_at"] for row in await town.rows("inbox_timer") if "series" in row["key"]}
    assert list(rows.values()) == [1_711_868_400_000], "31 March, 9:00 in summer time"
    await town.wait(8 * DAY)
    rows = {row["key"]: row["due_at"] for row in await town.rows("inbox_timer") if "series" in row["key"]}
    assert list(rows.values()) == [1_714_460_400_000], "30 April, and not the 31st"
