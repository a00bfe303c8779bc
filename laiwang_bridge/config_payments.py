"""The part of the configuration that is about money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from laiwang_bridge import config_values as values
from laiwang_bridge.config_values import Contradiction, setting
from laiwang_bridge.payments.paying.back_off import DAYS


@dataclass(frozen=True, slots=True)
class Payments:
    bot_localpart: str = setting(
        "laiwang_pay",
        "The bot for bills only, which people can invite alone; without @ and without the domain. Changing it needs a "
        "new registration.yaml.",
        values.localpart,
    )
    bot_displayname: str = setting("来往记账 Laiwang pay", "Name of that bot as people see it.", values.text)
    currency: str = setting(
        "EUR",
        "Currency of a room in which nobody has chosen one, as its ISO 4217 code, such as EUR or CNY.",
        values.currency,
    )
    ask_from: int = setting(
        5_000,
        "Bills of at least so many units of their currency (not cents) are asked about before they count, and of ten, "
        "a hundred or more times as many where units are small, as yen are, or half as many where they are large, as "
        "Kuwaiti dinars are; a room can choose another number.",
        values.whole_number(1, 1_000_000_000),
    )
    packet_most: int = setting(
        10_000,
        "Largest red packet, in units (not cents) of payments.currency, or in points. Of other currencies it is ten, a "
        "hundred or more times as many where units are small, as yen are beside euros, and half as many where they are "
        "large, as Kuwaiti dinars are; a room can choose less.",
        values.whole_number(1, 1_000_000_000),
    )
    reminder_days: tuple[int, ...] = setting(
        DAYS,
        "So many days after a bill whoever has not paid his share is reminded of it, by day and once a day at most; a "
        "room can choose others, and each person none. An empty list for no reminders where a room has not chosen any.",
        values.days,
    )
    rates_file: str = setting(
        "",
        "File with the rates of the European Central Bank, as it publishes them: the whole path of eurofxref-hist.zip, "
        "or of the .csv in it. Looked at every hour, so something else may fetch it anew. Empty: rooms set rates.",
        values.optional(values.text),
    )
    public_address: str = setting(
        "",
        "Address at which payment services reach the bridge from the internet, such as https://pay.example.org: its "
        "path /_laiwang/pay/ has to lead to the bridge's own listener, and nothing else needs to. Empty for none.",
        values.optional(values.http_address),
    )


@dataclass(frozen=True, slots=True)
class Alipay:
    holder: str = setting(
        "",
        "Matrix id of the person whose merchant account this is; it is offered to those only who owe that person. "
        "Empty for none.",
        values.optional(values.user_id),
    )
    app_id: str = setting("", "The app_id that Alipay has given.", values.text)
    seller_id: str = setting(
        "", "The seller's own number (PID), 2088…; notices for another one are refused.", values.text
    )
    private_key: str = setting(
        "",
        "Our private RSA key, in base64 as Alipay's tool writes it. May also come from a file (private_key_file: path) "
        "or the environment (LAIWANG_ALIPAY__PRIVATE_KEY).",
        values.optional(values.private_key),
        secret=True,
    )
    alipay_public_key: str = setting(
        "",
        "Alipay's public key from its console, which is not the one that belongs to our private key. May also come "
        "from a file (alipay_public_key_file: path).",
        values.optional(values.public_key),
        secret=True,
    )
    gateway: str = setting("https://openapi.alipay.com/gateway.do", "Alipay's gateway.", values.webhook)


@dataclass(frozen=True, slots=True)
class Stripe:
    holder: str = setting(
        "",
        "Matrix id of the person whose Stripe account this is; it is offered to those only who owe that person. Empty "
        "for none.",
        values.optional(values.user_id),
    )
    secret_key: str = setting(
        "",
        "Secret key of the account; a restricted one that may write Checkout Sessions will do. May also come from a "
        "file (secret_key_file: path) or the environment (LAIWANG_STRIPE__SECRET_KEY).",
        values.secret_text,
        secret=True,
    )
    webhook_secret: str = setting(
        "",
        "Signing secret of the webhook, whsec_…. May also come from a file (webhook_secret_file: path) or the "
        "environment (LAIWANG_STRIPE__WEBHOOK_SECRET).",
        values.secret_text,
        secret=True,
    )
    address: str = setting("https://api.stripe.com", "Stripe's API.", values.http_address)


def of_payments(payments: Payments, alipay: Alipay, stripe: Stripe) -> Iterable[Contradiction]:
    """What of these sections does not go together."""
    for name, account, needed in (
        ("alipay", alipay, ("app_id", "seller_id", "private_key", "alipay_public_key")),
        ("stripe", stripe, ("secret_key", "webhook_secret")),
    ):
        for key in needed if account.holder else ():
            if not getattr(account, key):
                yield (f"{name}.{key}", f"{name}.holder"), f"is missing: write it, or empty {name}.holder."
        if account.holder and not payments.public_address:
            nowhere = f"is missing: write where payment services reach the bridge, or empty {name}.holder."
            yield ("payments.public_address", f"{name}.holder"), nowhere
