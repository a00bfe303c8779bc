"""What goes wrong in a way that the person can mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appservice.language import Message


class UserError(Exception):
    """A command cannot do what was asked. The person reads the message; what the command did so far is undone.

    `try_instead` is a whole command, filled in (`Voice.line` makes one), shown ready to be copied, or several of which
    one may be meant.
    """

    def __init__(self, message: Message, /, *, try_instead: str | Sequence[str] | None = None, **values: Any) -> None:
        super().__init__(message.singular)
        self.message = message
        self.values = values
        self.try_instead = try_instead


class ArgumentError(Exception):
    """A word is not what an argument wants. `suggestion` is a word that it would take."""

    def __init__(self, message: Message, /, *, suggestion: str | None = None, **values: Any) -> None:
        super().__init__(message.singular)
        self.message = message
        self.values = values
        self.suggestion = suggestion
