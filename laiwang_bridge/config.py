"""The configuration: one typed section per feature, each field with its default, its meaning and its check.

`config.example.yaml` is generated from here. Reading the admin's file is in `config_file`, writing in `config_text`.
"""

# ruff: noqa: RUF009 -- setting() and section() make fields, as dataclasses.field() does

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from appservice import registration
from appservice.bots.permissions import Level, Permissions
from appservice.database import Durability, parse_url
from appservice.language import Language
from laiwang_bridge import config_values as values
from laiwang_bridge.clusters.reach import DEFAULT_REACH, Reach
from laiwang_bridge.config_values import section, setting

MailSecurity = Literal["starttls", "tls", "none"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

PROTOCOL = "laiwang"


@dataclass(frozen=True, slots=True)
class Homeserver:
    address: str = setting(
        "http://localhost:8008",
        "Base address of its client-server API, as seen from the bridge.",
        values.http_address,
    )
    domain: str = setting(
        "",
        "Its server_name: what stands after the colon in your users' ids. Required.",
        values.server_name,
        required="write the server_name of your homeserver, for instance example.org.",
    )


@dataclass(frozen=True, slots=True)
class AppService:
    address: str = setting(
        "http://localhost:29350",
        "Address at which the homeserver reaches the bridge. Changing it needs a new registration.yaml.",
        values.http_address,
    )
    listen_host: str = setting(
        "127.0.0.1",
        "Network interface to listen on; 0.0.0.0 where the homeserver is on another machine or in another container.",
        values.host,
    )
    listen_port: int = setting(29350, "Port to listen on.", values.whole_number(1, 65535))
    id: str = setting(
        "laiwang",
        "Name of the registration; no other application service of this homeserver may have it.",
        values.identifier,
    )
    as_token: str = setting(
        "",
        "Secret that the bridge shows the homeserver; the same as in registration.yaml. Required. "
        "May also come from a file (as_token_file: path) or the environment (LAIWANG_APPSERVICE__AS_TOKEN).",
        values.token,
        secret=True,
        required="run `laiwang-bridge init`, or copy it from registration.yaml.",
    )
    hs_token: str = setting(
        "",
        "Secret that the homeserver shows the bridge; the same as in registration.yaml. Required. "
        "May also come from a file (hs_token_file: path) or the environment (LAIWANG_APPSERVICE__HS_TOKEN).",
        values.token,
        secret=True,
        required="run `laiwang-bridge init`, or copy it from registration.yaml.",
    )
    bot_localpart: str = setting(
        "laiwang", "The bot that people talk to, without @ and without the domain.", values.localpart
    )
    bot_displayname: str = setting("来往 Laiwang", "Name of the bot as people see it.", values.text)
    user_prefix: str = setting(
        "_laiwang_", "How the ids of the users begin that stand for people on the Laiwang side.", values.localpart
    )
    alias_prefixes: tuple[str, ...] = setting(
        ("zd_", "_laiwang_"),
        "How the aliases of our rooms begin; the first is for clusters.",
        values.localparts,
    )
    max_body_mb: int = setting(
        64,
        "Largest request accepted from the homeserver, in megabytes.",
        values.whole_number(1, 1024),
    )


@dataclass(frozen=True, slots=True)
class Database:
    url: str = setting(
        "sqlite:///laiwang.db",
        "sqlite:///file (a path without a leading slash starts at this file's folder) or "
        "postgresql://user:password@host/name. May also come from a file (url_file: path) or the environment "
        "(LAIWANG_DATABASE__URL).",
        values.database_url,
        secret=True,
    )
    durability: Durability = setting(
        "full",
        "full: what was acknowledged survives a power cut. normal: quicker, the last moments may be lost in a power "
        "cut (never in a crash of the bridge).",
        values.one_of("full", "normal"),
    )
    connections: int = setting(8, "How many connections to keep open at most.", values.whole_number(2, 100))

    @property
    def is_sqlite(self) -> bool:
        return parse_url(self.url).get_backend_name() == "sqlite"

    def placed(self, folder: Path) -> Database:
        """The same with a relative SQLite path made absolute."""
        url = parse_url(self.url)
        if not self.is_sqlite or url.database is None or Path(url.database).is_absolute():
            return self
        absolute = url.set(database=str(folder.resolve() / url.database))
        return replace(self, url=absolute.render_as_string(hide_password=False))


@dataclass(frozen=True, slots=True)
class Delivery:
    rooms_in_parallel: int = setting(
        32,
        "In how many rooms at a time to send; within one room there is never more than one message on its way. "
        "20 to 50 serve a homeserver best.",
        values.whole_number(1, 100),
    )
    handlers_in_parallel: int = setting(
        8, "In how many rooms at a time to handle what people wrote.", values.whole_number(1, 100)
    )
    timeout_seconds: int = setting(
        60, "How long to wait for one answer of the homeserver.", values.whole_number(1, 600)
    )


@dataclass(frozen=True, slots=True)
class Bots:
    default_language: Language = setting(
        Language.EN,
        "Language (en or zh) for people who neither write Chinese nor have chosen one with the command `language`.",
        values.one_of(*Language),
    )
    commands_per_minute: int = setting(
        20, "How many commands one person may give in a minute.", values.whole_number(1, 1000)
    )


@dataclass(frozen=True, slots=True)
class People:
    code_lifetime_hours: int = setting(
        72, "How long a code for becoming friends can be used.", values.whole_number(1, 24 * 30)
    )
    time_zone: str = setting(
        "UTC",
        "Time zone, such as Europe/Berlin, of people who have chosen none and whose profile names none: for the daily "
        "digest and the quiet hours.",
        values.time_zone,
    )


@dataclass(frozen=True, slots=True)
class Clusters:
    reach: Reach = setting(
        DEFAULT_REACH,
        "How far a new cluster may travel unless its host chooses: closed (people named by the host), friends (the "
        "host's), hops:2 (friends of friends; up to hops:9), chain (friends of anybody inside), open (anybody).",
        values.reach,
    )
    cap: int = setting(500, "How many people one cluster may hold.", values.whole_number(2, 100_000))
    idle_days: int = setting(
        7,
        "After how many days without a message a cluster can only be read. Any member opens it again within 7 days; "
        "after that it is over.",
        values.whole_number(1, 3650),
    )


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
        "tries out numbers. The operators are told.",
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
        "Bills of at least so many units of their currency (not cents) are asked about before they count; a room can "
        "choose another number.",
        values.whole_number(1, 1_000_000_000),
    )
    packet_most: int = setting(
        10_000,
        "Largest red packet, in units of its currency (not cents) or in points; a room can choose less.",
        values.whole_number(1, 1_000_000_000),
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


@dataclass(frozen=True, slots=True)
class Operators:
    room: str = setting(
        "",
        'Id or alias of the room in which you receive feedback and reports, in quotes: "#operators:example.org". '
        "Invite the bot there.",
        values.room,
    )


@dataclass(frozen=True, slots=True)
class Logging:
    level: LogLevel = setting(
        "info", "debug, info, warning or error.", values.one_of("debug", "info", "warning", "error")
    )
    format: LogFormat = setting("text", "text for people, json for a log collector.", values.one_of("text", "json"))


@dataclass(frozen=True, slots=True)
class Metrics:
    enabled: bool = setting(False, "Offer figures for Prometheus at /metrics.", values.truth)
    listen_host: str = setting("127.0.0.1", "Network interface to offer them on; keep it private.", values.host)
    listen_port: int = setting(29351, "Port to offer them on.", values.whole_number(1, 65535))


@dataclass(frozen=True, slots=True)
class Config:
    """Everything an admin can choose."""

    homeserver: Homeserver = section(Homeserver, "The homeserver that the bridge belongs to.")
    appservice: AppService = section(
        AppService,
        "The bridge as the homeserver sees it. After a change here write registration.yaml again "
        "(`laiwang-bridge registration`) and restart the homeserver.",
    )
    database: Database = section(Database, "Where everything is kept.")
    delivery: Delivery = section(Delivery, "How the bridge talks to the homeserver.")
    bots: Bots = section(Bots, "The bots that people talk to.")
    people: People = section(People, "People and their friends.")
    clusters: Clusters = section(Clusters, "Clusters: rooms about one topic that grow through friends.")
    contacts: Contacts = section(Contacts, "Numbers and e-mail addresses, by which friends find each other.")
    payments: Payments = section(Payments, "Shared bills. Nobody's money passes through the bridge.")
    alipay: Alipay = section(
        Alipay,
        "Alipay for merchants, if somebody here has such an account. The money goes to that account, never through the "
        "bridge.",
    )
    stripe: Stripe = section(
        Stripe,
        "Stripe, if somebody here has an account there. The money goes to that account, never through the bridge.",
    )
    email: Email = section(Email, "Mails that bring a code to prove that an address is somebody's own. Off by default.")
    text_messages: TextMessages = section(
        TextMessages,
        "Text messages that bring a code to prove that a number is somebody's own, by a program or a webhook of yours. "
        "Off by default.",
    )
    permissions: Permissions = section(
        Permissions,
        'Who may do what: block, user or admin, for a user id ("@alice:example.org"), for a server (example.org) or '
        'for everybody ("*"). The most exact line counts.',
        default=lambda: Permissions({"*": Level.USER}),
        read_entry=values.permission,
    )
    operators: Operators = section(Operators, "The people who run this bridge.")
    logging: Logging = section(Logging, "The log on standard error. What people write is never logged.")
    metrics: Metrics = section(Metrics, "Figures on how the bridge is doing.")

    def placed(self, folder: Path) -> Config:
        """The same with relative paths made absolute, starting at `folder`."""
        return replace(self, database=self.database.placed(folder))

    def registration(self) -> registration.Registration:
        """What the homeserver has to be told."""
        ours = self.appservice
        return registration.generate(
            id=ours.id,
            url=ours.address,
            domain=self.homeserver.domain,
            sender_localpart=ours.bot_localpart,
            bots=(self.contacts.bot_localpart, self.payments.bot_localpart),
            user_prefix=ours.user_prefix,
            alias_prefixes=ours.alias_prefixes,
            protocols=(PROTOCOL,),
            as_token=ours.as_token,
            hs_token=ours.hs_token,
        )


# Old key -> new key, both as section.key. `config upgrade` moves the admin's value along.
MOVED: Mapping[str, str] = {}


def contradictions(config: Config) -> Iterable[tuple[tuple[str, str], str]]:
    """Values that are each right but not together: the key to blame, the other one, and the rest of a sentence."""
    ours = config.appservice
    if ours.as_token == ours.hs_token:
        same = "is the same as as_token: each side needs a secret of its own."
        yield ("appservice.hs_token", "appservice.as_token"), same
    if ours.address == config.homeserver.address:
        yours = "is the address of the homeserver: write the one at which the homeserver reaches the bridge."
        yield ("appservice.address", "homeserver.address"), yours
    if config.email.host and not config.email.sender:
        yield ("email.sender", "email.host"), "is missing: write what the mails are from, or empty email.host."
    for name, account, needed in (
        ("alipay", config.alipay, ("app_id", "seller_id", "private_key", "alipay_public_key")),
        ("stripe", config.stripe, ("secret_key", "webhook_secret")),
    ):
        for key in needed if account.holder else ():
            if not getattr(account, key):
                yield (f"{name}.{key}", f"{name}.holder"), f"is missing: write it, or empty {name}.holder."
        if account.holder and not config.payments.public_address:
            nowhere = f"is missing: write where payment services reach the bridge, or empty {name}.holder."
            yield ("payments.public_address", f"{name}.holder"), nowhere
    texts = config.text_messages
    if texts.command and texts.webhook:
        yield ("text_messages.webhook", "text_messages.command"), "and command are both given: keep one of them."
    if texts.webhook and not texts.webhook_key:
        missing = "is missing: write a long random text, and give it to the service behind the webhook."
        yield ("text_messages.webhook_key", "text_messages.webhook"), missing
    bots = {
        "appservice.bot_localpart": ours.bot_localpart,
        "contacts.bot_localpart": config.contacts.bot_localpart,
        "payments.bot_localpart": config.payments.bot_localpart,
    }
    named: dict[str, str] = {}
    for key, localpart in bots.items():
        if localpart.startswith(ours.user_prefix):
            ghostly = f"must not begin with the user_prefix {ours.user_prefix!r}."
            yield (key, "appservice.user_prefix"), ghostly
        first = named.setdefault(localpart, key)
        if first != key:
            taken = f"is the same as {first}: each bot needs a name of its own."
            yield (key, first), taken
