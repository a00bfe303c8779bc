"""The types of arguments: how each is read from a word and shown as one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from mautrix.types import UserID

from appservice.bots.errors import ArgumentError
from appservice.bots.guess import nearest
from appservice.bots.line import Word, fold, user_in
from appservice.language import Language, _, contains_han

_YES = frozenset(
    "yes y yeah yep ok okay sure true on 1 👍 ✅ 是 是的 对 好 好的 可以 行 确认 确定 要 开".split()  # noqa: SIM905
)
_NO = frozenset("no n nope false off 0 👎 ❌ 否 不 不是 不要 不行 不用 不好 关".split())  # noqa: SIM905
_UNITS = {
    "w": 604_800, "week": 604_800, "weeks": 604_800, "周": 604_800, "星期": 604_800,
    "d": 86_400, "day": 86_400, "days": 86_400, "天": 86_400, "日": 86_400,
    "h": 3_600, "hour": 3_600, "hours": 3_600, "小时": 3_600, "钟头": 3_600,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "分": 60, "分钟": 60,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1,
}  # fmt: skip
_SHOWN_UNITS = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_DURATION_PART = re.compile(r"(\d{1,9})([^\d\s]+)")
_LONGEST = timedelta(days=36_525)


def _shown(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


class Kind(ABC):
    """One type of argument. `write` is the inverse of `parse`."""

    example: str

    @abstractmethod
    def parse(self, word: Word) -> Any:
        """Raises `ArgumentError`."""

    def write(self, value: Any, language: Language) -> str:
        return str(value)

    def in_chinese(self, example: str) -> str:
        """An example as readers of Chinese would type it."""
        return example


@dataclass(frozen=True)
class Text(Kind):
    most: int | None = None
    example: str = "…"

    def parse(self, word: Word) -> str:
        if not word.text:
            raise ArgumentError(_("The text is empty."))
        if self.most is not None and len(word.text) > self.most:
            raise ArgumentError(
                _("The text has {length} characters; {most} is the most."),
                length=len(word.text),
                most=self.most,
                suggestion=word.text[: self.most],
            )
        return word.text


@dataclass(frozen=True)
class Number(Kind):
    least: int | None = None
    most: int | None = None

    @property
    def example(self) -> str:  # type: ignore[override]
        return str(self.least if self.least is not None else 1)

    def parse(self, word: Word) -> int:
        digits = fold(word.text).removeprefix("#").rstrip(".,，。、")
        if not re.fullmatch(r"[+-]?\d{1,18}", digits):
            raise ArgumentError(_("“{word}” is not a whole number."), word=_shown(word.text))
        value = int(digits)
        if self.least is not None and value < self.least:
            raise ArgumentError(
                _("{number} is too small; {least} is the least."),
                number=value,
                least=self.least,
                suggestion=str(self.least),
            )
        if self.most is not None and value > self.most:
            raise ArgumentError(
                _("{number} is too large; {most} is the most."), number=value, most=self.most, suggestion=str(self.most)
            )
        return value


@dataclass(frozen=True)
class YesNo(Kind):
    example: str = "yes"

    def parse(self, word: Word) -> bool:
        answer = fold(word.text).strip(" .!。！~～\ufe0f")
        if answer in _YES:
            return True
        if answer in _NO:
            return False
        raise ArgumentError(_("“{word}” is neither yes nor no."), word=_shown(word.text))

    def write(self, value: Any, language: Language) -> str:
        if language is Language.ZH:
            return "是" if value else "否"
        return "yes" if value else "no"

    def in_chinese(self, example: str) -> str:
        return self.write(fold(example) in _YES, Language.ZH)


@dataclass(frozen=True)
class Person(Kind):
    example: str = "@alice:example.org"

    def parse(self, word: Word) -> UserID:
        user = word.user or user_in(word.text)
        if user is None:
            raise ArgumentError(
                _("“{word}” is nobody’s Matrix id. Mention the person, or write it out like @alice:example.org."),
                word=_shown(word.text),
            )
        return user


@dataclass(frozen=True)
class Duration(Kind):
    example: str = "2h"

    def parse(self, word: Word) -> timedelta:
        text = fold(word.text)
        parts = _DURATION_PART.findall(text)
        known = all(unit in _UNITS for _number, unit in parts)
        if not parts or not known or "".join(number + unit for number, unit in parts) != text:
            raise ArgumentError(
                _("“{word}” is no length of time. Write it like `30m`, `2h` or `7d`."), word=_shown(word.text)
            )
        seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
        if seconds > _LONGEST.total_seconds():
            raise ArgumentError(_("That is longer than a lifetime."))
        return timedelta(seconds=seconds)

    def write(self, value: Any, language: Language) -> str:
        seconds = round(value.total_seconds())
        pieces = []
        for size, unit in _SHOWN_UNITS:
            if seconds >= size:
                pieces.append(f"{seconds // size}{unit}")
                seconds %= size
        return "".join(pieces) or "0s"


class Choice(Kind):
    """One of a few values, each known by several words; the first Chinese word is shown to readers of Chinese."""

    def __init__(self, values: Mapping[str, Any], words: Mapping[str, tuple[str, ...]]) -> None:
        self._values = dict(values)
        self._words = {name: (name, *words.get(name, ())) for name in values}
        self._by_word = {fold(word): values[name] for name, forms in self._words.items() for word in forms}
        self.example = next(iter(values))

    @property
    def names(self) -> tuple[str, ...]:
        """How each value is called first."""
        return tuple(self._values)

    def parse(self, word: Word) -> Any:
        key = fold(word.text).strip()
        if key in self._by_word:
            return self._by_word[key]
        guesses = nearest(key, self._by_word)
        raise ArgumentError(
            _("“{word}” is none of: {choices}."),
            word=_shown(word.text),
            choices=[self._both(name) for name in self._values],
            suggestion=guesses[0] if guesses else None,
        )

    def _both(self, name: str) -> str:
        chinese = self.in_chinese(name)
        return name if chinese == name else f"{name}/{chinese}"

    def in_chinese(self, example: str) -> str:
        return next((form for form in self._words.get(example, ()) if contains_han(form)), example)

    def write(self, value: Any, language: Language) -> str:
        name = str(value.value if isinstance(value, Enum) else value)
        return self.in_chinese(name) if language is Language.ZH else name


class Custom(Kind):
    """A type of a feature's own. `words` are what else may stand for some of its values, as in `Choice`."""

    example = "…"

    def __init__(
        self, parse: Callable[[str], Any], show: Callable[[Any], str], words: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._parse = parse
        self._show = show
        self._words = words

    def parse(self, word: Word) -> Any:
        return self._parse(word.user or word.text)

    def write(self, value: Any, language: Language) -> str:
        shown = self._show(value)
        return self.in_chinese(shown) if language is Language.ZH else shown

    def in_chinese(self, example: str) -> str:
        return next((word for word in self._words.get(example, ()) if contains_han(word)), example)
