"""Payments that do not go as they should: too much, to somebody who has left, for a bill that changes or is void."""

from __future__ import annotations

import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three, two_with_chats, wait_for_afternoon
from tests.unit.laiwang_bridge.features.town import HOUR, MINUTE, Person, Town

CARD = "· #1"


async def dine(town: Town, people: Three) -> Table:
    """Ann paid 120 for three."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    return table


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    return await dine(town, people)


@pytest_asyncio.fixture
async def chatting(town: Town) -> Three:
    """Ann and Bo have a chat with the bot, Cat has none."""
    wait_for_afternoon(town)
    return await two_with_chats(town)


async def pay_share(table: Table, payer: Person, payee: Person) -> None:
    await table.tap(payer, CARD, "✅")
    await table.tap(payee, CARD, "👍")


# -- too much, and parts ----------------------------------------------------------------------------------------------


async def test_what_is_paid_too_much_stands_on_the_card_until_it_is_given_back(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid #1 60")
    await table.tap(ann, CARD, "👍")
    assert "✅ Bo: €40.00 paid, and €20.00 more than that" in table.card(1)
    await table.say(ann, f"!aa pay {bo.user} 30")
    await table.tap(bo, "has it come", "👍")
    assert "⏳ Bo: €10.00 of €40.00 still open" in table.card(1), "ten more than he had paid too much"
    assert (await table.owed())["bo"] == -1000


async def test_who_pays_his_own_share_gives_nothing_back(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "AA 20 taxi @ann")
    await table.say(bo, "!aa received #2 @ann 15")
    assert "✅ Ann: €10.00 paid, and €5.00 more than that" in table.card(2)
    await table.say(bo, f"!aa pay {ann.user} 30")
    await table.tap(ann, "has it come", "👍")
    assert "⏳ Bo: €10.00 of €40.00 still open" in table.card(1)
    assert "✅ Ann: €10.00 paid, and €5.00 more than that" in table.card(2)


async def test_a_part_that_is_said_to_be_paid_stands_beside_what_is_open(table: Table, people: Three) -> None:
    _ann, bo, _cat = people
    await table.say(bo, "!aa paid #1 10")
    assert "⏳ Bo: €30.00 of €40.00 still open, €10.00 said to be paid" in table.card(1)
    assert "Ann taps 👍 when it has come from Bo" in table.card(1)


async def test_no_word_is_waited_for_that_another_has_made_needless(town: Town, chatting: Three) -> None:
    ann, bo, _cat = chatting
    table = await dine(town, chatting)
    await table.tap(bo, CARD, "✅")
    await table.say(bo, f"!aa pay {ann.user} 40")
    await town.wait(5 * MINUTE)
    assert "👍" in ann.buttons("€40.00 for “dinner”")
    await table.tap(ann, "went to Ann", "👍")
    assert "Bo does not say any more that he has paid you" in ann.reads("€40.00 for “dinner”")
    assert ann.buttons("€40.00 for “dinner”") == set()


async def test_who_says_that_nothing_came_is_told_what_is_so(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    assert "Nobody says that he has paid you anything for bill #1." in await table.say(ann, "!aa missing #1 @bo")
    await pay_share(table, bo, ann)
    said = await table.say(ann, "!aa missing #1 @bo")
    assert "in the books already" in said
    await table.say(ann, next(line for line in said.splitlines() if line.startswith("!aa unreceived")))
    assert "⏳ Bo: €40.00" in table.card(1)


# -- whoever has left -------------------------------------------------------------------------------------------------


async def test_who_has_left_is_asked_in_his_own_chat(town: Town, chatting: Three) -> None:
    ann, bo, cat = chatting
    table = await dine(town, chatting)
    await table.tap(bo, CARD, "✅")
    await town.member(table.room, ann.user, "leave")
    told = ann.news()
    assert "When one of these has come, tap its number" in told
    assert "1️⃣ €40.00 from Bo" in told
    await ann.tap("You have left a room", "1️⃣")
    assert "✅ Bo: €40.00 paid" in table.card(1)
    await table.say(cat, "!aa paid #1")
    await table.say(cat, f"!aa pay {ann.user} 5")
    await town.wait(HOUR)
    told = ann.news()
    assert "A room that you left: Cat says that he has paid you €40.00 for “dinner” (#1)" in told
    assert "A room that you left: Cat says that he has paid you €5.00." in told
    assert "Dan" not in told


async def test_a_host_says_what_has_come_where_author_and_payee_have_left(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.tap(bo, CARD, "✅")
    await table.town.member(table.room, ann.user, "leave")
    assert "whoever made the bill can, or a host of this room" in await table.say(bo, "!aa received #1")
    await table.town.state(table.room, ann.user, "m.room.power_levels", {"users": {cat.user: 50}})
    await table.tap(cat, CARD, "👍")
    assert "✅ Bo: €40.00 paid" in table.card(1)


async def test_the_card_asks_whoever_can_say_it_when_the_payee_has_left(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "AA 120 dinner with @ann @bo @cat paid by @cat")
    await town.member(table.room, cat.user, "leave")
    await table.tap(bo, CARD, "✅")
    assert "Next: Ann taps 👍 when it has come from Bo." in table.card(1)
    assert "Next: Ann → cat, then ✅" in table.card(1), "the money is still his"
    await table.tap(ann, CARD, "👍")
    assert "✅ Bo: €40.00 paid" in table.card(1)


async def test_who_is_not_here_is_not_said_to_be_reminded(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "AA 120 dinner @bo +Tom +Kid")
    await table.say(cat, "!aa together +Kid @cat")
    await town.member(table.room, bo.user, "leave")
    said = await table.say(ann, "!aa remind #1")
    assert "I remind Cat" in said
    assert "You have to tell bo and Tom yourself: they are not here." in said


async def test_one_who_may_be_meant_is_not_several(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.town.member(table.room, ann.user, "leave")
    assert "“ann” may be @ann:town. If you mean that, write it so." in await table.say(bo, "!aa pay @ann 5")


# -- bills that change ------------------------------------------------------------------------------------------------


async def test_what_was_paid_for_a_void_bill_is_owed_back_and_open_again_when_it_counts_again(
    table: Table, people: Three
) -> None:
    ann, bo, cat = people
    await pay_share(table, bo, ann)
    await table.say(ann, "!aa void #1")
    said = await table.say(ann, "!aa choose 1 1")
    assert "€40.00 that was paid for it is owed back now" in said
    assert "Understood.\n" in said or said.endswith("Understood.")
    for line in ("!aa received #1 @cat", "!aa unreceived #1", "!aa missing #1"):
        assert "Bill #1 is void: nobody owes anything for it." in await table.say(ann, line)
    assert "Bill #1 is void" in await table.say(cat, "!aa dispute #1 no")
    await table.say(ann, f"!aa pay {bo.user} 40")
    await table.tap(bo, "has it come", "👍")
    assert await table.owed() == {}
    await table.say(ann, "!aa restore #1")
    assert "⏳ Bo: €40.00" in table.card(1), "he has his money back"
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


async def test_another_title_answers_no_dispute(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa dispute #1 I had no wine")
    await table.say(ann, "!aa edit #1 title lunch")
    assert "❗ Bo: €40.00, said to be wrong" in table.card(1)
    await table.say(ann, "!aa edit #1 @bo=20 @cat=50 @ann=50")
    assert "⏳ Bo: €20.00" in table.card(1)


async def test_a_disputed_share_says_what_of_it_is_open(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(ann, "!aa received #1 @bo 25")
    await table.say(bo, "!aa dispute #1 hm")
    assert "❗ Bo: €15.00 of €40.00 still open, and said to be wrong" in table.card(1)
