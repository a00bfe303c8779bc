"""What people read: safe in every client, and good without HTML too."""

from __future__ import annotations

from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import EventID, UserID

from appservice import content
from appservice.content import ButtonLine, Rich
from appservice.database import storable

ANN = UserID("@ann:example.org")
THAT = EventID("$that")
KEPT_TAGS = {"strong", "code", "pre", "a", "br", "ul", "ol", "li"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def tags(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser


def test_nobody_is_pinged_unless_asked() -> None:
    assert content.notice("hello")["m.mentions"] == {}
    assert content.text("@room hello")["m.mentions"] == {}
    assert content.notice(content.pill(ANN, "Ann"))["m.mentions"] == {}
    assert content.text("hello", [ANN, ANN])["m.mentions"] == {"user_ids": [ANN]}


def test_plain_text_has_no_html_beside_it() -> None:
    assert content.notice("5 < 6\nyes") == {"msgtype": "m.notice", "body": "5 < 6\nyes", "m.mentions": {}}


def test_text_rings_and_a_notice_does_not() -> None:
    assert content.text("x")["msgtype"] == "m.text"
    assert content.notice("x")["msgtype"] == "m.notice"


@given(st.text())
def test_no_text_of_anybody_becomes_html(anything: str) -> None:
    parts = [content.bold(anything), content.code(anything), content.link(anything, "https://example.org/")]
    parts += [content.bullets([anything]), content.code_block(anything), content.pill(ANN, anything)]
    parts += [content.markup("**Hi** `{name}` {name}", {"name": anything})]
    found = tags(content.lines(*parts).html)
    assert {tag for tag, _attributes in found.seen} <= KEPT_TAGS
    assert all(set(attributes) <= {"href"} for _tag, attributes in found.seen)
    for name, target in ((tag, attributes.get("href")) for tag, attributes in found.seen):
        assert target is None or (name == "a" and target.startswith("https://"))


@given(st.text(), st.text())
def test_two_pieces_side_by_side_say_both(one: str, other: str) -> None:
    both = content.words(one) + other
    assert both.plain == storable(one) + storable(other)
    assert tags(both.html.replace("<br>", "\n")).text.split() == both.plain.split()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "//example.org", "ftp://example.org"])
def test_a_link_that_is_not_safe_to_follow_is_just_its_label(url: str) -> None:
    assert content.link("here", url) == Rich("here", "here")


def test_a_link_names_its_address_in_plain_text_once() -> None:
    assert content.link("here", "https://example.org/?a=1&b=2").plain == "here (https://example.org/?a=1&b=2)"
    assert content.link("https://example.org/", "https://example.org/").plain == "https://example.org/"


def test_a_person_is_a_pill() -> None:
    assert content.pill(ANN, "Ann <3").html == '<a href="https://matrix.to/#/@ann:example.org">Ann &lt;3</a>'
    assert content.pill(ANN).plain == ANN
    assert "%2F" in content.pill(UserID("@a/b:example.org")).html


def test_markup_is_read_in_our_sentences_and_not_in_values() -> None:
    said = content.markup("**{name}** types `!lw {word}` {{so}}", {"name": "**x** {word}", "word": "`y`"})
    assert said.plain == "**x** {word} types `!lw `y`` {so}"
    assert said.html == "<strong>**x** {word}</strong> types <code>!lw `y`</code> {so}"


def test_a_value_that_is_missing_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        content.markup("{name}", {})


def test_lists_read_well_without_html() -> None:
    assert content.bullets(["one", content.bold("two")]).plain == "- one\n- two"
    assert content.numbered(["one", "two"]).plain == "1. one\n2. two"
    assert content.lines("a", "", "b").plain == "a\nb"
    assert content.paragraphs("a", "b").plain == "a\n\nb"


def test_a_card_names_each_button_with_what_may_be_typed_instead() -> None:
    card = content.card("Dinner?", [ButtonLine("👍", "step in", "join 7"), ButtonLine("🙈", "hide", "hide 7")])
    assert card.plain == "Dinner?\n\n👍 step in · join 7\n🙈 hide · hide 7"
    assert "<code>join 7</code>" in card.html


def test_a_long_message_is_cut_so_that_its_edit_still_fits_into_an_event() -> None:
    long = content.notice(content.bold("长" * 60_000))
    assert long["body"].endswith("…")
    edit = content.replacement(long, THAT)
    assert len(orjson.dumps(edit)) < 60_000
    html_heavy = content.notice(content.lines(*[content.bold("x")] * 3000))
    assert "formatted_body" not in html_heavy


def test_a_reply_points_at_the_event_and_stays_in_its_thread() -> None:
    plain = content.notice("x")
    assert content.reply(plain, THAT)["m.relates_to"] == {"m.in_reply_to": {"event_id": THAT}}
    threaded = content.reply(content.thread(plain, EventID("$root")), THAT)
    assert threaded["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": False,
        "m.in_reply_to": {"event_id": THAT},
    }
    assert "m.relates_to" not in plain


def test_an_edit_carries_the_new_content_and_a_fallback_and_pings_nobody_anew() -> None:
    new = content.reply(content.text(content.bold("new"), [ANN]), EventID("$else"))
    edit = content.replacement(new, THAT)
    assert edit["body"] == "* new"
    assert edit["formatted_body"] == "* <strong>new</strong>"
    assert edit["m.mentions"] == {}
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": THAT}
    assert edit["m.new_content"] == content.text(content.bold("new"), [ANN])
    read = content.edit_in(edit)
    assert read is not None
    assert (read.event_id, read.content["body"]) == (THAT, "new")


@pytest.mark.parametrize(
    "relation",
    [
        None,
        "m.replace",
        {"rel_type": "m.replace"},
        {"rel_type": "m.replace", "event_id": 5},
        {"rel_type": "m.thread", "event_id": "$x"},
    ],
)
def test_what_is_no_edit_is_not_read_as_one(relation: object) -> None:
    assert content.edit_in({"body": "x", "m.relates_to": relation, "m.new_content": {"body": "y"}}) is None


def test_an_edit_without_new_content_is_none() -> None:
    assert content.edit_in({"m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}}) is None


REPLY = {"m.in_reply_to": {"event_id": "$x"}}


@pytest.mark.parametrize(
    ("body", "cleaned"),
    [
        ("> <@ann:example.org> hello\n> world\n\nfine", "fine"),
        ("> * <@ann:example.org> waves\n\nfine\n\nthanks", "fine\n\nthanks"),
        ("> <@ann:example.org> hello", ""),
        ("> my own quotation\n\nfine", "> my own quotation\n\nfine"),
        ("fine", "fine"),
    ],
)
def test_the_quotation_above_a_reply_is_taken_away_and_nothing_else(body: str, cleaned: str) -> None:
    assert content.without_reply_fallback({"body": body, "m.relates_to": REPLY})["body"] == cleaned


def test_the_quotation_in_html_is_taken_away_too() -> None:
    formatted = "<mx-reply><blockquote>a<br>b</blockquote></mx-reply><b>fine</b>"
    cleaned = content.without_reply_fallback({"body": "fine", "formatted_body": formatted, "m.relates_to": REPLY})
    assert cleaned["formatted_body"] == "<b>fine</b>"


def test_a_message_that_is_no_reply_keeps_what_looks_like_a_quotation() -> None:
    body = "> <@ann:example.org> hello\n\nfine"
    assert content.without_reply_fallback({"body": body})["body"] == body


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        (None, set()),
        ([], set()),
        ({"user_ids": "x"}, set()),
        ({"user_ids": [ANN, 5]}, {ANN}),
        ({"room": True}, set()),
    ],
)
def test_who_is_meant_is_read_from_the_mentions(mentions: object, expected: set[str]) -> None:
    assert content.mentioned({"m.mentions": mentions}) == expected
