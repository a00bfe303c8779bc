"""How long clusters live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.ages import DAY_MS, GRACE_MS, Life, Step, next_step
from laiwang_bridge.clusters.growth import FLOOD, Pace, grows_fast, is_slowed, reproduction, slowed
from laiwang_bridge.clusters.rules import Lifecycle

IDLE = 7 * DAY_MS
WORD = 1_700_000_000_000
TALKING = (Lifecycle.OPEN, Lifecycle.SEALED)


@pytest.mark.parametrize("lifecycle", TALKING)
def test_silence_locks_a_cluster(lifecycle: Lifecycle) -> None:
    assert next_step(lifecycle, Life(), WORD, IDLE) == Step(WORD + IDLE, Lifecycle.LOCKED)


@pytest.mark.parametrize("lifecycle", TALKING)
def test_one_that_was_opened_again_has_as_long_as_a_new_one(lifecycle: Lifecycle) -> None:
    again = WORD + 9 * DAY_MS
    assert next_step(lifecycle, Life(changed_at=again), WORD, IDLE) == Step(again + IDLE, Lifecycle.LOCKED)


def test_what_is_kept_ends_at_its_hour_alone() -> None:
    assert next_step(Lifecycle.OPEN, Life(kept=True), WORD, IDLE) is None
    assert next_step(Lifecycle.OPEN, Life(kept=True, ends_at=WORD + 5), WORD, IDLE) == Step(WORD + 5, Lifecycle.LOCKED)


def test_what_members_may_open_is_over_when_none_does() -> None:
    locked = Life(changed_at=WORD, reopens_as=Lifecycle.OPEN)
    assert next_step(Lifecycle.LOCKED, locked, WORD, IDLE) == Step(WORD + GRACE_MS, Lifecycle.ARCHIVED)
    assert next_step(Lifecycle.LOCKED, Life(changed_at=WORD), WORD, IDLE) is None


@pytest.mark.parametrize("lifecycle", [Lifecycle.OPENING, Lifecycle.ARCHIVED])
def test_time_does_nothing_to_what_is_not_yet_or_no_more(lifecycle: Lifecycle) -> None:
    assert next_step(lifecycle, Life(ends_at=1), WORD, IDLE) is None


lives = st.builds(
    Life,
    changed_at=st.none() | st.integers(0, 2 * WORD),
    reopens_as=st.sampled_from([None, *TALKING]),
    kept=st.booleans(),
    ends_at=st.none() | st.integers(0, 2 * WORD),
)


@given(st.sampled_from(Lifecycle), lives, st.integers(0, 2 * WORD), st.integers(1, IDLE), st.integers(0, DAY_MS))
def test_who_says_more_never_brings_the_end_nearer(
    lifecycle: Lifecycle, life: Life, word: int, idle: int, later: int
) -> None:
    before, after = next_step(lifecycle, life, word, idle), next_step(lifecycle, life, word + later, idle)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert before.at <= after.at
        assert before.to is after.to


# -- growth ---------------------------------------------------------------------------------------------------------


def test_a_handful_is_no_flood() -> None:
    assert not grows_fast(sponsored=FLOOD - 1, loud=1)
    assert grows_fast(sponsored=FLOOD, loud=1)
    assert not grows_fast(sponsored=FLOOD, loud=12 * FLOOD)


def test_reproduction_is_counted_by_the_day() -> None:
    assert reproduction(sponsored=2, loud=1, span_ms=DAY_MS) == 2
    assert reproduction(sponsored=1, loud=12, span_ms=DAY_MS // 24) == 2
    assert reproduction(sponsored=0, loud=0, span_ms=DAY_MS) == 0


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 100))
def test_more_who_come_never_make_it_slow_and_more_loud_ones_never_fast(sponsored: int, loud: int, more: int) -> None:
    if grows_fast(sponsored, loud):
        assert grows_fast(sponsored + more, loud)
    else:
        assert not grows_fast(sponsored, loud + more)


def test_slow_is_half_as_many_for_an_hour_and_the_first_come_in_as_ever() -> None:
    pace = Pace()
    assert slowed(pace).at_once == pace.at_once
    assert slowed(pace).limit.every_ms == 2 * pace.limit.every_ms
    assert is_slowed(WORD, WORD + 3_599_999)
    assert not is_slowed(WORD, WORD + 3_600_000)
    assert not is_slowed(None, WORD)
