"""Does an application service answer its homeserver as the specification says? For any service, by its address.

    python -m appservice.conformance http://127.0.0.1:29333 --hs-token-file token

Plays the homeserver towards a running service. It asks only for users, rooms and protocols that cannot exist and
sends only events that nobody can act on, so it may be pointed at a service in use. "must" is what the specification
demands (v1.19, "Homeserver -> Application Service API"); "should" is what homeservers rely on beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp
import orjson
from yarl import URL

Level = Literal["must", "should"]

_SECONDS = 20.0
_V1 = "/_matrix/app/v1"
_NOWHERE = "conformance.invalid"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def errcode(self) -> str | None:
        return self.body.get("errcode") if isinstance(self.body, dict) else None

    def __str__(self) -> str:
        return f"{self.status} {self.errcode or ''}".strip()


class NotConforming(Exception):
    """What the service answered instead of what it has to."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check; `problem` is None where the service does it right."""

    level: Level
    name: str
    problem: str | None


class Homeserver:
    """Plays the homeserver. `nonce` makes ids that nobody has used before."""

    def __init__(self, session: aiohttp.ClientSession, url: str, hs_token: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self.hs_token = hs_token
        self.nonce = secrets.token_hex(8)

    async def call(
        self, method: str, path: str, body: object = None, *, token: str | None = "", query_token: str | None = None
    ) -> Answer:
        """One request; `token` None sends none, bytes as `body` go as they are."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.hs_token}"
        url = URL(self._url + path, encoded=True)
        if query_token is not None:
            url = url.with_query({"access_token": query_token})
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        # aiohttp wants large bodies as files.
        async with self._session.request(method, url, data=io.BytesIO(raw), headers=headers) as response:
            try:
                parsed = orjson.loads(await response.read())
            except orjson.JSONDecodeError:
                parsed = None
            return Answer(response.status, parsed, dict(response.headers))

    async def push(self, txn_id: str, body: object, *, base: str = _V1) -> Answer:
        return await self.call("PUT", f"{base}/transactions/{self.nonce}-{txn_id}", body)

    def event(self, **changes: object) -> dict[str, Any]:
        """An event of no known type in a room that nobody is in."""
        return {
            "event_id": f"${self.nonce}-{secrets.token_hex(8)}",
            "room_id": f"!{self.nonce}:{_NOWHERE}",
            "sender": f"@conformance:{_NOWHERE}",
            "type": "invalid.conformance",
            "origin_server_ts": 0,
            "content": {},
            **changes,
        }


def accepted(answer: Answer) -> None:
    if answer.status != 200 or not isinstance(answer.body, dict):
        raise NotConforming(f"expected 200 and a JSON object, got {answer}")


def refused(answer: Answer, status: int, *errcodes: str) -> None:
    """`errcodes` are those that will do; none: any, but it must be an error object."""
    expected = " or ".join(errcodes) or "an errcode"
    if answer.status != status or not answer.errcode or (errcodes and answer.errcode not in errcodes):
        raise NotConforming(f"expected {status} {expected}, got {answer}")


Play = Callable[[Homeserver], Awaitable[None]]


async def _empty_transaction(hs: Homeserver) -> None:
    accepted(await hs.push("empty", {"events": []}))


async def _transaction_twice(hs: Homeserver) -> None:
    body = {"events": [hs.event()]}
    accepted(await hs.push("twice", body))
    accepted(await hs.push("twice", body))


async def _transaction_at_once(hs: Homeserver) -> None:
    body = {"events": [hs.event()]}
    for answer in await asyncio.gather(*(hs.push("at-once", body) for _ in range(4))):
        accepted(answer)


async def _unknown_keys(hs: Homeserver) -> None:
    accepted(await hs.push("keys", {"events": [], "invalid.conformance": {"a": [1]}}))


async def _ephemeral(hs: Homeserver) -> None:
    typing = {"type": "m.typing", "room_id": f"!{hs.nonce}:{_NOWHERE}", "content": {"user_ids": []}}
    accepted(await hs.push("ephemeral", {"events": [], "ephemeral": [typing]}))


async def _extensions(hs: Homeserver) -> None:
    body = {
        "events": [],
        "de.sorunome.msc2409.ephemeral": [],
        "de.sorunome.msc2409.to_device": [],
        "org.matrix.msc3202.device_lists": {"changed": [], "left": []},
        "org.matrix.msc3202.device_one_time_key_counts": {},
        "org.matrix.msc3202.device_one_time_keys_count": {},
        "org.matrix.msc3202.device_unused_fallback_key_types": {},
    }
    accepted(await hs.push("extensions", body))


async def _hundred_events(hs: Homeserver) -> None:
    events = [hs.event(content={"body": "x" * 60_000}) for _ in range(100)]
    accepted(await hs.push("hundred", {"events": events}))


async def _unreadable_event(hs: Homeserver) -> None:
    accepted(await hs.push("unreadable", {"events": [None, 1, [], {}, {"type": 5}, hs.event(content=[])]}))


async def _encoded_txn_id(hs: Homeserver) -> None:
    accepted(await hs.push("a%2Fb%20%E6%9E%97", {"events": []}))


async def _legacy_transaction(hs: Homeserver) -> None:
    accepted(await hs.push("legacy", {"events": []}, base=""))


async def _transaction_wrong_token(hs: Homeserver) -> None:
    path = f"{_V1}/transactions/{hs.nonce}-forged"
    refused(await hs.call("PUT", path, {"events": []}, token="wrong"), 403, "M_FORBIDDEN")


async def _transaction_no_token(hs: Homeserver) -> None:
    path = f"{_V1}/transactions/{hs.nonce}-anonymous"
    answer = await hs.call("PUT", path, {"events": []}, token=None)
    # The text of the specification knows only 403; the definitions of the endpoints have 401 for no credentials.
    if answer.status not in (401, 403) or not answer.errcode:
        raise NotConforming(f"expected 401 or 403 with an errcode, got {answer}")


async def _tokens_differ(hs: Homeserver) -> None:
    refused(await hs.call("POST", f"{_V1}/ping", {}, query_token="wrong"), 403, "M_FORBIDDEN")


async def _header_decides(hs: Homeserver) -> None:
    answer = await hs.call("POST", f"{_V1}/ping", {}, token="wrong", query_token=hs.hs_token)
    refused(answer, 403, "M_FORBIDDEN")


async def _tokens_agree(hs: Homeserver) -> None:
    accepted(await hs.call("POST", f"{_V1}/ping", {}, query_token=hs.hs_token))


async def _query_token(hs: Homeserver) -> None:
    accepted(await hs.call("POST", f"{_V1}/ping", {}, token=None, query_token=hs.hs_token))


async def _not_json(hs: Homeserver) -> None:
    refused(await hs.push("not-json", b'{"events": ['), 400, "M_NOT_JSON", "M_BAD_JSON")


async def _not_an_object(hs: Homeserver) -> None:
    refused(await hs.push("array", []), 400, "M_BAD_JSON")


async def _no_events(hs: Homeserver) -> None:
    refused(await hs.push("no-events", {}), 400, "M_BAD_JSON", "M_MISSING_PARAM")


async def _ping(hs: Homeserver) -> None:
    accepted(await hs.call("POST", f"{_V1}/ping", {"transaction_id": hs.nonce}))


async def _ping_wrong_token(hs: Homeserver) -> None:
    refused(await hs.call("POST", f"{_V1}/ping", {}, token="wrong"), 403, "M_FORBIDDEN")


async def _unknown_path(hs: Homeserver) -> None:
    refused(await hs.call("GET", f"{_V1}/{hs.nonce}"), 404, "M_UNRECOGNIZED")


async def _unknown_method(hs: Homeserver) -> None:
    refused(await hs.call("DELETE", f"{_V1}/ping"), 405, "M_UNRECOGNIZED")


async def _key_queries(hs: Homeserver) -> None:
    # Synapse asks these of services that have them, and tells by the answer which have not.
    for path in ("org.matrix.msc3983/keys/claim", "org.matrix.msc3984/keys/query"):
        answer = await hs.call("POST", f"/_matrix/app/unstable/{path}", {})
        if answer.status != 200:
            refused(answer, 404, "M_UNRECOGNIZED")


async def _unknown_user(hs: Homeserver) -> None:
    refused(await hs.call("GET", f"{_V1}/users/%40{hs.nonce}%3A{_NOWHERE}"), 404)


async def _unknown_alias(hs: Homeserver) -> None:
    refused(await hs.call("GET", f"{_V1}/rooms/%23{hs.nonce}%3A{_NOWHERE}"), 404)


async def _user_wrong_token(hs: Homeserver) -> None:
    path = f"{_V1}/users/%40{hs.nonce}%3A{_NOWHERE}"
    refused(await hs.call("GET", path, token="wrong"), 403)


async def _user_with_slash(hs: Homeserver) -> None:
    # Slashes may stand in a user id, and Synapse does not encode them in a path.
    answer = await hs.call("GET", f"{_V1}/users/%40{hs.nonce}/x%3A{_NOWHERE}")
    refused(answer, 404)
    if answer.errcode == "M_UNRECOGNIZED":
        raise NotConforming("a user id with a slash is taken for an unknown path")


async def _unknown_protocol(hs: Homeserver) -> None:
    for path in ("protocol", "user", "location"):
        refused(await hs.call("GET", f"{_V1}/thirdparty/{path}/{hs.nonce}"), 404)


async def _unknown_third_party(hs: Homeserver) -> None:
    refused(await hs.call("GET", f"{_V1}/thirdparty/user?userid=%40{hs.nonce}%3A{_NOWHERE}"), 404)
    refused(await hs.call("GET", f"{_V1}/thirdparty/location?alias=%23{hs.nonce}%3A{_NOWHERE}"), 404)


CHECKS: Sequence[tuple[Level, str, Play]] = (
    ("must", "a transaction without events is accepted", _empty_transaction),
    ("must", "a transaction that comes twice is accepted twice", _transaction_twice),
    ("must", "a transaction that comes four times at once is accepted", _transaction_at_once),
    ("must", "keys that nobody knows do no harm", _unknown_keys),
    ("must", "ephemeral data is accepted", _ephemeral),
    ("must", "the unstable extensions that homeservers send do no harm", _extensions),
    ("must", "a hundred large events are accepted", _hundred_events),
    ("must", "an encoded transaction id is accepted", _encoded_txn_id),
    ("should", "one unreadable event does not stop the others", _unreadable_event),
    ("should", "the legacy path of transactions works", _legacy_transaction),
    ("must", "a transaction with a wrong token is 403 M_FORBIDDEN", _transaction_wrong_token),
    ("must", "a transaction without a token is 401 or 403", _transaction_no_token),
    ("should", "a right header with a wrong query token is refused", _tokens_differ),
    ("must", "a wrong header with a right query token is refused", _header_decides),
    ("must", "both tokens right is accepted", _tokens_agree),
    ("should", "the query token alone is accepted", _query_token),
    ("should", "a body that is not JSON is 400 M_NOT_JSON", _not_json),
    ("should", "a body that is no object is 400 M_BAD_JSON", _not_an_object),
    ("should", "a body without events is 400", _no_events),
    ("must", "a ping is answered", _ping),
    ("must", "a ping with a wrong token is 403 M_FORBIDDEN", _ping_wrong_token),
    ("must", "an unknown path is 404 M_UNRECOGNIZED", _unknown_path),
    ("must", "an unknown method is 405 M_UNRECOGNIZED", _unknown_method),
    ("should", "key queries are answered, or 404 M_UNRECOGNIZED", _key_queries),
    ("must", "an unknown user is 404", _unknown_user),
    ("must", "an unknown alias is 404", _unknown_alias),
    ("must", "a user query with a wrong token is 403", _user_wrong_token),
    ("should", "a user id with a slash in it is understood", _user_with_slash),
    ("must", "an unknown protocol is 404", _unknown_protocol),
    ("must", "a reverse look-up of nobody is 404", _unknown_third_party),
)


async def examine(url: str, hs_token: str) -> list[Result]:
    """Play every check against the service at `url`. Never raises for what the service does."""
    results: list[Result] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session:
        homeserver = Homeserver(session, url, hs_token)
        for level, name, play in CHECKS:
            try:
                await play(homeserver)
            except NotConforming as deviation:
                results.append(Result(level, name, str(deviation)))
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                results.append(Result(level, name, f"no answer: {type(error).__name__} {error}".strip()))
            else:
                results.append(Result(level, name, None))
    return results


def _token(arguments: argparse.Namespace) -> str:
    if arguments.hs_token_file is not None:
        return str(arguments.hs_token_file.read_text()).strip()
    return os.environ.get("HS_TOKEN", "")


def main() -> int:
    """Print a line for each check; the status is 1 when the service breaks a "must"."""
    parser = argparse.ArgumentParser(prog="python -m appservice.conformance", description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", help="where the service listens, as in its registration")
    parser.add_argument("--hs-token-file", type=Path, help="a file that holds the hs_token (or set HS_TOKEN)")
    arguments = parser.parse_args()
    token = _token(arguments)
    if not token:
        parser.error("the hs_token is missing: set HS_TOKEN, or name a file with --hs-token-file")
    results = asyncio.run(examine(arguments.url, token))
    for result in results:
        verdict = "ok" if result.problem is None else f"NOT {'OK' if result.level == 'must' else 'ideal'}"
        print(f"{verdict:<9} {result.level:<6} {result.name}" + (f": {result.problem}" if result.problem else ""))
    return 1 if any(result.problem for result in results if result.level == "must") else 0


if __name__ == "__main__":
    sys.exit(main())
