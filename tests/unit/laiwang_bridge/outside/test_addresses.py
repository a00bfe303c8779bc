"""Which addresses may be opened."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

import laiwang_bridge
from appservice.language import Catalogues, Language
from laiwang_bridge.outside.addresses import Policy, checked, is_public, join, policy, read_address, same_origin
from laiwang_bridge.outside.problems import Cause, OutsideProblem

STRICT = Policy()
NAT64 = IPv6Network("64:ff9b::/96")
INSIDE_V4 = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "168.63.129.16",
)  # fmt: skip
INSIDE_V6 = (
    "::", "::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::7f00:1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "3fff::1", "100::1", "5f00::1",
)  # fmt: skip
PUBLIC = ("1.1.1.1", "8.8.8.8", "223.5.5.5", "100.63.255.255", "172.32.0.1", "2400:3200::1", "2606:4700::1111",
          "::ffff:1.1.1.1", "64:ff9b::1.1.1.1")  # fmt: skip


def cause_of(written: str, rules: Policy = STRICT) -> Cause:
    with pytest.raises(OutsideProblem) as refused:
        read_address(written, rules)
    return refused.value.cause


@pytest.mark.parametrize("address", [*INSIDE_V4, *INSIDE_V6])
def test_machines_inside_are_never_meant(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_machines_of_the_open_internet_are(address: str) -> None:
    assert is_public(address)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_judged_as_what_it_is(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == is_public(str(address))
    assert not is_public(f"::{address}")


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        real = getattr(address, "ipv4_mapped", None) or address
        through_nat64 = real in NAT64
        assert through_nat64 or not (real.is_private or real.is_loopback or real.is_link_local or real.is_multicast)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://dav.example.org/addressbooks/lin/", "https://dav.example.org/addressbooks/lin/"),
        ("dav.example.org", "https://dav.example.org"),
        ("dav.example.org:8443/x", "https://dav.example.org:8443/x"),
        ("  HTTPS://Dav.Example.ORG./x#part ", "https://dav.example.org/x"),
        ("https://例子.测试/通讯录", "https://xn--fsqu00a.xn--0zwm56d/%E9%80%9A%E8%AE%AF%E5%BD%95"),
        ("https://[2606:4700:0:0::1111]:443/", "https://[2606:4700::1111]/"),
        ("https://example.org:443", "https://example.org"),
    ],
)
def test_an_address_is_understood_as_people_write_it(written: str, meant: str) -> None:
    assert str(read_address(written, STRICT)) == meant


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("", Cause.NOT_AN_ADDRESS),
        ("my address book", Cause.NOT_AN_ADDRESS),
        ("https://", Cause.NOT_AN_ADDRESS),
        ("https:///path", Cause.NOT_AN_ADDRESS),
        ("https://a..b/", Cause.NOT_AN_ADDRESS),
        ("https://-a.org/", Cause.NOT_AN_ADDRESS),
        ("https://exa mple.org/", Cause.NOT_AN_ADDRESS),
        ("https://example.org\n.evil.org/", Cause.NOT_AN_ADDRESS),
        ("https://%31%32%37.0.0.1/", Cause.NOT_AN_ADDRESS),
        (r"https://127.0.0.1\@example.org/", Cause.NOT_AN_ADDRESS),
        ("https://example.org:99999/", Cause.NOT_AN_ADDRESS),
        ("https://[fe80::1%25eth0]/", Cause.NOT_AN_ADDRESS),
        (f"https://{'a' * 64}.org/", Cause.NOT_AN_ADDRESS),
        (f"https://{'a.' * 130}org/", Cause.NOT_AN_ADDRESS),
        (f"https://example.org/{'a' * 3000}", Cause.NOT_AN_ADDRESS),
        ("https://2130706433/", Cause.NOT_AN_ADDRESS),
        ("https://0x7f000001/", Cause.NOT_AN_ADDRESS),
        ("https://0x7f.1/", Cause.NOT_AN_ADDRESS),
        ("https://0177.0.0.1/", Cause.NOT_AN_ADDRESS),
        ("https://127.1/", Cause.NOT_AN_ADDRESS),
        ("https://lin:secret@example.org/", Cause.LOGIN_IN_ADDRESS),
        ("lin@example.org", Cause.LOGIN_IN_ADDRESS),
        ("https://example.org@127.0.0.1/", Cause.LOGIN_IN_ADDRESS),
        ("http://example.org/", Cause.HTTP_FORBIDDEN),
        ("ftp://example.org/", Cause.NOT_HTTP),
        ("file:///etc/passwd", Cause.NOT_HTTP),
        ("gopher://127.0.0.1:6379/_x", Cause.NOT_HTTP),
        ("javascript:alert(1)", Cause.NOT_HTTP),
        ("https://example.org:22/", Cause.PORT_FORBIDDEN),
        ("https://example.org:0/", Cause.PORT_FORBIDDEN),
    ],
)
def test_what_is_none_is_refused_with_its_cause(written: str, cause: Cause) -> None:
    assert cause_of(written) is cause


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "{:#x}", "0{:o}", "00{}"]), st.integers(1, 4))
def test_no_number_passes_for_a_name(value: int, form: str, parts: int) -> None:
    """The C library reads 127.1, 0x7f.0.0.1 and 2130706433 as addresses; only four plain decimals are taken here."""
    split = [(value >> 8 * (4 - place)) & 0xFF for place in range(1, parts)]
    split.append(value & (1 << 8 * (5 - parts)) - 1)
    host = ".".join(form.format(part) for part in split)
    try:
        url = read_address(f"https://{host}/", STRICT)
    except OutsideProblem:
        return
    assert ip_address(url.raw_host or "").version == 4
    assert url.raw_host == host


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_problem(written: str) -> None:
    try:
        url = read_address(written, STRICT)
    except OutsideProblem:
        return
    assert url.scheme == "https"
    assert url.raw_user is None
    assert url.raw_fragment == ""
    assert url.raw_host
    assert url.raw_host == url.raw_host.lower()
    assert url.raw_host.isascii()
    assert read_address(str(url), STRICT) == url


@settings(deadline=None)
@given(st.text("htps:/@[]%.0127axf#?\\ \t", max_size=40), st.text("/@:\\#?%.a1", max_size=20))
def test_what_was_checked_leads_where_the_check_looked(start: str, rest: str) -> None:
    """No spelling makes the parts disagree: the host that is connected to is the one that stands in the text."""
    try:
        url = read_address(f"https://{start}.example.org{rest}", STRICT)
    except OutsideProblem:
        return
    assert str(url).startswith(f"https://{url.raw_authority}")
    assert "@" not in url.raw_authority


@settings(deadline=None)
@given(st.integers(-5, 70_000))
def test_ports_are_those_of_web_servers(port: int) -> None:
    try:
        url = read_address(f"https://example.org:{port}/", STRICT)
    except OutsideProblem:
        assert port not in (80, 443)
        assert not (1024 <= port <= 65535)
    else:
        assert url.port == port
        assert port in (80, 443) or 1024 <= port <= 65535


def test_the_operator_can_allow_hosts_ports_and_plain_http() -> None:
    rules = policy(["Nextcloud.LAN.", "10.0.0.5:81", "::1", "[fd00::1]:8443", "例子.测试"], http=True)
    assert rules.allowed_hosts == {"nextcloud.lan", "10.0.0.5:81", "::1", "[fd00::1]:8443", "xn--fsqu00a.xn--0zwm56d"}
    assert all(
        rules.allows(read_address(written, rules))
        for written in (
            "http://nextcloud.lan:8080/",
            "nextcloud.lan./",
            "http://10.0.0.5:81/",
            "https://[0::1]:9/",
            "https://[fd00::1]:8443/",
            "例子.测试",
        )
    )
    assert not any(
        rules.allows(URL(written))
        for written in ("http://10.0.0.5/", "https://[fd00::1]/", "https://a.nextcloud.lan/", "https://example.org/")
    )
    assert cause_of("http://10.0.0.6:81/", rules) is Cause.PORT_FORBIDDEN


@pytest.mark.parametrize("written", ["", "a b", "https://example.org", "example.org/path", "lin@example.org", "0x7f.1"])
def test_an_allowed_host_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(OutsideProblem):
        policy([written])


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("/dav/lin%40example.org/", "https://example.org/dav/lin%40example.org/"),
        ("card%2F1.vcf", "https://example.org/a/card%2F1.vcf"),
        ("https://other.org/x", "https://other.org/x"),
        ("//other.org/x", "https://other.org/x"),
        ("../李 雷.vcf", "https://example.org/%E6%9D%8E%20%E9%9B%B7.vcf"),
    ],
)
def test_a_reference_keeps_its_percent_encoding(reference: str, meant: str) -> None:
    assert str(checked(join(URL("https://example.org/a/b"), reference), STRICT)) == meant


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_reference_is_an_address_or_a_problem(reference: str) -> None:
    try:
        url = checked(join(URL("https://example.org/a/"), reference), STRICT)
    except OutsideProblem:
        return
    assert url.scheme == "https"


def test_an_origin_is_scheme_host_and_port() -> None:
    start = URL("https://example.org/a")
    assert same_origin(start, URL("https://EXAMPLE.org.:443/b?c"))
    for other in ("http://example.org/a", "https://example.org:8443/a", "https://dav.example.org/a"):
        assert not same_origin(start, URL(other))


def test_there_is_a_sentence_for_every_cause_in_both_languages() -> None:
    catalogues = Catalogues(Path(laiwang_bridge.__file__).parent / "locale")
    for cause in Cause:
        assert catalogues[Language.ZH].text(cause.sentence) != catalogues[Language.EN].text(cause.sentence)
    assert Cause.INSIDE.sentence == Cause.UNREACHABLE.sentence, "or one could find out which names exist inside"
