"""Who may use the bots (by Matrix id, by server, or everybody), and what else they ask about people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.language import Language


class Level(IntEnum):
    """How much somebody may do; each level may do what those below it may. The blocked get silence."""

    BLOCK = 0
    USER = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True)
class Permissions:
    """Levels by Matrix id, server name or `*`; the most exact entry counts. Whom no entry names is blocked."""

    levels: Mapping[str, Level]

    def __call__(self, user: UserID) -> Level:
        server = user.partition(":")[2]
        for name in (user, server, "*"):
            if name in self.levels:
                return self.levels[name]
        return Level.BLOCK


@dataclass(frozen=True, slots=True)
class Audience:
    """What the bots ask about the people they talk to.

    `level_of` says how much somebody may do; `language_of` which language they have chosen, if any; `is_ignored`
    whether they are a user of our own or another bot, to whom we never speak.
    """

    level_of: Callable[[UserID], Level]
    language_of: Callable[[Connection, UserID], Language | None]
    is_ignored: Callable[[UserID], bool]
