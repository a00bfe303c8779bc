"""How each effect is done so that doing it again changes nothing.

Messages, reactions and redactions carry a transaction id. State, profiles and memberships are what they are however
often they are set; where the homeserver answers "already so" with an error, we look and agree. A room is found again
by its alias, and a room that the homeserver left half made (its alias comes first) is given up for a new one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from mautrix.api import Path
from mautrix.types import EventID, RoomAlias, RoomID, UserID

from appservice import visibility
from appservice.content import replacement, reply
from appservice.database import Database
from appservice.effects import (
    Ban,
    CreateRoom,
    Effect,
    Invite,
    Job,
    Join,
    Kick,
    Leave,
    ListRoom,
    React,
    ReadEvent,
    ReadState,
    Redact,
    SendMessage,
    SetProfile,
    SetState,
    Unban,
    Upload,
)
from appservice.ghosts import Ghosts
from appservice.homeserver import Homeserver, HomeserverError
from appservice.outbox import Result
from appservice.power import without_creator
from appservice.results import NotYet, Results
from appservice.routes import Later

log = logging.getLogger(__name__)

T = TypeVar("T")

LATER = "APPSERVICE_LATER"
"""A job cannot be done now; it waits."""

UNFINISHED_SECONDS = 30.0
"""For how long a room that lacks something may still be in the making."""

RECOGNISED = (SendMessage, React, Redact)
"""The homeserver knows a repetition of these by its transaction id, whatever has happened in the room since."""


class Delivery:
    """Turns one effect into requests. Raises `HomeserverError`, `HomeserverAway` or `NotYet`."""

    def __init__(
        self,
        homeserver: Homeserver,
        ghosts: Ghosts,
        database: Database,
        bot: UserID,
        work: Callable[[Job], Awaitable[Mapping[str, Any]]] | None = None,
        further_bots: Collection[UserID] = (),
    ) -> None:
        self._homeserver = homeserver
        self._ghosts = ghosts
        self._results = Results(database)
        self._bot = bot
        self._bots = frozenset((bot, *further_bots))
        self._work = work
        self._default_version: str | None = None
        self._unfinished: dict[RoomID, float] = {}

    async def deliver(self, effect: Effect, transaction_id: str) -> Result:
        match effect:
            case SendMessage():
                return await self._send(effect, transaction_id)
            case React():
                return await self._react(effect, transaction_id)
            case Redact():
                return await self._redact(effect, transaction_id)
            case SetState():
                return await self._set_state(effect)
            case Join():
                return await self._join(effect)
            case Leave() | Invite() | Kick() | Ban() | Unban():
                return await self._change_membership(effect)
            case ListRoom():
                return await self._list_room(effect)
            case ReadState():
                return await self._read_state(effect)
            case ReadEvent():
                return await self._read_event(effect)
            case CreateRoom():
                return await self._create_room(effect)
            case Upload():
                await self._ghosts.ensure(effect.sender)
                uri = await self._homeserver.upload(effect.data, effect.content_type, effect.filename, effect.sender)
                return Result(content_uri=uri)
            case SetProfile():
                await self._ghosts.set_profile(effect.sender, effect.display_name, effect.avatar_url)
                return Result()
            case Job():
                return await self._do(effect)
        raise TypeError(f"no way to deliver {type(effect).__name__}")

    async def _do(self, job: Job) -> Result:
        if self._work is None:
            raise TypeError("nobody does jobs here")
        try:
            outcome = await self._work(job)
        except Later as later:
            raise HomeserverError(429, LATER, str(later), later.seconds) from later
        orjson.dumps(outcome)  # what cannot be stored is a fault now, not for ever
        return Result(outcome=outcome)

    async def _send(self, effect: SendMessage, transaction_id: str) -> Result:
        room = await self._results.room(effect.room)
        content: Mapping[str, Any] = await self._results.with_media(effect.content)
        if effect.reply_to is not None:
            content = reply(content, await self._results.event(effect.reply_to))
        if effect.replaces is not None:
            content = replacement(content, await self._results.event(effect.replaces))
        return await self._put_event(effect.sender, room, effect.type, content, transaction_id)

    async def _react(self, effect: React, transaction_id: str) -> Result:
        room = await self._results.room(effect.room)
        target = await self._results.event(effect.target)
        relation = {"rel_type": "m.annotation", "event_id": target, "key": effect.reaction}
        try:
            return await self._put_event(effect.sender, room, "m.reaction", {"m.relates_to": relation}, transaction_id)
        except HomeserverError as error:
            if error.errcode == "M_DUPLICATE_ANNOTATION":
                return Result(room_id=room)
            raise

    async def _put_event(
        self, sender: UserID, room: RoomID, type: str, content: Mapping[str, Any], transaction_id: str
    ) -> Result:
        path = Path.v3.rooms[room].send[type][transaction_id]
        answer = await self._as_member(
            sender, room, lambda device: self._homeserver.call("PUT", path, content, user=sender, device=device)
        )
        return Result(event_id=EventID(answer["event_id"]), room_id=room)

    async def _redact(self, effect: Redact, transaction_id: str) -> Result:
        room = await self._results.room(effect.room)
        path = Path.v3.rooms[room].redact[await self._results.event(effect.target)][transaction_id]
        body = {"reason": effect.reason} if effect.reason else {}
        answer = await self._as_member(
            effect.sender,
            room,
            lambda device: self._homeserver.call("PUT", path, body, user=effect.sender, device=device),
        )
        return Result(event_id=EventID(answer["event_id"]), room_id=room)

    async def _set_state(self, effect: SetState) -> Result:
        room = await self._results.room(effect.room)
        content = await self._results.with_media(effect.content)
        path = Path.v3.rooms[room].state[effect.type][effect.state_key]
        answer = await self._as_member(
            effect.sender,
            room,
            lambda device: self._homeserver.call("PUT", path, content, user=effect.sender, device=device),
        )
        return Result(event_id=EventID(answer["event_id"]), room_id=room)

    async def _join(self, effect: Join) -> Result:
        room = await self._results.room(effect.room)
        await self._ghosts.ensure(effect.sender)
        query = {"server_name": list(effect.via), "via": list(effect.via)} if effect.via else None
        # Joining through federation takes as long as the room is large.
        path = Path.v3.join[room]
        answer = await self._homeserver.call("POST", path, user=effect.sender, query=query, timeout_seconds=600)
        return Result(room_id=RoomID(answer.get("room_id", room)))

    async def _change_membership(self, effect: Leave | Invite | Kick | Ban | Unban) -> Result:
        room = await self._results.room(effect.room)
        await self._ghosts.ensure(effect.sender)
        user = effect.sender if isinstance(effect, Leave) else effect.user
        action, reached = {
            Leave: ("leave", ("leave", "ban")),
            Invite: ("invite", ("invite", "join")),
            Kick: ("kick", ("leave", "ban")),
            Ban: ("ban", ("ban",)),
            Unban: ("unban", ("leave", "invite", "join", "knock")),
        }[type(effect)]
        body: dict[str, Any] = {} if isinstance(effect, Leave) else {"user_id": user}
        if effect.reason:
            body["reason"] = effect.reason
        path = Path.v3.rooms[room][action]
        try:
            await self._homeserver.call("POST", path, body, user=effect.sender)
        except HomeserverError as error:
            if error.status not in (400, 403, 404):
                raise
            membership = await self._homeserver.membership(room, user, effect.sender)
            never_there = membership is None and isinstance(effect, Leave)
            if membership not in reached and not never_there:
                raise
        return Result(room_id=room)

    async def _list_room(self, effect: ListRoom) -> Result:
        room = await self._results.room(effect.room)
        path = Path.v3.directory.list.appservice[effect.network][room]
        body = {"visibility": "public" if effect.listed else "private"}
        try:
            await self._homeserver.call("PUT", path, body, user=effect.sender)
        except HomeserverError as error:
            if error.errcode != "M_UNRECOGNIZED":
                raise
            log.info("%s is not listed: this homeserver has no directories of application services", room)
        return Result(room_id=room)

    async def _read_state(self, effect: ReadState) -> Result:
        room = await self._results.room(effect.room)
        state = await self._homeserver.call("GET", Path.v3.rooms[room].state, user=effect.sender)
        return Result(room_id=room, state=writable(state))

    async def _read_event(self, effect: ReadEvent) -> Result:
        room, target = await self._results.room(effect.room), await self._results.event(effect.target)
        if effect.seen_by is not None and not await self._may_see(effect.sender, room, target, effect.seen_by):
            return Result(room_id=room)
        path = Path.v3.rooms[room].event[target]
        return Result(room_id=room, state=writable([await self._homeserver.call("GET", path, user=effect.sender)]))

    async def _may_see(self, us: UserID, room: RoomID, event: EventID, user: UserID) -> bool:
        """The homeserver shows events to us; whether another may see them follows from the state at the event."""
        wanted = orjson.dumps({"types": visibility.STATE_TYPES}).decode()
        path = Path.v3.rooms[room].context[event]
        around = await self._homeserver.call("GET", path, user=us, query={"limit": "0", "filter": wanted})
        return visibility.may_see(around.get("state", ()), user)

    async def _create_room(self, effect: CreateRoom) -> Result:
        await self._ghosts.ensure(effect.sender)
        alias = RoomAlias(f"#{effect.alias_localpart}:{self._homeserver.domain}")
        version = effect.room_version or await self._default_room_version()
        body: dict[str, Any] = {
            "room_alias_name": effect.alias_localpart,
            "preset": effect.preset,
            "visibility": "private",
            "invite": list(effect.invite),
            "is_direct": effect.is_direct,
            "initial_state": await self._results.with_media(effect.initial_state),
            "room_version": version,
        }
        if effect.name is not None:
            body["name"] = effect.name
        if effect.topic is not None:
            body["topic"] = effect.topic
        if effect.room_type is not None:
            body["creation_content"] = {"type": effect.room_type}
        if effect.power_levels:
            body["power_level_content_override"] = without_creator(effect.power_levels, effect.sender, version)
        try:
            answer = await self._homeserver.call("POST", Path.v3.createRoom, body, user=effect.sender)
            return Result(room_id=RoomID(answer["room_id"]))
        except HomeserverError as error:
            if error.errcode != "M_ROOM_IN_USE" and error.status != 409:  # 409: two at the same moment
                raise
        return await self._find_room(effect, alias)

    async def _find_room(self, effect: CreateRoom, alias: RoomAlias) -> Result:
        room = await self._homeserver.resolve_alias(alias, effect.sender)
        if room is None:
            raise NotYet(f"{alias} was there and is gone")
        uninvited = await self._uninvited(room, effect)
        if uninvited != []:
            # Perhaps the request whose answer we never heard is still being worked on.
            since = self._unfinished.setdefault(room, time.monotonic())
            if time.monotonic() - since < UNFINISHED_SECONDS:
                raise NotYet(f"{alias} is still being made")
        self._unfinished.pop(room, None)
        if uninvited is None:
            log.warning("%s points at a room that was never finished; making a new one", alias)
            await self._homeserver.call("DELETE", Path.v3.directory.room[alias], user=effect.sender)
            raise NotYet(f"{alias} is made anew")
        for user in uninvited:
            await self._invite_as_created(effect, room, user)
        return Result(room_id=room)

    async def _uninvited(self, room: RoomID, effect: CreateRoom) -> list[UserID] | None:
        """Who was to be invited and was not; None for a room that a homeserver left without its power levels."""
        try:
            state = await self._homeserver.call("GET", Path.v3.rooms[room].state, user=effect.sender)
        except HomeserverError as error:
            if error.status in (403, 404):
                return None
            raise
        present = {(event.get("type"), event.get("state_key")) for event in state}
        if ("m.room.power_levels", "") not in present:
            return None
        return [user for user in effect.invite if ("m.room.member", user) not in present]

    async def _invite_as_created(self, effect: CreateRoom, room: RoomID, user: UserID) -> None:
        """Invite as the creation would have done: its own call does not say that a chat is direct."""
        path = Path.v3.rooms[room].state["m.room.member"][user]
        body = {"membership": "invite", **({"is_direct": True} if effect.is_direct else {})}
        await self._homeserver.call("PUT", path, body, user=effect.sender)

    async def _default_room_version(self) -> str:
        if self._default_version is None:
            self._default_version = await self._homeserver.default_room_version(self._bot)
        return self._default_version

    async def _as_member(self, sender: UserID, room: RoomID, call: Callable[[str | None], Awaitable[T]]) -> T:
        """Do something in a room, first becoming what it takes: a user, a device, a member."""
        try:
            return await call(await self._ghosts.ensure(sender))
        except HomeserverError as error:
            if error.errcode == "M_UNKNOWN_DEVICE":
                await self._ghosts.forget_for_good(sender)
            elif error.errcode == "M_FORBIDDEN" and sender not in self._bots:
                if await self._homeserver.membership(room, sender, self._bot) == "join":
                    raise
                await self._bring_in(sender, room)
            else:
                raise
        return await call(await self._ghosts.ensure(sender))

    async def _bring_in(self, ghost: UserID, room: RoomID) -> None:
        # A life before this one may have come as far as the invitation.
        if await self._homeserver.membership(room, ghost, self._bot) != "invite":
            await self._change_membership(Invite(sender=self._bot, room=room, user=ghost))
        await self._join(Join(sender=ghost, room=room))


def writable(state: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Without the events that are nested so deeply that JSON can be read but not be written again."""
    kept = []
    for event in state:
        try:
            orjson.dumps({"state": [event]})
        except orjson.JSONEncodeError:
            log.warning("an event of type %s is left out: it is nested too deeply", event.get("type"))
        else:
            kept.append(event)
    return kept
