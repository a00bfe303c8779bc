"""When somebody may be disturbed, by the clock on his wall, in every time zone and on every night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from laiwang_bridge.people.hours import (
    DAY_MINUTES,
    DigestMode,
    Hours,
    end_of_quiet,
    is_quiet,
    minute_of_day,
    next_digest,
    next_news,
    read_span,
    read_time,
    show_time,
)

HOUR, DAY = 3_600_000, 86_400_000
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
# Half an hour of summer time, a quarter of an hour's offset, none, by day and by night, north and south.
ZONES = [
    "UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Chatham", "America/Santiago", "Africa/Casablanca", "Atlantic/Azores", "Asia/Beirut",
]  # fmt: skip
MINUTES = st.integers(0, DAY_MINUTES - 1)
DAYS = st.builds(
    Hours,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    mode=st.sampled_from(DigestMode),
    digest_at=MINUTES,
    quiet_from=MINUTES,
    quiet_until=MINUTES,
)
INSTANTS = st.one_of(
    st.integers(1_600_000_000, 2_200_000_000).map(lambda seconds: seconds * 1000),
    # The nights on which clocks change, where it is worth looking closely.
    st.builds(
        lambda night, minutes: at(night) + minutes * 60_000,
        st.sampled_from(["2026-03-29 00:00", "2026-10-25 00:00", "2026-11-01 05:00", "2026-04-04 14:00"]),
        st.integers(-300, 600),
    ),
)


def at(text: str, zone: ZoneInfo | None = None) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()) * 1000


def shown(instant: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant // 1000, zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-05-10 09:00", "2026-05-10 18:00"),
        ("2026-05-10 18:00", "2026-05-11 18:00"),
        ("2026-05-10 23:00", "2026-05-11 18:00"),
        ("2026-12-31 19:00", "2027-01-01 18:00"),
        ("2028-02-28 19:00", "2028-02-29 18:00"),
        ("2026-03-28 20:00", "2026-03-29 18:00"),  # clocks go forward that night, 23 hours later it is
        ("2026-10-24 20:00", "2026-10-25 18:00"),
    ],
)
def test_a_digest_comes_at_the_same_time_of_day_whatever_the_date(now: str, due: str) -> None:
    hours = Hours(zone=BERLIN)
    assert shown(next_digest(hours, at(now, BERLIN)), BERLIN) == due


def test_a_digest_time_that_does_not_exist_or_comes_twice_gives_one_digest() -> None:
    hours = Hours(zone=BERLIN, digest_at=150, quiet_from=0, quiet_until=0)
    spring = next_digest(hours, at("2026-03-28 12:00", BERLIN))
    assert shown(spring, BERLIN) == "2026-03-29 03:30"
    autumn = next_digest(hours, at("2026-10-24 12:00", BERLIN))
    assert shown(autumn, BERLIN) == "2026-10-25 02:30"
    assert shown(next_digest(hours, autumn), BERLIN) == "2026-10-26 02:30"


def test_a_digest_time_within_the_quiet_hours_waits_for_their_end() -> None:
    hours = Hours(zone=SHANGHAI, digest_at=7 * 60)
    assert shown(next_digest(hours, at("2026-05-10 12:00", SHANGHAI)), SHANGHAI) == "2026-05-11 08:00"


def test_news_at_once_wait_for_the_morning_only_in_quiet_hours() -> None:
    hours = Hours(zone=SHANGHAI, mode=DigestMode.AT_ONCE)
    noon, night = at("2026-05-10 12:00", SHANGHAI), at("2026-05-10 23:30", SHANGHAI)
    assert next_news(hours, noon) == noon
    assert next_news(hours, night) == at("2026-05-11 08:00", SHANGHAI)
    assert next_news(Hours(mode=DigestMode.OFF), noon) is None


def test_quiet_hours_may_lie_within_a_day_or_go_over_midnight() -> None:
    nap = Hours(quiet_from=13 * 60, quiet_until=14 * 60)
    assert [is_quiet(nap, at(f"2026-05-10 {hour}:30")) for hour in (12, 13, 14)] == [False, True, False]
    night = Hours()
    assert [is_quiet(night, at(f"2026-05-10 {hour}")) for hour in ("21:59", "22:00", "07:59", "08:00")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_soon() -> None:
    hours = Hours(zone=BERLIN, quiet_from=0, quiet_until=150)
    second_half_past_two = at("2026-10-25 01:10")  # in UTC: 02:10 for the second time in Berlin
    assert is_quiet(hours, second_half_past_two)
    assert end_of_quiet(hours, second_half_past_two) == at("2026-10-25 01:30")


@given(DAYS, INSTANTS)
@example(Hours(zone=BERLIN, digest_at=150, quiet_from=180, quiet_until=480), at("2026-03-28 12:00"))
def test_a_digest_comes_later_than_now_within_a_day_or_so_and_never_in_quiet_hours(hours: Hours, now: int) -> None:
    due = next_digest(hours, now)
    assert now < due <= now + 2 * DAY + 2 * HOUR
    assert not is_quiet(hours, due)
    if minute_of_day(hours, due) != hours.digest_at:
        assert hours.has_quiet or hours.zone.key != "UTC"


@given(DAYS, INSTANTS)
def test_the_end_of_the_quiet_hours_is_the_first_instant_that_is_not_quiet(hours: Hours, now: int) -> None:
    end = end_of_quiet(hours, now)
    assert now <= end <= now + DAY + 2 * HOUR
    assert not is_quiet(hours, end)
    assert (end == now) is (not is_quiet(hours, now))
    # Nowhere in between was there a whole hour in which one might have written.
    free = [is_quiet(hours, instant) for instant in range(now, end, 15 * 60_000)]
    assert all(free[index : index + 5].count(True) for index in range(len(free)))


@given(DAYS, INSTANTS)
def test_one_digest_a_day(hours: Hours, now: int) -> None:
    count, instant = 0, now
    while (instant := next_digest(hours, instant)) <= now + 10 * DAY:
        count += 1
    assert 8 <= count <= 11


@given(MINUTES)
def test_a_time_of_day_is_read_as_it_is_shown(minute: int) -> None:
    assert read_time(show_time(minute)) == minute


@given(MINUTES, MINUTES)
def test_a_span_is_read_as_it_is_shown(begin: int, end: int) -> None:
    assert read_span(f"{show_time(begin)}-{show_time(end)}") == (begin, end)


@pytest.mark.parametrize(
    ("written", "minute"),
    [
        ("18", 1080), ("18:00", 1080), ("6pm", 1080), ("6:30 PM", 1110), ("12am", 0), ("12 pm", 720), ("24:00", 0),
        ("18点", 1080), ("18点30", 1110), ("18点30分", 1110), ("晚上8点", 1200), ("下午3:15", 915), ("早上7点", 420),
        ("１８：３０", 1110), ("0:05", 5),
    ],
)  # fmt: skip
def test_a_time_of_day_may_be_written_in_many_ways(written: str, minute: int) -> None:
    assert read_time(written) == minute


@pytest.mark.parametrize("written", ["", "25", "18:60", "13pm", "0am", "24:01", "soon", "18:00:00", "-3", "1e3", "²"])
def test_what_is_no_time_of_day_is_none(written: str) -> None:
    assert read_time(written) is None


@pytest.mark.parametrize(
    "written", ["22-8", "22:00-08:00", "22:00 – 8:00", "10pm to 8am", "22点到8点", "晚上10点至早上8点", "２２～８"]
)
def test_quiet_hours_may_be_written_in_many_ways(written: str) -> None:
    assert read_span(written) == (1320, 480)


@pytest.mark.parametrize("written", ["22", "22-", "-8", "8-22-8", "night", "25-8"])
def test_what_is_no_span_is_none(written: str) -> None:
    assert read_span(written) is None


def test_an_hour_before_the_digest_is_still_today() -> None:
    hours = Hours(zone=BERLIN)
    now = at("2026-05-10 17:00", BERLIN)
    assert next_digest(hours, now) - now == timedelta(hours=1) // timedelta(milliseconds=1)
