"""Somebody with accounts at payment services, the services on loopback, and a friend who owes."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from sqlalchemy import Connection, func, select

from appservice.callbacks import Call, Reply
from laiwang_bridge.config_payments import Alipay, Payments, Stripe
from laiwang_bridge.payments.ledger.ledger_tables import pay_entry
from tests.unit.laiwang_bridge.features.table import Table
from tests.unit.laiwang_bridge.features.town import PAY_BOT, Person, Town, open_town
from tests.unit.laiwang_bridge.payments.rails.keys import (
    alipay_notice,
    our_key,
    private_text,
    public_text,
    signed,
    stripe_header,
    their_key,
)

SECRET = "whsec_of_the_town"


@dataclass
class Counter:
    """Mei's payment services on loopback, and a town in which she is owed 12.30 by Bo."""

    town: Town
    table: Table
    mei: Person
    bo: Person
    cy: Person
    trade: dict[str, str] = field(default_factory=lambda: {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"})
    asked: list[dict[str, str]] = field(default_factory=list)
    refuses: bool = False

    async def serve(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if request.path == "/v1/checkout/sessions":
            if self.refuses:
                return web.json_response({"error": {"code": "amount_too_small"}}, status=400)
            return web.json_response({"url": "https://checkout.stripe.com/c/pay/cs_1"})
        reference = json.loads(form["biz_content"])["out_trade_no"]
        if form["method"] == "alipay.trade.precreate":
            said = {"code": "10000", "out_trade_no": reference, "qr_code": "https://qr.alipay.com/bax0123"}
        else:
            said = {"out_trade_no": reference, **self.trade}
        inner = json.dumps(said)
        name = form["method"].replace(".", "_")
        return web.Response(text=f'{{"{name}_response":{inner},"sign":"{signed(inner.encode())}"}}')

    async def ask(self, person: Person, line: str) -> str:
        person.news()
        await self.table.say(person, line)
        return person.news()

    async def charge(self, rail: str) -> dict[str, Any]:
        """The newest charge of a service."""
        return [row for row in await self.town.rows("pay_charge") if row["rail"] == rail][-1]

    async def call(self, rail: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
        """A notice comes in; what it sets going has happened afterwards."""
        town = self.town
        charging = town.app.payments.charging
        answer = charging.callback(town.database.write, lambda _lane: None, lambda: town.now).answer
        reply = await answer(Call(rail, headers or {}, body))
        await town.settle()
        return reply

    async def alipay(
        self, status: str = "TRADE_SUCCESS", event: str = "n1", amount: str = "12.30", **more: str
    ) -> Reply:
        fields = {
            "app_id": "app", "seller_id": "seller", "notify_id": event,
            "out_trade_no": (await self.charge("alipay"))["reference"],
            "total_amount": amount, "trade_status": status,
        }  # fmt: skip
        return await self.call("alipay", alipay_notice(fields | more))

    async def stripe(self, kind: str, event: str, **thing: object) -> Reply:
        said = {"metadata": {"reference": (await self.charge("stripe"))["reference"]}, "currency": "eur", **thing}
        body = orjson.dumps({"id": event, "type": kind, "data": {"object": said}})
        return await self.call("stripe", body, {"Stripe-Signature": stripe_header(body, SECRET, self.town.now // 1000)})

    async def paid_by_stripe(self, event: str = "evt_1") -> Reply:
        return await self.stripe("payment_intent.succeeded", event, object="payment_intent", amount_received=1230)


@asynccontextmanager
async def open_counter(url: str) -> AsyncIterator[Counter]:
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    later: list[Counter] = []

    async def serve(request: web.Request) -> web.Response:
        return await later[0].serve(request)

    app.router.add_post("/{rest:.*}", serve)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with open_town(
        url,
        alipay=Alipay(
            holder="@mei:town",
            app_id="app",
            seller_id="seller",
            private_key=private_text(our_key()),
            alipay_public_key=public_text(their_key()),
            gateway=f"{address}/gateway.do",
        ),
        stripe=Stripe(holder="@mei:town", secret_key="sk_test", webhook_secret=SECRET, address=address),
        payments=Payments(public_address="https://pay.example.org"),
    ) as town:
        mei, bo, cy = [await town.arrive(name, bot=PAY_BOT) for name in ("mei", "bo", "cy")]
        table = await Table.of(town, mei, bo, cy)
        await table.say(mei, "!aa 24.60 dinner @bo")
        later.append(Counter(town, table, mei, bo, cy))
        yield later[0]
    await runner.cleanup()


def notices(
    town: Town, charge: Mapping[str, Any], payments: int, copies: int
) -> tuple[list[dict[str, Any]], list[Call]]:
    """Charges like this one, as rows, and for each an event that comes so many times; in no order."""
    rows, calls = [], []
    for number in range(payments):
        reference = f"{number:032x}"
        rows.append({**charge, "id": 1000 + number, "reference": reference, "bill": None})
        thing = {"metadata": {"reference": reference}, "currency": "eur", "amount_received": 1230}
        body = orjson.dumps({"id": f"evt_{number}", "type": "payment_intent.succeeded", "data": {"object": thing}})
        header = {"Stripe-Signature": stripe_header(body, SECRET, town.now // 1000)}
        calls += [Call("stripe", header, body)] * copies
    random.Random(7).shuffle(calls)
    return rows, calls


def credits_in(connection: Connection) -> int:
    """How many payments are in the books."""
    return connection.execute(select(func.count()).where(pay_entry.c.kind == "payment")).scalar_one()
