"""A tally finds whatever is missing or there twice, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from laiwang_bridge.demo.tally import Tally
from laiwang_bridge.demo.timeline import Seen

ROOM, LIN, BOT = "!room", "@lin:x", "@bot:x"


def _seen(event_id: str, kind: str, content: Mapping[str, Any], sender: str = BOT, key: str | None = None) -> Seen:
    return Seen(ROOM, event_id, kind, sender, content, key, 1, {})


def _message(event_id: str, text: str = "hello", **more: Any) -> Seen:
    return _seen(event_id, "m.room.message", {"msgtype": "m.text", "body": text, **more})


def _edit(event_id: str, of: str, text: str) -> Seen:
    relation = {"rel_type": "m.replace", "event_id": of}
    return _message(event_id, f"* {text}", **{"m.new_content": {"body": text}, "m.relates_to": relation})


def _reaction(event_id: str, of: str, key: str) -> Seen:
    return _seen(event_id, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": of, "key": key}})


def _member(event_id: str, membership: str, name: str | None = None) -> Seen:
    return _seen(event_id, "m.room.member", {"membership": membership, "displayname": name}, key=LIN)


FOUND = [
    _member("$1", "invite"),
    _member("$2", "join"),
    _message("$3", "card"),
    _reaction("$4", "$3", "👍"),
    _edit("$5", "$3", "another card"),
    _edit("$6", "$3", "yet another"),
    _message("$7", "hello"),
    _message("$8", "hello"),
]


@pytest.fixture
def tally() -> Tally:
    tally = Tally()
    tally.member(ROOM, LIN, "invite", "join")
    for event_id, text in (("$3", "card"), ("$7", "hello"), ("$8", "hello")):
        tally.message(ROOM, event_id, text)
    return tally


def test_what_has_to_be_there_is_no_difference(tally: Tally) -> None:
    assert tally.differences(ROOM, FOUND) == []
    assert tally.count(ROOM) == 5
    assert tally.rooms == [ROOM]


def test_every_message_and_step_that_is_missing_is_found(tally: Tally) -> None:
    for missing in ("$1", "$2", "$3", "$7", "$8"):
        found = [seen for seen in FOUND if seen.event_id != missing]
        assert len(tally.differences(ROOM, found)) == 1, missing


@pytest.mark.parametrize(
    ("surplus", "sentence"),
    [
        (_message("$9", "card"), "once too often, from @bot:x: card"),
        (_member("$9", "join"), "@lin:x: invite, join, join instead of invite, join"),
        (_member("$9", "leave"), "@lin:x: invite, join, leave instead of invite, join"),
        (_edit("$9", "$3", "another card"), "2 times the same from @bot:x: another card"),
        (_reaction("$9", "$3", "👍"), "2 times the same from @bot:x: 👍"),
    ],
)
def test_what_is_there_twice_is_found(tally: Tally, surplus: Seen, sentence: str) -> None:
    assert tally.differences(ROOM, [*FOUND, surplus]) == [sentence]


def test_a_new_name_is_no_coming(tally: Tally) -> None:
    assert tally.differences(ROOM, [*FOUND, _member("$9", "join", "林")]) == []


def test_a_room_without_anything_misses_everything(tally: Tally) -> None:
    assert len(tally.differences(ROOM, [])) == 4
    assert tally.differences("!elsewhere", []) == []
