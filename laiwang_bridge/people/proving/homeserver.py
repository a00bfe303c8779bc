"""What the homeserver knows: the numbers and e-mail addresses that it had its own users confirm.

Synapse tells them to its admins: `GET /_synapse/admin/v2/users/<user>` (Synapse, "User Admin API").
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from appservice.effects import Job
from appservice.routes import Later
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.proving.problems import Problem, failed
from laiwang_bridge.phone_numbers import email_of, number_of

log = logging.getLogger(__name__)

_SECONDS = 30.0
_SECONDS_WHEN_AWAY = 30.0


class HomeserverKnowledge:
    """Asks with the token of an admin. Only about users of this homeserver: of others it knows nothing."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    async def work(self, job: Job) -> Mapping[str, Any]:
        """The worker: `job.given` has `user`, `kind` and `value`; the outcome has `known`. Raises `Later`."""
        given = job.given
        return await self.ask(given["user"], AddressKind(given["kind"]), given["value"])

    async def ask(self, user: str, kind: AddressKind, value: str) -> Mapping[str, Any]:
        url = URL(f"{self._address}/_synapse/admin/v2/users/{quote(user, safe='')}", encoded=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
                session.get(url, headers=headers) as answer,
            ):
                status = answer.status
                body = await answer.json(content_type=None) if status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Later(f"the homeserver is away: {type(error).__name__}", _SECONDS_WHEN_AWAY) from error
        if status == 429 or status >= 500:
            raise Later(f"the homeserver said {status}", _SECONDS_WHEN_AWAY)
        if status != 200:
            log.error(
                "the homeserver does not tell us about its users (%s): look at contacts.homeserver_admin_token", status
            )
            return {**failed(Problem.SERVICE), "known": False}
        return {"problem": None, "known": value in set(_confirmed(body, kind))}


def _confirmed(body: Any, kind: AddressKind) -> Iterator[str]:
    """The addresses of one kind, in their canonical form."""
    listed = body.get("threepids") if isinstance(body, dict) else None
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("address"), str) or not entry.get("validated_at"):
            continue
        medium, address = entry.get("medium"), entry["address"]
        value: object = None
        if kind is AddressKind.NUMBER and medium == "msisdn":  # digits only, without the plus (appendices, "3PID")
            value = number_of(f"+{address.removeprefix('+')}", ())
        elif kind is AddressKind.EMAIL and medium == "email":
            value = email_of(address)
        if isinstance(value, str):
            yield value
