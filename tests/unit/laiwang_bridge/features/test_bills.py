"""Bills in a room: what is understood, what is asked, and the card that shows it."""

from __future__ import annotations

from fractions import Fraction

import pytest
import pytest_asyncio
from mautrix.types import RoomID, UserID

from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import BOT, PAY_BOT, Person, Town


@pytest_asyncio.fixture
async def people(town: Town) -> tuple[Person, Person, Person]:
    ann, bo, cat = strangers(town, "ann", "bo", "cat")
    return ann, bo, cat


@pytest_asyncio.fixture
async def table(town: Town, people: tuple[Person, Person, Person]) -> Table:
    return await Table.of(town, *people)


async def test_a_line_is_a_bill_and_its_card_says_all_of_it(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, cat = people
    card = await table.say(ann, "AA 120 dinner @bo @cat")
    assert card.startswith(
        "dinner: €120.00 · #1\n"
        "Paid by Ann, Nov 14, 2023\n"
        "3 people, €40.00 each.\n\n"
        "💰 Ann gets €80.00, own share €40.00\n"
        "⏳ Bo: €40.00\n"
        "⏳ Cat: €40.00\n\n"
        "░░░░░░░░░░ 0/2 paid\n"
        "Next: Bo, Cat → Ann, then ✅"
    )
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
    sent = table.town.rooms[table.room].messages_of(PAY_BOT)[-1]["content"]
    assert "<table" not in sent["formatted_body"]
    assert sent["m.mentions"] == {"user_ids": [bo.user, cat.user]}, "who has to act is told, and nobody else"


@pytest.mark.parametrize(
    "line",
    [
        "!aa 120 dinner @bo @cat",
        "!split 120 dinner between @bo and @cat and me",
        "!AA 120 dinner",
        "!记账 120 dinner @bo @cat",
        "aa 120 dinner @bo @cat",
        "laiwang_pay: 120 EUR dinner @bo @cat",
        "AA €40 each dinner @bo @cat",
        "AA 40 each dinner",
        "AA 120 dinner for everyone",
        "AA 120 晚饭",
        "AA 120",
    ],
)
async def test_a_bill_can_be_said_in_many_ways(table: Table, people: tuple[Person, Person, Person], line: str) -> None:
    await table.say(people[0], line)
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


@pytest.mark.parametrize(
    "line",
    [
        *("Aaron 12", "AA batteries", "AA all 4 batteries are dead", "aah 12 @bo", "we AA 120 @bo", "AA", "AA?"),
        *("AA batteries 4 pack", "AA 4 batteries", "AA 100 to Berlin tonight", "AA meeting at 8", "aa 60 days sober"),
        *("AA 60 pizza?", "AA says that 3 of us are late again"),
    ],
)
async def test_what_is_no_bill_is_left_alone(table: Table, people: tuple[Person, Person, Person], line: str) -> None:
    assert await table.say(people[0], line) == ""
    assert await table.bills() == []
    await table.say(people[0], "AA €3 tea")
    assert await table.say(people[0], line) == "", "nor where bills are booked"


@pytest.mark.parametrize("line", ["AA 60 pizza", "aa pizza 60", "AA 60 pizza friday night"])
async def test_a_number_and_a_title_are_a_bill_where_there_are_bills_and_asked_about_before(
    table: Table, people: tuple[Person, Person, Person], line: str
) -> None:
    ann, _bo, _cat = people
    assert "Is that a bill for all of this room: pizza" in await table.say(ann, line)
    assert await table.bills() == []
    assert "pizza" in await table.tap(ann, "Is that a bill", "✅")
    assert await table.owed() == {"ann": 4000, "bo": -2000, "cat": -2000}
    assert "€60.00" in await table.say(ann, line)
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


async def test_what_several_lines_make_together_is_what_is_worked_out_by_hand(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, cat = people
    await table.say(ann, "AA 120 pizza @bo @cat")
    await table.say(bo, "AA 600 rent @ann x1 me x2 @cat x3")
    await table.say(cat, "AA 200 gas @ann 50% @bo 30% me 20%")
    assert await table.owed() == {"ann": -12000, "bo": 30000, "cat": -18000}
    await table.say(ann, "AA shop; tea 156.65 me; rice 29.99 @bo; milk 19.98 @cat; tax 14.46")
    assert await table.owed() == {"ann": -12000 + 3209 + 2138, "bo": 30000 - 3209, "cat": -18000 - 2138}
    await table.say(ann, "AA 42 soup @bo=20, the rest @cat")
    await table.say(bo, "AA 100 zoo all, paid by @bo=70 @cat=30, #zoo")
    owed = await table.owed()
    exact = {"ann": -6653 + 4200, "bo": 26791 - 2000 + 7000, "cat": -20138 - 2200 + 3000}
    assert all(abs(net - Fraction(10000, 3) - owed[name]) < 1 for name, net in exact.items())
    assert sum(owed.values()) == 0


async def test_chinese_is_answered_in_chinese(table: Table, people: tuple[Person, Person, Person]) -> None:
    ann, bo, _cat = people
    asked = await table.say(ann, "AA聚餐360元 @bo @cat")
    assert "360.00 CNY" in asked, "in a room that counts in euros it is asked"
    card = await table.tap(ann, "360.00 CNY", "1️⃣")
    assert "聚餐：¥360.00 · #1" in card
    assert "Ann 付款，2023年11月14日" in card
    assert "3 人，每人 ¥120.00。" in card
    assert "下一步：Bo、Cat → Ann，付后点 ✅" in card
    assert await table.owed("CNY") == {"ann": 24000, "bo": -12000, "cat": -12000}
    assert (await table.say(bo, "!记账 明细")).startswith("1 笔账\n- #1 聚餐：¥360.00")


async def test_a_tap_on_a_chinese_card_says_nothing_of_who_taps(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, _cat = people
    await table.say(ann, "AA 12 EUR 午饭 @bo")
    await table.tap(bo, "午饭", "✅")
    assert "Balance in EUR" in await table.say(bo, "!aa balance")
    assert "EUR 余额" in await table.say(ann, "!aa balance"), "who writes Chinese reads it"


async def test_amounts_that_do_not_fit_are_answered_without_a_prefix_too(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    assert "€10.00" in await table.say(people[0], "AA 120 hotel @bo=50 @cat=60")
    assert await table.bills() == []


async def test_the_card_shows_parts_that_are_not_the_same_and_who_has_to_confirm(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, _cat = people
    card = await table.say(ann, "AA 120 dinner @bo x2 @cat")
    assert "⏳ Bo (×2): €60.00\n⏳ Cat: €30.00" in card
    card = await table.tap(bo, "dinner", "✅")
    assert "Next: Cat → Ann, then ✅\nNext: Ann taps 👍 when it has come from Bo." in card
    card = await table.say(ann, "AA 120 hotel @bo=rest @cat=50")
    assert "💰 Ann gets €120.00\n" in card, "without a share of her own"


async def test_odd_cents_go_round(table: Table, people: tuple[Person, Person, Person]) -> None:
    for _ in range(3):
        await table.say(people[0], "AA €10 ice @bo @cat")
    owed = await table.owed()
    assert owed == {"ann": 2000, "bo": -1000, "cat": -1000}, "after three bills everybody bears the same"


async def test_an_amount_that_can_be_read_in_two_ways_is_asked_about(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, _cat = people
    asked = await table.say(ann, "!aa KWD 1.234 what @bo")
    assert await table.bills() != [] or "1️⃣" in asked
    asked = await table.say(ann, "!aa 1.234 rent @bo")
    assert "1️⃣" in asked
    assert "1234.00" in asked, "the whole line can be copied"
    before = len(await table.bills())
    await table.tap(bo, "1234.00", "1️⃣")
    assert len(await table.bills()) == before, "it is for whoever was asked"
    await table.tap(ann, "1234.00", "1️⃣")
    assert (await table.bills())[-1].content.total.minor == 123400
    assert "Understood:" in table.shows("1234.00 EUR")


async def test_a_question_may_be_let_be(table: Table, people: tuple[Person, Person, Person]) -> None:
    asked = await table.say(people[0], "!aa 12000 car @bo")
    assert asked.startswith("That is a lot: €12,000.00. Is it right?")
    assert await table.bills() == []
    assert "nothing is booked" in await table.tap(people[0], "That is a lot", "❌")
    await table.say(people[0], "!aa 12000 car @bo")
    await table.tap(people[0], "That is a lot", "✅")
    assert [bill.content.total.minor for bill in await table.bills()] == [1200000]


async def test_a_display_name_is_nobodys_identity(
    town: Town, table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, _cat = people
    await town.state(
        table.room,
        bo.user,
        "m.room.member",
        {"membership": "join", "displayname": "Robert"},
        state_key=bo.user,
    )
    asked = await table.say(ann, "!aa 20 taxi @robert")
    assert asked.startswith("Who is robert?")
    assert await table.bills() == []
    await table.tap(ann, "Who is robert?", "1️⃣")
    assert await table.owed() == {"ann": 1000, "bo": -1000}


async def test_somebody_whom_nobody_knows_is_no_bill(
    town: Town, table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann = people[0]
    assert "Nobody in this room is called dora" in await table.say(ann, "!aa 20 taxi @dora")
    assert "is not in this room" in await table.say(ann, "!aa 20 taxi @dora:elsewhere")
    assert "pays nothing" in await table.say(ann, f"!aa 20 taxi @bo {PAY_BOT}")
    assert await table.bills() == []


async def test_a_name_may_look_like_a_sum(town: Town, people: tuple[Person, Person, Person]) -> None:
    table = await Table.of(town, people[0], strangers(town, "dan-5")[0])
    await table.say(people[0], "!aa 20 taxi @dan-5")
    assert await table.owed() == {"ann": 1000, "dan-5": -1000}
    await table.say(people[0], "!aa 20 tea @ann @dan-5:town")
    assert await table.owed() == {"ann": 2000, "dan-5": -2000}


async def test_people_from_elsewhere_and_guests_take_part(town: Town, people: tuple[Person, Person, Person]) -> None:
    eve = Person(town, UserID("@eve:far.away"), RoomID("!none"))
    table = await Table.of(town, people[0], eve)
    card = await table.say(people[0], '!aa 30 cake @eve:far.away +"Aunt Rose"')
    assert "Aunt Rose: €10.00" in card
    assert await table.owed() == {"ann": 2000, "eve": -1000, "Aunt Rose": -1000}
    await table.say(people[0], "!aa 10 tea +aunt-rose @eve")
    assert "aunt-rose" in await table.owed(), "another name is another guest"


@pytest.mark.parametrize(
    ("line", "owed"),
    [
        ("!aa 100 wine @ann x2 @bo", {"ann": 3333, "bo": -3333}),
        ("!aa 50 gift @ann=20 @bo=rest", {"ann": 3000, "bo": -3000}),
        ("!aa 100 rent @ann 25% @bo 75%", {"ann": 7500, "bo": -7500}),
        ("!aa 90 trip @ann @bo @cat paid by @ann=30, @bo=60", {"bo": 3000, "cat": -3000}),
        ("!aa 60 ride except @cat", {"ann": 3000, "bo": -3000}),
        ("!aa pizza 12 @ann @bo; wine 20 @cat; tip 10%", {"ann": 2860, "bo": -660, "cat": -2200}),
    ],
)
async def test_shares_of_every_kind(
    table: Table, people: tuple[Person, Person, Person], line: str, owed: dict[str, int]
) -> None:
    await table.say(people[0], line)
    assert await table.owed() == owed


async def test_sums_that_do_not_fit_say_how_much_and_on_which_side(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann = people[0]
    said = await table.say(ann, "!aa 50.01 gift @ann=20 @bo=30")
    assert "0.01" in said
    assert "!aa add" in said, "with the line put right"
    assert "10" in await table.say(ann, "!aa 50 gift @ann=30 @bo=30")
    assert "20" in await table.say(ann, "!aa 50 gift @ann 50% @bo 30%")
    assert await table.bills() == []


async def test_the_same_event_makes_one_bill(either_town: Town) -> None:
    either_town.twice = True
    ann, bo, cat = strangers(either_town, "ann", "bo", "cat")
    table = await Table.of(either_town, ann, bo, cat)
    await table.say(ann, "AA €120 dinner @bo @cat")
    assert len(await table.bills()) == 1
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
    await table.edit(ann, table.last, "AA €90 dinner @bo @cat")
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}
    assert "#1 dinner" in await table.say(bo, "!aa search DINN")
    await table.say(ann, "!aa void 1")
    await table.say(ann, "!aa undo")
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}


async def test_two_currencies_in_one_room_stay_apart(table: Table, people: tuple[Person, Person, Person]) -> None:
    await table.say(people[0], "AA €20 tea @bo")
    await table.say(people[1], "AA 3000 JPY sushi @ann")
    assert await table.owed() == {"ann": 1000, "bo": -1000}
    assert await table.owed("JPY") == {"ann": -1500, "bo": 1500}


async def test_a_bill_in_a_thread_is_answered_there(
    town: Town, table: Table, people: tuple[Person, Person, Person]
) -> None:
    root = await town.say(people[0].user, table.room, "who pays the taxi?")
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    await table.say(people[0], "AA €20 taxi @bo", relation=relation)
    sent = town.rooms[table.room].messages_of(PAY_BOT)[-1]["content"]
    assert sent["m.relates_to"]["event_id"] == root
    assert sent["m.relates_to"]["rel_type"] == "m.thread"


async def test_a_bill_below_the_picture_of_its_receipt_shows_it(
    town: Town, table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann, bo, _cat = people
    picture = await town.send(
        ann.user, table.room, "m.room.message", {"msgtype": "m.image", "body": "bill.jpg", "url": "mxc://town/1"}
    )
    await table.say(ann, "AA 88.80", reply_to=picture)
    assert picture.removeprefix("$") in table.card(1)
    await table.say(ann, "AA €30 tea @bo", reply_to=await town.say(bo.user, table.room, "just words"))
    assert "Receipt" not in table.card(2)
    later = await town.send(
        bo.user,
        table.room,
        "m.room.message",
        {
            "msgtype": "m.image",
            "body": "tea.jpg",
            "url": "mxc://town/2",
            "m.relates_to": {"m.in_reply_to": {"event_id": table.message("· #2")}},
        },
    )
    assert later.removeprefix("$") in table.card(2), "a picture in reply to the card"


async def test_alone_with_the_bot_no_prefix_is_needed(town: Town) -> None:
    ann = await town.arrive("ann", bot=PAY_BOT)
    assert "tea: €12.00 · #1" in await ann.say("12 EUR tea +Tom")
    assert "ice: €4.00 · #2" in await ann.say("add 4 ice +Tom")
    assert "soup: €6.00 · #3" in await ann.say("AA 6 soup +Tom")
    assert "3 bills" in await ann.say("list")


async def test_where_both_bots_are_the_one_for_bills_answers(town: Town, people: tuple[Person, Person, Person]) -> None:
    room = town.homeserver.room(*(person.user for person in people))
    await town.bring_bot(room, BOT)
    alone = Table(town, room.id)
    assert "tea: €10.00 · #1" in await alone.say(people[0], "AA 10 tea @bo"), "the bot for everything shares bills too"
    await town.member(room.id, PAY_BOT, "invite", by=people[0].user)
    assert "cake: €12.00 · #2" in await alone.say(people[0], "AA 12 cake @bo")
    assert len(await alone.bills()) == 2
    senders = {
        event["sender"]
        for event in town.rooms[room.id].messages_of(BOT, PAY_BOT)
        if "cake" in str(event["content"]["body"])
    }
    assert senders == {PAY_BOT}
    await alone.say(people[0], "!aa edit 1 amount 20")
    assert "tea: €20.00 · #1" in alone.card(1), "a card is changed by the bot that sent it"


async def test_nobody_else_sees_what_is_owed_in_a_room(
    town: Town, table: Table, people: tuple[Person, Person, Person]
) -> None:
    await table.say(people[0], "AA 777 dinner @bo @cat")
    dan = await town.arrive("dan", bot=PAY_BOT)
    other = await Table.of(town, dan, people[0])
    for said in ("!aa list", "!aa show 1", "!aa history 1", "!aa search dinner"):
        assert "777" not in await other.say(dan, said)
        assert "777" not in await dan.say(said)


async def test_a_plain_name_is_a_member_by_his_id_alone(table: Table, people: tuple[Person, Person, Person]) -> None:
    ann, _bo, _cat = people
    await table.say(ann, "AA 120 dinner with Bo and cat")
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


async def test_a_plain_name_of_nobody_is_asked_about(table: Table, people: tuple[Person, Person, Person]) -> None:
    ann, _bo, _cat = people
    asked = await table.say(ann, "AA 120 dinner with Tom")
    assert "Are these people?" in asked
    assert '+"Tom"' in asked
    assert "dinner with Tom" in asked
    assert await table.bills() == []


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("!记账", "!记账 记 120 聚餐 @小安 @小博"),
        ("!记账 改 #1", "!记账 改 #1 金额 130"),
        ("!记账 类别", "!记账 类别 #7 餐饮"),
        ("!记账 投票 谁去了", "!记账 投票 谁去了 120"),
        ("!记账 红包 100", "!记账 红包 100 10 个"),
        ("!记账 统计 abc", "!记账 统计 本月"),
        ("!记账 提醒设置", "!记账 提醒设置 关"),
    ],
)
async def test_in_chinese_the_corrected_command_is_chinese_throughout(
    table: Table, people: tuple[Person, Person, Person], line: str, better: str
) -> None:
    await table.say(people[0], "AA 晚饭 90 EUR @bo")
    assert better in await table.say(people[0], line)


async def test_a_lot_is_more_where_units_are_small(table: Table, people: tuple[Person, Person, Person]) -> None:
    ann = people[0]
    assert "JP¥12,000" in await table.say(ann, "AA 12000 JPY dinner @bo")
    assert "JP¥12,000 · #1" in table.card(1), "a dinner is not asked about"
    assert "That is a lot: JP¥600,000." in await table.say(ann, "AA 600000 JPY flat @bo")
    assert "That is a lot: €6,000.00." in await table.say(ann, "AA 6000 flat @bo")


async def test_no_sign_turns_around_what_stands_behind_it(table: Table, people: tuple[Person, Person, Person]) -> None:
    ann = people[0]
    for sign in "\u202e\u202d\u2067":
        card = await table.say(ann, f'AA 12 EUR a{sign}b @bo +"x{sign}y"')
        assert sign not in card
        assert sign not in await table.say(ann, f"!aa dispute #1 wrong{sign}!")
        assert sign not in await table.say(ann, f"!aa edit #1 title c{sign}d")
        assert sign not in await table.say(ann, f"AA 1.234 EUR a{sign}b @bo")


async def test_of_several_choices_the_first_one_is_explained(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    await table.say(people[0], "AA 12 EUR tea @bo")
    said = await table.say(people[0], "!aa export xls")
    assert "“xls” is none of: csv/表格, json" in said
    assert "!aa export csv" in said


async def test_what_the_help_says_is_needed_most_works_as_it_stands_there(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    _ann, bo, _cat = people
    said = await table.say(bo, "!aa help")
    for line in ("AA 120 dinner @ann @bo", "AA 120 dinner @ann=50 @bo=70", "AA 15 music @ann every month"):
        assert f"`{line}`" in said
    assert "€60.00 each" in await table.say(bo, "AA 120 dinner @ann @bo")
    assert "Ann: €50.00" in await table.say(bo, "AA 120 dinner @ann=50 @bo=70")
    assert "every month" in await table.say(bo, "AA 15 music @ann every month")
    for line in ("!aa edit #1 amount 130", "!aa balance", "!aa settle", "!aa undo", "!aa poll who was at dinner? 120"):
        assert f"`{line}`" in said
        assert "try" not in (await table.say(bo, line)).lower()
    chat = await table.town.arrive("dan")
    assert "`!aa settle`" in await chat.say("help aa")
    said = await table.say(bo, "!记账 帮助")
    for line in ("!记账 余额", "!记账 结算", "!记账 改 #1 金额 130", "!记账 撤销", "!记账 投票 谁去吃饭了？120"):
        assert f"`{line}`" in said
