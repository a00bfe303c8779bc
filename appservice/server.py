"""The side that the homeserver calls.

Source: Application Service API, "Homeserver -> Application Service API", with its legacy routes, and the unstable
parts that homeservers really send (`transaction_body.py`). Only the road of a transaction matters for speed: one
look-up, one read of the body, one JSON parse, then the inbox.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import hdrs, web
from mautrix.types import RoomAlias, UserID

from appservice.callbacks import Call, Callback
from appservice.http import (
    EMPTY_OBJECT,
    Bodies,
    HomeserverToken,
    Refusal,
    decoded,
    json_response,
    query_fields,
    raw_json_response,
    target,
)
from appservice.listener import Address, Listener, Lost, when_lost
from appservice.metrics import Metrics
from appservice.readiness import Probe, examine
from appservice.thirdparty import ThirdParty, ThirdPartyLocation, ThirdPartyUser
from appservice.transaction import Transaction
from appservice.transaction_body import parse_json, parse_transaction

log = logging.getLogger(__name__)

_V1 = "/_matrix/app/v1"
_LEGACY_THIRDPARTY = "/_matrix/app/unstable"
_HURRY_SECONDS = 1.0
_COMPLAINT_SECONDS = 10.0

UserQuery = Callable[[UserID], Awaitable[bool]]
"""Whether a user of our namespace exists; it has been created when the answer is yes."""
AliasQuery = Callable[[RoomAlias], Awaitable[bool]]
"""Whether a room of our namespace exists; it has been created when the answer is yes."""


class Inbox(Protocol):
    async def accept(self, transaction: Transaction) -> None:
        """Return when the transaction is durable. When this raises, the homeserver sends it again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost.

    `body_bytes`: a homeserver whose transaction is too large sends it again for ever, and nothing after it, so the
    limit has to lie above all that may come. Synapse puts up to 100 events, 100 ephemeral events and 100 to-device
    messages into a transaction; an event is 64 KiB at most, but that counts the canonical form: escapes (`\\u4f60` for
    three bytes) and `unsigned` with the previous content make it up to three times that. 300 * 64 KiB * 3 = 56 MiB.
    Nobody without the token gets to use it.

    `query_seconds`: Synapse holds back the events of everybody while it waits for the answer to a query.
    """

    body_bytes: int = 64 * 1024 * 1024
    body_seconds: float = 60.0
    query_seconds: float = 10.0
    stop_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class _Call:
    """A request on its way to an answer: `argument` is the variable end of the path, still percent-encoded."""

    request: web.BaseRequest
    argument: str
    query: str


_Answer = Callable[[_Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    answer: _Answer
    public: bool = False


@dataclass(slots=True)
class _Table:
    """Routes by their path, and by the beginning of their path. Those asked for most often come first."""

    exact: dict[str, _Route] = field(default_factory=dict)
    prefixes: list[tuple[str, _Route]] = field(default_factory=list)

    def find(self, path: str) -> tuple[_Route, str]:
        """The route, and the rest of the path. Raises `Refusal` (Application Service API, "Unknown routes")."""
        for prefix, route in self.prefixes:
            if path.startswith(prefix) and len(path) > len(prefix):
                return route, path[len(prefix) :]
        exact = self.exact.get(path)
        if exact is None:
            raise Refusal(404, "M_UNRECOGNIZED", "there is nothing at this path")
        return exact, ""


class Server:
    """Listens while it is entered: `async with Server(...)`. Raises `CannotListen`.

    `on_gone` is called with the seconds since its last request when a connection of the homeserver's is no more.

    `callbacks` are what others than the homeserver may ask, without its token.
    `/live`, `/ready` and `/metrics` need no token. `/metrics` exists when there are `metrics`; with a
    `metrics_address` it is there instead (`/live` and `/ready` on both). Leaving lets what is in flight finish.
    """

    def __init__(
        self,
        address: Address,
        hs_token: str,
        inbox: Inbox,
        *,
        user_query: UserQuery | None = None,
        alias_query: AliasQuery | None = None,
        third_party: ThirdParty | None = None,
        on_gone: Lost | None = None,
        probe: Probe | None = None,
        metrics: Metrics | None = None,
        metrics_address: Address | None = None,
        limits: Limits | None = None,
        callbacks: Sequence[Callback] = (),
        access_log: bool = False,
    ) -> None:
        self._limits = limits or Limits()
        self._token = HomeserverToken(hs_token)
        self._inbox = inbox
        self._user_query = user_query
        self._alias_query = alias_query
        self._third_party = third_party
        self._on_gone = on_gone
        self._probe = probe
        self._metrics = metrics
        self._access_log = access_log
        self._bodies = Bodies(self._limits.body_bytes, self._limits.body_seconds)
        self._callbacks = [(each, Bodies(each.most_bytes, each.seconds)) for each in callbacks]
        self._last_contact_at: int | None = None
        self._complained_at = float("-inf")
        main, operations = self._tables(separate=metrics_address is not None)
        self._listener = self._listen(address, main)
        self._metrics_listener = None if metrics_address is None else self._listen(metrics_address, operations)

    @property
    def address(self) -> Address:
        return self._listener.address

    @property
    def metrics_address(self) -> Address | None:
        return None if self._metrics_listener is None else self._metrics_listener.address

    @property
    def last_contact_at(self) -> int | None:
        """When the homeserver last came with the right token (milliseconds); None: not since the start."""
        return self._last_contact_at

    async def __aenter__(self) -> Self:
        await self._listener.start()
        if self._metrics_listener is not None:
            try:
                await self._metrics_listener.start()
            except BaseException:
                await self._listener.stop()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._listener.refuse_connections()
        # What is still arriving gets a moment: once connections close, no more of it would be read.
        arriving = (self._bodies, *(bodies for _callback, bodies in self._callbacks))
        await asyncio.gather(*(bodies.hurry(_HURRY_SECONDS) for bodies in arriving))
        await self._listener.stop()
        if self._metrics_listener is not None:
            await self._metrics_listener.stop()

    def _listen(self, address: Address, table: _Table) -> Listener:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(request, table)

        return Listener(address, handle, stop_seconds=self._limits.stop_seconds)

    def _tables(self, *, separate: bool) -> tuple[_Table, _Table]:
        get = (hdrs.METH_GET, hdrs.METH_HEAD)
        main, operations = _Table(), _Table()
        transaction = _Route((hdrs.METH_PUT,), self._transaction)
        user, alias = _Route(get, self._user), _Route(get, self._alias)
        for base in (_V1, ""):
            main.prefixes += [
                (f"{base}/transactions/", transaction),
                (f"{base}/users/", user),
                (f"{base}/rooms/", alias),
            ]
        for base in (_V1, _LEGACY_THIRDPARTY):
            main.prefixes += [
                (f"{base}/thirdparty/protocol/", _Route(get, self._protocol)),
                (f"{base}/thirdparty/user/", _Route(get, self._third_party_users)),
                (f"{base}/thirdparty/location/", _Route(get, self._third_party_locations)),
            ]
            main.exact[f"{base}/thirdparty/user"] = _Route(get, self._users_of)
            main.exact[f"{base}/thirdparty/location"] = _Route(get, self._locations_of)
        for callback, bodies in self._callbacks:
            answer = partial(self._call_back, callback, bodies)
            main.prefixes.append((callback.prefix, _Route((hdrs.METH_POST,), answer, public=True)))
        main.exact[f"{_V1}/ping"] = _Route((hdrs.METH_POST,), self._ping)
        for table in (main, operations):
            table.exact["/live"] = _Route(get, self._live, public=True)
            table.exact["/ready"] = _Route(get, self._ready, public=True)
        if self._metrics is not None:
            (operations if separate else main).exact["/metrics"] = _Route(get, self._expose, public=True)
        return main, operations

    async def _handle(self, request: web.BaseRequest, table: _Table) -> web.StreamResponse:
        started = time.perf_counter()
        path, query = target(request)
        try:
            response = await self._answer(request, table, path, query)
        except Refusal as refusal:
            self._complain(request, path, refusal)
            response = refusal.response()
        except Exception:
            response = self._failed(request, path)
        if self._access_log:
            milliseconds = (time.perf_counter() - started) * 1000
            log.info("%s %s -> %d in %.1f ms", request.method, path, response.status, milliseconds)
        return response

    async def _answer(self, request: web.BaseRequest, table: _Table, path: str, query: str) -> web.Response:
        route, argument = table.find(path)
        if request.method not in route.methods:
            allowed = ", ".join(route.methods)
            raise Refusal(405, "M_UNRECOGNIZED", f"this path takes {allowed} only", headers={hdrs.ALLOW: allowed})
        if not route.public:
            self._token.check(request, query)
            self._last_contact_at = time.time_ns() // 1_000_000
            if self._on_gone is not None and request.keep_alive:
                when_lost(request, self._on_gone)
        return await route.answer(_Call(request, argument, query))

    def _complain(self, request: web.BaseRequest, path: str, refusal: Refusal) -> None:
        if self._metrics is not None:
            self._metrics.request_refused(refusal.errcode)
        if refusal.status == 404:
            return
        # Whoever reaches the port can cause these lines, so they are rationed.
        now = time.monotonic()
        if now - self._complained_at > _COMPLAINT_SECONDS:
            self._complained_at = now
            log.warning("refused %s %s: %s", request.method, path, refusal)

    def _failed(self, request: web.BaseRequest, path: str) -> web.Response:
        number = secrets.token_hex(4)
        log.exception("request %s failed: %s %s", number, request.method, path)
        if self._metrics is not None:
            self._metrics.request_refused("M_UNKNOWN")
        return Refusal(500, "M_UNKNOWN", f"this failed here; the log has it as request {number}").response()

    async def _transaction(self, call: _Call) -> web.Response:
        started = time.perf_counter()
        if "/" in call.argument:
            raise Refusal(404, "M_UNRECOGNIZED", "there is nothing at this path")
        txn_id = decoded(call.argument)
        transaction = parse_transaction(txn_id, await self._bodies.read(call.request))
        try:
            await self._inbox.accept(transaction)
        except Exception:
            if self._metrics is not None:
                self._metrics.transaction_failed()
            raise
        if self._metrics is not None:
            self._metrics.transaction_accepted(transaction, time.perf_counter() - started)
        return raw_json_response(EMPTY_OBJECT)

    async def _call_back(self, callback: Callback, bodies: Bodies, call: _Call) -> web.Response:
        body = await bodies.read(call.request)
        reply = await callback.answer(Call(decoded(call.argument), call.request.headers, body))
        headers = {hdrs.CONTENT_TYPE: reply.content_type, hdrs.SERVER: "appservice"}
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _ping(self, call: _Call) -> web.Response:
        body = await self._bodies.read(call.request)
        if body and not isinstance(parse_json(body), dict):
            raise Refusal(400, "M_BAD_JSON", "a ping must be a JSON object")
        return raw_json_response(EMPTY_OBJECT)

    async def _user(self, call: _Call) -> web.Response:
        # The rest of the path is the id, slashes included: Synapse does not encode them.
        user_id = decoded(call.argument)
        if self._user_query is None or not user_id.startswith("@"):
            raise Refusal(404, "M_NOT_FOUND", "no such user")
        if not await self._soon(self._user_query(UserID(user_id))):
            raise Refusal(404, "M_NOT_FOUND", "no such user")
        return raw_json_response(EMPTY_OBJECT)

    async def _alias(self, call: _Call) -> web.Response:
        alias = decoded(call.argument)
        if self._alias_query is None or not alias.startswith("#"):
            raise Refusal(404, "M_NOT_FOUND", "no such room alias")
        if not await self._soon(self._alias_query(RoomAlias(alias))):
            raise Refusal(404, "M_NOT_FOUND", "no such room alias")
        return raw_json_response(EMPTY_OBJECT)

    async def _protocol(self, call: _Call) -> web.Response:
        description = await self._soon(self._networks().describe(decoded(call.argument)))
        if description is None:
            raise Refusal(404, "M_NOT_FOUND", "no such protocol")
        return json_response(description.to_json())

    async def _third_party_users(self, call: _Call) -> web.Response:
        wanted = self._networks().find_users(decoded(call.argument), query_fields(call.query))
        return _listed(await self._soon(wanted))

    async def _third_party_locations(self, call: _Call) -> web.Response:
        wanted = self._networks().find_locations(decoded(call.argument), query_fields(call.query))
        return _listed(await self._soon(wanted))

    async def _users_of(self, call: _Call) -> web.Response:
        user_id = UserID(_parameter(call, "userid"))
        return _listed(await self._soon(self._networks().users_of(user_id)))

    async def _locations_of(self, call: _Call) -> web.Response:
        alias = RoomAlias(_parameter(call, "alias"))
        return _listed(await self._soon(self._networks().locations_of(alias)))

    def _networks(self) -> ThirdParty:
        if self._third_party is None:
            raise Refusal(404, "M_NOT_FOUND", "no third-party networks here")
        return self._third_party

    async def _soon(self, answer: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._limits.query_seconds) as deadline:
                return await answer
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Refusal(504, "M_UNKNOWN", "the answer took too long") from None

    async def _live(self, call: _Call) -> web.Response:
        return json_response({"live": True})

    async def _ready(self, call: _Call) -> web.Response:
        readiness = await examine(self._probe)
        return json_response(readiness.to_json(), 200 if readiness.ready else 503)

    async def _expose(self, call: _Call) -> web.Response:
        assert self._metrics is not None
        body, content_type = await self._metrics.render(call.request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type, hdrs.SERVER: "appservice"})


def _parameter(call: _Call, name: str) -> str:
    value = query_fields(call.query).get(name)
    if not value:
        raise Refusal(400, "M_MISSING_PARAM", f"the query parameter {name} is missing")
    return value


def _listed(found: Sequence[ThirdPartyUser | ThirdPartyLocation]) -> web.Response:
    if not found:
        raise Refusal(404, "M_NOT_FOUND", "nothing found")
    return json_response([one.to_json() for one in found])
