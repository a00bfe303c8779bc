"""Declaring what a bot can do: a router is one feature's commands and dialogues."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots.arguments import DeclarationError, Parameter, parameters_of
from appservice.bots.buttons import plain_reaction
from appservice.bots.files import File
from appservice.bots.line import Line, fold
from appservice.bots.permissions import Level
from appservice.language import Language, Message, contains_han

if TYPE_CHECKING:
    from appservice.bots.context import Context

P = ParamSpec("P")
Handler = Callable[..., None]
Where = Literal["any", "direct", "room"]
Overhears = Callable[[Connection, RoomID, Line], int | None]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be asked of a bot, by any of its names."""

    router: str
    names: tuple[str, ...]
    help: Message
    group: Message | None
    parameters: tuple[Parameter, ...]
    handler: Handler
    permission: Level
    power: int
    where: Where
    bare: Callable[[str], bool] | None = None
    listed: bool = True
    named_in: Where = "any"

    def name_in(self, language: Language) -> str:
        return _in_language(self.names, language)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes files handed to the bot; `accepts` says which."""

    accepts: Callable[[File], bool]
    handler: Callable[[Context, File], None]


@dataclass(frozen=True, slots=True)
class Amender:
    """Takes edits of messages for which `knows` says yes: they change what these messages have done."""

    knows: Callable[[Connection, EventID], bool]
    handler: Callable[[Context, Line, EventID], None]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One question a bot asks: `answer` is how the person's next message is read."""

    router: str
    name: str
    answer: Parameter
    state: frozenset[str]
    handler: Handler


class Router:
    """The commands and dialogues of one feature, under its prefixes (English and Chinese, like `!lw` and `!来往`).

    Several routers may share a prefix; then no two of them may share a command's name. `first` tells in the help what
    to begin with; `often`, a line each, what is needed most in rooms, with `{prefix}` in it: it takes the place of
    `first` where the help is about this prefix alone, and is too long to say more than the names.
    """

    def __init__(
        self,
        name: str,
        prefixes: Sequence[str],
        *,
        title: Message | None = None,
        first: Message | None = None,
        often: Sequence[Message] = (),
    ) -> None:
        self.name = name
        self.prefixes = tuple(prefixes)
        self.title = title
        self.first = first
        self.often = tuple(often)
        self.commands: list[Command] = []
        self.dialogues: dict[str, Dialogue] = {}
        self.receivers: list[Receiver] = []
        self.reactions: dict[str, Callable[[Context, EventID], None]] = {}
        self.amenders: list[Amender] = []
        self.default: Command | None = None
        self.overheard: Overhears | None = None
        self.named: dict[str, Command] = {}
        """The commands by their names, folded."""
        self.words_of_a_name = 1
        """How many words the longest name of a command has."""
        self.bare: list[Command] = []
        """Those that need no name before some arguments."""

    def command(
        self,
        *names: str,
        help: Message,
        group: Message | None = None,
        permission: Level = Level.USER,
        power: int = 0,
        where: Where = "any",
        default: bool = False,
        bare: Callable[[str], bool] | None = None,
        listed: bool = True,
        named_in: Where | None = None,
    ) -> Callable[[Callable[Concatenate[Context, P], None]], Callable[Concatenate[Context, P], None]]:
        """Declare a handler as the command of these names; the first is the one that is stored and logged. The others
        may have several words.

        `power` is the power level in the room that it takes. With `default` it also gets what follows the prefix when
        that is no command's name. Where nothing else is meant, a text for which `bare` says yes is taken for the
        arguments of this command. One that is not `listed` is for people who are told of it where they need it: help
        tells about it when asked, and does not name it. It names the others where they work, or only where `named_in`
        says. The handler itself is left as it is. Raises `DeclarationError`.
        """
        if not names or not all(name and " ".join(name.split()) == name for name in names) or " " in names[0]:
            raise DeclarationError("a command needs a name, and the first has no spaces")

        def declare(handler: Callable[Concatenate[Context, P], None]) -> Callable[Concatenate[Context, P], None]:
            parameters = parameters_of(handler)
            command = Command(
                self.name,
                names,
                help,
                group,
                parameters,
                handler,
                permission,
                power,
                where,
                bare,
                listed,
                named_in or where,
            )
            for name in names:
                if self.named.setdefault(fold(name), command) is not command:
                    raise DeclarationError(f"{self.name} has two commands called {name!r}")
                self.words_of_a_name = max(self.words_of_a_name, len(name.split()))
            self.commands.append(command)
            if bare is not None:
                self.bare.append(command)
            if default:
                if self.default is not None:
                    raise DeclarationError(f"{self.name} has two default commands")
                self.default = command
            return handler

        return declare

    def dialogue(self, handler: Callable[..., None]) -> Callable[..., None]:
        """Declare a handler of an answer: `(context, answer: Annotated[…], *, state: …)`.

        `Context.ask` asks; the keyword arguments are what it was given to remember, plain JSON values.
        """
        parameters = parameters_of(handler)
        if len(parameters) != 1:
            raise DeclarationError(f"{handler.__qualname__} takes the context, one answer, and keyword arguments")
        state = _keywords(handler)
        name = handler.__name__
        if name in self.dialogues:
            raise DeclarationError(f"{self.name} has two dialogues called {name}")
        self.dialogues[name] = Dialogue(self.name, name, parameters[0], state, handler)
        return handler

    def receives(self, accepts: Callable[[File], bool], handler: Callable[[Context, File], None]) -> None:
        """Have `handler` take the files sent in a direct chat, with or without words to them, for which `accepts` says
        yes and no earlier receiver of the same bot did."""
        self.receivers.append(Receiver(accepts, handler))

    def reacts(self, reaction: str, handler: Callable[[Context, EventID], None]) -> None:
        """Have `handler` told when somebody reacts so to a message that is not ours; it says nothing in the room.

        Raises `DeclarationError` if the reaction is taken.
        """
        if self.reactions.setdefault(plain_reaction(reaction), handler) is not handler:
            raise DeclarationError(f"{self.name} has two uses for {reaction}")

    def overhears(self, means: Overhears) -> None:
        """Have a message that calls nobody taken for a command in a room where `means` says in which place of it the
        command begins; None if it is none. Of several routers the one whose command begins last has understood most.

        It is asked about every such message, so it has to know at a glance what is none.
        """
        self.overheard = means

    def amends(
        self, knows: Callable[[Connection, EventID], bool], handler: Callable[[Context, Line, EventID], None]
    ) -> None:
        """Have `handler` told when somebody edits a message for which `knows` says yes, with what stands there now.

        Edits of other commands that were done change nothing.
        """
        self.amenders.append(Amender(knows, handler))

    def find(self, name: str) -> Command | None:
        """The command of this name, whatever its width and case."""
        return self.named.get(fold(name))

    def prefix_in(self, language: Language) -> str:
        return _in_language(self.prefixes, language)


@dataclass(frozen=True, slots=True)
class Bot:
    """A user of ours that people talk to, and what it can do. `greeting` is what it says on entering a direct chat,
    `greeting_in_rooms` on entering others, if that is something else."""

    user_id: UserID
    display_name: str
    routers: tuple[Router, ...]
    greeting: Message | None = None
    greeting_in_rooms: Message | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What people call it at the start of a message."""
        return (self.display_name, self.user_id[1:].partition(":")[0])


@cache
def _in_language(names: tuple[str, ...], language: Language) -> str:
    wants_han = language is Language.ZH
    return next((name for name in names if contains_han(name) == wants_han), names[0])


def _keywords(handler: Callable[..., Any]) -> frozenset[str]:
    parameters = inspect.signature(handler).parameters.values()
    return frozenset(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
