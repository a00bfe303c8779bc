"""A real mail server (aiosmtpd) that keeps what it takes, or refuses it as a test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN = ("bridge", "the password of the bridge")


@dataclass
class MailServer:
    """What it took, and what it answers: to a recipient, to a message, in turn; then 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    to_recipient: list[str] = field(default_factory=list)
    to_message: list[str] = field(default_factory=list)
    trust: ssl.SSLContext | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_recipient.pop(0) if self.to_recipient else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.to_message.pop(0) if self.to_message else "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.envelopes.append(envelope)
        return answer

    def let_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login[0])
        return AuthResult(success=login == LOGIN, handled=False)


@asynccontextmanager
async def mail_server(
    *, starttls: bool = False, tls: bool = False, login: bool = False, smtputf8: bool = True
) -> AsyncIterator[MailServer]:
    """One on loopback; `trust` of it accepts its certificate."""
    running = MailServer()
    context: ssl.SSLContext | None = None
    if starttls or tls:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        running.trust = ssl.create_default_context()
        authority.configure_trust(running.trust)

    sessions: list[SMTP] = []

    def protocol() -> SMTP:
        session = SMTP(
            running,
            hostname="localhost",
            enable_SMTPUTF8=smtputf8,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=running.let_in if login else None,
            auth_required=login,
            auth_require_tls=starttls,
            loop=asyncio.get_running_loop(),
        )
        sessions.append(session)
        return session

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=context if tls else None)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for session in sessions:
            if session.transport is not None:
                session.transport.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)
