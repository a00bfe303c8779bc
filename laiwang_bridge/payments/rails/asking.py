"""One request to a payment service: bounded in time and size, without redirects, nothing of it in the log."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp

from appservice.routes import Later

_SECONDS = 20.0
_MOST_BYTES = 256 * 1024
_LATER_SECONDS = 30.0


async def post(
    url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> tuple[int, bytes]:
    """Send a form; gives the status and the body of the answer.

    Raises `Later` where the service cannot be reached, is busy, or is broken at the moment.
    """
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = urlencode(fields).encode() if method == "POST" else None
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS), trust_env=True) as session,
            session.request(
                method, url, data=body, headers={**form, **(headers or {})}, allow_redirects=False
            ) as answer,
        ):
            status, text = answer.status, await answer.content.read(_MOST_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Later(f"the payment service did not answer: {type(error).__name__}", _LATER_SECONDS) from error
    if status == 429 or status >= 500:
        raise Later(f"the payment service said {status}", _LATER_SECONDS)
    return status, text
