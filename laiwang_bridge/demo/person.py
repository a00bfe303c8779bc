"""A person with a real Matrix client (matrix-nio, without encryption), for the demo and for the tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import nio

from laiwang_bridge.demo.listening import Content, Listener, via_query
from laiwang_bridge.demo.patience import Refused


class Person(Listener):
    """Logs in, listens in the background, and does what people do in rooms.

    Every call waits up to `patience` seconds for a homeserver that is away, then raises what went wrong; it raises
    `Refused` when the homeserver says no.
    """

    # --- speaking

    async def say(self, room_id: str, text: str, *, html: str | None = None, mentions: Iterable[str] = ()) -> str:
        """Send a text message; gives its event id."""
        return await self.send(room_id, "m.room.message", _text(text, html, mentions))

    async def reply(self, room_id: str, event_id: str, text: str, *, html: str | None = None) -> str:
        """Answer a message, the way clients do since Matrix 1.13 (no quoted fallback)."""
        replied_to = self._timeline.find(event_id)
        content = _text(text, html, [replied_to.sender] if replied_to else [])
        return await self.send(
            room_id, "m.room.message", content | {"m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}
        )

    async def edit(self, room_id: str, event_id: str, text: str, *, html: str | None = None) -> str:
        """Replace the text of an own message; gives the id of the replacing event."""
        return await self.send(
            room_id,
            "m.room.message",
            _text(f"* {text}", html and f"* {html}", [])
            | {
                "m.new_content": _text(text, html, []),
                "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
            },
        )

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """Put a reaction (an emoji) on a message."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> str:
        """Remove a message or a reaction; gives the id of the redaction."""
        transaction = str(uuid.uuid4())
        answer = await self._patient.ask(
            lambda: self._client.room_redact(room_id, event_id, reason=reason, tx_id=transaction)
        )
        return str(answer.event_id)

    async def send(self, room_id: str, kind: str, content: Content) -> str:
        """Send any event; gives its id. Repeated under the same transaction id until it is accepted."""
        transaction = str(uuid.uuid4())
        answer = await self._patient.ask(
            lambda: self._client.room_send(room_id, kind, dict(content), tx_id=transaction)
        )
        return str(answer.event_id)

    async def set_state(self, room_id: str, kind: str, content: Content, state_key: str = "") -> str:
        """Send a state event; gives its id."""
        answer = await self._patient.ask(
            lambda: self._client.room_put_state(room_id, kind, dict(content), state_key=state_key)
        )
        return str(answer.event_id)

    # --- rooms

    async def create_room(
        self,
        *,
        name: str | None = None,
        topic: str | None = None,
        alias: str | None = None,
        invite: Iterable[str] = (),
        public: bool = False,
        direct: bool = False,
        room_version: str | None = None,
        initial_state: Iterable[Content] = (),
    ) -> str:
        """Make a room; gives its id. `alias` is the local part only. Not repeated once it may have been made."""
        if public:
            preset = nio.RoomPreset.public_chat
        else:
            preset = nio.RoomPreset.trusted_private_chat if direct else nio.RoomPreset.private_chat
        answer = await self._patient.ask(
            lambda: self._client.room_create(
                name=name,
                topic=topic,
                alias=alias,
                invite=list(invite),
                preset=preset,
                is_direct=direct,
                room_version=room_version,
                initial_state=[dict(event) for event in initial_state],
            ),
            repeatable=False,
        )
        return str(answer.room_id)

    async def create_direct_chat(self, user_id: str, *, timeout: float | None = 60.0) -> str:  # noqa: ASYNC109
        """A new direct chat with `user_id`; gives its id when they have come in (with no timeout: at once)."""
        room_id = await self.create_room(direct=True, invite=[user_id])
        await self._remember_direct_chat(user_id, room_id)
        if timeout is not None:
            await self.wait_until(
                lambda: user_id in self.members(room_id) or None, timeout, f"{user_id} coming into {room_id}"
            )
        return room_id

    async def knock(self, room: str, *, reason: str | None = None, via: Iterable[str] = ()) -> str:
        """Ask to be let in; gives the room's id."""
        path = f"/_matrix/client/v3/knock/{quote(room, safe='')}{via_query(via)}"
        answer = await self._patient.request("POST", path, {"reason": reason} if reason else {})
        return str(answer["room_id"])

    async def leave(self, room_id: str) -> None:
        """Leave a room, or decline its invitation."""
        await self._patient.ask(lambda: self._client.room_leave(room_id))

    async def invite(self, room_id: str, user_id: str) -> None:
        await self._patient.ask(lambda: self._client.room_invite(room_id, user_id), repeatable=False)

    async def kick(self, room_id: str, user_id: str, reason: str | None = None) -> None:
        await self._patient.ask(lambda: self._client.room_kick(room_id, user_id, reason), repeatable=False)

    async def set_display_name(self, name: str) -> None:
        await self._patient.ask(lambda: self._client.set_displayname(name))

    async def _remember_direct_chat(self, user_id: str, room_id: str) -> None:
        """Clients keep the list of direct chats in the account's data; others of this person's clients read it."""
        path = f"/_matrix/client/v3/user/{quote(self.user_id, safe='')}/account_data/m.direct"
        try:
            chats = await self._patient.request("GET", path)
        except Refused:
            chats = {}
        await self._patient.request("PUT", path, {**chats, user_id: [*chats.get(user_id, []), room_id]})


def _text(text: str, html: str | None, mentions: Iterable[str]) -> dict[str, Any]:
    content: dict[str, Any] = {"msgtype": "m.text", "body": text}
    if html is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    users = list(mentions)
    return content | {"m.mentions": {"user_ids": users} if users else {}}
