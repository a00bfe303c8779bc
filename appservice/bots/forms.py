"""Commands as forms: described for clients that offer them, and read as these clients send them.

MSC4391 ("Simplified in-room bot commands", not accepted yet) as gomuks and mautrix speak it, under its unstable names.
A description is a state event for each command; a filled-in form is an ordinary message that mentions the bot, with the
command and its arguments beside a text that only people read. Both come from the routers, as all else does.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID

from appservice.bots.arguments import Parameter
from appservice.bots.errors import ArgumentError
from appservice.bots.kinds import Choice, Kind, Number, Person, YesNo
from appservice.bots.line import Line, Word, fold, quoted
from appservice.bots.router import Command, Router
from appservice.bots.understand import Call, Mistake, Understood, find, understand
from appservice.database import storable
from appservice.events import Content
from appservice.language import Catalogue, Language, Message, _, contains_han

DESCRIPTION = "org.matrix.msc4391.command_description"
FORM = "org.matrix.msc4391.command"

_TAIL = "fi.mau.tail_parameter"
_SIGILS = "!！"


@dataclass(frozen=True, slots=True)
class Form:
    """A command that was filled in: its name as it was described, and the arguments by their keys."""

    command: str
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, content: Content) -> Form | None:
        """The form in a message; None if there is none, or none that can be read."""
        form = content.get(FORM)
        if not isinstance(form, Mapping) or not isinstance(form.get("command"), str):
            return None
        arguments = form.get("arguments", {})
        return cls(storable(form["command"]).strip(), arguments) if isinstance(arguments, Mapping) else None

    @property
    def line(self) -> Line:
        """The form as somebody would have typed it, more or less: it shows his language."""
        said = (value for value in self.arguments.values() if isinstance(value, str))
        return Line(storable(" ".join((self.command, *said))))


# -- describing -----------------------------------------------------------------------------------------------------


def full_name(command: Command, router: Router, language: Language) -> str:
    """What a command is called among those of all bots: `aa paid`."""
    return f"{router.prefix_in(language).lstrip(_SIGILS)} {command.name_in(language)}"


def description(command: Command, router: Router, catalogue: Catalogue) -> dict[str, Any]:
    """What clients are told of a command, as the content of a state event."""
    name = full_name(command, router, Language.EN)
    others = [other for language in Language if (other := full_name(command, router, language)) != name]
    content: dict[str, Any] = {
        "command": name,
        "description": _text(catalogue.text(command.help)),
        "parameters": [_parameter(parameter, catalogue) for parameter in command.parameters],
    }
    if others:
        content["aliases"] = others
    if command.parameters and command.parameters[-1].is_rest:
        content[_TAIL] = command.parameters[-1].name
    return content


def state_key(name: str, owner: UserID) -> str:
    """Under which key the description of a command stands: nobody else can say so for it."""
    return base64.b64encode(hashlib.sha256(f"{name}{owner}".encode()).digest()).decode()


def _parameter(parameter: Parameter, catalogue: Catalogue) -> dict[str, Any]:
    schema = _schema(parameter.kind)
    described = {
        "key": parameter.name,
        "schema": {"schema_type": "array", "items": schema} if parameter.is_many else schema,
        "description": _text(catalogue.text(parameter.label)),
    }
    return described if parameter.required else {**described, "optional": True}


def _schema(kind: Kind) -> dict[str, Any]:
    match kind:
        case Number():
            return _primitive("integer")
        case YesNo():
            return _primitive("boolean")
        case Person():
            return _primitive("user_id")
        case Choice():
            return {
                "schema_type": "union",
                "variants": [{"schema_type": "literal", "value": name} for name in kind.names],
            }
    return _primitive("string")


def _primitive(type: str) -> dict[str, Any]:
    return {"schema_type": "primitive", "type": type}


def _text(body: str) -> dict[str, Any]:
    """MSC1767, text."""
    return {"m.text": [{"body": body}]}


# -- reading --------------------------------------------------------------------------------------------------------


def understand_form(form: Form, routers: Sequence[Router]) -> Understood:
    """What a form asks of these routers."""
    prefix, _space, name = form.command.partition(" ")
    theirs = [router for router in routers if fold(prefix) in _bare_prefixes(router)]
    if not theirs:
        theirs, name = list(routers), form.command
    command = find(fold(name.strip()), theirs)
    if command is None:
        typed = theirs[0].prefix_in(Language.ZH if contains_han(form.command) else Language.EN)
        return understand(Line(name), 0, theirs, typed)
    return _Filling(form, command, next(router for router in theirs if router.name == command.router)).result()


def _bare_prefixes(router: Router) -> set[str]:
    return {fold(prefix).lstrip(_SIGILS) for prefix in router.prefixes}


class _Filling:
    """The values of a form, given one by one to the parameters of its command."""

    def __init__(self, form: Form, command: Command, router: Router) -> None:
        self._given = {key: value for key, value in form.arguments.items() if value not in (None, [], ())}
        self._command = command
        self._router = router
        self._language = Language.ZH if contains_han(form.command) else Language.EN
        self._right = [router.prefix_in(self._language), command.name_in(self._language)]

    def result(self) -> Call | Mistake:
        values: dict[str, Any] = {}
        for position, parameter in enumerate(self._command.parameters):
            if parameter.name not in self._given:
                if parameter.required:
                    examples = [p.example_in(self._language) for p in self._command.parameters[position:] if p.required]
                    return self._mistake(_("Something is missing: {what}."), {"what": parameter.label}, *examples)
                values[parameter.name] = parameter.default
                continue
            taken = self._take(parameter, self._given[parameter.name])
            if isinstance(taken, Mistake):
                return taken
            values[parameter.name] = taken
            self._right.append(parameter.show(taken, self._language))
        for key in self._given.keys() - values.keys():
            return self._mistake(_("I do not know what to do with “{word}” there."), {"word": storable(str(key))[:30]})
        return Call(self._command, values)

    def _take(self, parameter: Parameter, value: Any) -> Any:
        """The value of one parameter, or what is wrong with it."""
        many = list(value) if parameter.is_many and isinstance(value, list | tuple) else [value]
        taken: list[Any] = []
        for one in many:
            text = _typed(one, parameter.kind)
            if text is None:
                said = {"word": storable(str(one))[:30]}
                return self._wrong(parameter, _("I do not know what to do with “{word}” there."), said)
            try:
                taken.append(parameter.parse(Word(text, 0, len(text))))
            except ArgumentError as error:
                return self._wrong(parameter, error.message, error.values, error.suggestion)
        return tuple(taken) if parameter.is_many else taken[0]

    def _wrong(
        self, parameter: Parameter, message: Message, values: Mapping[str, Any], suggestion: str | None = None
    ) -> Mistake:
        better = parameter.example_in(self._language)
        if suggestion is not None:
            better = suggestion if parameter.is_rest else quoted(suggestion)
        return self._mistake(message, values, better)

    def _mistake(self, message: Message, values: Mapping[str, Any], *tail: str) -> Mistake:
        corrected = " ".join(piece for piece in (*self._right, *tail) if piece)
        return Mistake(message, values, (corrected,), self._router)


def _typed(value: Any, kind: Kind) -> str | None:
    """A value as it would be typed; None for one that is of another type than was asked for."""
    if isinstance(value, bool):
        return kind.write(value, Language.EN) if isinstance(kind, YesNo) else None
    if isinstance(value, int):
        return str(value)
    return storable(value).strip() if isinstance(value, str) else None
