"""What a cluster can be about: a line of text, or any message that somebody replies to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from mautrix.types import EventID, RoomID

from tests.unit.laiwang_bridge.features.town import BOT, Person, Town

CANNOT = "I cannot read that message, so it cannot start a cluster. Type the topic instead."
PICTURE = {"msgtype": "m.image", "body": "IMG_2034.jpg", "url": "mxc://town/1", "info": {"mimetype": "image/jpeg"}}


@pytest.fixture
async def lin(town: Town) -> Person:
    lin = await town.arrive("lin")
    await town.befriend(lin, await town.arrive("amy"))
    return lin


@pytest.fixture
async def hall(town: Town, lin: Person) -> RoomID:
    return await town.gather(lin, await town.arrive("bo"))


def seed_of(town: Town, title: str) -> Mapping[str, Any]:
    """What stands first in the cluster of that title, and is pinned."""
    room = town.rooms[town.cluster_room(title)]
    first = next(id for id, event in room.said.items() if event["type"] == "m.room.message")
    assert room.state[("m.room.pinned_events", "")]["pinned"] == [first]
    found: Mapping[str, Any] = room.said[first]["content"]
    assert room.said[first]["sender"] == BOT
    assert found["m.mentions"] == {}
    return found


async def start_from(town: Town, lin: Person, hall: RoomID, content: Mapping[str, Any], typed: str = "!zd") -> EventID:
    seed = await town.send(lin.user, hall, "m.room.message", content)
    await town.say(lin.user, hall, typed, reply_to=seed)
    await lin.say("publish")
    return seed


async def test_a_message_becomes_the_seed_and_its_text_the_title(town: Town, lin: Person, hall: RoomID) -> None:
    content = {
        "msgtype": "m.text",
        "body": "Shall we go?\nOn Sunday.",
        "format": "org.matrix.custom.html",
        "formatted_body": "<b>Shall we go?</b><br>On Sunday.",
        "m.mentions": {"user_ids": ["@bo:town"]},
        "m.relates_to": {"m.in_reply_to": {"event_id": "$before"}},
        "com.example.tracking": "yes",
    }
    await start_from(town, lin, hall, content)
    kept = ("msgtype", "body", "format", "formatted_body")
    assert seed_of(town, "Shall we go?") == {name: content[name] for name in kept} | {"m.mentions": {}}
    assert lin.sees("“Shall we go?” is opening. You are being invited.")


async def test_a_title_may_be_given_along(town: Town, lin: Person, hall: RoomID) -> None:
    await start_from(town, lin, hall, {"msgtype": "m.text", "body": "Sunday?"}, "!zd the trip")
    assert seed_of(town, "the trip")["body"] == "Sunday?"
    assert lin.sees("“the trip” is opening.")


async def test_in_the_chat_with_the_bot_it_works_as_well(town: Town, lin: Person) -> None:
    thought = await town.say(lin.user, lin.chat, "a thought")
    await lin.say("!zd", reply_to=thought)
    await lin.say("publish")
    assert seed_of(town, "a thought")["body"] == "a thought"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (PICTURE, "A picture"),
        (PICTURE | {"filename": "IMG_2034.jpg"}, "A picture"),
        (PICTURE | {"filename": "IMG_2034.jpg", "body": "the peak"}, "the peak"),
        (PICTURE | {"msgtype": "m.video"}, "A video"),
        (PICTURE | {"msgtype": "m.audio"}, "A recording"),
        (PICTURE | {"msgtype": "m.file", "body": "menu.pdf"}, "menu.pdf"),
    ],
    ids=["picture", "named", "captioned", "video", "audio", "file"],
)
async def test_pictures_and_files_are_seeds_too(
    town: Town, lin: Person, hall: RoomID, content: dict[str, Any], title: str
) -> None:
    await start_from(town, lin, hall, content)
    assert seed_of(town, title) == content | {"m.mentions": {}}


async def test_a_picture_without_a_word_is_called_so_in_ones_language(town: Town, lin: Person, hall: RoomID) -> None:
    await lin.say("语言 中文")
    await start_from(town, lin, hall, PICTURE)
    assert seed_of(town, "一张图片")["url"] == "mxc://town/1"


async def test_an_edited_message_is_taken_as_it_is_now(town: Town, lin: Person, hall: RoomID) -> None:
    seed = await town.say(lin.user, hall, "Satruday?")
    edit = {
        "msgtype": "m.text",
        "body": "* Saturday?",
        "m.new_content": {"msgtype": "m.text", "body": "Saturday?"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": seed},
    }
    changed = await town.send(lin.user, hall, "m.room.message", edit)
    await town.say(lin.user, hall, "!zd", reply_to=seed)
    await lin.say("publish")
    assert seed_of(town, "Saturday?")["body"] == "Saturday?"
    await town.say(lin.user, hall, "!zd once more", reply_to=changed)  # some clients reply to the edit itself
    await lin.say("publish")
    assert seed_of(town, "once more")["body"] == "Saturday?"


@pytest.mark.parametrize("kind", ["m.notice", "m.emote"])
async def test_what_machines_say_is_said_plainly(town: Town, lin: Person, hall: RoomID, kind: str) -> None:
    await start_from(town, lin, hall, {"msgtype": kind, "body": "rain tomorrow"})
    assert seed_of(town, "rain tomorrow")["msgtype"] == "m.text"


async def test_a_quotation_above_a_reply_does_not_come_along(town: Town, lin: Person, hall: RoomID) -> None:
    content = {
        "msgtype": "m.text",
        "body": "> <@bo:town> secret\n\nmy words",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$secret"}},
    }
    await start_from(town, lin, hall, content)
    assert seed_of(town, "my words")["body"] == "my words"


@pytest.mark.parametrize(
    ("type", "content"),
    [
        ("m.room.message", {}),
        ("m.room.message", {"msgtype": "m.text"}),
        ("m.room.message", {"msgtype": "m.text", "body": 7}),
        ("m.room.message", {"msgtype": "m.location", "body": "here", "geo_uri": "geo:1,2"}),
        ("m.room.message", {"msgtype": ["m.text"], "body": "x"}),
        ("m.sticker", {"body": "smile", "url": "mxc://town/3"}),
    ],
    ids=["empty", "no body", "odd body", "place", "odd type", "sticker"],
)
async def test_what_cannot_be_read_is_no_seed(
    town: Town, lin: Person, hall: RoomID, type: str, content: dict[str, Any]
) -> None:
    seed = await town.send(lin.user, hall, type, content)
    await town.say(lin.user, hall, "!zd", reply_to=seed)
    assert CANNOT in lin.news()
    assert await town.count("cluster") == 0


@pytest.mark.parametrize(
    ("type", "content"),
    [
        ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…"}),
        ("m.room.message", {"msgtype": "m.image", "body": "secret.jpg", "file": {"url": "mxc://town/2"}}),
    ],
    ids=["message", "picture"],
)
async def test_what_is_encrypted_is_none_and_what_to_do_instead_is_said(
    town: Town, lin: Person, hall: RoomID, type: str, content: dict[str, Any]
) -> None:
    seed = await town.send(lin.user, hall, type, content)
    await town.say(lin.user, hall, "!zd", reply_to=seed)
    assert lin.news().endswith("or send the message to me here and reply to it with `start`.")
    assert await town.count("cluster") == await town.count("cluster_draft") == 0


async def test_neither_is_what_was_taken_back(town: Town, lin: Person, hall: RoomID) -> None:
    seed = await town.say(lin.user, hall, "never mind")
    await town.send(lin.user, hall, "m.room.redaction", {"redacts": seed})
    await town.say(lin.user, hall, "!zd", reply_to=seed)
    assert CANNOT in lin.news()


async def test_nor_what_is_not_there(town: Town, lin: Person, hall: RoomID) -> None:
    await town.say(lin.user, hall, "!zd", reply_to=EventID("$nowhere"))
    assert CANNOT in lin.news()


async def test_no_text_of_anybody_is_kept_but_the_title(town: Town, lin: Person, hall: RoomID) -> None:
    await start_from(town, lin, hall, {"msgtype": "m.text", "body": "the first line\nxyzzy is the second"})
    await town.say(lin.user, town.cluster_room("the first line"), "plugh")
    for table in ("inbox", "outbox", "cluster", "bot_command", "inbox_transaction"):
        rows = await town.rows(table)
        assert not any("xyzzy" in repr(row) or "plugh" in repr(row) for row in rows), table
