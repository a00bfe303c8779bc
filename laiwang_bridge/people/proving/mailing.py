"""Sending a short plain mail through the operator's mail server (RFC 5321, RFC 5322)."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Literal

import aiosmtplib
import idna
from aiosmtplib import (
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from appservice.effects import Job
from appservice.routes import Later
from laiwang_bridge.people.proving.problems import Problem, done, failed

log = logging.getLogger(__name__)

Security = Literal["starttls", "tls", "none"]

_SECONDS = 30.0
_SECONDS_WHEN_AWAY = 60.0
_SECONDS_WHEN_DEFERRED = 150.0
"""Greylisting mostly asks for one to five minutes."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in. `sender` is what they are from: an address, or `Name <address>`.

    `trust` is for a server whose certificate no public authority has signed.
    """

    host: str
    port: int
    security: Security
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `id` is the same for every repetition and becomes the Message-ID; `at` is milliseconds."""

    to: str
    subject: str
    body: str
    id: str
    at: int


class Mailer:
    """Hands letters to one mail server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def work(self, job: Job) -> Mapping[str, Any]:
        """The worker: `job.given` has the fields of a `Letter`. Raises `Later`."""
        given = job.given
        return await self.send(Letter(given["to"], given["subject"], given["body"], given["id"], given["at"]))

    async def send(self, letter: Letter) -> Mapping[str, Any]:
        """Raises `Later` where the server is away or asks to come back."""
        try:
            to = deliverable(letter.to)
            message = written(letter, to, self._server.sender)
        except ValueError:
            return failed(Problem.ADDRESS)
        try:
            await self._hand_in(message, to)
        except SMTPRecipientsRefused as error:
            [refused] = error.recipients
            return self._refused(refused, Problem.ADDRESS)
        except SMTPResponseException as error:
            return self._refused(error, Problem.SERVICE)
        except OSError as error:  # also those of aiosmtplib that are about the connection
            log.warning("the mail server %s cannot be used now: %s", self._server.host, error)
            raise Later(f"the mail server is away: {type(error).__name__}", _SECONDS_WHEN_AWAY) from error
        except SMTPException as error:
            if isinstance(error, SMTPNotSupported) and not to.isascii():
                return failed(Problem.ADDRESS)
            log.error("the mail server %s will not do: %s", self._server.host, error.message)
            return failed(Problem.SERVICE)
        return done()

    async def _hand_in(self, message: EmailMessage, to: str) -> None:
        server = self._server
        await aiosmtplib.send(
            message,
            sender=parseaddr(server.sender)[1],
            recipients=[to],
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=server.trust,
            timeout=_SECONDS,
        )

    def _refused(self, error: SMTPResponseException, problem: Problem) -> Mapping[str, Any]:
        """4xx passes, 5xx stays (RFC 5321, 4.2.1). The server's words may quote the address: they are not logged."""
        if 400 <= error.code < 500:
            raise Later(f"the mail server said {error.code}", _SECONDS_WHEN_DEFERRED)
        if problem is Problem.SERVICE:
            log.error("the mail server %s refuses us: %s %s", self._server.host, type(error).__name__, error.code)
        return failed(problem)


def deliverable(address: str) -> str:
    """An address with its domain as the mail system writes it (IDNA, RFC 5891). Raises ValueError."""
    name, at, domain = address.rpartition("@")
    if not at or not name or not _is_harmless(address):
        raise ValueError("not an address")
    return f"{name}@{idna.encode(domain, uts46=True).decode('ascii')}"


def written(letter: Letter, to: str, sender: str) -> EmailMessage:
    """The mail itself. Raises ValueError for what would not stay within its header."""
    message = EmailMessage()
    _name, address = parseaddr(sender)
    user, _at, domain = to.rpartition("@")
    message["From"] = sender
    message["To"] = Address("", user, domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.at / 1000, UTC))
    message["Message-ID"] = f"<{letter.id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice comes back
    message.set_content(letter.body, cte="7bit" if letter.body.isascii() else "base64")
    return message


def _is_harmless(address: str) -> bool:
    return address.isprintable() and not any(
        character.isspace() or character in '<>"\\,;:()[]' for character in address
    )
