"""Clusters, stays, invitations and cards: tables and the queries on them.

Nothing here is ever written into room state or shown to a third person: who came through whom is known here alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from mautrix.types import RoomID
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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
from laiwang_bridge.clusters.reach import Mode, Reach, parse_reach
from laiwang_bridge.clusters.rules import (
    Cluster,
    ClusterId,
    Exposure,
    FriendInside,
    Lifecycle,
    Stay,
    View,
)
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import block, friendship, person


def _of_person(name: str, **options: Any) -> Column[Any]:
    return Column(name, Sequence64, ForeignKey("person.id", ondelete="CASCADE"), **options)


def _of_cluster(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, ForeignKey("cluster.id", ondelete="CASCADE"), **options)


cluster = Table(
    "cluster",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, unique=True),
    # The initiator may ask to be forgotten; the cluster then goes on without one.
    Column("initiator", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("title", Text, nullable=False),
    Column("reach", Text, nullable=False),
    Column("cap", Integer),
    Column("lifecycle", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("let_in", Integer, nullable=False, default=0),
    Column("drains_at", BigInteger, nullable=False, default=0),
)
stay = Table(
    "stay",
    metadata,
    _of_cluster("cluster", primary_key=True),
    _of_person("person", primary_key=True),
    Column("hop", Integer, nullable=False),
    Column("sponsors", LargeBinary, nullable=False),
    Column("exposure", Text, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    sqlite_with_rowid=False,
)
Index("ix_stay_inside", stay.c.person, sqlite_where=stay.c.left_at.is_(None), postgresql_where=stay.c.left_at.is_(None))
invitation = Table(
    "cluster_invitation",
    metadata,
    _of_cluster("cluster", primary_key=True),
    _of_person("person", primary_key=True),
    Column("invited_at", BigInteger, nullable=False),
    Index("ix_cluster_invitation_person", "person"),
)
ban = Table(
    "cluster_ban",
    metadata,
    _of_cluster("cluster", primary_key=True),
    _of_person("person", primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_cluster_ban_person", "person"),
)
card = Table(
    "cluster_card",
    metadata,
    _of_person("person", primary_key=True),
    Column("number", Integer, primary_key=True),
    _of_cluster("cluster", nullable=False),
    Column("state", Text, nullable=False),
    Column("room_id", Text),
    Column("sent_as", Text),
    Column("revision", Integer, nullable=False, default=0),
    Column("shown_at", BigInteger, nullable=False),
    Index("ix_cluster_card_cluster", "cluster", "person", unique=True),
)


class CardState(StrEnum):
    """OFFERED: may be stepped into. INSIDE: its person is in. GONE: not available (any more). MUTED: not wanted."""

    OFFERED = "offered"
    INSIDE = "inside"
    GONE = "gone"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Named:
    """A cluster with what people see of it. `room_id` is None while its room is being made."""

    rules: Cluster
    title: str
    room_id: RoomID | None
    let_in: int
    drains_at: int

    @property
    def id(self) -> ClusterId:
        return self.rules.id

    @property
    def for_all(self) -> bool:
        """Whether anybody may know of it and step in."""
        return self.rules.reach.mode is Mode.OPEN and self.rules.lifecycle is Lifecycle.OPEN


@dataclass(frozen=True, slots=True)
class Card:
    """What one person was shown of one cluster. `number` is what he types, `sent_as` the effect that sent it."""

    person: PersonId
    number: int
    cluster: ClusterId
    state: CardState
    room_id: RoomID | None
    sent_as: EffectKey | None
    revision: int


NOBODY = PersonId(0)
"""Stands for an initiator who asked to be forgotten."""


# -- clusters -------------------------------------------------------------------------------------------------------


def add(connection: Connection, new: Cluster, title: str) -> None:
    connection.execute(
        insert(cluster).values(
            id=new.id,
            initiator=new.initiator,
            title=title,
            reach=str(new.reach),
            cap=new.cap,
            lifecycle=new.lifecycle,
            created_at=new.created_at,
        )
    )


def find(connection: Connection, id: ClusterId) -> Named | None:
    return _first(connection, cluster.c.id == id)


def in_room(connection: Connection, room_id: RoomID) -> Named | None:
    return _first(connection, cluster.c.room_id == room_id)


def open_room(connection: Connection, id: ClusterId, room_id: RoomID) -> None:
    """The room of a cluster is there: people may come."""
    values = {"room_id": room_id, "lifecycle": Lifecycle.OPEN}
    connection.execute(update(cluster).where(cluster.c.id == id).values(values))


def move_room(connection: Connection, old: RoomID, new: RoomID) -> bool:
    """A room was replaced; returns whether it was a cluster's."""
    return connection.execute(update(cluster).where(cluster.c.room_id == old).values(room_id=new)).rowcount > 0


def set_lifecycle(connection: Connection, id: ClusterId, lifecycle: Lifecycle) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(lifecycle=lifecycle))


def note_admission(connection: Connection, id: ClusterId, let_in: int, drains_at: int) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(let_in=let_in, drains_at=drains_at))


def started_by(connection: Connection, one: PersonId) -> Sequence[Any]:
    return connection.execute(select(cluster).where(cluster.c.initiator == one).order_by(cluster.c.created_at)).all()


def open_to_all(connection: Connection, topic: str, limit: int) -> list[Named]:
    """The newest clusters that anybody may know of, with `topic` in their title."""
    statement = (
        select(cluster)
        .where(
            cluster.c.reach == str(Mode.OPEN),
            cluster.c.lifecycle == Lifecycle.OPEN,
            cluster.c.title.icontains(topic, autoescape=True),
        )
        .order_by(cluster.c.created_at.desc())
        .limit(limit)
    )
    return [_named(connection, row) for row in connection.execute(statement).all()]


def _first(connection: Connection, condition: Any) -> Named | None:
    row = connection.execute(select(cluster).where(condition)).first()
    return None if row is None else _named(connection, row)


def _named(connection: Connection, row: Any) -> Named:
    reach = parse_reach(row.reach)
    assert isinstance(reach, Reach)
    rules = Cluster(
        id=row.id,
        initiator=PersonId(row.initiator) if row.initiator is not None else NOBODY,
        reach=reach,
        cap=row.cap,
        lifecycle=Lifecycle(row.lifecycle),
        created_at=row.created_at,
        seats_taken=_seats_taken(connection, row.id),
    )
    return Named(rules, row.title, row.room_id, row.let_in, row.drains_at)


def _seats_taken(connection: Connection, id: ClusterId) -> int:
    inside = select(func.count()).where(stay.c.cluster == id, stay.c.left_at.is_(None)).scalar_subquery()
    invited = select(func.count()).where(invitation.c.cluster == id).scalar_subquery()
    return int(connection.execute(select(inside + invited)).scalar_one())


# -- stays ----------------------------------------------------------------------------------------------------------


def put_stay(connection: Connection, one: Stay) -> None:
    upsert(
        connection,
        stay,
        {
            "cluster": one.cluster,
            "person": one.person,
            "hop": one.hop,
            "sponsors": orjson.dumps(one.sponsors),
            "exposure": one.exposure,
            "joined_at": one.joined_at,
            "left_at": one.left_at,
        },
    )


def find_stay(connection: Connection, id: ClusterId, one: PersonId) -> Stay | None:
    row = connection.execute(select(stay).where(stay.c.cluster == id, stay.c.person == one)).first()
    return None if row is None else _stay(row)


def stays_of(connection: Connection, one: PersonId) -> list[Stay]:
    """Where a person is inside."""
    rows = connection.execute(select(stay).where(stay.c.person == one, stay.c.left_at.is_(None)))
    return [_stay(row) for row in rows]


def stays_in(connection: Connection, id: ClusterId) -> list[Stay]:
    """Who is inside."""
    rows = connection.execute(select(stay).where(stay.c.cluster == id, stay.c.left_at.is_(None)))
    return [_stay(row) for row in rows]


def invite(connection: Connection, id: ClusterId, one: PersonId, now: int) -> None:
    """Keep a seat for somebody who was let in and has not come yet."""
    connection.execute(insert_ignoring(connection, invitation), {"cluster": id, "person": one, "invited_at": now})


def is_invited(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    found = select(invitation.c.invited_at).where(invitation.c.cluster == id, invitation.c.person == one)
    return connection.execute(found).first() is not None


def take_back_invitation(connection: Connection, id: ClusterId, one: PersonId) -> bool:
    """The seat is free again, or taken by the person himself; returns whether there was one."""
    gone = delete(invitation).where(invitation.c.cluster == id, invitation.c.person == one)
    return connection.execute(gone).rowcount > 0


def put_ban(connection: Connection, id: ClusterId, one: PersonId, now: int) -> None:
    connection.execute(insert_ignoring(connection, ban), {"cluster": id, "person": one, "since": now})


def lift_ban(connection: Connection, id: ClusterId, one: PersonId) -> None:
    connection.execute(delete(ban).where(ban.c.cluster == id, ban.c.person == one))


def _stay(row: Any) -> Stay:
    return Stay(
        cluster=row.cluster,
        person=row.person,
        hop=row.hop,
        sponsors=tuple(orjson.loads(row.sponsors)),
        exposure=Exposure(row.exposure),
        joined_at=row.joined_at,
        left_at=row.left_at,
    )


# -- who sees what --------------------------------------------------------------------------------------------------


def view(connection: Connection, one: Cluster, candidate: PersonId) -> View:
    """What the rules need to know about one candidate: one look-up for each of his friends inside."""
    either_way = or_(
        and_(block.c.person == candidate, block.c.blocked == one.initiator),
        and_(block.c.person == one.initiator, block.c.blocked == candidate),
    )
    own = find_stay(connection, one.id, candidate)
    mine = find_card(connection, candidate, one.id)
    return View(
        candidate=candidate,
        friends_inside=tuple(_friends_inside(connection, one.id, candidate)),
        is_member=own is not None and own.inside,
        seat_kept=is_invited(connection, one.id, candidate),
        banned=connection.execute(select(ban.c.since).where(ban.c.cluster == one.id, ban.c.person == candidate)).first()
        is not None,
        blocked=connection.execute(select(block.c.since).where(either_way)).first() is not None,
        muted=mine is not None and mine.state is CardState.MUTED,
    )


def _friends_inside(connection: Connection, id: ClusterId, candidate: PersonId) -> Iterator[FriendInside]:
    """Members who are friends of the candidate, found from whichever side is smaller by the database."""
    blocked = (
        select(block.c.since)
        .where(
            or_(
                and_(block.c.person == candidate, block.c.blocked == stay.c.person),
                and_(block.c.person == stay.c.person, block.c.blocked == candidate),
            )
        )
        .exists()
    )
    rows = connection.execute(
        select(
            stay.c.person,
            stay.c.hop,
            stay.c.exposure,
            friendship.c.since,
            person.c.new_friends_see_old,
            blocked.label("blocked"),
        )
        .join(stay, and_(stay.c.person == friendship.c.friend, stay.c.cluster == id, stay.c.left_at.is_(None)))
        .join(person, person.c.id == stay.c.person)
        .where(friendship.c.person == candidate)
        .order_by(stay.c.person)
    )
    for row in rows:
        yield FriendInside(
            person=row.person,
            hop=row.hop,
            exposure=Exposure(row.exposure),
            friends_since=row.since,
            new_friends_see_old=bool(row.new_friends_see_old),
            blocked=bool(row.blocked),
        )


def audience(connection: Connection, id: ClusterId) -> frozenset[PersonId]:
    """Everybody who has a card of a cluster or could have one now."""
    holders = select(card.c.person).where(card.c.cluster == id)
    near = (
        select(friendship.c.friend)
        .join(stay, and_(stay.c.person == friendship.c.person, stay.c.cluster == id))
        .where(stay.c.left_at.is_(None), stay.c.exposure == Exposure.LOUD)
    )
    found = connection.execute(holders.union(near)).scalars()
    return frozenset(PersonId(one) for one in found)


# -- cards ----------------------------------------------------------------------------------------------------------


def find_card(connection: Connection, one: PersonId, id: ClusterId) -> Card | None:
    row = connection.execute(select(card).where(card.c.person == one, card.c.cluster == id)).first()
    return None if row is None else _card(row)


def card_number(connection: Connection, one: PersonId, number: int) -> Card | None:
    row = connection.execute(select(card).where(card.c.person == one, card.c.number == number)).first()
    return None if row is None else _card(row)


def cards_of(connection: Connection, one: PersonId, state: CardState | None = None, limit: int = 50) -> list[Card]:
    """A person's cards, the newest first."""
    statement = select(card).where(card.c.person == one).order_by(card.c.number.desc()).limit(limit)
    if state is not None:
        statement = statement.where(card.c.state == state)
    return [_card(row) for row in connection.execute(statement)]


def add_card(
    connection: Connection,
    one: PersonId,
    id: ClusterId,
    state: CardState,
    now: int,
    *,
    room_id: RoomID | None = None,
    sent_as: EffectKey | None = None,
) -> Card:
    highest = connection.execute(select(func.max(card.c.number)).where(card.c.person == one)).scalar() or 0
    new = Card(one, highest + 1, id, state, room_id, sent_as, 0)
    connection.execute(
        insert(card).values(
            person=one,
            number=new.number,
            cluster=id,
            state=state,
            room_id=room_id,
            sent_as=sent_as,
            shown_at=now,
        )
    )
    return new


def change_card(connection: Connection, one: Card, **values: Any) -> None:
    connection.execute(update(card).where(card.c.person == one.person, card.c.number == one.number).values(**values))


def _card(row: Any) -> Card:
    return Card(row.person, row.number, row.cluster, CardState(row.state), row.room_id, row.sent_as, row.revision)


# -- all of one person ----------------------------------------------------------------------------------------------


def export(connection: Connection, me: PersonId) -> dict[str, Any]:
    """All that is kept about a person's clusters. Of the ways he came, only that which is his own."""
    started = started_by(connection, me)
    stays = connection.execute(
        select(stay, cluster.c.title).join(cluster).where(stay.c.person == me).order_by(stay.c.joined_at)
    ).all()
    cards = connection.execute(
        select(card, cluster.c.title).join(cluster).where(card.c.person == me).order_by(card.c.number)
    ).all()
    return {
        "started": [{"cluster": row.id, "title": row.title, "at": row.created_at} for row in started],
        "stays": [
            {
                "cluster": row.cluster,
                "title": row.title,
                "exposure": row.exposure,
                "joined_at": row.joined_at,
                "left_at": row.left_at,
            }
            for row in stays
        ],
        "cards": [
            {"number": row.number, "title": row.title, "state": row.state, "shown_at": row.shown_at} for row in cards
        ],
    }


def count(connection: Connection) -> tuple[int, int]:
    """How many clusters are open and how many people are inside."""
    opened = select(func.count()).select_from(cluster).where(cluster.c.lifecycle == Lifecycle.OPEN)
    inside = select(func.count()).select_from(stay).where(stay.c.left_at.is_(None))
    return connection.execute(opened).scalar_one(), connection.execute(inside).scalar_one()
