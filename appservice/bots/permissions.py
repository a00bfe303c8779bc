"""Who may use the bots: by Matrix id, by server, or everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from mautrix.types import UserID


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
