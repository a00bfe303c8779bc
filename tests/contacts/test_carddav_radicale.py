"""Address books from a real CardDAV server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from laiwang_bridge.contacts.carddav import AddressBooks, Limits, NoCards, Problem, fetch
from laiwang_bridge.outside.addresses import Policy, policy
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.outside.problems import Cause
from tests.support.folders import fast_folder
from tests.support.radicale import Radicale

USERS = {"lin": "lin's password", "han": "hàn 密码", "mei": "m", "many": "m", "two": "t", "empty": "e", "none": "n"}


def card(number: int, name: str = "") -> str:
    return (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-{number}\r\nFN:{name or f'Friend {number}'}\r\n"
        f"TEL;TYPE=CELL:+86138{number:08}\r\nEMAIL:friend{number}@example.org\r\nEND:VCARD\r\n"
    )


def cards(count: int, begin: int = 0) -> str:
    return "".join(card(number) for number in range(begin, begin + count))


@pytest.fixture(scope="module")
def radicale_folder() -> Iterator[Path]:
    with fast_folder() as path:
        yield path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def radicale(radicale_folder: Path) -> AsyncIterator[Radicale]:
    server = Radicale(radicale_folder, USERS)
    try:
        await server.start()
        await server.make_book("lin", "contacts", cards(3))
        await server.make_book("han", "通讯录", card(1, "李雷") + card(2, "韩梅梅 🌸"))
        await server.make_book("many", "contacts", cards(2000))
        await server.make_book("two", "home", cards(2))
        await server.make_book("two", "work", cards(3, begin=10))
        await server.make_book("empty", "contacts")
        yield server
    finally:
        server.kill()


@pytest.fixture
async def client(radicale: Radicale) -> AsyncIterator[Outside]:
    async with Outside(policy([f"127.0.0.1:{radicale.port}"], http=True)) as outside:
        yield outside


async def books(address: str, user: str, client: Outside, **limits: int) -> AddressBooks:
    found = await fetch(address, user, USERS[user], client, Limits(**limits))
    assert isinstance(found, AddressBooks), found
    return found


def numbers(found: AddressBooks) -> list[str]:
    lines = b"\n".join(found.cards).decode().splitlines()
    return sorted(line.partition(":")[2] for line in lines if line.startswith("TEL"))


@pytest.mark.parametrize("path", ["", "/", "/lin", "/lin/", "/lin/contacts/", "/.well-known/carddav", "/no/such/place"])
async def test_the_book_is_found_from_any_address_of_the_server(radicale: Radicale, client: Outside, path: str) -> None:
    found = await books(radicale.address + path, "lin", client)
    assert (found.books, found.missing, found.is_complete) == (1, 0, True)
    assert numbers(found) == ["+8613800000000", "+8613800000001", "+8613800000002"]


async def test_names_and_passwords_may_be_in_any_script(radicale: Radicale, client: Outside) -> None:
    for path in ("", "/han/通讯录/", "/han/%E9%80%9A%E8%AE%AF%E5%BD%95/"):
        found = await books(radicale.address + path, "han", client)
        names = {line for card in found.cards for line in card.decode().splitlines() if line.startswith("FN:")}
        assert names == {"FN:李雷", "FN:韩梅梅 🌸"}


async def test_several_books_are_one_answer(radicale: Radicale, client: Outside) -> None:
    found = await books(radicale.address, "two", client)
    assert (found.books, len(found.cards)) == (2, 5)
    alone = await books(f"{radicale.address}/two/work/", "two", client)
    assert (alone.books, len(alone.cards)) == (1, 3)


async def test_two_thousand_cards_come_quickly(radicale: Radicale, client: Outside) -> None:
    began = time.monotonic()
    found = await books(radicale.address, "many", client)
    assert len(set(numbers(found))) == 2000
    assert time.monotonic() - began < 30


async def test_an_empty_book_is_a_book(radicale: Radicale, client: Outside) -> None:
    assert await books(radicale.address, "empty", client) == AddressBooks(1, ())


async def test_odd_names_of_cards_are_no_obstacle(radicale: Radicale, client: Outside) -> None:
    await radicale.make_book("mei", "contacts")
    for number, name in enumerate(("a b.vcf", "a&b.vcf", "100%25.vcf", "李.vcf", "a@b+c.vcf")):
        await radicale.put("mei", f"/mei/contacts/{name}", card(number))
    found = await books(radicale.address, "mei", client)
    assert len(set(numbers(found))) == 5
    assert found.missing == 0


async def test_wrong_names_and_passwords_are_told(radicale: Radicale, client: Outside) -> None:
    for user, password in (("lin", "wrong"), ("nobody", "lin's password"), ("", ""), ("a:b", "c")):
        assert await fetch(radicale.address, user, password, client) == Problem(NoCards.WRONG_LOGIN, {})


async def test_somebody_without_a_book_is_told_so(radicale: Radicale, client: Outside) -> None:
    assert await fetch(radicale.address, "none", USERS["none"], client) == Problem(NoCards.NO_BOOK, {})


async def test_the_book_of_somebody_else_is_not_shown(radicale: Radicale, client: Outside) -> None:
    found = await fetch(f"{radicale.address}/many/contacts/", "lin", USERS["lin"], client)
    assert isinstance(found, AddressBooks)
    assert len(found.cards) == 3, "the own one"


async def test_limits_are_kept(radicale: Radicale, client: Outside) -> None:
    many = await fetch(radicale.address, "many", USERS["many"], client, Limits(cards=1999))
    assert many == Problem(NoCards.TOO_MANY, {"count": 1999})
    large = await fetch(radicale.address, "many", USERS["many"], client, Limits(bytes=100_000))
    assert large == Problem(Cause.TOO_LARGE, {})
    slow = await fetch(radicale.address, "many", USERS["many"], client, Limits(seconds=0.01))
    assert slow == Problem(Cause.TOO_SLOW, {})


async def test_a_server_of_the_operators_network_is_not_touched(radicale: Radicale) -> None:
    async with Outside(Policy(http=True)) as strict:
        for host in ("127.0.0.1", "localhost"):
            found = await fetch(f"http://{host}:{radicale.port}/", "lin", USERS["lin"], strict)
            assert found == Problem(Cause.INSIDE, {})
