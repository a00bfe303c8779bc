"""What each person was shown of each cluster: the table of cards and the queries on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, delete, func, insert, select, update

from appservice.database import metadata
from appservice.effects import EffectKey
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import cluster, column_of_cluster
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

card = Table(
    "cluster_card",
    metadata,
    column_of_person("person", primary_key=True),
    Column("number", Integer, primary_key=True),
    column_of_cluster("cluster", nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_as", Text),
    Column("says", Text),
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
class Card:
    """What one person was shown of one cluster. `number` is what he types, `sent_as` the effect that sent it, `says` a
    digest of what it says there."""

    person: PersonId
    number: int
    cluster: ClusterId
    state: CardState
    sent_as: EffectKey | None
    says: str | None


def find_card(connection: Connection, one: PersonId, id: ClusterId) -> Card | None:
    row = connection.execute(select(card).where(card.c.person == one, card.c.cluster == id)).first()
    return None if row is None else _card(row)


def card_number(connection: Connection, one: PersonId, number: int) -> Card | None:
    row = connection.execute(select(card).where(card.c.person == one, card.c.number == number)).first()
    return None if row is None else _card(row)


def cards_of(connection: Connection, one: PersonId, states: Collection[CardState], limit: int) -> list[Card]:
    """A person's cards in these states, the newest first."""
    statement = select(card).where(card.c.person == one, card.c.state.in_(states))
    return [_card(row) for row in connection.execute(statement.order_by(card.c.number.desc()).limit(limit))]


def count_cards(connection: Connection, one: PersonId, states: Collection[CardState]) -> int:
    statement = select(func.count()).select_from(card).where(card.c.person == one, card.c.state.in_(states))
    return connection.execute(statement).scalar_one()


def add_card(connection: Connection, one: PersonId, id: ClusterId, state: CardState, now: int) -> Card:
    """A card that was not sent yet. Numbers go up for ever: what somebody types never means another cluster later."""
    highest = connection.execute(select(func.max(card.c.number)).where(card.c.person == one)).scalar() or 0
    new = Card(one, highest + 1, id, state, None, None)
    row = {"person": one, "number": new.number, "cluster": id, "state": state, "shown_at": now}
    connection.execute(insert(card).values(row))
    return new


def change_card(connection: Connection, one: Card, **values: Any) -> None:
    connection.execute(update(card).where(card.c.person == one.person, card.c.number == one.number).values(**values))


def forget_cards(connection: Connection, one: PersonId) -> None:
    connection.execute(delete(card).where(card.c.person == one))


def export(connection: Connection, me: PersonId) -> list[dict[str, Any]]:
    """All cards of a person, as they stand."""
    rows = connection.execute(
        select(card, cluster.c.title).join(cluster).where(card.c.person == me).order_by(card.c.number)
    )
    return [{"number": row.number, "title": row.title, "state": row.state, "shown_at": row.shown_at} for row in rows]


def _card(row: Any) -> Card:
    return Card(row.person, row.number, row.cluster, CardState(row.state), row.sent_as, row.says)
