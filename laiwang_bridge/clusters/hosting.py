"""Who looks after a cluster when its host has gone: the loud member who has been there longest, if he wants to.

A host is whoever has the power of one in the room; nothing else is kept about it. Until somebody is found the bot is
host alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from mautrix.types import UserID

from appservice.bots import Argument, Context, Router, UserError, button
from appservice.effects import SetState
from appservice.events import Event
from appservice.language import _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, growth, order_store, stay_store, store
from laiwang_bridge.clusters.order_bot import HOST_POWER
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

YES, NO = "✅", "❌"

_WAITED = "clusters.host_waited"
_PATIENCE_MS = 3 * 86_400_000

Number = Annotated[int, Argument(_("number"), least=1, example="1")]
Answered = Annotated[bool, Argument(_("yes or no"))]


class Hosting:
    """Asks one member after the other."""

    def __init__(
        self, prefixes: tuple[str, ...], rooms: Rooms, mail: Mail, bot: UserID, is_ours: Callable[[UserID], bool]
    ) -> None:
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self._is_ours = is_ours
        self.router = router = Router("hosting", prefixes, title=_("For hosts"))
        router.command(
            "host", "当家", help=_("Look after a cluster whose host has left"), group=_("Order"), where="direct"
        )(self.host)

    def add_to(self, routes: Routes) -> None:
        """After the doors: they keep who is inside."""
        routes.on_event("m.room.member", self.on_member)
        routes.on_timer(_WAITED, self._waited)

    def on_member(self, unit: Unit, event: Event) -> None:
        if event.membership not in ("leave", "ban") or self._is_ours(UserID(event.state_key or "")):
            return
        named = store.in_room(unit.connection, event.room_id)
        if named is not None:
            self._look(unit, named)

    def _look(self, unit: Unit, named: Named) -> None:
        """Ask somebody, if there is no host and nobody is being asked."""
        connection = unit.connection
        if named.rules.lifecycle is Lifecycle.ARCHIVED or self._hosts(unit, named):
            return
        waiting, unwilling = order_store.asked_hosts(connection, named.id)
        stays = stay_store.stays_in(connection, named.id)
        if any(stay.person in waiting for stay in stays):
            return
        chosen = growth.next_host(stays, unwilling)
        if chosen is None or named.room_id is None:
            return
        order_store.ask_host(connection, named.id, chosen, unit.now)
        context = {"cluster": named.id, "person": chosen}
        unit.at(unit.now + _PATIENCE_MS, _WAITED, key=_timer(named.id), lane=named.room_id, context=context)
        voice, card = self._mail.to(unit, chosen), card_store.find_card(connection, chosen, named.id)
        if voice is None or card is None:
            self._declined(unit, named, chosen)
            return
        voice.send(
            _(
                "The host of “**{title}**” has left. Would you look after it? You could then remove people, close it, "
                "and say how far it goes."
            ),
            title=named.title,
            buttons=[
                button(YES, _("yes"), self.host, card.number, True),
                button(NO, _("no"), self.host, card.number, False),
            ],
            rings=True,
        )

    def host(self, context: Context, number: Number, wants: Answered = True) -> None:
        me = who_asks(context)
        card = card_store.card_number(context.connection, me, number)
        named = store.find(context.connection, card.cluster) if card else None
        stay = stay_store.find_stay(context.connection, named.id, me) if named else None
        if (
            named is None
            or stay is None
            or not stay.inside
            or not order_store.is_asked(context.connection, named.id, me)
        ):
            raise UserError(_("You are not asked to look after a cluster of this number."))
        if not wants:
            self._declined(context.unit, named, me)
            context.reply(_("All right. Somebody else is asked."))
            return
        if self._hosts(context.unit, named):
            raise UserError(_("Somebody else looks after it already."))
        self._install(context.unit, named, context.sender)
        context.reply(
            _("Thank you: you are the host of “**{title}**” now. In its room {line} shows what you can do."),
            title=named.title,
            line=f"{self.router.prefix_in(context.language)} help",
        )

    def _install(self, unit: Unit, named: Named, user: UserID) -> None:
        assert named.room_id is not None
        order_store.forget_asked(unit.connection, named.id)
        unit.cancel(_timer(named.id))
        levels = dict(self._rooms.levels(unit.connection, named.room_id) or {})
        said: Any = levels.get("users")
        users: dict[str, Any] = dict(said) if isinstance(said, Mapping) else {}
        here = self._rooms.members(unit.connection, named.room_id)
        # Those who have gone are no hosts any more should they come back.
        kept = {one: level for one, level in users.items() if one in here}
        levels["users"] = {**kept, user: HOST_POWER}
        unit.emit(
            SetState(sender=self._bot, room=named.room_id, type="m.room.power_levels", content=levels), asker=user
        )

    def _waited(self, unit: Unit, context: Mapping[str, Any]) -> None:
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        person = PersonId(context["person"])
        if named is not None and order_store.is_asked(unit.connection, named.id, person):
            self._declined(unit, named, person)

    def _declined(self, unit: Unit, named: Named, person: PersonId) -> None:
        order_store.decline_host(unit.connection, named.id, person)
        unit.cancel(_timer(named.id))
        self._look(unit, named)

    def _hosts(self, unit: Unit, named: Named) -> list[UserID]:
        if named.room_id is None:
            return []
        members = self._rooms.members(unit.connection, named.room_id)
        others = (user for user in members if not self._is_ours(user))
        return [user for user in others if self._rooms.power_of(unit.connection, named.room_id, user) >= HOST_POWER]


def _timer(id: ClusterId) -> str:
    return f"host:{id}"
