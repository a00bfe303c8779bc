"""The doors of a cluster: who comes in, who goes out, who knocks in vain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from mautrix.types import RoomID, UserID

from appservice.effects import Answer, Invite, Kick
from appservice.events import Event
from appservice.language import _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import growth, rules, store
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import NOT_AVAILABLE, ClusterId, Exposure, Recheck
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId

log = logging.getLogger(__name__)

_INVITED = "clusters.invited"
_ADMIT = "clusters.admit"


class Entry(StrEnum):
    """What became of somebody who wants in. QUEUED: his turn comes soon."""

    INVITED = "invited"
    QUEUED = "queued"
    REFUSED = "refused"


class Doors:
    """Lets people in by the rules, at the moment of the knock, and keeps the stays as the rooms' members are."""

    def __init__(
        self,
        spread: Spread,
        mail: Mail,
        bot: UserID,
        is_ours: Callable[[UserID], bool],
        pace: Pace | None = None,
    ) -> None:
        self._spread = spread
        self._mail = mail
        self._bot = bot
        self._is_ours = is_ours
        self._pace = pace or Pace()

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.room.member", self.on_member)
        routes.on_answer(_INVITED, self._invited)
        routes.on_timer(_ADMIT, self._admit)

    # -- in ---------------------------------------------------------------------------------------------------------

    def let_in(self, unit: Unit, named: Named, user: UserID) -> Entry:
        """Somebody wants in: ask the rules now, whatever a card said earlier."""
        connection, now = unit.connection, unit.now
        person = people.find_person(connection, user)
        if person is None:
            if named.rules.reach.mode is not Mode.OPEN:
                return Entry.REFUSED  # whom we have never met has no friends inside
            person = people.person_of(connection, user, now)
        view = store.view(connection, named.rules, person)
        decision = rules.allow(named.rules, view)
        if not decision.allowed or named.room_id is None:
            log.info("cluster %s: %s is not let in (%s)", named.id, user, decision.cause)
            return Entry.REFUSED
        if view.seat_kept:
            self._invite(unit, named, user, person)
            return Entry.INVITED
        place = growth.admission(self._pace, named.let_in, named.drains_at, now)
        store.note_admission(connection, named.id, named.let_in + 1, place.drains_at)
        if place.at > now:
            unit.at(
                place.at,
                _ADMIT,
                key=f"admit:{named.id}:{person}",
                lane=named.room_id,
                context={"cluster": named.id, "user": user},
            )
            return Entry.QUEUED
        self._invite(unit, named, user, person)
        return Entry.INVITED

    def _admit(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """The turn of somebody who waited has come; by now the answer may be no."""
        user = UserID(context["user"])
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        person = people.find_person(unit.connection, user)
        if named is None or person is None:
            return
        if rules.allow(named.rules, store.view(unit.connection, named.rules, person)).allowed:
            self._invite(unit, named, user, person)
        elif (voice := self._mail.to(unit, person)) is not None:
            voice.send(NOT_AVAILABLE)

    def _invite(self, unit: Unit, named: Named, user: UserID, person: PersonId) -> None:
        assert named.room_id is not None
        store.invite(unit.connection, named.id, person, unit.now)
        unit.emit(
            Invite(sender=self._bot, room=named.room_id, user=user),
            notify=_INVITED,
            context={"cluster": named.id, "user": user},
        )

    def _invited(self, unit: Unit, answer: Answer) -> None:
        """An invitation that could not be given frees its seat, and the person learns what to do."""
        if not answer.failed:
            return
        user, id = UserID(answer.context["user"]), ClusterId(answer.context["cluster"])
        person = people.find_person(unit.connection, user)
        if person is None or not store.take_back_invitation(unit.connection, id, person):
            return
        if (voice := self._mail.to(unit, person)) is not None:
            voice.send(
                _(
                    "I could not invite you ({error}). If your account refuses invitations, "
                    "allow them for {bot} and try again."
                ),
                error=answer.message or answer.error or "",
                bot=self._bot,
            )
        self._spread.recheck(unit, id, Recheck(whole=True))

    # -- what the room says -----------------------------------------------------------------------------------------

    def on_member(self, unit: Unit, event: Event) -> None:
        user = UserID(event.state_key or "")
        if self._is_ours(user):
            return
        named = store.in_room(unit.connection, event.room_id)
        if named is None:
            return
        match event.membership:
            case "join":
                self._came(unit, named, user)
            case "knock":
                self._knocked(unit, named, event.room_id, user)
            case "invite":
                person = people.person_of(unit.connection, user, unit.now)
                if person != named.rules.initiator:
                    store.invite(unit.connection, named.id, person, unit.now)
            case "leave" | "ban":
                self._went(unit, named, user, banned=event.membership == "ban")

    def _knocked(self, unit: Unit, named: Named, room: RoomID, user: UserID) -> None:
        if self.let_in(unit, named, user) is Entry.REFUSED:
            reason = self._mail.text(unit, user, NOT_AVAILABLE)
            unit.emit(Kick(sender=self._bot, room=room, user=user, reason=reason))

    def _came(self, unit: Unit, named: Named, user: UserID) -> None:
        connection = unit.connection
        person = people.person_of(connection, user, unit.now)
        store.take_back_invitation(connection, named.id, person)
        before = store.find_stay(connection, named.id, person)
        if before is not None and before.inside:
            return  # a new name or avatar
        view = store.view(connection, named.rules, person)
        exposure = before.exposure if before else Exposure.LOUD
        store.put_stay(connection, rules.arrive(named.rules, view, before, exposure, unit.now))
        self._changed(unit, named, person)

    def _went(self, unit: Unit, named: Named, user: UserID, *, banned: bool) -> None:
        connection = unit.connection
        person = people.find_person(connection, user)
        if person is None:
            return
        if banned:
            store.put_ban(connection, named.id, person, unit.now)
        else:
            store.lift_ban(connection, named.id, person)
        had_seat = store.take_back_invitation(connection, named.id, person)
        stay = store.find_stay(connection, named.id, person)
        if stay is not None and stay.inside:
            store.put_stay(connection, rules.leave(stay, unit.now))
        if had_seat or stay is not None:
            self._changed(unit, named, person)

    # -- loud and quiet ---------------------------------------------------------------------------------------------

    def expose(self, unit: Unit, named: Named, person: PersonId, exposure: Exposure) -> bool:
        """Go loud or quiet; False for somebody who is not inside."""
        stay = store.find_stay(unit.connection, named.id, person)
        if stay is None or not stay.inside:
            return False
        if stay.exposure is not exposure:
            store.put_stay(unit.connection, rules.expose(stay, exposure))
            self._changed(unit, named, person)
        return True

    def show_out(self, unit: Unit, named: Named, user: UserID, reason: str) -> None:
        """Take somebody out of the room at his own wish."""
        if named.room_id is not None:
            unit.emit(Kick(sender=self._bot, room=named.room_id, user=user, reason=reason), asker=user)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten: his stays end at once, and he leaves the rooms."""
        for stay in store.stays_of(unit.connection, person):
            named = store.find(unit.connection, stay.cluster)
            if named is None:
                continue
            store.put_stay(unit.connection, replace(stay, left_at=unit.now))
            self._changed(unit, named, person)
            for user in people.user_ids(unit.connection, person):
                self.show_out(unit, named, user, "")

    def _changed(self, unit: Unit, before: Named, person: PersonId) -> None:
        after = store.find(unit.connection, before.id)
        assert after is not None
        self._spread.recheck(unit, before.id, rules.after_stay(before.rules, after.rules, person))
