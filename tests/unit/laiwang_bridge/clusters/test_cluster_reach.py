"""Reach: how it is written, and which is narrower."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.reach import (
    DEFAULT_REACH,
    BadReach,
    Mode,
    Reach,
    ReachProblem,
    default_cap,
    has_porch,
    join_rule,
    may_change,
    may_narrow,
    parse_reach,
)
from laiwang_bridge.people.rules import ListId

LISTS = st.frozensets(st.integers(1, 4).map(ListId), max_size=3)
REACHES = st.one_of(
    st.sampled_from([Reach(Mode.CLOSED), Reach(Mode.FRIENDS), Reach(Mode.CHAIN), Reach(Mode.OPEN)]),
    LISTS.map(lambda lists: Reach(Mode.LIST, lists=lists)),
    st.integers(2, 9).map(lambda hops: Reach(Mode.HOPS, hops)),
)
IN_ORDER = [Mode.CLOSED, Mode.LIST, Mode.FRIENDS, Mode.HOPS, Mode.CHAIN, Mode.OPEN]


@given(reach=REACHES)
def test_what_is_printed_can_be_read_back(reach: Reach) -> None:
    assert parse_reach(str(reach)) == Reach(reach.mode, reach.hops)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("hops", "hops:2"),
        ("  HOPS : 3 ", "hops:3"),
        ("hops 4", "hops:4"),
        ("ｈｏｐｓ：２", "hops:2"),
        ("3 hops", "hops:3"),
        ("hops:1", "friends"),
        ("friends of friends", "hops:2"),
        ("朋友的朋友", "hops:2"),
        ("两跳", "hops:2"),
        ("三度", "hops:3"),
        ("3层", "hops:3"),
        ("Friends", "friends"),
        ("好友", "friends"),
        ("点名", "closed"),
        ("分组", "list"),
        ("接力", "chain"),
        ("公开", "open"),
        ("公開", "open"),
    ],
)
def test_people_write_a_reach_in_their_own_words(text: str, printed: str) -> None:
    assert str(parse_reach(text)) == printed


@pytest.mark.parametrize(
    ("text", "problem", "suggestion"),
    [
        ("hops:0", ReachProblem.HOPS, "friends"),
        ("hops:25", ReachProblem.HOPS, "hops:9"),
        ("freinds", ReachProblem.UNKNOWN, "friends"),
        ("chian", ReachProblem.UNKNOWN, "chain"),
        ("the moon", ReachProblem.UNKNOWN, "hops:2"),
        ("", ReachProblem.UNKNOWN, "hops:2"),
    ],
)
def test_what_is_no_reach_is_answered_with_one(text: str, problem: ReachProblem, suggestion: str) -> None:
    answer = parse_reach(text)
    assert isinstance(answer, BadReach)
    assert (answer.problem, str(answer.suggestion)) == (problem, suggestion)
    assert answer.sentence.singular.format(suggestion=answer.suggestion).endswith(f"Did you mean {suggestion}?")


@given(text=st.text(max_size=40))
def test_any_text_gives_a_reach_or_a_suggestion(text: str) -> None:
    assert isinstance(parse_reach(text), Reach | BadReach)


@given(one=REACHES, other=REACHES, third=REACHES)
def test_narrower_is_a_partial_order(one: Reach, other: Reach, third: Reach) -> None:
    assert may_narrow(one, one)
    if may_narrow(one, other) and may_narrow(other, one):
        assert one == other
    if may_narrow(one, other) and may_narrow(other, third):
        assert may_narrow(one, third)


@given(wide=REACHES, narrow=REACHES)
def test_modes_narrow_from_open_to_closed(wide: Reach, narrow: Reach) -> None:
    difference = IN_ORDER.index(wide.mode) - IN_ORDER.index(narrow.mode)
    if difference:
        assert may_narrow(wide, narrow) == (difference > 0)
    elif wide.mode is Mode.HOPS:
        assert may_narrow(wide, narrow) == ((narrow.hops or 0) <= (wide.hops or 0))
    elif wide.mode is Mode.LIST:
        assert may_narrow(wide, narrow) == (narrow.lists <= wide.lists)


def test_a_reach_may_be_widened_only_while_nobody_else_has_joined() -> None:
    friends, chain = Reach(Mode.FRIENDS), Reach(Mode.CHAIN)
    assert may_change(friends, chain, others_joined=False)
    assert not may_change(friends, chain, others_joined=True)
    assert may_change(chain, friends, others_joined=True)


@pytest.mark.parametrize(
    ("mode", "hops", "lists"),
    [(Mode.HOPS, None, ()), (Mode.HOPS, 1, ()), (Mode.HOPS, 10, ()), (Mode.OPEN, 2, ()), (Mode.FRIENDS, None, (1,))],
)
def test_an_impossible_reach_cannot_be_made(mode: Mode, hops: int | None, lists: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"hops|lists"):
        Reach(mode, hops, frozenset(ListId(number) for number in lists))


@pytest.mark.parametrize(
    ("text", "cap", "rule", "porch"),
    [
        ("closed", 50, "invite", False),
        ("list", 100, "invite", False),
        ("friends", 500, "invite", True),
        ("hops:2", 500, "invite", True),
        ("chain", 500, "invite", True),
        ("open", None, "public", False),
    ],
)
def test_each_reach_has_its_cap_its_join_rule_and_perhaps_a_porch(
    text: str, cap: int | None, rule: str, porch: bool
) -> None:
    reach = parse_reach(text)
    assert isinstance(reach, Reach)
    assert default_cap(reach) == cap
    assert join_rule(reach) == rule
    assert has_porch(reach) is porch


def test_the_default_is_friends_of_friends() -> None:
    assert str(DEFAULT_REACH) == "hops:2"
