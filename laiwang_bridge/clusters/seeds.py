"""Seeds: what a cluster is about, told from a message alone. Nothing is fetched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from appservice import content as contents
from appservice.content import bold
from appservice.events import Content
from appservice.language import Message, _
from laiwang_bridge.clusters.titles import readable
from laiwang_bridge.clusters.titles import title as title_of_line


class Kind(StrEnum):
    """What a seed is; also what clients are told of it in the room."""

    TEXT = "text"
    PHOTO = "photo"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    LINK = "link"
    MUSIC = "music"
    GOODS = "goods"
    ASK = "ask"
    BILL = "bill"

    @property
    def emoji(self) -> str:
        return _EMOJI[self]


_EMOJI = {
    Kind.TEXT: "💬",
    Kind.PHOTO: "📷",
    Kind.VOICE: "🎤",
    Kind.VIDEO: "🎬",
    Kind.FILE: "📎",
    Kind.LINK: "🔗",
    Kind.MUSIC: "🎵",
    Kind.GOODS: "🛍",
    Kind.ASK: "❓",
    Kind.BILL: "🧾",
}

_TEXTS = frozenset(("m.text", "m.emote", "m.notice"))
_FILES = {"m.image": Kind.PHOTO, "m.video": Kind.VIDEO, "m.audio": Kind.VOICE, "m.file": Kind.FILE}
_NAMES: Mapping[Kind, Message] = {
    Kind.PHOTO: _("A picture"),
    Kind.VIDEO: _("A video"),
    Kind.VOICE: _("A recording"),
    Kind.FILE: _("A file"),
}
"""What a cluster is called that is about a file without a word to it."""

_FIELDS = frozenset(("msgtype", "body", "format", "formatted_body", "filename", "url", "info", "m.mentions"))
_VOICE_FIELDS = frozenset(("org.matrix.msc1767.audio", "org.matrix.msc3245.voice"))
"""What is copied of a message that becomes a seed: not its relations, and nothing that pings anybody. The second are
how clients mark voice messages (MSC3245)."""

_LINK = re.compile(r"https?://[^\s<>\"'“”‘’「」『』《》（）【】，。、；：！？]+", re.IGNORECASE)
_AFTER_LINK = ".,;:!?)]}'\""
_SONGS = (
    "163cn.tv", "bandcamp.com", "deezer.com", "kugou.com", "kuwo.cn", "music.163.com", "music.amazon.com",
    "music.apple.com", "music.migu.cn", "music.youtube.com", "open.spotify.com", "qishui.douyin.com", "soundcloud.com",
    "spotify.link", "tidal.com", "y.qq.com",
)  # fmt: skip
_SHOPS = (
    "1688.com", "3.cn", "a.co", "aliexpress.com", "amzn.asia", "amzn.eu", "amzn.to", "dangdang.com", "ebay.us",
    "etsy.com", "flipkart.com", "goofish.com", "jd.com", "jd.hk", "mercari.com", "pinduoduo.com", "rakuten.co.jp",
    "suning.com", "taobao.com", "tb.cn", "temu.com", "tmall.com", "tmall.hk", "vip.com", "walmart.com", "weidian.com",
    "yangkeduo.com", "youzan.com",
)  # fmt: skip
_SHOPS_OF_MANY_COUNTRIES = re.compile(r"(?:^|\.)(?:amazon|ebay|lazada|shopee)\.(?:[a-z]{2,3}|com?\.[a-z]{2})$")

_BILL = re.compile(
    r"(?<![A-Za-z0-9])AA(?![A-Za-z0-9])|(?i:aa)制|(?i:\bgo dutch\b|\bsplit (?:the|a|our) |\bshare the bill\b)"
    r"|[平均分][摊攤]|凑份子|湊份子|账单|帳單"
)
_ASKING = ("?", "？", "吗", "嗎", "呢")

CANNOT_READ = _("I cannot read that message, so it cannot start a cluster. Type the topic instead.")
ENCRYPTED = _(
    "That message is encrypted and I cannot read it, so it cannot start a cluster. Type the topic instead, or send the "
    "message to me here and reply to it with {line}."
)


@dataclass(frozen=True, slots=True)
class Seed:
    """What a cluster begins with: the content of its first message, and the words that give it its title."""

    kind: Kind
    content: Content
    title: str

    @property
    def name(self) -> Message | None:
        """What it is called if there are no words."""
        return _NAMES.get(self.kind)


def of_text(text: str) -> Seed:
    """A seed that somebody types. A text of one short line stands out; a longer one is kept as it is."""
    body, title = readable(text), title_of(text)
    return Seed(kind_of(text), contents.text(bold(title) if body == title else body), title)


def of_event(event: Mapping[str, Any]) -> Seed | Message:
    """The seed that a message makes, as it was last edited; or why it makes none."""
    content = event.get("content")
    if event.get("type") == "m.room.encrypted":
        return ENCRYPTED
    if event.get("type") != "m.room.message" or not isinstance(content, Mapping):
        return CANNOT_READ
    edited = contents.edit_in(content) or _last_edit(event)
    plain = contents.without_reply_fallback(edited.content if edited else content)
    body, kind = plain.get("body"), plain.get("msgtype")
    if not isinstance(body, str) or not isinstance(kind, str):
        return CANNOT_READ
    kept = {name: value for name, value in plain.items() if name in _FIELDS} | {"m.mentions": {}}
    if kind in _TEXTS:
        return Seed(kind_of(body), kept | {"msgtype": "m.text"}, title_of(body))
    if kind not in _FILES:
        return CANNOT_READ
    if not isinstance(kept.get("url"), str):
        return ENCRYPTED if isinstance(plain.get("file"), Mapping) else CANNOT_READ
    if kind == "m.audio":
        kept |= {name: value for name, value in plain.items() if name in _VOICE_FIELDS}
    has_caption = plain.get("filename") not in (None, body)
    is_named = has_caption or kind == "m.file"  # the name of a picture says nothing, that of a document does
    return Seed(_FILES[kind], kept, title_of(body) if is_named else "")


def captioned(content: Content, caption: str | None) -> Content:
    """The content of a file with other words to it; None leaves it as it is, and an empty text takes them away."""
    if caption is None:
        return content
    name = content.get("filename", content["body"])
    kept = {key: value for key, value in content.items() if key not in ("format", "formatted_body")}
    return kept | {"body": caption or name, "filename": name}


def kind_of(text: str) -> Kind:
    """What a text is about: what it links to, else whether it is about sharing costs, or asks something."""
    host = _first_host(text)
    if host is not None:
        return _kind_of_host(host)
    if _BILL.search(text):
        return Kind.BILL
    return Kind.ASK if _asks(text) else Kind.TEXT


def title_of(text: str) -> str:
    """The title that a text gives: its words without addresses; of an address alone, whose it is."""
    return title_of_line(_LINK.sub(" ", text)) or title_of_line((_first_host(text) or "").removeprefix("www."))


def _first_host(text: str) -> str | None:
    for found in _LINK.finditer(text):
        try:
            host = urlsplit(found[0].rstrip(_AFTER_LINK)).hostname
        except ValueError:
            continue
        if host:
            return host.rstrip(".")
    return None


def _kind_of_host(host: str) -> Kind:
    if any(host == song or host.endswith(f".{song}") for song in _SONGS):
        return Kind.MUSIC
    if any(host == shop or host.endswith(f".{shop}") for shop in _SHOPS) or _SHOPS_OF_MANY_COUNTRIES.search(host):
        return Kind.GOODS
    return Kind.LINK


def _asks(text: str) -> bool:
    """Whether it ends as questions do, be there a smile or a full stop behind it."""
    end = len(text)
    while end and text[end - 1] not in _ASKING and unicodedata.category(text[end - 1])[0] not in "LN":
        end -= 1
    return text[:end].endswith(_ASKING)


def _last_edit(event: Mapping[str, Any]) -> contents.Edit | None:
    """The homeserver brings the last edit along (client-server specification, "Server-side aggregation")."""
    found: Any = event
    for name in ("unsigned", "m.relations", "m.replace", "content"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return contents.edit_in(found) if isinstance(found, Mapping) else None
