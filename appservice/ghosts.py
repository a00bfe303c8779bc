"""Users of our namespace: registered when first needed, profiles written only when they changed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mautrix.api import Path
from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Table, Text, select, update

from appservice.database import Database, metadata
from appservice.homeserver import Homeserver, HomeserverError
from appservice.sql import upsert

log = logging.getLogger(__name__)

DEVICE_ID = "APPSERVICE"
"""The device our users send from: with one, the homeserver remembers transaction ids across its own restart."""

_REMEMBERED = 10_000

ghost = Table(
    "ghost",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("registered_at", BigInteger, nullable=False),
    Column("device_id", Text),
    Column("display_name", Text),
    Column("avatar_url", Text),
)


def localpart(user_id: UserID) -> str:
    """The part between the sigil and the FIRST colon (server names may hold colons themselves)."""
    return user_id[1:].split(":", 1)[0]


class Ghosts:
    """Makes sure that a user of ours exists before something is done as that user."""

    def __init__(
        self,
        database: Database,
        homeserver: Homeserver,
        clock: Callable[[], int],
        *,
        device_name: str = "appservice",
    ) -> None:
        self._device_name = device_name
        self._database = database
        self._homeserver = homeserver
        self._clock = clock
        self._devices: dict[UserID, str | None] = {}

    async def ensure(self, user: UserID) -> str | None:
        """Register `user` if need be; returns the device to send from, None where the homeserver has no such devices.

        Raises `HomeserverError` or `HomeserverAway`.
        """
        if user in self._devices:
            return self._devices[user]
        row = await self._database.read(
            lambda connection: connection.execute(select(ghost.c.device_id).where(ghost.c.user_id == user)).first()
        )
        if row is not None and row.device_id is not None:
            return self._remember(user, row.device_id)
        await self._register(user)
        device = await self._create_device(user)
        now = self._clock()
        await self._database.write(
            lambda connection: upsert(connection, ghost, {"user_id": user, "registered_at": now, "device_id": device})
        )
        return self._remember(user, device)

    def forget(self, user: UserID) -> None:
        """The homeserver says that it does not know this user or its device: look again next time."""
        self._devices.pop(user, None)

    async def forget_for_good(self, user: UserID) -> None:
        self.forget(user)
        await self._database.write(
            lambda connection: connection.execute(
                update(ghost).where(ghost.c.user_id == user).values(device_id=None, display_name=None, avatar_url=None)
            )
        )

    async def set_profile(self, user: UserID, display_name: str | None, avatar_url: str | None) -> None:
        """Write what differs from what was written last. Call it one at a time per user."""
        await self.ensure(user)
        row = await self._database.read(
            lambda connection: connection.execute(select(ghost).where(ghost.c.user_id == user)).first()
        )
        wanted = {"display_name": display_name, "avatar_url": avatar_url}
        for name, field in (("display_name", "displayname"), ("avatar_url", "avatar_url")):
            value = wanted[name]
            if value is None or (row is not None and getattr(row, name) == value):
                continue
            await self._homeserver.call("PUT", Path.v3.profile[user][field], {field: value}, user=user)
            await self._database.write(_note_profile(user, name, value))

    def _remember(self, user: UserID, device: str | None) -> str | None:
        if len(self._devices) >= _REMEMBERED:
            self._devices.pop(next(iter(self._devices)))
        self._devices[user] = device
        return device

    async def _register(self, user: UserID) -> None:
        body = {
            "type": "m.login.application_service",
            "username": localpart(user),
            "inhibit_login": True,
        }
        try:
            await self._homeserver.call("POST", Path.v3.register, body)
        except HomeserverError as error:
            if error.errcode != "M_USER_IN_USE":
                raise

    async def _create_device(self, user: UserID) -> str | None:
        """MSC4190; a homeserver without it is used without a device."""
        body = {"display_name": self._device_name}
        try:
            await self._homeserver.call("PUT", Path.v3.devices[DEVICE_ID], body, user=user)
        except HomeserverError as error:
            if error.status not in (400, 403, 404, 405):
                raise
            log.warning(
                "the homeserver gives application services no devices (%s); "
                "a message sent just before it restarts could appear twice",
                error,
            )
            return None
        return DEVICE_ID


def _note_profile(user: UserID, name: str, value: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(update(ghost).where(ghost.c.user_id == user).values({name: value}))
