"""Who may do what, in room versions with and without privileged creators."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.power import creators, creators_have_power, power_of, required, required_to_send, without_creator

LIN, WEI, BOT = UserID("@lin:a.org"), UserID("@wei:b.org"), UserID("@laiwang:a.org")
OLD = [str(number) for number in range(1, 12)]
NEW = ["12", "13", "org.example.v12", ""]

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
levels = st.integers(-(2**53), 2**53)
users = st.sampled_from([LIN, WEI, BOT])
power_levels = st.fixed_dictionaries(
    {},
    optional={
        "users": st.dictionaries(users, levels),
        "users_default": levels,
        "invite": levels,
        "kick": levels,
        "ban": levels,
        "redact": levels,
    },
)


@pytest.mark.parametrize("version", OLD)
def test_up_to_version_11_a_creator_is_only_what_the_levels_say(version: str) -> None:
    assert not creators_have_power(version)
    assert creators({"room_version": version}, LIN) == frozenset()


@pytest.mark.parametrize("version", NEW)
def test_from_version_12_on_creators_stand_above_every_level(version: str) -> None:
    assert creators_have_power(version)
    privileged = creators({"room_version": version, "additional_creators": [WEI]}, LIN)
    assert privileged == {LIN, WEI}
    assert power_of(LIN, {"users": {LIN: 0}}, privileged=privileged) == math.inf
    assert power_of(BOT, {"users": {BOT: 2**53}}, privileged=privileged) < math.inf


def test_a_room_that_names_no_version_is_of_version_1() -> None:
    assert creators({}, LIN) == frozenset()


@given(json)
def test_nonsense_for_additional_creators_adds_nobody_who_is_no_text(nonsense: Any) -> None:
    privileged = creators({"room_version": "12", "additional_creators": nonsense}, LIN)
    assert LIN in privileged
    assert all(isinstance(user, str) for user in privileged)


@given(power_levels, users)
def test_the_level_is_the_users_own_or_the_default(content: dict[str, Any], user: UserID) -> None:
    expected = content.get("users", {}).get(user, content.get("users_default", 0))
    assert power_of(user, content, privileged=()) == expected


def test_without_power_levels_only_the_creator_has_any() -> None:
    assert power_of(LIN, None, privileged=(), creator=LIN) == 100
    assert power_of(WEI, None, privileged=(), creator=LIN) == 0


@given(power_levels, st.sampled_from(["invite", "kick", "ban", "redact"]))
def test_what_is_required_is_what_is_said_or_the_default(content: dict[str, Any], action: str) -> None:
    assert required(content, action) == content.get(action, 0 if action == "invite" else 50)
    assert required(None, action) == (0 if action == "invite" else 50)


@given(st.dictionaries(st.sampled_from(["users", "users_default", "invite", "ban"]), json), users)
def test_nonsense_in_the_levels_never_raises(content: dict[str, Any], user: UserID) -> None:
    assert isinstance(power_of(user, content, privileged=()), int)
    assert isinstance(required(content, "ban"), int)


@given(levels)
def test_levels_as_texts_count_as_old_rooms_allowed(level: int) -> None:
    assert power_of(LIN, {"users": {LIN: f" {level} "}}, privileged=()) == level


@given(power_levels, users, st.sampled_from(OLD + NEW))
def test_a_privileged_creator_is_never_listed_and_others_are_left_alone(
    content: dict[str, Any], creator: UserID, version: str
) -> None:
    before = {name: dict(value) if isinstance(value, dict) else value for name, value in content.items()}
    cleaned = without_creator(content, creator, version)
    assert content == before, "the given levels are not changed"
    if not creators_have_power(version):
        assert cleaned == content
        return
    assert creator not in cleaned.get("users", {})
    others = {user: level for user, level in content.get("users", {}).items() if user != creator}
    assert {**cleaned, "users": others} == {**content, "users": others}


@given(power_levels, users, st.sampled_from(OLD + NEW))
def test_cleaning_twice_changes_nothing_more(content: dict[str, Any], creator: UserID, version: str) -> None:
    once = without_creator(content, creator, version)
    assert without_creator(once, creator, version) == once


@pytest.mark.parametrize(
    ("known", "message", "state"),
    [
        (None, 0, 0),
        ({}, 0, 50),
        ({"state_default": 0, "events_default": 30}, 30, 0),
        ({"state_default": 0, "events": {"org.example": 70}}, 70, 70),
        ({"events": "none", "state_default": "x", "events_default": []}, 0, 50),
        ({"events": {"org.example": None}, "state_default": 90}, 0, 90),
    ],
)
def test_an_event_takes_its_own_level_else_that_of_all_like_it(
    known: dict[str, Any] | None, message: int, state: int
) -> None:
    assert required_to_send(known, "org.example") == message
    assert required_to_send(known, "org.example", is_state=True) == state
