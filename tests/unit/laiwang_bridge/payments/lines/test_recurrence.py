"""Bills that come again: on the right day of every month, each date once, and with a sensible end."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.lines.recurrence import Period, Repeat, dates, due, nth

FIRSTS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
REPEATS = st.builds(Repeat, st.sampled_from(Period), st.integers(1, 14))


def first_dates(repeat: Repeat, first: date, count: int) -> list[str]:
    return [at.isoformat() for _number, at in islice(dates(repeat, first), count)]


def test_the_day_of_the_first_month_is_kept() -> None:
    assert first_dates(Repeat(Period.MONTH), date(2026, 1, 31), 5) == [
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
    ]  # fmt: skip
    assert first_dates(Repeat(Period.MONTH), date(2027, 12, 29), 4)[1:] == ["2028-01-29", "2028-02-29", "2028-03-29"]


def test_a_quarter_is_three_months_and_a_fortnight_two_weeks() -> None:
    quarters = first_dates(Repeat(Period.MONTH, 3), date(2026, 11, 30), 4)
    assert quarters == ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]
    assert first_dates(Repeat(Period.WEEK, 2), date(2026, 12, 25), 3) == ["2026-12-25", "2027-01-08", "2027-01-22"]


def test_month_ends_are_last_days_whatever_day_it_began_on() -> None:
    ends = first_dates(Repeat(Period.MONTH_END), date(2028, 2, 29), 5)
    assert ends == ["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30"]
    assert first_dates(Repeat(Period.MONTH_END, 2), date(2026, 12, 31), 3) == ["2026-12-31", "2027-02-28", "2027-04-30"]


def test_a_leap_day_comes_on_the_28th_in_other_years() -> None:
    years = first_dates(Repeat(Period.YEAR), date(2028, 2, 29), 5)
    assert years == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


def test_it_ends_with_a_date_or_after_so_many_times() -> None:
    until = Repeat(Period.MONTH, until=date(2026, 3, 31))
    assert first_dates(until, date(2026, 1, 31), 9) == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert len(first_dates(Repeat(Period.DAY, count=3), date(2026, 1, 31), 9)) == 3
    assert nth(Repeat(Period.DAY, count=3), date(2026, 1, 31), 3) is None


def test_the_calendar_has_an_end() -> None:
    assert first_dates(Repeat(Period.YEAR), date(9999, 5, 1), 3) == ["9999-05-01"]
    assert nth(Repeat(Period.WEEK, 1000), date(9999, 5, 1), 10**9) is None


@pytest.mark.parametrize(("every", "count"), [(0, None), (-1, None), (1001, None), (1, 0)])
def test_numbers_that_make_no_sense_are_refused(every: int, count: int | None) -> None:
    with pytest.raises(ValueError, match=r"every|times"):
        Repeat(Period.DAY, every, count=count)


@given(FIRSTS, REPEATS)
@settings(max_examples=60)
def test_dates_only_go_forward_and_keep_their_day(first: date, repeat: Repeat) -> None:
    found = [at for _number, at in islice(dates(repeat, first), 30)]
    assert found[0] == first or repeat.period is Period.MONTH_END
    assert all(one < next for one, next in pairwise(found))
    for at in found:
        if repeat.period is Period.MONTH_END:
            assert at.day == calendar.monthrange(at.year, at.month)[1]
        elif repeat.period in (Period.MONTH, Period.YEAR):
            assert at.day == min(first.day, calendar.monthrange(at.year, at.month)[1])
        else:
            days = repeat.every * (7 if repeat.period is Period.WEEK else 1)
            assert (at - first).days % days == 0


@given(FIRSTS, REPEATS, st.lists(st.integers(0, 400), max_size=8), st.integers(1, 12))
@settings(max_examples=60)
def test_however_one_looks_no_date_comes_twice_and_none_is_lost(
    first: date, repeat: Repeat, pauses: list[int], most: int
) -> None:
    number, today, seen, left_out = 0, first, [], 0
    for pause in pauses:
        today += timedelta(days=pause)
        found = due(repeat, first, number, today, most)
        assert len(found.dates) <= most
        assert list(found.dates) == sorted(set(found.dates))
        assert found.left_out == 0 or len(found.dates) == most
        seen += found.dates
        left_out += found.left_out
        number = found.next_number
    expected = []
    for _number, at in dates(repeat, first):
        if not pauses or at > today:
            break
        expected.append(at)
    assert len(seen) + left_out == len(expected)
    assert set(seen) <= set(expected)
    assert len(set(seen)) == len(seen)
