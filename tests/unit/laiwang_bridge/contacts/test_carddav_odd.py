"""Address books from servers that are not like the book of rules."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

import laiwang_bridge
from appservice.language import Catalogues, Language
from laiwang_bridge.contacts.carddav import AddressBooks, Limits, NoCards, Problem, fetch
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.outside.problems import Cause
from tests.support.web_servers import Server, Servers

BOOK = "/dav/books/lin%40example.org/main/"
HOME = "/dav/books/lin%40example.org/"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL:+8613800138000\r\nEND:VCARD\r\n"


def multistatus(*responses: str) -> web.Response:
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"'
    body = f'<?xml version="1.0"?><d:multistatus {spaces}>{"".join(responses)}</d:multistatus>'
    return web.Response(status=207, body=body.encode(), content_type="application/xml")


def response(href: str, properties: str = "", status: int = 200) -> str:
    found = f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{found if status == 200 else said(status)}</d:response>"


def said(status: int) -> str:
    return f"<d:status>HTTP/1.1 {status} Whatever</d:status>"


def data(text: str) -> str:
    return f"<c:address-data>{text}</c:address-data>"


A_BOOK = "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>"
A_COLLECTION = "<d:resourcetype><d:collection/></d:resourcetype>"


@dataclass
class Odd:
    """A CardDAV server with one book of cards (path → text); its oddities are its fields."""

    cards: dict[str, str] = field(default_factory=lambda: {f"{BOOK}{n}.vcf": CARD.format(name=n) for n in range(3)})
    root: str = f"<c:addressbook-home-set><d:href>{HOME}</d:href></c:addressbook-home-set>{A_COLLECTION}"
    extra_listed: str = ""
    report_status: int = 207
    report_respells: Mapping[str, str] = field(default_factory=dict)
    get_status: int = 200
    base: str = ""
    multigets: int = 0
    gets: int = 0

    async def __call__(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") is None:
            return web.Response(status=401)
        path = URL(request.raw_path, encoded=True).raw_path
        match request.method, request.headers.get("Depth"):
            case "PROPFIND", "0" if path == "/":
                return multistatus(response("/", self.root))
            case "PROPFIND", "1" if path == HOME:
                return multistatus(response(HOME, A_COLLECTION), response(BOOK, A_BOOK))
            case "PROPFIND", "1" if path == BOOK:
                listed = [response(self.base + href, "<d:getetag>1</d:getetag>") for href in self.cards]
                return multistatus(response(BOOK, A_BOOK), *listed, self.extra_listed)
            case "REPORT", _:
                return await self.report(request)
            case "GET", _ if path in self.cards:
                self.gets += 1
                return web.Response(status=self.get_status, text=self.cards[path])
        return web.Response(status=404)

    async def report(self, request: web.Request) -> web.Response:
        self.multigets += 1
        if self.report_status != 207:
            return web.Response(status=self.report_status)
        asked = re.findall("<href>([^<]+)</href>", (await request.read()).decode())
        said: list[str] = []
        for href in asked:
            path = href.removeprefix(self.base)
            known = path in self.cards
            shown = self.report_respells.get(path, href)
            said.append(response(shown, data(self.cards[path])) if known else response(shown, status=404))
        return multistatus(*said)


async def ask(server: Server, client: Outside, limits: Limits | None = None) -> AddressBooks | Problem:
    return await fetch(str(server.url), "lin", "secret", client, limits)


def names(found: AddressBooks | Problem) -> set[str]:
    assert isinstance(found, AddressBooks), found
    return {name for card in found.cards for name in re.findall(r"FN:(.*?)\s", card.decode())}


async def test_a_plain_server_serves_as_the_measure(servers: Servers, client: Outside) -> None:
    odd = Odd()
    found = await ask(await servers(odd), client)
    assert names(found) == {"0", "1", "2"}
    assert (odd.multigets, odd.gets) == (1, 0)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 415, 422, 500, 501])
async def test_without_multiget_each_card_is_fetched(servers: Servers, client: Outside, status: int) -> None:
    odd = Odd(report_status=status, cards={f"{BOOK}{n}.vcf": CARD.format(name=n) for n in range(150)})
    found = await ask(await servers(odd), client)
    assert len(names(found)) == 150
    assert (odd.multigets, odd.gets) == (1, 150), "and it is not asked for what it does not know a second time"


async def test_a_list_of_whole_addresses_is_the_same(servers: Servers, client: Outside) -> None:
    odd = Odd()
    server = await servers(odd)
    odd.base = str(server.url).rstrip("/")
    assert names(await ask(server, client)) == {"0", "1", "2"}
    assert odd.gets == 0


async def test_spelling_of_percent_signs_does_not_matter(servers: Servers, client: Outside) -> None:
    odd = Odd(report_respells={f"{BOOK}{n}.vcf": f"/dav/books/lin@example.org/main/%3{n}.vcf" for n in range(3)})
    found = await ask(await servers(odd), client)
    assert names(found) == {"0", "1", "2"}
    assert odd.gets == 0


async def test_a_card_deleted_meanwhile_costs_nothing(servers: Servers, client: Outside) -> None:
    odd = Odd(extra_listed=response(f"{BOOK}gone.vcf", "<d:getetag>1</d:getetag>"))
    found = await ask(await servers(odd), client)
    assert found == AddressBooks(1, tuple(card.replace("\r\n", "\n").encode() for card in odd.cards.values()))


async def test_one_card_that_breaks_the_xml_costs_no_other(servers: Servers, client: Outside) -> None:
    odd = Odd()
    odd.cards[f"{BOOK}1.vcf"] = CARD.format(name="Fish & <Chips>")
    assert names(await ask(await servers(odd), client)) == {"0", "Fish", "2"}
    assert odd.gets == 3


async def test_control_characters_in_a_card_do_not_break_the_xml(servers: Servers, client: Outside) -> None:
    odd = Odd()
    odd.cards[f"{BOOK}1.vcf"] = CARD.format(name="\x0b1\x1b")
    assert names(await ask(await servers(odd), client)) == {"0", "1", "2"}
    assert odd.gets == 0


async def test_cards_that_cannot_be_had_are_counted(servers: Servers, client: Outside) -> None:
    elsewhere = response("https://example.com/spy.vcf", "<d:getetag>1</d:getetag>") + response("http://[", "")
    odd = Odd(report_status=405, get_status=403, extra_listed=elsewhere)
    found = await ask(await servers(odd), client)
    assert found == AddressBooks(1, (), missing=5)


async def test_a_list_that_says_it_is_cut_off_is_not_taken_for_whole(servers: Servers, client: Outside) -> None:
    odd = Odd(extra_listed=response(BOOK, status=507))
    found = await ask(await servers(odd), client)
    assert isinstance(found, AddressBooks)
    assert not found.is_complete
    assert len(found.cards) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Log in</body></html>",
        b"",
        b"\xff\xfe\x00",
        b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d:multistatus xmlns:d="DAV:">&b;</d:multistatus>',
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d:multistatus xmlns:d="DAV:"/>',
        b"<a>" * 100_000,
        b'<d:multistatus xmlns:d="DAV:"><d:response><d:href>/</d:href>',
    ],
)
async def test_no_answer_is_believed_that_is_not_webdav(servers: Servers, client: Outside, body: bytes) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=207, body=body)

    assert await ask(await servers(answers), client) == Problem(NoCards.NOT_CARDDAV, {})


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (200, NoCards.NOT_CARDDAV),
        (401, NoCards.WRONG_LOGIN),
        (403, NoCards.FORBIDDEN),
        (404, NoCards.NOT_FOUND),
        (405, NoCards.NOT_CARDDAV),
        (429, NoCards.OUT_OF_ORDER),
        (500, NoCards.OUT_OF_ORDER),
        (501, NoCards.NOT_CARDDAV),
        (503, NoCards.OUT_OF_ORDER),
    ],
)
async def test_what_a_server_says_is_told_in_words(
    servers: Servers, client: Outside, status: int, cause: NoCards
) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    assert await ask(await servers(answers), client) == Problem(cause, {})


async def test_a_server_that_lets_anybody_look_but_knows_nobody_means_a_wrong_login(
    servers: Servers, client: Outside
) -> None:
    root = f"<d:current-user-principal><d:unauthenticated/></d:current-user-principal>{A_COLLECTION}"
    assert await ask(await servers(Odd(root=root)), client) == Problem(NoCards.WRONG_LOGIN, {})


@pytest.mark.parametrize("way", ["redirect", "home", "principal"])
async def test_a_password_does_not_follow_to_another_server(servers: Servers, client: Outside, way: str) -> None:
    other = await servers(Odd())
    address = str(other.url / "dav")
    link = f"<d:href>{address}</d:href>"
    root = {
        "home": f"<c:addressbook-home-set>{link}</c:addressbook-home-set>",
        "principal": f"<d:current-user-principal>{link}</d:current-user-principal>",
    }
    odd = Odd(root=root.get(way, ""))

    async def answers(request: web.Request) -> web.Response:
        if way == "redirect":
            return web.Response(status=301, headers={"Location": address})
        return await odd(request)

    found = await ask(await servers(answers), client)
    assert found == Problem(NoCards.ELSEWHERE, {"address": address})
    assert other.seen
    assert all("Authorization" not in request.headers for request in other.seen)


async def test_one_request_that_fails_ends_the_others(servers: Servers, client: Outside) -> None:
    odd = Odd(report_status=405)

    async def answers(request: web.Request) -> web.Response:
        if request.method == "GET" and request.path.endswith("1.vcf"):
            return web.Response(status=503)
        if request.method == "GET" and request.path.endswith("2.vcf"):
            await asyncio.sleep(0.1)
        return await odd(request)

    assert await ask(await servers(answers), client) == Problem(NoCards.OUT_OF_ORDER, {})


async def test_time_runs_out_in_the_middle_of_many_requests(servers: Servers, client: Outside) -> None:
    odd = Odd(report_status=405)

    async def answers(request: web.Request) -> web.Response:
        if request.method == "GET":
            await asyncio.sleep(0.6)
        return await odd(request)

    assert await ask(await servers(answers), client, Limits(seconds=0.3)) == Problem(Cause.TOO_SLOW, {})


async def test_something_that_is_no_address_is_told_so(client: Outside) -> None:
    assert await fetch("my address book", "lin", "secret", client) == Problem(Cause.NOT_AN_ADDRESS, {})


def test_there_is_a_chinese_sentence_for_every_cause() -> None:
    chinese, english = (
        Catalogues(Path(laiwang_bridge.__file__).parent / "locale")[language] for language in (Language.ZH, Language.EN)
    )
    for cause in NoCards:
        fields: dict[str, str | int] = {"address": "https://example.org/", "count": 5}
        assert chinese.text(cause.sentence, **fields) != english.text(cause.sentence, **fields)
