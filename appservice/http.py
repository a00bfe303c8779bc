"""Requests and answers the way Matrix wants them: JSON throughout, error codes, tokens, bounded bodies."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from aiohttp import hdrs, web

EMPTY_OBJECT = b"{}"

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refusal(Exception):
    """A request that is answered with a standard error (Client-Server API, "Standard error response").

    `close` ends the connection after the answer, for requests whose rest is not worth reading.
    """

    def __init__(
        self, status: int, errcode: str, error: str, *, headers: Mapping[str, str] | None = None, close: bool = False
    ) -> None:
        super().__init__(f"{errcode}: {error}")
        self.status = status
        self.errcode = errcode
        self.error = error
        self._headers = headers or {}
        self._close = close

    def response(self) -> web.Response:
        answer = json_response({"errcode": self.errcode, "error": self.error}, self.status)
        answer.headers.update(self._headers)
        if self._close:
            answer.force_close()
        return answer


def json_response(payload: object, status: int = 200) -> web.Response:
    return raw_json_response(orjson.dumps(payload), status)


def raw_json_response(body: bytes, status: int = 200) -> web.Response:
    # The Server header would tell everybody the versions of Python and aiohttp.
    headers = {hdrs.CONTENT_TYPE: "application/json", hdrs.SERVER: "appservice"}
    return web.Response(body=body, status=status, headers=headers)


def target(request: web.BaseRequest) -> tuple[str, str]:
    """The path and the query of a request, both still percent-encoded."""
    raw = request.raw_path
    if not raw.startswith("/"):  # a proxy may send the whole URL
        raw = request.rel_url.raw_path_qs
    path, _, query = raw.partition("?")
    return path, query


def decoded(part: str) -> str:
    """A percent-encoded part of a path as text. Raises `Refusal` when it is no UTF-8, or holds a NUL."""
    try:
        text = unquote(part, errors="strict")
        text.encode()  # raw bytes that are no UTF-8 arrive as lone surrogates
    except UnicodeError:
        raise Refusal(400, "M_INVALID_PARAM", "the path is not UTF-8") from None
    if "\0" in text:
        raise Refusal(400, "M_INVALID_PARAM", "the path holds a NUL")
    return text


def query_fields(query: str) -> dict[str, str]:
    """The parameters of a query without the token; of a repeated one the first counts."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "access_token":
            fields.setdefault(name, value)
    return fields


class HomeserverToken:
    """The `hs_token` by which a homeserver shows that it is ours.

    Application Service API, "Authorization": a token that does not match is 403 M_FORBIDDEN; the definitions of the
    endpoints have 401 for a homeserver that sent none, whose error code is the client-server API's M_MISSING_TOKEN.
    The `access_token` in the query is the way of specifications before 1.4 (Synapse still has an option for it): it
    may come alone, and where both come both have to match.
    """

    def __init__(self, token: str) -> None:
        if not token:
            raise ValueError("hs_token is empty: anybody could speak for the homeserver")
        self._token = token.encode()
        self._header = b"Bearer " + self._token

    def check(self, request: web.BaseRequest, query: str) -> None:
        """Raise `Refusal` unless the request carries the token."""
        header = request.headers.get(hdrs.AUTHORIZATION, "")
        if not query and hmac.compare_digest(_bytes(header), self._header):
            return
        given = [value for name, value in parse_qsl(query) if name == "access_token"]
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() == "bearer" and credentials.strip():
            given.append(credentials.strip())
        if not given:
            raise Refusal(
                401,
                "M_MISSING_TOKEN",
                "this needs the homeserver's token: Authorization: Bearer <hs_token>",
                headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
            )
        matches = [hmac.compare_digest(_bytes(value), self._token) for value in given]
        if not all(matches):
            raise Refusal(403, "M_FORBIDDEN", "the token is not the hs_token of this application service")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


class Bodies:
    """Reads request bodies of at most `limit` bytes that arrive within `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._arriving: set[asyncio.Timeout] = set()
        self._none_arriving = asyncio.Event()
        self._none_arriving.set()

    async def read(self, request: web.BaseRequest) -> bytes:
        """The whole body. Raises `Refusal` when it is too large, encoded, cut off or too slow."""
        headers = request.headers
        if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise Refusal(
                415,
                "M_UNKNOWN",
                "bodies have to come without a content encoding",
                headers={hdrs.ACCEPT_ENCODING: "identity"},
                close=True,
            )
        length = headers.get(hdrs.CONTENT_LENGTH)
        if length is not None and int(length) > self._limit:
            raise self._too_large()
        content = request.content
        if not content.is_eof():
            return await self._arrive(request)
        body = content.read_nowait()
        if len(body) > self._limit:
            raise self._too_large()
        return body

    async def hurry(self, seconds: float) -> None:
        """Give the bodies that are on their way at most so long; returns when none is any more."""
        self._seconds = min(self._seconds, seconds)
        latest = asyncio.get_running_loop().time() + seconds
        for deadline in self._arriving:
            if not deadline.expired():
                deadline.reschedule(min(latest, deadline.when() or latest))
        await self._none_arriving.wait()

    async def _arrive(self, request: web.BaseRequest) -> bytes:
        deadline = asyncio.timeout(self._seconds)
        self._arriving.add(deadline)
        self._none_arriving.clear()
        try:
            async with deadline:
                if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
                    await request.writer.write(_CONTINUE)
                    request.writer.output_size = 0
                return await self._collect(request.content)
        except TimeoutError:
            raise Refusal(408, "M_UNKNOWN", "the body did not arrive in time", close=True) from None
        except (ConnectionError, web.RequestPayloadError):
            raise Refusal(400, "M_NOT_JSON", "the body is cut off or not well-formed HTTP", close=True) from None
        finally:
            self._arriving.discard(deadline)
            if not self._arriving:
                self._none_arriving.set()

    async def _collect(self, content: Any) -> bytes:
        body = bytearray()
        while not content.at_eof():
            body += await content.readany()
            if len(body) > self._limit:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> Refusal:
        return Refusal(413, "M_TOO_LARGE", f"the body is larger than {self._limit} bytes", close=True)
