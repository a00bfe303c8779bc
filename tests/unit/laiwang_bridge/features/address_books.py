"""A town in which people send address books: a real media repository, and numbers that are proven without ceremony."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection

from laiwang_bridge.config import Homeserver
from laiwang_bridge.config_contacts import Contacts, TextMessages
from laiwang_bridge.people import address_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.addresses import AddressKind, Findable, Proof
from laiwang_bridge.people.rules import PersonId
from tests.support.media import Media, media_repository
from tests.unit.laiwang_bridge.features.town import BOT, OPERATORS, Person, Town, open_town

KEY = "k9" * 20


@dataclass
class Books:
    """The town, and the media repository of its homeserver."""

    town: Town
    media: Media

    async def arrive(self, name: str, *numbers: str, findable: Findable = Findable.MUTUAL, bot: UserID = BOT) -> Person:
        """Somebody who has proven these numbers, or e-mail addresses."""
        person = await self.town.arrive(name, bot=bot)
        for number in numbers:
            await self.prove(person, number, findable)
        return person

    async def prove(
        self, person: Person, value: str, findable: Findable = Findable.MUTUAL, *, shown: str = "…"
    ) -> None:
        kind = AddressKind.EMAIL if "@" in value else AddressKind.NUMBER

        def work(connection: Connection) -> None:
            me = people.person_of(connection, person.user, self.town.now)
            mark = address_store.mark_of(address_store.address_key(connection, KEY), kind, value)
            mine = address_store.put_address(connection, me, kind, mark, shown, Proof.TEXT, self.town.now)
            address_store.choose_findable(connection, mine.id, findable)

        await self.town.database.write(work)

    async def send(self, person: Person, data: bytes | str | None, name: str = "contacts.vcf", **info: Any) -> str:
        """Send a file to the bot; gives all it says there at that."""
        content = self.upload(data, name, **info)
        person.news()
        self.town.now += 5_000
        await self.town.send(person.user, person.chat, "m.room.message", content)
        return person.news()

    def upload(self, data: bytes | str | None, name: str = "contacts.vcf", **info: Any) -> dict[str, Any]:
        """A file in the repository, as its message describes it."""
        id = f"file{len(self.media.files)}"
        self.media.files[id] = data.encode() if isinstance(data, str) else data
        return {"msgtype": "m.file", "body": name, "url": f"mxc://town/{id}", "info": info}

    async def id_of(self, person: Person) -> PersonId:
        found = await self.town.database.read(lambda connection: people.find_person(connection, person.user))
        assert found is not None
        return found


@asynccontextmanager
async def open_books(url: str, *, text_messages: TextMessages | None = None, **contacts: Any) -> AsyncIterator[Books]:
    """`contacts` are settings of that section of the configuration."""
    async with (
        media_repository() as media,
        open_town(
            url,
            operators=OPERATORS,
            homeserver=Homeserver(address=media.address, domain="town"),
            contacts=Contacts(key=KEY, **contacts),
            text_messages=text_messages or TextMessages(),
        ) as town,
    ):
        try:
            yield Books(town, media)
        finally:
            await town.app.service.homeserver.close()
            await town.app.outside.close()


def vcards(*people: tuple[str, str]) -> str:
    """An address book of names and numbers (or e-mail addresses)."""
    return "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\n{'EMAIL' if '@' in value else 'TEL'}:{value}\r\nEND:VCARD\r\n"
        for name, value in people
    )


def numbers(count: int, *, start: int = 0, step: int = 7919) -> Iterable[str]:
    """So many mobile numbers of nobody, from different blocks of numbers."""
    return (f"+86138{(start + position * step * 11) % 100_000_000:08}" for position in range(count))
