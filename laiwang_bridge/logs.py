"""The log on standard error: readable or as JSON, and never with a token or with what people write.

Our own loggers follow the configured level; libraries are heard from when they warn. That is a matter of privacy too:
at their finer levels several of them print whole requests and rows.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Any

import orjson

from appservice.database import parse_url
from laiwang_bridge.config import Config, Logging
from laiwang_bridge.config_values import sections_of

_OURS = ("appservice", "laiwang_bridge")
_HIDDEN = "[hidden]"

# Whatever is shaped like a token: headers, queries, Synapse's own tokens, and ours (48 random bytes).
_TOKENS = re.compile(
    r"(?P<before>\bBearer\s+|\baccess_token=)[A-Za-z0-9._~+/=-]+"
    r"|\bsy[tr]_[A-Za-z0-9_]+|\bmct_[A-Za-z0-9_]+"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{64}(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"(?P<before>://[^\s:/@]+:)[^\s@/]+(?=@)")
# Rows, as SQLAlchemy and PostgreSQL show them in their errors.
_ROWS = re.compile(r"^(?P<before>\[parameters: |DETAIL: ).*$", re.MULTILINE)
# The last line of a traceback may quote the value at fault, and that may be somebody's message.
_ERROR_LINE = re.compile(r"^[ |+-]*[\w.]+: .*$", re.MULTILINE)
_FILE_ERROR = re.compile(r"^[ |+-]*(OSError|\w*(File|Directory|Permission|Connection)\w*Error): ")
_QUOTED = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")


def set_up(settings: Logging, *, secrets: Iterable[str] = (), stream: IO[str] | None = None) -> None:
    """Send everything that is logged in this process to standard error (or `stream`); `secrets` never appear."""
    handler = logging.StreamHandler(stream or sys.stderr)
    mask = Mask(secrets)
    handler.setFormatter(JsonFormatter(mask) if settings.format == "json" else TextFormatter(mask))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(settings.level.upper())
    logging.captureWarnings(True)


def secrets_of(config: Config) -> list[str]:
    """What must not appear in the log of a bridge that is configured like this."""
    password = parse_url(config.database.url).password
    told = [
        getattr(getattr(config, section.name), name)
        for section in sections_of(Config)
        for name, setting in section.settings.items()
        if setting.secret and section.name != "database"
    ]
    return [secret for secret in (*told, str(password or "")) if secret]


class Mask:
    """Hides secrets: those it was told, and whatever is shaped like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, in case one is the beginning of another; very short ones would hide half the log.
        told = sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True)
        self._told = re.compile("|".join(map(re.escape, told))) if told else None

    def __call__(self, text: str) -> str:
        if self._told is not None:
            text = self._told.sub(_HIDDEN, text)
        for pattern in (_TOKENS, _PASSWORD_IN_URL, _ROWS):
            text = pattern.sub(_keep_before, text)
        return text


class _Formatter(logging.Formatter):
    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def formatException(self, ei: Any) -> str:
        return _ERROR_LINE.sub(lambda match: without_values(match[0]), super().formatException(ei))

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have left its own rendering of the traceback in the record.
        record.exc_text = self.formatException(record.exc_info) if record.exc_info else None
        return self._mask(self.written(record))

    def written(self, record: logging.LogRecord) -> str:
        raise NotImplementedError


class TextFormatter(_Formatter):
    """`2025-02-03 08:15:00.123 WARNING appservice.server: …`, in local time."""

    def written(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        shown = f"{at:%Y-%m-%d %H:%M:%S}.{int(record.msecs):03} {record.levelname:7} {record.name}: "
        request = getattr(record, "request", None)
        if request is not None:
            shown += f"[{request}] "
        shown += record.getMessage()
        return f"{shown}\n{record.exc_text}" if record.exc_text else shown


class JsonFormatter(_Formatter):
    """One JSON object per line: `time` (UTC), `level`, `logger`, `message`, and `request` and `exception` if any."""

    def written(self, record: logging.LogRecord) -> str:
        shown: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._mask(record.getMessage()),
        }
        request = getattr(record, "request", None)
        if request is not None:
            shown["request"] = str(request)
        if record.exc_text:
            shown["exception"] = self._mask(record.exc_text)
        return orjson.dumps(shown).decode()


def _keep_before(match: re.Match[str]) -> str:
    return f"{match.groupdict().get('before') or ''}{_HIDDEN}"


def without_values(line: str) -> str:
    """The line in which an error introduces itself, without the values that it quotes; files keep their names."""
    return line if _FILE_ERROR.match(line) else _QUOTED.sub("'…'", line)
