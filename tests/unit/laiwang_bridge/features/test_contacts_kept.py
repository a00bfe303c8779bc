"""What is kept because somebody said so: whom he waits for, and the login of his address book."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from laiwang_bridge.config_contacts import TextMessages
from laiwang_bridge.contacts.identity import hashed
from laiwang_bridge.database import tables
from laiwang_bridge.outside.addresses import policy
from laiwang_bridge.people.addresses import Findable
from tests.support.folders import fast_folder
from tests.support.radicale import Radicale
from tests.unit.laiwang_bridge.features.address_books import Books, open_books, vcards
from tests.unit.laiwang_bridge.features.town import CONTACTS_BOT, DAY, HOUR, Person, code_in

LIN, AMY, BO, CAT = "+8613800138000", "+8613900139000", "+8613700137000", "+8613600136000"
CARD = "In your address book, and here too:"
PASSWORD = "open sesame 1001"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Where the program of the operator puts text messages."""
    program = tmp_path / "send-sms"
    program.write_text(f"#!/bin/sh\ncat > '{tmp_path}/text'\n", encoding="utf-8")
    program.chmod(0o700)
    return tmp_path / "text"


@pytest.fixture
async def books(sqlite_url: str, texts: Path) -> AsyncIterator[Books]:
    messages = TextMessages(command=(str(texts.with_name("send-sms")),))
    async with open_books(sqlite_url, text_messages=messages) as books:
        yield books


@pytest.fixture
async def lin(books: Books) -> Person:
    return await books.arrive("lin", LIN)


def read(text: Path) -> str:
    return text.read_text(encoding="utf-8")


async def come(books: Books, name: str, number: str, texts: Path) -> Person:
    """Somebody comes and proves his number by a text message."""
    person = await books.town.arrive(name)
    await person.say(f"number {number}")
    assert "is yours" in await person.say(f"confirm {code_in(read(texts))}")
    return person


async def everything_kept(books: Books) -> str:
    """All tables of the database, as text."""
    found = []
    for table in tables.metadata.tables:
        for row in await books.town.rows(table):
            found += [
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row.values()
            ]
    return "\n".join(found)


# -- tell me when they join -----------------------------------------------------------------------------------------


async def test_whoever_waits_is_told_once_both_have_each_other(books: Books, lin: Person, texts: Path) -> None:
    assert "send me your address book" in await lin.say("watch on")
    assert "When somebody comes later, I tell you" in await books.send(lin, vcards(("Amy Wu", AMY), ("Grandma", CAT)))
    amy = await come(books, "amy", AMY, texts)
    assert await books.town.count("contact_watch") == 1
    await books.town.wait(20 * HOUR)
    assert not lin.sees(CARD)
    await books.send(amy, vcards(("Lin", LIN)))
    await books.town.wait(24 * HOUR)
    assert "1. Amy (@amy:town)" in lin.reads(CARD)
    assert "1. Lin (@lin:town)" in amy.reads(CARD)


async def test_a_newcomer_who_has_sent_his_book_before_is_shown_at_once(books: Books, lin: Person, texts: Path) -> None:
    await lin.say("watch on")
    await books.send(lin, vcards(("Amy Wu", AMY)))
    amy = await books.town.arrive("amy")
    await books.send(amy, vcards(("Lin", LIN)))
    await amy.say(f"number {AMY}")
    await amy.say(f"confirm {code_in(read(texts))}")
    await books.town.wait(20 * HOUR)
    assert "1. Amy (@amy:town)" in lin.reads(CARD)
    assert "(@lin:town)" in amy.reads(CARD)


async def test_without_asking_nobody_is_waited_for(books: Books, lin: Person, texts: Path) -> None:
    await books.send(lin, vcards(("Amy Wu", AMY)))
    amy = await come(books, "amy", AMY, texts)
    await books.send(amy, vcards(("Lin", LIN)))
    await books.town.wait(20 * HOUR)
    assert not lin.sees(CARD)


async def test_waiting_ends_after_ninety_days_or_when_told_to(books: Books, lin: Person, texts: Path) -> None:
    await lin.say("等他们来 开")
    await books.send(lin, vcards(("Amy Wu", AMY)))
    await books.town.wait(91 * DAY)
    amy = await come(books, "amy", AMY, texts)
    await books.send(amy, vcards(("Lin", LIN)))
    assert not amy.sees(CARD)
    await books.send(lin, vcards(("Bo", BO)))
    assert await books.town.count("contact_watch") == 1
    assert "不再等谁了" in await lin.say("等他们来 关")
    assert await books.town.count("contact_watch") == 0
    assert "本来就没有在等谁" in await lin.say("等他们来 关")


async def test_what_is_kept_of_those_who_are_waited_for_cannot_be_read(books: Books, lin: Person) -> None:
    await lin.say("watch on")
    await books.send(lin, vcards(("Grandmother", CAT)))
    kept = await everything_kept(books)
    assert "Grandmother" not in kept
    assert CAT[3:] not in kept


# -- files of shops -------------------------------------------------------------------------------------------------

PAYPAL = (
    '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address",'
    '"To Email Address","Transaction ID"\n'
    '"01/02/2024","10:00:00","CET","Amy Wu","General Payment","Completed","EUR","12.00","0.00","12.00",'
    '"amy@example.org","lin@example.org","1A"\n'
)


async def test_files_of_shops_are_not_read_unless_the_operator_wants_that(books: Books, lin: Person) -> None:
    said = await books.send(lin, PAYPAL, "paypal.csv")
    assert said == (
        "This is a file from a shop or a payment service. Those are not read here; please send me your address book."
    )


async def test_files_of_shops_suggest_and_show_nobody_to_anybody_else(sqlite_url: str) -> None:
    async with open_books(sqlite_url, shop_files=True) as books:
        lin = await books.arrive("lin", "lin@example.org")
        amy = await books.arrive("amy", "amy@example.org")
        await books.send(amy, vcards(("Lin", "lin@example.org")))
        await lin.say("watch on")
        assert "1 of them is here" in await books.send(lin, PAYPAL, "paypal.csv")
        assert "1. Amy Wu (@amy:town)" in lin.reads(CARD)
        await books.town.wait(20 * HOUR)
        assert not amy.sees(CARD)
        me = await books.id_of(lin)
        assert [row for row in await books.town.rows("contact_holding") if row["holder"] == me] == []
        assert await books.town.rows("contact_watch") == []
        await lin.say("add all")
        assert "paypal" not in amy.news().lower()


# -- identity servers -----------------------------------------------------------------------------------------------


class Identity:
    """An identity server with a few people in it; `asked` are the hashes it was asked for."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = {hashed(number.lstrip("+"), "msisdn", "salt"): user for number, user in known.items()}
        self.asked: list[str] = []

    async def details(self, _request: web.Request) -> web.Response:
        return web.json_response({"algorithms": ["sha256"], "lookup_pepper": "salt"})

    async def look_up(self, request: web.Request) -> web.Response:
        self.asked += (await request.json())["addresses"]
        return web.json_response({"mappings": {key: self.known[key] for key in self.asked if key in self.known}})


@pytest.fixture
async def identity() -> AsyncIterator[tuple[Identity, str]]:
    server = Identity({AMY: "@amy:elsewhere", LIN: "@lin:town"})
    app = web.Application()
    app.router.add_get("/_matrix/identity/v2/hash_details", server.details)
    app.router.add_post("/_matrix/identity/v2/lookup", server.look_up)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_identity_server_is_asked_for_those_who_want_that(
    sqlite_url: str, identity: tuple[Identity, str]
) -> None:
    server, address = identity
    async with open_books(sqlite_url, identity_server=address, identity_token="t" * 40, range_from=20) as books:
        lin = await books.arrive("lin", LIN)
        book = vcards(("Amy Wu", AMY), ("Grandma", CAT), ("Me", LIN))
        await books.send(lin, book)
        assert server.asked == []
        assert "I ask 127.0.0.1 who of it is on Matrix." in await lin.say("lookup on")
        said = await books.send(lin, book)
        assert "127.0.0.1 knows 1 of them on Matrix:\n- Amy Wu @amy:elsewhere" in said
        assert len(server.asked) == 3
        row = vcards(*((str(last), f"+861381234{last:04}") for last in range(30)))
        assert "I cannot use this list" in await books.send(lin, row)
        assert len(server.asked) == 3
        assert AMY[3:] not in await everything_kept(books)
        await lin.say("查询 关")
        await books.send(lin, book)
        assert len(server.asked) == 3
        await books.town.app.identity_client.close()


async def test_an_identity_server_that_is_away_ends_nothing(sqlite_url: str) -> None:
    async with open_books(sqlite_url, identity_server="http://127.0.0.1:1", identity_token="t" * 40) as books:
        lin = await books.arrive("lin", LIN)
        await lin.say("lookup on")
        said = await books.send(lin, vcards(("Grandma", CAT)))
        assert "I have read 1 card" in said
        assert "127.0.0.1 could not be asked this time." in said
        await books.town.app.identity_client.close()


async def test_where_there_is_no_identity_server_nobody_is_offered_one(lin: Person) -> None:
    assert "I do not know" in await lin.say("lookup on")


# -- accounts -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def radicale_folder() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@pytest.fixture
async def radicale(radicale_folder: Path) -> AsyncIterator[Radicale]:
    server = Radicale(radicale_folder, {"lin": PASSWORD})
    await server.start()
    await server.make_book("lin", "friends", vcards(("Amy Wu", AMY), ("Grandma", CAT)).replace("FN:", "UID:x\r\nFN:"))
    yield server
    server.kill()


@pytest.fixture
async def amy(books: Books) -> Person:
    amy = await books.arrive("amy", AMY, findable=Findable.ANYONE)
    books.town.app.outside.policy = policy(["127.0.0.1"], http=True)  # the server of the tests speaks no TLS
    return amy


async def test_an_account_is_fetched_once_and_its_login_forgotten(
    books: Books, lin: Person, amy: Person, radicale: Radicale
) -> None:
    await books.town.state(lin.chat, lin.user, "m.room.create", {"room_version": "12"})
    assert "What is your user name at 127.0.0.1?" in await lin.say(f"import {radicale.address}")
    assert "Shall I remember the login" in await lin.say("lin")
    assert "I use it once and forget it." in await lin.say("no")
    said = await lin.say(PASSWORD)
    assert "Please delete your message with the password" in said
    assert "I have read 2 cards, 2 with a number or address." in said
    assert "1. Amy Wu (@amy:town)" in lin.reads(CARD)
    assert PASSWORD not in await everything_kept(books)
    assert "I remember no address book of yours." in await lin.say("import again")


async def test_a_remembered_account_is_fetched_again_until_it_is_forgotten(
    books: Books, lin: Person, amy: Person, radicale: Radicale
) -> None:
    for answer in (f"import {radicale.address}", "lin", "yes", PASSWORD):
        await lin.say(answer)
    kept = await everything_kept(books)
    assert PASSWORD not in kept
    assert radicale.address not in kept
    assert "I remember the login of your address book: on" in await lin.say("contacts")
    assert "I have read 2 cards" in await lin.say("import again")
    assert PASSWORD not in await everything_kept(books)
    await lin.say("contacts forget")
    assert "我没有记住你的通讯录。" in await lin.say("导入 再来")
    assert await books.town.rows("contact_account") == []


async def test_a_wrong_password_is_said_and_not_remembered(
    books: Books, lin: Person, amy: Person, radicale: Radicale
) -> None:
    for answer in (f"import {radicale.address}", "lin", "yes"):
        await lin.say(answer)
    assert "That server does not accept the name or the password." in await lin.say("wrong")
    assert await books.town.rows("contact_account") == []


async def test_the_message_with_the_password_is_removed_where_the_bot_may(
    books: Books, lin: Person, amy: Person, radicale: Radicale
) -> None:
    levels = {"users": {str(lin.user): 100, "@laiwang:town": 50}}
    await books.town.state(lin.chat, lin.user, "m.room.power_levels", levels)
    for answer in (f"import {radicale.address}", "lin", "no"):
        await lin.say(answer)
    assert "I have removed your message with the password." in await lin.say(PASSWORD)
    said = books.town.rooms[lin.chat].said
    [secret] = [id for id, event in said.items() if event["content"].get("body") == PASSWORD]
    assert secret in books.town.rooms[lin.chat].redacted


async def test_an_address_inside_the_operators_network_is_not_opened(books: Books, lin: Person) -> None:
    for answer in ("import https://10.0.0.1/dav", "lin", "no"):
        said = await lin.say(answer)
    said += await lin.say("secret")
    assert "I cannot reach that address." in said


async def test_the_bot_for_address_books_asks_for_logins_too(books: Books, amy: Person, radicale: Radicale) -> None:
    bo = await books.arrive("bo", BO, bot=CONTACTS_BOT)
    for answer in (f"import {radicale.address}", "lin", "no"):
        await bo.say(answer)
    assert "I have read 2 cards" in await bo.say(PASSWORD)


async def test_a_question_for_a_login_can_be_cancelled(books: Books, lin: Person) -> None:
    await lin.say("import https://dav.example.org")
    assert "never mind" in await lin.say("cancel")
