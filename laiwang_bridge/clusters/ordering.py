"""All that keeps order in clusters, put together."""

from __future__ import annotations

from collections.abc import Callable

from appservice.bots import Context
from appservice.policies import Policies
from appservice.routes import Routes
from laiwang_bridge.clusters.hosting import Hosting
from laiwang_bridge.clusters.order_bot import NoteOperators, OrderBot
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.unwanted import Unwanted

ByNumber = Callable[[Context, int | None], None]


class Ordering:
    """`note` tells the operators something; `leave` and `quiet` are the commands for the number of a cluster.

    The prefixes are those of the commands for members and hosts, and of those for operators.
    """

    def __init__(
        self,
        prefixes: tuple[str, ...],
        operators_prefixes: tuple[str, ...],
        around: Surroundings,
        note: NoteOperators,
        *,
        leave: ByNumber,
        quiet: ByNumber,
    ) -> None:
        self._lists = Policies(around.bot)
        self._unwanted = Unwanted(operators_prefixes, self._lists, around.speak, around.bot)
        self._order = OrderBot(
            prefixes,
            around.lifecycles,
            around.rooms,
            around.mail,
            around.bot,
            around.is_ours,
            around.speak,
            note,
            leave,
            quiet,
        )
        self._hosting = Hosting(prefixes, around.rooms, around.mail, around.bot, around.is_ours)
        self.tie_changed = self._order.tie_changed
        self.routers = (self._order.router, self._hosting.router, self._unwanted.router)

    def add_to(self, routes: Routes) -> None:
        """After the doors: they keep who is inside."""
        self._lists.add_to(routes)
        self._unwanted.add_to(routes)
        self._order.add_to(routes)
        self._hosting.add_to(routes)
