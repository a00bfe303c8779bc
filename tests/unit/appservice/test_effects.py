"""Effects come out of the outbox as they went in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import EventID, RoomID, UserID

from appservice.effects import (
    Ban,
    CreateRoom,
    Effect,
    EffectCodec,
    EffectKey,
    EventOf,
    Invite,
    Join,
    Kick,
    Leave,
    MediaOf,
    React,
    ReadState,
    Redact,
    RoomOf,
    SendMessage,
    SetProfile,
    SetState,
    Unban,
    Upload,
)

BOT = UserID("@laiwang:localhost")
ROOM = RoomID("!room")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = text.map(EffectKey)
names = text | st.sampled_from(["\0room_of", "\0event_of", "\0media_of", "\0\0media_of", "\0", "\0\0", ""])
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | text
plain_scalars = scalars.filter(lambda value: value not in (float("inf"), float("-inf")))
values = st.recursive(
    plain_scalars | keys.map(MediaOf) | keys.map(EventOf) | keys.map(RoomOf),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
contents = st.dictionaries(names, values, max_size=5)
rooms = text.map(RoomID) | keys.map(RoomOf)
events = text.map(EventID) | keys.map(EventOf)
users = text.map(UserID)
reasons = st.none() | text

effects: st.SearchStrategy[Effect] = st.one_of(
    st.builds(
        SendMessage,
        sender=users,
        room=rooms,
        content=contents,
        type=text,
        replaces=st.none() | events,
        reply_to=st.none() | events,
    ),
    st.builds(React, sender=users, room=rooms, target=events, reaction=text),
    st.builds(Redact, sender=users, room=rooms, target=events, reason=reasons),
    st.builds(SetState, sender=users, room=rooms, type=text, content=contents, state_key=text),
    st.builds(Join, sender=users, room=rooms, via=st.lists(text, max_size=3).map(tuple)),
    st.builds(Leave, sender=users, room=rooms, reason=reasons),
    *(st.builds(kind, sender=users, room=rooms, user=users, reason=reasons) for kind in (Invite, Kick, Ban, Unban)),
    st.builds(ReadState, sender=users, room=rooms),
    st.builds(
        CreateRoom,
        sender=users,
        alias_localpart=text,
        name=reasons,
        topic=reasons,
        invite=st.lists(users, max_size=3).map(tuple),
        is_direct=st.booleans(),
        initial_state=st.lists(contents, max_size=2).map(tuple),
        power_levels=contents,
        room_version=reasons,
    ),
    st.builds(Upload, sender=users, data=st.binary(max_size=50), content_type=text, filename=text),
    st.builds(SetProfile, sender=users, display_name=reasons, avatar_url=reasons),
)


@given(effects)
def test_every_effect_comes_back_as_it_was(effect: Effect) -> None:
    kind, payload = EffectCodec.encode(effect)
    data = effect.data if isinstance(effect, Upload) else None
    assert EffectCodec.decode(kind, payload, data) == effect


@given(effects)
def test_the_lane_survives_too(effect: Effect) -> None:
    kind, payload = EffectCodec.encode(effect)
    data = effect.data if isinstance(effect, Upload) else None
    assert EffectCodec.decode(kind, payload, data).lane == effect.lane


@pytest.mark.parametrize("forged", ["\0room_of", "\0event_of", "\0media_of"])
def test_somebody_elses_content_cannot_pass_for_a_reference(forged: str) -> None:
    """What people write may be quoted in a content of ours, keys and all."""
    content: Mapping[str, Any] = {"quoted": {forged: "the key of another effect"}}
    kind, payload = EffectCodec.encode(SendMessage(sender=BOT, room=ROOM, content=content))
    decoded = EffectCodec.decode(kind, payload)
    assert isinstance(decoded, SendMessage)
    assert decoded.content == content


def test_an_upload_keeps_its_file_out_of_the_payload() -> None:
    effect = Upload(sender=BOT, data=b"\xff" * 1000, content_type="image/png", filename="a.png")
    assert len(EffectCodec.encode(effect)[1]) < 200


def test_what_happens_in_a_room_shares_its_lane() -> None:
    sends = SendMessage(sender=BOT, room=ROOM, content={})
    assert {sends.lane, Kick(sender=BOT, room=ROOM, user=BOT).lane, ReadState(sender=BOT, room=ROOM).lane} == {ROOM}
    first, second = RoomOf(EffectKey("first")), RoomOf(EffectKey("second"))
    assert Join(sender=BOT, room=first).lane == ReadState(sender=BOT, room=first).lane
    assert Join(sender=BOT, room=first).lane != Join(sender=BOT, room=second).lane


def test_profiles_of_one_user_are_written_one_after_the_other() -> None:
    ghost = UserID("@_laiwang_bob:localhost")
    assert SetProfile(sender=ghost, display_name="Bob").lane == SetProfile(sender=ghost, avatar_url="mxc://a/b").lane
    assert SetProfile(sender=ghost).lane != SetProfile(sender=BOT).lane
