"""What somebody wrote to a bot, taken apart: the text, the people mentioned in it, its words and its prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote

from mautrix.types import UserID

from appservice.database import storable
from appservice.events import Content
from appservice.language import contains_han

_USER_ID = re.compile(r"@[^\s:]*:[^\s/?#]+\Z")
_USER_LINK = re.compile(r"(?:https?://matrix\.to/#/(?:@|%40)|matrix:u/)([^?/]+)", re.IGNORECASE)
_BLOCK_TAGS = frozenset(("p", "div", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"))
_SEPARATORS = ",，、;；"
_AFTER_PREFIX = ":：,，"
_PREFIX_END = frozenset(_AFTER_PREFIX + "?？!！\"'“「")
_QUOTES = {'"': '"', "“": "”", "„": "“", "「": "」", "『": "』", "«": "»"}
_LOOSE = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x200B, 0x2060, 0xFEFF), " "),
    0: "\ufffd",
}

_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Signs that turn the direction of what is written behind them: in a sentence of ours they would turn an amount."""


def fold(text: str) -> str:
    """The text for comparing, of the same length: full-width forms made narrow, capitals made small."""
    narrow = text.translate(_LOOSE)
    lowered = narrow.lower()
    if len(lowered) == len(narrow):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in narrow)


def user_in(text: str) -> UserID | None:
    """The user that a Matrix id, a matrix.to link or a matrix: URI names."""
    text = storable(text).strip().strip(_SEPARATORS)
    link = _USER_LINK.match(text)
    if link is not None:
        text = "@" + storable(unquote(link[1])).removeprefix("@")
    return UserID(text) if _USER_ID.match(text) and len(text.encode()) <= 255 else None


@dataclass(frozen=True, slots=True)
class Pill:
    """A person mentioned: the stretch of the text that shows their name, and who it is."""

    start: int
    end: int
    user: UserID


@dataclass(frozen=True, slots=True)
class Word:
    """One argument as typed. `text` is without quotation marks; `start` and `end` are its place in the line."""

    text: str
    start: int = 0
    end: int = 0
    user: UserID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """The text of a message with the people mentioned in it, in the order of their places."""

    text: str
    pills: tuple[Pill, ...] = ()

    @classmethod
    def of(cls, content: Content) -> Line:
        """Read a message content; one without text is an empty line."""
        body, formatted = content.get("body"), content.get("formatted_body")
        if not isinstance(body, str) or _is_file_name(content):
            return cls("")
        body = storable(body).translate(_TURNING).strip()
        if isinstance(formatted, str) and ("matrix.to" in formatted or "matrix:u/" in formatted):
            shown, pills = _read_html(formatted.translate(_TURNING))
            if pills and shown.split() == body.split():
                return cls(shown, pills)
            if pills:
                return cls(body, _find_again(body, shown, pills))
        if len(body) > 1 and body[0] == body[-1] == "`":
            body = body.strip("`").strip()
        return cls(body)

    @property
    def own_text(self) -> str:
        """What was written apart from the names of people; it tells the language."""
        pieces, position = [], 0
        for pill in self.pills:
            pieces.append(self.text[position : pill.start])
            position = pill.end
        return "".join(pieces) + self.text[position:]

    def typed(self, start: int, end: int | None = None) -> str:
        """A stretch of it as it can be typed again: people by their ids."""
        end = len(self.text) if end is None else end
        pieces, position = [], start
        for pill in self.pills:
            if position <= pill.start and pill.end <= end:
                pieces += [self.text[position : pill.start], pill.user]
                position = pill.end
        return ("".join(pieces) + self.text[position:end]).strip()

    def words(self, start: int = 0) -> list[Word]:
        """Its words from a place on: parted by spaces, held together by quotation marks, people being one word."""
        pills = {pill.start: pill for pill in self.pills}
        found: list[Word] = []
        position = start
        while position < len(self.text):
            if self.text[position].isspace():
                position += 1
                continue
            if position in pills:
                pill = pills[position]
                word = Word(self.text[position : pill.end], position, pill.end, pill.user)
            else:
                word = self._quoted(position) or self._bare(position, pills)
            if word.user or word.end - word.start > len(word.text) or word.text.strip(_SEPARATORS):
                found.append(word)
            position = word.end
        return found

    def _bare(self, start: int, pills: dict[int, Pill]) -> Word:
        end = start
        while end < len(self.text) and not self.text[end].isspace() and (end == start or end not in pills):
            end += 1
        return Word(self.text[start:end], start, end)

    def _quoted(self, start: int) -> Word | None:
        closing = _QUOTES.get(self.text[start])
        if closing is None:
            return None
        inner: list[str] = []
        position = start + 1
        while position < len(self.text):
            char = self.text[position]
            after = self.text[position + 1 : position + 2]
            if char == "\\" and after in ("\\", closing):
                inner.append(after)
                position += 2
                continue
            if char == closing and (not after or after.isspace() or after in _SEPARATORS):
                return Word("".join(inner), start, position + 1)
            inner.append(char)
            position += 1
        return None


def quoted(text: str) -> str:
    """The text so that it is read back as one word."""
    plain = text and not any(char.isspace() for char in text) and text.strip(_SEPARATORS) and text[0] not in _QUOTES
    if plain:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A line that begins with a prefix; what follows begins at `start`. `typed` is the prefix as it was written."""

    prefix: str
    typed: str
    start: int


def find_prefix(line: Line, prefixes: tuple[str, ...]) -> Prefixed | None:
    """Which of the prefixes the line begins with, whatever its width, case and inner spaces.

    A prefix ends at the end of a word, so `!lwx` is none; Chinese needs no space there.
    """
    text = fold(line.text)
    for prefix, folded in _longest_first(prefixes):
        end = _after(text, folded)
        if end is None or not _ends_there(text, end, prefix):
            continue
        start = end
        while start < len(text) and (text[start].isspace() or text[start] in _AFTER_PREFIX):
            start += 1
        return Prefixed(prefix, line.text[:end].strip(), start)
    return None


@cache
def _longest_first(prefixes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The prefixes, each as it is and folded."""
    return tuple((prefix, fold(prefix)) for prefix in sorted(prefixes, key=len, reverse=True))


def _after(text: str, prefix: str) -> int | None:
    mark = len(prefix) - len(prefix.lstrip("!"))
    if not text.startswith(prefix[:mark]):
        return None
    position = mark
    while mark and position < len(text) and text[position].isspace():
        position += 1
    return position + len(prefix) - mark if text.startswith(prefix[mark:], position) else None


def _ends_there(text: str, end: int, prefix: str) -> bool:
    if end == len(text) or contains_han(prefix[-1]):
        return True
    following = text[end]
    return following.isspace() or contains_han(following) or following in _PREFIX_END


def after_mention(line: Line, user: UserID, names: Iterable[str], *, is_meant: bool) -> int | None:
    """Where the text goes on after a mention of `user` at its very beginning; None if it does not begin so.

    Plain names count with a colon or comma behind them, or where the message says whom it is meant for (`is_meant`).
    """
    end: int | None = None
    sure = True
    if line.pills and line.pills[0].start == 0:
        end = line.pills[0].end if line.pills[0].user == user else None
    elif line.text.startswith(user):
        end = len(user)
    else:
        text, sure = fold(line.text), is_meant
        for name in names:
            for form in (f"@{fold(name)}", fold(name)):
                if end is None and text.startswith(form):
                    end = len(form)
    if end is None:
        return None
    rest = line.text[end:]
    stripped = rest.lstrip()
    if stripped[:1] and stripped[0] in _AFTER_PREFIX:
        return len(line.text) - len(stripped[1:].lstrip())
    if sure and (not rest or rest[0].isspace() or contains_han(rest[0])):
        return len(line.text) - len(stripped)
    return None


def _is_file_name(content: Content) -> bool:
    """Whether the body only names a file; with a `filename` beside it, the body is a caption."""
    if content.get("msgtype") not in ("m.image", "m.file", "m.audio", "m.video"):
        return False
    return content.get("filename") in (None, content.get("body"))


class _HtmlReader(HTMLParser):
    """The text of a formatted body and where people are mentioned in it."""

    def __init__(self) -> None:
        super().__init__()
        self.length = 0
        self.pieces: list[str] = []
        self.pills: list[Pill] = []
        self._open: tuple[int, UserID] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or tag in _BLOCK_TAGS:
            self._add("\n")
        if tag == "a" and (user := user_in(dict(attrs).get("href") or "")):
            self._open = (self.length, user)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCK_TAGS:
            self._add("\n")
        if tag == "a" and self._open is not None:
            start, user = self._open
            self._open = None
            if start < self.length:
                self.pills.append(Pill(start, self.length, user))

    def handle_data(self, data: str) -> None:
        self._add(storable(data))

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)


def _read_html(formatted: str) -> tuple[str, tuple[Pill, ...]]:
    reader = _HtmlReader()
    try:
        reader.feed(formatted)
        reader.close()
    except AssertionError:  # how html.parser says that a declaration is malformed
        return "", ()
    text = "".join(reader.pieces)
    blank = len(text) - len(text.lstrip())
    text = text.strip()
    pills = (Pill(p.start - blank, min(p.end - blank, len(text)), p.user) for p in reader.pills)
    return text, tuple(pill for pill in pills if 0 <= pill.start < pill.end)


def _find_again(body: str, shown: str, pills: tuple[Pill, ...]) -> tuple[Pill, ...]:
    """The mentions of a formatted text, looked for in a plain text that is not quite the same."""
    found: list[Pill] = []
    position = 0
    for pill in pills:
        label = shown[pill.start : pill.end]
        start = _find_name(body, label, position)
        if start is not None:
            position = start + len(label)
            found.append(Pill(start, position, pill.user))
    return tuple(found)


def _find_name(body: str, label: str, position: int) -> int | None:
    pattern = re.escape(label)
    if label[:1].isascii() and label[:1].isalnum():
        pattern = r"(?<![A-Za-z0-9])" + pattern
    if label[-1:].isascii() and label[-1:].isalnum():
        pattern += r"(?![A-Za-z0-9])"
    match = re.compile(pattern).search(body, position)
    return match.start() if match else None
