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
from laiwang_bridge.config_contacts import Contacts, Email, TextMessages, of_proving
from laiwang_bridge.config_payments import Alipay, Payments, Stripe, of_payments
from laiwang_bridge.config_values import Contradiction, section, setting

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
    describe_commands: bool = setting(
        False,
        "Tell clients what can be typed in a room, by state events (MSC4391, not accepted yet; few clients read it): "
        "some dozens in each room where a bot has the power for them. Switched off again, they are emptied at the next "
        "start.",
        values.truth,
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


def contradictions(config: Config) -> Iterable[Contradiction]:
    """Values that are each right but not together."""
    ours = config.appservice
    if ours.as_token == ours.hs_token:
        same = "is the same as as_token: each side needs a secret of its own."
        yield ("appservice.hs_token", "appservice.as_token"), same
    if ours.address == config.homeserver.address:
        yours = "is the address of the homeserver: write the one at which the homeserver reaches the bridge."
        yield ("appservice.address", "homeserver.address"), yours
    yield from of_payments(config.payments, config.alipay, config.stripe)
    yield from of_proving(config.email, config.text_messages)
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
