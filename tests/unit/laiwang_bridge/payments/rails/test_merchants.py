"""What Alipay and Stripe are asked, and what is believed of what they say."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.routes import Later
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.rails.alipay import AlipayRail, to_sign
from laiwang_bridge.payments.rails.merchant import Charge, NotGenuine, Notice, Page, Progress, Refused
from laiwang_bridge.payments.rails.stripe import StripeRail, exponent_of, money_of, units_of
from laiwang_bridge.rsa_keys import private_key, public_key
from tests.unit.laiwang_bridge.payments.rails.keys import (
    alipay_notice,
    our_key,
    private_text,
    public_text,
    signed,
    stripe_header,
    their_key,
)

MEI = UserID("@mei:town")
REFERENCE = "0123456789abcdef0123456789abcdef"
NOW = 1_700_000_000_000
SECRET = "whsec_of_the_town"
PAID = {
    "app_id": "2021000000000001",
    "seller_id": "2088000000000001",
    "notify_id": "n1",
    "out_trade_no": REFERENCE,
    "total_amount": "12.30",
    "trade_status": "TRADE_SUCCESS",
    "subject": "AA #7 聚餐 & tea",
    "gmt_payment": "2026-11-20 12:00:00",
    "empty": "",
}


def money(minor: int, code: str) -> Money:
    return Money(minor, currency(code))


def charge(minor: int = 1230, code: str = "CNY") -> Charge:
    return Charge(REFERENCE, money(minor, code), "AA #7")


def alipay(gateway: str = "http://localhost:1/") -> AlipayRail:
    return AlipayRail(
        MEI,
        app_id="2021000000000001",
        seller_id="2088000000000001",
        key=our_key(),
        alipay_key=their_key().public_key(),
        notify_url="https://pay.example.org/_laiwang/pay/alipay",
        gateway=gateway,
    )


def stripe(api: str = "http://localhost:1") -> StripeRail:
    return StripeRail(
        MEI, secret_key="sk_test_town", webhook_secret=SECRET, back_to="https://matrix.to/#/@pay:town", api=api
    )


@dataclass
class Service:
    """A payment service on loopback that answers what a test wants and keeps what it was asked."""

    url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request.path, form, {name.lower(): value for name, value in request.headers.items()}))
        return web.Response(status=self.status, body=self.answer)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    served = Service()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", served.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


def alipay_answer(method: str, said: dict[str, str]) -> bytes:
    """An answer as the gateway writes it: the object as it is, and a signature over its very bytes."""
    inner = json.dumps(said, ensure_ascii=False, separators=(", ", ":"))
    return f'{{"{method}_response":{inner},"sign":"{signed(inner.encode())}"}}'.encode()


# -- Alipay: asking ---------------------------------------------------------------------------------------------------


async def test_alipay_is_asked_for_a_code_by_a_request_that_we_have_signed(service: Service) -> None:
    said = {"code": "10000", "out_trade_no": REFERENCE, "qr_code": "https://qr.alipay.com/bax0123"}
    service.answer = alipay_answer("alipay_trade_precreate", said)
    assert await alipay(service.url).create(charge()) == Page(qr="https://qr.alipay.com/bax0123")
    [(_path, form, _headers)] = service.asked
    sign = form.pop("sign")
    raw = to_sign({name.encode(): value.encode() for name, value in form.items()})
    our_key().public_key().verify(base64.b64decode(sign), raw, padding.PKCS1v15(), hashes.SHA256())
    assert (form["method"], form["sign_type"], form["charset"]) == ("alipay.trade.precreate", "RSA2", "utf-8")
    assert form["notify_url"] == "https://pay.example.org/_laiwang/pay/alipay"
    assert json.loads(form["biz_content"]) == {
        "out_trade_no": REFERENCE, "total_amount": "12.30", "subject": "AA #7", "timeout_express": "2h",
    }  # fmt: skip


async def test_what_alipay_refuses_is_told_by_its_code(service: Service) -> None:
    said = {"code": "40004", "sub_code": "ACQ.TOTAL_FEE_EXCEED", "sub_msg": "订单总金额超过限额"}
    service.answer = alipay_answer("alipay_trade_precreate", said)
    assert await alipay(service.url).create(charge()) == Refused("ACQ.TOTAL_FEE_EXCEED")


async def test_an_answer_that_alipay_has_not_signed_is_not_believed(service: Service) -> None:
    said = {"code": "10000", "out_trade_no": REFERENCE, "qr_code": "https://evil.example"}
    inner = json.dumps(said)
    sign = signed(inner.encode(), our_key())
    service.answer = f'{{"alipay_trade_precreate_response":{inner},"sign":"{sign}"}}'.encode()
    with pytest.raises(NotGenuine):
        await alipay(service.url).create(charge())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_that_is_busy_is_asked_again_later(service: Service, status: int) -> None:
    service.status = status
    with pytest.raises(Later):
        await alipay(service.url).create(charge())
    with pytest.raises(Later):
        await stripe(service.url).create(charge())


async def test_a_service_that_cannot_be_reached_is_asked_again_later() -> None:
    with pytest.raises(Later):
        await stripe().create(charge())


async def test_a_trade_that_alipay_does_not_know_is_only_not_scanned_yet(service: Service) -> None:
    said = {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST", "out_trade_no": REFERENCE}
    service.answer = alipay_answer("alipay_trade_query", said)
    assert await alipay(service.url).look(charge()) == Notice("", REFERENCE, Progress.OFFERED)


@pytest.mark.parametrize(
    ("status", "notice"),
    [
        ("WAIT_BUYER_PAY", Notice("", REFERENCE, Progress.SCANNED)),
        ("TRADE_SUCCESS", Notice("", REFERENCE, Progress.PAID, Money(1230, currency("CNY")))),
        ("TRADE_FINISHED", Notice("", REFERENCE, Progress.PAID, Money(1230, currency("CNY")))),
        ("TRADE_CLOSED", Notice("", REFERENCE, Progress.CLOSED)),
        ("SOMETHING_NEW", None),
    ],
)
async def test_alipay_tells_how_far_a_trade_is(service: Service, status: str, notice: Notice | None) -> None:
    said = {"code": "10000", "out_trade_no": REFERENCE, "trade_status": status, "total_amount": "12.30"}
    service.answer = alipay_answer("alipay_trade_query", said)
    assert await alipay(service.url).look(charge()) == notice


@pytest.mark.parametrize(("minor", "code", "fits"), [(1, "CNY", True), (0, "CNY", False), (10**10, "CNY", True),
                                                     (10**10 + 1, "CNY", False), (100, "EUR", False)])  # fmt: skip
def test_alipay_takes_yuan_from_a_fen_to_a_hundred_million(minor: int, code: str, fits: bool) -> None:
    assert alipay().takes(money(minor, code)) is fits


# -- Alipay: notices --------------------------------------------------------------------------------------------------


def test_a_notice_of_alipay_is_read_from_its_bytes() -> None:
    assert alipay().verify(alipay_notice(PAID), {}, NOW) == Notice("n1", REFERENCE, Progress.PAID, money(1230, "CNY"))


@pytest.mark.parametrize(
    ("changes", "progress", "paid", "refunded"),
    [
        ({"trade_status": "TRADE_FINISHED"}, Progress.PAID, 1230, None),
        ({"trade_status": "WAIT_BUYER_PAY"}, Progress.SCANNED, None, None),
        ({"trade_status": "TRADE_CLOSED"}, Progress.CLOSED, None, None),
        ({"refund_fee": "2.30"}, Progress.PAID, 1230, 230),
        ({"trade_status": "TRADE_CLOSED", "refund_fee": "12.30"}, Progress.REFUNDED, 1230, 1230),
    ],
)
def test_alipay_tells_by_a_notice_how_far_a_trade_is(
    changes: dict[str, str], progress: Progress, paid: int | None, refunded: int | None
) -> None:
    notice = alipay().verify(alipay_notice(PAID | changes), {}, NOW)
    assert notice is not None
    assert notice.progress is progress
    assert notice.paid == (None if paid is None else money(paid, "CNY"))
    assert notice.refunded == (None if refunded is None else money(refunded, "CNY"))


FORGED: dict[str, Callable[[], bytes]] = {
    "amount": lambda: alipay_notice(PAID, total_amount="0.01"),
    "one field more": lambda: alipay_notice(PAID, more="1"),
    "an empty field more": lambda: alipay_notice(
        {name: value for name, value in PAID.items() if name != "empty"}, empty=""
    ),
    "another key": lambda: alipay_notice(PAID, our_key()),
    "another app": lambda: alipay_notice(PAID | {"app_id": "2021000000000002"}),
    "another seller": lambda: alipay_notice(PAID | {"seller_id": "2088000000000002"}),
    "a field twice": lambda: alipay_notice(PAID) + b"&total_amount=0.01",
    "another kind of signature": lambda: alipay_notice(PAID).replace(b"sign_type=RSA2", b"sign_type=RSA"),
    "a broken signature": lambda: alipay_notice(PAID).replace(b"sign=", b"sign=AAAA"),
    "nothing": lambda: b"",
    "noise": lambda: b"\xff\xfe&&==",
}


@pytest.mark.parametrize("what", FORGED)
def test_a_notice_that_is_not_alipays_is_refused(what: str) -> None:
    with pytest.raises(NotGenuine):
        alipay().verify(FORGED[what](), {}, NOW)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_keys_are_read_as_tools_write_them(encoding: Encoding) -> None:
    assert private_key(private_text(our_key(), encoding)).key_size == 2048
    assert public_key(public_text(their_key())).key_size == 2048


def test_what_is_no_key_is_said_without_showing_it() -> None:
    for wrong in ("", "no key", public_text(their_key())):
        with pytest.raises(ValueError, match="no private RSA key") as caught:
            private_key(wrong)
        assert not wrong or wrong not in str(caught.value)


# -- Stripe -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "code", "units"),
    [
        (1230, "EUR", 1230),
        (500, "JPY", 500),
        (50_000, "MGA", 500),  # two decimals by ISO 4217, none at Stripe
        (50_050, "MGA", None),
        (5, "ISK", 500),  # none by ISO 4217, two at Stripe, and whole crowns only
        (5120, "KWD", 5120),
        (5124, "KWD", None),  # the third decimal has to be 0
        (1000, "UGX", None),  # documented in two ways that differ by a hundred
        (1000, "IQD", None),
        (1050, "HUF", 1050),
        (0, "EUR", None),
        (-5, "EUR", None),
        (100_000_000, "EUR", None),
    ],
)
def test_stripe_is_told_amounts_in_its_own_decimals(minor: int, code: str, units: int | None) -> None:
    assert units_of(money(minor, code)) == units
    assert stripe().takes(money(minor, code)) is (units is not None)
    if units is not None:
        assert money_of(units, code.lower()) == money(minor, code)


def test_every_currency_of_stripe_goes_there_and_back() -> None:
    for code in ("BIF", "CLP", "KRW", "VND", "XAF", "BHD", "JOD", "OMR", "TND", "USD", "CNY", "TWD", "ISK", "MGA"):
        whole = money(7 * 10 ** currency(code).exponent, code)
        units = units_of(whole)
        assert units is not None
        assert money_of(units, code) == whole
        assert units == 7 * 10 ** (exponent_of(code) or 0)
    assert money_of(150, "isk") is None
    assert money_of(1, "xxx") is None


async def test_stripe_is_asked_for_a_page_once_however_often(service: Service) -> None:
    service.answer = orjson.dumps({"id": "cs_1", "url": "https://checkout.stripe.com/c/pay/cs_1"})
    for _time in range(2):
        assert await stripe(service.url).create(charge(500, "JPY")) == Page("https://checkout.stripe.com/c/pay/cs_1")
    (path, form, headers), (_path, _form, again) = service.asked
    assert path == "/v1/checkout/sessions"
    assert (headers["authorization"], headers["idempotency-key"]) == ("Bearer sk_test_town", f"laiwang-{REFERENCE}")
    assert again["idempotency-key"] == headers["idempotency-key"]
    assert form["line_items[0][price_data][unit_amount]"] == "500"
    assert form["line_items[0][price_data][currency]"] == "jpy"
    assert form["payment_intent_data[metadata][reference]"] == form["metadata[reference]"] == REFERENCE


async def test_what_stripe_refuses_is_told_by_its_code(service: Service) -> None:
    service.status, service.answer = 400, orjson.dumps({"error": {"type": "card_error", "code": "amount_too_small"}})
    assert await stripe(service.url).create(charge()) == Refused("amount_too_small")
    service.answer = b"<html>"
    assert await stripe(service.url).create(charge()) == Refused("HTTP 400")


def event(kind: str, **thing: object) -> bytes:
    said = {"metadata": {"reference": REFERENCE}, "currency": "eur", **thing}
    return orjson.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": said}})


def read(body: bytes, *, seconds: int = NOW // 1000, secret: str = SECRET, now: int = NOW) -> Notice | None:
    return stripe().verify(body, {"Stripe-Signature": stripe_header(body, secret, seconds)}, now)


@pytest.mark.parametrize(
    ("body", "notice"),
    [
        (
            event("checkout.session.completed", object="checkout.session", payment_status="paid", amount_total=1230),
            Notice("evt_1", REFERENCE, Progress.PAID, Money(1230, currency("EUR"))),
        ),
        (
            event("checkout.session.completed", object="checkout.session", payment_status="unpaid", amount_total=1230),
            Notice("evt_1", REFERENCE, Progress.SCANNED),
        ),
        (
            event("payment_intent.succeeded", object="payment_intent", amount_received=1230),
            Notice("evt_1", REFERENCE, Progress.PAID, Money(1230, currency("EUR"))),
        ),
        (event("checkout.session.expired", object="checkout.session"), Notice("evt_1", REFERENCE, Progress.CLOSED)),
        (
            event("charge.refunded", object="charge", amount=1230, amount_refunded=230, refunded=False),
            Notice(
                "evt_1", REFERENCE, Progress.PAID, Money(1230, currency("EUR")), Money(230, currency("EUR"))
            ),
        ),
        (event("customer.created"), None),
        (orjson.dumps({"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"metadata": {}}}}), None),
        (b"[]", None),
    ],
)  # fmt: skip
def test_an_event_of_stripe_is_read_from_its_bytes(body: bytes, notice: Notice | None) -> None:
    assert read(body) == notice


@pytest.mark.parametrize("off", [-300, 300])
def test_a_signature_may_be_five_minutes_old(off: int) -> None:
    assert read(event("payment_intent.succeeded", amount_received=1), seconds=NOW // 1000 + off) is not None


@pytest.mark.parametrize("off", [-301, 301, -(10**6)])
def test_an_older_one_may_be_a_copy(off: int) -> None:
    with pytest.raises(NotGenuine, match="old"):
        read(event("payment_intent.succeeded", amount_received=1), seconds=NOW // 1000 + off)


@pytest.mark.parametrize(
    "header",
    [
        "", "t=", "t=1700000000", "v1=00", "t=1700000000,v1=00", "t=١٧,v1=00", "t=1700000000,v1=é",
        "t=1700000000,t=1700000001,v1=00", "garbage",
    ],
)  # fmt: skip
def test_what_stripe_has_not_signed_is_refused(header: str) -> None:
    with pytest.raises(NotGenuine):
        stripe().verify(event("payment_intent.succeeded", amount_received=1), {"Stripe-Signature": header}, NOW)


def test_a_changed_event_is_refused_and_one_of_two_signatures_is_enough() -> None:
    body = event("payment_intent.succeeded", amount_received=1230)
    header = stripe_header(body, SECRET, NOW // 1000)
    with pytest.raises(NotGenuine):
        stripe().verify(body.replace(b"1230", b"9230"), {"Stripe-Signature": header}, NOW)
    with pytest.raises(NotGenuine):
        read(body, secret="another")
    both = header.replace("v1=", "v1=00,v1=")
    assert stripe().verify(body, {"Stripe-Signature": both}, NOW) is not None


# -- whatever anybody sends -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300), header=st.text(max_size=80))
def test_whatever_anybody_sends_is_refused_and_breaks_nothing(body: bytes, header: str) -> None:
    for sent in (body, b"sign_type=RSA2&sign=" + body, b"sign_type=RSA2&" + body):
        with pytest.raises(NotGenuine):
            alipay().verify(sent, {}, NOW)
    for said in (header, f"t=1700000000,v1={header}", f"t={header},v1=00", "t=1700000000,v1=\udcff"):
        with pytest.raises(NotGenuine):
            stripe().verify(body, {"Stripe-Signature": said}, NOW)


NAMES = st.sampled_from(["object", "metadata", "currency", "amount", "amount_received"])
VALUES = st.none() | st.integers() | st.text(max_size=5) | st.just({"reference": REFERENCE})
KINDS = st.sampled_from(["payment_intent.succeeded", "charge.refunded", "checkout.session.completed", "x"])


@settings(max_examples=40, deadline=None)
@given(thing=st.dictionaries(NAMES, VALUES), kind=KINDS)
def test_whatever_stripe_says_is_read_or_passed_over(thing: dict[str, object], kind: str) -> None:
    body = json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}}).encode()
    notice = read(body)
    assert notice is None or notice.reference == REFERENCE
