"""Leaky buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.rates import Limit, pour, wait

LIMITS = st.builds(Limit, burst=st.integers(1, 6), every_ms=st.integers(1, 1_000))


def test_a_burst_fits_at_once_and_then_one_per_interval() -> None:
    limit, drains_at = Limit(burst=3, every_ms=100), 0
    for _ in range(3):
        assert wait(limit, drains_at, 1_000) == 0
        drains_at = pour(limit, drains_at, 1_000)
    assert wait(limit, drains_at, 1_000) == 100
    assert wait(limit, drains_at, 1_099) == 1
    assert wait(limit, drains_at, 1_100) == 0


@given(limit=LIMITS, gaps=st.lists(st.integers(0, 500), max_size=80))
def test_no_stretch_of_time_takes_more_than_the_burst_and_its_share(limit: Limit, gaps: list[int]) -> None:
    now, drains_at, taken = 1_000_000, 0, []
    for gap in gaps:
        now += gap
        if wait(limit, drains_at, now) == 0:
            drains_at = pour(limit, drains_at, now)
            taken.append(now)
    for first, start in enumerate(taken):
        for last, end in enumerate(taken[first:], first):
            assert last - first + 1 <= limit.burst + (end - start) // limit.every_ms


@given(limit=LIMITS, drains_at=st.integers(0, 10_000), now=st.integers(0, 10_000))
def test_who_waits_as_long_as_told_gets_through_and_not_before(limit: Limit, drains_at: int, now: int) -> None:
    patience = wait(limit, drains_at, now)
    assert wait(limit, drains_at, now + patience) == 0
    assert patience == 0 or wait(limit, drains_at, now + patience - 1) > 0


@pytest.mark.parametrize(("burst", "every_ms"), [(0, 1), (1, 0)])
def test_a_limit_that_lets_nothing_or_everything_through_cannot_be_made(burst: int, every_ms: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Limit(burst, every_ms)
