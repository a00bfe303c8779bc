"""What somebody has chosen about his day, what his profile says of his time zone, and when his digest is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, bindparam, select

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import among, upsert, upsert_all
from laiwang_bridge.people.hours import DIGEST_AT, QUIET_FROM, QUIET_UNTIL, DigestMode
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person, matrix_id, person

habit = Table(
    "habit",
    metadata,
    column_of_person("person", primary_key=True),
    Column("mode", Text),
    Column("digest_at", Integer),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
    Column("zone", Text),
    Column("profile_zone", Text),
    Column("profile_read_at", BigInteger),
    Column("due_at", BigInteger),
)


_OF_USER = Prepared(
    select(habit).join(matrix_id, matrix_id.c.person == habit.c.person).where(matrix_id.c.user_id == bindparam("user"))
)
# Built once: these are asked about every friend of whoever does something.
_HABITS = Prepared(select(habit).where(among(habit.c.person, "them")))
_IDLE = Prepared(
    select(person.c.id, habit)
    .join(habit, habit.c.person == person.c.id, isouter=True)
    .where(among(person.c.id, "them"), habit.c.due_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Habit:
    """None is what was never chosen, or is not known. Times of day are minutes after midnight; `due_at` and
    `profile_read_at` (when the profile was last asked) milliseconds since the epoch."""

    mode: DigestMode | None = None
    digest_at: int | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None
    zone: str | None = None
    profile_zone: str | None = None
    profile_read_at: int | None = None
    due_at: int | None = None


def habit_of(connection: Connection, one: PersonId) -> Habit:
    return habits_of(connection, [one])[one]


def habit_of_user(connection: Connection, user: UserID) -> Habit | None:
    """The same by a Matrix id; None for somebody of whom nothing is known."""
    row = _OF_USER.first(connection, user=user)
    return None if row is None else _habit(row)


def habits_of(connection: Connection, persons: Collection[PersonId]) -> dict[PersonId, Habit]:
    """The same for each of these."""
    rows = _HABITS.all(connection, them=list(persons))
    return {one: Habit() for one in persons} | {PersonId(row.person): _habit(row) for row in rows}


def habits_of_idle(connection: Connection, persons: Collection[PersonId]) -> dict[PersonId, Habit]:
    """The same for those of these persons who have no digest due."""
    rows = _IDLE.all(connection, them=list(persons)) if persons else []
    return {PersonId(row.id): _habit(row) for row in rows}


def _habit(row: Any) -> Habit:
    return Habit(
        mode=DigestMode(row.mode) if row.mode else None,
        digest_at=row.digest_at,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
        zone=row.zone,
        profile_zone=row.profile_zone,
        profile_read_at=row.profile_read_at,
        due_at=row.due_at,
    )


def choose_mode(connection: Connection, one: PersonId, mode: DigestMode) -> None:
    _put(connection, one, mode=mode)


def choose_digest_time(connection: Connection, one: PersonId, minute: int) -> None:
    _put(connection, one, digest_at=minute)


def choose_quiet_hours(connection: Connection, one: PersonId, begin: int, end: int) -> None:
    """From when until when; never, if they are equal."""
    _put(connection, one, quiet_from=begin, quiet_until=end)


def choose_zone(connection: Connection, one: PersonId, zone: str | None) -> None:
    _put(connection, one, zone=zone)


def note_profiles_asked(connection: Connection, persons: Iterable[PersonId], now: int) -> None:
    upsert_all(connection, habit, [{"person": one, "profile_read_at": now} for one in persons])


def note_profile_zone(connection: Connection, one: PersonId, zone: str | None) -> None:
    _put(connection, one, profile_zone=zone)


def note_due(connection: Connection, one: PersonId, due_at: int | None) -> None:
    """When the digest is due that has a timer; None while there is none."""
    _put(connection, one, due_at=due_at)


def note_all_due(connection: Connection, due: Mapping[PersonId, int]) -> None:
    """The same for many."""
    upsert_all(connection, habit, [{"person": one, "due_at": at} for one, at in due.items()])


def export(connection: Connection, one: PersonId) -> dict[str, Any]:
    mine = habit_of(connection, one)
    return {
        "digest": mine.mode or DigestMode.DAILY,
        "digest_at": DIGEST_AT if mine.digest_at is None else mine.digest_at,
        "quiet_from": QUIET_FROM if mine.quiet_from is None else mine.quiet_from,
        "quiet_until": QUIET_UNTIL if mine.quiet_until is None else mine.quiet_until,
        "time_zone": mine.zone,
        "time_zone_of_profile": mine.profile_zone,
        "profile_read_at": mine.profile_read_at,
        "next_digest_at": mine.due_at,
    }


def _put(connection: Connection, one: PersonId, **values: Any) -> None:
    upsert(connection, habit, {"person": one, **values})
