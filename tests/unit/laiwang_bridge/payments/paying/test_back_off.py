"""Reminders: after a day, then ever more seldom, then no more, and never two in a day."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.paying.back_off import DAY, DAYS, may_ask, next_digest, next_due, skipped

SINCE = 1_700_000_000_000


def test_reminders_come_after_1_3_7_and_14_days_and_then_no_more() -> None:
    now, sent, found = SINCE, 0, []
    while (at := next_due(SINCE, sent, now)) is not None:
        found.append((at - SINCE) / DAY)
        now, sent = at, skipped(SINCE, at)
    assert found == list(DAYS)


def test_what_was_missed_is_not_made_up_for() -> None:
    """After ten days without power there is one reminder, and the next is that of the fourteenth day."""
    now = SINCE + 10 * DAY
    assert next_due(SINCE, 0, now) == SINCE + 7 * DAY
    assert skipped(SINCE, now) == 3
    assert next_due(SINCE, 3, now) == SINCE + 14 * DAY
    assert next_due(SINCE, 4, now) is None


def test_all_that_is_due_goes_out_together_a_day_after_the_last_time() -> None:
    assert next_digest([], None) is None
    assert next_digest([SINCE + 5, SINCE], None) == SINCE
    assert next_digest([SINCE + 5], SINCE) == SINCE + DAY
    assert next_digest([SINCE + 5 * DAY], SINCE) == SINCE + 5 * DAY


def test_one_may_ask_for_a_reminder_once_a_day() -> None:
    assert may_ask(None, SINCE)
    assert not may_ask(SINCE, SINCE + DAY - 1)
    assert may_ask(SINCE, SINCE + DAY)


@given(st.lists(st.tuples(st.integers(0, 20 * DAY), st.integers(0, 3 * DAY)), max_size=12))
@settings(max_examples=60)
def test_nobody_is_ever_reminded_twice_within_a_day(bills: list[tuple[int, int]]) -> None:
    """Bills at any time, and a bridge that is as late as it likes."""
    shares = [[SINCE + at, 0] for at, _late in bills]
    late = [late for _at, late in bills] or [0]
    digests: list[int] = []
    now = SINCE
    for turn in range(200):
        due = [at for since, sent in shares if (at := next_due(since, sent, max(now, since))) is not None]
        at = next_digest(due, digests[-1] if digests else None)
        if at is None:
            break
        now = max(at, now) + late[turn % len(late)]
        digests.append(now)
        for share in shares:
            share[1] = max(share[1], skipped(share[0], now))
    assert all(two - one >= DAY for one, two in itertools.pairwise(digests))
    assert all(sent == len(DAYS) for _since, sent in shares)
