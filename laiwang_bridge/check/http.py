"""Requests of which every possible failure is told apart."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import orjson

_LARGEST_ANSWER = 1024 * 1024
_LONGEST_ERROR = 200


class Trouble(Enum):
    """Why there is no answer."""

    REFUSED = auto()
    """Nobody listens there."""
    UNKNOWN_HOST = auto()
    TIMEOUT = auto()
    CERTIFICATE = auto()
    NOT_TLS = auto()
    """https was asked for, and the other side does not speak it."""
    BROKEN = auto()
    """Something listens, but it does not speak HTTP; or not plain HTTP."""


class NoAnswer(Exception):
    """There was no answer; the message is the system's own word for it."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status; `json` is empty where the body is no JSON object."""

    status: int
    headers: Mapping[str, str]
    json: Mapping[str, Any]
    text: str

    @property
    def errcode(self) -> str:
        return str(self.json.get("errcode", ""))

    @property
    def error(self) -> str:
        """What the other side says about it, short enough for one line, without a full stop."""
        words = " ".join(str(self.json.get("error") or self.text).split())
        return words[:_LONGEST_ERROR].rstrip(".") or f"HTTP {self.status}"


class Http:
    """A client that follows no redirects and checks certificates."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(headers={"User-Agent": "laiwang-bridge check"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        body: object = None,
        query: Mapping[str, str] | None = None,
        seconds: float = 10.0,
    ) -> Answer:
        """Raises `NoAnswer`."""
        try:
            async with self._session.request(
                method,
                url,
                params=query,
                data=None if body is None else orjson.dumps(body),
                headers=_headers(token, body),
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                raw = await response.content.read(_LARGEST_ANSWER)
                return Answer(
                    response.status, dict(response.headers), _json_object(raw), raw.decode("utf-8", "replace")
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NoAnswer(*_told_apart(error)) from error


def segment(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")


def _headers(token: str | None, body: object) -> dict[str, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return headers if body is None else {**headers, "Content-Type": "application/json"}


def _json_object(raw: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _told_apart(error: Exception) -> tuple[Trouble, str]:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            cause = error.certificate_error
            return Trouble.CERTIFICATE, str(getattr(cause, "verify_message", "") or cause)
        case aiohttp.ClientConnectorSSLError():
            return Trouble.NOT_TLS, getattr(error.os_error, "reason", None) or str(error.os_error)
        case aiohttp.ClientConnectorDNSError():
            return Trouble.UNKNOWN_HOST, f"there is no host {error.host}"
        case TimeoutError():
            return Trouble.TIMEOUT, "no answer in time"
        case aiohttp.ClientConnectorError():
            errno = error.os_error.errno
            return Trouble.REFUSED, os.strerror(errno).lower() if errno else str(error.os_error)
        case ssl.SSLError():
            return Trouble.NOT_TLS, error.reason or str(error)
        case aiohttp.ServerDisconnectedError() | asyncio.IncompleteReadError() | ConnectionError():
            return Trouble.BROKEN, "the connection was closed without an answer"
        case aiohttp.ClientResponseError():
            return Trouble.BROKEN, f"what comes back is not HTTP ({error.message})"
    return Trouble.BROKEN, f"{type(error).__name__}: {error}"
