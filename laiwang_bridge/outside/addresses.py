"""Which addresses may be opened: how they are written, and which machines are never meant. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from yarl import URL

from laiwang_bridge.outside.problems import Cause, OutsideProblem

_LONGEST_ADDRESS = 2000
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What the C library takes for a number: 0x7f000001, 0177, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(//|(?![0-9]+(/|$)))", re.IGNORECASE)
_WEB_PORTS = frozenset((80, 443))
_FIRST_FREE_PORT = 1024

# IANA's registries of special-purpose addresses; spelled out because the meaning of `is_global` changed between
# releases of Python.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/3",
        "168.63.129.16/32",  # the virtual public address of Azure's platform, seen by every machine there
    )
)  # fmt: skip
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocols, among them Teredo, which wraps an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which wraps another
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator lets people have fetched.

    `allowed_hosts` are names (`nextcloud.lan`, `10.0.0.5`, `localhost:5232`) that may be opened wherever they are;
    with a port only that one is meant. `http` allows addresses without encryption.
    """

    allowed_hosts: frozenset[str] = frozenset()
    http: bool = False

    def allows(self, url: URL) -> bool:
        """Whether the operator has named this host, so that its place in the network does not matter."""
        host = _bare(url.raw_host or "")
        named = f"[{host}]" if ":" in host else host
        return not self.allowed_hosts.isdisjoint((host, f"{named}:{url.port}"))


def policy(allowed_hosts: Iterable[str] = (), *, http: bool = False) -> Policy:
    """A policy from hosts as an operator writes them. Raises `OutsideProblem` for one that is none."""
    return Policy(frozenset(_allowed(host) for host in allowed_hosts), http)


def _allowed(written: str) -> str:
    """A host, or host and port, in the form that addresses are compared with."""
    text = written.strip().lower()
    if text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    url = _parsed(f"https://{text}")
    if url.path not in ("", "/") or url.raw_query_string or url.raw_user is not None:
        raise OutsideProblem(Cause.NOT_AN_ADDRESS, f"{written!r} is no host")
    host = _host(url)
    if url.explicit_port is None:
        return host
    return f"[{host}]:{url.port}" if ":" in host else f"{host}:{url.port}"


def read_address(written: str, rules: Policy) -> URL:
    """The address that somebody typed; `https://` may be left out. Raises `OutsideProblem`."""
    text = written.strip()
    if not _SCHEME.match(text):
        text = f"https://{text}"
    return checked(_parsed(text), rules)


def checked(url: URL, rules: Policy) -> URL:
    """An address that may be tried, without its fragment. Raises `OutsideProblem`.

    This is only about how it is written; where it leads is checked when the connection is made (`is_public`).
    """
    if url.scheme not in ("http", "https"):
        raise OutsideProblem(Cause.NOT_HTTP, url.scheme)
    if url.raw_user is not None or url.raw_password is not None:
        raise OutsideProblem(Cause.LOGIN_IN_ADDRESS)
    if len(str(url)) > _LONGEST_ADDRESS:
        raise OutsideProblem(Cause.NOT_AN_ADDRESS, "too long")
    url = url.with_host(_host(url)).with_fragment(None)
    if url.scheme == "http" and not rules.http:
        raise OutsideProblem(Cause.HTTP_FORBIDDEN, str(url.origin()))
    port = url.port or 0
    if port not in _WEB_PORTS and port < _FIRST_FREE_PORT and not rules.allows(url):
        raise OutsideProblem(Cause.PORT_FORBIDDEN, str(url.origin()))
    return url


def join(base: URL, reference: str) -> URL:
    """What a reference (a `Location`, a WebDAV `href`) means on the page `base`, its percent-encoding kept as it is.

    Raises `OutsideProblem` for what is no reference; the address is still to be `checked`.
    """
    kept = reference.isascii() and reference.isprintable() and " " not in reference
    return base.join(_url(reference, encoded=kept))


def same_origin(one: URL, other: URL) -> bool:
    """Scheme, host and port are the same (RFC 6454)."""
    return (one.scheme, _bare(one.raw_host or ""), one.port) == (other.scheme, _bare(other.raw_host or ""), other.port)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, rather than of this machine or the networks around it."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_V4)
    inner = _wrapped(ip)
    if inner is not None:
        return is_public(str(inner))
    return ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address really leads to."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None


def _parsed(text: str) -> URL:
    if len(text) > _LONGEST_ADDRESS or not text.isprintable():
        raise OutsideProblem(Cause.NOT_AN_ADDRESS)
    return _url(text)


def _url(text: str, *, encoded: bool = False) -> URL:
    try:
        return URL(text, encoded=encoded)
    except (ValueError, IndexError) as error:  # yarl raises the second for `https://[]@`
        raise OutsideProblem(Cause.NOT_AN_ADDRESS, str(error)) from None


def _host(url: URL) -> str:
    """The host in its one spelling: ASCII, lower case, no dot at the end. Raises `OutsideProblem`.

    IP addresses are only taken in their usual form; `0x7f.1` and `2130706433` are no names.
    """
    host = _bare(url.raw_host or "")
    try:
        return str(ip_address(host)) if "%" not in host else _refuse(host)
    except ValueError:
        pass
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or _NUMBER.fullmatch(labels[-1]):
        _refuse(host)
    return host


def _refuse(host: str) -> str:
    raise OutsideProblem(Cause.NOT_AN_ADDRESS, f"{host!r} is no host")


def _bare(host: str) -> str:
    return host.lower().removesuffix(".")
