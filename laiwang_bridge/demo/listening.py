"""A real Matrix client that listens (matrix-nio, without encryption).

What it was shown is kept in memory, complete and in the order it came, and can be waited for. A homeserver that goes
away and comes back is waited for as well.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

from laiwang_bridge.demo.patience import PatientClient, Refused
from laiwang_bridge.demo.timeline import Seen, Timeline

T = TypeVar("T")
Content = Mapping[str, Any]

_log = logging.getLogger(__name__)
_PAGE = 50
_LONG_POLL_MS = 25_000
_FILTER = {
    "room": {"timeline": {"limit": 50}, "ephemeral": {"types": []}, "account_data": {"types": []}},
    "presence": {"types": []},
    "account_data": {"types": []},
}


class NotSeen(AssertionError):
    """What was waited for did not come in time; the message lists what came instead."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation into a room, with the little of its state that comes along."""

    room_id: str
    inviter: str
    is_direct: bool
    state: Sequence[Content]


class Listener:
    """Logs in and listens in the background. Invitations are accepted on sight unless `accept_invites` is false."""

    def __init__(self, homeserver_url: str, name: str, *, accept_invites: bool = True, patience: float = 60.0) -> None:
        self.homeserver_url = homeserver_url
        self.name = name
        self.accept_invites = accept_invites
        self.invitations: dict[str, Invitation] = {}
        self._timeline = Timeline()
        self._patient = PatientClient(homeserver_url, name, patience)
        self._client = self._patient.nio
        self._since: str | None = None
        self._news = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._accepting: set[asyncio.Task[None]] = set()

    # --- coming and going

    async def log_in(self, password: str, device_name: str = "laiwang-bridge demo") -> None:
        """Log in by password and listen from now on; rooms the person is in already are known on return."""
        await self._patient.ask(lambda: self._client.login(password, device_name))
        await self._listen_once(timeout_ms=0)
        self._listening = asyncio.create_task(self._listen(), name=f"client of {self.name}")

    async def close(self) -> None:
        """Stop listening and let go of all connections; the login stays valid."""
        tasks = [*self._accepting, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def user_id(self) -> str:
        return str(self._client.user_id)

    @property
    def access_token(self) -> str:
        return str(self._client.access_token)

    async def join(self, room: str, *, via: Iterable[str] = ()) -> str:
        """Go into a room by id or alias; gives its id. `via` names homeservers that know the room."""
        path = f"/_matrix/client/v3/join/{quote(room, safe='')}{via_query(via)}"
        answer = await self._patient.request("POST", path, {})
        return str(answer["room_id"])

    # --- what was seen

    @property
    def position(self) -> int:
        """How many events were seen so far: give it as `since` to wait for later ones only."""
        return self._timeline.position

    def timeline(self, room_id: str) -> list[Seen]:
        """All of a room that this person was shown, as it came, without gaps."""
        return self._timeline.of(room_id)

    def state(self, room_id: str, kind: str, state_key: str = "") -> Content | None:
        """The content of a room's state event, as last heard."""
        return self._timeline.state(room_id, kind, state_key)

    def members(self, room_id: str) -> set[str]:
        """Who is in the room."""
        return self._timeline.members(room_id)

    @property
    def rooms(self) -> set[str]:
        """The rooms that this person is in."""
        return {room for room in self._timeline.rooms() if self.user_id in self.members(room)}

    def shown(self, room_id: str, event_id: str) -> Content | None:
        """A message as a client shows it now: its last edit by its sender, or nothing once it is redacted."""
        return self._timeline.shown(room_id, event_id)

    async def wait_for(
        self,
        predicate: Callable[[Seen], bool],
        timeout: float = 60.0,  # noqa: ASYNC109
        *,
        room: str | None = None,
        since: int = 0,
        what: str = "an event",
    ) -> Seen:
        """The first event that fits, of all seen from position `since` on, else of those to come.

        Raises `NotSeen` after `timeout` seconds, naming `what` was awaited.
        """
        looked_at = since

        def found() -> Seen | None:
            nonlocal looked_at
            fresh = self._timeline.since(looked_at)
            looked_at = max(looked_at, self._timeline.position)
            return next((seen for seen in fresh if room in (None, seen.room_id) and predicate(seen)), None)

        return await self.wait_until(found, timeout, what if room is None else f"{what} in {room}")

    async def wait_for_text(
        self,
        part: str,
        timeout: float = 60.0,  # noqa: ASYNC109
        *,
        room: str | None = None,
        sender: str | None = None,
        since: int = 0,
    ) -> Seen:
        """The first message whose text holds `part`; edits count with their new text. Raises `NotSeen`."""

        def fits(seen: Seen) -> bool:
            return part in seen.text and sender in (None, seen.sender)

        return await self.wait_for(fits, timeout, room=room, since=since, what=f"a message with {part!r}")

    async def wait_for_invitation(
        self,
        timeout: float = 60.0,  # noqa: ASYNC109
        *,
        inviter: str | None = None,
        room: str | None = None,
    ) -> Invitation:
        """An invitation, also one that was accepted since. Raises `NotSeen`."""

        def found() -> Invitation | None:
            return next(
                (
                    invitation
                    for invitation in self.invitations.values()
                    if inviter in (None, invitation.inviter) and room in (None, invitation.room_id)
                ),
                None,
            )

        return await self.wait_until(found, timeout, "an invitation")

    async def wait_until(self, condition: Callable[[], T | None], timeout: float, what: str) -> T:  # noqa: ASYNC109
        """Ask `condition` again after every bit of news until it gives something. Raises `NotSeen`."""
        deadline = time.monotonic() + timeout
        while True:
            news = self._news
            if (result := condition()) is not None:
                return result
            if self._listening is not None and self._listening.done():
                self._listening.result()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await news.wait()
            except TimeoutError:
                seen = "\n".join(f"  {event}" for event in self._timeline.since(self.position - 15)) or "  nothing"
                raise NotSeen(
                    f"{self.name} waited {timeout:g} s for {what}; the last things seen were:\n{seen}"
                ) from None

    # --- listening

    async def _listen(self) -> None:
        try:
            while True:
                await self._listen_once(_LONG_POLL_MS)
        except Exception:
            _log.exception("The client of %s stopped listening.", self.name)
            raise
        finally:
            self._tell()

    async def _listen_once(self, timeout_ms: int) -> None:
        response = await self._patient.ask(
            lambda: self._client.sync(timeout_ms, sync_filter=_FILTER, since=self._since), forever=timeout_ms > 0
        )
        for room_id, invited in response.rooms.invite.items():
            self._heard_invitation(room_id, [_source(event) for event in invited.invite_state])
        for room_id, room in [*response.rooms.join.items(), *response.rooms.leave.items()]:
            events = [event.source for event in room.timeline.events]
            if room.timeline.limited and room.timeline.prev_batch:
                events = [*await self._missed(room_id, room.timeline.prev_batch), *events]
            self._timeline.add(room_id, [event.source for event in room.state], events)
        self._since = response.next_batch
        self._tell()

    async def _missed(self, room_id: str, before: str) -> list[dict[str, Any]]:
        """What happened between the last event seen and the token `before`, oldest first."""
        missed: list[dict[str, Any]] = []
        token: str | None = before
        while token is not None:
            start = token
            try:
                page = await self._patient.ask(lambda: self._client.room_messages(room_id, start, limit=_PAGE))  # noqa: B023
            except Refused as refusal:
                _log.info("%s may not see the past of %s: %s", self.name, room_id, refusal)
                break
            events = [event.source for event in page.chunk]
            new = [event for event in events if not self._timeline.knows(event.get("event_id", ""))]
            missed += new
            token = page.end if len(new) == len(events) and page.end != start else None
        return missed[::-1]

    def _heard_invitation(self, room_id: str, state: list[Content]) -> None:
        own = next((event for event in state if event.get("state_key") == self.user_id), None)
        if own is None:
            return
        self.invitations[room_id] = Invitation(
            room_id, str(own["sender"]), bool(own["content"].get("is_direct")), state
        )
        if self.accept_invites:
            task = asyncio.create_task(self._accept(room_id))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _accept(self, room_id: str) -> None:
        """People tap again when another homeserver did not let them in: it may not yet know that it invited them (403),
        or have been too busy (404, 502)."""
        for pause in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, None):
            try:
                await self.join(room_id)
                return
            except Refused as refusal:
                _log.info("%s could not accept the invitation to %s: %s", self.name, room_id, refusal)
                if pause is None or refusal.status not in (403, 404, 502):
                    return
            await asyncio.sleep(pause)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _source(stripped: Any) -> Content:
    """The whole of an event from an invitation; nio takes the content of memberships out of it."""
    return stripped.source if "content" in stripped.source else {**stripped.source, "content": stripped.content}


def via_query(servers: Iterable[str]) -> str:
    """Names homeservers that know a room, in the address of a request."""
    # `server_name` is the older name of `via`; homeservers read the one they know.
    pairs = [(name, server) for server in servers for name in ("via", "server_name")]
    return f"?{urlencode(pairs)}" if pairs else ""
