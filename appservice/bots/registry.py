"""All bots and what they can do, looked up in every way that is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mautrix.types import UserID

from appservice.bots.arguments import DeclarationError
from appservice.bots.line import fold
from appservice.bots.router import Bot, Command, Dialogue, Router


class Registry:
    """Raises `DeclarationError` where two declarations contradict each other."""

    def __init__(self, bots: Sequence[Bot]) -> None:
        self.bots = tuple(bots)
        self.routers: dict[str, Router] = {}
        self._by_prefix: dict[str, list[Router]] = {}
        self._by_user = {bot.user_id: bot for bot in bots}
        if len(self._by_user) != len(self.bots):
            raise DeclarationError("two bots have the same user id")
        for router in (router for bot in bots for router in bot.routers):
            if self.routers.setdefault(router.name, router) is not router:
                raise DeclarationError(f"two routers are called {router.name}")
        for router in self.routers.values():
            for prefix in router.prefixes:
                self._share(prefix, router)
        self.prefixes = tuple(self._by_prefix)
        self._commands = {c.handler: c for router in self.routers.values() for c in router.commands}
        self._dialogues = {d.handler: d for router in self.routers.values() for d in router.dialogues.values()}

    def bot(self, user: UserID) -> Bot | None:
        return self._by_user.get(user)

    def routers_of(self, prefix: str, bots: Iterable[Bot]) -> list[Router]:
        """The routers under this prefix that one of these bots has."""
        theirs = {router.name for bot in bots for router in bot.routers}
        return [router for router in self._by_prefix[prefix] if router.name in theirs]

    def most_specific(self, router: Router, bots: Iterable[Bot]) -> Bot:
        """Of the bots that have this router, the one with the least else to do."""
        return min((bot for bot in bots if router in bot.routers), key=lambda bot: len(bot.routers))

    def command_of(self, handler: Callable[..., None]) -> Command:
        """The command that a handler was declared as. Raises `DeclarationError`."""
        command = self._commands.get(handler)
        if command is None:
            raise DeclarationError(f"{handler.__qualname__} is no command of any bot here")
        return command

    def dialogue_of(self, handler: Callable[..., None]) -> Dialogue:
        """The dialogue that a handler was declared as. Raises `DeclarationError`."""
        dialogue = self._dialogues.get(handler)
        if dialogue is None:
            raise DeclarationError(f"{handler.__qualname__} is no dialogue of any bot here")
        return dialogue

    def _share(self, prefix: str, router: Router) -> None:
        sharing = self._by_prefix.setdefault(prefix, [])
        for other in sharing:
            if twice := sorted(router.named.keys() & other.named.keys()):
                raise DeclarationError(f"{other.name} and {router.name} both have {prefix} {twice[0]}")
            if other.default and router.default:
                raise DeclarationError(f"{other.name} and {router.name} both take whatever follows {prefix}")
        if router not in sharing:
            sharing.append(router)
        for known in self._by_prefix:
            if known != prefix and fold(known) == fold(prefix):
                raise DeclarationError(f"{known} and {prefix} are the same prefix")
