"""Files that people hand to a bot in their direct chat with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mautrix.types import ContentURI

from appservice.database import storable
from appservice.events import Content

KINDS = frozenset(("m.file", "m.image", "m.audio", "m.video"))


@dataclass(frozen=True, slots=True)
class File:
    """A file as its message describes it; nothing of that has been checked.

    `url` is its `mxc:` address, `size` in bytes. What is there for an encrypted one (client-server specification,
    "Sending encrypted attachments") is of no use to anybody without the key, which is not kept.
    """

    kind: str
    url: ContentURI
    name: str
    media_type: str = ""
    size: int | None = None
    is_encrypted: bool = False

    @classmethod
    def of(cls, content: Content) -> File | None:
        """The file of a message; None where there is none (client-server specification, "m.room.message msgtypes")."""
        kind, url, encrypted = content.get("msgtype"), content.get("url"), content.get("file")
        if isinstance(encrypted, Mapping):
            url = encrypted.get("url")
        if not isinstance(kind, str) or kind not in KINDS or not isinstance(url, str) or not url.startswith("mxc://"):
            return None
        info = content.get("info")
        media_type, size = (info.get("mimetype"), info.get("size")) if isinstance(info, dict) else (None, None)
        name = content.get("filename") or content.get("body")
        return cls(
            kind=kind,
            url=ContentURI(storable(url)),
            name=storable(name) if isinstance(name, str) else "",
            media_type=storable(media_type).lower() if isinstance(media_type, str) else "",
            size=size if isinstance(size, int) and size >= 0 else None,
            is_encrypted=isinstance(encrypted, Mapping),
        )
