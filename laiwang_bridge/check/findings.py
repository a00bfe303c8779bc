"""What a check says: a finding with a stable code, how grave it is, and how it is mended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from laiwang_bridge.check.http import Http
from laiwang_bridge.config import Config
from laiwang_bridge.setup import REGISTRATION_NAME

REGISTER_AGAIN = "Run `laiwang-bridge registration`, give the homeserver the new file and restart it."


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and something should be looked at."""
    FAIL = "fail"
    """It does not work, or will not after the next restart."""
    SKIPPED = "skipped"
    """Nobody knows: something else has to be mended first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` stays the same over versions; `mend` is what to do, empty for nothing."""

    code: str
    level: Level
    text: str
    mend: str = ""

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "level": self.level, "text": self.text, "mend": self.mend}


def ok(code: str, text: str, mend: str = "") -> Finding:
    return Finding(code, Level.OK, text, mend)


def warn(code: str, text: str, mend: str) -> Finding:
    return Finding(code, Level.WARN, text, mend)


def fail(code: str, text: str, mend: str) -> Finding:
    return Finding(code, Level.FAIL, text, mend)


def skipped(code: str, text: str) -> Finding:
    return Finding(code, Level.SKIPPED, text)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined, and the means to do so. `clock` gives seconds since the epoch."""

    config: Config
    config_path: Path
    http: Http
    clock: Callable[[], float]

    @property
    def bot(self) -> str:
        return f"@{self.config.appservice.bot_localpart}:{self.config.homeserver.domain}"

    @property
    def registration_path(self) -> Path:
        return self.config_path.with_name(REGISTRATION_NAME)


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one thing; its findings' codes are `code`, or begin with it and a dot.

    It is left out unless all of `needs` found nothing to fail.
    """

    code: str
    look: Callable[[Subject], Awaitable[Iterable[Finding]]]
    needs: tuple[str, ...] = ()
