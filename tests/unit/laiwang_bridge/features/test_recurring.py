"""Bills that come again: on their day, once for each date, paused, stopped, and made up for after a pause of ours."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, PAY_BOT, Person, Town

Two = tuple[Person, Person]


@pytest_asyncio.fixture
async def people(town: Town) -> Two:
    return strangers(town, "ann", "bo")  # type: ignore[return-value]


@pytest_asyncio.fixture
async def table(town: Town, people: Two) -> Table:
    table = await Table.of(town, *people)
    said = await table.say(people[0], "AA 90 rent @bo every week")
    assert "comes again every week, next on Nov 21, 2023" in said
    return table


async def dates(table: Table) -> list[str]:
    return [bill.content.date.isoformat()[5:] for bill in await table.bills()]


async def test_a_bill_comes_again_on_its_day_and_shows_its_card(table: Table, town: Town) -> None:
    assert await dates(table) == ["11-14"]
    await town.wait(6 * DAY)
    assert await dates(table) == ["11-14"]
    await town.wait(DAY)
    assert await dates(table) == ["11-14", "11-21"]
    assert "· #2" in table.card(2)
    assert await table.owed() == {"ann": 9000, "bo": -9000}


async def test_no_date_comes_twice_whatever_is_repeated(table: Table, town: Town) -> None:
    town.twice = True
    for _ in range(9):
        await town.wait(2 * DAY)
        town.restart()
    assert await dates(table) == ["11-14", "11-21", "11-28"]


async def test_after_a_long_time_without_power_each_date_is_made_up_for_once(table: Table, town: Town) -> None:
    town.news(table.room)
    await town.wait(22 * DAY)
    assert await dates(table) == ["11-14", "11-21", "11-28", "12-05"]
    assert "“rent”: 3 bills are late" in town.news(table.room)


async def test_of_very_many_dates_the_newest_are_made_up_for_and_it_is_said(table: Table, town: Town) -> None:
    town.news(table.room)
    await town.wait(7 * 15 * DAY + DAY)
    assert len(await table.bills()) == 1 + 12
    assert "3 older dates were left out." in town.news(table.room)
    await town.wait(7 * DAY)
    assert len(await table.bills()) == 14


async def test_what_is_edited_counts_from_then_on(table: Table, people: Two, town: Town) -> None:
    await town.wait(7 * DAY)
    await table.say(people[0], "!aa edit 2 100")
    await town.wait(7 * DAY)
    assert [bill.content.total.minor for bill in await table.bills()] == [9000, 10000, 10000]


async def test_a_series_is_listed_paused_resumed_and_stopped(table: Table, people: Two, town: Town) -> None:
    ann, bo = people
    assert "1. “rent”: €90.00, every week, next on Nov 21, 2023" in await table.say(bo, "!aa recurring")
    assert "may change it" in await table.say(bo, "!aa pause 1")
    await table.say(ann, "!aa pause 1")
    await town.wait(10 * DAY)
    assert len(await table.bills()) == 1
    assert "(paused)" in await table.say(ann, "!aa recurring")
    assert "Nov 28, 2023" in await table.say(ann, "!aa resume 1"), (
        "what it missed while it was paused is not made up for"
    )
    await town.wait(5 * DAY)
    assert await dates(table) == ["11-14", "11-28"]
    await table.say(ann, "!aa stop 1")
    await town.wait(30 * DAY)
    assert len(await table.bills()) == 2
    assert "No bill comes again here" in await table.say(ann, "!aa recurring")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AA 90 rent @bo every 2 weeks until 2023-12-20", ["11-14", "11-28", "12-12"]),
        ("AA 90 rent on 2023-10-31 @bo every month", ["10-31", "11-30", "12-31"]),
        ("AA 90 rent @bo every Friday", ["11-10", "11-17", "11-24", "12-01", "12-08", "12-15", "12-22", "12-29"]),
        ("AA 90 rent @bo every other Friday", ["11-10", "11-24", "12-08", "12-22"]),
        ("AA 90 rent @bo at the end of every month", ["10-31", "11-30", "12-31"]),
        ("AA 90 EUR 房租 @bo 每月", ["11-14", "12-14"]),
    ],
)
async def test_rules_are_kept(town: Town, people: Two, line: str, expected: list[str]) -> None:
    table = await Table.of(town, *people)
    await table.say(people[0], line)
    for _ in range(16):
        await town.wait(3 * DAY)
    assert await dates(table) == expected


async def test_nobody_is_charged_who_has_left(table: Table, people: Two, town: Town) -> None:
    await town.member(table.room, people[1].user, "leave")
    town.news(table.room)
    await town.wait(8 * DAY)
    assert "bo is not in this room any more" in town.news(table.room)
    assert len(await table.bills()) == 1
    assert [row["is_paused"] for row in await town.rows("pay_series")] == [True]


async def test_without_us_in_the_room_nothing_is_booked(table: Table, town: Town, people: Two) -> None:
    await town.member(table.room, PAY_BOT, "leave", by=people[0].user)
    await town.wait(8 * DAY + HOUR)
    assert len(await table.bills()) == 1


async def test_a_void_bill_comes_again_unless_that_is_stopped_and_says_so(town: Town) -> None:
    ann, bo = strangers(town, "ann", "bo")
    table = await Table.of(town, ann, bo)
    await table.say(ann, "AA 30 EUR films @bo every month")
    assert "It comes again all the same, next on" in await table.say(ann, "!aa void #1")
    await table.say(ann, "!aa stop 1")
    await table.say(ann, "!aa restore #1")
    assert "comes again" not in await table.say(ann, "!aa void #1")


async def test_nine_in_the_morning_is_nine_on_either_side_of_summer_time(town: Town) -> None:
    ann, (bo,) = await town.arrive("ann"), strangers(town, "bo")
    table = await Table.of(town, ann, bo)
    await ann.say("timezone Europe/Berlin")
    await table.say(ann, "AA 90 rent @bo every 20 weeks")  # on Tuesdays: April 2nd is in summer time
    at_seven = 1_712_041_200_000  # 07:00 UTC, 09:00 there
    await town.wait(at_seven - town.now - 60_000)
    assert len(await table.bills()) == 1
    await town.wait(120_000)
    assert await dates(table) == ["11-14", "04-02"]
