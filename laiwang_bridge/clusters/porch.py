"""The porch of a cluster: a room beside its own, at which people knock with their client's button.

Homeservers let whoever has knocked at a room in vain read it (element-hq/synapse#13968), so nobody knocks at the room
of a cluster itself: that is by invitation. In the porch there is nothing to read. Whoever knocks there gets one answer,
whatever becomes of it, and is invited into the room of the cluster if the doors let him in.
"""

from __future__ import annotations

from collections.abc import Callable

from mautrix.types import RoomID, UserID

from appservice.effects import Answer, Kick, Leave, SetState
from appservice.events import Event
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.links import new_alias
from laiwang_bridge.clusters.room import porch
from laiwang_bridge.clusters.rules import KNOCK_ANSWERED, ClusterId
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.mail import Mail

_MADE = "clusters.porch_made"
_SHOWN = ("m.room.name", "m.room.avatar")


class Porches:
    """Makes porches, answers at them, and closes them for good where nobody may knock any more. Their aliases begin
    with `alias_prefix`."""

    def __init__(
        self, doors: Doors, rooms: Rooms, mail: Mail, bot: UserID, is_ours: Callable[[UserID], bool], alias_prefix: str
    ) -> None:
        self._doors = doors
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self._is_ours = is_ours
        self._alias_prefix = alias_prefix

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_MADE, self._made)
        routes.on_event("m.room.member", self.on_member)
        for type in _SHOWN:
            routes.on_event(type, self.on_look)

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there. Only now comes its porch: nobody who opens one has to wait for that."""
        named = store.find(unit.connection, id)
        if named is not None and named.porch is not None and named.needs_porch:
            self._make(unit, named)

    def changed(self, unit: Unit, named: Named) -> None:
        """Its reach may be another, or it may be over."""
        now = store.find(unit.connection, named.id)
        if now is None or now.room_id is None or now.needs_porch == (now.porch is not None):
            return
        if now.needs_porch:
            store.put_porch(unit.connection, now.id, new_alias(unit, "porch", self._alias_prefix))
            self.opened(unit, now.id)
        else:
            store.put_porch(unit.connection, now.id, None)
            if now.porch_room is not None:
                self._close(unit, now.porch_room)

    def on_member(self, unit: Unit, event: Event) -> None:
        user = UserID(event.state_key or "")
        if event.membership != "knock" or self._is_ours(user):
            return
        named = store.at_porch(unit.connection, event.room_id)
        if named is not None:
            self._answer(unit, named, user)

    def on_look(self, unit: Unit, event: Event) -> None:
        """A host has given the room of a cluster another name or picture."""
        named = store.in_room(unit.connection, event.room_id) if event.state_key == "" else None
        if named is not None and named.porch_room is not None:
            unit.emit(SetState(sender=self._bot, room=named.porch_room, type=event.type, content=event.content))

    def _answer(self, unit: Unit, named: Named, user: UserID) -> None:
        assert named.porch_room is not None
        self._doors.let_in(unit, named, user)
        reason = self._mail.text(unit, user, KNOCK_ANSWERED)
        unit.emit(Kick(sender=self._bot, room=named.porch_room, user=user, reason=reason))

    def _make(self, unit: Unit, named: Named) -> None:
        context = {"cluster": named.id, "alias": named.porch}
        unit.emit(porch(named, self._bot), notify=_MADE, context=context)

    def _made(self, unit: Unit, answer: Answer) -> None:
        id, alias = ClusterId(answer.context["cluster"]), answer.context["alias"]
        named = store.find(unit.connection, id)
        is_wanted = named is not None and named.porch == alias
        if answer.room_id is None:
            if is_wanted:
                store.put_porch(unit.connection, id, None)
            return
        self._rooms.created(unit.connection, answer.room_id, unit.now)
        if not is_wanted:  # the cluster was for others, or over, before it was there
            self._close(unit, answer.room_id)
            return
        store.put_porch(unit.connection, id, alias, answer.room_id)
        for user in sorted(self._rooms.members(unit.connection, answer.room_id, "knock")):
            after = store.find(unit.connection, id)
            assert after is not None
            self._answer(unit, after, user)

    def _close(self, unit: Unit, room: RoomID) -> None:
        unit.emit(SetState(sender=self._bot, room=room, type="m.room.join_rules", content={"join_rule": "invite"}))
        unit.emit(Leave(sender=self._bot, room=room))
