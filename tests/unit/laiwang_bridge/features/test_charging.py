"""Paying somebody who has an account at a payment service, from the offer to the books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from appservice.callbacks import Reply
from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.rails import merchant_store
from tests.unit.laiwang_bridge.features.counter import Counter, credits_in, notices, open_counter
from tests.unit.laiwang_bridge.features.town import DAY, MINUTE

FAIL, SUCCESS = Reply(400, b"fail"), Reply(200, b"success")


@pytest_asyncio.fixture
async def counter(sqlite_url: str) -> AsyncIterator[Counter]:
    async with open_counter(sqlite_url) as counter:
        yield counter


@pytest_asyncio.fixture
async def either_counter(database_url: str) -> AsyncIterator[Counter]:
    """Once on SQLite, once on PostgreSQL."""
    async with open_counter(database_url) as counter:
        yield counter


async def open_page(counter: Counter) -> None:
    """Bo asks how to pay and opens the page of Stripe."""
    await counter.ask(counter.bo, "!aa how #1")
    await counter.bo.say("checkout 1")


async def open_code(counter: Counter) -> None:
    """Bo owes Mei yuan for a second bill, and opens the code of Alipay."""
    await counter.table.say(counter.mei, "!aa 24.60 CNY noodles @bo")
    await counter.ask(counter.bo, "!aa how #2")
    await counter.bo.tap("by Alipay", "💳")


async def test_a_page_is_offered_and_asked_for_when_it_is_wanted(counter: Counter) -> None:
    told = await counter.ask(counter.bo, "!aa how #1")
    assert "€12.30 by Card or wallet (Stripe): the payment goes straight to Mei" in told
    assert counter.asked == []
    assert "https://checkout.stripe.com/c/pay/cs_1" in await counter.bo.tap("Open the payment page", "💳")
    [form] = counter.asked
    assert form["line_items[0][price_data][unit_amount]"] == "1230"
    assert form["line_items[0][price_data][product_data][name]"] == "AA #1"  # the title stays here
    assert "https://checkout.stripe.com" in await counter.bo.say("checkout 1")
    assert len(counter.asked) == 1


async def test_nobody_else_is_offered_it_and_nobody_opens_it_for_him(counter: Counter) -> None:
    await open_page(counter)
    assert "no such payment of yours" in await counter.cy.say("checkout 1")
    assert "no such payment of yours" in await counter.mei.say("checkout 1")
    await counter.table.say(counter.bo, "!aa 10 tea @cy")
    assert "Stripe" not in await counter.ask(counter.cy, "!aa how #2")


async def test_what_is_paid_is_in_the_books_and_told_to_both(counter: Counter) -> None:
    await open_page(counter)
    counter.bo.news(), counter.mei.news()
    assert await counter.table.owed() == {"mei": 1230, "bo": -1230}
    assert await counter.paid_by_stripe() == Reply(200, b"{}")
    assert await counter.table.owed() == {}
    assert "€12.30 has reached Mei" in counter.bo.news()
    assert "Bo has paid you €12.30" in counter.mei.news()
    assert "1/1" in counter.table.card(1)
    assert "This is paid." in await counter.bo.say("checkout 1")


async def test_several_notices_of_one_payment_count_once(counter: Counter) -> None:
    await open_page(counter)
    for event in ("evt_1", "evt_1", "evt_2"):
        assert (await counter.paid_by_stripe(event)).status == 200
    session = {"object": "checkout.session", "payment_status": "paid", "amount_total": 1230}
    await counter.stripe("checkout.session.completed", "evt_3", **session)
    await counter.stripe("checkout.session.expired", "evt_4", object="checkout.session")
    assert await counter.table.owed() == {}
    [charge] = await counter.town.rows("pay_charge")
    assert (charge["progress"], charge["credited"]) == ("paid", True)
    assert counter.bo.news().count("has reached Mei") == 1


async def test_what_goes_back_is_owed_again(counter: Counter) -> None:
    await open_page(counter)
    await counter.paid_by_stripe()
    counter.bo.news()
    refund = {"object": "charge", "amount": 1230, "refunded": False}
    await counter.stripe("charge.refunded", "evt_5", **refund, amount_refunded=230)
    await counter.stripe("charge.refunded", "evt_6", **refund, amount_refunded=230)
    assert await counter.table.owed() == {"mei": 230, "bo": -230}
    assert "€2.30 went back to you from Mei" in counter.bo.news()


async def test_what_goes_back_as_a_whole_opens_the_share_again(counter: Counter) -> None:
    await open_page(counter)
    await counter.paid_by_stripe()
    assert "1/1" in counter.table.card(1)
    refund = {"object": "charge", "amount": 1230, "amount_refunded": 1230, "refunded": True}
    for event in ("evt_5", "evt_6"):
        await counter.stripe("charge.refunded", event, **refund)
    assert await counter.table.owed() == {"mei": 1230, "bo": -1230}
    assert "0/1" in counter.table.card(1)
    assert counter.bo.news().count("€12.30 went back to you from Mei") == 1
    await counter.table.say(counter.mei, "!aa received #1 @bo")
    assert await counter.table.owed() == {}


async def test_what_a_merchant_gives_back_in_parts_is_open_again_part_by_part(counter: Counter) -> None:
    await open_page(counter)
    await counter.paid_by_stripe()
    assert "✅ Bo: €12.30 paid" in counter.table.card(1)
    refund = {"object": "charge", "amount": 1230, "refunded": False}
    await counter.stripe("charge.refunded", "evt_5", amount_refunded=500, **refund)
    assert "⏳ Bo: €5.00 of €12.30 still open" in counter.table.card(1)
    assert await counter.table.owed() == {"mei": 500, "bo": -500}
    await counter.stripe("charge.refunded", "evt_6", amount_refunded=1230, **refund)
    assert "⏳ Bo: €12.30" in counter.table.card(1)
    assert "0/1" in counter.table.card(1)
    await counter.table.say(counter.mei, "!aa received #1 @bo")
    assert "✅ Bo: €12.30 paid" in counter.table.card(1)
    assert await counter.table.owed() == {}
    await counter.table.say(counter.mei, "!aa unreceived #1")
    assert "⏳ Bo: €12.30" in counter.table.card(1)
    assert await counter.table.owed() == {"mei": 1230, "bo": -1230}, "with what came, what went back is undone"


async def test_a_refund_that_comes_first_changes_nothing_in_the_end(counter: Counter) -> None:
    await open_page(counter)
    refund = {"object": "charge", "amount": 1230, "amount_refunded": 1230, "refunded": True}
    await counter.stripe("charge.refunded", "evt_5", **refund)
    await counter.paid_by_stripe()
    assert await counter.table.owed() == {"mei": 1230, "bo": -1230}


async def test_alipay_gets_its_one_word_when_all_is_durable(counter: Counter) -> None:
    await open_code(counter)
    assert await counter.alipay("WAIT_BUYER_PAY", "n0") == SUCCESS
    assert (await counter.charge("alipay"))["progress"] == "scanned"
    assert await counter.alipay() == SUCCESS
    assert await counter.alipay() == SUCCESS
    assert await counter.alipay("TRADE_FINISHED", "n2") == SUCCESS
    assert await counter.table.owed("CNY") == {}
    assert counter.mei.news().count("Bo has paid you") == 1


@pytest.mark.parametrize(
    "more", [{"app_id": "another"}, {"seller_id": "another"}, {"amount": "12.31"}, {"amount": "x"}], ids=str
)
async def test_alipay_is_not_believed_when_anything_is_another(counter: Counter, more: dict[str, str]) -> None:
    await open_code(counter)
    assert await counter.alipay(**more) == FAIL
    assert await counter.table.owed("CNY") == {"mei": 1230, "bo": -1230}
    assert await counter.alipay() == SUCCESS  # the refused one has used up nothing
    assert await counter.table.owed("CNY") == {}


async def test_what_is_about_nothing_of_ours_is_taken_and_forgotten(counter: Counter) -> None:
    await open_code(counter)
    assert await counter.alipay(out_trade_no="another") == SUCCESS
    assert await counter.table.owed("CNY") == {"mei": 1230, "bo": -1230}
    assert (await counter.call("nobody", b"")).status == 404


async def test_a_code_that_nobody_scans_stays_offered_and_is_looked_at_now_and_then(counter: Counter) -> None:
    await open_code(counter)
    assert "Scan this with Alipay to pay CN¥12.30." in counter.bo.reads("Scan this with Alipay")
    await counter.town.wait(MINUTE)
    assert counter.asked[-1]["method"] == "alipay.trade.query"
    assert (await counter.charge("alipay"))["progress"] == "offered"
    counter.trade = {"code": "10000", "trade_status": "WAIT_BUYER_PAY", "total_amount": "12.30"}
    await counter.town.wait(5 * MINUTE)
    assert (await counter.charge("alipay"))["progress"] == "scanned"
    counter.trade = {"code": "10000", "trade_status": "TRADE_SUCCESS", "total_amount": "12.30"}
    await counter.town.wait(30 * MINUTE)
    assert await counter.table.owed("CNY") == {}
    assert "CN¥12.30 has reached Mei" in counter.bo.news()
    asked = len(counter.asked)
    await counter.alipay()
    await counter.town.wait(DAY)
    assert len(counter.asked) == asked
    assert await counter.table.owed("CNY") == {}


async def test_what_the_service_refuses_is_said_and_can_be_asked_again(counter: Counter) -> None:
    counter.refuses = True
    await counter.ask(counter.bo, "!aa how #1")
    assert "does not take this payment" in await counter.bo.say("checkout 1")
    counter.refuses = False
    await counter.ask(counter.bo, "!aa how #1")
    assert "https://checkout.stripe.com" in await counter.bo.say("checkout 2")


async def test_a_page_for_what_is_not_owed_any_more_is_not_opened(counter: Counter) -> None:
    await counter.ask(counter.bo, "!aa how #1")
    await counter.table.say(counter.bo, "!aa paid #1")
    await counter.table.say(counter.mei, "!aa received #1")
    assert "not what you owe any more" in await counter.bo.say("checkout 1")
    assert counter.asked == []


async def test_a_storm_of_repeated_notices_in_any_order_credits_each_payment_once(
    either_counter: Counter,
) -> None:
    town, payments = either_counter.town, 25
    await open_page(either_counter)
    [first] = await town.rows("pay_charge")
    rows, calls = notices(town, first, payments, copies=8)
    await town.database.write(lambda connection: connection.execute(merchant_store.pay_charge.insert(), rows) and None)
    answer = town.app.payments.charging.callback(town.database.write, lambda _lane: None, lambda: town.now).answer

    async def work() -> None:
        while calls:
            assert await answer(calls.pop()) == Reply(200, b"{}")

    await asyncio.gather(*(work() for _worker in range(32)))
    assert await town.database.read(credits_in) == payments
    assert (await town.database.read(audit)).faults == ()
    assert await either_counter.table.owed() == {"mei": 1230 - payments * 1230, "bo": payments * 1230 - 1230}
