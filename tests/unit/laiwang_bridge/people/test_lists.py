"""The names of private lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.people.lists import exposure_at_first, folded
from laiwang_bridge.people.rules import Exposure


@pytest.mark.parametrize(
    "name", ["work", "Work", "ＷＯＲＫ", "work friends", "Office", "同事", "工作", "公司同事", "客户群"]
)
def test_a_list_for_work_begins_quiet(name: str) -> None:
    assert exposure_at_first(name) is Exposure.QUIET


@pytest.mark.parametrize("name", ["family", "classmates", "家人", "同学", "network", "workout"])
def test_any_other_list_begins_as_its_owner_is_seen_elsewhere(name: str) -> None:
    assert exposure_at_first(name) is None


@pytest.mark.parametrize("name", ["Family", "ＦＡＭＩＬＹ", "  family ", "fa\u200bmily", "FAMILY\u202e"])
def test_case_width_and_what_cannot_be_seen_make_no_other_name(name: str) -> None:
    assert folded(name) == "family"


@given(st.text())
def test_folding_twice_changes_nothing_more(name: str) -> None:
    assert folded(folded(name)) == folded(name)
