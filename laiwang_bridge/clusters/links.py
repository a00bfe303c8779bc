"""Links to clusters: how one is written, read and drawn. A link opens no door; who may come in is asked there."""

from __future__ import annotations

import io
import re
from urllib.parse import quote, unquote

import segno
from mautrix.types import EventID, RoomID

from appservice.database import storable
from appservice.unit import Unit
from laiwang_bridge.people.codes import ALPHABET

_LINK = re.compile(r"(?:https?://matrix\.to/#/#|matrix:(?:r|room)/|#)(?P<alias>[^\s/?]+)(?:\?\S*)?", re.IGNORECASE)
_MESSAGE = re.compile(
    r"(?:https?://matrix\.to/#/(?P<room>![^\s/?]+)/(?P<event>\$[^\s/?]+)"
    r"|matrix:roomid/(?P<roomid>[^\s/?]+)/e/(?P<eventid>[^\s/?]+))(?:\?\S*)?",
    re.IGNORECASE,
)
_SCALE, _BORDER = 8, 4
_ALIAS_CHARACTERS = 12
_ALIAS_BITS = 64


def new_alias(unit: Unit, purpose: str, prefix: str) -> str:
    """The local part of an alias that nobody can guess: `prefix` and twelve letters and digits."""
    bits = unit.random_bits(purpose, _ALIAS_BITS)
    word = ""
    for _position in range(_ALIAS_CHARACTERS):
        bits, digit = divmod(bits, len(ALPHABET))
        word += ALPHABET[digit]
    return prefix + word.lower()


def link_to(alias: str, domain: str) -> str:
    """The address that every Matrix client follows (specification, "matrix.to navigation"), for the local part of an
    alias."""
    return f"https://matrix.to/#/{quote(f'#{alias}:{domain}', safe='')}"


def alias_in(text: str, domain: str) -> str | None:
    """The local part of the alias to which a text consisting of a link, a `matrix:` address or an alias leads; None if
    it is none of these or of another server. Whether there is such a cluster is another question."""
    found = _LINK.fullmatch(unquote(text.strip()))
    if found is None:
        return None
    localpart, _, server = found["alias"].partition(":")
    return localpart if localpart and server.lower() == domain.lower() else None


def is_link(text: str) -> bool:
    """Whether a text is a link to a room by its alias, of whatever server."""
    return _LINK.fullmatch(unquote(text.strip())) is not None


def message_in(text: str) -> tuple[RoomID, EventID, str] | None:
    """The message that a link in a text leads to (a "permalink", as clients copy it), and the text without it."""
    found = _MESSAGE.search(text)
    if found is None:
        return None
    room = unquote(found["room"]) if found["room"] else f"!{unquote(found['roomid'])}"
    event = unquote(found["event"]) if found["event"] else f"${unquote(found['eventid'])}"
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    return RoomID(storable(room)), EventID(storable(event)), " ".join(rest.split())


def qr_picture(link: str) -> tuple[bytes, int]:
    """A PNG with the QR code of a link, and how many pixels wide and high it is."""
    code = segno.make_qr(link, error="m")
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=_SCALE, border=_BORDER)
    width, _height = code.symbol_size(_SCALE, _BORDER)
    return picture.getvalue(), int(width)
