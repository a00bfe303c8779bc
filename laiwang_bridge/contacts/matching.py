"""From an address book to those in it who are here and may be shown; and from a newcomer to those who have him."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.unit import Unit
from laiwang_bridge import rates
from laiwang_bridge.contacts import id_store, rules, store, watch_store
from laiwang_bridge.contacts.book import Contact
from laiwang_bridge.contacts.rules import DAY_MS, MOST_ADDRESSES, Limits, Sight
from laiwang_bridge.people import address_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.addresses import AddressKind, Findable, ProvenAddress
from laiwang_bridge.people.rules import PersonId

_POSITION_CHARACTERS = 4  # 65,536 positions: many addresses share one

FoundYou = Callable[[Unit, PersonId], None]
"""Told when there is somebody new on a person's card of whom he does not know yet."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of an address book: how many contacts with an address there were and how many have been looked at by
    now; in how many milliseconds the rest fits; how many of them are new on the card, how many wait on it for him to
    choose, how many are friends already."""

    contacts: int
    looked_at: int
    wait_ms: int
    new: int
    waiting: int
    friends: int
    chosen: Sequence[Contact] = ()


@dataclass(frozen=True, slots=True)
class NumberRange:
    """No address book but numbers that follow each other; nothing was looked up."""

    numbers: int


@dataclass(frozen=True, slots=True)
class _Marked:
    """A contact with the marks of what may find him: first those of his numbers and addresses, then those of `users`,
    by which he is only counted and kept in his place."""

    contact: Contact
    marks: tuple[str, ...]
    users: tuple[UserID, ...] = ()

    @property
    def address_marks(self) -> tuple[str, ...]:
        return self.marks[: len(self.marks) - len(self.users)]


class Matching:
    """`key` is what the admin configured for the marks; of at least `range_from` numbers most may not be neighbours."""

    def __init__(self, key: str, limits: Limits, *, range_from: int, found: FoundYou) -> None:
        self._key = key
        self._limits = limits
        self._range_from = range_from
        self._found = found

    def look(
        self, unit: Unit, user: UserID, me: PersonId, contacts: Sequence[Contact], *, suggests_only: bool = False
    ) -> Looked | NumberRange:
        """Look at an address book of somebody's: his card then holds whom it may.

        `suggests_only`: these are not people of whom he has said that he knows them. Nothing of it is kept, and nobody
        is shown him because of it.
        """
        numbers = {number for contact in contacts for number in contact.numbers}
        if rules.is_dense(numbers, self._range_from) or not self._takes_small_range(unit, user, numbers):
            return NumberRange(len(numbers))
        connection = unit.connection
        marked = sorted(self._marked(connection, contacts), key=lambda one: one.marks)
        chosen, before, wait_ms = self._what_fits(unit, user, me, marked)
        addresses = address_store.proven(connection, (mark for one in chosen for mark in one.marks))
        persons = id_store.people_of(connection, (user for one in chosen for user in one.users))
        held: dict[PersonId, set[Findable]] = {}
        named: dict[PersonId, str] = {}
        for one in sorted(chosen, key=lambda one: one.contact.line):
            found = [(addresses[mark].person, addresses[mark].findable) for mark in one.marks if mark in addresses]
            found += [(persons[user], Findable.MUTUAL) for user in one.users if user in persons]
            for person, findable in found:
                if person != me:
                    held.setdefault(person, set()).add(findable)
                    named[person] = named.get(person) or one.contact.name
        shown = self._shown_to(connection, me, held)
        visible = [one for one in held if shown.get(one) is Sight.SHOWN]
        new = self._put_on_card(unit, me, visible, named, told=True)
        unasked = {one.other for one in store.found_by(connection, me) if not one.asked}
        if not suggests_only:
            id_store.hold(connection, me, (person for person in persons.values() if person != me), unit.now)
            self._keep(unit, me, chosen, addresses, held, shown)
        return Looked(
            contacts=len(marked),
            looked_at=before + len(chosen),
            wait_ms=wait_ms,
            new=new,
            waiting=len(unasked & set(visible)) - new,
            friends=sum(sight is Sight.FRIEND for sight in shown.values()),
            chosen=[one.contact for one in chosen],
        )

    def _takes_small_range(self, unit: Unit, user: UserID, numbers: Set[str]) -> bool:
        """Whether what came lately in small lists of neighbours is not a range yet, these numbers counted."""
        if not rules.is_dense(numbers, rules.FEWEST_IN_RANGE):
            return True
        limit = rules.small_ranges(self._range_from)
        who = people.mark_of(unit.connection, user)
        drains_at = store.range_drains_at(unit.connection, who)
        if rates.room(limit, drains_at, unit.now) < len(numbers):
            return False
        store.note_range(unit.connection, who, rates.pour(limit, drains_at, unit.now, len(numbers)))
        return True

    def _keep(
        self,
        unit: Unit,
        me: PersonId,
        chosen: Sequence[_Marked],
        addresses: Mapping[str, ProvenAddress],
        held: Mapping[PersonId, Set[Findable]],
        shown: Mapping[PersonId, Sight],
    ) -> None:
        """Keep whose addresses I have, for whom I wait, and let those see me who may now."""
        connection = unit.connection
        others = (address.id for address in addresses.values() if address.person != me)
        store.hold(connection, me, others, unit.now)
        if watch_store.is_watching(connection, me):
            settled = {mark for mark, address in addresses.items() if address.person in shown or address.person == me}
            waited_for = (mark for one in chosen for mark in one.address_marks if mark not in settled)
            watch_store.watch(connection, me, waited_for, unit.now)
        self._tell_others(unit, me, list(held))

    def address_proven(self, unit: Unit, person: PersonId, address: int, mark: str) -> None:
        """Somebody has shown that an address is his, or lets it be found: those who waited for it have it, and those
        who have it may be shown him."""
        connection = unit.connection
        have_it = [one for one in store.holders_of(connection, address) if one != person]
        waiting = [one for one in watch_store.take_watchers(connection, mark, unit.now) if one != person]
        for one in waiting:
            store.hold(connection, one, [address], unit.now)
        self._tell_others(unit, person, list(dict.fromkeys((*have_it, *waiting))))
        for one in waiting:
            self._tell_others(unit, one, [person])

    def _marked(self, connection: Connection, contacts: Iterable[Contact]) -> Iterable[_Marked]:
        key = address_store.address_key(connection, self._key)
        for contact in contacts:
            values = [(AddressKind.NUMBER, number) for number in contact.numbers]
            values += [(AddressKind.EMAIL, email) for email in contact.emails]
            marks = [address_store.mark_of(key, kind, value) for kind, value in values[:MOST_ADDRESSES]]
            users = tuple(map(UserID, contact.matrix_ids[: MOST_ADDRESSES - len(marks)]))
            marks += (address_store.mark_of(key, "matrix", user) for user in users)
            if marks:
                yield _Marked(contact, tuple(marks), users)

    def _what_fits(
        self, unit: Unit, user: UserID, me: PersonId, marked: Sequence[_Marked]
    ) -> tuple[Sequence[_Marked], int, int]:
        """What is looked at now of a book in the order of its marks, how much of it was before, and when the rest fits.

        A book that is sent again because it did not fit is gone on with where the last look ended. What counts is what
        was sent, never what was found, or the limits would tell who is here.
        """
        connection, now = unit.connection, unit.now
        who = people.mark_of(connection, user)
        buckets = store.buckets(connection, who)
        whole = rules.share(self._limits, buckets, [rules.cost(len(one.marks)) for one in marked], now)
        if whole.count == len(marked):
            store.put_buckets(connection, who, whole.buckets)
            return marked, 0, 0
        position = store.rest_from(connection, me, now)
        rest = [one for one in marked if _position(one) >= position]
        share = rules.share(self._limits, buckets, [rules.cost(len(one.marks)) for one in rest], now)
        store.put_buckets(connection, who, share.buckets)
        until = now + share.wait_ms + rules.FULL_DAYS * DAY_MS
        store.put_rest(connection, me, _position(rest[share.count]) if share.count < len(rest) else "", until)
        return rest[: share.count], len(marked) - len(rest), share.wait_ms

    def _put_on_card(
        self, unit: Unit, me: PersonId, shown: Sequence[PersonId], named: dict[PersonId, str], *, told: bool
    ) -> int:
        """Returns how many were not there before, or were and he did not know."""
        known = store.known_found(unit.connection, me)
        for one in known.keys() & set(shown):
            store.name_found(unit.connection, me, one, named.get(one, ""))
        new = {one: named.get(one, "") for one in shown if one not in known}
        store.add_found(unit.connection, me, new, unit.now, told=told)
        return len(new) + (sum(known.get(one) is False for one in shown) if told else 0)

    def _tell_others(self, unit: Unit, me: PersonId, others: Sequence[PersonId]) -> None:
        """Since I now have addresses of others, or they of mine, some of them may be shown me."""
        connection = unit.connection
        have_me = store.holders(connection, me, others)
        if not id_store.hidden_among(connection, [me]):
            for other in sorted(id_store.holders(connection, me, others)):
                have_me.setdefault(other, set()).add(Findable.MUTUAL)
        for other, findable in have_me.items():
            has_mine = bool(store.held_settings(connection, me, [other])) or id_store.holds(connection, me, other)
            sight = rules.sight(findable, has_mine=has_mine, tie=people.tie(connection, other, me))
            if sight is Sight.SHOWN and self._put_on_card(unit, other, [me], {}, told=False):
                self._found(unit, other)

    def _shown_to(
        self, connection: Connection, me: PersonId, held: Mapping[PersonId, Set[Findable]]
    ) -> dict[PersonId, Sight]:
        """Whom of those I may see whose addresses or ids I have."""
        others = list(held)
        have_mine = store.holders(connection, me, others).keys() | id_store.holders(connection, me, others)
        seen = {
            other: rules.sight(settings, has_mine=other in have_mine, tie=people.tie(connection, me, other))
            for other, settings in held.items()
        }
        return {other: sight for other, sight in seen.items() if sight is not Sight.HIDDEN}


def _position(one: _Marked) -> str:
    return one.marks[0][:_POSITION_CHARACTERS]
