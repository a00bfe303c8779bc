"""The whole way of a payment: another process signs an event, our listener takes it, and it is in the books."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from mautrix.types import UserID

from appservice.server import Limits, Server
from laiwang_bridge.config_payments import Payments, Stripe
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.rails.asking import post
from laiwang_bridge.payments.rails.charging import PATH
from laiwang_bridge.payments.rails.merchant import Charge, Refused
from laiwang_bridge.payments.rails.stripe import StripeRail
from tests.appservice.wire import ANY_PORT, TOKEN, RecordingInbox
from tests.support.installing import installed
from tests.support.localstripe import LocalStripe, localstripe_python
from tests.support.waiting import eventually
from tests.unit.laiwang_bridge.features.table import Table
from tests.unit.laiwang_bridge.features.town import PAY_BOT, open_town

SECRET = "whsec_of_the_town"
KEY = {"Authorization": "Bearer sk_test_town"}


@pytest.fixture(scope="session")
def python(pytestconfig: pytest.Config) -> Path:
    """The interpreter that has localstripe."""
    return installed(pytestconfig, localstripe_python, "events of a payment service of its own")


@pytest_asyncio.fixture
async def stripe(tmp_path: Path, python: Path) -> AsyncIterator[LocalStripe]:
    service = LocalStripe(tmp_path / "localstripe", python)
    await service.start()
    yield service
    service.kill()


async def ask(stripe: LocalStripe, path: str, **fields: str) -> dict[str, str]:
    status, body = await post(f"{stripe.address}{path}", fields, KEY)
    assert status == 200, body
    answer: dict[str, str] = orjson.loads(body)
    return answer


async def test_what_stripe_says_was_paid_is_in_the_books(sqlite_url: str, stripe: LocalStripe) -> None:
    account = Stripe(holder="@mei:town", secret_key="sk_test_town", webhook_secret=SECRET, address=stripe.address)
    ours = Payments(public_address="https://pay.example.org")
    async with open_town(sqlite_url, stripe=account, payments=ours) as town:
        mei, bo = [await town.arrive(name, bot=PAY_BOT) for name in ("mei", "bo")]
        table = await Table.of(town, mei, bo)
        await table.say(mei, "!aa 24.60 dinner @bo")
        await table.say(bo, "!aa how #1")
        [charge] = await town.rows("pay_charge")
        woken: list[str] = []
        callback = town.app.payments.charging.callback(
            town.database.write, woken.append, lambda: time.time_ns() // 1_000_000
        )
        async with Server(ANY_PORT, TOKEN, RecordingInbox(), limits=Limits(), callbacks=[callback]) as server:
            await stripe.send_events_to(f"http://{server.address}{PATH}stripe", SECRET)
            card = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}
            method = await ask(stripe, "/v1/payment_methods", type="card", **card, **{"card[cvc]": "123"})
            for _time in range(2):  # two events of two payments, of which the second is for the same charge
                await ask(
                    stripe,
                    "/v1/payment_intents",
                    amount="1230",
                    currency="eur",
                    payment_method=method["id"],
                    confirm="true",
                    **{"metadata[reference]": charge["reference"]},
                )

            async def both_came() -> bool:
                return len(await town.rows("pay_notice")) == 2

            await eventually(both_came, "both events have come")
        await town.settle()
        assert woken == [f"payments:charge:{charge['id']}"]
        assert await table.owed() == {}
        assert "€12.30 has reached Mei" in bo.news()


async def test_a_page_that_the_service_does_not_know_is_a_refusal(stripe: LocalStripe) -> None:
    rail = StripeRail(
        UserID("@mei:town"),
        secret_key="sk_test_town",
        webhook_secret=SECRET,
        back_to="https://matrix.to/#/@pay:town",
        api=stripe.address,
    )
    refused = await rail.create(Charge("0" * 32, Money(1230, currency("EUR")), "AA #1"))
    assert isinstance(refused, Refused)
