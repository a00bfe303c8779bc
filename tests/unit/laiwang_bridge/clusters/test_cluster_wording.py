"""The one line that begins a cluster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.line import Line, Pill
from laiwang_bridge.clusters.reach import BadReach, Mode, Reach
from laiwang_bridge.clusters.wording import Wording, list_key, read, read_people, read_reach
from laiwang_bridge.people.rules import ListId

WORK, CLASS, FAMILY = ListId(1), ListId(2), ListId(3)
LISTS = {
    list_key(name): id for name, id in (("work", WORK), ("同学", CLASS), ("家人", FAMILY), ("Old friends", ListId(4)))
}
CLOSED = Reach(Mode.CLOSED)


def wording(text: str, **options: bool) -> Wording:
    return read(Line(text), 0, LISTS, **options)


@pytest.mark.parametrize(
    ("text", "reach", "topic"),
    [
        ("friends: weekend hike?", Reach(Mode.FRIENDS), "weekend hike?"),
        ("Friends：weekend hike?", Reach(Mode.FRIENDS), "weekend hike?"),
        ("好友：周末爬山？", Reach(Mode.FRIENDS), "周末爬山？"),
        ("hops:3 weekend hike?", Reach(Mode.HOPS, 3), "weekend hike?"),
        ("hops:3: weekend hike?", Reach(Mode.HOPS, 3), "weekend hike?"),
        ("hops 3: weekend hike?", Reach(Mode.HOPS, 3), "weekend hike?"),
        ("3 hops: weekend hike?", Reach(Mode.HOPS, 3), "weekend hike?"),
        ("三跳：周末爬山", Reach(Mode.HOPS, 3), "周末爬山"),
        ("朋友的朋友：周末爬山", Reach(Mode.HOPS, 2), "周末爬山"),
        ("hops: weekend hike?", Reach(Mode.HOPS, 2), "weekend hike?"),
        ("hops:1 soup", Reach(Mode.FRIENDS), "soup"),
        ("chain: soup", Reach(Mode.CHAIN), "soup"),
        ("open: Movie: Dune?", Reach(Mode.OPEN), "Movie: Dune?"),
        ("公开：看电影", Reach(Mode.OPEN), "看电影"),
        ("closed: soup", CLOSED, "soup"),
        ("work: lunch", Reach(Mode.LIST, lists=frozenset((WORK,))), "lunch"),
        ("WORK ： lunch", Reach(Mode.LIST, lists=frozenset((WORK,))), "lunch"),
        ("同学、家人: 周末爬山？", Reach(Mode.LIST, lists=frozenset((CLASS, FAMILY))), "周末爬山？"),
        ("同学和家人：聚餐", Reach(Mode.LIST, lists=frozenset((CLASS, FAMILY))), "聚餐"),
        ("work and 同学: lunch", Reach(Mode.LIST, lists=frozenset((WORK, CLASS))), "lunch"),
        ("old  friends: reunion", Reach(Mode.LIST, lists=frozenset((ListId(4),))), "reunion"),
    ],
)
def test_what_is_known_before_the_colon_says_how_far(text: str, reach: Reach, topic: str) -> None:
    assert wording(text) == Wording(topic, reach)


@pytest.mark.parametrize("text", ["chain weekend hike?", "open mic night", "接力 周末爬山", "closed circuit"])
def test_some_words_need_no_colon_and_are_told_apart(text: str) -> None:
    found = wording(text)
    assert isinstance(found.reach, Reach)
    assert (found.guessed, found.topic) == tuple(text.split(" ", 1))


@pytest.mark.parametrize(
    "text",
    [
        "weekend hike?",
        "Movie: Dune?",
        "https://example.org/a",
        "friends are coming",
        "friends",
        "open",
        "chain",
        "hops:3",
        "work:",
        "work、nobody: lunch",
        "list: lunch",
        "friends\nwork: lunch",
        "hopscotch: who plays?",
        "hops 3000 miles",
        "@ann shall we?",
        "ann: lunch?",
        "email a@b.c: really?",
        "",
        "：",
    ],
)
def test_everything_else_is_the_topic(text: str) -> None:
    found = wording(text)
    if not isinstance(found.reach, BadReach):
        assert found == Wording(text)


@pytest.mark.parametrize("text", ["hops:12 soup", "hops:0: soup", "hops 3000: miles"])
def test_too_many_hops_are_a_mistake(text: str) -> None:
    assert isinstance(wording(text).reach, BadReach)


@pytest.mark.parametrize(
    ("text", "people", "topic"),
    [
        ("@ann:town @bo:town: party", ("@ann:town", "@bo:town"), "party"),
        ("@ann:town、@bo:town：聚会", ("@ann:town", "@bo:town"), "聚会"),
        ("@ann:town:8448: party", ("@ann:town:8448",), "party"),
        ("@ann:[::1]:8448 : party", ("@ann:[::1]:8448",), "party"),
        ("@ann, @bo: party: at eight", ("@ann", "@bo"), "party: at eight"),
        ("closed @ann:town party", ("@ann:town",), "party"),
        ("closed: @ann:town @ann:town: party", ("@ann:town",), "party"),
        ("点名 @ann @bo 聚会", ("@ann", "@bo"), "聚会"),
    ],
)
def test_people_make_it_closed(text: str, people: tuple[str, ...], topic: str) -> None:
    assert wording(text) == Wording(topic, CLOSED, people)


def test_people_may_be_mentioned() -> None:
    line = Line("Ann, Bo Li: party", (Pill(0, 3, UserID("@ann:town")), Pill(5, 10, UserID("@bo:town"))))
    assert read(line, 0, LISTS) == Wording("party", CLOSED, ("@ann:town", "@bo:town"))
    assert read_people(line, 0) == ("@ann:town", "@bo:town")


def test_a_mention_within_the_topic_is_part_of_it() -> None:
    line = Line("lunch with Ann: when?", (Pill(11, 14, UserID("@ann:town")),))
    assert read(line, 0, LISTS) == Wording("lunch with Ann: when?")


def test_in_quotation_marks_it_is_all_topic() -> None:
    assert wording('"open mic night"') == Wording("open mic night")
    assert wording('"open" or "closed"') == Wording('"open" or "closed"')


@pytest.mark.parametrize("text", ["chain", "friends:", "hops:3", "同学：", "@ann:town", "closed @ann:town"])
def test_with_a_seed_the_topic_may_be_missing(text: str) -> None:
    found = wording(text, has_seed=True)
    assert isinstance(found.reach, Reach)
    assert found.topic == ""


def test_a_reach_on_its_own() -> None:
    assert read_reach("同学、work", LISTS) == Reach(Mode.LIST, lists=frozenset((CLASS, WORK)))
    assert read_reach("friends", LISTS) == Reach(Mode.FRIENDS)
    assert isinstance(read_reach("nobody", LISTS), BadReach)


@given(st.text(max_size=60), st.booleans())
def test_no_line_is_too_strange(text: str, has_seed: bool) -> None:
    found = read(Line(text), 0, LISTS, has_seed=has_seed)
    assert found.topic in text
    assert found.topic or has_seed or not text.strip() or found.reach is None
