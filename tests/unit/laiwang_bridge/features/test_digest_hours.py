"""When somebody is disturbed: his digest, his quiet hours, his time zone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from mautrix.types import UserID
from sqlalchemy import Connection

from laiwang_bridge.people import store
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, MINUTE, Person, Town, open_town

USUAL = (
    "News come once a day at 18:00, and only if there are any.\n"
    "From 22:00 to 08:00 I leave you alone.\n"
    "Your time zone is UTC, where it is 22:13 now. If not: `timezone Asia/Shanghai`"
)


@pytest_asyncio.fixture
async def town(sqlite_url: str) -> AsyncIterator[Town]:
    """Where news wait for the digest. It is 22:13 on a Tuesday in November (UTC)."""
    async with open_town(sqlite_url, hurried=False) as town:
        yield town


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


async def knocked(town: Town, person: Person, *, name: str = "ann") -> None:
    """Something that waits for the digest."""
    bo, other = await town.arrive(f"{name}-and-co"), await town.arrive(name)
    await town.befriend(bo, other, person)
    await other.say(f"knock {person.user}")


async def test_what_is_usual_is_said(lin: Person) -> None:
    for command in ("digest", "hours", "timezone"):
        assert await lin.say(command) == USUAL


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("digest 7pm", "once a day at 19:00"),
        ("digest daily 9:30", "once a day at 09:30"),
        ("digest daily at 20", "once a day at 20:00"),
        ("digest 6:00", "once a day at 08:00"),
        ("digest at once", "News come at once."),
        ("digest off", "I bring you no news"),
        ("摘要 每天 晚上8点", "每天 20:00 汇总告诉你一次"),
        ("摘要 马上", "有新鲜事马上告诉你"),
        ("摘要 关闭", "不主动告诉你"),
        ("hours 23-7", "From 23:00 to 07:00 I leave you alone."),
        ("dnd off", "There are no hours in which I leave you alone."),
        ("免打扰 23点到7点", "23:00 到 07:00 不打扰你。"),
        ("timezone berlin", "Your time zone is Europe/Berlin, where it is 23:13 now."),
        ("时区 上海", "你的时区是 Asia/Shanghai，现在是 06:13"),
        ("tz UTC+8", "Your time zone is Etc/GMT-8, where it is 06:13 now."),
    ],
)
async def test_times_may_be_chosen_in_many_words(lin: Person, typed: str, said: str) -> None:
    assert said in await lin.say(typed)


@pytest.mark.parametrize(
    ("typed", "better"),
    [
        ("digest sometimes", "digest daily"),
        ("digest 25:00", "digest daily"),
        ("hours night", "hours 22:00-08:00"),
        ("timezone Europe/Berln", "timezone Europe/Berlin"),
        ("timezone Xyzzy", "timezone Europe/Berlin"),
        ("时区 亚特兰蒂斯", "时区 Asia/Shanghai"),
    ],
)
async def test_a_mistake_is_answered_with_what_could_be_written(lin: Person, typed: str, better: str) -> None:
    assert (await lin.say(typed)).splitlines()[-1] == better


async def test_a_digest_comes_at_its_time_in_the_persons_zone(town: Town, lin: Person) -> None:
    await lin.say("timezone Asia/Shanghai")  # 06:13 there
    await knocked(town, lin)
    lin.news()
    await town.wait(11 * HOUR + 40 * MINUTE)
    assert lin.news() == ""
    await town.wait(20 * MINUTE)
    assert "knocks" in lin.news()


async def test_a_changed_time_moves_what_waits(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    await lin.say("hours off")
    lin.news()
    await lin.say("digest 23:00")
    await town.wait(HOUR)
    assert "knocks" in lin.news()


async def test_news_at_once_come_after_the_quiet_hours(town: Town, lin: Person) -> None:
    await lin.say("digest at once")
    await knocked(town, lin)
    assert lin.news() == ""
    await town.wait(9 * HOUR)
    assert lin.news() == ""
    await town.wait(HOUR)
    assert "knocks" in lin.news()
    await knocked(town, lin, name="eve")
    assert "Eve (@eve:town), a friend of a friend of yours, knocks." in lin.news()


async def test_days_without_power_make_one_digest(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    town.now += 5 * DAY - 4 * HOUR  # 18:13: the digest was due long ago
    await town.settle()
    assert lin.news().count("knocks") == 1
    assert [row["due_at"] for row in await town.rows("habit") if row["due_at"]] == []


async def test_a_digest_that_is_late_waits_for_the_end_of_the_night(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    town.now += 5 * DAY  # the power comes back at 22:13
    await town.settle()
    assert lin.news() == ""
    await town.wait(10 * HOUR)
    assert lin.news().count("knocks") == 1


async def test_nothing_is_said_when_nothing_waits_any_more(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    await lin.say("requests")
    await lin.say("no")
    await town.wait(2 * DAY)
    assert lin.news() == ""


async def test_whoever_switches_digests_on_again_gets_what_waited(town: Town, lin: Person) -> None:
    await lin.say("digest off")
    await knocked(town, lin)
    await town.wait(2 * DAY)
    lin.news()
    await lin.say("digest daily")
    await town.wait(20 * HOUR)
    assert "knocks" in lin.news()


async def test_forgetting_cancels_the_digest(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    await lin.say("forget")
    await lin.say("yes")
    assert [row for row in await town.rows("inbox_timer") if row["name"] == "people.digest"] == []
    await town.wait(2 * DAY)


# -- the time zone of a profile ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["m.tz", "us.cloke.msc4175.tz"])
async def test_the_time_zone_comes_from_the_profile(town: Town, lin: Person, field: str) -> None:
    town.profiles[lin.user] = {"displayname": "Lin", field: "Asia/Shanghai"}
    await knocked(town, lin)
    assert "Your time zone is Asia/Shanghai" in await lin.say("timezone")
    await town.wait(11 * HOUR + 50 * MINUTE)
    assert "knocks" in lin.news()


async def test_a_chosen_time_zone_goes_before_that_of_the_profile(town: Town, lin: Person) -> None:
    town.profiles[lin.user] = {"m.tz": "Asia/Shanghai"}
    await lin.say("timezone Europe/Berlin")
    await knocked(town, lin)
    assert "Your time zone is Europe/Berlin" in await lin.say("timezone")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", 8, None, "../../etc/passwd", ["Asia/Shanghai"]])
async def test_a_profile_that_names_no_zone_changes_nothing(town: Town, lin: Person, zone: object) -> None:
    town.profiles[lin.user] = {"m.tz": zone}
    await knocked(town, lin)
    assert "Your time zone is UTC" in await lin.say("timezone")
    await town.wait(20 * HOUR)
    assert "knocks" in lin.news()


async def test_the_profile_is_read_again_after_a_month(town: Town, lin: Person) -> None:
    await knocked(town, lin)
    await town.wait(20 * HOUR)
    lin.news()
    town.profiles[lin.user] = {"m.tz": "Asia/Shanghai"}
    await knocked(town, lin, name="eve")
    assert "Your time zone is UTC" in await lin.say("timezone")
    await town.wait(30 * DAY)
    await knocked(town, lin, name="fay")
    assert "Your time zone is Asia/Shanghai" in await lin.say("timezone")


async def test_phones_may_ring_by_day_and_only_of_those_who_want_it(town: Town, lin: Person) -> None:
    await lin.say("digest daily")

    def may_ring(connection: Connection) -> bool:
        person = store.find_person(connection, UserID(lin.user))
        assert person is not None
        return town.app.digests.may_ring(connection, person, town.now)

    assert not await town.database.read(may_ring)
    await town.wait(12 * HOUR)
    assert await town.database.read(may_ring)
    await lin.say("digest off")
    assert not await town.database.read(may_ring)
