"""Places in a Space: in order, and few of them written."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.arranging import arrange, order_text

rooms = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(st.lists(rooms, max_size=30))
def test_however_often_the_order_changes_all_stand_in_it(orders: list[list[str]]) -> None:
    places: dict[str, int] = {}
    for wanted in orders:
        places = arrange(wanted, places)
        assert set(places) == set(wanted)
        assert sorted(wanted, key=lambda one: order_text(places[one])) == wanted
        assert all(one != other for one, other in pairwise(sorted(places.values())))
        assert all(len(order_text(place)) == 15 for place in places.values())


@given(rooms, rooms)
def test_what_goes_is_no_reason_to_write_anything(wanted: list[str], gone: list[str]) -> None:
    before = arrange(wanted, {})
    left = [one for one in wanted if one not in gone]
    assert arrange(left, before) == {one: before[one] for one in left}


def test_one_that_comes_first_moves_nobody_else() -> None:
    before = arrange(["a", "b", "c"], {})
    after = arrange(["c", "a", "b"], before)
    assert {one for one in after if after[one] != before[one]} == {"c"}
    after = arrange(["a", "new", "b", "c"], before)
    assert {one for one in after if after[one] != before.get(one)} == {"new"}


def test_where_there_is_no_room_left_all_get_new_places() -> None:
    after = arrange(["a", "new", "b"], {"a": 1, "b": 2})
    assert after["a"] < after["new"] < after["b"]
