"""What may be changed of a cluster that is open: its reach may become narrower, and a closed one be for more people."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.effects import Kick
from appservice.unit import Unit
from laiwang_bridge.clusters import clubs, rules, seat_store, sight, stay_store, store
from laiwang_bridge.clusters.reach import Reach, may_change
from laiwang_bridge.clusters.room import described
from laiwang_bridge.clusters.rules import NOT_AVAILABLE
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId

Listener = Callable[[Unit, Named], None]


class Changes:
    """Changes clusters, their rooms, and who sees them. `listeners` are told of a new reach, with the cluster as it is
    then."""

    def __init__(self, spread: Spread, mail: Mail, bot: UserID) -> None:
        self._spread = spread
        self._mail = mail
        self._bot = bot
        self.listeners: list[Listener] = []

    def may_reach(self, connection: Connection, named: Named, reach: Reach) -> bool:
        """Whether its reach may become this one, now that others may have come."""
        if clubs.club_of(connection, named.id) is not None and reach != named.rules.reach:
            return False  # what is in a club stays as it is
        others = stay_store.guests_ever(connection, named.id, named.rules.initiator)
        return may_change(named.rules.reach, reach, others)

    def reach(self, unit: Unit, named: Named, reach: Reach) -> None:
        """Whoever is inside stays; whoever is not within the new reach sees no more of it at once."""
        store.set_reach(unit.connection, named.id, reach)
        after = self._found(unit, named)
        if after.room_id is not None:
            for effect in described(after, self._bot):
                unit.emit(effect)
        self._take_back_invitations(unit, named, after)
        self._spread.recheck(unit, named.id, rules.after_change(named.rules, after.rules))
        for tell in self.listeners:
            tell(unit, after)

    def name(self, unit: Unit, named: Named, persons: Iterable[PersonId]) -> None:
        """A closed cluster is for these people, too."""
        for person in sorted(persons):
            store.name_person(unit.connection, named.id, person)
        after = self._found(unit, named)
        self._spread.recheck(unit, named.id, rules.after_change(named.rules, after.rules))

    def _take_back_invitations(self, unit: Unit, before: Named, after: Named) -> None:
        """Of those who were on their way in; whom a member invited against the reach, that one still invites."""
        for person in seat_store.invited_to(unit.connection, after.id):
            then, now = (
                rules.allow(named.rules, sight.view(unit.connection, named.rules, person)).allowed
                for named in (before, after)
            )
            if now or not then or after.room_id is None:
                continue
            for user in people.user_ids(unit.connection, person):
                reason = self._mail.text(unit, user, NOT_AVAILABLE)
                unit.emit(Kick(sender=self._bot, room=after.room_id, user=user, reason=reason))

    def _found(self, unit: Unit, named: Named) -> Named:
        after = store.find(unit.connection, named.id)
        assert after is not None
        return after
