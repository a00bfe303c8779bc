"""The jobs that fetch address books and read them. What they are made of touches neither disk nor database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol

from mautrix.types import ContentURI, UserID

from appservice.effects import Job
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.routes import Later, Routes
from laiwang_bridge.contacts import carddav, packing
from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.packing import Packed, ShopFile, Vanished
from laiwang_bridge.contacts.reader import likely_regions, read_book
from laiwang_bridge.contacts.shops import is_shop_file, read_shop_file
from laiwang_bridge.outside.client import Outside

READ_FILE, READ_ACCOUNT = "contacts.read_file", "contacts.read_account"

_PAUSE_SECONDS = 10.0
_TOO_LARGE = 413
_NOT_NOW = (429, 502, 503, 504)
_GONE = (400, 403, 404, 410)


class Download(Protocol):
    """Fetches a file of the media repository (`appservice.homeserver.Homeserver.download`)."""

    def __call__(self, uri: ContentURI, user: UserID, *, most_bytes: int) -> Awaitable[bytes]: ...


class Reading:
    """Does the jobs. `regions` are where numbers without a country code may be from, the likeliest first; `shop_files`
    says whether files of shops and payment services are read."""

    def __init__(
        self,
        download: Download,
        outside: Outside,
        *,
        regions: Sequence[str],
        most_bytes: int,
        most_cards: int,
        shop_files: bool,
    ) -> None:
        self._download = download
        self._outside = outside
        self._regions = regions
        self._most_bytes = most_bytes
        self._most_cards = most_cards
        self._shop_files = shop_files

    def add_to(self, routes: Routes) -> None:
        routes.on_job(READ_FILE, self._read_file)
        routes.on_job(READ_ACCOUNT, self._read_account)

    def too_large(self, size: int | None) -> Unreadable | None:
        """What to say of a file that is too large by its own account."""
        return Unreadable(NoBook.TOO_LARGE, self._most_bytes) if size is not None and size > self._most_bytes else None

    def read(self, data: bytes, home: Sequence[str] = ()) -> Book | Unreadable | ShopFile:
        """Read a file, or a text. `home` are the regions of its owner."""
        if is_shop_file(data):
            return self._read_shop_file(data, home)
        return self._read_book(data, home)

    def _read_shop_file(self, data: bytes, home: Sequence[str]) -> Book | Unreadable | ShopFile:
        if not self._shop_files:
            return ShopFile()
        return read_shop_file(
            data, (*home, *self._regions), most_bytes=self._most_bytes, most_people=self._most_cards
        ) or self._read_book(data, home)

    def _read_book(self, data: bytes, home: Sequence[str]) -> Book | Unreadable:
        return self._read_book_of(data, self._regions, home)

    def _read_book_of(self, data: bytes, regions: Sequence[str], home: Sequence[str] = ()) -> Book | Unreadable:
        return read_book(data, regions, home=home, most_bytes=self._most_bytes, most_cards=self._most_cards)

    async def _read_file(self, job: Job) -> Packed:
        uri, bot = ContentURI(job.given["url"]), UserID(job.given["bot"])
        try:
            data = await self._download(uri, bot, most_bytes=self._most_bytes)
        except HomeserverAway as away:
            raise Later(str(away), _PAUSE_SECONDS) from away
        except HomeserverError as error:
            if error.status == _TOO_LARGE:
                return packing.pack(Unreadable(NoBook.TOO_LARGE, self._most_bytes))
            if error.status in _NOT_NOW:
                raise Later(str(error), error.retry_after or _PAUSE_SECONDS) from error
            if error.status not in _GONE:
                raise
            return packing.pack(Vanished())
        return packing.pack(await asyncio.to_thread(self.read, data, job.given["home"]))

    async def _read_account(self, job: Job) -> Packed:
        given = job.given
        limits = carddav.Limits(cards=self._most_cards, bytes=self._most_bytes)
        fetched = await carddav.fetch(given["url"], given["user"], given["password"], self._outside, limits)
        if isinstance(fetched, carddav.Problem):
            return packing.pack(fetched)
        return packing.pack(await asyncio.to_thread(self._read_cards, fetched.cards, given["home"]))

    def _read_cards(self, cards: Sequence[bytes], home: Sequence[str]) -> Book | Unreadable:
        """Each card is a small file of its own, with a coding of its own; its number stands for its line."""
        regions = likely_regions(b"\n".join(cards), self._regions, home)
        contacts: list[Contact] = []
        damaged: list[int] = []
        for number, card in enumerate(cards, 1):
            read = self._read_book_of(card, regions)
            if isinstance(read, Book):
                contacts += (
                    Contact(number, one.name, one.numbers, one.emails, one.matrix_ids) for one in read.contacts
                )
                if read.unreadable:
                    damaged.append(number)
            elif read.cause is not NoBook.NO_CONTACTS:
                damaged.append(number)
        if not cards:
            return Unreadable(NoBook.NO_CONTACTS)
        return Book(BookFormat.VCARD, len(cards), tuple(contacts), tuple(damaged))
