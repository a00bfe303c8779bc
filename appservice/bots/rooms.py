"""What the bots need to know of rooms; `appservice.rooms` knows it, and tests say it themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.unit import Unit


class RoomView(Protocol):
    """Synchronous looks at what is stored of a room. An unknown room has no members and no encryption.

    `appservice.rooms.Rooms` is one; arguments are given by position.
    """

    def is_direct(self, connection: Connection, room: RoomID, bot: UserID, /) -> bool:
        """Whether this is a chat of exactly `bot` and one person, made for talking to the bot.

        There a bot answers whatever is said, so a room with a purpose of its own is never direct, however few are in.
        """

    def is_encrypted(self, connection: Connection, room: RoomID, /) -> bool: ...

    def power_of(self, connection: Connection, room: RoomID, user: UserID, /) -> float:
        """The power level of `user`; infinite for the creators of a room of version 12."""

    def members(self, connection: Connection, room: RoomID, /) -> Collection[UserID]:
        """Everybody who has joined."""

    def enter(self, unit: Unit, room: RoomID, bot: UserID, inviter: UserID, /, *, is_direct: bool) -> None:
        """Follow an invitation: emit the `Join`, and learn what the room is like."""
