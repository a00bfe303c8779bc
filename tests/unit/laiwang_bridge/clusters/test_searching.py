"""What somebody who searches finds, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.searching import closeness, folded, parts


def found(query: str, *titles: str) -> list[str]:
    scores = {title: closeness(folded(query), folded(title)) for title in titles}
    return sorted((title for title in titles if scores[title]), key=lambda title: -scores[title])


def test_the_closer_comes_first() -> None:
    titles = ["a long weekend without any hike", "a weekend hike?", "Weekend hike, who comes", "Weekend hike!", "soup"]
    assert found("weekend hike", *titles) == list(reversed(titles[:4]))


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("爬山", "周末爬山？"),
        ("周末爬山", "周末 爬山"),
        ("爬山周末", "周末爬山"),
        ("ＨＩＫＥ", "weekend hike?"),
        ("straße", "STRASSE"),
        ("周末hiking", "周末去hiking吗"),
        ("汤", "今晚喝汤"),
        ("50%", "50 % off"),
        ("привет", "ПРИВЕТ всем"),
    ],
)
def test_it_is_found_however_it_is_written(query: str, title: str) -> None:
    assert found(query, title) == [title]


@pytest.mark.parametrize(("query", "title"), [("爬山", "周末喝汤"), ("hike", "soup"), ("?!", "what?!"), ("", "soup")])
def test_what_has_nothing_to_do_with_it_is_not_found(query: str, title: str) -> None:
    assert found(query, title) == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_found_has_one_of_the_words(query: str, title: str) -> None:
    query, title = folded(query), folded(title)
    if closeness(query, title):
        assert any(part in title for part in parts(query))
    assert (closeness(query, query) > 0) == bool(query)
