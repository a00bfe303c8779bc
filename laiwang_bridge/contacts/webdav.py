"""The XML of WebDAV (RFC 4918) and CardDAV (RFC 6352): what is asked, and what a multistatus says. Pure functions.

Read with the standard library's expat, which refuses here to see a document type at all. Every XML bomb and every
reference to an outside file needs one, and no WebDAV answer has one, so nothing is lost; defusedxml does the same by
way of internals of ElementTree, and had its last release years ago.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
_DEEPEST = 32
_STATUS = re.compile(r"\s*HTTP/[0-9.]+\s+([0-9]{3})\b")
# Of a card only what the reader uses; above all no photos.
_WANTED = (
    "VERSION", "UID", "FN", "N", "NICKNAME", "ORG", "TEL", "EMAIL", "IMPP", "URL", "NOTE", "X-MATRIX", "X-JABBER",
)  # fmt: skip
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'

WHERE = (
    f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><current-user-principal/><C:addressbook-home-set/></prop>"
    "</propfind>"
).encode()
"""Asks a resource what it is, whose it is, and where the address books are."""

MEMBERS = f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><getetag/></prop></propfind>".encode()
"""Asks a collection what is in it."""


class NotMultistatus(Exception):
    """An answer that is no multistatus; the message says why."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a multistatus says of one resource. `href` is as the server wrote it; `status` is None where it has none of
    its own. Of the properties only those count that the server says it found."""

    href: str
    status: int | None = None
    is_collection: bool = False
    is_address_book: bool = False
    is_anonymous: bool = False
    principals: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    card: str | None = None


def multiget(hrefs: Iterable[str]) -> bytes:
    """Asks for cards by their addresses (RFC 6352, section 8.7)."""
    wanted = "".join(f'<C:prop name="{name}"/>' for name in _WANTED)
    asked = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    return (
        f"{_HEAD}<C:addressbook-multiget {_SPACES}><prop><getetag/><C:address-data>{wanted}</C:address-data></prop>"
        f"{asked}</C:addressbook-multiget>"
    ).encode()


def read_multistatus(body: bytes) -> tuple[Resource, ...]:
    """The resources of a multistatus, in its order. Raises `NotMultistatus`."""
    root = _parse(body)
    if root.tag != f"{DAV}multistatus":
        raise NotMultistatus(f"the document is {root.tag!r}")
    return tuple(resource for response in root.iterfind(f"{DAV}response") for resource in _resources(response))


def _resources(response: Element) -> Sequence[Resource]:
    """One response; it may name several resources that share a status."""
    hrefs = [text for element in response.iterfind(f"{DAV}href") if (text := _text(element))]
    found = [prop for propstat in response.iterfind(f"{DAV}propstat") if _ok(propstat) for prop in propstat]
    properties = {element.tag: element for prop in found if prop.tag == f"{DAV}prop" for element in prop}
    kinds = {element.tag for element in properties.get(f"{DAV}resourcetype", ())}
    principal = properties.get(f"{DAV}current-user-principal")
    card = properties.get(f"{CARDDAV}address-data")
    return [
        Resource(
            href=href,
            status=_status(response),
            is_collection=f"{DAV}collection" in kinds,
            is_address_book=f"{CARDDAV}addressbook" in kinds,
            is_anonymous=principal is not None and principal.find(f"{DAV}unauthenticated") is not None,
            principals=_hrefs(principal),
            homes=_hrefs(properties.get(f"{CARDDAV}addressbook-home-set")),
            card=card.text if card is not None else None,
        )
        for href in hrefs
    ]


def _ok(propstat: Element) -> bool:
    status = _status(propstat)
    return status is None or 200 <= status < 300


def _status(element: Element) -> int | None:
    match = _STATUS.match(element.findtext(f"{DAV}status") or "")
    return int(match[1]) if match else None


def _hrefs(element: Element | None) -> tuple[str, ...]:
    return tuple(text for href in (() if element is None else element.iterfind(f"{DAV}href")) if (text := _text(href)))


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _parse(body: bytes) -> Element:
    """The document as a tree. Raises `NotMultistatus` for what is no XML, has a document type or is nested too deep."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise NotMultistatus("nested too deep")
        builder.start(_tag(tag), {})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_tag(tag))

    def refuse(*_declaration: object) -> None:
        raise NotMultistatus("it has a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_without_controls(body), True)
        return builder.close()
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise NotMultistatus(str(error)) from None


def _without_controls(body: bytes) -> bytes:
    """Some servers hand out cards with control characters as they are, which no XML may have."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in body[:4]:
        return body  # UTF-16
    return body.translate(None, bytes(set(range(32)) - {9, 10, 13}))


def _tag(name: str) -> str:
    return f"{{{name}" if "}" in name else name
