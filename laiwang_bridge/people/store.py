"""Persons, their Matrix ids, friendships, blocks, codes and requests: tables and the queries on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mautrix.types import RoomID, UserID
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
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.inbox import Sequence64, insert_ignoring, upsert
from laiwang_bridge.people.rules import (
    Answer,
    CodeState,
    FriendCode,
    FriendRequest,
    PersonId,
    Tie,
)

person = Table(
    "person",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("created_at", BigInteger, nullable=False),
    Column("language", Text),
    Column("new_friends_see_old", Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,
)
guess_bucket = Table(
    "guess_bucket",
    metadata,
    Column("who", Text, primary_key=True),
    Column("drains_at", BigInteger, nullable=False),
)


def _of_person(name: str, **options: Any) -> Column[Any]:
    return Column(name, Sequence64, ForeignKey("person.id", ondelete="CASCADE"), **options)


matrix_id = Table(
    "matrix_id",
    metadata,
    Column("user_id", Text, primary_key=True),
    _of_person("person", nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
)
# Both directions are kept, so that the friends of one person are one stretch of the primary key.
friendship = Table(
    "friendship",
    metadata,
    _of_person("person", primary_key=True),
    _of_person("friend", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_friendship_friend", "friend"),
    sqlite_with_rowid=False,
)
block = Table(
    "block",
    metadata,
    _of_person("person", primary_key=True),
    _of_person("blocked", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_block_blocked", "blocked"),
    sqlite_with_rowid=False,
)
friend_code = Table(
    "friend_code",
    metadata,
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    _of_person("owner", nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
friend_request = Table(
    "friend_request",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    _of_person("owner", nullable=False),
    _of_person("asker", nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("owner_answer", Text, nullable=False),
    Column("asker_answer", Text, nullable=False),
    Column("owner_card", Text),
    Column("owner_room", Text),
    Column("asker_card", Text),
    Column("asker_room", Text),
    Index("ix_friend_request_owner", "owner", "asker"),
    Index("ix_friend_request_asker", "asker"),
    sqlite_autoincrement=True,
)


# -- persons --------------------------------------------------------------------------------------------------------


def find_person(connection: Connection, user: UserID) -> PersonId | None:
    return connection.execute(select(matrix_id.c.person).where(matrix_id.c.user_id == user)).scalar()


def person_of(connection: Connection, user: UserID, now: int) -> PersonId:
    """The person with this Matrix id; a new one if we have never met."""
    known = find_person(connection, user)
    if known is not None:
        return known
    made = connection.execute(insert(person).values(created_at=now)).inserted_primary_key
    assert made is not None
    connection.execute(insert(matrix_id).values(user_id=user, person=made[0], since=now))
    return PersonId(made[0])


def user_ids(connection: Connection, one: PersonId) -> list[UserID]:
    """A person's Matrix ids, the first he came with first."""
    statement = select(matrix_id.c.user_id).where(matrix_id.c.person == one).order_by(matrix_id.c.since)
    return [UserID(user) for user in connection.execute(statement).scalars()]


def first_user_ids(connection: Connection, persons: Iterable[PersonId]) -> dict[PersonId, UserID]:
    """One Matrix id for each of these persons."""
    rows = connection.execute(
        select(matrix_id.c.person, matrix_id.c.user_id)
        .where(matrix_id.c.person.in_(list(persons)))
        .order_by(matrix_id.c.since.desc())
    )
    return {PersonId(row.person): UserID(row.user_id) for row in rows}


def language_of(connection: Connection, user: UserID) -> str | None:
    """The language that somebody chose; None while he has chosen none."""
    statement = select(person.c.language).join(matrix_id).where(matrix_id.c.user_id == user)
    return connection.execute(statement).scalar()


def choose_language(connection: Connection, one: PersonId, language: str | None) -> None:
    connection.execute(update(person).where(person.c.id == one).values(language=language))


def new_friends_see_old(connection: Connection, one: PersonId) -> bool:
    return bool(connection.execute(select(person.c.new_friends_see_old).where(person.c.id == one)).scalar())


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
    statement = select(friendship.c.friend).where(friendship.c.person == one).order_by(friendship.c.since)
    return [PersonId(friend) for friend in connection.execute(statement).scalars()]


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


def put_block(connection: Connection, me: PersonId, other: PersonId, now: int) -> None:
    connection.execute(insert_ignoring(connection, block), {"person": me, "blocked": other, "since": now})


def lift_block(connection: Connection, me: PersonId, other: PersonId) -> bool:
    """Returns whether there was one."""
    lifted = delete(block).where(block.c.person == me, block.c.blocked == other)
    return connection.execute(lifted).rowcount > 0


def blocked_by(connection: Connection, me: PersonId) -> list[PersonId]:
    statement = select(block.c.blocked).where(block.c.person == me).order_by(block.c.since)
    return [PersonId(other) for other in connection.execute(statement).scalars()]


def _has_blocked(connection: Connection, one: PersonId, other: PersonId) -> bool:
    found = select(block.c.since).where(block.c.person == one, block.c.blocked == other)
    return connection.execute(found).first() is not None


def _between(one: PersonId, another: PersonId) -> Any:
    return or_(
        and_(friendship.c.person == one, friendship.c.friend == another),
        and_(friendship.c.person == another, friendship.c.friend == one),
    )


# -- codes and requests ---------------------------------------------------------------------------------------------


def put_code(connection: Connection, code: FriendCode) -> None:
    """Store a new code or a new state of one."""
    upsert(
        connection,
        friend_code,
        {
            "value": code.value,
            "owner": code.owner,
            "made_at": code.made_at,
            "expires_at": code.expires_at,
            "state": code.state,
        },
    )


def find_code(connection: Connection, value: int) -> FriendCode | None:
    row = connection.execute(select(friend_code).where(friend_code.c.value == value)).first()
    return None if row is None else _code(row)


def open_code(connection: Connection, owner: PersonId, now: int) -> FriendCode | None:
    """The newest code that a person can still give away."""
    row = connection.execute(
        select(friend_code)
        .where(
            friend_code.c.owner == owner,
            friend_code.c.state == CodeState.OPEN,
            friend_code.c.expires_at > now,
        )
        .order_by(friend_code.c.made_at.desc())
    ).first()
    return None if row is None else _code(row)


def newest_request(connection: Connection, one: PersonId, another: PersonId) -> tuple[int, FriendRequest] | None:
    """The last request between two persons, whoever began it, with its number."""
    both = (one, another)
    row = connection.execute(
        select(friend_request)
        .where(friend_request.c.owner.in_(both), friend_request.c.asker.in_(both))
        .order_by(friend_request.c.id.desc())
    ).first()
    return None if row is None else (row.id, _request(row))


def find_request(connection: Connection, number: int) -> FriendRequest | None:
    row = connection.execute(select(friend_request).where(friend_request.c.id == number)).first()
    return None if row is None else _request(row)


def unanswered_requests(connection: Connection, me: PersonId, now: int) -> list[tuple[int, FriendRequest]]:
    """The requests that wait for this person's answer, the newest first."""
    waiting = or_(
        and_(friend_request.c.owner == me, friend_request.c.owner_answer == Answer.NONE),
        and_(friend_request.c.asker == me, friend_request.c.asker_answer == Answer.NONE),
    )
    rows = connection.execute(
        select(friend_request).where(waiting, friend_request.c.expires_at > now).order_by(friend_request.c.id.desc())
    )
    return [(row.id, _request(row)) for row in rows]


def add_request(connection: Connection, request: FriendRequest) -> int:
    made = connection.execute(insert(friend_request).values(**_columns(request))).inserted_primary_key
    assert made is not None
    return int(made[0])


def update_request(connection: Connection, number: int, request: FriendRequest) -> None:
    connection.execute(update(friend_request).where(friend_request.c.id == number).values(**_columns(request)))


def request_card(connection: Connection, number: int, me: PersonId) -> tuple[EffectKey, RoomID | None] | None:
    """The message that shows a request to one of its two sides, and the room it is in if that was there already."""
    row = connection.execute(select(friend_request).where(friend_request.c.id == number)).one()
    key, room = (row.owner_card, row.owner_room) if row.owner == me else (row.asker_card, row.asker_room)
    return None if key is None else (EffectKey(key), room)


def put_request_card(connection: Connection, number: int, me: PersonId, card: EffectKey, room: RoomID | None) -> None:
    for side in ("owner", "asker"):
        values = {f"{side}_card": card, f"{side}_room": room}
        here = (friend_request.c.id == number, friend_request.c[side] == me)
        connection.execute(update(friend_request).where(*here).values(values))


def _columns(request: FriendRequest) -> dict[str, Any]:
    return {
        "owner": request.owner,
        "asker": request.asker,
        "made_at": request.made_at,
        "expires_at": request.expires_at,
        "owner_answer": request.owner_answer,
        "asker_answer": request.asker_answer,
    }


def _request(row: Any) -> FriendRequest:
    return FriendRequest(
        owner=row.owner,
        asker=row.asker,
        made_at=row.made_at,
        expires_at=row.expires_at,
        owner_answer=Answer(row.owner_answer),
        asker_answer=Answer(row.asker_answer),
    )


def _code(row: Any) -> FriendCode:
    return FriendCode(row.value, row.owner, row.made_at, row.expires_at, CodeState(row.state))


# -- all of one person ----------------------------------------------------------------------------------------------


def export(connection: Connection, me: PersonId) -> dict[str, Any]:
    """All that is kept about a person here. Friends and blocked people appear by their Matrix ids."""
    own = connection.execute(select(person).where(person.c.id == me)).one()
    friends = connection.execute(select(friendship.c.friend, friendship.c.since).where(friendship.c.person == me)).all()
    blocks = connection.execute(select(block.c.blocked, block.c.since).where(block.c.person == me)).all()
    requests = connection.execute(
        select(friend_request).where(or_(friend_request.c.owner == me, friend_request.c.asker == me))
    ).all()
    codes = connection.execute(select(friend_code).where(friend_code.c.owner == me)).all()
    others = {row.friend for row in friends} | {row.blocked for row in blocks}
    others |= {row.owner for row in requests} | {row.asker for row in requests}
    names = first_user_ids(connection, others)
    return {
        "matrix_ids": user_ids(connection, me),
        "known_since": own.created_at,
        "language": own.language,
        "new_friends_see_old": own.new_friends_see_old,
        "friends": [{"user": names.get(row.friend), "since": row.since} for row in friends],
        "blocked": [{"user": names.get(row.blocked), "since": row.since} for row in blocks],
        "codes": [{"made_at": row.made_at, "expires_at": row.expires_at, "state": row.state} for row in codes],
        "requests": [_exported(row, me, names) for row in requests],
    }


def _exported(row: Any, me: PersonId, names: dict[PersonId, UserID]) -> dict[str, Any]:
    """A request without the other side's answer: that is the other's to tell."""
    mine = row.owner == me
    return {
        "with": names.get(row.asker if mine else row.owner),
        "began_with_my_code": mine,
        "my_answer": row.owner_answer if mine else row.asker_answer,
        "made_at": row.made_at,
        "expires_at": row.expires_at,
    }


def forget(connection: Connection, me: PersonId) -> None:
    """Remove a person and all that hangs on him (the foreign keys cascade)."""
    connection.execute(delete(person).where(person.c.id == me))


def count(connection: Connection) -> tuple[int, int]:
    """How many persons and how many friendships there are."""
    persons = connection.execute(select(func.count()).select_from(person)).scalar_one()
    ties = connection.execute(select(func.count()).select_from(friendship)).scalar_one()
    return persons, ties // 2


def forget_old(connection: Connection, instant: int) -> None:
    """Drop codes and requests that ended before an instant."""
    connection.execute(delete(friend_code).where(friend_code.c.expires_at < instant))
    connection.execute(delete(friend_request).where(friend_request.c.expires_at < instant))
    connection.execute(delete(guess_bucket).where(guess_bucket.c.drains_at < instant))


def _batches(items: list[PersonId], size: int = 500) -> Iterable[list[PersonId]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
