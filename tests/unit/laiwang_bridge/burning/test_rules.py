"""When a message burns."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from laiwang_bridge.burning import rules
from laiwang_bridge.burning.rules import CONTENT_KEY, LEAST_MS, MOST_MS, Burn, Readers, Wish, begin, was_read, went

USERS = [UserID(f"@{name}:town") for name in ("lin", "may", "bo", "chen")]
wishes = st.builds(
    lambda after, more, readers: Wish(after, after + more, readers),
    st.integers(LEAST_MS, MOST_MS),
    st.integers(0, MOST_MS),
    st.sampled_from(Readers),
)
readers = st.frozensets(st.sampled_from(USERS))
steps = st.lists(st.tuples(st.sampled_from([was_read, went]), st.sampled_from(USERS), st.integers(0, 10**9)))
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["after_read_s", "max_s", "readers"]), inner),
    max_leaves=5,
)


def played(burn: Burn, played_steps: list[Any]) -> Burn:
    now = 0
    for step, user, later in played_steps:
        now += later
        burn = step(burn, user, now)
    return burn


@given(wishes, readers, steps)
def test_it_burns_at_the_latest_when_it_was_to_whatever_happens(
    wish: Wish, users: frozenset[UserID], played_steps: list[Any]
) -> None:
    assert played(begin(wish, users, 0), played_steps).burn_at <= wish.latest_ms


@given(wishes, readers, steps)
def test_it_never_burns_before_its_time_after_reading(
    wish: Wish, users: frozenset[UserID], played_steps: list[Any]
) -> None:
    burn = begin(wish, users, 0)
    now = 0
    for step, user, later in played_steps:
        now += later
        before, burn = burn, step(burn, user, now)
        if burn.read and not before.read:
            assert burn.burn_at == min(now + wish.after_ms, before.burn_at)
        else:
            assert burn.burn_at == before.burn_at


@given(wishes, readers, steps)
def test_what_was_read_stays_read(wish: Wish, users: frozenset[UserID], played_steps: list[Any]) -> None:
    burn = played(begin(wish, users, 0), played_steps)
    if burn.read:
        assert all(step(burn, user, 10**12) == burn for step in (was_read, went) for user in USERS)


def test_all_means_the_last_reader() -> None:
    burn = begin(Wish(), frozenset(USERS[:2]), 0)
    once = was_read(burn, USERS[0], 100)
    assert not once.read
    assert was_read(once, USERS[1], 200) == Burn(Wish(), frozenset(), 200 + rules.AFTER_MS, read=True)


def test_first_means_the_first_reader() -> None:
    burn = was_read(begin(Wish(readers=Readers.FIRST), frozenset(USERS[:2]), 0), USERS[0], 100)
    assert burn.burn_at == 100 + rules.AFTER_MS


def test_who_leaves_unread_is_not_waited_for_and_has_not_read_it() -> None:
    first = begin(Wish(readers=Readers.FIRST), frozenset(USERS[:2]), 0)
    assert not went(first, USERS[0], 100).read
    everybody = went(was_read(begin(Wish(), frozenset(USERS[:2]), 0), USERS[0], 50), USERS[1], 100)
    assert everybody.burn_at == 100 + rules.AFTER_MS


@given(json)
def test_whatever_an_app_writes_gives_a_wish_within_bounds_or_none(said: Any) -> None:
    wish = rules.wish_of({CONTENT_KEY: said})
    if wish is not None:
        assert LEAST_MS <= wish.after_ms <= wish.latest_ms <= MOST_MS


def test_an_app_says_it_in_seconds() -> None:
    assert rules.wish_of({CONTENT_KEY: {"after_read_s": 10, "max_s": 60}}) == Wish(10_000, 60_000, Readers.ALL)
    assert rules.wish_of({CONTENT_KEY: {"readers": "first"}}) == Wish(readers=Readers.FIRST)
    assert rules.wish_of({"body": "burn"}) is None
