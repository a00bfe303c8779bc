"""Requests of other services than the homeserver: what a payment service or a shop tells us on its own.

Each kind has a path of its own on the same listener. It has no token of the homeserver's: whoever answers it has to
find out for himself, from the very bytes, who is calling.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A POST: the rest of its path, its headers (in any case), and its body as it came."""

    rest: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Callback:
    """POSTs to paths that begin with `prefix` are answered by `answer`; bodies are small and come quickly."""

    prefix: str
    answer: Callable[[Call], Awaitable[Reply]]
    most_bytes: int = 256 * 1024
    seconds: float = 10.0
