"""The doors of a cluster: who comes in and who goes out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from mautrix.types import RoomID, UserID

from appservice.effects import Answer, Invite, Kick
from appservice.events import Event
from appservice.language import Message, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, growth, pass_store, rules, seat_store, sight, stay_store, store
from laiwang_bridge.clusters.exposures import Exposures
from laiwang_bridge.clusters.growth import Pace
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import NOT_AVAILABLE, ClusterId, Recheck, Stay
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.unwanted import is_unwanted
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import Exposure, ListId, PersonId

log = logging.getLogger(__name__)

_INVITED = "clusters.invited"
_ADMIT = "clusters.admit"
_PRESENT = ("join", "invite")
_LAPSED = _("You have not come for some days, so your seat is for others now. You may ask again.")


Watcher = Callable[[Unit, Named], None]
"""Told when the seats of a cluster have changed, with the cluster as it is then."""


class Entry(StrEnum):
    """What became of somebody who wants in. QUEUED: his turn comes soon."""

    INVITED = "invited"
    QUEUED = "queued"
    REFUSED = "refused"

    @property
    def sentence(self) -> Message:
        """For the person, with the `title` to fill in."""
        return _ENTRIES[self]


_ENTRIES = {
    Entry.INVITED: _("Come in: you are invited into “**{title}**”."),
    Entry.QUEUED: _("Many want in just now. You are invited as soon as it is your turn."),
    Entry.REFUSED: NOT_AVAILABLE,
}


class Doors:
    """Lets people in by the rules, at the moment of the knock, and keeps the stays as the rooms' members are."""

    def __init__(
        self,
        spread: Spread,
        exposures: Exposures,
        mail: Mail,
        rooms: Rooms,
        bot: UserID,
        is_ours: Callable[[UserID], bool],
        pace: Pace | None = None,
    ) -> None:
        self._spread = spread
        self._exposures = exposures
        self._mail = mail
        self._rooms = rooms
        self._bot = bot
        self._is_ours = is_ours
        self._pace = pace or Pace()
        self.watchers: list[Watcher] = []

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
        if not self._may_enter(unit, named, user, person):
            return Entry.REFUSED
        if seat_store.is_in_queue(connection, named.id, person):
            return Entry.QUEUED
        if seat_store.is_invited(connection, named.id, person):
            self._invite(unit, named, user, person)
            return Entry.INVITED
        pace = growth.slowed(self._pace) if growth.is_slowed(named.life.fast_at, now) else self._pace
        place = growth.admission(pace, named.let_in, named.drains_at, now)
        store.note_admission(connection, named.id, named.let_in + 1, place.drains_at)
        if place.at > now:
            seat_store.put_in_queue(connection, named.id, person, place.at)
            unit.at(
                place.at,
                _ADMIT,
                key=_turn(named.id, person),
                lane=str(named.room_id),
                context={"cluster": named.id, "user": user},
            )
            return Entry.QUEUED
        self._invite(unit, named, user, person)
        return Entry.INVITED

    def _may_enter(self, unit: Unit, named: Named, user: UserID, person: PersonId) -> bool:
        view = sight.view(unit.connection, named.rules, person)
        decision = rules.allow(named.rules, view)
        if not decision.allowed and pass_store.holds_pass(unit.connection, named.id, person):
            decision = rules.allow_with_pass(named.rules, view)
        if not decision.allowed or named.room_id is None:
            log.debug("cluster %s: %s is not let in (%s)", named.id, user, decision.cause)
            return False
        if is_unwanted(unit.connection, user):
            return False
        # Somebody can have been banned before we knew him.
        return self._rooms.membership(unit.connection, named.room_id, user) != "ban"

    def _admit(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """The turn of somebody who waited has come; by now the answer may be no."""
        user = UserID(context["user"])
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        person = people.find_person(unit.connection, user)
        if named is None or person is None or not seat_store.take_from_queue(unit.connection, named.id, person):
            return
        if self._may_enter(unit, named, user, person):
            self._invite(unit, named, user, person)
        elif (voice := self._mail.at_hand(unit, person)) is not None:
            voice.send(NOT_AVAILABLE)

    def _invite(self, unit: Unit, named: Named, user: UserID, person: PersonId) -> None:
        assert named.room_id is not None
        self._keep_seat(unit, named, person)
        unit.emit(
            Invite(sender=self._bot, room=named.room_id, user=user),
            notify=_INVITED,
            context={"cluster": named.id, "user": user},
        )

    def _invited(self, unit: Unit, answer: Answer) -> None:
        """An invitation that could not be given frees its seat, and the person learns what to do."""
        if not answer.failed:
            return
        user = UserID(answer.context["user"])
        named = store.find(unit.connection, ClusterId(answer.context["cluster"]))
        person = people.find_person(unit.connection, user)
        if named is None or person is None or not seat_store.take_back_invitation(unit.connection, named.id, person):
            return
        log.info("cluster %s: %s could not be invited (%s)", named.id, user, answer.message)
        if (voice := self._mail.to(unit, person)) is not None:
            voice.send(
                _(
                    "I could not invite you into “**{title}**”. If your account refuses invitations, allow them from "
                    "{bot}, then try again."
                ),
                title=named.title,
                bot=self._bot,
            )
        self._changed(unit, named, person)

    def _keep_seat(self, unit: Unit, named: Named, person: PersonId) -> None:
        """Others may not see yet that he comes; but it may have been the last seat."""
        seat_store.invite(unit.connection, named.id, person, unit.now)
        after = store.find(unit.connection, named.id)
        assert after is not None
        full = after.rules.takes_people != named.rules.takes_people
        self._spread.changed(unit, after, Recheck(persons=frozenset({person}), whole=full))
        self._tell_watchers(unit, after)

    def turn_away(self, unit: Unit, named: Named) -> None:
        """Nobody may come any more: takes back the invitations that are out, and the places of those who wait."""
        connection = unit.connection
        invited, waiting = seat_store.invited_to(connection, named.id), seat_store.waiting_for(connection, named.id)
        for person in sorted({*invited, *waiting}):
            self._leave_queue(unit, named.id, person)
            users = people.user_ids(connection, person)
            asked = [user for user in users if self._is_invited(unit, named, user)]
            for user in asked:
                assert named.room_id is not None
                self._uninvite(unit, named.room_id, user)
            if not asked and person in waiting and (voice := self._mail.at_hand(unit, person)) is not None:
                voice.send(NOT_AVAILABLE)

    def let_lapse(self, unit: Unit, named: Named, person: PersonId) -> None:
        """Somebody was invited and did not come: his seat is for others now, and he may ask again."""
        asked = [user for user in people.user_ids(unit.connection, person) if self._is_invited(unit, named, user)]
        for user in asked:
            assert named.room_id is not None
            self._uninvite(unit, named.room_id, user, _LAPSED)
        if not asked and seat_store.take_back_invitation(unit.connection, named.id, person):
            self._changed(unit, named, person)

    def _is_invited(self, unit: Unit, named: Named, user: UserID) -> bool:
        room = named.room_id
        return room is not None and self._rooms.membership(unit.connection, room, user) == "invite"

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
            case "invite":
                person = people.find_person(unit.connection, user)
                if person is not None and person != named.rules.initiator:
                    self._keep_seat(unit, named, person)
            case "leave" | "ban":
                self._went(unit, named, user, banned=event.membership == "ban")

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is known: those who came into it before we knew are in."""
        named = store.find(unit.connection, id)
        if named is None or named.room_id is None:
            return
        for user in sorted(self._rooms.members(unit.connection, named.room_id)):
            if not self._is_ours(user):
                self._came(unit, named, user)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced: if it was a cluster's, that goes on in the new one."""
        if not store.move_room(unit.connection, old, new):
            return
        named = store.in_room(unit.connection, new)
        assert named is not None
        log.info("cluster %s has moved from %s to %s", named.id, old, new)
        self.opened(unit, named.id)

    def _uninvite(self, unit: Unit, room: RoomID, user: UserID, why: Message = NOT_AVAILABLE) -> None:
        reason = self._mail.text(unit, user, why)
        unit.emit(Kick(sender=self._bot, room=room, user=user, reason=reason))

    def _came(self, unit: Unit, named: Named, user: UserID) -> None:
        connection = unit.connection
        person = people.person_of(connection, user, unit.now)
        seat_store.take_seat(connection, named.id, person)
        pass_store.spend(connection, named.id, person)
        self._leave_queue(unit, named.id, person)
        before = stay_store.find_stay(connection, named.id, person)
        if before is not None and before.inside:
            return  # a new name or avatar
        view = sight.view(connection, named.rules, person)
        exposure, only = (before.exposure, before.exposed_to) if before else (Exposure.QUIET, None)
        stay = rules.arrive(named.rules, view, before, exposure, unit.now, exposed_to=only)
        usual = self._exposures.at_arrival(connection, stay) if before is None else None
        stay_store.put_stay(connection, rules.expose(stay, usual) if usual else stay)
        self._changed(unit, named, person, grows=True)
        if before is None and usual is None:
            self._exposures.ask(unit, named, stay)

    def _went(self, unit: Unit, named: Named, user: UserID, *, banned: bool) -> None:
        connection = unit.connection
        person = people.find_person(connection, user)
        if person is None:
            return
        if banned:
            seat_store.put_ban(connection, named.id, person, unit.now)
        else:
            seat_store.lift_ban(connection, named.id, person)
        self._leave_queue(unit, named.id, person)
        had_seat = seat_store.take_back_invitation(connection, named.id, person)
        pass_store.spend(connection, named.id, person)
        stay = stay_store.find_stay(connection, named.id, person)
        if stay is not None and stay.inside:
            stay_store.put_stay(connection, rules.leave(stay, unit.now))
            self._exposures.left(unit, named.id, person)
            had_seat = True
        if had_seat:
            self._changed(unit, named, person)
        else:
            self._spread.recheck(unit, named.id, Recheck(persons=frozenset({person})))

    def _leave_queue(self, unit: Unit, id: ClusterId, person: PersonId) -> None:
        if seat_store.take_from_queue(unit.connection, id, person):
            unit.cancel(_turn(id, person))

    # -- loud and quiet, out ----------------------------------------------------------------------------------------

    def expose(
        self, unit: Unit, named: Named, person: PersonId, exposure: Exposure, exposed_to: ListId | None = None
    ) -> None:
        """Go loud, towards all friends or those on one list, or quiet; nothing for somebody who is not inside."""
        stay = stay_store.find_stay(unit.connection, named.id, person)
        if stay is None or not stay.inside:
            return
        self._expose(unit, named, stay, exposure, exposed_to)
        for id in self._exposures.answered(unit, named.id, person, exposure, exposed_to):
            also, stay = store.find(unit.connection, id), stay_store.find_stay(unit.connection, id, person)
            if also is not None and stay is not None and stay.inside:
                self._expose(unit, also, stay, exposure, None)

    def _expose(self, unit: Unit, named: Named, stay: Stay, exposure: Exposure, exposed_to: ListId | None) -> None:
        if (stay.exposure, stay.exposed_to) == (exposure, exposed_to):
            return
        stay_store.put_stay(unit.connection, rules.expose(stay, exposure, exposed_to))
        grows = exposure is Exposure.LOUD and exposed_to is None
        self._changed(unit, named, stay.person, grows=grows)

    def show_out(self, unit: Unit, named: Named, user: UserID, reason: str | None = None) -> None:
        """Take somebody out of the room at his own wish."""
        if named.room_id is not None:
            unit.emit(Kick(sender=self._bot, room=named.room_id, user=user, reason=reason), asker=user)

    def tie_changed(self, unit: Unit, one: PersonId, another: PersonId) -> None:
        """Where one of the two has blocked the other, an invitation into his cluster is taken back."""
        for host, guest in ((one, another), (another, one)):
            for id in seat_store.invitations_of(unit.connection, guest):
                named = store.find(unit.connection, id)
                if named is None or named.room_id is None or named.rules.initiator != host:
                    continue
                if sight.view(unit.connection, named.rules, guest).blocked:
                    for user in people.user_ids(unit.connection, guest):
                        self._uninvite(unit, named.room_id, user)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten: his stays end at once, and he leaves the rooms."""
        connection = unit.connection
        users = people.user_ids(connection, person)
        started = [ClusterId(row.id) for row in store.started_by(connection, person)]
        inside = [stay.cluster for stay in stay_store.stays_of(connection, person)]
        invited = seat_store.invitations_of(connection, person)
        for id in seat_store.queues_of(connection, person):
            self._leave_queue(unit, id, person)
        store.disown(connection, person)
        stay_store.forget_sponsor(connection, person)
        card_store.forget_cards(connection, person)
        for id in sorted({*started, *inside, *invited}):
            before = store.find(connection, id)
            assert before is not None
            self._end(unit, before, person)
            for user in users:
                if before.room_id and self._rooms.membership(connection, before.room_id, user) in _PRESENT:
                    self.show_out(unit, before, user)
            after = self._found(unit, before)
            change = Recheck(whole=True) if id in started else rules.after_stay(before.rules, after.rules, person)
            self._spread.recheck(unit, id, change, without=person)
            self._tell_watchers(unit, after)

    def _end(self, unit: Unit, named: Named, person: PersonId) -> None:
        seat_store.take_back_invitation(unit.connection, named.id, person)
        stay = stay_store.find_stay(unit.connection, named.id, person)
        if stay is not None:
            stay_store.put_stay(unit.connection, rules.leave(stay, unit.now))

    def _changed(self, unit: Unit, before: Named, person: PersonId, *, grows: bool = False) -> None:
        after = self._found(unit, before)
        self._spread.changed(unit, after, rules.after_stay(before.rules, after.rules, person, grows=grows))
        self._tell_watchers(unit, after)

    def _tell_watchers(self, unit: Unit, named: Named) -> None:
        for tell in self.watchers:
            tell(unit, named)

    def _found(self, unit: Unit, before: Named) -> Named:
        """The cluster as it is by now."""
        after = store.find(unit.connection, before.id)
        assert after is not None
        return after


def _turn(id: ClusterId, person: PersonId) -> str:
    """The key of the timer for somebody who waits."""
    return f"admit:{id}:{person}"
