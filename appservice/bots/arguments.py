"""The arguments of a command, as its handler's annotations declare them.

    def pay(context: Context, whom: Annotated[UserID, Argument(_("to whom"))],
            days: Annotated[int, Argument(_("in how many days"), least=1)] = 7) -> None: ...

A parameter with a default may be left out. Types: `str` (one word, or all that follows with `rest=True`), `int`, `bool`
(yes or no), `UserID` (an id, a link or a mention), `timedelta`, `Literal[…]` and enums (a choice), `tuple[T, …]` (one
or more), and any other with a `parse` function of its own.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from mautrix.types import UserID

from appservice.bots.kinds import Choice, Custom, Duration, Kind, Number, Person, Text, YesNo
from appservice.bots.line import Word, quoted
from appservice.language import Language, Message

_NO_WORDS: Mapping[str, tuple[str, ...]] = types.MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """What a parameter is, for the people who type it.

    `label` stands in the usage and where the argument is missed ("which one"); `example` fills in a corrected command,
    `chinese` one in Chinese, where that is another one.
    `rest` takes the rest of the message. `least` and `most` bound a number, or the length of a text. `words` gives the
    further words that stand for a choice. `parse` reads a type of your own, all its words: it raises `ArgumentError`,
    and `show` is its inverse; in Chinese, what `show` gives is said by the Chinese one of its `words`.
    """

    label: Message
    example: str | None = None
    chinese: str | None = None
    rest: bool = False
    least: int | None = None
    most: int | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_WORDS)
    parse: Callable[[str], Any] | None = None
    show: Callable[[Any], str] = str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of one command, ready to be read and shown."""

    name: str
    label: Message
    kind: Kind
    example: str
    chinese: str
    required: bool
    default: Any = None
    is_rest: bool = False
    is_many: bool = False

    def parse(self, word: Word) -> Any:
        """Raises `ArgumentError`."""
        return self.kind.parse(word)

    def example_in(self, language: Language) -> str:
        """What it may be, as it can be typed."""
        return self.chinese if language is Language.ZH else self.example

    def show(self, value: Any, language: Language) -> str:
        """The value as it can be typed, such that `parse` gives it back."""
        if self.is_rest:
            return self.kind.write(value, language)
        values: Sequence[Any] = value if self.is_many else (value,)
        return " ".join(quoted(self.kind.write(item, language)) for item in values)


class DeclarationError(TypeError):
    """A handler is not declared as a command or dialogue must be; the message says how to mend it."""


def parameters_of(handler: Callable[..., Any], skip: int = 1) -> tuple[Parameter, ...]:
    """The declared arguments of a handler, its first `skip` parameters (the context) aside."""
    if isinstance(handler, types.MethodType):
        return _parameters_of_method(handler.__func__, skip + 1)
    return _read(handler, skip)


@cache
def _parameters_of_method(function: Callable[..., Any], skip: int) -> tuple[Parameter, ...]:
    """Read once, however many objects have this method: reading takes longer than all the rest of a declaration."""
    return _read(function, skip)


def _read(handler: Callable[..., Any], skip: int) -> tuple[Parameter, ...]:
    hints = get_type_hints(handler, include_extras=True)
    declared = list(inspect.signature(handler).parameters.values())[skip:]
    positional = [parameter for parameter in declared if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
    found = [_parameter(handler, parameter, hints.get(parameter.name)) for parameter in positional]
    for read in found[:-1]:
        if read.is_rest:
            raise DeclarationError(f"{handler.__qualname__}: {read.name} takes the rest, so it must be the last")
    return tuple(found)


def _parameter(handler: Callable[..., Any], parameter: inspect.Parameter, hint: Any) -> Parameter:
    where = f"{handler.__qualname__}: {parameter.name}"
    hint = _without_none(hint)
    if get_origin(hint) is not Annotated:
        raise DeclarationError(f'{where} needs an annotation like Annotated[int, Argument(_("which one"))]')
    declared, *extras = get_args(hint)
    argument = next((extra for extra in extras if isinstance(extra, Argument)), None)
    if argument is None:
        raise DeclarationError(f"{where} has no Argument(…) in its annotation")
    declared = _without_none(declared)
    is_many = get_origin(declared) is tuple
    if is_many:
        declared = get_args(declared)[0]
    kind = _kind(declared, argument, where)
    required = parameter.default is inspect.Parameter.empty
    example = argument.example or kind.example
    return Parameter(
        name=parameter.name,
        label=argument.label,
        kind=kind,
        example=example,
        chinese=argument.chinese or kind.in_chinese(example),
        required=required,
        default=None if required else parameter.default,
        is_rest=argument.rest,
        is_many=is_many,
    )


def _kind(declared: Any, argument: Argument, where: str) -> Kind:
    if argument.parse is not None:
        return Custom(argument.parse, argument.show, argument.words)
    if declared is str:
        return Text(argument.most)
    if argument.rest:
        raise DeclarationError(f"{where} takes the rest of the message, so it must be a str")
    if declared is int:
        return Number(argument.least, argument.most)
    if declared is bool:
        return YesNo()
    if declared is UserID:
        return Person()
    if declared is timedelta:
        return Duration()
    if get_origin(declared) is Literal:
        return Choice({str(value): value for value in get_args(declared)}, argument.words)
    if isinstance(declared, type) and issubclass(declared, Enum):
        return Choice({str(member.value): member for member in declared}, argument.words)
    raise DeclarationError(f"{where}: give Argument a parse function for {declared!r}")


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint
