"""The client-server API of the homeserver, as the bot or as one of our ghosts.

Requests are ours rather than mautrix's `HTTPAPI`, which does not retry on 429 and logs contents; its paths, types and
error codes are used. There is no retrying here: what a failure means is decided by whoever made the call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson
from mautrix.api import Path
from mautrix.types import ContentURI, RoomAlias, RoomID, UserID
from yarl import URL

PathLike = Any
"""What `mautrix.api.Path` builds; its str() is percent-encoded."""

_TOO_LARGE = frozenset((413, 414, 431))


class HomeserverError(Exception):
    """The homeserver refused a request: HTTP `status`, Matrix `errcode`, its sentence, `retry_after` in seconds.

    What a proxy in between made up (no `errcode`, below 500) counts as status 502: asking again may help.
    """

    def __init__(self, status: int, errcode: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status = status
        self.errcode = errcode
        self.message = message
        self.retry_after = retry_after


class HomeserverAway(Exception):
    """The homeserver could not be reached or did not answer; nothing is known about the request."""


class Homeserver:
    """One homeserver. `domain` is its server name, `address` where the bridge reaches its client-server API."""

    def __init__(
        self,
        address: str,
        domain: str,
        as_token: str,
        *,
        timeout_seconds: float = 60.0,
        connections: int = 64,
        user_agent: str = "appservice",
    ) -> None:
        self.address = address.rstrip("/")
        self.domain = domain
        self._headers = {"Authorization": f"Bearer {as_token}", "User-Agent": user_agent}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=10)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        path: PathLike,
        body: Any = None,
        *,
        user: UserID | None = None,
        device: str | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        data: bytes | None = None,
        content_type: str = "application/json",
        timeout_seconds: float | None = None,
    ) -> Any:
        """Make one request and return the JSON of its answer.

        `user` and `device` are whom and which device we act as (Application Service API, "Identity assertion",
        MSC4326). Raises `HomeserverError` or `HomeserverAway`.
        """
        session = self._session or self._open()
        parameters: list[tuple[str, str]] = []
        if user is not None:
            parameters.append(("user_id", user))
        if device is not None:
            parameters.append(("device_id", device))
        for name, value in (query or {}).items():
            parameters += [(name, item) for item in ([value] if isinstance(value, str) else value)]
        url = URL(f"{self.address}/{str(path).lstrip('/')}", encoded=True).update_query(parameters)
        payload = data if data is not None else orjson.dumps(body if body is not None else {})
        headers = {} if method == "GET" else {"Content-Type": content_type}
        timeout = self._timeout
        if timeout_seconds is not None:
            timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with session.request(
                method, url, data=None if method == "GET" else payload, headers=headers, timeout=timeout
            ) as response:
                raw = await response.read()
                return _read(response.status, raw, response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise HomeserverAway(f"{type(error).__name__}: {error}") from error

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30),
            timeout=self._timeout,
        )
        return self._session

    async def versions(self) -> Any:
        """`GET /versions`: which specifications the homeserver speaks; needs no token."""
        return await self.call("GET", "_matrix/client/versions", timeout_seconds=10)

    async def whoami(self, user: UserID | None = None) -> UserID:
        answer = await self.call("GET", Path.v3.account.whoami, user=user)
        return UserID(answer["user_id"])

    async def ping(self, appservice_id: str, transaction_id: str) -> int:
        """Have the homeserver call us; returns the milliseconds it took. It also ends the homeserver's back-off."""
        path = Path.v1.appservice[appservice_id].ping
        answer = await self.call("POST", path, {"transaction_id": transaction_id})
        return int(answer.get("duration_ms", 0))

    async def download(self, uri: ContentURI, user: UserID, *, most_bytes: int, timeout_seconds: float = 120) -> bytes:
        """A file of the media repository (client-server specification, "Content repository").

        Raises `HomeserverError` (413 where it is larger than `most_bytes`, 404 where there is none) or
        `HomeserverAway`.
        """
        server, _, media = uri.removeprefix("mxc://").partition("/")
        path = Path.v1.media.download[server][media]
        url = URL(f"{self.address}/{path}", encoded=True).update_query(user_id=user)
        session = self._session or self._open()
        data = bytearray()
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=timeout_seconds)) as response:
                if response.status != 200:
                    _read(response.status, await response.read(), response.headers.get("Retry-After"))
                    raise HomeserverError(404, "M_NOT_FOUND", f"HTTP {response.status} instead of a file")
                async for chunk in response.content.iter_chunked(65_536):
                    data += chunk
                    if len(data) > most_bytes:
                        raise HomeserverError(413, "M_TOO_LARGE", f"the file has more than {most_bytes} bytes")
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise HomeserverAway(f"{type(error).__name__}: {error}") from error
        return bytes(data)

    async def profile(self, user: UserID, *, timeout_seconds: float = 20) -> Mapping[str, Any]:
        """What anybody may read of a user's profile (client-server specification, "Profiles")."""
        answer = await self.call("GET", Path.v3.profile[user], timeout_seconds=timeout_seconds)
        return answer if isinstance(answer, dict) else {}

    async def upload(self, data: bytes, content_type: str, filename: str, user: UserID) -> str:
        """Store a file in the media repository; gives its `mxc:` address."""
        answer = await self.call(
            "POST",
            "_matrix/media/v3/upload",
            user=user,
            query={"filename": filename},
            data=data,
            content_type=content_type,
            timeout_seconds=600,
        )
        return str(answer["content_uri"])

    async def state(self, room_id: RoomID, type: str, state_key: str, user: UserID) -> Mapping[str, Any]:
        """The content of a state event as it is now; empty where there is none."""
        try:
            answer = await self.call("GET", Path.v3.rooms[room_id].state[type][state_key], user=user)
        except HomeserverError as error:
            if error.status == 404:
                return {}
            raise
        return answer if isinstance(answer, dict) else {}

    async def messages(
        self, room_id: RoomID, user: UserID, *, start: str | None, types: Sequence[str], limit: int
    ) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        """A page of a room's past, the newest first, and where the next one starts: None after the last one.

        Only events of these types; a page may be empty for all that (client-server specification, "Syncing").
        """
        query = {"dir": "b", "limit": str(limit), "filter": orjson.dumps({"types": list(types)}).decode()}
        if start is not None:
            query["from"] = start
        answer = await self.call("GET", Path.v3.rooms[room_id].messages, user=user, query=query)
        chunk, end = answer.get("chunk"), answer.get("end")
        events = [event for event in chunk if isinstance(event, dict)] if isinstance(chunk, list) else []
        return events, end if isinstance(end, str) and end != start else None

    async def default_room_version(self, user: UserID) -> str:
        """The version of the rooms that this homeserver makes."""
        capabilities = (await self.call("GET", Path.v3.capabilities, user=user)).get("capabilities", {})
        return str(capabilities.get("m.room_versions", {}).get("default", "1"))

    async def upgrade(self, room_id: RoomID, version: str, user: UserID) -> RoomID:
        """Have a room replaced by one of another version; gives the new one. Asked again it makes yet another."""
        path = Path.v3.rooms[room_id].upgrade
        answer = await self.call("POST", path, {"new_version": version}, user=user, timeout_seconds=300)
        return RoomID(str(answer["replacement_room"]))

    async def resolve_alias(self, alias: RoomAlias, user: UserID) -> RoomID | None:
        try:
            answer = await self.call("GET", Path.v3.directory.room[alias], user=user)
        except HomeserverError as error:
            if error.status == 404:
                return None
            raise
        return RoomID(answer["room_id"])

    async def membership(self, room_id: RoomID, member: UserID, user: UserID) -> str | None:
        """The membership of `member` as `user` sees it ("leave" where there is none); None where they may not look."""
        path = Path.v3.rooms[room_id].state["m.room.member"][member]
        try:
            answer = await self.call("GET", path, user=user)
        except HomeserverError as error:
            if error.status == 403:
                return None
            if error.status == 404:
                return "leave"
            raise
        return str(answer.get("membership", "leave"))


def _read(status: int, raw: bytes, retry_after_header: str | None) -> Any:
    try:
        answer = orjson.loads(raw) if raw else {}
    except (json.JSONDecodeError, ValueError):
        answer = None
    if 200 <= status < 300:
        if answer is None:
            raise HomeserverAway(f"the answer ({status}) is not JSON; is this really a homeserver?")
        return answer
    problem = answer if isinstance(answer, dict) else {}
    errcode = problem.get("errcode")
    message = str(problem.get("error") or raw[:200].decode("utf-8", "replace"))
    if isinstance(errcode, str) and errcode:
        raise HomeserverError(status, errcode, message, _retry_after(problem, retry_after_header))
    # Every error of a homeserver has a code: this one is of something in between.
    if status in _TOO_LARGE:
        raise HomeserverError(status, "M_TOO_LARGE", message)
    if status == 429:
        raise HomeserverError(status, "M_LIMIT_EXCEEDED", message, _retry_after(problem, retry_after_header))
    if status >= 500:
        raise HomeserverAway(f"HTTP {status}")
    raise HomeserverError(502, "M_UNKNOWN", f"HTTP {status}, and not from a homeserver: {message}")


def _retry_after(problem: Mapping[str, Any], header: str | None) -> float | None:
    """Seconds: the `Retry-After` header, else the older `retry_after_ms`."""
    if header is not None and header.strip().isdigit():
        return float(header)
    milliseconds = problem.get("retry_after_ms")
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None
