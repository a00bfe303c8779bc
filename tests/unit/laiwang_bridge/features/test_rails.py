"""How people tell the bot how they are paid, and how whoever owes them is told, alone."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest_asyncio
import segno
import zxingcpp
from mautrix.types import RoomID
from PIL import Image

from laiwang_bridge.config import Homeserver
from tests.support.media import Media, media_repository
from tests.unit.laiwang_bridge.features.table import Table
from tests.unit.laiwang_bridge.features.town import DAY, OPERATORS, PAY_BOT, Person, Town, open_town

IBAN = "DE89 3704 0044 0532 0130 00"
NOTHING = "You owe nothing there at the moment."
ASKED = "I have asked Mei how you can pay."


@dataclass
class Dinner:
    """Mei has paid 24.60 for herself and Bo; Cy is in the room as well."""

    town: Town
    media: Media
    table: Table
    mei: Person
    bo: Person
    cy: Person

    async def ask(self, person: Person, line: str) -> str:
        """What somebody is told in his own chat when he asks in the room."""
        person.news()
        await self.table.say(person, line)
        return person.news()

    async def hand_in(self, person: Person, data: bytes, **more: Any) -> str:
        """Somebody sends a picture to the bot; what it says to that."""
        id = f"picture{len(self.media.files)}"
        self.media.files[id] = data
        content = {"msgtype": "m.image", "body": "code.png", "url": f"mxc://town/{id}", **more}
        person.news()
        await self.town.send(person.user, person.chat, "m.room.message", content)
        return person.news()


@pytest_asyncio.fixture
async def dinner(sqlite_url: str) -> AsyncIterator[Dinner]:
    async with media_repository() as media:
        homeserver = Homeserver(address=media.address, domain="town")
        async with open_town(sqlite_url, operators=OPERATORS, homeserver=homeserver) as town:
            mei, bo, cy = [await town.arrive(name, bot=PAY_BOT) for name in ("mei", "bo", "cy")]
            table = await Table.of(town, mei, bo, cy)
            await table.say(mei, "!aa 24.60 dinner @bo")
            yield Dinner(town, media, table, mei, bo, cy)


def pictures_in(town: Town, room: RoomID) -> list[dict[str, Any]]:
    found = (event["content"] for event in town.rooms[room].messages_of(PAY_BOT))
    return [content for content in found if content["msgtype"] == "m.image"]


def read(data: bytes) -> str:
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(data)).convert("L"))
    return code.text


def drawn(text: str) -> bytes:
    picture = io.BytesIO()
    segno.make_qr(text).save(picture, kind="png", scale=5, border=4)
    return picture.getvalue()


async def test_whoever_owes_is_told_alone_with_the_amount_filled_in(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}, Mei Li")
    told = await dinner.ask(dinner.bo, "!aa how #1")
    assert "You owe Mei €12.30 for “dinner”" in told
    assert f"IBAN: {IBAN}" in told
    assert "Amount: 12.30 EUR" in told
    [file] = dinner.town.homeserver.files
    assert read(file) == "BCD\n002\n1\nSCT\n\nMei Li\nDE89370400440532013000\nEUR12.3\n\n\ndinner"
    [picture] = pictures_in(dinner.town, dinner.bo.chat)
    assert picture["body"] == "Bank transfer (SEPA): €12.30"
    assert "DE89" not in str(dinner.town.shown(dinner.table.room))
    assert not dinner.cy.sees("DE89")


async def test_the_button_of_the_card_tells_the_same(dinner: Dinner) -> None:
    await dinner.mei.say("way add paypal meili")
    for person, told in ((dinner.bo, "https://paypal.me/meili/12.30EUR"), (dinner.cy, ""), (dinner.mei, "")):
        person.news()
        assert await dinner.table.tap(person, "dinner", "💳") == ""
        assert (told in person.news()) if told else not person.news()


async def test_who_owes_nothing_learns_nothing(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    for person in (dinner.cy, dinner.mei):
        for line in ("!aa how #1", "!aa how @mei:town", "!aa how"):
            assert await dinner.table.say(person, line) == NOTHING
            assert person.news() == ""
        assert await person.say("how") == NOTHING


async def test_nobody_learns_an_account_by_writing_down_a_debt_of_his_own(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    await dinner.table.say(dinner.cy, "!aa 10 tea @mei @cy paid by @mei")
    dinner.mei.news()
    assert ASKED in await dinner.ask(dinner.cy, "!aa how #2")
    assert ASKED in await dinner.ask(dinner.cy, "!aa how @mei:town")
    assert not dinner.cy.sees("DE89")
    assert "Cy owes you €5.00" in dinner.mei.news()
    await dinner.town.befriend(dinner.mei, dinner.cy)
    assert IBAN in await dinner.ask(dinner.cy, "!aa how #2")


async def test_what_he_said_to_have_paid_already_is_told_with_it(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}, Mei Li")
    await dinner.table.say(dinner.bo, "!aa paid #1 10")
    told = await dinner.ask(dinner.bo, "!aa how #1")
    assert "Of that you said that €10.00 is paid already: Mei has yet to confirm it." in told


async def test_what_is_paid_is_no_longer_told(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    assert IBAN in await dinner.ask(dinner.bo, "!aa how @mei:town")
    await dinner.table.say(dinner.bo, "!aa paid #1")
    await dinner.table.say(dinner.mei, "!aa received #1")
    for line in ("!aa how #1", "!aa how @mei:town", "!aa how"):
        assert await dinner.table.say(dinner.bo, line) == NOTHING


async def test_in_the_chat_with_the_bot_all_rooms_are_asked(dinner: Dinner) -> None:
    await dinner.mei.say("way add paypal meili")
    other = await Table.of(dinner.town, dinner.mei, dinner.bo)
    await other.say(dinner.mei, "!aa 8 tea @bo")
    told = await dinner.bo.say("how @mei:town")
    assert "12.30EUR" in told
    assert "4.00EUR" in told
    assert "Bills have their numbers in their room" in await dinner.bo.say("how 1")


async def test_a_way_fits_the_currency(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    await dinner.mei.say("way add alipay https://qr.alipay.com/fkx0123456789")
    await dinner.table.say(dinner.mei, "!aa 60 CNY 面 @bo")
    told = await dinner.ask(dinner.bo, "!aa how #2")
    assert "30.00 CNY" in told
    assert "Type the amount yourself" in told
    assert IBAN not in told
    assert read(dinner.town.homeserver.files[-1]) == "https://qr.alipay.com/fkx0123456789"


async def test_what_both_have_comes_first(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    await dinner.mei.say("way add paypal meili")
    told = await dinner.ask(dinner.bo, "!aa how #1")
    assert told.index("SEPA") < told.index("PayPal")
    await dinner.bo.say("way add paypal bo")
    told = await dinner.ask(dinner.bo, "!aa how #1")
    assert told.index("PayPal") < told.index("SEPA")


async def test_who_wants_to_be_asked_cannot_be_told_from_who_has_said_nothing(dinner: Dinner) -> None:
    said_nothing = await dinner.ask(dinner.bo, "!aa how #1")
    assert ASKED in said_nothing
    asked = dinner.mei.news()
    assert "Bo owes you €12.30" in asked
    assert "First tell me how you are paid: way add sepa" in asked.replace("`", "")
    await dinner.mei.say(f"way add sepa {IBAN}")
    await dinner.mei.say("way ask on")
    await dinner.town.wait(DAY)
    assert await dinner.ask(dinner.bo, "!aa how #1") == said_nothing
    assert "First tell me" not in dinner.mei.news()
    assert "Bo has it now." in await dinner.mei.tap("asks how to pay you", "👍")
    assert IBAN in dinner.bo.news()


async def test_somebody_is_asked_once_a_day_and_can_answer_by_typing(dinner: Dinner) -> None:
    await dinner.ask(dinner.bo, "!aa how #1")
    dinner.mei.news()
    await dinner.ask(dinner.bo, "!aa how #1")
    await dinner.ask(dinner.bo, "!aa how @mei:town")
    assert dinner.mei.news() == ""
    assert "Tell me first how you are paid." in await dinner.mei.say("tell 1")
    assert "Bo has asked how to pay you: `tell 1`" in await dinner.mei.say("ways")
    await dinner.mei.say("way add paypal meili")
    assert "Bo has it now." in await dinner.mei.say("tell 1")
    assert "paypal.me/meili" in dinner.bo.news()
    assert "Nobody waits" in await dinner.mei.say("tell 1")


async def test_an_answer_that_comes_too_late_tells_nothing(dinner: Dinner) -> None:
    await dinner.mei.say("way ask on")
    await dinner.mei.say("way add paypal meili")
    await dinner.ask(dinner.bo, "!aa how #1")
    await dinner.table.say(dinner.bo, "!aa paid #1")
    await dinner.table.say(dinner.mei, "!aa received #1")
    dinner.bo.news()
    assert "does not owe you this any more" in await dinner.mei.say("tell 1")
    assert "paypal" not in dinner.bo.news()


async def test_nobody_else_can_answer(dinner: Dinner) -> None:
    await dinner.ask(dinner.bo, "!aa how #1")
    await dinner.cy.say("way add paypal cy")
    assert "Nobody waits" in await dinner.cy.say("tell 1")
    assert "Nobody waits" in await dinner.bo.say("tell 1")


async def test_a_guest_has_to_be_asked_directly(dinner: Dinner) -> None:
    await dinner.table.say(dinner.bo, "!aa 10 cake +Zoe @bo paid by +Zoe")
    told = await dinner.ask(dinner.bo, "!aa how #2")
    assert "Zoe has no account here" in told


async def test_whoever_has_a_chat_with_the_other_bot_is_told_there(dinner: Dinner) -> None:
    await dinner.mei.say("way add paypal meili")
    dan = await dinner.town.arrive("dan")
    table = await Table.of(dinner.town, dinner.mei, dan)
    await table.say(dinner.mei, "!aa 8 tea @dan")
    dan.news()
    await table.say(dan, "!aa how #1")
    assert "paypal.me/meili/4.00EUR" in dan.news()
    await dinner.mei.say("way ask on")
    await table.say(dinner.mei, "!aa 8 tea @dan paid by @dan")
    await table.say(dinner.mei, "!aa how #2")
    assert "Mei owes you €4.00" in dan.news()


async def test_each_code_stands_right_below_what_it_belongs_to(dinner: Dinner) -> None:
    await dinner.mei.say("way add alipay https://qr.alipay.com/fkx0123456789")
    await dinner.mei.say("way add wechat wxp://f2f0abcdef0123456789")
    await dinner.table.say(dinner.mei, "!aa 60 CNY 面 @bo")
    told = await dinner.ask(dinner.bo, "!aa how #2")
    order = ("Scan the code with Alipay", "Alipay (personal code): ", "Scan the code with WeChat", "WeChat (personal")
    places = [told.rindex(text) for text in order]
    assert places == sorted(places)
    assert told.count("Save the picture") == told.count("tap ✅") == 1


async def test_a_way_is_known_by_its_name_in_ones_language_or_by_its_details_alone(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add {IBAN}")
    await dinner.mei.say("way add CH93 0076 2011 6238 5295 7, Mei Li, Bahnhofstrasse 1, 8001 Zürich")
    unclear = await dinner.mei.say("way add DE89370400440532013000")
    assert "Say by what: paypal, revolut, sepa, and venmo." in unclear
    assert "way add sepa DE89370400440532013000" in unclear
    mine = await dinner.mei.say("ways")
    assert f"1. Bank transfer (SEPA): {IBAN}" in mine
    assert "2. Swiss QR-bill: CH93 0076 2011 6238 5295 7, Mei Li, Bahnhofstrasse 1, 8001 Zürich" in mine
    await dinner.mei.say("设置收款 添加 支付宝 https://qr.alipay.com/fkx0123456789")
    assert "3. 支付宝（个人收款码）：https://qr.alipay.com/fkx0123456789" in await dinner.mei.say("收款方式")
    await dinner.mei.say("设置收款 删除 支付宝")
    assert "支付宝" not in await dinner.mei.say("收款方式")


async def test_wrong_details_are_answered_with_right_ones(dinner: Dinner) -> None:
    answer = await dinner.mei.say("way add sepa DE88 3704 0044 0532 0130 00")
    assert "This is no account number (IBAN)" in answer
    assert "way add sepa DE89 3704 0044 0532 0130 00" in answer
    assert "Say by what" in await dinner.mei.say("way add cash")
    assert "Which one?" in await dinner.mei.say("way remove 7")


async def test_ways_are_listed_removed_and_limited(dinner: Dinner) -> None:
    assert "way add pix" in await dinner.mei.say("ways")
    for number in range(12):
        await dinner.mei.say(f"way add paypal meili{number}")
    assert "12 ways at most" in await dinner.mei.say("way add paypal one_more")
    assert "12. PayPal: paypal.me/meili11" in await dinner.mei.say("ways")
    assert "Removed: PayPal" in await dinner.mei.say("way remove 3")
    assert "3. PayPal: paypal.me/meili3" in await dinner.mei.say("ways")


async def test_in_a_room_nobody_is_asked_for_his_account(dinner: Dinner) -> None:
    said = await dinner.table.say(dinner.mei, f"!aa way add sepa {IBAN}")
    assert IBAN not in said
    assert await dinner.town.rows("pay_way") == []


async def test_a_picture_of_a_collection_code_is_read_and_kept_as_its_link(dinner: Dinner) -> None:
    said = await dinner.hand_in(dinner.mei, drawn("wxp://f2f0abcdef0123456789"))
    assert "Kept, encrypted: WeChat (personal code): wxp://f2f0abcdef0123456789" in said
    assert "I know this already" in await dinner.hand_in(dinner.mei, drawn("wxp://f2f0abcdef0123456789"))
    await dinner.table.say(dinner.mei, "!aa 60 CNY 面 @bo")
    await dinner.ask(dinner.bo, "!aa how #2")
    assert read(dinner.town.homeserver.files[-1]) == "wxp://f2f0abcdef0123456789"


async def test_other_pictures_are_no_use(dinner: Dinner) -> None:
    nothing = "I find no code in this picture"
    for data in (drawn("https://example.org/"), b"no picture", b""):
        assert nothing in await dinner.hand_in(dinner.mei, data)
    dinner.media.status = 404
    assert nothing in await dinner.hand_in(dinner.mei, b"")
    file = {"url": "mxc://town/x", "v": "v2"}
    assert "encrypted" in await dinner.hand_in(dinner.mei, b"", file=file)
    assert "too large" in await dinner.hand_in(dinner.mei, b"", info={"size": 9_000_000})
    assert await dinner.town.rows("pay_way") == []


async def test_what_is_kept_cannot_be_read_in_the_database(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}, Mei Li")
    [row] = await dinner.town.rows("pay_way")
    assert b"DE89" not in row["sealed"]
    assert b"Mei" not in row["sealed"]


async def test_it_is_hers_to_take_along_and_gone_when_she_is_forgotten(dinner: Dinner) -> None:
    await dinner.mei.say(f"way add sepa {IBAN}")
    assert "`way ask on`: always ask me first" in await dinner.mei.say("ways")
    await dinner.mei.say("way ask on")
    assert "`way ask off`: ask only about strangers" in await dinner.mei.say("ways")
    await dinner.ask(dinner.bo, "!aa how #1")
    chat = Person(dinner.town, dinner.mei.user, await dinner.town.open_chat(dinner.mei.user))
    await chat.say("export")
    exported = orjson.loads(dinner.town.homeserver.files[-1])
    assert exported["ways_to_be_paid"] == {
        "ways": [{"rail": "sepa", "details": IBAN}],
        "always_asked_first": True,
        "asked_by": 1,
    }
    await chat.say("forget")
    await chat.say("yes")
    for table in ("pay_way", "pay_way_habit", "pay_way_request"):
        assert await dinner.town.rows(table) == []


async def test_it_is_said_in_chinese_too(dinner: Dinner) -> None:
    assert "收款" in await dinner.mei.say("设置收款 添加 paypal meili")
    told = await dinner.ask(dinner.bo, "!记账 怎么付 #1")
    assert "paypal.me/meili/12.30EUR" in told
    assert "你" in told


async def test_the_plan_to_settle_has_the_button_too(dinner: Dinner) -> None:
    await dinner.mei.say("way add paypal meili")
    await dinner.table.say(dinner.mei, "!aa settle")
    dinner.bo.news()
    assert await dinner.table.tap(dinner.bo, "settle up", "💳") == ""
    assert "https://paypal.me/meili/12.30EUR" in dinner.bo.news()
