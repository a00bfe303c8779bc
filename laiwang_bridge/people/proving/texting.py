"""Sending a text message by what the operator has: a program of his, or an address that takes a POST.

A program gets `{"id": …, "number": "+8613800138000", "text": …}` as JSON on its standard input, and the same in the
environment as `LAIWANG_ID`, `LAIWANG_NUMBER` and `LAIWANG_TEXT`; no shell is in between. It ends with 0 when the
message is on its way, with 75 (EX_TEMPFAIL of sysexits.h) to be asked again later. What it leaves running is ended.

An address gets the same JSON, signed: `X-Laiwang-Signature: sha256=` and the HMAC-SHA256 of the body in hexadecimal. It
answers 2xx when the message is on its way; 429 or 5xx to be asked again later.

Both may be asked twice for the same message after a crash; `id` is then the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import aiohttp
import orjson

from appservice.effects import Job
from appservice.routes import Later
from laiwang_bridge.people.proving.problems import Problem, done, failed

log = logging.getLogger(__name__)

SIGNATURE = "X-Laiwang-Signature"
TRY_LATER = 75

_SECONDS_TO_WAIT = 60.0
_LONGEST_WAIT = 900.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""Of our environment; the rest may hold secrets of the bridge."""


class TextSender(Protocol):
    """Some way to send text messages."""

    async def send(self, message: Mapping[str, str]) -> Mapping[str, Any]:
        """`message` has `id`, `number` and `text`. Raises `Later`."""


class Texter:
    """The worker: `job.given` has `id`, `number` and `text`."""

    def __init__(self, sender: TextSender) -> None:
        self._sender = sender

    async def work(self, job: Job) -> Mapping[str, Any]:
        """Raises `Later`."""
        return await self._sender.send({name: job.given[name] for name in ("id", "number", "text")})


class Program:
    """A program of the operator's."""

    def __init__(self, command: Sequence[str], *, seconds: float) -> None:
        self._command = tuple(command)
        self._seconds = seconds

    async def send(self, message: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=DEVNULL,  # what it prints may name the number
                env=_environment(message),
                start_new_session=True,
            )
        except OSError as error:
            log.error("%s cannot be started: %s", self._command[0], error.strerror)
            return failed(Problem.SERVICE)
        try:
            async with asyncio.timeout(self._seconds):
                await process.communicate(orjson.dumps(dict(message)))
        except TimeoutError as error:
            log.warning("%s was not done after %s seconds", self._command[0], self._seconds)
            raise Later("the program took too long", _SECONDS_TO_WAIT) from error
        finally:
            await _end(process)
        return self._judged(process.returncode)

    def _judged(self, code: int | None) -> Mapping[str, Any]:
        if code == 0:
            return done()
        if code == TRY_LATER:
            raise Later("the program asks to be run again later", _SECONDS_TO_WAIT)
        log.error("%s ended with %s", self._command[0], code)
        return failed(Problem.SERVICE)


class Webhook:
    """An address that takes a POST."""

    def __init__(self, url: str, key: str, *, seconds: float) -> None:
        self._url = url
        self._key = key.encode()
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def send(self, message: Mapping[str, str]) -> Mapping[str, Any]:
        body = orjson.dumps(dict(message))
        headers = {"Content-Type": "application/json", SIGNATURE: signature(self._key, body)}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("the webhook for text messages did not answer: %s", type(error).__name__)
            raise Later("the webhook did not answer", _SECONDS_TO_WAIT) from error
        if 200 <= status < 300:
            return done()
        if status == 429 or status >= 500:
            seconds = min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else _SECONDS_TO_WAIT
            raise Later(f"the webhook said {status}", seconds)
        log.error("the webhook for text messages answered %s", status)
        return failed(Problem.SERVICE)


def signature(key: bytes, body: bytes) -> str:
    """What proves to the operator's service that a request is from this bridge."""
    return f"sha256={hmac.digest(key, body, hashlib.sha256).hex()}"


def _environment(message: Mapping[str, str]) -> dict[str, str]:
    ours = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return ours | {f"LAIWANG_{name.upper()}": value for name, value in message.items()}


async def _end(process: Process) -> None:
    """Nothing of it runs on, whatever it has started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
