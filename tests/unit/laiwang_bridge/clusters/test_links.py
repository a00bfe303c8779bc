"""Links to clusters, as people and their clients write them, and their QR codes as another program reads them."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from laiwang_bridge.clusters.links import alias_in, link_to, qr_picture
from laiwang_bridge.clusters.rules import ClusterId

ID = ClusterId("zd_4h7kq2mw9xcd")
LINK = "https://matrix.to/#/%23zd_4h7kq2mw9xcd%3Aexample.org"


def test_a_link_is_what_clients_follow() -> None:
    assert link_to(ID, "example.org") == LINK


@pytest.mark.parametrize(
    "text",
    [
        LINK,
        f"  {LINK}?via=example.org \n",
        "https://matrix.to/#/#zd_4h7kq2mw9xcd:example.org",
        "#zd_4h7kq2mw9xcd:example.org",
        "#zd_4h7kq2mw9xcd:Example.ORG",
        "matrix:r/zd_4h7kq2mw9xcd:example.org?action=join",
    ],
)
def test_however_it_is_written_it_leads_to_the_cluster(text: str) -> None:
    assert alias_in(text, "example.org") == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "#zd_4h7kq2mw9xcd",
        "#:example.org",
        "#zd_4h7kq2mw9xcd:elsewhere.org",
        "zd_4h7kq2mw9xcd:example.org",
        "look: #zd_4h7kq2mw9xcd:example.org",
        "https://example.org/#/#zd_4h7kq2mw9xcd:example.org",
        "https://matrix.to/#/@lin:example.org",
        "https://matrix.to/#/!room:example.org",
    ],
)
def test_what_is_no_link_to_a_cluster_here_leads_nowhere(text: str) -> None:
    assert alias_in(text, "example.org") is None


def test_another_program_reads_the_qr_code() -> None:
    data, width = qr_picture(LINK)
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size) == ("PNG", (width, width))
    [read] = zxingcpp.read_barcodes(picture.convert("L"))
    assert read.text == LINK
    assert data == qr_picture(LINK)[0]
    assert len(data) < 4_000
