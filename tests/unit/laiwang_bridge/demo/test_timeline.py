from __future__ import annotations

from typing import Any

from laiwang_bridge.demo.timeline import Timeline

ROOM = "!room"


def _event(event_id: str, kind: str = "m.room.message", sender: str = "@lin:x", **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"msgtype": "m.text", "body": event_id})
    return {"event_id": event_id, "type": kind, "sender": sender, "origin_server_ts": 1, "content": content} | more


def _edit(event_id: str, of: str, text: str, sender: str = "@lin:x") -> dict[str, Any]:
    content = {
        "body": f"* {text}",
        "m.new_content": {"body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": of},
    }
    return _event(event_id, sender=sender, content=content)


def test_every_event_is_kept_once_in_order_of_arrival() -> None:
    timeline = Timeline()
    timeline.add(ROOM, [], [_event("$1"), _event("$2")])
    timeline.add("!other", [], [_event("$3")])
    timeline.add(ROOM, [], [_event("$2"), _event("$4")])
    assert [seen.event_id for seen in timeline.of(ROOM)] == ["$1", "$2", "$4"]
    assert [seen.event_id for seen in timeline.since(1)] == ["$2", "$3", "$4"]
    assert timeline.position == 4


def test_the_last_edit_by_the_sender_is_shown() -> None:
    timeline = Timeline()
    timeline.add(ROOM, [], [_event("$1"), _edit("$2", "$1", "first"), _edit("$3", "$1", "second")])
    timeline.add(ROOM, [], [_edit("$4", "$1", "forged", sender="@mallory:x")])
    assert timeline.shown(ROOM, "$1") == {"body": "second"}
    assert timeline.of(ROOM)[1].text == "first"


def test_a_redacted_edit_no_longer_counts_and_a_redacted_message_is_gone() -> None:
    timeline = Timeline()
    timeline.add(ROOM, [], [_event("$1"), _edit("$2", "$1", "oops")])
    timeline.add(ROOM, [], [_event("$3", "m.room.redaction", content={"redacts": "$2"})])
    assert timeline.shown(ROOM, "$1") == {"msgtype": "m.text", "body": "$1"}
    timeline.add(ROOM, [], [_event("$4", "m.room.redaction", content={}, redacts="$1")])
    assert timeline.shown(ROOM, "$1") is None


def test_the_state_is_the_last_that_was_heard() -> None:
    timeline = Timeline()
    first = _event("$1", "m.room.member", content={"membership": "join"}, state_key="@lin:x")
    second = _event("$2", "m.room.member", content={"membership": "leave"}, state_key="@lin:x")
    timeline.add(ROOM, [first], [])
    assert timeline.members(ROOM) == {"@lin:x"}
    timeline.add(ROOM, [], [second])
    assert timeline.members(ROOM) == set()
    assert timeline.of(ROOM)[0].state_key == "@lin:x"


def test_odd_events_do_no_harm() -> None:
    timeline = Timeline()
    timeline.add(ROOM, [], [{"type": "m.room.message"}, _event("$1", content=None), _event("$2", content={"body": 7})])
    assert [seen.text for seen in timeline.of(ROOM)] == ["", "7"]


def _member(event_id: str, user: str, membership: str) -> dict[str, Any]:
    return _event(event_id, "m.room.member", state_key=user, content={"membership": membership})


def test_state_from_before_what_was_shown_does_not_come_back() -> None:
    """Homeservers repeat it where two events were sent at once."""
    timeline = Timeline()
    invited, joined = _member("$1", "@bo:x", "invite"), _member("$2", "@bo:x", "join")
    timeline.add(ROOM, [], [invited, joined])
    timeline.add(ROOM, [invited], [_event("$3")])
    assert timeline.members(ROOM) == {"@bo:x"}
