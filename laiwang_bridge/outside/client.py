"""The one client for addresses that people type.

It opens no connection into the operator's own network, whatever a name resolves to or a redirect says: the address of
the machine is checked when the socket for it is made, so there is nothing in between that could change. It reads no
more and waits no longer than it was told, and shows a login to nobody but the server it was given for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDictProxy
from yarl import URL

from laiwang_bridge.outside.addresses import Policy, checked, is_public, join, same_origin
from laiwang_bridge.outside.problems import Cause, OutsideProblem

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_CHUNK = 64 * 1024
_SECONDS_TO_CONNECT = 10.0


@dataclass(frozen=True, slots=True)
class Login:
    """A name and a password for one server; the password is in no log and no traceback."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one errand may take: bytes of one answer and of all together, seconds for everything, redirects in a row."""

    answer_bytes: int = 8 * 1024 * 1024
    all_bytes: int = 64 * 1024 * 1024
    seconds: float = 30.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; `url` is where it was said, after redirects."""

    status: int
    url: URL
    headers: CIMultiDictProxy[str]
    body: bytes


class _AddressRefused(OSError):
    """The address of a machine that is never meant."""

    def __init__(self) -> None:
        super().__init__("an address inside the operator's network")


class Outside:
    """Opens addresses from outside under `policy`. Raises `OutsideProblem` for all that can go wrong."""

    def __init__(self, policy: Policy, *, user_agent: str = "laiwang-bridge") -> None:
        self.policy = policy
        self._user_agent = user_agent
        self._public: aiohttp.ClientSession | None = None
        self._allowed: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Outside:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        for session in (self._public, self._allowed):
            if session is not None:
                await session.close()
        self._public = self._allowed = None

    def errand(self, login: Login | None = None, *, login_for: URL | None = None, **allowance: Any) -> Errand:
        """One piece of work, of one or many requests; `allowance` are the fields of `Allowance`.

        The login is shown to the origin of `login_for` only.
        """
        return Errand(self, Allowance(**allowance), _Identification(login, login_for))

    async def get(self, url: URL, **allowance: Any) -> Answer:
        """One page, without a login."""
        return await self.errand(**allowance).request("GET", url)

    def session(self, url: URL) -> aiohttp.ClientSession:
        """The connections for an address: free ones for what the operator allows, guarded ones for all else."""
        if self.policy.allows(url):
            self._allowed = self._allowed or self._open(guarded=False)
            return self._allowed
        self._public = self._public or self._open(guarded=True)
        return self._public

    def _open(self, *, guarded: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=32, limit_per_host=4, socket_factory=_guarded_socket if guarded else None
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Accepted encodings are those that we can unpack bit by bit.
            headers={hdrs.USER_AGENT: self._user_agent, hdrs.ACCEPT_ENCODING: "gzip"},
            auto_decompress=False,
            trust_env=False,
        )


class Errand:
    """Requests that share a login and an allowance."""

    def __init__(self, outside: Outside, allowance: Allowance, identification: _Identification) -> None:
        self._outside = outside
        self._allowance = allowance
        self._identification = identification
        self._bytes_left = allowance.all_bytes
        self._deadline = asyncio.get_running_loop().time() + allowance.seconds

    async def request(
        self, method: str, url: URL, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Ask, following redirects. Every status but a redirect is an answer. Raises `OutsideProblem`."""
        for _hop in range(self._allowance.redirects + 1):
            url = checked(url, self._outside.policy)
            answer = await self._ask(method, url, headers or {}, body)
            location = answer.headers.get(hdrs.LOCATION)
            if answer.status not in _REDIRECTS or location is None:
                return answer
            url = join(url, location)
            if answer.status == 303 or (method == "POST" and answer.status in (301, 302)):
                method, body = "GET", None
            if not same_origin(answer.url, url):
                headers = {name: value for name, value in (headers or {}).items() if not _is_secret(name)}
        raise OutsideProblem(Cause.TOO_MANY_REDIRECTS)

    async def _ask(self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """One request, and a second one where the server wants the login in another form."""
        with _problems():
            async with asyncio.timeout_at(self._deadline):
                answer = await self._exchange(method, url, headers, body)
                if self._identification.learns(answer):
                    answer = await self._exchange(method, url, headers, body)
                return answer

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request = self._outside.session(url).request(
            method,
            url,
            headers={**headers, **self._identification.headers(url)},
            data=body,
            allow_redirects=False,
            middlewares=self._identification.middlewares(url),
            timeout=aiohttp.ClientTimeout(sock_connect=_SECONDS_TO_CONNECT),
        )
        async with request as response:
            return Answer(response.status, url, response.headers, await self._read(response))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, unpacked. No more is ever held than may be, however small it was packed."""
        limit = min(self._allowance.answer_bytes, self._bytes_left)
        if (response.content_length or 0) > limit:
            raise OutsideProblem(Cause.TOO_LARGE, f"{response.content_length} bytes")
        body = bytearray()
        async for piece in _unpacked(response):
            body += piece
            if len(body) > limit:
                raise OutsideProblem(Cause.TOO_LARGE, f"more than {limit} bytes")
        self._bytes_left -= len(body)
        return bytes(body)


class _Identification:
    """Shows a login to the one origin it is for: Basic (RFC 7617), or Digest (RFC 7616) if it wants that."""

    def __init__(self, login: Login | None, origin: URL | None) -> None:
        self._login = login
        self._origin = origin
        self._digest: aiohttp.DigestAuthMiddleware | None = None

    def headers(self, url: URL) -> dict[str, str]:
        if self._login is None or self._digest is not None or not self._is_for(url):
            return {}
        words = f"{self._login.user}:{self._login.password}".encode()
        return {hdrs.AUTHORIZATION: f"Basic {b64encode(words).decode()}"}

    def middlewares(self, url: URL) -> tuple[aiohttp.DigestAuthMiddleware, ...]:
        return (self._digest,) if self._digest is not None and self._is_for(url) else ()

    def learns(self, answer: Answer) -> bool:
        """Whether the server says here for the first time that it wants Digest."""
        if answer.status != 401 or self._login is None or self._digest is not None or not self._is_for(answer.url):
            return False
        offers = [offer.strip().lower() for offer in answer.headers.getall(hdrs.WWW_AUTHENTICATE, ())]
        # The same offer of both is no reason: then Basic was understood, and the password is wrong.
        if any(offer.startswith("basic") for offer in offers) or ":" in self._login.user:
            return False
        if not any(offer.startswith("digest") for offer in offers):
            return False
        self._digest = aiohttp.DigestAuthMiddleware(self._login.user, self._login.password)
        return True

    def _is_for(self, url: URL) -> bool:
        return self._origin is not None and same_origin(self._origin, url)


def _guarded_socket(place: Any) -> socket.socket:
    """A socket for one resolved address, or none at all."""
    family, kind, protocol, _name, address = place
    if family not in (socket.AF_INET, socket.AF_INET6) or not is_public(str(address[0])):
        raise _AddressRefused
    return socket.socket(family, kind, protocol)


async def _unpacked(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body in pieces of bounded size."""
    encoding = response.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower()
    if encoding in ("identity", ""):
        async for piece in response.content.iter_chunked(_CHUNK):
            yield piece
        return
    if encoding not in ("gzip", "x-gzip"):
        raise OutsideProblem(Cause.BAD_ANSWER, f"content encoding {encoding}")
    unpacker = zlib.decompressobj(wbits=31)
    async for packed in response.content.iter_chunked(_CHUNK):
        rest = packed
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, _CHUNK)
            rest = unpacker.unconsumed_tail
        if unpacker.eof:
            return
    if response.content.total_bytes:
        yield unpacker.flush()
        if not unpacker.eof:
            raise OutsideProblem(Cause.BAD_ANSWER, "cut off")


@contextmanager
def _problems() -> Iterator[None]:
    """Turns what the network and its servers can do to a request into one kind of exception."""
    try:
        yield
    except TimeoutError as error:
        raise OutsideProblem(Cause.TOO_SLOW) from error
    except (aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise OutsideProblem(Cause.TLS, str(error)) from error
    except aiohttp.ClientConnectorError as error:
        inside = isinstance(error.os_error, _AddressRefused)
        raise OutsideProblem(Cause.INSIDE if inside else Cause.UNREACHABLE, str(error)) from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, zlib.error) as error:
        raise OutsideProblem(Cause.BAD_ANSWER, str(error)) from error
    except (aiohttp.ClientError, OSError, EOFError) as error:
        raise OutsideProblem(Cause.UNREACHABLE, str(error)) from error
    except ValueError as error:
        raise OutsideProblem(Cause.NOT_AN_ADDRESS, str(error)) from error


def _is_secret(header: str) -> bool:
    return header.lower() in ("authorization", "cookie")
