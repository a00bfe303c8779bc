"""Mails with a code, handed to a real mail server."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.routes import Later
from laiwang_bridge.people.proving.mailing import Letter, Mailer, MailServer, Security, deliverable, written
from tests.support import mailserver
from tests.support.mailserver import LOGIN, mail_server

LETTER = Letter("mei@example.org", "K7RF-2XWM is your code", "Hello,\n\nyours.\n", "laiwang.1", 1_700_000_000_000)
SENT, NO_SUCH_ADDRESS, NOT_NOW = {"problem": None}, {"problem": "address"}, {"problem": "service"}


def mailer(server: mailserver.MailServer, security: Security = "none", **more: str) -> Mailer:
    account = MailServer("localhost", server.port, security, "Laiwang <bot@example.com>", trust=server.trust)
    return Mailer(replace(account, **more))  # type: ignore[arg-type]


def login(password: str = LOGIN[1]) -> dict[str, str]:
    return {"username": LOGIN[0], "password": password}


# -- what arrives ---------------------------------------------------------------------------------------------------


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with mail_server() as server:
        assert await mailer(server).send(LETTER) == SENT
    [mail], [envelope] = server.mails, server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bot@example.com", ["mei@example.org"])
    assert mail["From"] == "Laiwang <bot@example.com>"
    assert mail["To"] == "mei@example.org"
    assert mail["Subject"] == "K7RF-2XWM is your code"
    assert mail["Date"].datetime.timestamp() == LETTER.at / 1000
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == LETTER.body.splitlines()


async def test_chinese_arrives_as_chinese_whatever_the_server_can() -> None:
    letter = replace(LETTER, subject="K7RF-2XWM 是你的来往验证码", body="你好：\n\n请确认。\n")
    async with mail_server(smtputf8=False) as server:
        assert await mailer(server).send(letter) == SENT
    assert server.mails[0]["Subject"] == letter.subject
    assert server.mails[0].get_content().splitlines() == letter.body.splitlines()


async def test_a_repetition_has_the_same_message_id() -> None:
    async with mail_server() as server:
        for _time in range(2):
            await mailer(server).send(LETTER)
    assert [mail["Message-ID"] for mail in server.mails] == ["<laiwang.1@example.com>"] * 2
    assert bytes(server.mails[0]) == bytes(server.mails[1])


# -- ways in --------------------------------------------------------------------------------------------------------


async def test_the_password_is_told_after_starttls() -> None:
    async with mail_server(starttls=True, login=True) as server:
        assert await mailer(server, "starttls", **login()).send(LETTER) == SENT
    assert server.logins == ["bridge"]
    assert len(server.mails) == 1


async def test_tls_from_the_first_byte() -> None:
    async with mail_server(tls=True) as server:
        assert await mailer(server, "tls").send(LETTER) == SENT
    assert len(server.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(security: Security) -> None:
    async with mail_server(starttls=security == "starttls", tls=security == "tls") as server:
        server.trust = None
        with pytest.raises(Later):
            await mailer(server, security).send(LETTER)
        await asyncio.sleep(0.05)
    assert server.mails == []


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with mail_server() as server:
        assert await mailer(server, "starttls", **login()).send(LETTER) == NOT_NOW
    assert (server.logins, server.mails) == ([], [])


async def test_a_wrong_password_is_for_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    async with mail_server(starttls=True, login=True) as server:
        assert await mailer(server, "starttls", **login("wrong")).send(LETTER) == NOT_NOW
    assert "localhost refuses us" in caplog.text
    assert "mei@" not in caplog.text


# -- refusals -------------------------------------------------------------------------------------------------------


async def test_greylisting_is_waited_out() -> None:
    async with mail_server() as server:
        server.to_recipient = ["451 4.7.1 Greylisted, try again in 60 seconds"]
        with pytest.raises(Later) as later:
            await mailer(server).send(LETTER)
        assert 60 <= later.value.seconds <= 600
        assert await mailer(server).send(LETTER) == SENT
    assert len(server.mails) == 1


async def test_a_full_server_is_waited_for_too() -> None:
    async with mail_server() as server:
        server.to_message = ["452 4.3.1 Insufficient system storage"]
        with pytest.raises(Later):
            await mailer(server).send(LETTER)


async def test_an_address_that_does_not_exist_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    async with mail_server() as server:
        server.to_recipient = ["550 5.1.1 <mei@example.org>: no such user"]
        assert await mailer(server).send(LETTER) == NO_SUCH_ADDRESS
    assert caplog.text == ""


async def test_a_mail_that_is_refused_whole_is_for_the_operator() -> None:
    async with mail_server() as server:
        server.to_message = ["554 5.7.1 We do not like you"]
        assert await mailer(server).send(LETTER) == NOT_NOW


async def test_a_server_that_is_away_is_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = mailserver.MailServer(port=taken.getsockname()[1])
        with pytest.raises(Later):
            await mailer(away).send(LETTER)


async def test_a_server_that_hangs_up_is_waited_for() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Later):
            await mailer(mailserver.MailServer(port=server.sockets[0].getsockname()[1])).send(LETTER)


# -- addresses ------------------------------------------------------------------------------------------------------


async def test_a_domain_in_any_script_is_found() -> None:
    async with mail_server(smtputf8=False) as server:
        assert await mailer(server).send(replace(LETTER, to="mei@例子.测试")) == SENT
    assert server.envelopes[0].rcpt_tos == ["mei@xn--fsqu00a.xn--0zwm56d"]


async def test_a_name_in_any_script_needs_a_server_that_can() -> None:
    async with mail_server() as server:
        assert await mailer(server).send(replace(LETTER, to="小美@例子.测试")) == SENT
    assert server.envelopes[0].rcpt_tos == ["小美@xn--fsqu00a.xn--0zwm56d"]
    async with mail_server(smtputf8=False) as old:
        assert await mailer(old).send(replace(LETTER, to="小美@例子.测试")) == NO_SUCH_ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "", "mei", "@example.org", "mei@", "mei@-.org", "mei@example..org", "mei@example.org\r\nBcc: all@example.org",
        "mei@example.org>\r\nRCPT TO:<all@example.org", "a b@example.org", "a,b@example.org", "<mei@example.org>",
        "mei\u2028@example.org", f"mei@{'a' * 64}.org",
    ],
)  # fmt: skip
async def test_what_is_no_address_never_leaves(address: str) -> None:
    nowhere = mailserver.MailServer(port=1)
    assert await mailer(nowhere).send(replace(LETTER, to=address)) == NO_SUCH_ADDRESS


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_makes_another_header(address: str, subject: str) -> None:
    try:
        to = deliverable(f"{address}@example.org")
        mail = written(replace(LETTER, subject=subject), to, "Laiwang <bot@example.com>")
    except ValueError:
        return
    head = mail.as_bytes().partition(b"\n\n")[0].split(b"\n")
    names = [line.partition(b":")[0] for line in head if not line.startswith((b" ", b"\t"))]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"Content-Type",
        b"Content-Transfer-Encoding", b"MIME-Version",
    ]  # fmt: skip
