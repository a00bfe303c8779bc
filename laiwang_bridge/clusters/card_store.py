"""What each person was shown of each cluster: cards, the messages they stand in, and the queries on both.

A card is there for what was shown, is hidden, or has its person inside; never for what somebody could see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.sql import among, insert_all
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
    Column("shown_at", BigInteger, nullable=False),
    Column("times_shown", Integer, nullable=False, default=0),
    Index("ix_cluster_card_cluster", "cluster", "person", unique=True),
)
line = Table(
    "cluster_line",
    metadata,
    column_of_person("person", primary_key=True),
    Column("page", Text, primary_key=True),
    column_of_cluster("cluster", primary_key=True),
    Column("place", Integer, nullable=False),
    Column("is_list", Boolean, nullable=False),
    Column("says", Text, nullable=False),
    Index("ix_cluster_line_cluster", "cluster", "person"),
)


class CardState(StrEnum):
    """OFFERED: may be stepped into. INSIDE: its person is in. GONE: not available (any more). MUTED: not wanted."""

    OFFERED = "offered"
    INSIDE = "inside"
    GONE = "gone"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Card:
    """What one person knows of one cluster. `number` is what he types; `times_shown` counts the messages that brought
    it to him, the last at `shown_at`."""

    person: PersonId
    number: int
    cluster: ClusterId
    state: CardState
    shown_at: int
    times_shown: int


@dataclass(frozen=True, slots=True)
class Line:
    """A cluster's place in a message (a page) to a person. `says` is a digest of what stands there: who is named must
    not be kept twice. `is_list`: the page is the answer to somebody who asked."""

    person: PersonId
    page: EffectKey
    cluster: ClusterId
    place: int
    is_list: bool
    says: str


# -- cards ----------------------------------------------------------------------------------------------------------

# Built once: these are asked about every friend of whoever does something.
_CARDS_ON = select(card).where(card.c.cluster == bindparam("id"), among(card.c.person, "them"))
_CARDS_OF = select(card).where(card.c.person == bindparam("one"), among(card.c.cluster, "ids"))
_CARD_ON = select(card).where(card.c.person == bindparam("one"), card.c.cluster == bindparam("id"))
_CARD_NUMBER = select(card).where(card.c.person == bindparam("one"), card.c.number == bindparam("which"))
_CARDS_IN = (
    select(card)
    .where(card.c.person == bindparam("one"), card.c.state.in_(bindparam("states", expanding=True)))
    .order_by(card.c.number.desc())
    .limit(bindparam("most"))
)
_COUNT_IN = select(func.count()).where(
    card.c.person == bindparam("one"), card.c.state.in_(bindparam("states", expanding=True))
)
_HIGHEST = select(func.max(card.c.number)).where(card.c.person == bindparam("one"))
_SET_STATE = (
    update(card)
    .where(card.c.person == bindparam("one"), card.c.number == bindparam("which"))
    .values(state=bindparam("now"))
)
_SHOWN = (
    update(card)
    .where(card.c.person == bindparam("one"), among(card.c.cluster, "ids"))
    .values(shown_at=bindparam("now"), times_shown=card.c.times_shown + 1)
)
_LINES_ON = select(line).where(line.c.cluster == bindparam("id"), among(line.c.person, "them"))
_LINES_OF_PAGE = (
    select(line).where(line.c.person == bindparam("one"), line.c.page == bindparam("on")).order_by(line.c.place)
)
_LISTS_OF = select(line.c.page).where(line.c.person == bindparam("one"), line.c.is_list).distinct()
_SAID = (
    update(line)
    .where(line.c.person == bindparam("one"), line.c.page == bindparam("on"), line.c.cluster == bindparam("id"))
    .values(says=bindparam("said"))
)


def find_card(connection: Connection, one: PersonId, id: ClusterId) -> Card | None:
    row = connection.execute(_CARD_ON, {"one": one, "id": id}).first()
    return None if row is None else _card(row)


def card_number(connection: Connection, one: PersonId, number: int) -> Card | None:
    row = connection.execute(_CARD_NUMBER, {"one": one, "which": number}).first()
    return None if row is None else _card(row)


def cards_on(connection: Connection, id: ClusterId, persons: Collection[PersonId]) -> dict[PersonId, Card]:
    """The cards that these persons have of a cluster."""
    rows = connection.execute(_CARDS_ON, {"id": id, "them": list(persons)}).all()
    return {row.person: _card(row) for row in rows}


def cards_among(connection: Connection, one: PersonId, ids: Collection[ClusterId]) -> dict[ClusterId, Card]:
    """The cards that a person has of these clusters."""
    if not ids:
        return {}
    rows = connection.execute(_CARDS_OF, {"one": one, "ids": list(ids)}).all()
    return {row.cluster: _card(row) for row in rows}


def cards_of(connection: Connection, one: PersonId, states: Collection[CardState], limit: int) -> list[Card]:
    """A person's cards in these states, the newest first."""
    rows = connection.execute(_CARDS_IN, {"one": one, "states": list(states), "most": limit})
    return [_card(row) for row in rows.all()]


def count_cards(connection: Connection, one: PersonId, states: Collection[CardState]) -> int:
    return int(connection.execute(_COUNT_IN, {"one": one, "states": list(states)}).scalar_one())


def add_cards(
    connection: Connection, one: PersonId, ids: Sequence[ClusterId], state: CardState, now: int, *, times_shown: int = 0
) -> dict[ClusterId, Card]:
    """New cards, in this order. Numbers go up for ever: what somebody types never means another cluster later."""
    if not ids:
        return {}
    highest = connection.execute(_HIGHEST, {"one": one}).scalar() or 0
    new = {id: Card(one, highest + place, id, state, now, times_shown) for place, id in enumerate(ids, 1)}
    rows = [
        {
            "person": one,
            "number": each.number,
            "cluster": id,
            "state": state,
            "shown_at": now,
            "times_shown": times_shown,
        }
        for id, each in new.items()
    ]
    insert_all(connection, card, rows)
    return new


def change_state(connection: Connection, one: Card, state: CardState) -> None:
    connection.execute(_SET_STATE, {"one": one.person, "which": one.number, "now": state})


def note_shown(connection: Connection, one: PersonId, ids: Collection[ClusterId], now: int) -> None:
    """Cards were brought to their person once more."""
    if ids:
        connection.execute(_SHOWN, {"one": one, "ids": list(ids), "now": now})


def forget_cards(connection: Connection, one: PersonId) -> None:
    connection.execute(delete(line).where(line.c.person == one))
    connection.execute(delete(card).where(card.c.person == one))


def export(connection: Connection, me: PersonId) -> list[dict[str, Any]]:
    """All cards of a person, as they stand."""
    rows = connection.execute(
        select(card, cluster.c.title).join(cluster).where(card.c.person == me).order_by(card.c.number)
    )
    return [
        {
            "number": row.number,
            "title": row.title,
            "state": row.state,
            "shown_at": row.shown_at,
            "times_shown": row.times_shown,
        }
        for row in rows
    ]


def _card(row: Any) -> Card:
    return Card(row.person, row.number, row.cluster, CardState(row.state), row.shown_at, row.times_shown)


# -- the messages they stand in -------------------------------------------------------------------------------------


def lines_on(connection: Connection, id: ClusterId, persons: Collection[PersonId]) -> dict[PersonId, list[Line]]:
    """Where a cluster stands in messages to these persons."""
    found: dict[PersonId, list[Line]] = {}
    if not persons:
        return found
    for row in connection.execute(_LINES_ON, {"id": id, "them": list(persons)}):
        found.setdefault(row.person, []).append(_line(row))
    return found


def lines_of_page(connection: Connection, one: PersonId, page: EffectKey) -> list[Line]:
    """All lines of a message, in order."""
    return [_line(row) for row in connection.execute(_LINES_OF_PAGE, {"one": one, "on": page}).all()]


def lists_of(connection: Connection, one: PersonId) -> list[EffectKey]:
    """The answers with what a person's friends talk about that still stand."""
    return [EffectKey(page) for page in connection.execute(_LISTS_OF, {"one": one}).scalars()]


def add_lines(connection: Connection, lines: Sequence[Line]) -> None:
    rows = [
        {
            "person": each.person,
            "page": each.page,
            "cluster": each.cluster,
            "place": each.place,
            "is_list": each.is_list,
            "says": each.says,
        }
        for each in lines
    ]
    insert_all(connection, line, rows)


def note_said(connection: Connection, one: PersonId, page: EffectKey, says: Mapping[ClusterId, str]) -> None:
    """A message was edited; this is what its lines say now."""
    rows = [{"one": one, "on": page, "id": id, "said": digest} for id, digest in says.items()]
    connection.execute(_SAID, rows)


def drop_lines(connection: Connection, one: PersonId, pages: Collection[EffectKey]) -> None:
    """These messages show nothing any more."""
    if pages:
        connection.execute(delete(line).where(line.c.person == one, line.c.page.in_(list(pages))))


def _line(row: Any) -> Line:
    return Line(row.person, row.page, row.cluster, row.place, bool(row.is_list), row.says)
