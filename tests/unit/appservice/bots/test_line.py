"""What somebody wrote, taken apart: prefixes, people, words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.line import Line, Pill, after_mention, find_prefix, fold, quoted, user_in

PREFIXES = ("!lw", "!来往", "!zd")
ANN = UserID("@ann:example.org")
BOT = UserID("@laiwang:example.org")


def link(user: str, name: str) -> str:
    return f'<a href="https://matrix.to/#/{user}">{name}</a>'


def read(body: str, formatted: str | None = None) -> Line:
    content: dict[str, Any] = {"msgtype": "m.text", "body": body}
    if formatted is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": formatted}
    return Line.of(content)


@pytest.mark.parametrize(
    ("text", "prefix", "rest"),
    [
        ("!lw friends", "!lw", "friends"),
        ("!LW  friends", "!lw", "friends"),
        ("！lw friends", "!lw", "friends"),
        ("！ｌｗ　friends", "!lw", "friends"),
        ("! lw friends", "!lw", "friends"),
        ("!lw\nfriends", "!lw", "friends"),
        ("!lw\u00a0friends", "!lw", "friends"),
        ("!lw", "!lw", ""),
        ("!lw:friends", "!lw", "friends"),
        ("!lw：好友", "!lw", "好友"),
        ("!lw, friends", "!lw", "friends"),
        ("!lw?", "!lw", "?"),
        ("!lw好友", "!lw", "好友"),
        ("!来往好友", "!来往", "好友"),
        ("！来往 好友", "!来往", "好友"),
        ("！来往friends", "!来往", "friends"),
        ("!zd周末爬山", "!zd", "周末爬山"),
    ],
)
def test_a_prefix_is_found_however_it_is_typed(text: str, prefix: str, rest: str) -> None:
    found = find_prefix(Line(text), PREFIXES)
    assert found is not None
    assert (found.prefix, text[found.start :]) == (prefix, rest)


@pytest.mark.parametrize(
    "text", ["!lwx friends", "!lw2", "!lw_", "!lw-x", "!lwé", "lw friends", "x !lw", "", "!", "!l"]
)
def test_what_only_looks_like_a_prefix_is_none(text: str) -> None:
    assert find_prefix(Line(text), PREFIXES) is None


def test_the_longer_prefix_wins() -> None:
    found = find_prefix(Line("!来往账 x"), ("!来往", "!来往账"))
    assert found is not None
    assert found.prefix == "!来往账"


@pytest.mark.parametrize(
    "text",
    [
        "@ann:example.org",
        " @ann:example.org,",
        "https://matrix.to/#/@ann:example.org",
        "https://matrix.to/#/%40ann%3Aexample.org?via=example.org",
        "matrix:u/ann:example.org?action=chat",
    ],
)
def test_a_person_is_named_by_id_or_link(text: str) -> None:
    assert user_in(text) == ANN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@ann",
        "#room:example.org",
        "https://matrix.to/#/#room:example.org",
        "https://example.org/@ann:b",
        "@" + "x" * 300 + ":example.org",
        "@ann:example.org/$event",
    ],
)
def test_what_names_nobody_is_nobody(text: str) -> None:
    assert user_in(text) is None


def test_a_mention_is_the_person_and_not_the_name_shown() -> None:
    line = read("!lw block Ann Lee now", f"!lw block {link(ANN, 'Ann Lee')} now")
    assert [(word.text, word.user) for word in line.words()] == [
        ("!lw", None),
        ("block", None),
        ("Ann Lee", ANN),
        ("now", None),
    ]
    assert line.typed(4) == "block @ann:example.org now"


def test_a_mention_is_found_although_the_text_was_formatted() -> None:
    line = read("!zd *really* Ann! ok", f"!zd <em>really</em> {link(ANN, 'Ann')}! ok")
    assert [word.user for word in line.words() if word.user] == [ANN]
    assert line.text == "!zd *really* Ann! ok"


def test_a_short_name_is_not_found_inside_a_longer_word() -> None:
    line = read("!lw *x* wall w", f"!lw <em>x</em> wall {link(ANN, 'w')}")
    assert line.pills == (Pill(13, 14, ANN),)


def test_a_chinese_name_is_found_without_spaces() -> None:
    line = read("!来往 *屏蔽*林", f"!来往 <em>屏蔽</em>{link(ANN, '林')}")
    assert line.pills == (Pill(8, 9, ANN),)


def test_the_quoted_blank_lines_of_html_do_not_matter() -> None:
    line = read("pay Ann\n5", f"<p>pay {link(ANN, 'Ann')}<br/>5</p>")
    assert [(word.text, word.user) for word in line.words()] == [("pay", None), ("Ann", ANN), ("5", None)]


@pytest.mark.parametrize("formatted", ["<![x", f"<![foo[ {link(ANN, 'Ann')}", f"<a href='matrix.to'>{'<' * 50}", ""])
def test_html_that_is_none_is_only_text(formatted: str) -> None:
    assert read("!lw Ann", formatted).text == "!lw Ann"


def test_the_language_is_not_told_by_the_names_of_people() -> None:
    line = read("!lw block 林", f"!lw block {link(ANN, '林')}")
    assert line.own_text == "!lw block "


def test_a_command_in_backticks_is_a_command() -> None:
    assert read("`!lw friends`").text == "!lw friends"
    assert read("```\n!lw friends\n```").text == "!lw friends"


def test_a_file_name_is_no_text_but_a_caption_is() -> None:
    picture = {"msgtype": "m.image", "body": "!lw.png"}
    assert Line.of(picture).text == ""
    assert Line.of(picture | {"filename": "!lw.png"}).text == ""
    assert Line.of(picture | {"body": "!zd this", "filename": "x.png"}).text == "!zd this"


def test_a_nul_does_not_reach_the_database() -> None:
    assert read("a\0b").text == "a\ufffdb"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('add "two words" x', ["add", "two words", "x"]),
        ("add “two words” x", ["add", "two words", "x"]),
        ("add 「两 个」 x", ["add", "两 个", "x"]),
        ('say "a \\"b\\" \\\\ c"', ["say", 'a "b" \\ c']),
        ('say "open end', ["say", '"open', "end"]),
        ('5" disk', ['5"', "disk"]),
        ('""', [""]),
        ("a , b ， c", ["a", "b", "c"]),
        (" \u3000a\tb\n", ["a", "b"]),
    ],
)
def test_words_are_parted_by_spaces_and_held_together_by_quotation_marks(text: str, words: list[str]) -> None:
    assert [word.text for word in Line(text).words()] == words


@given(st.lists(st.text()))
def test_quoted_words_are_read_back_one_by_one(texts: list[str]) -> None:
    line = Line(" ".join(quoted(text) for text in texts))
    assert [word.text for word in line.words()] == texts


@given(st.text(), st.text())
def test_any_message_can_be_read(body: str, formatted: str) -> None:
    for html in (formatted, f"matrix.to {formatted} {link(ANN, body)}"):
        line = read(body, html)
        assert all(line.text[word.start : word.end] for word in line.words())
        find_prefix(line, PREFIXES)
        after_mention(line, BOT, ("Laiwang", "laiwang"), is_meant=True)


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


NAMES = ("Laiwang", "laiwang")


@pytest.mark.parametrize(
    ("body", "formatted", "is_meant", "rest"),
    [
        ("Laiwang: friends", None, False, "friends"),
        ("laiwang，好友", None, False, "好友"),
        ("@laiwang friends", None, True, "friends"),
        ("@laiwang: friends", None, False, "friends"),
        ("Laiwang好友", None, True, "好友"),
        ("@laiwang:example.org friends", None, False, "friends"),
        ("Laiwang", None, True, ""),
        ("Laiwang friends", f"{link(BOT, 'Laiwang')} friends", False, "friends"),
        ("Laiwang: friends", f"{link(BOT, 'Laiwang')}: friends", False, "friends"),
    ],
)
def test_a_bot_can_be_called_by_its_name(body: str, formatted: str | None, is_meant: bool, rest: str) -> None:
    line = read(body, formatted)
    start = after_mention(line, BOT, NAMES, is_meant=is_meant)
    assert start is not None
    assert line.text[start:] == rest


@pytest.mark.parametrize(
    ("body", "formatted", "is_meant"),
    [
        ("Laiwang is nice", None, False),
        ("thanks, Laiwang", None, True),
        ("Laiwangs: x", None, True),
        ("Laiwang: x", f"{link(ANN, 'Laiwang')}: x", True),
        ("", None, True),
    ],
)
def test_talking_about_a_bot_is_not_talking_to_it(body: str, formatted: str | None, is_meant: bool) -> None:
    assert after_mention(read(body, formatted), BOT, NAMES, is_meant=is_meant) is None
