"""The address books of a CardDAV server (RFC 6352): found by the address a person gives, fetched as cards.

Found as RFC 6764 has it: at the address itself, at `/.well-known/carddav`, at the root; from there to the person's
principal, to the homes of address books, to the books. (Not by SRV records: whoever has only those types the address.)
Nothing is written on the server, and the login is shown to the server of that address only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from yarl import URL

from appservice.language import Message, _
from laiwang_bridge.contacts import webdav
from laiwang_bridge.contacts.webdav import NotMultistatus, Resource
from laiwang_bridge.outside.addresses import join, read_address, same_origin
from laiwang_bridge.outside.client import Answer, Errand, Login, Outside
from laiwang_bridge.outside.problems import Cause, OutsideProblem

_CARDS_PER_REQUEST = 100
_REQUESTS_AT_ONCE = 4
_MOST_HOMES = 10
_MOST_BOOKS = 50
_WELL_KNOWN = "/.well-known/carddav"
_T = TypeVar("_T")
_XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken at most: cards of all books together, bytes on the way, seconds for everything."""

    cards: int = 20_000
    bytes: int = 64 * 1024 * 1024
    seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class AddressBooks:
    """What is there: the cards of all `books` as they came (vCard, not read yet).

    `missing` are cards that are listed but could not be had; `is_complete` is False where the server says itself that
    it lists no more than a part.
    """

    books: int
    cards: tuple[bytes, ...]
    missing: int = 0
    is_complete: bool = True


class NoCards(StrEnum):
    """Why there are none, beyond what can go wrong with any address."""

    WRONG_LOGIN = "wrong_login"
    ELSEWHERE = "elsewhere"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    NOT_CARDDAV = "not_carddav"
    NO_BOOK = "no_book"
    TOO_MANY = "too_many"
    OUT_OF_ORDER = "out_of_order"

    @property
    def sentence(self) -> Message:
        return _SENTENCES[self]


_SENTENCES = {
    NoCards.WRONG_LOGIN: _(
        "That server does not accept the name or the password. Some want a password made for apps, in their settings."
    ),
    NoCards.ELSEWHERE: _(
        "Your address book is on another server, and I show your password only to the one you named. If you trust it, "
        "give me this address instead: {address}"
    ),
    NoCards.FORBIDDEN: _("That server knows you, but does not let you read address books there."),
    NoCards.NOT_FOUND: _("There is nothing at that address. Please look it up in the settings of your address book."),
    NoCards.NOT_CARDDAV: _(
        "There is a web page at that address, but no address book. Please look for “CardDAV” in the settings of your "
        "address book: the address is shown there."
    ),
    NoCards.NO_BOOK: _("I got in, but there is no address book."),
    NoCards.TOO_MANY: _("There are more than {count} contacts. Please send me a part of them as a file."),
    NoCards.OUT_OF_ORDER: _("That server is out of order at the moment. Please try again later."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """No cards: `cause` for the log, `sentence` for the person, to be said with `fields`."""

    cause: NoCards | Cause
    fields: Mapping[str, str | int]

    @property
    def sentence(self) -> Message:
        return self.cause.sentence


class _Failed(Exception):
    def __init__(self, cause: NoCards, **fields: str | int) -> None:
        super().__init__(cause)
        self.problem = Problem(cause, fields)


async def fetch(
    address: str, user: str, password: str, client: Outside, limits: Limits | None = None
) -> AddressBooks | Problem:
    """All cards of all address books of `user` at `address`, which may be a book, its server or anything between."""
    limits = limits or Limits()
    try:
        start = read_address(address, client.policy)
        errand = client.errand(
            Login(user, password),
            login_for=start,
            answer_bytes=limits.bytes,
            all_bytes=limits.bytes,
            seconds=limits.seconds,
        )
        server = _Server(errand, start)
        return await _Cards(server, limits.cards).of(await _Search(server).books())
    except OutsideProblem as problem:
        return Problem(problem.cause, {})
    except _Failed as failed:
        return failed.problem


class _Server:
    """Asks, and knows what the statuses mean that end everything."""

    def __init__(self, errand: Errand, start: URL) -> None:
        self.start = start
        self._errand = errand

    async def propfind(self, url: URL, depth: int, body: bytes) -> Answer:
        return await self._ask("PROPFIND", url, {"Depth": str(depth), "Content-Type": _XML}, body)

    async def report(self, url: URL, body: bytes) -> Answer:
        return await self._ask("REPORT", url, {"Depth": "0", "Content-Type": _XML}, body)

    async def get(self, url: URL) -> Answer:
        return await self._ask("GET", url, {"Accept": "text/vcard, */*;q=0.1"})

    async def _ask(self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        answer = await self._errand.request(method, url, headers=headers, body=body)
        if answer.status == 401:
            raise self.unknown_at(answer.url)
        return answer

    def unknown_at(self, url: URL) -> _Failed:
        """What it means to be nobody there: the login is wrong, or was for another server."""
        if same_origin(url, self.start):
            return _Failed(NoCards.WRONG_LOGIN)
        return _Failed(NoCards.ELSEWHERE, address=str(url))


class _Search:
    """Finds the address books."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._statuses: set[int] = set()

    async def books(self) -> tuple[URL, ...]:
        """The books, each once. Raises `_Failed` when there is none."""
        start = self._server.start
        root = start.origin() / ""
        well_known = start.origin().with_path(_WELL_KNOWN)
        candidates = (well_known, root) if start.path in ("", "/") else (start, well_known, root)
        for candidate in candidates:
            if books := await self._from(candidate):
                return books
        raise _Failed(self._why_none())

    async def _from(self, url: URL) -> tuple[URL, ...]:
        place, resources = await self._look(url, 0, webdav.WHERE)
        if not resources:
            return ()
        here = resources[0]
        if here.is_address_book:
            return (place,)
        if here.is_anonymous:
            raise self._server.unknown_at(place)
        homes = _places(place, here.homes) or await self._homes_of(_places(place, here.principals))
        if here.is_collection:
            homes = (*homes, place)
        books: dict[URL, None] = {}
        for home in homes[:_MOST_HOMES]:
            if home == place and books:
                break  # only where nothing better led to books
            books |= dict.fromkeys(await self._inside(home))
        return tuple(books)[:_MOST_BOOKS]

    async def _homes_of(self, principals: Sequence[URL]) -> tuple[URL, ...]:
        homes: list[URL] = []
        for principal in principals:
            place, resources = await self._look(principal, 0, webdav.WHERE)
            homes += [home for resource in resources for home in _places(place, resource.homes)]
        return tuple(dict.fromkeys(homes))

    async def _inside(self, home: URL) -> list[URL]:
        place, resources = await self._look(home, 1, webdav.WHERE)
        return [url for resource in resources if resource.is_address_book for url in _places(place, (resource.href,))]

    async def _look(self, url: URL, depth: int, body: bytes) -> tuple[URL, tuple[Resource, ...]]:
        """What is there, and where that was said; nothing where there is no WebDAV."""
        answer = await self._server.propfind(url, depth, body)
        status = answer.status
        resources: tuple[Resource, ...] = ()
        if status == 207:
            try:
                resources = webdav.read_multistatus(answer.body)
            except NotMultistatus:
                status = 200
        self._statuses.add(status)
        return answer.url, resources

    def _why_none(self) -> NoCards:
        """The most telling of all that was said on the way."""
        if 207 in self._statuses:
            return NoCards.NO_BOOK
        if 403 in self._statuses:
            return NoCards.FORBIDDEN
        if any((status >= 500 and status != 501) or status == 429 for status in self._statuses):
            return NoCards.OUT_OF_ORDER
        return NoCards.NOT_FOUND if self._statuses <= {404, 410} else NoCards.NOT_CARDDAV


class _Cards:
    """Fetches the cards: many with one REPORT, or each by itself from servers that do not know that."""

    def __init__(self, server: _Server, most: int) -> None:
        self._server = server
        self._most = most
        self._listed = 0
        self._missing = 0
        self._is_complete = True
        self._cards: list[bytes] = []

    async def of(self, books: Sequence[URL]) -> AddressBooks:
        for book in books:
            await self._fetch(book)
        return AddressBooks(len(books), tuple(self._cards), self._missing, self._is_complete)

    async def _fetch(self, book: URL) -> None:
        hrefs = await self._list(book)
        self._listed += len(hrefs)
        if self._listed > self._most:
            raise _Failed(NoCards.TOO_MANY, count=self._most)
        reports = True
        for batch in _batches(list(hrefs.items()), _CARDS_PER_REQUEST):
            left = dict(batch)
            if reports:
                reports = await self._report(book, left)
            await self._get(list(left))

    async def _list(self, book: URL) -> dict[URL, str]:
        """Where the cards of a book are: as addresses, and as the server writes them."""
        answer = await self._server.propfind(book, 1, webdav.MEMBERS)
        hrefs: dict[URL, str] = {}
        for resource in self._read(answer):
            url = _place(answer.url, resource.href)
            if url is not None and _key(url) in (_key(book), _key(answer.url)):
                self._is_complete &= resource.status != 507  # RFC 6352, section 8.6.2
            elif url is None or not same_origin(url, answer.url):
                self._missing += 1
            elif not resource.is_collection and resource.status in (None, 200):
                hrefs[url] = resource.href
        return hrefs

    async def _report(self, book: URL, left: dict[URL, str]) -> bool:
        """Take from `left` what one REPORT brings. False when this server is better not asked again."""
        answer = await self._server.report(book, webdav.multiget(left.values()))
        if answer.status != 207:
            _raise_if_out_of_order(answer)
            return False
        try:
            resources = webdav.read_multistatus(answer.body)
        except NotMultistatus:
            return True  # one card in it breaks the XML; the others of the book may be fine
        asked = {_key(url): url for url in left}
        for resource in resources:
            url = _place(answer.url, resource.href)
            wanted = asked.get(_key(url)) if url is not None else None
            if wanted is not None and (resource.card or resource.status in (404, 410)):
                left.pop(wanted, None)
                if resource.card:
                    self._cards.append(resource.card.encode())
        return True

    async def _get(self, urls: Sequence[URL]) -> None:
        for few in _batches(urls, _REQUESTS_AT_ONCE):
            for answer in await _together(self._server, few):
                _raise_if_out_of_order(answer)
                if answer.status == 200 and answer.body:
                    self._cards.append(answer.body)
                elif answer.status not in (404, 410):  # else it was deleted meanwhile
                    self._missing += 1

    def _read(self, answer: Answer) -> tuple[Resource, ...]:
        _raise_if_out_of_order(answer)
        if answer.status == 403:
            raise _Failed(NoCards.FORBIDDEN)
        try:
            return webdav.read_multistatus(answer.body)
        except NotMultistatus as error:
            raise OutsideProblem(Cause.BAD_ANSWER, str(error)) from None


async def _together(server: _Server, urls: Sequence[URL]) -> list[Answer]:
    """Several requests at once; when one fails the others are given up."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(server.get(url)) for url in urls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _raise_if_out_of_order(answer: Answer) -> None:
    if answer.status in (429, 502, 503, 504):
        raise _Failed(NoCards.OUT_OF_ORDER)


def _places(base: URL, hrefs: Sequence[str]) -> tuple[URL, ...]:
    return tuple(url for href in hrefs if (url := _place(base, href)) is not None)


def _place(base: URL, href: str) -> URL | None:
    """Where an href leads: whole, or a path; percent-encoded, or not. None for one that is none."""
    try:
        return join(base, href)
    except OutsideProblem:
        return None


def _key(url: URL) -> tuple[str, str]:
    """The same for all spellings of one place: `%40` or `@`, with or without a slash at the end."""
    return str(url.origin()) if url.absolute else "", url.path.rstrip("/")


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
