"""The Space of one person, "扎堆 Clusters": what he may see and what he is in, natively in clients that show Spaces.

It is a private room of the bot's with him and nobody else. What stands in it is made of what he alone may see, so
everything that changes that only notes that the Space is out of date; one timer a person brings it up to date, at least
five minutes after the last time, however much has changed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from mautrix.types import RoomID, UserID

from appservice.effects import Answer, CreateRoom, Kick, Leave, SetState
from appservice.events import Event
from appservice.language import _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import space_store, stay_store, store
from laiwang_bridge.clusters.arranging import arrange, order_text
from laiwang_bridge.clusters.feed import feed
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.clusters.space_store import Child
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId

MOST_CHILDREN = 50
UPDATE_EVERY_MS = 5 * 60_000
SETTLE_MS = 5_000
"""So long is waited for what changes at the same time."""

_CREATED, _UPDATE = "clusters.space_created", "clusters.space_update"
_NAME = "扎堆 Clusters"
_TOPIC = _("What your friends talk about, and where you are in. Nobody but you sees this Space.")
_SWITCHED_OFF = _("You have switched your Space off.")
_HASH_CHARACTERS = 20


class Spaces:
    """Makes Spaces for those who want one and keeps them true. Their aliases begin with `alias_prefix`.

    The rooms in a Space are found through `domain`, our own homeserver, alone: the bot is in each of them, and naming
    the servers of others would tell who is inside.
    """

    def __init__(self, rooms: Rooms, mail: Mail, bot: UserID, *, alias_prefix: str, domain: str) -> None:
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self._alias_prefix = alias_prefix
        self._domain = domain

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_CREATED, self._created)
        routes.on_timer(_UPDATE, self._update)
        routes.on_event("m.room.member", self.on_member)

    # -- on and off -------------------------------------------------------------------------------------------------

    def switch_on(self, unit: Unit, person: PersonId, user: UserID) -> bool:
        """Make a Space for a person, of whose accounts `user` is the one invited; False if he has one."""
        if space_store.space_of(unit.connection, person) is not None:
            return False
        # What is kept of its making says nothing about the person, so that it may stay when the person goes.
        key = f"space:{unit.key}"
        pseudonym = hmac.digest(unit.secret, key.encode(), hashlib.sha256).hex()[:_HASH_CHARACTERS]
        made_by = unit.emit(
            CreateRoom(
                sender=self._bot,
                alias_localpart=self._alias_prefix + pseudonym,
                name=_NAME,
                topic=self._mail.text(unit, user, _TOPIC),
                invite=(user,),
                room_type="m.space",
                initial_state=(
                    _state("m.room.join_rules", {"join_rule": "invite"}),
                    _state("m.room.history_visibility", {"history_visibility": "invited"}),
                    _state("m.room.guest_access", {"guest_access": "forbidden"}),
                ),
                power_levels={
                    "users": {self._bot: 100},
                    "users_default": 0,
                    "events_default": 100,
                    "state_default": 100,
                    "invite": 100,
                    "kick": 100,
                    "ban": 100,
                    "redact": 100,
                },
            ),
            key=key,
            notify=_CREATED,
            context={"person": person, "user": user},
            asker=user,
        )
        space_store.add_space(unit.connection, person, user, made_by, unit.now)
        return True

    def switch_off(self, unit: Unit, person: PersonId, *, is_gone: bool = False) -> bool:
        """The Space of a person is emptied and left by all (he himself may have gone already); False if he has none."""
        space = space_store.space_of(unit.connection, person)
        if space is None:
            return False
        if space.room_id is not None:
            for child in space_store.children_of(unit.connection, person):
                unit.emit(self._child(space.room_id, child, None))
            self._clear(unit, space.room_id, None if is_gone else space.user)
        space_store.drop_space(unit.connection, person)
        unit.cancel(_timer(person))
        return True

    def on_member(self, unit: Unit, event: Event) -> None:
        """Whoever leaves his Space wants none."""
        if event.membership not in ("leave", "ban"):
            return
        space = space_store.space_in(unit.connection, event.room_id)
        if space is not None and event.state_key == space.user:
            self.switch_off(unit, space.person, is_gone=True)

    def _clear(self, unit: Unit, room: RoomID, user: UserID | None) -> None:
        if user is not None:
            reason = self._mail.text(unit, user, _SWITCHED_OFF)
            unit.emit(Kick(sender=self._bot, room=room, user=user, reason=reason))
        unit.emit(Leave(sender=self._bot, room=room))

    def _created(self, unit: Unit, answer: Answer) -> None:
        person = PersonId(answer.context["person"])
        space = space_store.space_of(unit.connection, person)
        wanted = space is not None and space.made_by == answer.key
        if answer.room_id is None:
            if wanted:
                space_store.drop_space(unit.connection, person)
            return
        self._rooms.created(unit.connection, answer.room_id, unit.now)
        if not wanted:  # switched off while it was being made
            self._clear(unit, answer.room_id, UserID(answer.context["user"]))
            return
        space_store.note_room(unit.connection, person, answer.room_id)
        self._bring_up_to_date(unit, person)

    # -- keeping it true --------------------------------------------------------------------------------------------

    def look_again(self, unit: Unit, persons: Sequence[PersonId]) -> None:
        """These persons may see something else now: one statement for all of them."""
        self._plan(unit, space_store.mark_stale(unit.connection, persons))

    def changed(self, unit: Unit, named: Named) -> None:
        """A cluster is for others now, or takes nobody any more: it may have to go from Spaces in which it stands."""
        for room in (named.room_id, named.porch_room):
            if room is not None:
                self._plan(unit, space_store.mark_holders_stale(unit.connection, room))

    def moved(self, unit: Unit, old: RoomID, _new: RoomID) -> None:
        """A room was replaced by another."""
        self._plan(unit, space_store.mark_holders_stale(unit.connection, old))

    def _plan(self, unit: Unit, stale: Sequence[tuple[PersonId, int]]) -> None:
        for person, updated_at in stale:
            due_at = max(unit.now + SETTLE_MS, updated_at + UPDATE_EVERY_MS)
            unit.at(due_at, _UPDATE, key=_timer(person), lane=_timer(person), context={"person": person})

    def _update(self, unit: Unit, context: Mapping[str, Any]) -> None:
        self._bring_up_to_date(unit, PersonId(context["person"]))

    def _bring_up_to_date(self, unit: Unit, person: PersonId) -> None:
        connection = unit.connection
        space = space_store.space_of(connection, person)
        if space is None or space.room_id is None:
            return
        space_store.note_updated(connection, person, unit.now)
        wanted, is_whole = self._wanted(unit, person)
        if not is_whole:
            self._plan(unit, space_store.mark_stale(connection, [person]))
        before = space_store.children_of(connection, person)
        places = arrange(list(wanted), {room: child.place for room, child in before.items()})
        after = {room: Child(places[room], suggested) for room, suggested in wanted.items()}
        gone = [room for room in before if room not in after]
        new = {room: child for room, child in after.items() if before.get(room) != child}
        for room in gone:
            unit.emit(self._child(space.room_id, room, None))
        for room, child in new.items():
            unit.emit(self._child(space.room_id, room, child))
        space_store.drop_children(connection, person, gone)
        space_store.put_children(connection, person, new)

    def _wanted(self, unit: Unit, person: PersonId) -> tuple[dict[RoomID, bool], bool]:
        """The rooms for a Space in their order, each with whether it is suggested: first what may be stepped into, then
        what its person is in, the newest first. Neither crowds out the other. And whether these are all: a porch may
        still be in the making."""
        connection = unit.connection
        doors = [_door(each.named) for each in feed(connection, person, unit.now) if each.named.room_id is not None]
        seen = [room for room in doors if room is not None]
        stays = sorted(stay_store.stays_of(connection, person), key=lambda stay: -stay.joined_at)
        found = store.find_many(connection, [stay.cluster for stay in stays])
        mine = [
            named.room_id
            for stay in stays
            if (named := found[stay.cluster]).room_id is not None and named.rules.lifecycle is not Lifecycle.ARCHIVED
        ]
        seen = seen[: max(MOST_CHILDREN - len(mine), MOST_CHILDREN // 2)]
        wanted = dict.fromkeys(seen, True) | dict.fromkeys(mine[: MOST_CHILDREN - len(seen)], False)
        return wanted, None not in doors

    def _child(self, space: RoomID, room: RoomID, child: Child | None) -> SetState:
        """A room in a Space; None takes it out (client-server specification, "m.space.child")."""
        content: dict[str, Any] = {}
        if child is not None:
            content = {"via": [self._domain], "order": order_text(child.place), "suggested": child.suggested}
        return SetState(sender=self._bot, room=space, type="m.space.child", content=content, state_key=room)


def _door(named: Named) -> RoomID | None:
    """The room by which somebody outside comes in; None while its porch is being made."""
    return named.room_id if named.porch is None else named.porch_room


def _state(type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": type, "state_key": "", "content": content}


def _timer(person: PersonId) -> str:
    return f"space:{person}"
