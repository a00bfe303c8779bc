"""Who may see what was said before."""

from __future__ import annotations

from typing import Any

import pytest
from mautrix.types import UserID

from appservice.visibility import may_see

ANN = UserID("@ann:example.org")


def state(visibility: object, membership: object) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"type": "m.room.member", "state_key": "@bo:example.org", "content": {"membership": "join"}},
        {"type": "m.room.member", "state_key": ANN},
    ]
    if visibility:
        shown = {"history_visibility": visibility}
        events.append({"type": "m.room.history_visibility", "state_key": "", "content": shown})
    if membership:
        events.append({"type": "m.room.member", "state_key": ANN, "content": {"membership": membership}})
    return events


@pytest.mark.parametrize(
    ("visibility", "membership", "seen"),
    [
        ("world_readable", None, True),
        ("shared", None, True),
        (None, None, True),
        ("shared", "ban", True),
        ("invited", None, False),
        ("invited", "leave", False),
        ("invited", "invite", True),
        ("invited", "join", True),
        ("joined", None, False),
        ("joined", "invite", False),
        ("joined", "join", True),
        ("something new", "leave", False),
        ("something new", "join", True),
        (7, {}, False),
    ],
)
def test_what_was_said_is_seen_by_the_rules_of_the_specification(
    visibility: object, membership: object, seen: bool
) -> None:
    assert may_see(state(visibility, membership), ANN) is seen
