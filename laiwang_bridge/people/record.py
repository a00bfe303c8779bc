"""All that is kept about one person, for that person to read."""

from __future__ import annotations

from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection, and_, or_, select

from laiwang_bridge.people import hours_store
from laiwang_bridge.people.codes import format_code
from laiwang_bridge.people.list_store import lists_of, members_of
from laiwang_bridge.people.remark_store import remarks_of
from laiwang_bridge.people.request_store import friend_code, friend_request
from laiwang_bridge.people.rules import Answer, PersonId
from laiwang_bridge.people.store import block, block_mark, first_user_ids, friendship, mutes_of, person, user_ids

# What somebody was kept from ever seeing, for instance by his own block, is not his to see here either.
_NEVER_ASKED = and_(friend_request.c.owner_answer == Answer.NO, friend_request.c.owner_number.is_(None))


def export(connection: Connection, me: PersonId) -> dict[str, Any]:
    """Friends and blocked people appear by their Matrix ids; of somebody blocked whom we do not know there is none."""
    own = connection.execute(select(person).where(person.c.id == me)).one()
    friends = connection.execute(select(friendship.c.friend, friendship.c.since).where(friendship.c.person == me)).all()
    blocks = connection.execute(select(block.c.blocked, block.c.since).where(block.c.person == me)).all()
    marks = connection.execute(select(block_mark.c.since).where(block_mark.c.person == me)).all()
    requests = connection.execute(
        select(friend_request)
        .where(or_(and_(friend_request.c.owner == me, ~_NEVER_ASKED), friend_request.c.asker == me))
        .order_by(friend_request.c.id)
    ).all()
    codes = connection.execute(
        select(friend_code).where(friend_code.c.owner == me).order_by(friend_code.c.made_at)
    ).all()
    others = {row.friend for row in friends} | {row.blocked for row in blocks}
    others |= {row.owner for row in requests} | {row.asker for row in requests}
    muted, remarks = mutes_of(connection, me), remarks_of(connection, me)
    others |= {*muted, *remarks}
    names = first_user_ids(others).ask(connection)
    return {
        "matrix_ids": user_ids(connection, me),
        "known_since": own.created_at,
        "language": own.language,
        "new_friends_see_old": own.new_friends_see_old,
        "exposure": own.exposure,
        "hours": hours_store.export(connection, me),
        "friends": [{"user": names.get(row.friend), "since": row.since} for row in friends],
        "remarks": [{"user": names.get(about), "remark": text} for about, text in remarks.items()],
        "lists": [
            {
                "name": one.name,
                "exposure": one.exposure,
                "friends": [names.get(friend) for friend in members_of(connection, one.id)],
            }
            for one in lists_of(connection, me)
        ],
        "muted": [names.get(other) for other in muted],
        "blocked": [
            *({"user": names.get(row.blocked), "since": row.since} for row in blocks),
            *({"user": None, "since": row.since} for row in marks),
        ],
        "codes": [
            {
                "code": format_code(row.value),
                "made_at": row.made_at,
                "expires_at": row.expires_at,
                "state": row.state,
            }
            for row in codes
        ],
        "requests": [_exported(row, me, names) for row in requests],
    }


def _exported(row: Any, me: PersonId, names: dict[PersonId, UserID]) -> dict[str, Any]:
    """A request without the other side's answer: that is the other's to tell."""
    mine = row.owner == me
    return {
        "with": names.get(row.asker if mine else row.owner),
        "began_by": "other" if mine else "me",
        "origin": row.origin,
        "words": row.words,
        "my_answer": row.owner_answer if mine else row.asker_answer,
        "made_at": row.made_at,
        "expires_at": row.expires_at,
    }
