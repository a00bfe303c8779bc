"""What is paid, and given back, in several parts: cards, reminders, plans and the books say the same of it."""

from __future__ import annotations

import pytest_asyncio

from laiwang_bridge.payments.audit import audit
from tests.unit.laiwang_bridge.features.table import Table, Three, two_with_chats, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, Person, Town

CARD = "· #1"


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    """Ann paid 120 for three."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    return table


async def pay(table: Table, payer: Person, payee: Person, amount: int) -> None:
    """Money goes from one to the other for no bill, and has come."""
    await table.say(payer, f"!aa pay {payee.user} {amount}")
    await table.tap(payee, "has it come", "👍")


async def pay_share(table: Table, payer: Person, payee: Person) -> None:
    await table.tap(payer, CARD, "✅")
    await table.tap(payee, CARD, "👍")


async def test_what_is_given_back_in_parts_is_open_again_part_by_part(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await pay_share(table, bo, ann)
    assert "✅ Bo: €40.00 paid" in table.card(1)
    await pay(table, ann, bo, 15)
    assert "⏳ Bo: €15.00 of €40.00 still open" in table.card(1)
    assert (await table.owed())["bo"] == -1500
    assert "Bo → Ann: €15.00" in await table.say(ann, "!aa settle")
    await pay(table, ann, bo, 25)
    assert "⏳ Bo: €40.00" in table.card(1)
    await table.say(bo, "!aa undo")
    assert "⏳ Bo: €15.00 of €40.00 still open" in table.card(1), "the second part never went back"
    await pay_share(table, bo, ann)
    assert "✅ Bo: €40.00 paid" in table.card(1)
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    assert (await table.town.database.read(audit)).faults == ()


async def test_who_gets_back_what_he_paid_too_much_owes_nothing(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid #1 60")
    await table.tap(ann, CARD, "👍")
    await pay(table, ann, bo, 20)
    assert "✅ Bo: €40.00 paid" in table.card(1)
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_what_is_lent_opens_no_share_that_was_paid_to_another(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await pay_share(table, bo, ann)
    await pay(table, cat, bo, 10)
    assert "✅ Bo: €40.00 paid" in table.card(1)
    assert await table.owed() == {"ann": 4000, "cat": -3000, "bo": -1000}


async def test_a_settlement_in_two_parts_shows_each_on_the_card(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await pay(table, bo, ann, 25)
    assert "⏳ Bo: €15.00 of €40.00 still open" in table.card(1)
    await pay(table, bo, ann, 15)
    assert "✅ Bo: €40.00 paid" in table.card(1)
    await table.say(ann, "!aa undo")
    assert "⏳ Bo: €15.00 of €40.00 still open" in table.card(1)
    assert "Bo → Ann: €15.00" in await table.say(bo, "!aa settle")
    await pay_share(table, bo, ann)
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_the_first_part_undone_leaves_the_second(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await pay(table, bo, ann, 25)
    await pay(table, bo, ann, 15)
    await table.tap(ann, "Bo has paid Ann €25.00", "↩️")
    assert "⏳ Bo: €25.00 of €40.00 still open" in table.card(1)
    assert (await table.owed())["bo"] == -2500


async def test_what_the_plan_has_one_pay_to_another_settles_ones_own_shares(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(cat, "AA 90 taxi @ann")  # Cat is owed 5 now, Bo owes 40, Ann is owed 35
    plan = await table.say(ann, "!aa settle")
    assert "Bo → Ann: €35.00" in plan
    assert "Bo → Cat: €5.00" in plan
    await pay(table, bo, cat, 3)
    assert "⏳ Bo: €37.00 of €40.00 still open" in table.card(1)
    assert (await table.owed())["bo"] == -3700


async def test_what_is_lent_to_somebody_who_owes_settles_nothing(table: Table, people: Three) -> None:
    _ann, bo, cat = people
    await pay(table, bo, cat, 10)
    assert "⏳ Bo: €40.00" in table.card(1)
    assert "⏳ Cat: €40.00" in table.card(1)


async def test_who_has_got_money_for_a_bill_that_he_owes_now_gives_it_back_too(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await pay_share(table, bo, ann)
    await table.say(ann, "!aa edit #1 payer @bo")
    await table.say(ann, "!aa choose 1 1")
    assert "⏳ Ann: €80.00" in table.card(1), "her share, and what Bo had given her"
    assert (await table.owed())["ann"] == -8000
    await table.say(bo, "!aa received #1 @ann")
    assert "✅ Ann" in table.card(1)
    assert await table.owed() == {"bo": 4000, "cat": -4000}


async def test_what_is_open_again_is_reminded_of_in_time(town: Town) -> None:
    wait_for_afternoon(town)
    people = ann, bo, _cat = await two_with_chats(town)
    table = await Table.of(town, *people)
    await table.say(ann, "AA 80 dinner @bo")
    await pay_share(table, bo, ann)
    await town.wait(20 * DAY)
    await pay(table, ann, bo, 15)
    await town.wait(DAY - 2 * HOUR)
    assert "still waits" not in bo.news()
    await town.wait(3 * HOUR)
    assert "€15.00 to Ann for “dinner”" in bo.news()


async def test_who_is_told_that_nothing_came_is_reminded_as_ever_after_that(town: Town) -> None:
    wait_for_afternoon(town)
    people = ann, bo, _cat = await two_with_chats(town)
    table = await Table.of(town, *people)
    await table.say(ann, "AA 80 dinner @bo")
    await table.tap(bo, CARD, "✅")
    await town.wait(DAY + HOUR)
    bo.news()
    await table.say(ann, "!aa missing #1")
    await town.wait(HOUR)
    told = bo.news()
    assert "has not come" in told
    assert "still waits" not in told, "he has just been told"
    await town.wait(2 * DAY)
    assert "€40.00 to Ann for “dinner”" in bo.news()


async def test_no_to_a_part_of_two_is_what_the_other_part_leaves(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid #1 10")
    await table.tap(ann, CARD, "👍")
    await table.tap(bo, CARD, "✅")
    assert "🕓 Bo: €40.00" in table.card(1)
    await table.say(ann, "!aa missing #1")
    assert "⏳ Bo: €30.00 of €40.00 still open" in table.card(1)


async def test_whoever_is_owed_more_than_he_owes_has_paid_only_what_he_gave(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "AA 60 taxi @ann")
    await pay(table, ann, bo, 5)
    assert "⏳ Ann: €25.00 of €30.00 still open" in table.card(2)
    await pay(table, bo, ann, 15)
    assert "✅ Bo: €40.00 paid" in table.card(1), "the two are even, as he owes nobody else"
