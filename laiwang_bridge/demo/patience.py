"""matrix-nio's client, with the patience to wait for a homeserver that is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import nio
from aiohttp import ClientConnectorError, ClientError

_RETRY_AFTER = (0.05, 0.1, 0.2, 0.4, 0.8)


class Refused(Exception):
    """The homeserver said no; `errcode` is Matrix's name for why, `status` the HTTP status."""

    def __init__(self, status: int, errcode: str, message: str) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status = status
        self.errcode = errcode


class PatientClient:
    """Asks through `nio` again and again, up to `patience` seconds.

    nio could repeat by itself, but without end, and also what must not be repeated.
    """

    def __init__(self, homeserver_url: str, name: str, patience: float) -> None:
        config = nio.AsyncClientConfig(max_timeouts=0, request_timeout=30, encryption_enabled=False)
        self.nio = nio.AsyncClient(homeserver_url, name, config=config)
        self.patience = patience

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A call that nio has no method for, or not with all that it can do."""
        data = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.nio.access_token}", "Content-Type": "application/json"}

        async def call() -> Any:
            response = await self.nio.send(method, path, data, headers)
            async with response:
                answer = await response.json()
            if response.status == 200:
                return answer
            error = nio.ErrorResponse.from_dict(answer)
            error.transport_response = response
            return error

        answer: dict[str, Any] = await self.ask(call)
        return answer

    async def ask(self, call: Callable[[], Awaitable[Any]], *, repeatable: bool = True, forever: bool = False) -> Any:
        """Repeat until there is an answer. What is not repeatable is repeated only if it never went out."""
        deadline = time.monotonic() + self.patience
        attempt = 0
        while True:
            problem: Exception
            try:
                answer = await call()
            except ClientConnectorError as error:
                problem = error
            except (ClientError, TimeoutError) as error:
                if not repeatable:
                    raise
                problem = error
            else:
                if not isinstance(answer, nio.ErrorResponse):
                    return answer
                problem = _refusal(answer)
                if not (_may_pass(answer) and repeatable):
                    raise problem
            if not forever and time.monotonic() > deadline:
                raise problem
            await asyncio.sleep(_RETRY_AFTER[min(attempt, len(_RETRY_AFTER) - 1)])
            attempt += 1


def _refusal(answer: Any) -> Refused:
    status = answer.transport_response.status if answer.transport_response else 0
    return Refused(status, answer.status_code or "M_UNKNOWN", answer.message)


def _may_pass(answer: Any) -> bool:
    """Whether asking again can help: not when the homeserver itself says that another one did not answer (502)."""
    status = answer.transport_response.status if answer.transport_response else 0
    return status == 429 or (status >= 500 and (status != 502 or answer.status_code is None))
