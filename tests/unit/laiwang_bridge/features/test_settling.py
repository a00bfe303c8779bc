"""Settling up in a room: balances, plans whose payments are tapped, why they are so, and one's own total."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three
from tests.unit.laiwang_bridge.features.town import PAY_BOT, Town


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """Ann paid 120 for three, and Bo 30 for himself and Cat."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    await table.say(people[1], "AA 30 taxi @cat")
    return table


async def test_the_balance_says_who_gets_and_who_owes(table: Table, people: Three) -> None:
    said = await table.say(people[0], "!aa balance")
    assert "Ann gets €80.00" in said
    assert "Bo owes €25.00" in said
    assert "Cat owes €55.00" in said
    assert "Cat → Bo: €15.00" in said, "who owes whom by the bills"
    assert "!aa settle" in said


async def test_a_plan_is_paid_one_by_one_and_the_rest_stays_as_it_was(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    plan = await table.say(ann, "!aa settle")
    assert "2 payments" in plan
    assert "Bo → Ann: €25.00" in plan
    assert "Cat → Ann: €55.00" in plan
    number = "1️⃣" if "1. Bo" in plan else "2️⃣"
    await table.tap(bo, "settle up", number)
    assert "⏳" in table.shows("settle up")
    assert (await table.owed())["bo"] == -2500
    await table.tap(ann, "settle up", number)
    assert await table.owed() == {"ann": 5500, "cat": -5500}
    assert "Cat → Ann: €55.00" in table.shows("settle up")
    again = await table.say(ann, "!aa settle")
    assert "one payment" in again
    assert "Cat → Ann: €55.00" in again
    await table.tap(ann, "one payment", "1️⃣")
    assert await table.owed() == {}
    assert "All is settled." in table.shows("Cat → Ann: €55.00")


async def test_whoever_is_even_has_paid_his_shares(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    assert "0/2 paid" in table.card(1)
    await table.say(bo, "!aa pay @ann 25")
    await table.tap(ann, "has it come", "👍")
    assert "1/2 paid" in table.card(1), "Bo is even, though what he gave was for no bill"
    await table.say(ann, "!aa received @cat 55")
    assert "2/2 paid" in table.card(1)
    assert "1/1 paid" in table.card(2), "Cat is even with Bo too"
    await table.say(ann, "!aa undo")
    assert "0/1 paid" in table.card(2)


async def test_a_payment_can_be_explained(table: Table, people: Three) -> None:
    await table.say(people[0], "!aa settle")
    said = await table.say(people[0], "!aa why 1")
    assert "Ann gets €80.00" in said
    assert "bring each of them to zero" in said
    await table.say(people[0], "!aa settle pairs")
    assert "By the bills and payments of the two" in await table.say(people[0], "!aa why 1")


async def test_there_are_other_ways_to_settle(table: Table, people: Three) -> None:
    pairs = await table.say(people[0], "!aa settle pairs")
    assert "Cat → Bo: €15.00" in pairs
    assert "3 payments" in pairs
    through = await table.say(people[0], "!aa settle treasurer @cat")
    assert "Bo → Cat: €25.00" in through
    assert "Cat → Ann: €80.00" in through
    assert "settle treasurer" in await table.say(people[0], "!aa settle pairs @cat")


async def test_a_plan_that_does_not_fit_any_more_says_so(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "!aa settle")
    await table.say(bo, "AA 10 ice @ann")
    assert "out of date" in table.shows("Cat → Ann")
    assert table.town.buttons(table.room, table.message("out of date")) == set()
    assert "out of date" in await table.say(bo, "!aa settled 1")


async def test_only_the_two_can_say_that_a_payment_was_made(table: Table, people: Three) -> None:
    plan = await table.say(people[0], "!aa settle")
    stranger = people[2] if "1. Bo" in plan else people[1]
    assert "Only" in await table.say(stranger, "!aa settled 1")


async def test_a_transfer_is_confirmed_refused_or_taken_back(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    said = await table.say(bo, "!aa pay @ann 20")
    assert "Ann: has it come?" in said
    assert table.town.rooms[table.room].messages_of(PAY_BOT)[-1]["content"]["m.mentions"] == {"user_ids": [ann.user]}
    await table.tap(bo, "has it come?", "👍")
    assert (await table.owed())["bo"] == -2500, "nobody confirms for another"
    await table.tap(ann, "has it come?", "👎")
    assert "it has not come" in table.shows("€20.00 went")
    await table.say(bo, "!aa pay @ann 5")
    await table.tap(bo, "has it come?", "↩️")
    assert "taken back" in table.shows("€5.00")
    await table.say(bo, "!aa pay @ann 10")
    await table.tap(ann, "has it come?", "👍")
    assert (await table.owed())["bo"] == -1500
    await table.tap(ann, "Bo has paid Ann €10.00", "↩️")
    assert (await table.owed())["bo"] == -2500


async def test_each_currency_is_settled_for_itself(table: Table, people: Three) -> None:
    await table.say(people[0], "AA 300 JPY tea @bo")
    plan = await table.say(people[0], "!aa settle")
    assert "JP¥150" in plan
    assert "3 payments" in plan
    assert "Balance in JPY" in await table.say(people[0], "!aa balance")


async def test_a_guest_is_taken_at_the_word_of_whoever_paid_him(table: Table, people: Three) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "!aa pay +Tom 20")
    assert (await table.owed())["Tom"] == -2000


async def test_ones_own_total_is_told_over_all_rooms_in_which_one_is(table: Table, people: Three, town: Town) -> None:
    ann, bo, cat = people
    await town.state(table.room, ann.user, "m.room.name", {"name": "Trip"})
    other = await Table.of(town, ann, bo)
    await other.say(bo, "AA 50 book @ann")
    left = await Table.of(town, cat, bo)
    await left.say(cat, "AA 99 gift @bo")
    await town.member(left.room, bo.user, "leave")
    bo = await town.arrive("bo")
    said = await bo.say("!aa owe")
    assert "Trip: you owe €25.00 (€25.00 to Ann)" in said
    assert "Ann: you are owed €25.00 (€25.00 from Ann)" in said, "a room without a name is called after who is in it"
    assert "a room that you left: you owe €49.50" in said
    assert "Cat" not in said, "who is in a room that he has left is not told"
    assert "you owe nobody anything" in (await (await town.arrive("dan")).say("!aa owe")).lower()
    assert "€25.00" in await table.say(bo, "!aa owe")
