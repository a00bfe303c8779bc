"""Growth: a bounded queue at the door, and a next host."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.growth import Pace, admission, next_host
from laiwang_bridge.clusters.rules import ClusterId, Stay
from laiwang_bridge.people.rules import Exposure, PersonId

HOUR = 3_600_000


def stay(person: int, joined_at: int, exposure: Exposure = Exposure.LOUD, left_at: int | None = None) -> Stay:
    return Stay(
        cluster=ClusterId("zd_1"),
        person=PersonId(person),
        hop=1,
        sponsors=(),
        exposure=exposure,
        joined_at=joined_at,
        left_at=left_at,
    )


def test_the_first_fifty_come_in_at_once_and_then_one_every_two_minutes() -> None:
    drains_at, times = 0, []
    for let_in in range(54):
        place = admission(Pace(), let_in, drains_at, now=1_000)
        drains_at = place.drains_at
        times.append(place.at)
    assert times == [1_000] * 51 + [121_000, 241_000, 361_000]


@given(gaps=st.lists(st.integers(0, 300_000), max_size=200))
def test_after_the_first_fifty_no_hour_lets_in_more_than_thirty(gaps: list[int]) -> None:
    now, drains_at, times = 0, 0, []
    for number, gap in enumerate(gaps):
        now += gap
        place = admission(Pace(), 50 + number, drains_at, now)
        assert place.at >= now
        drains_at = place.drains_at
        times.append(place.at)
    assert times == sorted(times)
    assert all(len([time for time in times if start <= time < start + HOUR]) <= 30 for start in times)


def test_who_knocks_after_a_lull_does_not_wait() -> None:
    assert admission(Pace(), 60, drains_at=5_000, now=9_000).at == 9_000


def test_the_loud_member_who_has_been_inside_longest_is_asked_to_be_host() -> None:
    stays = [
        stay(5, 300),
        stay(4, 100, Exposure.QUIET),
        stay(3, 50, left_at=60),
        stay(2, 200),
        stay(1, 200),
    ]
    assert next_host(stays) == 1
    assert next_host(stays, unwilling={PersonId(1)}) == 2
    assert next_host(reversed(stays), unwilling=[PersonId(1), PersonId(2)]) == 5


def test_the_bot_hosts_when_nobody_loud_is_left() -> None:
    assert next_host([stay(4, 100, Exposure.QUIET)]) is None
