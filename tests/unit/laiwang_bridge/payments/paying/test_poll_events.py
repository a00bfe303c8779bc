"""Polls as clients read and write them, in the form of today and in the final one."""

from __future__ import annotations

from typing import Any

from mautrix.types import EventID

from laiwang_bridge.payments.paying.poll_events import START, Choice, chosen, end, poll_of, start

POLL = EventID("$poll")
REFERENCE = {"m.relates_to": {"rel_type": "m.reference", "event_id": POLL}}
QUESTION = "Who was at dinner?"
CHOICES = [Choice("in", "I was"), Choice("out", "I was not")]


def test_a_poll_can_be_read_in_both_forms_and_as_plain_text() -> None:
    content = start(QUESTION, CHOICES)
    unstable, stable = content[START], content["m.poll"]
    assert unstable["question"]["org.matrix.msc1767.text"] == QUESTION
    assert [answer["id"] for answer in unstable["answers"]] == ["in", "out"]
    assert stable["question"]["m.text"] == [{"body": QUESTION}]
    assert [answer["m.id"] for answer in stable["answers"]] == ["in", "out"]
    assert content["body"] == content["org.matrix.msc1767.text"] == "Who was at dinner?\n1. I was\n2. I was not"
    assert content["m.text"] == [{"body": content["body"]}]


def test_a_vote_is_read_in_both_forms() -> None:
    assert chosen({"org.matrix.msc3381.poll.response": {"answers": ["in"]}, **REFERENCE}) == ("in",)
    assert chosen({"m.selections": ["out"], **REFERENCE}) == ("out",)
    assert poll_of({"m.selections": ["out"], **REFERENCE}) == POLL


def test_what_is_no_vote_counts_as_none() -> None:
    spoilt: list[dict[str, Any]] = [
        {}, {"m.selections": []}, {"m.selections": "in"}, {"m.selections": [3]},
        {"org.matrix.msc3381.poll.response": "in"}, {"org.matrix.msc3381.poll.response": {"answers": {"in": 1}}},
    ]  # fmt: skip
    assert [chosen(content) for content in spoilt] == [()] * len(spoilt)
    assert poll_of({"m.relates_to": {"rel_type": "m.annotation", "event_id": POLL}}) is None


def test_the_end_of_a_poll_names_it_and_says_so() -> None:
    content = end(POLL, "Two were there.")
    assert poll_of(content) == POLL
    assert content["body"] == "Two were there."
    assert "org.matrix.msc3381.poll.end" in content
