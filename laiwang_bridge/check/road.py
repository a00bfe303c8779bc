"""The way from the homeserver to us: where we listen, and whether a ping comes through."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from appservice.http import Refusal, raw_json_response
from appservice.listener import CannotListen, Listener, TcpAddress
from laiwang_bridge.check.findings import REGISTER_AGAIN, Check, Finding, Subject, fail, ok, skipped, warn
from laiwang_bridge.check.http import Answer, NoAnswer, Trouble, segment
from laiwang_bridge.config import Config

_PING_PATH = "/_matrix/app/v1/ping"
_PING_SECONDS = 75.0
"""Longer than homeservers wait for our answer, so that we hear what they make of it."""


async def is_running(subject: Subject) -> bool:
    """Whether this bridge, with these tokens, answers where it should listen."""
    try:
        return (await _local(subject, "POST", _PING_PATH, subject.config.appservice.hs_token, {})).status == 200
    except NoAnswer:
        return False


async def bridge(subject: Subject) -> Iterable[Finding]:
    ours = subject.config.appservice
    place = TcpAddress(ours.listen_host, ours.listen_port)
    try:
        live = await _local(subject, "GET", "/live")
    except NoAnswer as error:
        if error.trouble is Trouble.REFUSED:
            return [ok("bridge", f"The bridge is not running; {place} is free, and the check answers in its place.")]
        live = None
    if live is None or live.json.get("live") is not True:
        text = f"Another program listens on {place}."
        return [fail("bridge.port-taken", text, "Stop it, or choose another appservice.listen_port.")]
    if not await is_running(subject):
        text = f"A bridge listens on {place}, but with other tokens."
        mend = "If it is this one, restart it, for its configuration has changed since. If not, choose another port."
        return [fail("bridge.other", text, mend)]
    ready = await _local(subject, "GET", "/ready")
    checks = ready.json.get("checks", {})
    reasons = [f"{name}: {check.get('reason')}" for name, check in checks.items() if not check.get("ok")]
    if reasons:
        text = f"The bridge runs on {place}, but is not ready ({'; '.join(reasons)})."
        return [warn("bridge.not-ready", text, "Mend what else is found here; if that is nothing, look at its log.")]
    return [ok("bridge", f"The bridge runs on {place}.")]


async def _local(subject: Subject, method: str, path: str, token: str | None = None, body: object = None) -> Answer:
    ours = subject.config.appservice
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(ours.listen_host, ours.listen_host)
    url = f"http://{TcpAddress(host, ours.listen_port)}{path}"
    return await subject.http.request(method, url, token=token, body=body, seconds=5)


async def ping(subject: Subject) -> Iterable[Finding]:
    """Have the homeserver call; who answers is the running bridge, or a server that is there for this moment only."""
    if await is_running(subject):
        return [_judged(subject, await _have_it_ping(subject, "check"), None)]
    visits = _Visits(subject.config.appservice.hs_token)
    try:
        async with _answering(subject, visits):
            answer = await _have_it_ping(subject, visits.expected)
    except CannotListen as error:
        return [_cannot_listen(subject, error)]
    return [_judged(subject, answer, visits)]


def _cannot_listen(subject: Subject, error: CannotListen) -> Finding:
    cause = error.__cause__
    reason = os.strerror(cause.errno).lower() if isinstance(cause, OSError) and cause.errno else str(error)
    ours = subject.config.appservice
    text = f"The bridge cannot listen on {TcpAddress(ours.listen_host, ours.listen_port)}: {reason}."
    mend = "Write an interface and a port of this machine as appservice.listen_host and appservice.listen_port."
    return fail("ping.cannot-listen", text, mend)


async def _have_it_ping(subject: Subject, transaction_id: str) -> Answer | NoAnswer:
    ours = subject.config.appservice
    url = f"{subject.config.homeserver.address}/_matrix/client/v1/appservice/{segment(ours.id)}/ping"
    body = {"transaction_id": transaction_id}
    try:
        return await subject.http.request("POST", url, token=ours.as_token, body=body, seconds=_PING_SECONDS)
    except NoAnswer as error:
        return error


class _Visits:
    """Who came while we were listening: `expected` is what the ping that we asked for carries."""

    def __init__(self, hs_token: str) -> None:
        self.expected = f"check-{secrets.token_hex(8)}"
        self.came = False
        self.wrong_token = False
        self._authorization = f"Bearer {hs_token}"

    async def receive(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != self._authorization:
            self.wrong_token = True
            return Refusal(403, "M_FORBIDDEN", "the token is not ours").response()
        if request.path != _PING_PATH:  # events must wait for the bridge itself
            return Refusal(503, "M_UNKNOWN", "only a check is running here").response()
        self.came = self.came or self.expected in await request.text()
        return raw_json_response(b"{}")


@asynccontextmanager
async def _answering(subject: Subject, visits: _Visits) -> AsyncIterator[None]:
    ours = subject.config.appservice
    listener = Listener(TcpAddress(ours.listen_host, ours.listen_port), visits.receive, stop_seconds=1.0)
    await listener.start()
    try:
        yield
    finally:
        await listener.stop()


def _judged(subject: Subject, answer: Answer | NoAnswer, visits: _Visits | None) -> Finding:
    """What came of a ping. `visits` is None where the running bridge was called."""
    address = subject.config.appservice.address
    if isinstance(answer, NoAnswer):
        text = f"The homeserver was to call us and did not say whether it did: {answer}."
        return fail("ping.no-answer", text, "Look at the homeserver's log.")
    if answer.status == 200:
        if visits is None or visits.came:
            return ok("ping", f"The homeserver reaches us at {address}.")
        return _somebody_else(subject, "ping.misdirected")
    match answer.errcode:
        case "M_CONNECTION_FAILED" | "M_CONNECTION_TIMEOUT":
            kind = "unreachable" if answer.errcode == "M_CONNECTION_FAILED" else "timeout"
            text = f"The homeserver cannot reach us at {address}: {answer.error}."
            return fail(f"ping.{kind}", text, ways_to_reach(subject.config))
        case "M_BAD_STATUS":
            return _bad_status(subject, answer, visits)
        case "M_URL_NOT_SET":
            text = "The registration that the homeserver has says url: null, so it sends us nothing."
            return fail("ping.url-not-set", text, REGISTER_AGAIN)
        case "M_UNRECOGNIZED":
            return skipped("ping", "The homeserver cannot be asked to call us.")
        case "M_FORBIDDEN":
            text = f"The homeserver does not know us as {subject.config.appservice.id!r}, but by another id."
            mend = f"Write the id of its registration as appservice.id. Otherwise: {REGISTER_AGAIN}"
            return fail("ping.other-id", text, mend)
    text = f"The homeserver did not call us: {answer.error} (HTTP {answer.status} {answer.errcode})."
    return fail("ping.refused", text, "Look at the homeserver's log.")


def _bad_status(subject: Subject, answer: Answer, visits: _Visits | None) -> Finding:
    address = subject.config.appservice.address
    status = answer.json.get("status")
    if status in (401, 403) and (visits is None or visits.wrong_token):
        text = "The homeserver shows us another hs_token than ours."
        mend = f"Write that of its registration as appservice.hs_token. Otherwise: {REGISTER_AGAIN}"
        return fail("ping.hs-token", text, mend)
    if status in (401, 403, 404, 405):
        return _somebody_else(subject, "ping.other-program")
    text = f"The homeserver calls us at {address} and gets an answer that is not ours (HTTP {status})."
    return fail("ping.bad-status", text, "Look at the reverse proxy that stands there, or choose another port.")


def _somebody_else(subject: Subject, code: str) -> Finding:
    address = subject.config.appservice.address
    text = f"Not we but another program answers the homeserver at {address}, or another address is registered."
    mend = f"Look at where appservice.address leads, and at its port. If you change it: {REGISTER_AGAIN}"
    return fail(code, text, mend)


def ways_to_reach(config: Config) -> str:
    """Hints for an address that the homeserver cannot use, the likely one first."""
    ours = urlsplit(config.appservice.address)
    listen_host, listen_port = config.appservice.listen_host, config.appservice.listen_port
    hints = []
    if _is_near(ours.hostname) and not _is_near(urlsplit(config.homeserver.address).hostname):
        hints.append(f"On the homeserver's machine {ours.hostname} is that machine itself: write this one's name.")
    elif not _is_near(ours.hostname) and _is_near(listen_host):
        hints.append(f"Let us listen where it can reach us: appservice.listen_host: 0.0.0.0 instead of {listen_host}.")
    port = ours.port or (443 if ours.scheme == "https" else 80)
    if ours.scheme == "http" and port != listen_port:
        hints.append(f"The address names port {port}, and we listen on {listen_port}.")
    hints.append(
        "Write an address as appservice.address that leads here from the homeserver, with containers the name of "
        f"this one. {REGISTER_AGAIN}"
    )
    return " ".join(hints)


def _is_near(host: str | None) -> bool:
    if host is None or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


CHECKS = (
    Check("bridge", bridge),
    Check("ping", ping, ("identity", "bridge")),
)
