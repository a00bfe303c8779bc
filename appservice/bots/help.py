"""Help, made from the declarations and cut to fit a phone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from appservice.bots.router import Command, Router
from appservice.bots.understand import HELP_WORDS, usage
from appservice.content import Rich, bold, code_block, lines, literal, paragraphs, words
from appservice.language import Catalogue, Language, Message, _

WIDTH = 40
"""Columns that a phone shows in one line; a Chinese character takes two."""

_MANY = 24
_UNITS = re.compile(r"\s+|[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]|[^\s\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]+")
_NEVER_FIRST = frozenset("，。、；：？！）”’」』…")


def columns(text: str) -> int:
    """How wide a text is shown."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrap(text: str, width: int = WIDTH, indent: str = "") -> str:
    """The text in lines of at most so many columns, where words allow it."""
    rows, row = [], indent
    for unit in _UNITS.findall(text):
        if unit.isspace():
            row += " " if row.strip() else ""
        elif row.strip() and columns(row + unit) > width and unit not in _NEVER_FIRST:
            rows.append(row.rstrip())
            row = indent + unit
        else:
            row += unit
    return "\n".join([*rows, row.rstrip()])


def overview(
    routers: Sequence[Router],
    catalogue: Catalogue,
    prefix_of: Callable[[Router], str],
    may_use: Callable[[Command], bool],
    elsewhere: Rich | None = None,
) -> Rich:
    """Every listed command that somebody may use, in groups, a line or two each; only the names where they are many.

    `elsewhere` says where there are more. What to begin with stands below them.
    """
    sections: dict[Message | None, list[tuple[Router, Command]]] = {}
    for router in routers:
        for command in (one for one in router.commands if one.listed and may_use(one)):
            sections.setdefault(command.group or router.title, []).append((router, command))
    count = sum(len(section) for section in sections.values())
    parts: list[Rich] = []
    for title, section in sections.items():
        heading = bold(catalogue.say(title)) if title else words("")
        if count > _MANY:
            parts.append(_names(heading, section, catalogue.language, prefix_of))
        else:
            parts.append(lines(heading, *(_row(command, catalogue, prefix_of(router)) for router, command in section)))
    if count > _MANY:
        parts = [lines(*parts)]
    routers_shown = dict.fromkeys(router for section in sections.values() for router, _command in section)
    is_one = len({router.prefixes for router in routers_shown}) == 1
    often = [router for router in routers_shown if router.often] if count > _MANY and is_one else []
    if often:
        language = catalogue.language
        rows = (catalogue.say(row, prefix=router.prefix_in(language)) for router in often for row in router.often)
        first = lines(*map(_wrapped, rows))
    else:
        first = lines(*(_wrapped(catalogue.say(router.first)) for router in routers_shown if router.first))
    return paragraphs(
        *parts, first, _wrapped(elsewhere) if elsewhere else words(""), _more(sections, catalogue, prefix_of)
    )


def details(command: Command, catalogue: Catalogue, prefix: str) -> Rich:
    """All about one command."""
    language = catalogue.language
    shown = command.name_in(language)
    others = [name for name in command.names if name != shown]
    notes = [
        catalogue.say(_("Only in our direct chat.")) if command.where == "direct" else None,
        catalogue.say(_("Only in a room.")) if command.where == "room" else None,
        catalogue.say(_("Takes power level {power} in the room."), power=command.power) if command.power else None,
        catalogue.say(_("Also: {names}"), names=others) if others else None,
    ]
    arguments = [
        catalogue.say(_("{what}: for example {example}"), what=parameter.label, example=parameter.example_in(language))
        for parameter in command.parameters
        if parameter.example.strip("…")
    ]
    return paragraphs(
        lines(literal(_usage(command, catalogue, prefix)), _wrapped(catalogue.say(command.help))),
        lines(*arguments, *(note for note in notes if note)),
        code_block(_example(command, language, prefix)),
    )


def _row(command: Command, catalogue: Catalogue, prefix: str) -> Rich:
    typed = _usage(command, catalogue, prefix)
    if columns(typed) > WIDTH:
        typed = f"{prefix} {command.name_in(catalogue.language)} …".strip()
    about = catalogue.say(command.help)
    if columns(f"{typed} – {about.plain}") <= WIDTH:
        return literal(typed) + " – " + about
    return Rich(f"{typed}\n{wrap(about.plain, indent='  ')}", (literal(typed) + " – " + about).html)


def _usage(command: Command, catalogue: Catalogue, prefix: str) -> str:
    pieces = [prefix, command.name_in(catalogue.language)]
    for parameter in command.parameters:
        label = catalogue.text(parameter.label) + ("…" if parameter.is_many else "")
        pieces.append(f"<{label}>" if parameter.required else f"[{label}]")
    return " ".join(piece for piece in pieces if piece)


def _example(command: Command, language: Language, prefix: str) -> str:
    head = usage(command, {}, language, prefix)
    return " ".join([head, *(p.example_in(language) for p in command.parameters if p.required)])


def _names(
    heading: Rich,
    section: Sequence[tuple[Router, Command]],
    language: Language,
    prefix_of: Callable[[Router], str],
) -> Rich:
    """`Friends: !lw friends · block · code`"""
    prefix = prefix_of(section[0][0])
    names = " · ".join(command.name_in(language) for _router, command in section)
    colon = ("：" if language is Language.ZH else ": ") if heading.plain else ""
    return _wrapped(heading + words(f"{colon}{prefix} {names}" if prefix else f"{colon}{names}"))


def _more(
    sections: dict[Message | None, list[tuple[Router, Command]]],
    catalogue: Catalogue,
    prefix_of: Callable[[Router], str],
) -> Rich:
    first = next((section[0] for section in sections.values()), None)
    if first is None:
        return catalogue.say(_("There is nothing here that you may use."))
    router, command = first
    word = HELP_WORDS[catalogue.language is Language.ZH]
    typed = f"{prefix_of(router)} {word} {command.name_in(catalogue.language)}".strip()
    return lines(catalogue.say(_("More about one of them:")), literal(typed))


def _wrapped(text: Rich) -> Rich:
    return Rich(wrap(text.plain), text.html)
