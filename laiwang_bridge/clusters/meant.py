"""Which cluster somebody means who types a command."""

from __future__ import annotations

from collections.abc import Callable

from appservice.bots import Context, UserError
from appservice.language import _
from laiwang_bridge.clusters import card_store, stay_store, store
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

ListCommand = Callable[[Context], None]
"""The command that shows somebody his clusters with their numbers."""


def card_meant(context: Context, me: PersonId, number: int | None, wanted: CardState, list: ListCommand) -> Card:
    """The card of this number, else the newest one that stands as `wanted`. Raises `UserError`."""
    if number is None:
        newest = card_store.cards_of(me, (wanted,), limit=1).ask(context.connection)
        card = newest[0] if newest else None
    else:
        card = card_store.card_number(context.connection, me, number)
    if card is None:
        raise UserError(_("There is no such cluster in your list:"), try_instead=context.line(list))
    return card


def cluster_inside(context: Context, number: int | None, list: ListCommand) -> tuple[Named, PersonId]:
    """The cluster that is meant by somebody who must be in it: that of the number, else that whose room this is, else
    the newest that he is in. Raises `UserError`."""
    me = who_asks(context)
    named = store.in_room(context.connection, context.room) if number is None else None
    if named is None:
        only_in_private(context)
        card = card_meant(context, me, number, CardState.INSIDE, list)
        named = store.find(context.connection, card.cluster)
    stay = stay_store.find_stay(context.connection, named.id, me) if named else None
    if named is None or stay is None or not stay.inside:
        raise UserError(_("You are not in that cluster."), try_instead=context.line(list))
    return named, me


def only_in_private(context: Context) -> None:
    """Where others read along, nothing is said about the clusters that somebody is in or sees. Raises `UserError`."""
    if not context.is_direct:
        raise UserError(
            _("Not where others read along: write that to {bot} in a direct chat."), bot=context.bot.user_id
        )
