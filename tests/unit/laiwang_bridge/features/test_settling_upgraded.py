"""A room is replaced by another while people settle up in it: all that is under way goes on there."""

from __future__ import annotations

import pytest_asyncio

from laiwang_bridge.payments.audit import audit
from tests.unit.laiwang_bridge.features.table import Table, Three
from tests.unit.laiwang_bridge.features.town import Town


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    return await Table.of(town, *people)


async def test_a_plan_that_is_half_paid_is_paid_in_the_new_room(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(ann, "AA 90 dinner @bo @cat")
    await table.say(ann, "!aa settle")
    await table.tap(bo, "settle up", "1️⃣")
    there = await table.upgrade(*people)
    assert "This goes on in the new room" in table.shows("This goes on")
    assert "Bo → Ann: €30.00 · ⏳ paid" in there.shows("settle up")
    assert "go on in the new room" in await table.tap(cat, "This goes on", "2️⃣")
    await there.tap(ann, "settle up", "1️⃣")
    await there.tap(ann, "settle up", "2️⃣")
    assert "All is settled." in there.shows("Bo → Ann")
    assert await there.owed() == {}
    assert (await table.town.database.read(audit)).faults == ()


async def test_a_payment_is_answered_in_the_new_room(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 90 dinner @bo @cat")
    await table.say(bo, "!aa pay @ann 20")
    there = await table.upgrade(*people)
    assert "This goes on in the new room" in table.shows("This goes on")
    await there.tap(ann, "has it come?", "👍")
    assert "Bo has paid Ann €20.00." in there.shows("€20.00")
    assert (await there.owed())["bo"] == -1000
    further = await there.upgrade(*people)
    assert "Bo has paid" not in str(further.town.shown(further.room)), "what is done is not shown again"


async def test_a_poll_goes_on_with_the_votes_that_it_has(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(ann, "!aa poll who was at dinner? 90")
    await table.tap(bo, "Who was there?", "✋")
    there = await table.upgrade(*people)
    assert "One was there: Bo" in there.shows("dinner")
    await there.tap(cat, "One was there", "✋")
    await there.tap(ann, "2 were there", "🏁")
    assert await there.owed() == {"ann": 9000, "bo": -4500, "cat": -4500}
    assert "split among them as bill #1" in there.shows("2 were there")


async def test_a_question_is_answered_by_typing_it_in_the_new_room(table: Table, people: Three) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "AA 1.234 dinner @bo")
    await table.say(ann, "AA 30 tea @bo")
    there = await table.upgrade(*people)
    assert "go on in the new room" in await table.tap(ann, "How is that number", "1️⃣")
    await there.say(ann, "!aa choose 1 1")
    assert "dinner: €1,234.00 · #2" in there.card(2)


async def test_nothing_is_said_in_an_old_room_where_nobody_may_speak(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 90 dinner @bo @cat")
    await table.say(bo, "!aa pay @ann 20")
    there = await table.upgrade(*people, quiet=True)
    assert table.town.news(table.room) == ""
    assert "has it come?" in there.shows("€20.00 went")


async def test_a_room_in_which_one_is_left_is_no_chat_of_his(town: Town, table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(ann, "AA 90 dinner @bo @cat")
    other = await Table.of(town, ann, bo)
    await other.say(bo, "AA 50 book @ann")
    await town.member(table.room, bo.user, "leave")
    await town.member(table.room, cat.user, "leave")
    assert await table.say(ann, "owe") == "", "what he writes there is not taken for a command"
    said = await table.say(ann, "!aa owe")
    assert "you are owed €60.00" in said
    assert "25.00" not in said, "what he has in other rooms is not told where others may read it"
    assert "Only hosts" in await table.say(ann, "!aa settings add hosts"), "being alone makes nobody a host"
    await town.member(table.room, bo.user, "join")
    assert "⏳ Bo: €30.00" in table.card(1), "whoever comes back has what he had"
    await table.tap(bo, "· #1", "✅")
    assert "🕓 Bo" in table.card(1)


async def test_whoever_has_left_can_still_be_named_and_is_asked_about(town: Town, table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 90 dinner @bo @cat")
    await town.member(table.room, bo.user, "leave")
    assert "Who is bo?" in await table.say(ann, "AA 30 EUR cab @bo")
    await table.tap(ann, "Who is bo?", "1️⃣")
    assert (await table.owed())["bo"] == -3000 - 1500
    assert "@bo:town" in await table.say(ann, "!aa received @bo 45")
