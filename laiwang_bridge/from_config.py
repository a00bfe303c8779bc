"""What the rooms of the house are told, from what the admin wrote."""

from __future__ import annotations

from mautrix.types import UserID
from yarl import URL

from appservice.database import Database
from appservice.listener import TcpAddress
from appservice.server import Limits
from appservice.service import Settings
from laiwang_bridge.clusters.feature import Wishes as ClusterWishes
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.config import Config
from laiwang_bridge.contacts.identity import IdentityServer, OpenId
from laiwang_bridge.contacts.rules import limits
from laiwang_bridge.contacts.surroundings import Wishes as ContactWishes
from laiwang_bridge.outside.addresses import Policy, policy
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.payments.rails.alipay import AlipayRail
from laiwang_bridge.payments.rails.charging import PATH
from laiwang_bridge.payments.rails.merchant import MerchantRail
from laiwang_bridge.payments.rails.stripe import StripeRail
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.feature import Wishes as PeopleWishes
from laiwang_bridge.people.proving.homeserver import HomeserverKnowledge
from laiwang_bridge.people.proving.mailing import Mailer, MailServer
from laiwang_bridge.people.proving.texting import Program, Texter, TextSender, Webhook
from laiwang_bridge.people.ways import Ways
from laiwang_bridge.rsa_keys import private_key, public_key


def identity_policy(config: Config) -> Policy:
    """The identity server is the admin's choice, wherever it is."""
    address = URL(config.contacts.identity_server)
    return policy([f"{address.host}:{address.port}"] if address.host else [], http=True)


def identity_server(config: Config, client: Outside, openid: OpenId) -> IdentityServer | None:
    """The one that the admin has named, asked as our bot."""
    ours = config.contacts
    if not ours.identity_server:
        return None
    return IdentityServer(
        ours.identity_server, client, ours.identity_token or openid, accepted_terms=ours.identity_terms
    )


def of_contacts(config: Config) -> ContactWishes:
    """What the admin has chosen about address books."""
    ours = config.contacts
    return ContactWishes(
        key=ours.key,
        regions=ours.regions,
        limits=limits(ours.limit, ours.limit_more),
        range_from=ours.range_from,
        most_bytes=ours.max_file_mb * 1_000_000,
        shop_files=ours.shop_files,
        identity_host=URL(ours.identity_server).host or "",
    )


def of_people(config: Config) -> PeopleWishes:
    """What the admin has chosen about people."""
    return PeopleWishes(
        code_lifetime_hours=config.people.code_lifetime_hours, key=config.contacts.key, regions=config.contacts.regions
    )


def of_clusters(config: Config, pace: Pace | None) -> ClusterWishes:
    """What the admin has chosen about clusters. `pace`: None for the usual one."""
    return ClusterWishes(
        usual=config.clusters.reach,
        cap=config.clusters.cap,
        idle_days=config.clusters.idle_days,
        pace=pace,
        room_prefix=config.appservice.alias_prefixes[0],
        space_prefix=config.appservice.alias_prefixes[-1],
        domain=config.homeserver.domain,
    )


def ways(config: Config) -> Ways:
    """How an address can be proven here, as the admin has configured it."""
    mail, texts, token = config.email, config.text_messages, config.contacts.homeserver_admin_token
    server = MailServer(mail.host, mail.port, mail.security, mail.sender, mail.username, mail.password)
    sender: TextSender | None = None
    if texts.command:
        sender = Program(texts.command, seconds=texts.timeout_seconds)
    elif texts.webhook:
        sender = Webhook(texts.webhook, texts.webhook_key, seconds=texts.timeout_seconds)
    return Ways(
        config.homeserver.domain,
        friends=config.contacts.friends_prove,
        mailer=Mailer(server) if mail.host else None,
        texter=Texter(sender) if sender else None,
        homeserver=HomeserverKnowledge(config.homeserver.address, token) if token else None,
    )


def codes_per_day(config: Config) -> dict[AddressKind, int]:
    """How many codes may be sent in a day, where any are sent."""
    return {AddressKind.EMAIL: config.email.per_day, AddressKind.NUMBER: config.text_messages.per_day}


def merchants(config: Config) -> dict[str, MerchantRail]:
    """The payment services at which somebody here has an account, as the admin has configured them."""
    found: list[MerchantRail] = []
    alipay, stripe = config.alipay, config.stripe
    if alipay.holder:
        found.append(
            AlipayRail(
                UserID(alipay.holder),
                app_id=alipay.app_id,
                seller_id=alipay.seller_id,
                key=private_key(alipay.private_key),
                alipay_key=public_key(alipay.alipay_public_key),
                notify_url=f"{config.payments.public_address}{PATH}{AlipayRail.name}",
                gateway=alipay.gateway,
            )
        )
    if stripe.holder:
        found.append(
            StripeRail(
                UserID(stripe.holder),
                secret_key=stripe.secret_key,
                webhook_secret=stripe.webhook_secret,
                back_to=f"https://matrix.to/#/@{config.payments.bot_localpart}:{config.homeserver.domain}",
                api=stripe.address,
            )
        )
    return {rail.name: rail for rail in found}


def settings(config: Config) -> Settings:
    """What the application service needs to know, from what the admin wrote."""
    metrics = config.metrics
    return Settings(
        registration=config.registration(),
        address=config.homeserver.address,
        domain=config.homeserver.domain,
        name="laiwang-bridge",
        listen=TcpAddress(config.appservice.listen_host, config.appservice.listen_port),
        metrics=metrics.enabled,
        metrics_listen=TcpAddress(metrics.listen_host, metrics.listen_port) if metrics.enabled else None,
        rooms_in_parallel=config.delivery.rooms_in_parallel,
        handlers_in_parallel=config.delivery.handlers_in_parallel,
        timeout_seconds=config.delivery.timeout_seconds,
        further_bots=tuple(
            UserID(f"@{localpart}:{config.homeserver.domain}")
            for localpart in (config.contacts.bot_localpart, config.payments.bot_localpart)
        ),
        limits=Limits(body_bytes=config.appservice.max_body_mb * 1024 * 1024),
    )


def open_database(config: Config) -> Database:
    """Raises `DatabaseInUse` or `UnsupportedDatabase`."""
    return Database(
        config.database.url,
        durability=config.database.durability,
        connections=config.database.connections,
        exclusive=True,
    )
