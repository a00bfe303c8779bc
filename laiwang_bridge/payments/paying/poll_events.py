"""Polls as Matrix clients know them (MSC3381), in the form that they speak today and in the final one at once.

The event has the type that clients look for today; what it holds can be read by both names. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import EventID

from appservice.events import Content, Relation

START = "org.matrix.msc3381.poll.start"
RESPONSES = ("org.matrix.msc3381.poll.response", "m.poll.response")
END = "org.matrix.msc3381.poll.end"
ENDS = (END, "m.poll.end")

_TEXT, _UNSTABLE_TEXT = "m.text", "org.matrix.msc1767.text"
_DISCLOSED, _UNSTABLE_DISCLOSED = "m.disclosed", "org.matrix.msc3381.poll.disclosed"


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    text: str


def start(question: str, choices: Sequence[Choice]) -> dict[str, Any]:
    """The content of a poll in which everybody has one vote and all see the votes."""
    fallback = "\n".join([question, *(f"{number}. {one.text}" for number, one in enumerate(choices, 1))])
    stable = {
        "kind": _DISCLOSED,
        "max_selections": 1,
        "question": {_TEXT: _blocks(question)},
        "answers": [{"m.id": one.id, _TEXT: _blocks(one.text)} for one in choices],
    }
    unstable = {
        "kind": _UNSTABLE_DISCLOSED,
        "max_selections": 1,
        "question": {_UNSTABLE_TEXT: question, "body": question, "msgtype": "m.text"},
        "answers": [{"id": one.id, _UNSTABLE_TEXT: one.text} for one in choices],
    }
    return {"m.poll": stable, START: unstable, "body": fallback, "m.mentions": {}, **_said(fallback)}


def end(poll: EventID, text: str) -> dict[str, Any]:
    """The content that ends a poll."""
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}, END: {}, "body": text, **_said(text)}


def poll_of(content: Content) -> EventID | None:
    """The poll that a response, or an end, is about."""
    relation = Relation.of(content)
    return relation.event_id if relation.kind == "m.reference" else None


def chosen(content: Content) -> tuple[str, ...]:
    """What somebody has chosen; nothing, where he takes his vote back or said what cannot be read."""
    selections = content.get("m.selections")
    if selections is None:
        response = content.get(RESPONSES[0])
        selections = response.get("answers") if isinstance(response, Mapping) else None
    if not isinstance(selections, (list, tuple)):
        return ()
    return tuple(one for one in selections if isinstance(one, str))


def _blocks(text: str) -> list[dict[str, str]]:
    return [{"body": text}]


def _said(text: str) -> dict[str, Any]:
    return {_TEXT: _blocks(text), _UNSTABLE_TEXT: text}
