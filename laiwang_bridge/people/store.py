"""Persons, their Matrix ids, friendships and blocks: tables and the queries on them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from mautrix.types import UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from appservice import instance
from appservice.database import metadata
from appservice.prepared import Prepared, Question
from appservice.sql import Sequence64, among, insert_ignoring, upsert
from laiwang_bridge.people.rules import Exposure, PersonId, Tie

person = Table(
    "person",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("created_at", BigInteger, nullable=False),
    Column("language", Text),
    Column("new_friends_see_old", Boolean, nullable=False, default=False),
    Column("exposure", Text),
    Column("requests", BigInteger, nullable=False, default=0),
    sqlite_autoincrement=True,
)
guess_bucket = Table(
    "guess_bucket",
    metadata,
    Column("who", Text, primary_key=True),
    Column("drains_at", BigInteger, nullable=False),
)


def column_of_person(name: str, **options: Any) -> Column[Any]:
    """A column that names a person, whose row goes when the person does."""
    return Column(name, Sequence64, ForeignKey("person.id", ondelete="CASCADE"), **options)


matrix_id = Table(
    "matrix_id",
    metadata,
    Column("user_id", Text, primary_key=True),
    column_of_person("person", nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
)
_FIRST_USER_IDS = Prepared(
    select(matrix_id.c.person, matrix_id.c.user_id)
    .where(among(matrix_id.c.person, "persons"))
    .order_by(matrix_id.c.since.desc())
)
# Both directions are kept, so that the friends of one person are one stretch of the primary key.
friendship = Table(
    "friendship",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_person("friend", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_friendship_friend", "friend"),
    sqlite_with_rowid=False,
)
block = Table(
    "block",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_person("blocked", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_block_blocked", "blocked"),
    sqlite_with_rowid=False,
)
# Blocks of somebody whom we do not know (yet, or any more): only a mark, by which he is recognised should he come.
block_mark = Table(
    "block_mark",
    metadata,
    column_of_person("person", primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_block_mark_mark", "mark"),
    sqlite_with_rowid=False,
)
# Whoever is muted brings the muting person no clusters.
mute = Table(
    "mute",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_person("muted", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_mute_muted", "muted"),
    sqlite_with_rowid=False,
)


# Every message needs these.
_USER_IDS = Prepared(
    select(matrix_id.c.user_id).where(matrix_id.c.person == bindparam("one")).order_by(matrix_id.c.since)
)
_FRIENDS = Prepared(
    select(friendship.c.friend).where(friendship.c.person == bindparam("one")).order_by(friendship.c.since)
)
_EXPOSURE = Prepared(select(person.c.exposure).where(person.c.id == bindparam("one")))
_PERSON = Prepared(select(matrix_id.c.person).where(matrix_id.c.user_id == bindparam("user")))
_LANGUAGE = Prepared(select(person.c.language).join(matrix_id).where(matrix_id.c.user_id == bindparam("user")))


# -- persons --------------------------------------------------------------------------------------------------------


def find_person(connection: Connection, user: UserID) -> PersonId | None:
    found: PersonId | None = _PERSON.scalar(connection, user=user)
    return found


def person_of(connection: Connection, user: UserID, now: int) -> PersonId:
    """The person with this Matrix id; a new one if we have never met. Only for somebody who has done something."""
    known = find_person(connection, user)
    if known is not None:
        return known
    made = connection.execute(insert(person).values(created_at=now)).inserted_primary_key
    assert made is not None
    new = PersonId(made[0])
    connection.execute(insert(matrix_id).values(user_id=user, person=new, since=now))
    _recognise(connection, new, user)
    return new


def user_ids(connection: Connection, one: PersonId) -> list[UserID]:
    """A person's Matrix ids, the first he came with first."""
    return [UserID(user) for user in _USER_IDS.scalars(connection, one=one)]


def first_user_ids(persons: Iterable[PersonId]) -> Question[dict[PersonId, UserID]]:
    """One Matrix id for each of these persons."""
    return _FIRST_USER_IDS.question(
        lambda rows: {PersonId(row.person): UserID(row.user_id) for row in rows}, persons=list(persons)
    )


def language_of(connection: Connection, user: UserID) -> str | None:
    """The language that somebody chose; None while he has chosen none."""
    found: str | None = _LANGUAGE.scalar(connection, user=user)
    return found


def choose_language(connection: Connection, one: PersonId, language: str | None) -> None:
    connection.execute(update(person).where(person.c.id == one).values(language=language))


def learn_language(connection: Connection, one: PersonId, language: str) -> None:
    """What somebody writes is what he reads, until he chooses."""
    connection.execute(update(person).where(person.c.id == one, person.c.language.is_(None)).values(language=language))


def exposure_of(connection: Connection, one: PersonId) -> Exposure | None:
    """How somebody wants to be seen in a cluster unless he says otherwise; None while he has not been asked."""
    chosen = _EXPOSURE.scalar(connection, one=one)
    return Exposure(chosen) if chosen else None


def set_exposure(connection: Connection, one: PersonId, exposure: Exposure | None) -> None:
    connection.execute(update(person).where(person.c.id == one).values(exposure=exposure))


def new_friends_see_old(connection: Connection, one: PersonId) -> bool:
    """Whether friends see clusters through somebody that are older than the friendship."""
    return bool(connection.execute(select(person.c.new_friends_see_old).where(person.c.id == one)).scalar())


def let_new_friends_see_old(connection: Connection, one: PersonId, wish: bool) -> None:
    connection.execute(update(person).where(person.c.id == one).values(new_friends_see_old=wish))


def next_request_number(connection: Connection, one: PersonId) -> int:
    """A number under which somebody knows a friend request of his; none is ever given twice."""
    connection.execute(update(person).where(person.c.id == one).values(requests=person.c.requests + 1))
    return int(connection.execute(select(person.c.requests).where(person.c.id == one)).scalar_one())


def mark_of(connection: Connection, user: UserID) -> str:
    """By this we recognise somebody without keeping who he is."""
    secret = instance.secret(connection, "marks")
    return hmac.digest(secret, user.encode(), hashlib.sha256).hex()


def guesses_drain_at(connection: Connection, who: str) -> int:
    """The leaky bucket of wrong codes of one account or one server (`laiwang_bridge.rates`)."""
    return connection.execute(select(guess_bucket.c.drains_at).where(guess_bucket.c.who == who)).scalar() or 0


def note_guess(connection: Connection, who: str, drains_at: int) -> None:
    upsert(connection, guess_bucket, {"who": who, "drains_at": drains_at})


# -- friends and blocks ---------------------------------------------------------------------------------------------


def befriend(connection: Connection, one: PersonId, another: PersonId, now: int) -> None:
    rows = [
        {"person": one, "friend": another, "since": now},
        {"person": another, "friend": one, "since": now},
    ]
    connection.execute(insert_ignoring(connection, friendship), rows)


def unfriend(connection: Connection, one: PersonId, another: PersonId) -> bool:
    """Returns whether the two were friends."""
    return connection.execute(delete(friendship).where(_between(one, another))).rowcount > 0


def friends_of(connection: Connection, one: PersonId) -> list[PersonId]:
    return [PersonId(friend) for friend in _FRIENDS.scalars(connection, one=one)]


def rings(connection: Connection, one: PersonId, hops: int) -> list[int]:
    """How many people stand at each distance from a person: friends first, then theirs who are nearer by no way."""
    seen = {one}
    ring = {one}
    counts = []
    for _ in range(hops):
        nearest: set[PersonId] = set()
        for batch in _batches(sorted(ring)):
            statement = select(friendship.c.friend).where(friendship.c.person.in_(batch)).distinct()
            nearest.update(PersonId(friend) for friend in connection.execute(statement).scalars())
        ring = nearest - seen
        seen |= ring
        counts.append(len(ring))
    return counts


def tie(connection: Connection, me: PersonId, other: PersonId) -> Tie:
    """What stands between two persons, as `me` has it."""
    friends = connection.execute(
        select(friendship.c.since).where(friendship.c.person == me, friendship.c.friend == other)
    ).first()
    return Tie(
        friends=friends is not None,
        i_blocked=_has_blocked(connection, me, other),
        blocked_me=_has_blocked(connection, other, me),
    )


def put_block(connection: Connection, me: PersonId, whom: UserID, now: int) -> PersonId | None:
    """Block somebody; returns who that is if we know him."""
    other = find_person(connection, whom)
    if other is not None:
        connection.execute(insert_ignoring(connection, block), {"person": me, "blocked": other, "since": now})
    else:
        marked = {"person": me, "mark": mark_of(connection, whom), "since": now}
        connection.execute(insert_ignoring(connection, block_mark), marked)
    return other


def lift_block(connection: Connection, me: PersonId, whom: UserID) -> bool:
    """Returns whether there was one."""
    marked = delete(block_mark).where(block_mark.c.person == me, block_mark.c.mark == mark_of(connection, whom))
    lifted = connection.execute(marked).rowcount
    other = find_person(connection, whom)
    if other is not None:
        known = delete(block).where(block.c.person == me, block.c.blocked == other)
        lifted += connection.execute(known).rowcount
    return lifted > 0


def mute_person(connection: Connection, one: PersonId, muted: PersonId, now: int) -> None:
    """`one` wants to see no clusters through `muted` any more."""
    connection.execute(insert_ignoring(connection, mute), {"person": one, "muted": muted, "since": now})


def unmute_person(connection: Connection, one: PersonId, muted: PersonId) -> bool:
    """Returns whether he was muted."""
    return connection.execute(delete(mute).where(mute.c.person == one, mute.c.muted == muted)).rowcount > 0


def is_muted(connection: Connection, one: PersonId, muted: PersonId) -> bool:
    found = select(mute.c.since).where(mute.c.person == one, mute.c.muted == muted)
    return connection.execute(found).first() is not None


def mutes_of(connection: Connection, one: PersonId) -> list[PersonId]:
    """Whom somebody has muted, the first first."""
    statement = select(mute.c.muted).where(mute.c.person == one).order_by(mute.c.since, mute.c.muted)
    return [PersonId(muted) for muted in connection.execute(statement).scalars()]


def friends_in_common(connection: Connection, one: PersonId, another: PersonId) -> list[PersonId]:
    """Who is a friend of both and stands on neither side of a block with one of them."""
    theirs = friendship.alias()
    blocked = exists().where(
        or_(
            and_(block.c.person == friendship.c.friend, block.c.blocked.in_((one, another))),
            and_(block.c.blocked == friendship.c.friend, block.c.person.in_((one, another))),
        )
    )
    statement = (
        select(friendship.c.friend)
        .join(theirs, and_(theirs.c.friend == friendship.c.friend, theirs.c.person == another))
        .where(friendship.c.person == one, ~blocked)
        .order_by(friendship.c.since)
    )
    return [PersonId(friend) for friend in connection.execute(statement).scalars()]


def _recognise(connection: Connection, new: PersonId, user: UserID) -> None:
    """Those who blocked this Matrix id before it was known to us have blocked the person who comes with it."""
    mine = block_mark.c.mark == mark_of(connection, user)
    for row in connection.execute(select(block_mark).where(mine)).all():
        connection.execute(
            insert_ignoring(connection, block), {"person": row.person, "blocked": new, "since": row.since}
        )
    connection.execute(delete(block_mark).where(mine))


def _has_blocked(connection: Connection, one: PersonId, other: PersonId) -> bool:
    found = select(block.c.since).where(block.c.person == one, block.c.blocked == other)
    return connection.execute(found).first() is not None


def _between(one: PersonId, another: PersonId) -> Any:
    return or_(
        and_(friendship.c.person == one, friendship.c.friend == another),
        and_(friendship.c.person == another, friendship.c.friend == one),
    )


# -- the end --------------------------------------------------------------------------------------------------------


def forget(connection: Connection, me: PersonId) -> None:
    """Remove a person and all that hangs on him (the foreign keys cascade). Those who blocked him stay safe from him:
    of their blocks the mark is kept."""
    marks = [mark_of(connection, user) for user in user_ids(connection, me)]
    for row in connection.execute(select(block.c.person, block.c.since).where(block.c.blocked == me)).all():
        rows = [{"person": row.person, "mark": mark, "since": row.since} for mark in marks]
        connection.execute(insert_ignoring(connection, block_mark), rows)
    connection.execute(delete(person).where(person.c.id == me))


def count(connection: Connection) -> tuple[int, int]:
    """How many persons and how many friendships there are."""
    persons = connection.execute(select(func.count()).select_from(person)).scalar_one()
    ties = connection.execute(select(func.count()).select_from(friendship)).scalar_one()
    return persons, ties // 2


def forget_drained(connection: Connection, now: int) -> None:
    """Drop the buckets of wrong codes that have run empty."""
    connection.execute(delete(guess_bucket).where(guess_bucket.c.drains_at < now))


def _batches(items: list[PersonId], size: int = 500) -> Iterable[list[PersonId]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
