"""What a message says about being a seed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.language import Message
from laiwang_bridge.clusters.seeds import (
    CANNOT_READ,
    ENCRYPTED,
    Kind,
    Seed,
    captioned,
    kind_of,
    of_event,
    of_text,
    title_of,
)

SONG = "https://music.163.com/#/song?id=186016"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("weekend hike", Kind.TEXT),
        ("weekend hike?", Kind.ASK),
        ("周末爬山？", Kind.ASK),
        ("一起去吗", Kind.ASK),
        ("去哪里呢。", Kind.ASK),
        ("shall we?? 😀", Kind.ASK),
        ("(shall we?)", Kind.ASK),
        ("is it? I think so", Kind.TEXT),
        ("dinner yesterday, AA", Kind.BILL),
        ("昨晚吃饭AA制", Kind.BILL),
        ("昨晚的饭平摊一下？", Kind.BILL),
        ("shall we split the bill?", Kind.BILL),
        ("AAA batteries", Kind.TEXT),
        ("see https://example.org/a", Kind.LINK),
        (f"听听这个 {SONG}", Kind.MUSIC),
        ("HTTPS://Y.QQ.com/n/song/1.html", Kind.MUSIC),
        ("https://open.spotify.com/track/1?si=2", Kind.MUSIC),
        ("https://music.apple.com/cn/album/1", Kind.MUSIC),
        ("worth it? https://item.jd.com/100.html", Kind.GOODS),
        ("（https://item.taobao.com/item.htm?id=1）", Kind.GOODS),
        ("https://detail.tmall.com/x", Kind.GOODS),
        ("https://mobile.yangkeduo.com/goods.html?id=1", Kind.GOODS),
        ("https://www.amazon.co.uk/dp/B0", Kind.GOODS),
        ("https://www.amazon.de./dp/B0", Kind.GOODS),
        ("https://www.ebay.com/itm/1", Kind.GOODS),
        ("https://notjd.com/1", Kind.LINK),
        ("https://jd.com.example.org/1", Kind.LINK),
        ("https://amazon.com.example.org/1", Kind.LINK),
        ("https://[::1/ and nothing else", Kind.TEXT),
        ("http://", Kind.TEXT),
        ("ftp://example.org/a", Kind.TEXT),
        (f"https://example.org first, then {SONG}", Kind.LINK),
    ],
)
def test_what_a_text_is_about(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"listen to this: {SONG} now", "listen to this: now"),
        (f"{SONG}\nthe best of all", "the best of all"),
        (SONG, "music.163.com"),
        ("https://www.example.org/a/b", "example.org"),
        ("weekend hike?", "weekend hike?"),
        ("", ""),
    ],
)
def test_an_address_is_no_title(text: str, title: str) -> None:
    assert title_of(text) == title


def test_a_typed_line_stands_out_and_a_longer_text_is_kept_whole() -> None:
    assert of_text("  weekend\u202e hike? ").content["formatted_body"] == "<strong>weekend hike?</strong>"
    assert of_text(f"this song\n{SONG}").content["body"] == f"this song\n{SONG}"
    assert of_text(f"this song\n{SONG}").title == "this song"


def message(content: dict[str, Any], type: str = "m.room.message") -> dict[str, Any]:
    return {"type": type, "content": content}


@pytest.mark.parametrize(
    ("type", "kind", "name"),
    [
        ("m.image", Kind.PHOTO, "A picture"),
        ("m.video", Kind.VIDEO, "A video"),
        ("m.audio", Kind.VOICE, "A recording"),
    ],
)
def test_a_file_without_words_has_a_name(type: str, kind: Kind, name: str) -> None:
    seed = of_event(message({"msgtype": type, "body": "a.bin", "url": "mxc://a/b"}))
    assert isinstance(seed, Seed)
    assert (seed.kind, seed.title) == (kind, "")
    assert seed.name == Message(name)


def test_a_voice_message_stays_one() -> None:
    voice = {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {"duration": 5000, "waveform": [1, 2]}}
    seed = of_event(message({"msgtype": "m.audio", "body": "Voice message", "url": "mxc://a/b", **voice, "x": 1}))
    assert isinstance(seed, Seed)
    assert voice.items() <= seed.content.items()
    assert "x" not in seed.content


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (message({"ciphertext": "…"}, "m.room.encrypted"), ENCRYPTED),
        (message({"msgtype": "m.image", "body": "a.jpg", "file": {"url": "mxc://a/b"}}), ENCRYPTED),
        (message({"msgtype": "m.image", "body": "a.jpg"}), CANNOT_READ),
        (message({"msgtype": "m.location", "body": "here"}), CANNOT_READ),
        (message({}, "m.sticker"), CANNOT_READ),
        ({}, CANNOT_READ),
    ],
)
def test_what_is_no_seed_says_why(event: dict[str, Any], why: Message) -> None:
    assert of_event(event) == why


def test_a_file_may_get_other_words() -> None:
    photo = {"msgtype": "m.image", "body": "!zd the peak", "filename": "a.jpg", "formatted_body": "<b>", "format": "x"}
    assert captioned(photo, "the peak") == {"msgtype": "m.image", "body": "the peak", "filename": "a.jpg"}
    assert captioned(photo, "") == {"msgtype": "m.image", "body": "a.jpg", "filename": "a.jpg"}
    assert captioned(photo, None) == photo


@given(st.text())
def test_every_text_is_about_something(text: str) -> None:
    seed = of_text(text)
    assert isinstance(seed.kind, Kind)
    assert len(seed.title) <= 60 * 16
    assert seed.kind.emoji
