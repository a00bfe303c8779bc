"""What an admin writes to let addresses be proven, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from laiwang_bridge.config import Config
from laiwang_bridge.config_file import ConfigError, parse_config
from laiwang_bridge.from_config import codes_per_day, ways
from laiwang_bridge.logs import secrets_of
from laiwang_bridge.people.addresses import AddressKind, Proof
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN

KEY = "the-key-of-the-webhook-0123456789-abcdef"
SMALLEST = f"""\
homeserver:
  domain: example.org
appservice:
  as_token: {AS_TOKEN}
  hs_token: {HS_TOKEN}
"""


def parse(text: str, **environ: str) -> Config:
    return parse_config(SMALLEST + text, source="config.yaml", folder=Path("/etc/laiwang"), environ=environ)


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        parse(text)
    [found] = refused.value.problems
    return str(found).partition(": ")[2]


def test_everything_is_off_unless_it_is_configured() -> None:
    found = ways(parse(""))
    assert (found.mailer, found.texter, found.homeserver) == (None, None, None)
    assert {found.code_to(kind) for kind in AddressKind} == {None}


@pytest.mark.parametrize(
    "sender", ["laiwang@example.org", "Laiwang <laiwang@example.org>", "来往 <no-reply+x@mail.example.org>"]
)
def test_mails_have_a_server_and_a_sender(sender: str) -> None:
    config = parse(f'email: {{host: mail.example.org, sender: "{sender}", per_day: 7}}')
    assert ways(config).code_to(AddressKind.EMAIL) is Proof.EMAIL
    assert codes_per_day(config)[AddressKind.EMAIL] == 7


@pytest.mark.parametrize(
    "texts", ["command: [/usr/bin/send-sms, --now]", f"webhook: 'https://sms.example.org/send?x=1', webhook_key: {KEY}"]
)
def test_text_messages_go_by_a_program_or_a_webhook(texts: str) -> None:
    assert ways(parse(f"text_messages: {{{texts}}}")).code_to(AddressKind.NUMBER) is Proof.TEXT


def test_the_homeserver_is_asked_with_a_token() -> None:
    found = ways(parse(f"contacts: {{homeserver_admin_token: {KEY}}}"))
    assert found.homeserver is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("email: {host: mail.example.org}", "email.sender is missing: write what the mails are from"),
        ("email: {host: mail.example.org, sender: nobody}", "email.sender must be an e-mail address such as"),
        ('email: {host: mail.example.org, sender: "a@b\\r\\nBcc: c@d"}', "email.sender must be a text on one line"),
        ("email: {security: ssl}", "email.security must be starttls, tls or none"),
        ("email: {password: 7}", "email.password must be a text: put it in quotes."),
        ("text_messages: {command: send-sms}", "text_messages.command must be a list such as"),
        (
            "text_messages: {command: [send-sms]}",
            "text_messages.command must be a list that begins with the whole path",
        ),
        ("text_messages: {webhook: sms.example.org}", "text_messages.webhook 'sms.example.org' is not an address"),
        ("text_messages: {webhook: 'https://sms.example.org'}", "text_messages.webhook_key is missing"),
        (
            f"text_messages: {{command: [/bin/x], webhook: 'https://a.org', webhook_key: {KEY}}}",
            "text_messages.webhook and command are both given",
        ),
        ("contacts: {key: short}", "contacts.key is too short to be safe"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(text: str, expected: str) -> None:
    assert problem(text).startswith(expected)


def test_every_secret_is_kept_out_of_the_log() -> None:
    config = parse(
        f"contacts: {{key: {KEY}1, homeserver_admin_token: {KEY}2}}\n"
        f"email: {{host: mail.example.org, sender: a@example.org, username: us, password: {KEY}3}}\n"
        f"text_messages: {{webhook: 'https://sms.example.org', webhook_key: {KEY}4}}\n"
    )
    assert {f"{KEY}{number}" for number in range(1, 5)} <= set(secrets_of(config))


def test_secrets_may_come_from_the_environment() -> None:
    assert parse("", LAIWANG_CONTACTS__KEY=KEY).contacts.key == KEY
    assert parse("", LAIWANG_EMAIL__PASSWORD="hunter2").email.password == "hunter2"
