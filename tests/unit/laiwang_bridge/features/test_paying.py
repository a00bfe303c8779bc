"""Paying a share: what is claimed, what is confirmed, what is disputed, and what the card and the books say then."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three
from tests.unit.laiwang_bridge.features.town import DAY, Town

CARD = "· #1"
OWED = {"ann": 8000, "bo": -4000, "cat": -4000}


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    return table


async def test_a_claim_is_in_the_books_only_when_it_is_confirmed(table: Table, people: Three) -> None:
    ann, bo, cat = people
    assert await table.tap(bo, CARD, "✅") != ""
    assert "Ann" in table.card(1)
    assert await table.owed() == OWED
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    assert "1/2 paid" in table.card(1)
    await table.tap(cat, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {}
    assert "2/2 paid" in table.card(1)


async def test_a_tap_taken_back_withdraws_what_was_said(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    tap = await table.town.react(bo.user, table.room, table.message(CARD), "✅")
    assert "⏳ Bo: €40.00" not in table.card(1)
    await table.town.send(bo.user, table.room, "m.room.redaction", {"redacts": tap})
    assert "⏳ Bo: €40.00" in table.card(1)
    assert "has said" in await table.tap(ann, CARD, "👍")
    assert await table.owed() == OWED


async def test_what_is_confirmed_is_not_withdrawn_but_taken_out_of_the_books(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    paid = await table.town.react(bo.user, table.room, table.message(CARD), "✅")
    received = await table.town.react(ann.user, table.room, table.message(CARD), "👍")
    table.town.news(table.room)
    await table.town.send(bo.user, table.room, "m.room.redaction", {"redacts": paid})
    assert "in the books already" in table.town.news(table.room)
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    await table.town.send(ann.user, table.room, "m.room.redaction", {"redacts": received})
    assert await table.owed() == OWED
    assert "⏳ Bo: €40.00" in table.card(1)


async def test_undo_takes_a_confirmation_back(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    assert "taken back" in await table.say(ann, "!aa undo")
    assert await table.owed() == OWED
    assert "0/2 paid" in table.card(1)


@pytest.mark.parametrize(("paid", "received"), [("paid", "received"), ("已付", "收到"), ("I paid", "👍")])
async def test_a_reply_to_the_card_is_a_tap(table: Table, people: Three, paid: str, received: str) -> None:
    ann, bo, _cat = people
    await table.say(bo, paid, reply_to=table.message(CARD))
    assert await table.owed() == OWED
    await table.say(ann, received, reply_to=table.message(CARD))
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_a_part_can_be_paid(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "paid 15", reply_to=table.message(CARD))
    await table.say(ann, "!aa received #1 @bo")
    assert await table.owed() == {"ann": 6500, "bo": -2500, "cat": -4000}
    assert "€25.00" in table.card(1)
    await table.say(bo, "已付", reply_to=table.message(CARD))
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_whoever_pays_more_has_a_credit_and_is_told(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    assert "€10.00 more than is open" in await table.say(bo, "!aa paid #1 50")
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {"ann": 3000, "bo": 1000, "cat": -4000}


async def test_who_got_money_can_say_so_without_any_claim(table: Table, people: Three) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "received @bo 40", reply_to=table.message(CARD))
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    await table.say(ann, "!aa received @cat 15")
    assert await table.owed() == {"ann": 2500, "cat": -2500}


async def test_who_is_named_gets_it_for_the_bill_or_for_all(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.say(bo, "!aa paid #1 @ann 40")
    await table.tap(ann, CARD, "👍")
    assert "has it come?" in await table.say(cat, "!aa paid @ann 10")
    assert "From whom?" in await table.say(ann, "!aa received 12")
    await table.say(ann, "!aa received 10")
    assert await table.owed() == {"ann": 3000, "cat": -3000}


async def test_only_who_gets_the_money_can_confirm_it(table: Table, people: Three) -> None:
    _ann, bo, cat = people
    await table.tap(bo, CARD, "✅")
    assert "Only Ann can say that" in await table.say(cat, "!aa received #1")
    assert await table.tap(cat, CARD, "👍") == "", "a thumb of somebody else is just a thumb"
    assert await table.tap(bo, CARD, "👍") == ""
    assert await table.owed() == OWED


async def test_who_owes_nothing_has_nothing_to_claim(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    assert "the others owe you" in await table.tap(ann, CARD, "✅")
    await table.tap(bo, CARD, "✅")
    assert "said so already" in await table.say(bo, "!aa paid #1")
    await table.tap(ann, CARD, "👍")
    assert "Your share of bill #1 is paid." in await table.say(bo, "!aa paid #1")


async def test_money_that_did_not_come_is_open_again(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await table.say(ann, "!aa missing #1 @bo")
    await table.town.wait(DAY // 2)
    assert "Bo: ❗ Ann says that €40.00 for “dinner” (#1) from you has not come." in table.shows("has not come")
    assert "⏳ Bo: €40.00" in table.card(1)
    await table.say(ann, "!aa received #1 @bo")
    assert await table.owed() == {"ann": 4000, "cat": -4000}


async def test_a_dispute_changes_no_number_until_the_bill_is_edited(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    said = await table.say(bo, "dispute I had no wine", reply_to=table.message(CARD))
    assert "I had no wine" in said
    assert "Ann" in said
    assert await table.owed() == OWED
    assert "❌" in table.card(1)
    assert "“dinner” (#1), says Bo: I had no wine" in await table.say(ann, "!aa balance")
    await table.say(ann, "!aa edit 1 90")
    assert await table.town.count("pay_dispute") == 0
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}


async def test_a_dispute_can_be_taken_back(table: Table, people: Three) -> None:
    _ann, bo, cat = people
    await table.tap(bo, CARD, "❌")
    assert "not said" in await table.say(cat, "!aa accept #1")
    await table.say(bo, "!aa accept #1")
    assert await table.town.count("pay_dispute") == 0
    assert await table.owed() == OWED


async def test_a_void_bill_waits_for_nobody(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await table.say(ann, "!aa void 1")
    assert await table.owed() == {}
    assert await table.town.count("pay_open_share") == 0
    assert "void" in await table.say(bo, "!aa paid #1")


async def test_what_was_paid_stays_when_the_bill_becomes_cheaper(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    assert "stays paid" in await table.say(ann, "!aa edit 1 90")
    await table.tap(ann, "stays paid", "✅")
    assert await table.owed() == {"ann": 2000, "bo": 1000, "cat": -3000}
    assert "1/2 paid" in table.card(1)


async def test_where_the_bill_is_not_named_it_has_to_be_clear(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid")
    await table.say(ann, "!aa received @bo")
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    await table.say(ann, "AA 30 taxi @bo")
    await table.say(ann, "AA 20 tea @bo")
    assert "!aa paid #3" in await table.say(bo, "!aa paid")


async def test_where_one_word_is_enough_a_claim_is_in_the_books_at_once(table: Table, people: Three) -> None:
    ann, bo, cat = people
    power = {"users": {ann.user: 100}}
    await table.town.state(table.room, ann.user, "m.room.power_levels", power)
    await table.say(ann, "!aa settings confirm one")
    await table.tap(bo, CARD, "✅")
    assert await table.owed() == {"ann": 4000, "cat": -4000}
    await table.say(cat, "!aa pay @ann 40")
    assert await table.owed() == {}


async def test_where_two_have_paid_each_says_what_has_come(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "!aa 120 dinner @ann @bo @cat paid by @ann=60, @bo=60")
    assert await table.owed() == {"ann": 2000, "bo": 2000, "cat": -4000}
    await table.tap(cat, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    assert await table.owed() == {"bo": 2000, "cat": -2000}
    assert "0/1 paid" in table.card(1)
    await table.tap(bo, CARD, "👍")
    assert await table.owed() == {}
    assert "1/1 paid" in table.card(1)


async def test_a_guest_pays_by_the_word_of_whoever_gets_it(town: Town, people: Three) -> None:
    ann, _bo, _cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "AA 90 dinner @bo +Tom")
    await table.say(ann, "!aa received #1 +Tom")
    assert await table.owed() == {"ann": 3000, "bo": -3000}


async def test_who_settles_as_one_pays_as_one(town: Town, people: Three) -> None:
    ann, _bo, cat = people
    table = await Table.of(town, *people)
    await table.town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 100}})
    await table.say(ann, "!aa together @bo @cat")
    await table.say(ann, "AA 90 dinner @bo @cat")
    await table.tap(cat, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    assert "1/1 paid" in table.card(1)
    assert sum((await table.owed()).values()) == 0
    assert "ann" not in await table.owed()
    assert "Nobody owes" in await table.say(ann, "!aa settle")


async def test_what_was_paid_before_two_became_one_counts_for_both(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await table.town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 100}})
    await table.tap(cat, CARD, "✅")
    await table.tap(ann, CARD, "👍")
    await table.say(ann, "!aa together @bo @cat")
    await table.say(bo, "!aa paid #1")
    await table.tap(ann, CARD, "👍")
    assert "1/1 paid" in table.card(1)
    assert "ann" not in await table.owed()


async def test_after_an_upgrade_of_the_room_claims_go_on(table: Table, people: Three, town: Town) -> None:
    ann, bo, cat = people
    await table.tap(bo, CARD, "✅")
    new = town.homeserver.room(ann.user, bo.user, cat.user)
    new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": table.room}}
    new.state[("m.room.power_levels", "")] = {"users": {ann.user: 100}}
    await town.state(table.room, ann.user, "m.room.tombstone", {"replacement_room": new.id})
    there = Table(town, new.id)
    await there.say(ann, "!aa received #1")
    assert await there.owed() == {"ann": 4000, "cat": -4000}


async def test_it_is_all_done_in_chinese_too(town: Town, people: Three) -> None:
    ann, bo, _cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "AA 80 EUR 聚餐 @bo")
    await table.say(bo, "已付 15", reply_to=table.message("聚餐"))
    assert "谁欠谁" in await table.say(ann, "!记账 余额")
    assert "应收" in await table.say(ann, "!记账 余额")
    await table.say(ann, "收到", reply_to=table.message("聚餐"))
    assert await table.owed() == {"ann": 2500, "bo": -2500}
    assert "结清只需 1 笔付款" in await table.say(ann, "!记账 结算")
    assert "有误" in await table.say(bo, "异议 我没喝酒", reply_to=table.message("聚餐"))


async def test_for_whoever_has_left_the_author_says_what_has_come(town: Town, people: Three) -> None:
    ann, bo, cat = people
    table = await Table.of(town, *people)
    await table.say(ann, "!aa 120 dinner @ann @bo @cat paid by @bo")
    await table.tap(cat, CARD, "✅")
    await town.member(table.room, bo.user, "leave")
    await table.say(ann, "!aa received #1 @cat")
    assert await table.owed() == {"ann": -4000, "bo": 4000}


async def test_what_somebody_said_is_his_to_have_and_to_be_forgotten(table: Table, people: Three) -> None:
    _ann, bo, _cat = people
    await table.tap(bo, CARD, "✅")
    await table.say(bo, "!aa dispute #1 I had no wine")
    bo = await table.town.arrive("bo")
    exported = await bo.say("export")
    assert "I had no wine" in exported or "I had no wine" in str(table.town.homeserver.files[-1:])
    await bo.say("forget")
    await bo.say("yes")
    assert [row["reason"] for row in await table.town.rows("pay_dispute")] == [""]
    assert await table.owed() != {}
