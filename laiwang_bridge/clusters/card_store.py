"""What each person was shown of each cluster: cards, the messages they stand in, and the queries on both.

A card is there for what was shown, is hidden, or has its person inside; never for what somebody could see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
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
from appservice.prepared import Prepared, Question
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


_CARD, _LINE = (tuple(field.name for field in fields(kind)) for kind in (Card, Line))


def _values(one: Card | Line, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


# -- cards ----------------------------------------------------------------------------------------------------------

# Built once: these are asked about every friend of whoever does something.
_CARDS_ON = Prepared(select(card).where(card.c.cluster == bindparam("id"), among(card.c.person, "them")))
_CARDS_OF = Prepared(select(card).where(card.c.person == bindparam("one"), among(card.c.cluster, "ids")))
_CARD_ON = Prepared(select(card).where(card.c.person == bindparam("one"), card.c.cluster == bindparam("id")))
_CARD_NUMBER = Prepared(select(card).where(card.c.person == bindparam("one"), card.c.number == bindparam("which")))
_CARDS_IN = Prepared(
    select(card)
    .where(card.c.person == bindparam("one"), among(card.c.state, "states"))
    .order_by(card.c.number.desc())
    .limit(bindparam("most"))
)
_COUNT_IN = Prepared(select(func.count()).where(card.c.person == bindparam("one"), among(card.c.state, "states")))
_HIGHEST = Prepared(select(func.max(card.c.number)).where(card.c.person == bindparam("one")))
_SET_STATE = Prepared(
    update(card)
    .where(card.c.person == bindparam("one"), card.c.number == bindparam("which"))
    .values(state=bindparam("now"))
)
_SHOWN = Prepared(
    update(card)
    .where(card.c.person == bindparam("one"), among(card.c.cluster, "ids"))
    .values(shown_at=bindparam("now"), times_shown=card.c.times_shown + 1)
)
_LINES_ON = Prepared(select(line).where(line.c.cluster == bindparam("id"), among(line.c.person, "them")))
_LINES_OF_PAGE = Prepared(
    select(line).where(line.c.person == bindparam("one"), line.c.page == bindparam("on")).order_by(line.c.place)
)
_LISTS_OF = Prepared(select(line.c.page).where(line.c.person == bindparam("one"), line.c.is_list).distinct())
_DROP = Prepared(delete(line).where(line.c.person == bindparam("one"), among(line.c.page, "pages")))
_SAID = Prepared(
    update(line)
    .where(line.c.person == bindparam("one"), line.c.page == bindparam("on"), line.c.cluster == bindparam("id"))
    .values(says=bindparam("said"))
)


def find_card(connection: Connection, one: PersonId, id: ClusterId) -> Card | None:
    row = _CARD_ON.first(connection, one=one, id=id)
    return None if row is None else _card(row)


def card_number(connection: Connection, one: PersonId, number: int) -> Card | None:
    row = _CARD_NUMBER.first(connection, one=one, which=number)
    return None if row is None else _card(row)


def cards_on(connection: Connection, id: ClusterId, persons: Collection[PersonId]) -> dict[PersonId, Card]:
    """The cards that these persons have of a cluster."""
    return {row.person: _card(row) for row in _CARDS_ON.all(connection, id=id, them=list(persons))}


def cards_among(one: PersonId, ids: Collection[ClusterId]) -> Question[dict[ClusterId, Card]]:
    """The cards that a person has of these clusters."""
    return _CARDS_OF.question(lambda rows: {row.cluster: _card(row) for row in rows}, one=one, ids=list(ids))


def cards_of(one: PersonId, states: Collection[CardState], limit: int) -> Question[list[Card]]:
    """A person's cards in these states, the newest first."""
    return _CARDS_IN.question(lambda rows: [_card(row) for row in rows], one=one, states=list(states), most=limit)


def count_cards(one: PersonId, states: Collection[CardState]) -> Question[int]:
    return _COUNT_IN.question(lambda rows: int(rows[0][0]), one=one, states=list(states))


def highest_number(one: PersonId) -> Question[int]:
    """The number of a person's last card; 0 if he has none. Numbers go up for ever: what somebody types never means
    another cluster later."""
    return _HIGHEST.question(lambda rows: rows[0][0] or 0, one=one)


def new_cards(
    one: PersonId, ids: Sequence[ClusterId], state: CardState, now: int, *, after: int, times_shown: int = 0
) -> dict[ClusterId, Card]:
    """Cards numbered in this order, from the one behind number `after` on."""
    return {id: Card(one, number, id, state, now, times_shown) for number, id in enumerate(ids, after + 1)}


def put_cards(connection: Connection, cards: Iterable[Card]) -> None:
    insert_all(connection, card, [_values(each, _CARD) for each in cards])


def add_cards(
    connection: Connection, one: PersonId, ids: Sequence[ClusterId], state: CardState, now: int
) -> dict[ClusterId, Card]:
    """New cards that no message has brought, in this order."""
    if not ids:
        return {}
    new = new_cards(one, ids, state, now, after=highest_number(one).ask(connection))
    put_cards(connection, new.values())
    return new


def change_state(connection: Connection, one: Card, state: CardState) -> None:
    _SET_STATE.send(connection, one=one.person, which=one.number, now=state)


def note_shown(connection: Connection, one: PersonId, ids: Collection[ClusterId], now: int) -> None:
    """Cards were brought to their person once more."""
    if ids:
        _SHOWN.send(connection, one=one, ids=list(ids), now=now)


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
    for row in _LINES_ON.all(connection, id=id, them=list(persons)):
        found.setdefault(row.person, []).append(_line(row))
    return found


def lines_of_page(connection: Connection, one: PersonId, page: EffectKey) -> list[Line]:
    """All lines of a message, in order."""
    return [_line(row) for row in _LINES_OF_PAGE.all(connection, one=one, on=page)]


def lists_of(one: PersonId) -> Question[list[EffectKey]]:
    """The answers with what a person's friends talk about that still stand."""
    return _LISTS_OF.question(lambda rows: [EffectKey(row.page) for row in rows], one=one)


def add_lines(connection: Connection, lines: Iterable[Line]) -> None:
    insert_all(connection, line, [_values(each, _LINE) for each in lines])


def note_said(connection: Connection, one: PersonId, page: EffectKey, says: Mapping[ClusterId, str]) -> None:
    """A message was edited; this is what its lines say now."""
    rows = [{"one": one, "on": page, "id": id, "said": digest} for id, digest in says.items()]
    _SAID.send_all(connection, rows)


def drop_lines(connection: Connection, one: PersonId, pages: Collection[EffectKey]) -> None:
    """These messages show nothing any more."""
    if pages:
        _DROP.send(connection, one=one, pages=list(pages))


def _line(row: Any) -> Line:
    return Line(row.person, row.page, row.cluster, row.place, bool(row.is_list), row.says)
