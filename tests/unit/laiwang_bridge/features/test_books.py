"""The books of a room leave it as a file and come into another, and say who paid what."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mautrix.types import EventID, RoomID
from PIL import Image

from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.books import import_store
from laiwang_bridge.payments.books.importing.found import Found
from laiwang_bridge.payments.books.importing.reader import read_books
from tests.unit.laiwang_bridge.features.address_books import Books, open_books
from tests.unit.laiwang_bridge.features.town import DAY, PAY_BOT, Person

FILES = Path(__file__).parent.parent / "payments" / "books" / "files"
SPLITWISE = (FILES / "splitwise-en.csv").read_bytes()


@dataclass
class Table:
    """Friends at a table: a room with people and the bot of the bills in it."""

    books: Books
    room: RoomID
    people: dict[str, Person]

    async def say(self, name: str, body: str, *, reply_to: EventID | None = None) -> str:
        self.news()
        self.books.town.now += 5_000
        await self.books.town.say(self.people[name].user, self.room, body, reply_to=reply_to)
        return self.news()

    async def file(self, name: str, data: bytes, called: str = "export.csv") -> EventID:
        content = self.books.upload(data, called)
        return await self.books.town.send(self.people[name].user, self.room, "m.room.message", content)

    async def tap(self, name: str, part: str, reaction: str) -> str:
        self.news()
        shown = self.books.town.shown(self.room)
        card = [event for event, body in shown.items() if part in body][-1]
        await self.books.town.react(self.people[name].user, self.room, card, reaction)
        return self.news()

    def news(self) -> str:
        return self.books.town.news(self.room)

    def files(self, room: RoomID) -> list[dict[str, Any]]:
        """The files that our bot has sent there, with what is in them."""
        home = self.books.town.homeserver
        shown = [event["content"] for event in home.rooms[room].said.values() if event["sender"] == PAY_BOT]
        return [
            {**content, "data": next(data for data in reversed(home.files) if len(data) == content["info"]["size"])}
            for content in shown
            if "url" in content
        ]


@pytest.fixture
async def table(sqlite_url: str) -> AsyncIterator[Table]:
    async with open_books(sqlite_url) as books:
        yield await set_table(books)


@pytest.fixture
async def either_table(database_url: str) -> AsyncIterator[Table]:
    """Once on SQLite, once on PostgreSQL."""
    async with open_books(database_url) as books:
        yield await set_table(books)


async def set_table(books: Books) -> Table:
    people = {name: await books.arrive(name, bot=PAY_BOT) for name in ("ann", "bob", "carl")}
    room = books.town.homeserver.room(*(person.user for person in people.values()))
    table = Table(books, room.id, people)
    await books.town.member(room.id, PAY_BOT, "invite", by=people["ann"].user)
    table.news()
    return table


async def test_what_splitwise_exported_comes_in_after_a_yes_and_once(table: Table) -> None:
    sent = await table.file("ann", SPLITWISE)
    said = await table.say("ann", "!aa import", reply_to=sent)
    assert said.startswith(
        "Splitwise: 4 bills and payments, 2025-01-05 to 2025-01-08, in EUR, JPY.\n"
        "One line was left out: it is deleted there, or moves nothing.\n\nWho is who:\n"
    )
    assert "2. Bob (€10.00, JP¥2,000) → @bob:town" in said
    assert await table.books.town.count("pay_entry") == 0
    said = await table.tap("ann", "Who is who", "👍")
    assert "4 bills and payments of Splitwise are in the books now." in said
    assert "`!aa undo import` takes all of it out again" in said
    assert await table.books.town.count("pay_entry") == 4
    assert await table.books.town.count("pay_bill") == 3
    said = await table.say("ann", "!aa import", reply_to=sent)
    assert "4 of them are here already and do not come again." in said
    assert "All of it was here already: nothing has changed." in await table.say("ann", "!aa import yes")
    assert await table.books.town.count("pay_entry") == 4
    assert "Ramen" in await table.say("bob", "!aa list")
    assert (await table.books.town.database.read(audit)).faults == ()


async def test_an_import_is_taken_back_as_a_whole_and_comes_again_once(table: Table) -> None:
    await table.say("ann", "!aa 30 EUR tea @bob:town")
    before = await balances(table)
    sent = await table.file("ann", SPLITWISE)
    for _times in range(2):
        await table.say("ann", "!aa import", reply_to=sent)
        assert "4 bills and payments of Splitwise are in the books now." in await table.say("ann", "!aa import yes")
        after = await balances(table)
        assert after != before
        assert "Only whoever imported" in await table.say("bob", "!aa undo import")
        said = await table.say("ann", "!aa undo import")
        assert said.startswith("4 bills and payments of Splitwise are taken back: they do not count any more.")
        assert await balances(table) == before
        assert "no import here" in await table.say("ann", "!aa undo import")
        assert "Ramen" not in await table.say("bob", "!aa list")
    await table.say("ann", "!aa import", reply_to=sent)
    await table.say("ann", "!aa import yes")
    await table.say("ann", "!aa import", reply_to=sent)
    assert "nothing has changed" in await table.say("ann", "!aa import yes")
    assert await balances(table) == after
    assert (await table.books.town.database.read(audit)).faults == ()


async def test_of_an_import_that_is_taken_back_bills_stay_that_were_changed_since(table: Table) -> None:
    sent = await table.file("ann", SPLITWISE)
    await table.say("ann", "!aa import", reply_to=sent)
    await table.say("ann", "!aa import yes")
    await table.say("ann", "!aa category 2 noodles")
    await table.say("ann", "!aa void 1")
    said = await table.say("ann", "!aa undo import")
    assert "2 bills and payments of Splitwise are taken back" in said
    assert "One bill stays, because it was changed here since. Make it void by hand: `!aa void #2`" in said
    assert (await table.say("bob", "!aa list")).startswith("One bill")
    await table.say("ann", "!aa restore 3")
    await table.say("ann", "!aa import", reply_to=sent)
    await table.say("ann", "!aa import yes")
    listed = await table.say("bob", "!aa list")
    assert listed.startswith("2 bills"), "what stayed, and what was brought back by hand, does not come twice"
    assert (await table.books.town.database.read(audit)).faults == ()


async def test_undo_after_an_import_takes_back_the_import(table: Table) -> None:
    sent = await table.file("ann", SPLITWISE)
    await table.say("ann", "!aa import", reply_to=sent)
    await table.say("ann", "!aa import yes")
    assert "4 bills and payments of Splitwise are taken back" in await table.say("ann", "!aa undo")
    assert "import the file again" in await table.say("ann", "!aa undo")
    await table.say("ann", "!aa 30 EUR tea @bob:town")
    assert "does not count any more" in await table.say("ann", "!aa undo")
    assert "这里没有可以撤销的导入" in await table.say("ann", "!记账 撤销 导入")


async def test_shares_of_imported_bills_count_in_the_balance_and_are_not_open(table: Table) -> None:
    sent = await table.file("ann", SPLITWISE)
    await table.say("ann", "!aa import", reply_to=sent)
    await table.say("ann", "!aa import yes")
    assert await table.books.town.count("pay_open_share") == 0
    assert "imported" in await table.say("bob", "!aa list")
    card = await table.say("bob", "!aa show 1")
    assert "Imported: it counts in the balance" in card
    assert "⏳" not in card
    assert "I paid" not in card
    assert "settled with all the rest, see `!aa balance`" in await table.say("bob", "!aa paid #1")
    assert "settled with all the rest" in await table.say("ann", "!aa received #1")
    assert "settled with all the rest" in await table.say("ann", "!aa remind #1")
    assert "owes" in await table.say("ann", "!aa balance")
    await table.books.town.wait(20 * DAY)
    assert "still waits for you" not in table.news() + "".join(one.news() for one in table.people.values())
    assert "Bob" in await table.say("bob", "!aa dispute #1 never was there")


async def balances(table: Table) -> dict[tuple[int, str], int]:
    rows = await table.books.town.rows("pay_balance")
    return {(row["account"], row["currency"]): row["minor"] for row in rows if row["minor"]}


async def test_a_file_from_ones_own_chat_waits_for_its_room(table: Table) -> None:
    ann = table.people["ann"]
    assert "Write `!aa import` in the room whose bills these are" in await table.books.send(
        ann, SPLITWISE, "export.csv"
    )
    said = await table.say("ann", "!aa import")
    assert "Who is who:" in said
    assert "No file of yours waits here." in await table.say("bob", "!aa import yes")
    assert "Nothing of it came into the books." in await table.say("ann", "!aa import no")
    assert "reply `!aa import` to it" in await table.say("ann", "!aa import")
    assert await table.books.town.count("pay_import") == 0


async def test_people_of_a_file_are_given_to_members_and_guests(table: Table) -> None:
    text = "Date,Description,Category,Cost,Currency,Annie,Bob,Zoë\n2026-01-01,Tea,Food,9.00,EUR,6.00,-3.00,-3.00\n"
    await table.books.send(table.people["ann"], text, "export.csv")
    said = await table.say("ann", "!aa import")
    assert "1. Annie (€6.00) → a guest, +Annie" in said
    assert "2. Bob (-€3.00) → @bob:town" in said
    said = await table.say("ann", "!aa import as Annie=me 3=@carl:town 2=+Robert")
    assert "1. Annie (€6.00) → @ann:town" in said
    assert "2. Bob (-€3.00) → a guest, +Robert" in said
    assert "3. Zoë (-€3.00) → @carl:town" in said
    assert "@dora:town is not in this room." in await table.say("ann", "!aa import as 1=@dora:town")
    assert "Nobody in the file is number 7, or called so." in await table.say("ann", "!aa import as 7=me")
    said = await table.say("ann", "!aa import yes")
    assert "he writes this with his own id: `!aa together +Robert @ann:town`" in said
    assert "settle as one from now on" in await table.say("bob", "!aa together +Robert @bob:town")
    rows = {row["id"]: row["name"] for row in await table.books.town.rows("pay_account")}
    sums = {rows[row["account"]]: row["minor"] for row in await table.books.town.rows("pay_balance")}
    assert sums == {"@ann:town": 600, "Robert": -300, "@carl:town": -300}


async def test_bad_lines_stop_it_all_until_they_are_left_out(table: Table) -> None:
    text = SPLITWISE.decode().replace("80.00,-40.00,-40.00", "80.00,-40.00,-39.00")
    await table.books.send(table.people["ann"], text, "export.csv")
    said = await table.say("ann", "!aa import")
    assert "One line cannot be read, so nothing comes in." in said
    assert "- Line 3: what the people have of it should add up to 0, but it is 1.00." in said
    assert "To leave them out:\n!aa import skip" in await table.say("ann", "!aa import yes")
    assert await table.books.town.count("pay_entry") == 0
    assert "This line is left out:" in await table.say("ann", "!aa import skip")
    assert "3 bills and payments" in await table.say("ann", "!aa import yes")


async def test_a_file_without_a_currency_takes_that_of_the_room_or_another(table: Table) -> None:
    await table.books.send(table.people["ann"], (FILES / "ihatemoney.json").read_bytes(), "bills.json")
    said = await table.say("ann", "!aa import")
    assert "The file names no currency, so I take" in said
    assert "in CHF." in await table.say("ann", "!aa import currency chf")
    assert "XAU is no currency." in await table.say("ann", "!aa import currency XAU")
    await table.say("ann", "!aa import yes")
    assert {row["currency"] for row in await table.books.town.rows("pay_posting")} == {"CHF"}


async def test_a_file_that_is_none_is_said_to_be_none(table: Table) -> None:
    for data, part in ((b"a,b\n", "I do not know this kind of file."), (b"", "empty"), (None, "too large")):
        await table.books.send(table.people["ann"], data, "x.csv")
        assert part in await table.say("ann", "!aa import")
    assert "There is no file in that message." in await table.say(
        "ann", "!aa import", reply_to=await table.books.town.say(table.people["bob"].user, table.room, "hello")
    )
    sent = await table.file("ann", SPLITWISE)
    table.books.media.files.clear()
    assert "Please send it once more." in await table.say("ann", "!aa import", reply_to=sent)


async def test_ones_own_json_makes_the_same_books_in_another_room(either_table: Table) -> None:
    table = either_table
    await table.say("ann", "!aa 120 EUR dinner @bob:town @carl:town")
    await table.say("bob", "!aa 30 EUR taxi @ann:town")
    await table.say("bob", "!aa undo")
    said = await table.say("ann", "!aa export json")
    assert "I send the file to you in our own chat." in said
    chat = table.people["ann"].chat
    assert "Its head is `" in table.books.town.news(chat)
    [file] = table.files(chat)
    assert (file["msgtype"], file["info"]["size"]) == ("m.file", len(file["data"]))
    found = read_books(file["data"], "EUR")
    assert isinstance(found, Found)
    assert [entry.title for entry in found.books.entries] == ["dinner", "taxi", "taxi"]

    await table.books.send(table.people["ann"], file["data"], "books.json")
    assert "3 of them are here already" in await table.say("ann", "!aa import")
    await table.say("ann", "!aa import yes")
    assert await table.books.town.count("pay_entry") == 3

    other = await set_other_table(table)
    await table.books.send(table.people["ann"], file["data"], "books.json")
    await other.say("ann", "!aa import")
    assert "3 bills and payments of laiwang-bridge are in the books now." in await other.say("ann", "!aa import yes")
    await other.say("ann", "!aa export json here")
    [copy] = other.files(other.room)
    again = read_books(copy["data"], "EUR")
    assert isinstance(again, Found)
    assert [_told(entry, again.books) for entry in again.books.entries] == [
        _told(entry, found.books) for entry in found.books.entries
    ]
    assert (await table.books.town.database.read(audit)).faults == ()
    await table.books.send(table.people["ann"], copy["data"], "books.json")
    assert "3 of them are here already" in await table.say("ann", "!aa import")


async def set_other_table(table: Table) -> Table:
    town = table.books.town
    room = town.homeserver.room(*(person.user for person in table.people.values()))
    await town.member(room.id, PAY_BOT, "invite", by=table.people["ann"].user)
    other = Table(table.books, room.id, table.people)
    other.news()
    return other


def _told(entry: Any, books: Any) -> Any:
    users = {account.number: account.user for account in books.accounts}
    postings = [(users[one.account], one.currency, one.minor, one.carry) for one in entry.postings]
    paid = [(users[part.account], part.minor) for part in entry.paid]
    shares = [(users[part.account], part.minor) for part in entry.shares]
    return entry.kind, entry.date, entry.title, entry.category, postings, paid, shares, entry.reverses


async def test_the_books_go_out_in_every_language_of_books(table: Table) -> None:
    await table.say("ann", "!aa 120 EUR =dinner @bob:town @carl:town")
    for kind, part in (
        ("csv", "'=dinner,,120.00,EUR,-40.00,-40.00,80.00"),
        ("beancount", '* "=dinner"'),
        ("hledger", "(1) =dinner  ; kind:bill"),
        ("qif", "P=dinner"),
    ):
        await table.say("ann", f"!aa export {kind} here")
        assert part in table.files(table.room)[-1]["data"].decode()
    assert table.files(table.room)[-1]["body"].endswith("the books up to now, one entry.")
    assert "!aa export" in await table.say("ann", "!aa export pdf")


async def test_statistics_are_a_picture_and_its_text_says_the_same(table: Table) -> None:
    assert "Nobody has shared a bill" in await table.say("ann", "!aa stats")
    await table.say("ann", "!aa 120 EUR dinner @bob:town @carl:town #food")
    await table.say("bob", "!aa 30 EUR taxi @ann:town on 2023-10-03")
    await table.say("bob", "!aa 9 USD tea @ann:town")
    said = await table.say("ann", "!aa stats year")
    assert re.search(r"2 bills, €150\.00 in all\.\n- Ann: paid €120\.00, bears €55\.00", said)
    assert "By month:\n- 2023-10: €30.00\n- 2023-11: €120.00" in said
    assert "By category:\n- food: €120.00\n- no category: €30.00" in said
    assert "One bill, US$9.00." in said
    [picture] = table.files(table.room)
    assert picture["msgtype"] == "m.image"
    with Image.open(io.BytesIO(picture["data"])) as image:
        assert (image.format, image.size) == ("PNG", (picture["info"]["w"], picture["info"]["h"]))
    assert "One bill, €120.00." in await table.say("ann", "!aa stats month")
    assert "统计" not in await table.say("ann", "!aa stats all")
    await table.books.town.wait(400 * DAY)
    assert "There are no bills in that time." in await table.say("ann", "!aa stats")


async def test_what_waits_goes_along_to_an_upgraded_room(table: Table) -> None:
    town, people = table.books.town, table.people
    await table.books.send(people["ann"], SPLITWISE, "export.csv")
    await table.say("ann", "!aa import")
    new = town.homeserver.room(*(person.user for person in people.values()))
    new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": table.room}}
    await town.state(table.room, people["ann"].user, "m.room.tombstone", {"replacement_room": new.id})
    there = Table(table.books, new.id, people)
    there.news()
    assert "Who is who:" in await there.say("ann", "!aa import")
    assert "4 bills and payments of Splitwise are in the books now." in await there.say("ann", "!aa import yes")


async def test_what_waits_is_forgotten_after_a_day_and_with_the_person(table: Table) -> None:
    town, ann, bob = table.books.town, table.people["ann"], table.people["bob"]
    for one in (ann, bob):
        await table.books.send(one, SPLITWISE, "export.csv")
    await table.say("ann", "!aa import")
    assert (await town.count("pay_import"), await town.count("pay_import_file")) == (1, 1)
    chat = await town.arrive("ann")
    await chat.say("forget")
    await chat.say("yes")
    assert (await town.count("pay_import"), await town.count("pay_import_file")) == (0, 1)
    await town.database.write(lambda connection: import_store.forget_old(connection, town.now + 2 * DAY))
    assert await town.count("pay_import_file") == 0


async def test_ones_own_books_come_into_ones_own_chat(table: Table) -> None:
    ann = table.people["ann"]
    await table.books.send(ann, SPLITWISE, "export.csv")
    assert "2. Bob (€10.00, JP¥2,000) → a guest, +Bob" in await ann.say("import")
    assert "4 bills and payments of Splitwise are in the books now." in await ann.say("import yes")
    assert "- Ann: paid €90.00, bears €30.00" in await ann.say("stats all")
