"""Settling up where something was said to be paid already: nothing is asked for, or booked, twice."""

from __future__ import annotations

import pytest_asyncio

from laiwang_bridge.payments.audit import audit
from tests.unit.laiwang_bridge.features.table import Table, Three, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, PAY_BOT, Town


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """Ann paid 90 for three."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 90 dinner @bo @cat")
    return table


async def test_what_was_said_to_be_paid_on_a_card_stands_in_the_plan(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.tap(cat, "· #1", "✅")
    assert "Cat → Ann: €30.00 · ⏳ paid, says Cat" in await table.say(ann, "!aa settle")
    assert "said so already" in await table.say(cat, "!aa settled 2")
    await table.tap(ann, "settle up", "2️⃣")
    assert await table.owed() == {"ann": 3000, "bo": -3000}
    assert "✅ Cat" in table.card(1), "it was the payment for the bill that came"
    await table.tap(bo, "· #1", "✅")
    assert "Bo → Ann: €30.00 · ⏳ paid" in table.shows("settle up"), "the plan that is shown hears of it too"
    await table.tap(ann, "· #1", "👍")
    assert "All is settled." in table.shows("Cat → Ann")
    assert (await table.town.database.read(audit)).faults == ()


async def test_a_new_plan_knows_what_was_said_of_the_last_one(table: Table, people: Three) -> None:
    ann, _bo, cat = people
    await table.say(cat, "!aa settle")
    await table.say(cat, "!aa settled 2")
    assert "Cat → Ann: €30.00 · ⏳ paid, says Cat" in await table.say(cat, "!aa settle")
    assert "said so already" in await table.say(cat, "!aa settled 2")
    assert "said so already" in await table.tap(cat, "· #1", "✅")
    await table.say(ann, "!aa received @cat")
    assert await table.owed() == {"ann": 3000, "bo": -3000}


async def test_a_part_that_was_paid_is_part_of_the_payment(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa pay @ann 10")
    assert "Bo → Ann: €30.00 · ⏳ €10.00 paid, says Bo" in await table.say(bo, "!aa settle")
    await table.say(bo, "!aa settled 1")
    assert "Bo → Ann: €30.00 · ⏳ paid, says Bo" in table.shows("settle up")
    await table.say(ann, "!aa settled 1")
    assert await table.owed() == {"ann": 3000, "cat": -3000}
    assert "Bo → Ann: €30.00 · ✅ paid" in table.shows("settle up")


async def test_what_was_said_twice_is_not_received_twice(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa pay @ann 30")
    await table.say(bo, "!aa pay @ann 30")
    said = await table.say(ann, "!aa received @bo")
    assert "Bo has said so more than once (€30.00 and €30.00)" in said
    assert "!aa received @bo:town 30.00" in said
    await table.say(ann, "!aa received @bo:town 30.00")
    assert await table.owed() == {"ann": 3000, "cat": -3000}
    assert "Ann: has it come?" in table.shows("€30.00 went to Ann"), "the other one still waits for a word"


async def test_nobody_is_reminded_of_what_he_says_to_have_settled(town: Town, people: Three) -> None:
    ann, bo, _cat = people
    bo = await town.arrive("bo", bot=PAY_BOT)
    wait_for_afternoon(town)
    table = await Table.of(town, ann, bo)
    await table.say(ann, "AA 60 dinner @bo")
    await table.say(bo, "!aa settle")
    await table.say(bo, "!aa settled 1")
    await town.wait(2 * DAY)
    assert "still waits" not in bo.news()


async def test_who_pays_for_whom_shows_on_the_cards_at_once(town: Town, people: Three) -> None:
    ann, bo, cat = people
    ann = await town.arrive("ann", bot=PAY_BOT)
    wait_for_afternoon(town)
    table = await Table.of(town, ann, bo, cat)
    await table.say(bo, "AA 60 zoo +Kid @ann @cat")
    await table.say(bo, "AA 20 ice +Kid")
    await table.say(ann, "!aa together +Kid @ann")
    assert "⏳ Ann: €30.00" in table.card(1), "whoever pays for both stands for both, wherever he is named"
    assert "Kid: €15.00, settled together" in table.card(1)
    await town.wait(2 * DAY)
    reminder = ann.news()
    assert "€30.00 to Bo for “zoo”" in reminder
    assert "€10.00 to Bo for “ice”" in reminder, "a guest's share is asked of whoever pays for him"
    assert "you owe €40.00 (€40.00 to Bo)" in await ann.say("owe")
    await table.tap(ann, "· #2", "✅")
    await table.tap(bo, "· #2", "👍")
    assert "✅ Kid" in table.card(2)
    await table.say(ann, "!aa apart +Kid")
    assert "⏳ Kid: €15.00" in table.card(1)
    assert "you owe €15.00" in await ann.say("owe")


async def test_what_is_paid_though_it_is_said_to_be_wrong_counts_as_paid(table: Table, people: Three) -> None:
    ann, _bo, cat = people
    await table.tap(cat, "· #1", "❌")
    assert "❗ Cat: €30.00, said to be wrong" in table.card(1)
    await table.tap(cat, "· #1", "✅")
    assert "❗ Cat: €30.00, said to be paid, and said to be wrong" in table.card(1)
    assert "Ann taps 👍 when it has come from Cat" in table.card(1)
    await table.tap(ann, "· #1", "👍")
    assert "❗ Cat: €30.00 paid, and said to be wrong" in table.card(1)
    assert "1/2 paid" in table.card(1)
    await table.say(cat, "!aa accept #1")
    assert "✅ Cat: €30.00 paid" in table.card(1)


async def test_where_ones_word_is_enough_it_is_taken_back_by_the_same_tap(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, ann, bo, cat)
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 50}})
    await table.say(ann, "!aa settings confirm one")
    await table.say(ann, "AA 90 dinner @bo @cat")
    tapped = await town.react(cat.user, table.room, table.message("· #1"), "✅")
    assert "✅ Cat: €30.00 paid" in table.card(1)
    await town.send(cat.user, table.room, "m.room.redaction", {"redacts": tapped})
    assert "⏳ Cat: €30.00" in table.card(1)
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}
    await table.say(ann, "!aa received #1 @cat")
    assert "whoever got the money takes it out again" in await table.say(cat, "!aa unpaid #1")
    assert (await town.database.read(audit)).faults == ()


async def test_of_several_who_paid_one_can_be_named(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(ann, "AA 90 trip @ann=10 @bo=10 @cat=70 paid by @ann=50, @bo=40")
    await table.say(cat, "!aa paid #2 @bo")
    await table.tap(bo, "· #2", "👍")
    assert await table.owed() == {"ann": 6000 + 4000, "bo": -3000, "cat": -3000 - 4000}
    assert "€40.00 of €70.00 still open" in table.card(2)
    assert "The money for bill #1 goes to Ann" in await table.say(cat, "!aa paid #1 @bo 5")


async def test_a_plan_that_a_red_packet_has_overtaken_says_so(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "!aa settle")
    await table.say(ann, "!aa packet 10 EUR 2")
    assert "2 payments" in table.shows("settle up"), "nobody has had of it yet"
    await table.say(bo, "!aa grab")
    assert "out of date" in table.shows("Bo → Ann")


async def test_an_amount_that_can_mean_two_things_is_answered_with_both_commands(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    said = await table.say(bo, "!aa pay @ann $1,5")
    assert "!aa pay @ann 1.50 USD" in said
    assert "!aa pay @ann 1.50 CAD" in said
    assert "!aa received @bo:town 1.50 USD" in await table.say(ann, "!aa received @bo:town $1,5")
    assert "!记账 投票 who was at dinner? 200.00 CNY" in await table.say(ann, "!aa poll who was at dinner? 200元")


async def test_a_book_of_ones_own_with_guests_is_settled_in_ones_own_chat(town: Town) -> None:
    ann = await town.arrive("ann", bot=PAY_BOT)
    assert "no bills in this chat" in await ann.say("paid #1")
    await ann.say("60 EUR dinner +Tom +Tim")
    await ann.say("received #1 +Tom")
    assert "✅ Tom: €20.00 paid" in ann.reads("· #1")
    assert "1. Tim → Ann: €20.00" in await ann.say("settle")
    await ann.tap("settle up", "1️⃣")
    assert "All is settled." in ann.reads("Tim → Ann")
    await ann.say("30 EUR taxi +Tom +Tim without me paid by +Tom")
    assert "1. Tim → Tom: €15.00" in await ann.say("settle")
    await ann.tap("settle up", "1️⃣")
    assert "All is settled." in ann.reads("Tim → Tom"), "for guests anybody can say it, who else?"
    await ann.say("20 EUR rent +Tom every month")
    assert "rent" in await ann.say("recurring")
    assert (await town.database.read(audit)).faults == ()
