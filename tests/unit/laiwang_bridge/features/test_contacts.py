"""An address book becomes friends: who is shown to whom, on which card, and what comes of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator

import pytest

from laiwang_bridge.people.addresses import Findable
from tests.unit.laiwang_bridge.features.address_books import Books, numbers, open_books, vcards
from tests.unit.laiwang_bridge.features.test_addresses import nothing_plain
from tests.unit.laiwang_bridge.features.town import CONTACTS_BOT, DAY, HOUR, MINUTE, SECOND, Person

LIN, AMY, BO, CAT = "+8613800138000", "+8613900139000", "+8613700137000", "+8613600136000"
CARD = "In your address book, and here too:"
NOBODY = "There is nobody new whom I may show you."


@pytest.fixture
async def books(sqlite_url: str) -> AsyncIterator[Books]:
    async with open_books(sqlite_url) as books:
        yield books


@pytest.fixture
async def either_books(database_url: str) -> AsyncIterator[Books]:
    """Once on SQLite, once on PostgreSQL."""
    async with open_books(database_url) as books:
        yield books


@pytest.fixture
async def lin(books: Books) -> Person:
    return await books.arrive("lin", LIN)


@pytest.fixture
async def amy(books: Books) -> Person:
    return await books.arrive("amy", AMY)


# -- from the file to the friend ------------------------------------------------------------------------------------


async def test_two_who_have_each_other_find_each_other_and_become_friends(either_books: Books) -> None:
    books = either_books
    lin, amy = await books.arrive("lin", LIN), await books.arrive("amy", AMY)
    await lin.say("watch on")
    said = await books.send(lin, vcards(("Amy Wu", AMY), ("Grandma", CAT)))
    assert said.startswith("I have read 2 cards, 2 with a number or address.\n\n" + NOBODY)
    said = await books.send(amy, vcards(("小林", "138 0013 8000")), "通讯录.vcf")
    assert "1 of them is here and new on your list." in said
    assert amy.reads(CARD) == (
        f"{CARD}\n1. 小林 (@lin:town)\n\nChoose with `add 1`. Whoever says yes is your friend.\n\n"
        "👍 ask 1 person · add all"
    )
    assert "All of them have been asked. Whoever says yes is your friend." in await amy.tap(CARD, "👍")
    assert "1. 小林 (@lin:town) ✓" in amy.reads(CARD)
    assert amy.buttons(CARD) == set()
    await lin.say("yes")
    assert "1. 小林 (Lin) @lin:town" in await amy.say("friends")
    assert "Amy @amy:town" in await lin.say("friends")
    assert await books.town.count("contact_watch") == 2
    await amy.say("contacts forget")
    await lin.say("forget")
    await lin.say("yes")
    for table in ("contact_holding", "contact_found", "contact_card", "contact_watch", "contact_watcher"):
        assert await books.town.rows(table) == [], table


async def test_the_first_of_the_two_is_told_by_his_digest(books: Books, lin: Person, amy: Person) -> None:
    await books.send(lin, vcards(("Amy Wu", AMY)))
    await books.send(amy, vcards(("Lin", LIN)))
    assert lin.news() == ""
    await books.town.wait(20 * HOUR)
    assert "1. Amy (@amy:town)" in lin.reads(CARD)
    lin.news()
    await books.town.wait(24 * HOUR)
    assert lin.news() == ""


async def test_whoever_lets_himself_be_found_is_shown_to_those_who_have_his_number(books: Books, lin: Person) -> None:
    bo = await books.arrive("bo", BO, findable=Findable.NOBODY)
    assert NOBODY in await books.send(lin, vcards(("Bo", BO)))
    await bo.say("findable 1 mutual")
    await books.town.wait(24 * HOUR)
    assert not lin.sees(CARD)
    await bo.say("findable 1 anyone")
    await books.town.wait(20 * HOUR)
    assert "1. Bo (@bo:town)" in lin.reads(CARD)
    await bo.say("findable 1 nobody")
    await bo.say("findable 1 anyone")
    lin.news()
    await books.town.wait(24 * HOUR)
    assert lin.news() == "", "he knows by now"


def with_id(name: str, user: str) -> str:
    return f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{name}\r\nIMPP:matrix:u/{user[1:]}\r\nEND:VCARD\r\n"


async def test_a_matrix_id_in_an_address_book_finds_somebody_if_it_is_mutual(either_books: Books) -> None:
    books = either_books
    lin, amy = await books.arrive("lin", LIN), await books.arrive("amy")
    await amy.say("code")
    said = await books.send(lin, with_id("Amy Wu", "@amy:town") + with_id("Nobody", "@nobody:town"))
    assert said.startswith("I have read 2 cards, 2 with a number or address.\n\n" + NOBODY)
    assert "1 of them is here and new on your list." in await books.send(amy, vcards(("小林", LIN)))
    assert "1. 小林 (@lin:town)" in amy.reads(CARD)
    await books.town.wait(20 * HOUR)
    assert "1. Amy (@amy:town)" in lin.reads(CARD)
    await lin.say("contacts forget")
    assert await books.town.rows("contact_holding_id") == []


async def test_two_who_have_each_others_ids_find_each_other(books: Books, lin: Person, amy: Person) -> None:
    await books.send(lin, with_id("Amy", "@amy:town") + with_id("I", "@lin:town"))
    assert "1 of them is here" in await books.send(amy, with_id("Lin", "@lin:town"))
    assert await books.town.count("contact_holding_id") == 2
    await books.town.wait(366 * DAY)
    await books.town.database.write(lambda c: books.town.app.contacts.forget_old(c, books.town.now))
    assert await books.town.rows("contact_holding_id") == []


async def test_whoever_wants_to_be_found_by_nothing_is_not_found_by_his_id(books: Books, lin: Person) -> None:
    bo = await books.arrive("bo", BO, findable=Findable.NOBODY)
    await books.send(bo, with_id("Lin", "@lin:town"))
    assert NOBODY in await books.send(lin, with_id("Bo", "@bo:town"))
    await books.town.wait(20 * HOUR)
    assert not lin.sees(CARD)


async def test_who_waits_on_the_list_is_not_said_to_be_nobody(books: Books, lin: Person, amy: Person) -> None:
    await books.send(lin, vcards(("Amy Wu", AMY)))
    await books.send(amy, vcards(("Lin", LIN)))
    assert "1 of them is here and new on your list." in await books.send(lin, vcards(("Amy Wu", AMY)))
    said = await books.send(lin, vcards(("Amy Wu", AMY)))
    assert said.startswith(
        "I have read 1 card, 1 with a number or address.\n\n1 of them is on your list already.\n\n* "
    )
    shown = lin.card(CARD)
    await books.town.wait(HOUR)
    await books.send(lin, vcards(("Amy Wu", AMY)))
    assert lin.card(CARD) != shown, "a card that has long left the screen comes anew"


async def test_a_chosen_few_are_asked_and_the_names_of_the_book_become_remarks(books: Books, lin: Person) -> None:
    everybody = [await books.arrive(name, number) for name, number in zip("pqrstu", numbers(6), strict=True)]
    for other in everybody:
        await books.send(other, vcards(("Lin", LIN)))
    await books.send(
        lin, vcards(*((f"Friend {name}", number) for name, number in zip("PQRSTU", numbers(6), strict=True)))
    )
    assert "Choose with `add 1 3`" in lin.reads(CARD)
    assert "Asked: Friend Q and Friend T." in await lin.say("add 2 5")
    assert "2. Friend Q (@q:town) ✓" in lin.reads(CARD)
    assert "1. Friend P (@p:town)\n" in lin.reads(CARD)
    assert [row["text"] for row in await books.town.rows("remark")] == ["Friend Q", "Friend T"]
    for other in everybody:
        assert "Friend" not in other.news()
    assert "You have asked them already." in await lin.say("add 5")
    assert "There is no number 9 on your list." in await lin.say("add 9")
    assert "已经去问：Friend P、Friend R、Friend S和Friend U。" in await lin.say("添加 全部")
    me = await books.id_of(lin)
    assert all(row["asked"] for row in await books.town.rows("contact_found") if row["person"] == me)


async def test_several_files_add_up_on_one_card(books: Books, lin: Person, amy: Person) -> None:
    bo = await books.arrive("bo", BO)
    for other in (amy, bo):
        await books.send(other, vcards(("Lin", LIN)))
    await books.send(lin, vcards(("Amy", AMY)), "1.vcf")
    said = await books.send(lin, f"Name,Phone\nBo,{BO}\n", "2.csv")
    assert said.startswith("I have read 1 card, 1 with a number or address.")
    assert "1. Amy (@amy:town)\n2. Bo (@bo:town)" in lin.reads(CARD)
    assert sum(CARD in body for body in books.town.shown(lin.chat).values()) == 1
    await lin.say("add 1")
    await books.send(lin, vcards(("Amy", AMY), ("Bo", BO)))
    assert "Amy" not in lin.reads(CARD)
    assert "2. Bo (@bo:town)" in lin.reads(CARD)


async def test_a_long_list_has_pages(books: Books, lin: Person) -> None:
    several = list(numbers(45))
    for position, number in enumerate(several):
        await books.arrive(f"p{position:02}", number, findable=Findable.ANYONE)
    await books.send(lin, vcards(*((f"Nr {position:02}", number) for position, number in enumerate(several))))
    card = lin.reads(CARD)
    assert "1. Nr 00 (@p00:town)" in card
    assert "20. Nr 19 (@p19:town)\nPage 1 of 3" in card
    assert "Nr 20" not in card
    assert lin.buttons(CARD) == {"👍", "➡️"}
    await lin.tap(CARD, "➡️")
    assert "21. Nr 20 (@p20:town)" in lin.reads(CARD)
    await lin.say("matches 3")
    assert "45. Nr 44 (@p44:town)\nPage 3 of 3" in lin.reads(CARD)
    assert sum(CARD in body for body in books.town.shown(lin.chat).values()) == 1
    assert "Asked: 45 people." in await lin.say("add all")


async def test_the_bot_for_address_books_can_be_met_alone(books: Books, amy: Person) -> None:
    lin = await books.arrive("lin", LIN, bot=CONTACTS_BOT)
    await books.send(amy, vcards(("Lin", LIN)))
    said = await books.send(lin, vcards(("Amy Wu", AMY)))
    assert "1 of them is here" in said
    assert "1. Amy Wu (@amy:town)" in lin.reads(CARD)
    await lin.tap(CARD, "👍")
    assert "Lin" in amy.reads("(@lin:town)")
    assert "Send me your address book" in await lin.say("import")
    assert "import" in await lin.say("help")


# -- who is shown to whom -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("findable", [Findable.MUTUAL, Findable.NOBODY])
async def test_whoever_tries_all_numbers_of_a_block_learns_nothing(books: Books, findable: Findable) -> None:
    here = "+8613812345678"
    target = await books.arrive("target", here, findable=findable)
    await books.send(target, vcards(("Somebody else", CAT)))
    curious, other = await books.arrive("curious", LIN), await books.arrive("other", AMY)
    block = [f"+861381234{last:04}" for last in range(5600, 5680)]
    strangers = [f"+861391234{last:04}" for last in range(5600, 5680)]
    assert here in block
    for person in (curious, other):
        await person.say("watch on")
    with_him = await books.send(curious, vcards(*((number, number) for number in block)))
    without = await books.send(other, vcards(*((number, number) for number in strangers)))
    assert with_him == without
    assert await curious.say("matches") == await other.say("matches")
    assert await curious.say("contacts") == await other.say("contacts")
    assert await curious.say("watch off") == await other.say("watch off")
    await curious.say("export"), await other.say("export")
    mine, theirs = (file.decode() for file in books.town.homeserver.files)
    assert "contacts" in mine
    assert len(mine) - len("curious") * mine.count("curious") == len(theirs) - len("other") * theirs.count("other")
    await books.town.wait(20 * HOUR)
    assert target.news() == ""
    assert curious.news() == other.news() == ""


async def test_anyone_may_find_whoever_wants_that(books: Books, lin: Person) -> None:
    await books.arrive("bo", BO, findable=Findable.ANYONE)
    assert "1 of them is here" in await books.send(lin, vcards(("Bo", BO)))


async def test_nobody_finds_whoever_wants_that(books: Books, lin: Person) -> None:
    bo = await books.arrive("bo", BO, findable=Findable.NOBODY)
    await books.send(bo, vcards(("Lin", LIN)))
    assert NOBODY in await books.send(lin, vcards(("Bo", BO)))


async def test_a_block_hides_both_ways(books: Books, lin: Person, amy: Person) -> None:
    await lin.say("block @amy:town")
    for person, number in ((lin, AMY), (amy, LIN), (lin, AMY)):
        assert NOBODY in await books.send(person, vcards(("Somebody", number)))
    await books.town.wait(20 * HOUR)
    assert (lin.news(), amy.news()) == ("", "")


async def test_friends_are_counted_and_i_am_left_out(books: Books, lin: Person, amy: Person) -> None:
    await books.town.befriend(lin, amy)
    await books.send(amy, vcards(("Lin", LIN), ("Me", AMY)))
    said = await books.send(lin, vcards(("Amy", AMY), ("Me", LIN)))
    assert "1 is your friend already." in said
    assert not lin.sees(CARD)


async def test_what_was_never_proven_matches_nobody(books: Books, amy: Person) -> None:
    lin = await books.arrive("lin")
    await books.send(amy, vcards(("Lin", LIN)))
    said = await books.send(lin, vcards(("Amy", AMY)))
    assert NOBODY in said
    assert "First show me that your own number is yours: `number …`" in said


async def test_nothing_about_people_who_are_not_here_is_kept(books: Books, lin: Person) -> None:
    await books.send(lin, vcards(("Grandmother", CAT), ("Old friend", BO)))
    await nothing_plain(books.town, CAT, CAT[3:], BO, "Grandmother", "Old friend", "VCARD")
    assert await books.town.rows("contact_holding") == []
    assert await books.town.rows("contact_watch") == []


# -- tell me when they join -----------------------------------------------------------------------------------------


async def test_forgetting_the_address_books_ends_it(books: Books, lin: Person, amy: Person) -> None:
    await books.send(amy, vcards(("Lin", LIN)))
    await lin.say("watch on")
    await books.send(lin, vcards(("Amy", AMY), ("Grandma", CAT)))
    assert await books.town.count("contact_watch") == 1
    assert "People on your list: 1" in await lin.say("contacts")
    assert (await lin.say("contacts forget")).startswith("Done:")
    me = await books.id_of(lin)
    for table, column in (("contact_holding", "holder"), ("contact_watch", "person"), ("contact_found", "person")):
        assert [row for row in await books.town.rows(table) if row[column] == me] == []
    assert "Your list is empty." in await lin.say("matches")


async def test_whoever_is_forgotten_leaves_nothing_of_his_address_books(books: Books, lin: Person, amy: Person) -> None:
    await lin.say("watch on")
    await books.send(lin, vcards(("Amy", AMY), ("Grandma", CAT)))
    await books.send(amy, vcards(("Lin", LIN)))
    me = await books.id_of(lin)
    await lin.say("forget")
    await lin.say("yes")
    for table in ("contact_watch", "contact_watcher", "contact_card", "contact_import", "contact_found"):
        assert [row for row in await books.town.rows(table) if me in (row["person"], row.get("other"))] == [], table
    assert await books.town.rows("contact_holding") == []


# -- how much -------------------------------------------------------------------------------------------------------


async def test_what_does_not_fit_is_gone_on_with_later(sqlite_url: str) -> None:
    async with open_books(sqlite_url, limit=100, limit_more=10) as books:
        lin = await books.arrive("lin", LIN)
        others = {
            number: await books.arrive(f"p{i}", number, findable=Findable.ANYONE)
            for i, number in enumerate(numbers(12))
        }
        people = [*others, *numbers(138, start=5_000_000)]
        book = vcards(*((f"N{number}", number) for number in people))
        said = await books.send(lin, book)
        assert "The first 100 of 150 were looked at; send it again in 4 days for the rest." in said
        shown = await books.town.count("contact_found")
        assert shown < 12
        assert "The first 100 of 150 were looked at; send it again in 4 days for the rest." in await books.send(
            lin, book
        )
        assert await books.town.count("contact_found") == shown
        await books.town.wait(4 * DAY)
        assert "were looked at" not in await books.send(lin, book)
        assert await books.town.count("contact_found") == 12


async def test_numbers_in_a_row_are_no_address_book(books: Books, lin: Person) -> None:
    operators = await books.town.operators()
    operators.news()
    target = await books.arrive("target", "+8613812340042", findable=Findable.ANYONE)
    row = [f"+861381234{last:04}" for last in range(200)]
    for _ in range(5):
        said = await books.send(lin, vcards(*((number, number) for number in row)))
        assert said == (
            "I cannot use this list: these are mostly numbers in a row. Please send me your own address book."
        )
    told = operators.news()
    assert told.count("An address book was refused: of its 200 numbers most are in one block of 10,000.") == 3
    assert "lin" not in told
    assert not lin.sees(CARD)
    assert target.news() == ""


async def test_a_range_that_is_tried_out_in_small_parts_is_no_address_book_either(books: Books, lin: Person) -> None:
    await books.arrive("target", "+8613812340180", findable=Findable.ANYONE)
    said = []
    for part in range(10):
        row = [f"+861381234{last:04}" for last in range(20 * part, 20 * part + 20)]
        said.append(await books.send(lin, vcards(*((number, number) for number in row))))
    refused = ["mostly numbers in a row" in each for each in said]
    assert refused == [False] * 5 + [True] * 5
    assert not lin.sees(CARD)
    assert NOBODY in await books.send(lin, vcards(*((number, number) for number in numbers(50)))), "others go on"
    await books.town.wait(2 * DAY)
    assert "1 of them is here" in await books.send(lin, vcards(*((number, number) for number in row)))


# -- other ways in --------------------------------------------------------------------------------------------------


async def test_pasted_contacts_are_read_at_once(books: Books, lin: Person, amy: Person) -> None:
    await books.send(amy, vcards(("Lin", LIN)))
    said = await lin.say("import Amy Wu, 139 0013 9000\nGrandma, 136 0013 6000")
    assert said.startswith("I have read 2 cards, 2 with a number or address.\n\n1 of them is here")
    assert "1. Amy Wu (@amy:town)" in lin.reads(CARD)


async def test_numbers_without_a_country_code_are_read_as_those_of_their_owner(books: Books) -> None:
    tim = await books.town.arrive("tim")
    await books.prove(tim, "+14159373419", shown="+1 415 •••• 419")
    frank = await books.arrive("frank", "+19196769515", findable=Findable.ANYONE)
    assert "1 of them is here" in await books.send(tim, vcards(("Frank", "(919) 676-9515")))
    assert frank.news() == ""


async def test_numbers_that_a_spreadsheet_has_rounded_are_told(books: Books, lin: Person) -> None:
    table = "姓名,手机\n张三,1.38E+10\n李四,1.39001E+10\n王五,13700137000\n"
    said = await books.send(lin, table, "contacts.csv")
    assert said.startswith(
        "I have read 3 cards, 1 with a number or address, 2 unreadable (lines 2, 3).\n"
        "In 2 of them a spreadsheet has rounded the numbers (1.38E+10), so that their digits are lost. "
    )
    await lin.say("语言 中文")
    assert "其中 2 张的号码被表格软件变成了 1.38E+10 这样" in await books.send(lin, table, "contacts.csv")


async def test_whose_own_country_is_unknown_is_asked_for_it_where_most_numbers_find_nobody(books: Books) -> None:
    table = "Name,Phone\n" + "".join(f"P{last},(905) 555-123{last}\n" for last in range(5))
    zoe = await books.arrive("zoe")
    said = await books.send(zoe, table, "contacts.csv")
    assert said.startswith(
        "I have read 5 cards, 0 with a number or address.\nAre those without one from another country?"
    )
    await books.prove(zoe, "+19055550000", shown="+1 905 ••• 0000")
    assert "I have read 5 cards, 5 with a number or address.\n\n" in await books.send(zoe, table, "contacts.csv")


async def test_pasted_contacts_need_no_command(books: Books, lin: Person) -> None:
    assert "我读了 3 张名片" in await lin.say("小王 13900139000\n小李 13700137000\n小陈 13600136000")


async def test_a_file_sent_earlier_is_imported_by_a_reply(books: Books, lin: Person, amy: Person) -> None:
    await books.send(amy, vcards(("Lin", LIN)))
    content = books.upload(vcards(("Amy", AMY)), "amy.vcf")
    event = books.town.homeserver.push(lin.chat, lin.user, "m.room.message", content)
    books.town.homeserver.pushed.clear()  # it was sent while we were away, and forgotten
    assert "1 of them is here" in await lin.say("import", reply_to=event)
    text = await books.town.say(lin.user, lin.chat, "hello")
    lin.news()
    assert "I find no contacts in it." in await lin.say("import", reply_to=text)


# -- what takes time ------------------------------------------------------------------------------------------------


async def test_what_takes_longer_than_two_seconds_is_announced_once_and_edited_at_the_end(
    books: Books, lin: Person
) -> None:
    town = books.town
    town.held = lambda effect: type(effect).__name__ == "Job"
    assert await books.send(lin, vcards(("Grandma", CAT))) == ""
    await town.wait(1 * SECOND)
    assert lin.news() == ""
    await town.wait(1 * SECOND)
    assert lin.news() == "I am reading your address book. This takes a moment."
    await town.wait(MINUTE)
    assert lin.news() == ""
    town.held = lambda _effect: False
    await town.wait(SECOND)
    assert lin.news().startswith("* I have read 1 card, 1 with a number or address.")
    assert not lin.sees("I am reading your address book.")


async def test_what_is_quick_is_answered_once(books: Books, lin: Person) -> None:
    said = await books.send(lin, vcards(("Grandma", CAT)))
    assert said.count("I have read") == 1
    await books.town.wait(HOUR)
    assert lin.news() == ""
    assert await books.town.rows("contact_import") == []


async def test_the_same_file_that_comes_twice_changes_nothing(books: Books, lin: Person, amy: Person) -> None:
    books.town.twice = True
    await books.send(amy, vcards(("Lin", LIN)))
    said = await books.send(lin, vcards(("Amy", AMY)))
    assert said.count("I have read") == 1
    assert said.count(CARD) == 1
    await books.town.app.service.homeserver.close()
    books.town.restart()
    books.town.homeserver.pushed.extend(
        event for event in books.town.rooms[lin.chat].said.values() if event["content"].get("msgtype") == "m.file"
    )
    await books.town.settle()
    assert lin.news() == ""


async def test_whoever_forgets_while_a_file_is_read_hears_no_more_of_it(books: Books, lin: Person, amy: Person) -> None:
    await books.send(amy, vcards(("Lin", LIN)))
    town = books.town
    town.held = lambda effect: type(effect).__name__ == "Job"
    await books.send(lin, vcards(("Amy", AMY)))
    await lin.say("contacts forget")
    town.held = lambda _effect: False
    await town.wait(MINUTE)
    assert lin.news() == ""
    me = await books.id_of(lin)
    assert [row for row in await town.rows("contact_holding") if row["holder"] == me] == []


# -- what is no address book ----------------------------------------------------------------------------------------


PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "contacts.vcf", "This file is empty."),
        (PICTURE, "me.png", "This is a picture, and I cannot read one."),
        (b"%PDF-1.7 ...", "contacts.pdf", "This is a PDF, and I cannot read one."),
        ("Dear diary, nothing happened today.", "diary.txt", "I find no contacts in it."),
        (None, "endless.vcf", "This file is too large: I read up to 2 MB."),
    ],
    ids=["empty", "picture", "pdf", "prose", "endless"],
)
async def test_what_is_no_address_book_gets_one_clear_sentence(
    sqlite_url: str, data: bytes | str | None, name: str, said: str
) -> None:
    async with open_books(sqlite_url, max_file_mb=2) as books:
        lin = await books.arrive("lin", LIN)
        answer = await books.send(lin, data, name)
        assert answer.startswith(said)
        assert "\n" not in answer
        assert await books.town.rows("contact_import") == []
        assert books.media.sent < 8_000_000


async def test_a_file_that_says_itself_that_it_is_too_large_is_not_fetched(books: Books, lin: Person) -> None:
    said = await books.send(lin, vcards(("Amy", AMY)), size=50_000_000)
    assert said.startswith("This file is too large: I read up to 32 MB.")
    assert books.media.asked == 0


async def test_a_packed_file_is_not_unpacked(books: Books, lin: Person) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("contacts.vcf", b"\0" * 50_000_000)
    said = await books.send(lin, packed.getvalue(), "contacts.zip")
    assert said == "This is a packed file, and I do not unpack those. Please unpack it and send me what is inside."


async def test_a_file_that_is_gone_is_asked_for_again(books: Books, lin: Person) -> None:
    content = books.upload("x")
    books.media.files.clear()
    await books.town.send(lin.user, lin.chat, "m.room.message", content)
    assert lin.news() == "This file is no longer there. Please send it to me once more."


async def test_an_encrypted_file_is_not_fetched(books: Books, lin: Person) -> None:
    content = books.upload(vcards(("Amy", AMY)))
    content["file"] = {"url": content.pop("url"), "key": {"k": "secret"}, "iv": "…", "hashes": {}, "v": "v2"}
    await books.town.send(lin.user, lin.chat, "m.room.message", content)
    assert lin.news().startswith("This file is encrypted.")
    assert books.media.asked == 0


async def test_while_the_homeserver_is_away_the_file_waits(books: Books, lin: Person) -> None:
    books.media.status = 503
    assert await books.send(lin, vcards(("Grandma", CAT))) == ""
    await books.town.wait(3 * SECOND)
    assert lin.news() == "I am reading your address book. This takes a moment."
    books.media.status = None
    await books.town.wait(20 * SECOND)
    assert lin.news().startswith("* I have read 1 card")


async def test_a_picture_for_the_bot_of_address_books_is_no_address_book(books: Books, lin: Person) -> None:
    amy = await books.arrive("amy", bot=CONTACTS_BOT)
    for person, said in ((amy, "This is a picture, and I cannot read one."), (lin, "")):
        content = books.upload(PICTURE, "me.png") | {"msgtype": "m.image"}
        await books.town.send(person.user, person.chat, "m.room.message", content)
        assert person.news().startswith(said)
    assert lin.news() == ""


async def test_in_a_room_with_others_no_file_is_taken(books: Books, lin: Person, amy: Person) -> None:
    room = await books.town.gather(lin, amy, await books.arrive("bo"))
    await books.town.send(lin.user, room, "m.room.message", books.upload(vcards(("Amy", AMY))))
    assert books.town.news(room) == ""
    assert books.media.asked == 0
