"""From what was typed to the command that was meant, or to the mistake and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from appservice.bots.arguments import Parameter
from appservice.bots.errors import ArgumentError
from appservice.bots.guess import nearest
from appservice.bots.kinds import Choice
from appservice.bots.line import Line, Word, fold, quoted
from appservice.bots.router import Command, Router
from appservice.language import Language, Message, _, contains_han

HELP_WORDS = ("help", "帮助")
CANCEL_WORDS = ("cancel", "取消")
_ALSO_HELP = ("?", "h", "menu", "说明", "使用帮助", "菜单")
_GREETINGS = ("hi", "hello", "hey", "你好", "您好", "嗨", "开始")
"""What people say first to a bot that they do not know."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command with its arguments."""

    command: Command
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """Somebody asks what there is, or about `topic`."""

    topic: str = ""


@dataclass(frozen=True, slots=True)
class Greeted:
    """Somebody says hello."""


@dataclass(frozen=True, slots=True)
class CancelWanted:
    """Somebody wants to get out of a question."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and whole commands that are not. `router` is the one that it concerns; `has_begun`: some of what
    stands behind the command's name was understood."""

    message: Message
    values: Mapping[str, Any]
    corrected: tuple[str, ...]
    router: Router | None = None
    has_begun: bool = False


Understood = Call | HelpWanted | Greeted | CancelWanted | Mistake


def understand(
    line: Line, start: int, routers: Sequence[Router], prefix: str, *, is_prefixed: bool = False
) -> Understood:
    """What the line from `start` on asks of these routers; `prefix` is how corrected commands begin.

    Only behind a prefix (`is_prefixed`) is any text the default command's.
    """
    words = line.words(start)
    fallback = next((router for router in routers if router.default), None) if is_prefixed else None
    if not words:
        if fallback and fallback.default and not any(p.required for p in fallback.default.parameters):
            return Call(fallback.default, _defaults(fallback.default))
        return HelpWanted()
    first = _whole_name(words, routers)
    name = fold(first.text).strip("`") if first.user is None else ""
    if (command := find(name, routers)) is not None:
        bound = _bind(command, first.text, line, first.end, prefix, routers)
        if isinstance(bound, Mistake) and not bound.has_begun:
            bound = _namesake(name, command, line, first, prefix, routers) or bound
        return _or_as_text(bound, line, first, fallback, prefix) if len(words) > 1 else bound
    if (built_in := _built_in(name, line, first)) is not None:
        return built_in
    if len(words) == 1 and not is_prefixed and name.strip("!.~。！～，,") in _GREETINGS:
        return Greeted()
    if (glued := _glued(name, routers, fallback)) is not None:
        command, length = glued
        return _bind(command, first.text[:length], line, first.start + length, prefix, routers)
    if (bare := _bare(line, start, routers)) is not None:
        return _bind(bare, "", line, start, prefix, routers)
    if fallback and fallback.default:
        if guesses := _misspelt(name, line, first, fallback):
            return _ambiguous(line, first, guesses, fallback, fallback.default, prefix)
        return _bind(fallback.default, "", line, first.start, prefix, routers)
    return _unknown(line, first, name, routers, prefix)


def _whole_name(words: Sequence[Word], routers: Sequence[Router]) -> Word:
    """The words that are a command's name together; else the first word."""
    for count in range(max((router.words_of_a_name for router in routers), default=1), 1, -1):
        together = Word(" ".join(word.text for word in words[:count]), words[0].start, words[:count][-1].end)
        if " " in together.text and find(together.text, routers) is not None:
            return together
    return words[0]


def _namesake(
    name: str, command: Command, line: Line, first: Word, prefix: str, routers: Sequence[Router]
) -> Call | None:
    """Where no prefix tells them apart: another command of this name, which the rest of the line fits."""
    others = (router.named[name] for router in routers if router.named.get(name) not in (None, command))
    bound = (_bind(other, first.text, line, first.end, prefix, routers) for other in others)
    return next((one for one in bound if isinstance(one, Call)), None)


def _or_as_text(bound: Call | Mistake, line: Line, first: Word, fallback: Router | None, prefix: str) -> Call | Mistake:
    """A text that begins with a command's name and is none may be meant for the default command, as in “list of
    books”."""
    if isinstance(bound, Call) or fallback is None or fallback.default is None:
        return bound
    language = Language.ZH if contains_han(first.text) else Language.EN
    as_text = " ".join((prefix, fallback.default.name_in(language), line.typed(first.start)))
    return replace(bound, corrected=(*bound.corrected, as_text))


def find(name: str, routers: Iterable[Router]) -> Command | None:
    """The command of this name in the first router that has it."""
    folded = fold(name)
    return next((router.named[folded] for router in routers if folded in router.named), None)


def usage(command: Command, arguments: Mapping[str, Any], language: Language, prefix: str) -> str:
    """The command as it is typed, such that `understand` gives it and these arguments back."""
    shown: list[tuple[Parameter, Any]] = []
    for parameter in reversed(command.parameters):
        value = arguments.get(parameter.name, parameter.default)
        needed = shown or parameter.required or value != parameter.default
        if needed and value is not None:
            shown.insert(0, (parameter, value))
    pieces = [prefix, command.name_in(language), *(parameter.show(value, language) for parameter, value in shown)]
    return " ".join(piece for piece in pieces if piece)


def read_answer(parameter: Parameter, line: Line) -> Any:
    """The whole line as the answer to a question. Raises `ArgumentError`."""
    words = line.words()
    if parameter.is_many and words:
        return tuple(parameter.parse(word) for word in words)
    return parameter.parse(Word(line.text, 0, len(line.text), words[0].user if len(words) == 1 else None))


def _built_in(name: str, line: Line, first: Word) -> Understood | None:
    if name in (*HELP_WORDS, *_ALSO_HELP):
        return HelpWanted(line.text[first.end :].strip())
    if name in CANCEL_WORDS:
        return CancelWanted()
    return None


def _glued(name: str, routers: Sequence[Router], fallback: Router | None) -> tuple[Command, int] | None:
    """A Chinese command with its argument right behind it, as in 屏蔽@a:b.

    Where anything may follow the prefix, a longer Chinese word is taken for a text and not for a command.
    """
    if not contains_han(name):
        return None
    best: tuple[Command, int] | None = None
    for command in (command for router in routers for command in router.commands if command.parameters):
        for known in command.names:
            fits = contains_han(known[-1]) and name.startswith(fold(known)) and len(name) > len(known)
            if not fits or (fallback and contains_han(name[len(known)])):
                continue
            if best is None or len(known) > best[1]:
                best = (command, len(known))
    return best


def _bare(line: Line, start: int, routers: Iterable[Router]) -> Command | None:
    """The command whose argument this is, without any name before it."""
    text = line.text[start:].strip()
    commands = (command for router in routers for command in router.bare)
    return next((command for command in commands if command.bare is not None and command.bare(text)), None)


def _defaults(command: Command) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in command.parameters}


def _bind(
    command: Command, typed: str, line: Line, start: int, prefix: str, routers: Sequence[Router]
) -> Call | Mistake:
    router = next(router for router in routers if router.name == command.router)
    return _Binding(command, router, line, start, [piece for piece in (prefix, typed) if piece]).result()


class _Binding:
    """The words behind a command's name, given one by one to its parameters."""

    def __init__(self, command: Command, router: Router, line: Line, start: int, head: list[str]) -> None:
        self._command = command
        self._router = router
        self._line = line
        self._language = Language.ZH if contains_han(head[-1] if head else line.text) else Language.EN
        self._words = line.words(start)
        self._start = self._end = start  # of what has been understood
        self._right = head  # the corrected command so far
        self._end_of_list: ArgumentError | None = None  # why a list ended at the word that comes next
        self._passed_over: tuple[Parameter, ArgumentError] | None = None  # the first choice that this word is none of

    def result(self) -> Call | Mistake:
        values = _defaults(self._command)
        parameters = self._command.parameters
        for position, parameter in enumerate(parameters):
            following = parameters[position + 1 :]
            if self._words:
                taken = self._take(parameter, may_skip=bool(following))
                if isinstance(taken, Mistake):
                    return taken
                if taken:
                    values[parameter.name] = tuple(taken) if parameter.is_many else taken[0]
            elif parameter.required:
                examples = [p.example_in(self._language) for p in (parameter, *following) if p.required]
                return self._mistake(_("Something is missing: {what}."), {"what": parameter.label}, *examples)
        if self._words:
            said = {"word": _short(self._line.typed(self._words[0].start))}
            return self._mistake(_("I do not know what to do with “{word}” there."), said)
        return Call(self._command, values)

    def _take(self, parameter: Parameter, *, may_skip: bool) -> list[Any] | Mistake:
        """The values that the next words are for this parameter; none if it is left out."""
        if parameter.is_rest:
            text = self._line.text
            self._words = [Word(text[self._end :].strip(), self._end, len(text))]
        taken: list[Any] = []
        while self._words and (parameter.is_many or not taken):
            word = self._words[0]
            try:
                value = parameter.parse(word)
            except ArgumentError as error:
                if may_skip and (taken or not parameter.required):
                    self._end_of_list = error if taken else self._end_of_list
                    if not taken and isinstance(parameter.kind, Choice):
                        self._passed_over = self._passed_over or (parameter, error)
                    break
                if self._passed_over is not None and isinstance(parameter.kind, Choice):
                    return self._wrong(self._passed_over[0], word, self._passed_over[1])
                return self._wrong(parameter, word, self._end_of_list or error)
            taken.append(value)
            self._right.append(parameter.show((value,) if parameter.is_many else value, self._language))
            self._end = word.end
            self._end_of_list = self._passed_over = None
            self._words.pop(0)
        return taken

    def _wrong(self, parameter: Parameter, word: Word, error: ArgumentError) -> Mistake:
        better = parameter.example_in(self._language)
        if error.suggestion is not None:
            better = error.suggestion if parameter.is_rest else quoted(error.suggestion)
        return self._mistake(error.message, error.values, better, self._line.typed(word.end))

    def _mistake(self, message: Message, values: Mapping[str, Any], *tail: str) -> Mistake:
        corrected = " ".join(piece for piece in (*self._right, *tail) if piece)
        return Mistake(message, values, (corrected,), self._router, has_begun=self._end > self._start)


def _misspelt(name: str, line: Line, first: Word, router: Router) -> list[Command]:
    """The commands that a text may have been meant for: its first word is nearly theirs and the rest fits.

    Chinese is left alone: there one character of difference makes another word, and mostly a good one.
    """
    if contains_han(name) or not any(char.isalpha() for char in name):
        return []
    names = {known: command for known, command in router.named.items() if command is not router.default}
    guesses = {guess.names: guess for guess in (names[near] for near in nearest(name, names))}
    if not line.text[first.end :].strip():
        return list(guesses.values())
    bound = ((guess, _bind(guess, guess.names[0], line, first.end, "", [router])) for guess in guesses.values())
    return [guess for guess, result in bound if isinstance(result, Call)]


def _ambiguous(
    line: Line, first: Word, guesses: list[Command], router: Router, default: Command, prefix: str
) -> Mistake:
    language = Language.ZH if contains_han(first.text) else Language.EN
    rest = line.typed(first.end)
    corrected = [
        *([prefix, command.name_in(language), rest] for command in guesses),
        [prefix, default.name_in(language), first.text, rest],
    ]
    return Mistake(
        _("“{word}” could mean several things. Which one?"),
        {"word": _short(line.typed(first.start))},
        tuple(" ".join(piece for piece in pieces if piece) for pieces in corrected),
        router,
    )


def _unknown(line: Line, first: Word, name: str, routers: Sequence[Router], prefix: str) -> Mistake:
    names = {word: (routers[0], word) for word in HELP_WORDS}
    names.update({fold(n): (router, n) for router in reversed(routers) for c in router.commands for n in c.names})
    rest = line.typed(first.end)
    guesses = nearest(name, names)
    said = {"word": _short(line.typed(first.start, first.end))}
    if not guesses:
        word = HELP_WORDS[contains_han(line.text)]
        return Mistake(_("I do not know “{word}”. This shows what I can do:"), said, (f"{prefix} {word}".strip(),))
    corrected = tuple(" ".join(piece for piece in (prefix, names[guess][1], rest) if piece) for guess in guesses)
    return Mistake(_("I do not know “{word}”. Did you mean this?"), said, corrected, names[guesses[0]][0])


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
