"""The composition root: the one place that knows every room of the house."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mautrix.types import ContentURI, RoomAlias, RoomID, UserID
from sqlalchemy import Connection

from appservice import direct as direct_chats
from appservice import key_exchange, outbox
from appservice.bots import Audience, Bot, Bots, Publishing, Rate, Voice, memory
from appservice.database import Database
from appservice.direct import DirectChats
from appservice.effects import Effect, EffectKey, RoomRef, SetProfile
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.language import Catalogues, Language, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.service import ApplicationService
from appservice.unit import Emission, Unit
from laiwang_bridge.burning.bot import BurningBot
from laiwang_bridge.clusters.directory import ClusterDirectory
from laiwang_bridge.clusters.feature import Clusters, House
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.config import Config
from laiwang_bridge.contacts.feature import Contacts
from laiwang_bridge.contacts.identity import openid_of
from laiwang_bridge.contacts.surroundings import Surroundings as ContactSurroundings
from laiwang_bridge.from_config import (
    codes_per_day,
    identity_policy,
    identity_server,
    merchants,
    of_clusters,
    of_contacts,
    of_people,
    settings,
    ways,
)
from laiwang_bridge.operators.bot import OperatorsBot
from laiwang_bridge.outside.addresses import policy
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.payments.feature import Payments
from laiwang_bridge.payments.ledger.rates_file import RatesFile
from laiwang_bridge.payments.rails.discovery import find_rails
from laiwang_bridge.payments.rails.ways import SEALED_WAY, Ways
from laiwang_bridge.payments.surroundings import Surroundings as BillSurroundings
from laiwang_bridge.people import claim_store
from laiwang_bridge.people import store as people_store
from laiwang_bridge.people.bot import PREFIXES
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.feature import House as PeopleHouse
from laiwang_bridge.people.feature import People
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.proof_limits import ProofLimits
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.ties import Ties
from laiwang_bridge.seals import Seal

log = logging.getLogger(__name__)

CATALOGUES = Path(__file__).parent / "locale"
"""What we say in other languages than English."""

_HOUSEKEEPING_SECONDS = 3600.0
_GREETING = _(
    "Hello, I am Laiwang. Here you find your friends, and a topic finds its circle. "
    "Begin with `import` for your address book, or `code` for one friend. Then talk: `start a film tonight?`\n"
    "And in any room that you invite me into, `AA 120 dinner @ann @bo` shares a bill."
)
_GREETING_IN_ROOMS = _(
    "Hello, I am Laiwang. `AA 120 dinner @ann @bo` shares a bill in this room, and I keep who owes whom until all are "
    "even. Talk to me alone to find friends and what they are talking about."
)
_CONTACTS_GREETING = _("Hello, I find your friends. Send me your address book, or write `import`.")
_PAY_GREETING = _(
    "Hello, I share bills. Invite me into a room with others and write there: `AA 120 dinner @ann @bo`. I keep who "
    "owes whom until all are even. Here, `owe` shows what you owe and are owed, and `way` lets people know how to pay "
    "you."
)
_PAY_GREETING_IN_ROOMS = _(
    "Hello, I share bills. Write `AA 120 dinner @ann @bo`, and I keep who owes whom until all are even."
)


class Application:
    """The features on their road, ready to be entered: `async with application.service`."""

    def __init__(
        self,
        config: Config,
        database: Database,
        secret: bytes,
        catalogues: Catalogues,
        *,
        pace: Pace | None = None,
    ) -> None:
        self.config = config
        self.database = database
        self.registration = config.registration()
        self.bot = UserID(f"@{config.appservice.bot_localpart}:{config.homeserver.domain}")
        self.contacts_bot = UserID(f"@{config.contacts.bot_localpart}:{config.homeserver.domain}")
        self.pay_bot = UserID(f"@{config.payments.bot_localpart}:{config.homeserver.domain}")
        bot_names = {
            self.bot: config.appservice.bot_displayname,
            self.contacts_bot: config.contacts.bot_displayname,
            self.pay_bot: config.payments.bot_displayname,
        }
        operators_room = config.operators.room
        self._operators_room = RoomID(operators_room) if operators_room.startswith("!") else None
        default_language = Language(config.bots.default_language)
        rates_file = config.payments.rates_file
        self._rates_file = RatesFile(Path(rates_file), database) if rates_file else None
        self.routes = routes = Routes()

        is_ours = self.registration.is_ours
        rooms = Rooms(is_ours)
        names = Names(rooms)
        self.ties = ties = Ties()
        direct = DirectChats(
            rooms,
            alias_prefix=f"{config.appservice.alias_prefixes[-1]}chat_",
            name_of=bot_names.__getitem__,
        )
        mail = Mail(direct, self._speak, self.bot, catalogues, default_language)

        self.digests = digests = Digests(self.bot, ZoneInfo(config.people.time_zone), self._profile)
        self.people = people = People(
            PeopleHouse(
                names=names,
                mail=mail,
                ties=ties,
                digests=digests,
                bot=self.bot,
                is_ours=is_ours,
                find_claim=lambda id: database.read(lambda connection: claim_store.find_claim(connection, id)),
                send_book=lambda voice: voice.line(contacts.bot.take),
            ),
            of_people(config),
            ways(config),
            ProofLimits(config.homeserver.domain, codes_per_day(config)),
        )
        operators = OperatorsBot(mail, lambda: self._operators_room, self._speak_in, default_language, is_ours)

        self.clusters = clusters = Clusters(
            House(
                rooms=rooms,
                names=names,
                mail=mail,
                digests=digests,
                requests=people.requests,
                bot=self.bot,
                is_ours=is_ours,
                speak=self._speak_in,
                homeserver=lambda: self.service.homeserver,
                mute=people.circles.mute,
                note=operators.note,
                operators_prefixes=PREFIXES,
            ),
            of_clusters(config, pace),
        )

        self.outside = Outside(policy(config.contacts.carddav_hosts))
        self.identity_client = Outside(identity_policy(config))
        self.contacts = contacts = Contacts(
            ContactSurroundings(
                rooms=rooms,
                names=names,
                mail=mail,
                digests=digests,
                requests=people.requests,
                speak=self._speak,
                tell_operators=operators.note,
                download=self._download,
                outside=self.outside,
                prove=lambda voice: voice.line(people.addresses.number, "…"),
            ),
            of_contacts(config),
            identity_server(config, self.identity_client, self._openid),
        )

        burning = BurningBot(rooms, self._speak_in, self.bot, is_ours)

        self.payments = payments = Payments(
            BillSurroundings(
                rooms=rooms,
                names=names,
                mail=Mail(direct, self._speak, self.pay_bot, catalogues, default_language),
                digests=digests,
                ties=ties,
                bots=(self.pay_bot, self.bot),
                speak=self._speak,
                is_ours=is_ours,
                default_language=default_language,
                currency=config.payments.currency,
                ask_from=config.payments.ask_from,
                packet_most=config.payments.packet_most,
                reminder_days=config.payments.reminder_days,
            ),
            Ways(find_rails, Seal(config.contacts.key or secret.hex(), SEALED_WAY)),
            merchants(config),
            self._download,
            database.read,
        )

        clusters.listen_to(ties)
        ties.leaving.extend(
            (
                digests.person_leaves,
                clusters.person_leaves,
                burning.person_leaves,
                payments.person_leaves,
                operators.person_leaves,
            )
        )
        ties.wiping.extend(
            (memory.forget_person, direct_chats.forget, key_exchange.forget_person, outbox.forget_person)
        )
        ties.exports.update(
            {
                **people.exports,
                "operators": operators.export,
                "chats": _chats_of,
                "burning": burning.export,
                **clusters.exports,
                **contacts.exports,
                **payments.exports,
            }
        )
        ties.address_listeners.append(contacts.matching.address_proven)
        digests.listeners.append(contacts.cards.digest)
        rooms.on_replaced(clusters.moved)
        rooms.on_replaced(payments.moved)

        self.bots = Bots(
            [
                Bot(
                    self.bot,
                    config.appservice.bot_displayname,
                    (
                        people.bot.router,
                        contacts.router,
                        people.addresses.router,
                        people.circles.router,
                        people.hours.router,
                        *clusters.routers,
                        burning.router,
                        *payments.routers,
                        operators.router,
                    ),
                    greeting=_GREETING,
                    greeting_in_rooms=_GREETING_IN_ROOMS,
                ),
                Bot(
                    self.contacts_bot,
                    config.contacts.bot_displayname,
                    (contacts.router, contacts.alone, people.addresses.router),
                    greeting=_CONTACTS_GREETING,
                ),
                Bot(
                    self.pay_bot,
                    config.payments.bot_displayname,
                    payments.routers,
                    greeting=_PAY_GREETING,
                    greeting_in_rooms=_PAY_GREETING_IN_ROOMS,
                ),
            ],
            rooms=rooms,
            audience=Audience(
                level_of=config.permissions,
                language_of=_language_of,
                is_ignored=is_ours,
            ),
            catalogues=catalogues,
            resolve_event=outbox.key_of_event,
            reach=direct.reach,
            rate=Rate(seconds_each=60 / config.bots.commands_per_minute),
            default_language=default_language,
        )

        self.publishing = Publishing(
            self.bots.bots, rooms, catalogues[default_language], is_on=config.bots.describe_commands
        )
        rooms.on_read(self.publishing.look)

        rooms.add_to(routes)
        self.bots.add_to(routes)
        self.publishing.add_to(routes)
        direct.add_to(routes)
        people.add_to(routes)
        clusters.add_to(routes)
        burning.add_to(routes)
        contacts.add_to(routes)
        payments.add_to(routes)
        operators.add_to(routes)

        directory = ClusterDirectory(database, config.homeserver.domain)
        notices = payments.charging.callback(database.write, self._wake, lambda: self.service.clock())
        self.service = ApplicationService(
            settings(config), database, routes, secret=secret, third_party=directory, callbacks=[notices]
        )

    def _wake(self, lane: str) -> None:
        self.service.wake(lane)

    def _speak(self, unit: Unit, bot: UserID, room: RoomRef, language: Language, *, is_direct: bool = False) -> Voice:
        return self.bots.voice(unit, bot, room, language, is_direct=is_direct)

    def _speak_in(self, unit: Unit, room: RoomID) -> Voice:
        return self.bots.voice(unit, self.bot, room, Language(self.config.bots.default_language))

    async def _openid(self) -> Mapping[str, Any]:
        return await openid_of(self.service.homeserver, self.bot)()

    async def _download(self, uri: ContentURI, user: UserID, *, most_bytes: int) -> bytes:
        return await self.service.homeserver.download(uri, user, most_bytes=most_bytes)

    async def _profile(self, user: UserID) -> Mapping[str, Any]:
        return await self.service.homeserver.profile(user)

    async def introduce(self) -> None:
        """What is done once the homeserver is there: the bots' names, the operators' room."""
        log.info("rails: %s", ", ".join(sorted(self.payments.rails.installed)))
        await self.service.connected()
        for bot in self.bots.bots:
            await self._name_bot(bot)
        await self._find_operators()
        await self._describe_commands()

    async def keep_house(self) -> None:
        """Forget now and then what nobody needs any more."""
        while True:
            now = self.service.clock()

            def tidy(connection: Connection, now: int = now) -> None:
                self.bots.forget_old(connection, now)
                self.people.forget_old(connection, now)
                self.clusters.forget_old(connection, now)
                self.contacts.forget_old(connection, now)
                self.payments.forget_old(connection, now)

            try:
                await self.database.write(tidy)
                if self._rates_file is not None:
                    await self._rates_file.look()
            except Exception:
                log.exception("housekeeping failed")
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    async def _name_bot(self, bot: Bot) -> None:
        profile = SetProfile(sender=bot.user_id, display_name=bot.display_name)
        await self._emit(f"profile:{bot.user_id}", lambda _connection: [profile])

    async def _describe_commands(self) -> None:
        """Rooms are told what has changed since they were told what can be typed there."""
        for room in await self.database.read(self.publishing.rooms_told):
            await self._emit(f"commands:{room}", partial(self.publishing.changes, room=room))

    async def _emit(self, name: str, effects: Callable[[Connection], Sequence[Effect]]) -> None:
        """Let effects happen that no event has asked for."""
        now = self.service.clock()

        def put(connection: Connection) -> Collection[str]:
            found = enumerate(effects(connection))
            return outbox.put(connection, [Emission(EffectKey(f"{name}:{now}/{n}"), one) for n, one in found], now)

        for lane in await self.database.write(put):
            self.service.wake(lane)

    async def _find_operators(self) -> None:
        wanted = self.config.operators.room
        if not wanted or self._operators_room is not None:
            return
        try:
            self._operators_room = await self.service.homeserver.resolve_alias(RoomAlias(wanted), self.bot)
        except (HomeserverError, HomeserverAway) as error:
            log.warning("the operators' room %s cannot be found: %s", wanted, error)
        if self._operators_room is None:
            log.warning("there is no operators' room %s; feedback is refused until the next start", wanted)


def _language_of(connection: Connection, user: UserID) -> Language | None:
    chosen = people_store.language_of(connection, user)
    return Language(chosen) if chosen else None


def _chats_of(connection: Connection, person: PersonId) -> list[RoomID]:
    """The chats that the bot made to reach somebody."""
    users = people_store.user_ids(connection, person)
    return [room for user in users for room in direct_chats.rooms_made_for(connection, user)]
