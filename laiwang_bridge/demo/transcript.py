"""The story on the terminal: who says what to whom, and what was seen of it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from typing import TextIO

_WIDTH = 100
_SPEAKERS = 16
"""Columns for "who → to whom"."""
_MARGIN = " " * (_SPEAKERS + 2)

_RESET, _BOLD, _DIM, _GREEN, _RED = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m"
_VOICES = ("\x1b[36m", "\x1b[35m", "\x1b[33m", "\x1b[34m", "\x1b[32m")


_PIECES = re.compile(r"\s+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+")
"""Between what a line may be cut."""


class Transcript:
    """Writes to `stream`, in colour if that is a terminal (and NO_COLOR is not set), line by line."""

    def __init__(self, stream: TextIO, *, colour: bool | None = None) -> None:
        self._stream = stream
        self._colour = _wants_colour(stream) if colour is None else colour
        self._voices: dict[str, str] = {}

    def line(self, text: str = "") -> None:
        # What the terminal's encoding has no sign for is shown as "?" rather than not at all.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(text.rstrip().encode(encoding, "replace").decode(encoding) + "\n")
        self._stream.flush()

    def chapter(self, title: str) -> None:
        self.line()
        self.line(self._in(_BOLD, title))

    def note(self, text: str) -> None:
        """What is going on behind the scene."""
        for line in _wrapped(text, _WIDTH - len(_MARGIN)):
            self.line(_MARGIN + self._in(_DIM, line))

    def says(self, who: str, to: str, text: str) -> None:
        heading = f"{who} → {to}"
        padding = " " * max(_SPEAKERS - width(heading), 0)
        voice = self._voices.setdefault(who, _VOICES[len(self._voices) % len(_VOICES)])
        first, *rest = [line for part in text.splitlines() for line in _wrapped(part, _WIDTH - len(_MARGIN))] or [""]
        self.line(f"{padding}{self._in(voice, heading)}  {first}")
        for line in rest:
            self.line(_MARGIN + line)

    def seen(self, what: str, seconds: float) -> None:
        """It has happened, and this is how long it took."""
        self._result(_GREEN, "✔", what, f"{seconds * 1000:.0f} ms")

    def failed(self, what: str, seconds: float) -> None:
        self._result(_RED, "✘", what, f"after {seconds:.1f} s")

    def details(self, heading: str, lines: Iterable[str]) -> None:
        """Something to look at closely, such as the end of a log."""
        if heading:
            self.line(f"{_MARGIN}{heading}")
        for line in lines:
            self.line(f"{_MARGIN}  {line}")

    def _result(self, colour: str, sign: str, what: str, time: str) -> None:
        lines = _wrapped(what, _WIDTH - len(_MARGIN) - 14)
        gap = " " * max(_WIDTH - len(_MARGIN) - 2 - width(lines[0]) - len(time), 2)
        self.line(f"{_MARGIN}{self._in(colour, sign)} {lines[0]}{gap}{self._in(_DIM, time)}")
        for line in lines[1:]:
            self.line(f"{_MARGIN}  {line}")

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _wrapped(text: str, columns: int) -> list[str]:
    """A line cut into several at its spaces, and Chinese anywhere; at least one."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1].strip() and width(lines[-1]) + width(piece.rstrip()) > columns:
            lines.append("")
            piece = piece.lstrip()
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
