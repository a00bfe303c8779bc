"""The XML of WebDAV, read and written."""

from __future__ import annotations

from contextlib import suppress
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.contacts.webdav import MEMBERS, WHERE, NotMultistatus, Resource, multiget, read_multistatus

NAMESPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
PIECES = st.sampled_from(
    [
        f"<multistatus {NAMESPACES}>", "</multistatus>", "<response>", "</response>", "<href>", "</href>", "/a%20b",
        "<propstat>", "</propstat>", "<prop>", "</prop>", "<resourcetype>", "</resourcetype>", "<C:addressbook/>",
        "<status>HTTP/1.1 404</status>", "<C:address-data>", "</C:address-data>", "<![CDATA[", "]]>", "&amp;", "&#0;",
        "<!DOCTYPE a>", "<?pi?>", "<!--", "-->", "\x01", "李",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=100), st.lists(PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode())))
def test_anything_is_a_multistatus_or_none(body: bytes) -> None:
    with suppress(NotMultistatus):
        read_multistatus(body)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs"))), max_size=5))
def test_addresses_are_asked_for_as_they_were_given(hrefs: list[str]) -> None:
    asked = ElementTree.fromstring(multiget(hrefs)).iterfind("{DAV:}href")
    assert [href.text or "" for href in asked] == hrefs


@pytest.mark.parametrize("body", [WHERE, MEMBERS])
def test_what_is_asked_is_xml(body: bytes) -> None:
    assert ElementTree.fromstring(body).tag == "{DAV:}propfind"


def test_properties_count_only_where_the_server_found_them() -> None:
    body = f"""<multistatus {NAMESPACES}><response><href> /a/ </href>
    <propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat>
    <propstat><prop><C:addressbook-home-set><href>/b/</href></C:addressbook-home-set></prop>
    <status>HTTP/1.1 404 Not Found</status></propstat></response></multistatus>"""
    assert read_multistatus(body.encode()) == (Resource("/a/", is_collection=True),)


def test_one_status_may_be_that_of_several_resources() -> None:
    body = f"""<multistatus {NAMESPACES}><response><href>/a</href><href>/b</href><status>HTTP/1.1 404 Not Found</status>
    </response></multistatus>"""
    assert read_multistatus(body.encode()) == (Resource("/a", 404), Resource("/b", 404))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_card_arrives_as_it_is_whatever_the_encoding(encoding: str) -> None:
    card = "FN:Zoë & Söhne\n"
    body = f"""<?xml version="1.0" encoding="{encoding}"?>
    <multistatus {NAMESPACES}><response><href>/a</href><propstat><prop>
    <C:address-data><![CDATA[{card}]]></C:address-data></prop></propstat></response></multistatus>"""
    (resource,) = read_multistatus(body.encode(encoding))
    assert resource.card == card


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&x;</multistatus>',
        '<!DOCTYPE a SYSTEM "https://example.org/a.dtd"><multistatus xmlns="DAV:"/>',
        '<!DOCTYPE multistatus><multistatus xmlns="DAV:"/>',
    ],
)
def test_a_document_type_is_refused(body: str) -> None:
    with pytest.raises(NotMultistatus, match="document type"):
        read_multistatus(body.encode())


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(NotMultistatus, match="deep"):
        read_multistatus(b'<multistatus xmlns="DAV:">' + b"<a>" * 1_000_000)
