"""Which cluster somebody means who does something about its life: in its room, or in private by its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from sqlalchemy import Connection

from appservice.bots import Argument, Context, UserError
from appservice.language import _
from appservice.rooms import Rooms
from laiwang_bridge.clusters import card_store, stay_store, store
from laiwang_bridge.clusters.card_store import CardState
from laiwang_bridge.clusters.meant import only_in_private
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

HOST_POWER = 50

_LOOKED_THROUGH = 100

Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]


class Choice:
    """Finds the cluster, and holds that the person may do what he wants there."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def hosted(self, context: Context, number: int | None, *, may_be_over: bool = False) -> Named:
        """One that the person is host of. Raises `UserError`."""

        def is_host(connection: Connection, named: Named) -> bool:
            if named.room_id is None:
                return False
            return self._rooms.power_of(connection, named.room_id, context.sender) >= HOST_POWER

        named = self.inside(context, number, is_host)
        if not is_host(context.connection, named):
            raise UserError(_("Only a host of “**{title}**” can do that."), title=named.title)
        if named.rules.lifecycle is Lifecycle.ARCHIVED and not may_be_over:
            raise UserError(_("“**{title}**” is over."), title=named.title)
        return named

    def inside(
        self,
        context: Context,
        number: int | None,
        fits: Callable[[Connection, Named], bool] = lambda _connection, _named: True,
    ) -> Named:
        """That of the number, else the one whose room this is, else the newest of his that fits. Raises `UserError` if
        he is not inside."""
        me = who_asks(context)
        named = store.in_room(context.connection, context.room) if number is None else None
        if named is None:
            if number is not None:
                only_in_private(context)
            if not context.is_direct:
                raise UserError(_("Write that in the cluster, or to {bot} in a direct chat."), bot=context.bot.user_id)
            named = self._by_card(context, me, number, fits)
        stay = stay_store.find_stay(context.connection, named.id, me) if named is not None else None
        if named is None or stay is None or not stay.inside:
            raise UserError(_("You are in no such cluster."))
        return named

    def _by_card(
        self, context: Context, me: PersonId, number: int | None, fits: Callable[[Connection, Named], bool]
    ) -> Named | None:
        connection = context.connection
        if number is not None:
            card = card_store.card_number(connection, me, number)
            return store.find(connection, card.cluster) if card is not None else None
        mine = card_store.cards_of(me, (CardState.INSIDE,), _LOOKED_THROUGH).ask(connection)
        found = store.find_many(connection, [card.cluster for card in mine])
        some = [found[card.cluster] for card in mine if card.cluster in found]
        return next((named for named in some if fits(connection, named)), some[0] if some else None)
