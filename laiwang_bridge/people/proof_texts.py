"""What comes to an address with a code: short, plain, without links, and saying who asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from mautrix.types import UserID

from appservice.bots import Voice
from appservice.language import _
from laiwang_bridge.people.codes import format_code

_LONGEST_USER = 40
"""Characters of a Matrix id in a text message, whose length is paid for."""


@dataclass(frozen=True, slots=True)
class MailText:
    subject: str
    body: str


def mail_text(voice: Voice, value: int, asker: UserID, confirm: str) -> MailText:
    """A mail that brings a code. `confirm` is the command to type before it."""
    code = format_code(value)
    body = voice.say(
        _(
            "Hello,\n\n"
            "{user} says on Matrix that this address is theirs. If that is you, write this to {bot}:\n\n"
            "    {line}\n\n"
            "It works once, within 15 minutes.\n\n"
            "If it is not you, ignore this mail. Then nothing happens, and your address is not kept."
        ),
        user=asker,
        bot=voice.bot.user_id,
        line=f"{confirm} {code}",
    )
    return MailText(voice.say(_("{code} is your code for Laiwang"), code=code).plain, f"{body.plain}\n")


def text_message(voice: Voice, value: int, asker: UserID) -> str:
    """A text message that brings a code."""
    said = _("{code} is your code for Laiwang, asked for by {user}. Not you? Ignore it.")
    who = asker if len(asker) <= _LONGEST_USER else f"{asker[: _LONGEST_USER - 1]}…"
    return voice.say(said, code=format_code(value), user=who).plain
