"""Money that goes to a guest, who can say nothing: whoever is paid for him says it, or else the payer alone."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three, two_with_chats, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, PAY_BOT, Town


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """Ann paid 120 for herself, Bo and a guest."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo +Kid")
    return table


async def test_of_a_guest_for_whom_nobody_speaks_the_payers_word_counts_and_is_his_to_take_back(
    table: Table, people: Three
) -> None:
    _ann, bo, cat = people
    said = await table.say(bo, "!aa pay +Kid 5")
    assert "Kid has no account here and nobody who is asked instead, so what Bo says counts." in said
    assert "Only Bo can take it back." in said
    assert (await table.owed())["Kid"] == -4500
    assert "Only Bo can take it back." in await table.tap(cat, "Bo has paid Kid", "↩️")
    assert (await table.owed())["Kid"] == -4500
    await table.tap(bo, "Bo has paid Kid", "↩️")
    assert (await table.owed())["Kid"] == -4000


async def test_whoever_is_paid_for_a_guest_says_whether_it_has_come(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(cat, "!aa together +Kid @cat")
    assert "Next: Bo, Cat → Ann" in table.card(1)
    said = await table.say(bo, "!aa pay +Kid 7")
    assert "€7.00 went to Kid. Cat: has it come?" in said
    asked = table.town.rooms[table.room].messages_of(PAY_BOT)[-1]["content"]
    assert asked["m.mentions"] == {"user_ids": [cat.user]}
    assert (await table.owed())["Kid"] == -4000
    await table.tap(ann, "has it come", "👍")
    await table.tap(bo, "has it come", "👍")
    assert (await table.owed())["Kid"] == -4000, "nobody confirms for another"
    await table.tap(cat, "has it come", "👎")
    assert "€7.00 went to Kid, and Cat that it has not come" in table.shows("€7.00")
    await table.say(bo, "!aa pay +Kid 8")
    await table.say(cat, "!aa received @bo 8")
    assert (await table.owed())["Kid"] == -4800
    await table.say(cat, "!aa undo")
    assert (await table.owed())["Kid"] == -4000, "what he has confirmed is his to undo"


async def test_whoever_is_paid_for_a_guest_is_asked_in_his_chat(town: Town) -> None:
    wait_for_afternoon(town)
    people = ann, bo, _cat = await two_with_chats(town)
    table = await Table.of(town, *people)
    await table.say(ann, "!aa together +Kid @ann")
    await table.say(bo, "!aa pay +Kid 7")
    await town.wait(DAY + HOUR)
    assert "Bo says that he has paid you €7.00 (for Kid)" in ann.news()
    await ann.tap("still waits", "1️⃣")
    await town.wait(HOUR)
    assert await table.owed() == {"bo": 700, "Kid": -700}
    assert "Ann has got €7.00 (for Kid) from you" in bo.news()
    await table.say(ann, "!aa undo")
    assert await table.owed() == {}


async def test_a_bill_that_a_guest_paid_is_confirmed_by_whoever_is_paid_for_him(table: Table, people: Three) -> None:
    _ann, bo, cat = people
    await table.say(cat, "!aa together +Kid @cat")
    await table.say(bo, "AA 30 taxi with me and +Kid paid by +Kid")
    await table.tap(bo, "· #2", "✅")
    assert "Next: Cat taps 👍 when it has come from Bo." in table.card(2)
    await table.tap(cat, "· #2", "👍")
    assert "✅ Bo: €15.00 paid" in table.card(2)


async def test_nothing_is_paid_between_those_who_settle_as_one(table: Table, people: Three) -> None:
    _ann, _bo, cat = people
    await table.say(cat, "!aa together +Kid @cat")
    assert "You and Kid settle as one" in await table.say(cat, "!aa pay +Kid 7")
    assert "You and Kid settle as one" in await table.say(cat, "!aa received +Kid 7")


async def test_either_of_those_who_settle_as_one_says_what_has_come(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(cat, "!aa together @cat @ann")
    await table.say(ann, "!aa choose 1 1")
    await table.say(bo, "!aa pay @ann 10")
    await table.tap(cat, "has it come", "👍")
    assert (await table.owed())["bo"] == -4000, "the buttons are for whoever was named"
    await table.say(cat, "!aa received @bo 10")
    assert (await table.owed())["bo"] == -3000


async def test_what_counts_by_the_payers_word_is_taken_back_from_the_plan(table: Table, people: Three) -> None:
    _ann, bo, _cat = people
    await table.say(bo, "AA 240 taxi with me and +Tom paid by +Tom")
    plan = await table.say(bo, "!aa settle pairs")
    assert "Bo → Tom: €120.00" in plan
    number = next(line[0] for line in plan.splitlines() if "Bo → Tom" in line)
    await table.say(bo, f"!aa settled {number}")
    assert "Tom" not in await table.owed()
    await table.say(bo, f"!aa unsettled {number}")
    assert (await table.owed())["Tom"] == 12000
    assert "⏳ Bo: €120.00" in table.card(2)


async def test_who_says_it_for_another_can_undo_it(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(cat, "!aa together @cat @ann")
    await table.say(ann, "!aa choose 1 1")
    await table.tap(bo, "· #1", "✅")
    await table.tap(cat, "· #1", "👍")
    assert "✅ Bo: €40.00 paid" in table.card(1)
    await table.say(cat, "!aa undo")
    assert "⏳ Bo: €40.00" in table.card(1)
