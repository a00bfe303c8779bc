"""The digest: what waits for a person is brought once, at a time that suits him.

Features say that something waits (`ask`); when the time has come each is asked to say in the bot's chat what of its own
does. A digest that is late, after days without power, comes once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.effects import Answer, Job
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.rooms import server_name
from appservice.routes import Later, Routes
from appservice.unit import Unit
from laiwang_bridge.people import hours, hours_store, store
from laiwang_bridge.people.hours import DIGEST_AT, QUIET_FROM, QUIET_UNTIL, DigestMode, Hours
from laiwang_bridge.people.hours_store import Habit
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.time_zones import zone_called

ReadProfile = Callable[[UserID], Awaitable[Mapping[str, Any]]]
"""The public profile of a user, as the homeserver gives it. Raises `HomeserverError` or `HomeserverAway`."""

ZONE_FIELDS = ("m.tz", "us.cloke.msc4175.tz")
"""The profile field of the time zone (client-server specification v1.16, MSC4175), and what it was called before."""

ZONE_JOB = "people.zone"

_DUE = "people.digest"
_ZONE_READ = "people.zone_read"
_LOOK_AGAIN_MS = 30 * 24 * 3_600_000
_LATER_SECONDS = 600.0


class Digests:
    """When somebody may be disturbed, and the one timer of his digest.

    `listeners` are called when a digest is due; nothing is said where nothing waits. `default_zone` is for people who
    have chosen no time zone and whose profile names none.
    """

    def __init__(self, bot: UserID, default_zone: ZoneInfo, read_profile: ReadProfile) -> None:
        self.listeners: list[Callable[[Unit, PersonId], None]] = []
        self._bot = bot
        self._default_zone = default_zone
        self._read_profile = read_profile
        self._usual = self._hours(Habit())

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._due)
        routes.on_answer(_ZONE_READ, self._zone_read)
        routes.on_job(ZONE_JOB, self._read_zone)

    def ask(self, unit: Unit, person: PersonId) -> None:
        """Something waits for this person."""
        self.ask_all(unit, [person])

    def ask_all(self, unit: Unit, persons: Sequence[PersonId]) -> None:
        """Something waits for each of these, said in as many statements as for one."""
        new = hours_store.habits_of_idle(unit.connection, persons)
        if not new:
            return
        self._look_up_zones(unit, new)
        his = {person: self._hours(habit) for person, habit in new.items()}
        next_news = {each: hours.next_news(each, unit.now) for each in set(his.values())}  # most live by the same day
        due = {person: next_news[each] for person, each in his.items()}
        hours_store.note_all_due(unit.connection, {person: at for person, at in due.items() if at is not None})
        for person, due_at in due.items():
            if due_at is not None:
                unit.at(due_at, _DUE, key=_timer(person), lane=_timer(person), context={"person": person})

    def mode(self, connection: Connection, person: PersonId) -> DigestMode:
        return self.hours_of(connection, person).mode

    def may_ring(self, connection: Connection, person: PersonId, now: int) -> bool:
        """Whether somebody's phone may ring for what he was not waiting for: not in his quiet hours, and not at all if
        he has switched digests off."""
        his = self.hours_of(connection, person)
        return his.mode is not DigestMode.OFF and not hours.is_quiet(his, now)

    def hours_of(self, connection: Connection, person: PersonId) -> Hours:
        """Somebody's day, with what he has not chosen filled in."""
        return self._hours(hours_store.habit_of(connection, person))

    def hours_of_user(self, connection: Connection, user: UserID) -> Hours:
        """The same by his Matrix id; of somebody whom we do not know yet, what is usual."""
        habit = hours_store.habit_of_user(connection, user)
        return self._usual if habit is None else self._hours(habit)

    def _hours(self, habit: Habit) -> Hours:
        return Hours(
            zone=zone_called(habit.zone or habit.profile_zone or "") or self._default_zone,
            mode=habit.mode or DigestMode.DAILY,
            digest_at=DIGEST_AT if habit.digest_at is None else habit.digest_at,
            quiet_from=QUIET_FROM if habit.quiet_from is None else habit.quiet_from,
            quiet_until=QUIET_UNTIL if habit.quiet_until is None else habit.quiet_until,
        )

    def changed(self, unit: Unit, person: PersonId) -> None:
        """Somebody has chosen another time, mode or zone: what waits (if anything does) comes by that."""
        self._set(unit, person)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        unit.cancel(_timer(person))

    def _set(self, unit: Unit, person: PersonId) -> None:
        his = self.hours_of(unit.connection, person)
        due_at = hours.next_news(his, unit.now)
        if due_at is None:
            unit.cancel(_timer(person))
            hours_store.note_due(unit.connection, person, None)
            return
        self._set_at(unit, person, due_at)

    def _set_at(self, unit: Unit, person: PersonId, due_at: int) -> None:
        hours_store.note_due(unit.connection, person, due_at)
        unit.at(due_at, _DUE, key=_timer(person), lane=_timer(person), context={"person": person})

    def _due(self, unit: Unit, context: Mapping[str, Any]) -> None:
        person = PersonId(context["person"])
        if not store.user_ids(unit.connection, person):
            return
        his = self.hours_of(unit.connection, person)
        if hours.is_quiet(his, unit.now):  # so late that the night has come
            self._set_at(unit, person, hours.end_of_quiet(his, unit.now))
            return
        hours_store.note_due(unit.connection, person, None)
        for listener in self.listeners:
            listener(unit, person)

    # -- the time zone ----------------------------------------------------------------------------------------------

    def _look_up_zones(self, unit: Unit, habits: Mapping[PersonId, Habit]) -> None:
        """Have the profiles of these people read now and then, but for those who have chosen a zone themselves."""
        wanted = [person for person, habit in habits.items() if habit.zone is None and self._is_old(habit, unit.now)]
        users = store.first_user_ids(wanted).ask(unit.connection) if wanted else {}
        hours_store.note_profiles_asked(unit.connection, users, unit.now)
        for person, user in users.items():
            job = Job(sender=self._bot, name=ZONE_JOB, queue=f"zone:{server_name(user)}", given={"user": user})
            unit.emit(job, notify=_ZONE_READ, context={"person": person})

    def _is_old(self, habit: Habit, now: int) -> bool:
        return habit.profile_read_at is None or now - habit.profile_read_at >= _LOOK_AGAIN_MS

    async def _read_zone(self, job: Job) -> Mapping[str, Any]:
        """Read the time zone from a profile; none where the homeserver knows none or will not say."""
        try:
            profile = await self._read_profile(UserID(job.given["user"]))
        except HomeserverAway as error:
            raise Later(str(error), _LATER_SECONDS) from error
        except HomeserverError as error:
            if error.status == 429:
                raise Later(str(error), error.retry_after or _LATER_SECONDS) from error
            return {"zone": None}
        return {"zone": zone_in(profile)}

    def _zone_read(self, unit: Unit, answer: Answer) -> None:
        person = PersonId(answer.context["person"])
        if answer.outcome is None or not store.user_ids(unit.connection, person):
            return
        hours_store.note_profile_zone(unit.connection, person, answer.outcome["zone"])
        self.changed(unit, person)


def zone_in(profile: Mapping[str, Any]) -> str | None:
    """The time zone that a profile names, if it is one that we know."""
    for field in ZONE_FIELDS:
        name = profile.get(field)
        if isinstance(name, str) and zone_called(name) is not None:
            return name
    return None


def _timer(person: PersonId) -> str:
    return f"digest:{person}"
