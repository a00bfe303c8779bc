"""Codes and friend requests: tables and the queries on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
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
from appservice.sql import Sequence64, upsert
from laiwang_bridge.people.rules import Answer, CodeState, FriendCode, FriendRequest, Origin, PersonId
from laiwang_bridge.people.store import column_of_person, next_request_number

friend_code = Table(
    "friend_code",
    metadata,
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    column_of_person("owner", nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
friend_request = Table(
    "friend_request",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    column_of_person("owner", nullable=False),
    column_of_person("asker", nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("owner_answer", Text, nullable=False),
    Column("asker_answer", Text, nullable=False),
    Column("origin", Text, nullable=False, default=Origin.CODE),
    Column("words", Text, nullable=False, default=""),
    Column("owner_number", BigInteger),
    Column("asker_number", BigInteger),
    Column("owner_card", Text),
    Column("asker_card", Text),
    Index("ix_friend_request_owner", "owner", "asker"),
    Index("ix_friend_request_asker", "asker"),
    sqlite_autoincrement=True,
)


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


def count_open_codes(connection: Connection, owner: PersonId, now: int) -> int:
    """How many codes of a person can still be used."""
    usable = (friend_code.c.owner == owner, friend_code.c.state == CodeState.OPEN, friend_code.c.expires_at > now)
    return connection.execute(select(func.count()).select_from(friend_code).where(*usable)).scalar_one()


def newest_request(connection: Connection, one: PersonId, another: PersonId) -> tuple[int, FriendRequest] | None:
    """The last request between two persons, whoever began it, with its id."""
    both = (one, another)
    row = connection.execute(
        select(friend_request)
        .where(friend_request.c.owner.in_(both), friend_request.c.asker.in_(both))
        .order_by(friend_request.c.id.desc())
    ).first()
    return None if row is None else (row.id, _request(row))


def find_request(connection: Connection, id: int) -> FriendRequest | None:
    row = connection.execute(select(friend_request).where(friend_request.c.id == id)).first()
    return None if row is None else _request(row)


def request_numbered(connection: Connection, me: PersonId, number: int) -> tuple[int, FriendRequest] | None:
    """The request that a person knows by this number, with its id."""
    row = connection.execute(
        select(friend_request).where(
            or_(
                and_(friend_request.c.owner == me, friend_request.c.owner_number == number),
                and_(friend_request.c.asker == me, friend_request.c.asker_number == number),
            )
        )
    ).first()
    return None if row is None else (row.id, _request(row))


def number_for(connection: Connection, id: int, me: PersonId) -> int:
    """The number by which a person knows a request; given when it is first shown to him, so that nobody can tell from
    a gap that there is one he was not shown."""
    row = connection.execute(select(friend_request).where(friend_request.c.id == id)).one()
    side = "owner" if row.owner == me else "asker"
    known: int | None = getattr(row, f"{side}_number")
    if known is None:
        known = next_request_number(connection, me)
        this = update(friend_request).where(friend_request.c.id == id)
        connection.execute(this.values({f"{side}_number": known}))
    return known


def unanswered_requests(connection: Connection, me: PersonId, now: int) -> list[tuple[int, FriendRequest]]:
    """The requests that a person has been shown and has not answered, with their ids, the newest first."""
    return _requests(connection, _waits_for(me, shown=True), now)


def unshown_knocks(connection: Connection, me: PersonId, now: int) -> list[tuple[int, FriendRequest]]:
    """The knocks that a person has not been shown yet, with their ids, the newest first."""
    return _requests(connection, and_(friend_request.c.origin == Origin.KNOCK, _waits_for(me, shown=False)), now)


def _waits_for(me: PersonId, *, shown: bool) -> ColumnElement[bool]:
    sides = []
    for side in ("owner", "asker"):
        number = friend_request.c[f"{side}_number"]
        sides.append(
            and_(
                friend_request.c[side] == me,
                friend_request.c[f"{side}_answer"] == Answer.NONE,
                number.is_not(None) if shown else number.is_(None),
            )
        )
    return or_(*sides)


def _requests(connection: Connection, which: ColumnElement[bool], now: int) -> list[tuple[int, FriendRequest]]:
    rows = connection.execute(
        select(friend_request).where(which, friend_request.c.expires_at > now).order_by(friend_request.c.id.desc())
    )
    return [(row.id, _request(row)) for row in rows]


def add_request(connection: Connection, request: FriendRequest) -> int:
    made = connection.execute(insert(friend_request).values(**_columns(request))).inserted_primary_key
    assert made is not None
    return int(made[0])


def update_request(connection: Connection, id: int, request: FriendRequest) -> None:
    connection.execute(update(friend_request).where(friend_request.c.id == id).values(**_columns(request)))


def request_card(connection: Connection, id: int, me: PersonId) -> EffectKey | None:
    """The message that shows a request to one of its two sides."""
    row = connection.execute(select(friend_request).where(friend_request.c.id == id)).one()
    key = row.owner_card if row.owner == me else row.asker_card
    return None if key is None else EffectKey(key)


def put_request_card(connection: Connection, id: int, me: PersonId, card: EffectKey) -> None:
    for side in ("owner", "asker"):
        here = (friend_request.c.id == id, friend_request.c[side] == me)
        connection.execute(update(friend_request).where(*here).values({f"{side}_card": card}))


def forget_old(connection: Connection, instant: int) -> None:
    """Drop codes and requests that ended before an instant."""
    connection.execute(delete(friend_code).where(friend_code.c.expires_at < instant))
    connection.execute(delete(friend_request).where(friend_request.c.expires_at < instant))


def _columns(request: FriendRequest) -> dict[str, Any]:
    return {
        "owner": request.owner,
        "asker": request.asker,
        "made_at": request.made_at,
        "expires_at": request.expires_at,
        "owner_answer": request.owner_answer,
        "asker_answer": request.asker_answer,
        "origin": request.origin,
        "words": request.words,
    }


def _request(row: Any) -> FriendRequest:
    return FriendRequest(
        owner=row.owner,
        asker=row.asker,
        made_at=row.made_at,
        expires_at=row.expires_at,
        owner_answer=Answer(row.owner_answer),
        asker_answer=Answer(row.asker_answer),
        origin=Origin(row.origin),
        words=row.words,
    )


def _code(row: Any) -> FriendCode:
    return FriendCode(row.value, row.owner, row.made_at, row.expires_at, CodeState(row.state))
