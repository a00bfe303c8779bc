"""The part of the configuration that is about address books, and about proving that an address is somebody's own."""

# ruff: noqa: RUF009 -- setting() makes fields, as dataclasses.field() does

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from laiwang_bridge import config_values as values
from laiwang_bridge.config_values import Contradiction, setting

MailSecurity = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Contacts:
    key: str = setting(
        "",
        "Secret under which numbers and e-mail addresses are made unreadable before they are kept. Kept here it is not "
        "in the database, so that a copy of the database alone tells nobody's number; if it is empty, one in the "
        "database is used. Never change it: whatever was proven before would have to be proven anew. May also come "
        "from a file (key_file: path) or the environment (LAIWANG_CONTACTS__KEY).",
        values.optional(values.token),
        secret=True,
    )
    friends_prove: bool = setting(
        True,
        "Whether a friend who has somebody's number can prove it, by a code that the friend sends there. Two who agree "
        "could claim any number between them, so turn it off where strangers can make accounts and there are other "
        "ways.",
        values.truth,
    )
    homeserver_admin_token: str = setting(
        "",
        "Access token of an admin of the homeserver (Synapse). With it, a number or e-mail address that the homeserver "
        "has confirmed for one of its users counts as proven; nothing else is done with it. May also come from a file "
        "(homeserver_admin_token_file: path) or the environment (LAIWANG_CONTACTS__HOMESERVER_ADMIN_TOKEN).",
        values.optional(values.token),
        secret=True,
    )
    bot_localpart: str = setting(
        "laiwang_contacts",
        "The bot for address books only, which people can invite alone; without @ and without the domain. Changing it "
        "needs a new registration.yaml.",
        values.localpart,
    )
    bot_displayname: str = setting("来往通讯录 Laiwang contacts", "Name of that bot as people see it.", values.text)
    regions: tuple[str, ...] = setting(
        ("CN",),
        "Where numbers without a country code are from, as ISO 3166 codes, the likeliest first: [CN, DE].",
        values.regions,
    )
    max_file_mb: int = setting(
        32, "Largest address book that is read, in megabytes; it is read in memory.", values.whole_number(1, 200)
    )
    limit: int = setting(
        5_000,
        "How many contacts of one person are looked up in ten days. What does not fit, he may send again later.",
        values.whole_number(100, 20_000),
    )
    limit_more: int = setting(
        2_000,
        "How many more are looked up in a day, for those who add to an address book that they have sent.",
        values.whole_number(10, 20_000),
    )
    range_from: int = setting(
        100,
        "A list of at least so many numbers is refused if most of them stand in one block of 10,000: then somebody "
        "tries out numbers. Smaller lists of that kind count together for ten days. The operators are told.",
        values.whole_number(10, 20_000),
    )
    shop_files: bool = setting(
        False,
        "Read files that people export from shops and payment services too. They only suggest people: nobody is shown "
        "anybody because of them, and nobody learns that a suggestion came from one.",
        values.truth,
    )
    identity_server: str = setting(
        "",
        "Address of a Matrix identity server that may be asked which contacts are on Matrix, for people who switch "
        "that on. Hashes hide numbers from passers-by, not from that server. Empty for none.",
        values.optional(values.http_address),
    )
    identity_token: str = setting(
        "",
        "Access token for it; without one the bot registers there by OpenID, for which it has to reach your "
        "homeserver. May also come from a file (identity_token_file: path) or the environment "
        "(LAIWANG_CONTACTS__IDENTITY_TOKEN).",
        values.secret_text,
        secret=True,
    )
    identity_terms: tuple[str, ...] = setting(
        (), "Addresses of those of its terms of service that you have read and accept.", values.addresses
    )
    carddav_hosts: tuple[str, ...] = setting(
        (),
        "Hosts inside your own network from which people may have their address books fetched, for instance "
        "[nextcloud.lan, 10.0.0.5]. Hosts in the internet need not be listed.",
        values.hosts,
    )


@dataclass(frozen=True, slots=True)
class Email:
    host: str = setting("", "Name of the mail server; empty for none.", values.optional(values.host))
    port: int = setting(587, "Its port: 587 with starttls, 465 with tls.", values.whole_number(1, 65535))
    security: MailSecurity = setting(
        "starttls",
        "starttls, tls, or none, which is for a mail server on the same machine only.",
        values.one_of("starttls", "tls", "none"),
    )
    username: str = setting("", "Name to log in with; empty for no login.", values.text)
    password: str = setting(
        "",
        "Password to log in with. May also come from a file (password_file: path) or the environment "
        "(LAIWANG_EMAIL__PASSWORD).",
        values.secret_text,
        secret=True,
    )
    sender: str = setting(
        "", "What the mails are from, for instance Laiwang <laiwang@example.org>.", values.optional(values.mailbox)
    )
    per_day: int = setting(
        500, "How many mails may be sent in a day, to all people.", values.whole_number(1, 1_000_000)
    )


@dataclass(frozen=True, slots=True)
class TextMessages:
    command: tuple[str, ...] = setting(
        (),
        "Program of yours that sends a text message, with its arguments: [/usr/local/bin/send-sms]. It gets the number "
        "and the text as JSON on its standard input, and as LAIWANG_NUMBER and LAIWANG_TEXT in its environment; it "
        "ends with 0 when the message was sent, with 75 to be run again later.",
        values.command,
    )
    webhook: str = setting(
        "",
        "Address that takes the same JSON as a POST instead, signed with webhook_key in the header "
        "X-Laiwang-Signature. It answers 2xx when the message was sent, 429 or 5xx to be asked again later.",
        values.optional(values.webhook),
    )
    webhook_key: str = setting(
        "",
        "Secret that signs what goes to the webhook (HMAC-SHA256). May also come from a file (webhook_key_file: path) "
        "or the environment (LAIWANG_TEXT_MESSAGES__WEBHOOK_KEY).",
        values.optional(values.token),
        secret=True,
    )
    timeout_seconds: int = setting(30, "How long one message may take.", values.whole_number(1, 300))
    per_day: int = setting(
        100, "How many text messages may be sent in a day, to all people.", values.whole_number(1, 1_000_000)
    )


def of_proving(email: Email, texts: TextMessages) -> Iterable[Contradiction]:
    """What of these sections does not go together."""
    if email.host and not email.sender:
        yield ("email.sender", "email.host"), "is missing: write what the mails are from, or empty email.host."
    if texts.command and texts.webhook:
        yield ("text_messages.webhook", "text_messages.command"), "and command are both given: keep one of them."
    if texts.webhook and not texts.webhook_key:
        missing = "is missing: write a long random text, and give it to the service behind the webhook."
        yield ("text_messages.webhook_key", "text_messages.webhook"), missing
