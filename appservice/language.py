"""What we say, in English and Chinese: messages marked where they are written, translated when they are said.

`_("…")` marks a message for the catalogues (`pybabel extract` finds it) and leaves the translating to the moment when
the reader's language is known. Catalogues are gettext `.po` files, read at start; English is the language of the keys.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from appservice.content import Rich, Words, join, markup, words

OWN_CATALOGUES = Path(__file__).parent / "locale"
EXTRACTED = {"_": None, "N_": (1, 2)}
"""The marker functions, in the form that `babel.messages.extract` wants as `keywords`."""

_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")

_Unit = Literal["day", "hour", "minute", "second"]
_UNITS: tuple[tuple[int, _Unit], ...] = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


_GROUPED_FROM = 1000
"""Smaller numbers are written alike by all who read us."""


class Language(StrEnum):
    """A language that we speak."""

    EN = "en"
    ZH = "zh"


class CatalogueError(Exception):
    """A catalogue cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of ours in English, not yet said. The plural form is chosen by the value `count`."""

    singular: str
    plural: str | None = None


Sayable = Message | Words
"""What may be said: a marked message, or text that is not ours to translate."""


def _(text: str) -> Message:
    """Mark a message. It may hold `{named}` values, `**bold**` and `` `something to type` ``."""
    return Message(text)


def N_(singular: str, plural: str) -> Message:
    """Mark a message that depends on the value `count`."""
    return Message(singular, plural)


def contains_han(text: str) -> bool:
    """Whether there are Chinese characters in it."""
    return _HAN.search(text) is not None


def answer_language(text: str, chosen: Language | None, default: Language = Language.EN) -> Language:
    """The language to answer in: that of what was written, else the person's own choice, else the default."""
    if contains_han(text):
        return Language.ZH
    return chosen or default


class Catalogue:
    """One language: says messages, numbers and times the way its readers expect them."""

    def __init__(
        self, language: Language, translations: Mapping[str, tuple[str, ...]], plural: Callable[[int], int]
    ) -> None:
        self.language = language
        self._translations = translations
        self._plural = plural
        self._locale = Locale.parse(language.value)

    def say(self, message: Sayable, /, **values: Any) -> Rich:
        """A message with its values filled in.

        Values may be text, `Rich`, other messages, numbers, dates and durations, and lists of these. Raises `KeyError`
        if one is missing.
        """
        if not isinstance(message, Message):
            return words(message)
        return markup(self._template(message, values), {name: self._value(value) for name, value in values.items()})

    def text(self, message: Sayable, /, **values: Any) -> str:
        """The same where only plain text can stand, as in a room's name."""
        return self.say(message, **values).plain

    def _template(self, message: Message, values: Mapping[str, Any]) -> str:
        forms = self._translations.get(message.singular)
        if message.plural is None:
            return forms[0] if forms else message.singular
        count = values["count"]
        if forms:
            return forms[min(self._plural(count), len(forms) - 1)]
        return message.singular if count == 1 else message.plural

    def _value(self, value: Any) -> Words:
        match value:
            case Rich() | str():
                return value
            case Message():
                return self.say(value)
            case bool() | None:
                return str(value)
            case int() if 0 <= value < _GROUPED_FROM:
                return str(value)
            case int() | Decimal():
                return format_decimal(value, locale=self._locale)
            case datetime():
                return format_datetime(value, "medium", locale=self._locale)
            case date():
                return _date(value, self.language)
            case timedelta():
                return self._duration(round(value.total_seconds()))
            case list() | tuple():
                return self._list([self._value(item) for item in value])
        return str(value)

    def _duration(self, seconds: int) -> str:
        """In the largest unit that says it exactly."""
        unit = next(unit for size, unit in _UNITS if seconds % size == 0 and (seconds or size == 1))
        form: Literal["long", "short"] = "short" if self.language is Language.ZH else "long"  # 10秒, not 10秒钟
        return format_timedelta(seconds, granularity=unit, threshold=float("inf"), format=form, locale=self._locale)

    def _list(self, items: list[Words]) -> Words:
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items):
            return format_list(texts, locale=self._locale)
        return join("、" if self.language is Language.ZH else ", ", items)


class Catalogues:
    """All that we can say, in every language. `catalogues[language]` is one of them."""

    def __init__(self, *folders: Path) -> None:
        """Read `<folder>/<language>/LC_MESSAGES/*.po`; our own folder is always among them."""
        self._catalogues = {
            language: _read(language, [OWN_CATALOGUES, *folders] if language is not Language.EN else [])
            for language in Language
        }

    def __getitem__(self, language: Language) -> Catalogue:
        return self._catalogues[language]


@lru_cache(maxsize=1024)
def _date(day: date, language: Language) -> str:
    return format_date(day, "medium", locale=language.value)


def _read(language: Language, folders: list[Path]) -> Catalogue:
    translations: dict[str, tuple[str, ...]] = {}
    expression = "(n != 1)"
    for folder in dict.fromkeys(folders):
        for path in sorted((folder / language / "LC_MESSAGES").glob("*.po")):
            try:
                with path.open("rb") as file:
                    catalogue = read_po(file, locale=language.value, abort_invalid=True)
            except (OSError, PoFileError, UnicodeDecodeError) as error:
                raise CatalogueError(f"{path}: {error}") from error
            expression = catalogue.plural_expr
            for message in catalogue:
                if not message.id or message.fuzzy or not message.string:
                    continue
                key = message.id if isinstance(message.id, str) else message.id[0]
                forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
                if translations.setdefault(key, forms) != forms:
                    raise CatalogueError(f"{path}: {key!r} is translated differently elsewhere")
    return Catalogue(language, translations, gettext.c2py(expression))
