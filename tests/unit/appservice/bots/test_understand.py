"""From what was typed to the command that was meant, or to the mistake with its correction."""

from __future__ import annotations

import string
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.line import Line, Pill, find_prefix, fold
from appservice.bots.router import Command
from appservice.bots.understand import Call, CancelWanted, Greeted, HelpWanted, Mistake, Understood, understand, usage
from appservice.language import Catalogues, Language
from tests.unit.appservice.bots import declared
from tests.unit.appservice.bots.declared import Tongue

ANN = UserID("@ann:example.org")
ROUTERS = (declared.lw, declared.zd)
CATALOGUES = Catalogues()


def typed(text: str, *pills: Pill) -> Understood:
    line = Line(text, pills)
    found = find_prefix(line, ("!lw", "!来往", "!zd", "!扎堆"))
    assert found is not None
    routers = [router for router in ROUTERS if found.prefix in router.prefixes]
    return understand(line, found.start, routers, found.prefix, is_prefixed=True)


def call(text: str, *pills: Pill) -> tuple[str, dict[str, Any]]:
    understood = typed(text, *pills)
    assert isinstance(understood, Call), understood
    return understood.command.names[0], dict(understood.arguments)


def mistake(text: str, *pills: Pill) -> tuple[str, tuple[str, ...]]:
    understood = typed(text, *pills)
    assert isinstance(understood, Mistake), understood
    return CATALOGUES[Language.EN].text(understood.message, **understood.values), understood.corrected


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("!lw friends", "friends", {}),
        ("！LW FRIENDS", "friends", {}),
        ("!lw ｆｒｉｅｎｄｓ", "friends", {}),
        ("!来往好友", "friends", {}),
        ("!lw好友", "friends", {}),
        ("!lw block @ann:example.org", "block", {"whom": ANN}),
        ("!lw Keep  away @ann:example.org", "block", {"whom": ANN}),
        ("!lw 屏蔽@ann:example.org", "block", {"whom": ANN}),
        ("!来往屏蔽@ann:example.org", "block", {"whom": ANN}),
        ("!lw block https://matrix.to/#/@ann:example.org", "block", {"whom": ANN}),
        ("!lw language Chinese", "language", {"which": Tongue.ZH}),
        ("!lw语言中文", "language", {"which": Tongue.ZH}),
        ("!lw code", "code", {"given": None}),
        ("!lw code ab-cd", "code", {"given": "ABCD"}),
        ("!lw add 2 ５ #7", "add", {"which": (2, 5, 7), "loud": False}),
        ("!lw add 2, 5 yes", "add", {"which": (2, 5), "loud": True}),
        ("!lw show", "show", {"page": 1, "order": "new", "word": ""}),
        ("!lw show old", "show", {"page": 1, "order": "old", "word": ""}),
        ("!lw show 3 x", "show", {"page": 3, "order": "new", "word": "x"}),
        ("!zd weekend  hike?", "new", {"topic": "weekend  hike?"}),
        ("!zd周末爬山", "new", {"topic": "周末爬山"}),
        ("!zd 加入我们", "new", {"topic": "加入我们"}),
        ("!zd 加班", "new", {"topic": "加班"}),
        ("!zd news", "new", {"topic": "news"}),
        ('!zd "quoted" topic', "new", {"topic": '"quoted" topic'}),
        ("!zd", "new", {"topic": ""}),
        ("!zd join", "join", {"number": 0}),
        ("!zd 加入 3", "join", {"number": 3}),
        ("!zd 加入3", "join", {"number": 3}),
        ("!zd new join", "new", {"topic": "join"}),
        ("!zd joint dinner", "new", {"topic": "joint dinner"}),
        ("!zd news of the day", "new", {"topic": "news of the day"}),
        ("!zd two\nlines", "new", {"topic": "two\nlines"}),
    ],
)
def test_a_command_is_understood(text: str, name: str, arguments: dict[str, Any]) -> None:
    assert call(text) == (name, arguments)


def test_without_a_prefix_not_every_text_is_a_command() -> None:
    assert isinstance(understand(Line("nonsense"), 0, ROUTERS, ""), Mistake)
    assert understand(Line(""), 0, ROUTERS, "") == HelpWanted()


def test_a_topic_that_begins_like_a_command_is_offered_as_a_topic() -> None:
    _said, corrected = mistake("!zd join us for dinner")
    assert corrected[-1] == "!zd new join us for dinner"


@pytest.mark.parametrize("text", ["hi", "Hello!", "你好", "您好！"])
def test_who_only_greets_is_greeted(text: str) -> None:
    assert understand(Line(text), 0, ROUTERS, "") == Greeted()
    assert understand(Line(f"{text} everybody"), 0, ROUTERS, "") != Greeted()


def test_a_person_mentioned_is_an_argument() -> None:
    name, arguments = call("!lw remind Ann Lee 1h30m Call me, Ann Lee", Pill(11, 18, ANN), Pill(35, 42, ANN))
    assert (name, arguments) == (
        "remind",
        {"whom": ANN, "when": timedelta(minutes=90), "what": "Call me, Ann Lee"},
    )


@pytest.mark.parametrize("text", ["!lw", "!lw help", "!lw 帮助", "!lw ?", "！来往？", "!lw HELP"])
def test_help_can_be_asked_for_in_many_ways(text: str) -> None:
    assert typed(text) == HelpWanted()


def test_help_can_be_about_something() -> None:
    assert typed("!lw help block") == HelpWanted("block")
    assert typed("!zd help") == HelpWanted()


def test_getting_out_is_understood() -> None:
    assert typed("!lw cancel") == CancelWanted()
    assert typed("!lw 取消") == CancelWanted()


@pytest.mark.parametrize(
    ("text", "said", "corrected"),
    [
        ("!lw freinds", "I do not know “freinds”. Did you mean this?", ("!lw friends",)),
        ("!lw fri", "I do not know “fri”. Did you mean this?", ("!lw friends",)),
        ("！lw 好有", "I do not know “好有”. Did you mean this?", ("!lw 好友",)),
        ("!lw blok @ann:example.org", "I do not know “blok”. Did you mean this?", ("!lw block @ann:example.org",)),
        ("!lw xyzzy", "I do not know “xyzzy”. This shows what I can do:", ("!lw help",)),
        ("!来往 咕咕咕", "I do not know “咕咕咕”. This shows what I can do:", ("!来往 帮助",)),
        ("!lw block", "Something is missing: whom.", ("!lw block @alice:example.org",)),
        ("!来往 屏蔽", "Something is missing: whom.", ("!来往 屏蔽 @alice:example.org",)),
        (
            "!lw remind @ann:example.org",
            "Something is missing: in how long.",
            ("!lw remind @ann:example.org 2h Call me",),
        ),
        (
            "!lw remind @ann:example.org soon come",
            "“soon” is no length of time. Write it like `30m`, `2h` or `7d`.",
            ("!lw remind @ann:example.org 2h come",),
        ),
        (
            "!lw remind @ann:example.org 9999w x",
            "That is longer than a lifetime.",
            ("!lw remind @ann:example.org 2h x",),
        ),
        (
            "!lw remind @ann:example.org 2h " + "x" * 21,
            "The text has 21 characters; 20 is the most.",
            ("!lw remind @ann:example.org 2h " + "x" * 20,),
        ),
        (
            "!lw block ann",
            "“ann” is nobody’s Matrix id. Mention the person, or write it out like @alice:example.org.",
            ("!lw block @alice:example.org",),
        ),
        ("!lw language", "Something is missing: which one.", ("!lw language en",)),
        ("!lw language chinse", "“chinse” is none of: en/英文 and zh/中文.", ("!lw language chinese",)),
        ("!lw language 德文", "“德文” is none of: en/英文 and zh/中文.", ("!lw language 英文",)),
        ("!lw code 1", "A code has four letters.", ("!lw code ABCD",)),
        ("!lw add two", "“two” is not a whole number.", ("!lw add 2 5",)),
        ("!lw add 0", "0 is too small; 1 is the least.", ("!lw add 1",)),
        ("!lw add 5 100", "100 is too large; 99 is the most.", ("!lw add 5 99",)),
        ("!lw add 5 perhaps", "“perhaps” is not a whole number.", ("!lw add 5 yes",)),
        ("!lw friends now please", "I do not know what to do with “now please” there.", ("!lw friends",)),
        ("!zd joni", "“joni” could mean several things. Which one?", ("!zd join", "!zd new joni")),
        ("!zd jion 7", "“jion 7” could mean several things. Which one?", ("!zd join 7", "!zd new jion 7")),
    ],
)
def test_the_answer_to_a_mistake_shows_the_corrected_command(text: str, said: str, corrected: tuple[str, ...]) -> None:
    assert mistake(text) == (said, corrected)


def test_a_correction_names_people_by_their_ids() -> None:
    _said, corrected = mistake("!lw blok Ann Lee", Pill(9, 16, ANN))
    assert corrected == ("!lw block @ann:example.org",)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for line in (Line(text), Line(f"remind {text}"), Line(f"!lw {text}"), Line(f"add 1 {text}")):
        understood = understand(line, 0, ROUTERS, "!lw", is_prefixed=len(text) % 2 == 0)
        if isinstance(understood, Mistake):
            CATALOGUES[Language.ZH].text(understood.message, **understood.values)


users = st.builds(
    lambda name, server: UserID(f"@{name}:{server}"),
    st.text(string.ascii_lowercase + string.digits + "._=-/+", min_size=1, max_size=20).filter(
        lambda name: "/" not in name
    ),
    st.sampled_from(["example.org", "matrix.example.org:8448", "[::1]:80"]),
)
words = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text)
rests = st.text(min_size=1, max_size=20).map(str.strip).filter(lambda text: bool(text) and "\0" not in text)
calls = st.one_of(
    st.tuples(st.just("friends"), st.just({})),
    st.tuples(st.just("block"), st.fixed_dictionaries({"whom": users})),
    st.tuples(
        st.just("remind"),
        st.fixed_dictionaries(
            {
                "whom": users,
                "when": st.integers(0, 10**8).map(lambda seconds: timedelta(seconds=seconds)),
                "what": rests,
            }
        ),
    ),
    st.tuples(st.just("language"), st.fixed_dictionaries({"which": st.sampled_from(Tongue)})),
    st.tuples(st.just("code"), st.fixed_dictionaries({"given": st.sampled_from([None, "ABCD", "12X4"])})),
    st.tuples(
        st.just("add"),
        st.fixed_dictionaries({"which": st.lists(st.integers(1, 99), min_size=1).map(tuple), "loud": st.booleans()}),
    ),
    st.tuples(
        st.just("show"),
        st.fixed_dictionaries(
            {"page": st.integers(), "order": st.sampled_from(["new", "old"]), "word": st.one_of(st.just(""), words)}
        ),
    ),
    st.tuples(st.just("new"), st.fixed_dictionaries({"topic": rests})),
)


@given(calls, st.sampled_from(Language), st.booleans())
def test_a_command_rendered_by_its_own_usage_is_understood_as_itself(
    what: tuple[str, dict[str, Any]], language: Language, is_direct: bool
) -> None:
    name, arguments = what
    router = next(router for router in ROUTERS if router.find(name))
    command = router.find(name)
    assert command is not None
    assume(abs(arguments.get("page", 0)) < 10**18)
    line = usage(command, arguments, language, "" if is_direct else router.prefix_in(language))
    understood = understand(Line(line), 0, ROUTERS, "") if is_direct else typed(line)
    assert isinstance(understood, Call), (line, understood)
    assert understood.command is command
    assert {name: understood.arguments[name] for name in arguments} == arguments


def one_typo(name: str) -> st.SearchStrategy[str]:
    letters = st.sampled_from(string.ascii_lowercase + "好友来往")
    places = st.integers(0, len(name) - 1)
    return st.one_of(
        st.builds(lambda i: name[:i] + name[i + 1 :], places),
        st.builds(lambda i, c: name[:i] + c + name[i + 1 :], places, letters),
        st.builds(lambda i, c: name[:i] + c + name[i:], st.integers(0, len(name)), letters),
        st.builds(lambda i: name[:i] + name[i + 1 : i + 2] + name[i : i + 1] + name[i + 2 :], places),
    )


NAMES: list[tuple[Command, str]] = [
    (command, name) for command in declared.lw.commands for name in command.names if len(name) > 1 and " " not in name
]


@given(st.sampled_from(NAMES).flatmap(lambda named: st.tuples(st.just(named), one_typo(named[1]))))
def test_a_single_typo_is_seen_through(case: tuple[tuple[Command, str], str]) -> None:
    (command, name), wrong = case
    assume(declared.lw.find(wrong) is None and fold(wrong) not in ("help", "cancel", "h", "?"))
    understood = typed(f"!lw {wrong} rest")
    if isinstance(understood, Mistake) and not understood.message.singular.startswith("I do not know “{word}”. Did"):
        # A Chinese command with its argument right behind it, which is wrong.
        assert any(wrong.startswith(known) for _command, known in NAMES)
        return
    assert isinstance(understood, Mistake), understood
    names = [line.split()[1] for line in understood.corrected]
    assert any(other in names for other in command.names), (name, wrong, names)


def test_rendering_leaves_out_what_is_as_usual() -> None:
    command = declared.lw.find("show")
    assert command is not None
    assert usage(command, {"page": 1, "order": "new"}, Language.EN, "!lw") == "!lw show"
    assert usage(command, {"page": 1, "order": "old"}, Language.EN, "!lw") == "!lw show 1 old"
    assert usage(command, {"page": 2}, Language.ZH, "!来往") == "!来往 显示 2"
