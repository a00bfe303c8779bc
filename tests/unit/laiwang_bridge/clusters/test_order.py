"""When reports close a cluster, and what a link is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.order import branch, has_link, must_lock
from laiwang_bridge.people.rules import PersonId

HOST = PersonId(1)
persons = st.integers(1, 12).map(PersonId)
graphs = st.dictionaries(persons, st.frozensets(persons, max_size=3), max_size=12)


def people(*ids: int) -> set[PersonId]:
    return {PersonId(id) for id in ids}


TREE = {PersonId(2): people(1), PersonId(3): people(1), PersonId(4): people(2), PersonId(5): people(2, 3)}


def test_a_branch_is_whom_one_came_through_next_to_the_initiator() -> None:
    assert branch(PersonId(2), TREE, HOST) == 2
    assert branch(PersonId(4), TREE, HOST) == 2
    assert branch(PersonId(5), TREE, HOST) == 2
    assert branch(PersonId(9), TREE, HOST) == 9


def test_three_of_one_branch_are_not_enough() -> None:
    assert not must_lock(people(2, 4, 5), TREE, HOST)
    assert must_lock(people(2, 4, 3), TREE, HOST)
    assert not must_lock(people(2, 3), TREE, HOST)


@given(graphs, persons, persons)
def test_every_branch_ends_even_where_sponsors_go_round_in_circles(
    sponsors: dict[PersonId, frozenset[PersonId]], person: PersonId, initiator: PersonId
) -> None:
    assert branch(person, sponsors, initiator) == branch(person, sponsors, initiator)


@given(graphs, st.lists(persons, max_size=8), persons)
def test_more_reporters_never_unlock(
    sponsors: dict[PersonId, frozenset[PersonId]], reporters: list[PersonId], one_more: PersonId
) -> None:
    if must_lock(reporters, sponsors, HOST):
        assert must_lock([*reporters, one_more], sponsors, HOST)


@pytest.mark.parametrize(
    "text",
    ["see https://example.org/x", "www.example.org", "buy at cheap-shoes.com now", "taobao.com/item", "weixin://dl/x"],
)
def test_links(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "3.5 km",
        "e.g. this",
        "@may:example.org",
        "write to may@example.com",
        "1.2.3",
        "…and so on.",
        '<a href="https://matrix.to/#/@may:example.org">May</a>',
    ],
)
def test_no_links(text: str) -> None:
    assert not has_link(text)
