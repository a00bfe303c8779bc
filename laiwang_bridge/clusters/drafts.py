"""Drafts: clusters that somebody wants to open and has not said yes to. Each person has one at a time, for a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text, delete, insert, select

from appservice.database import metadata
from appservice.effects import EffectKey
from laiwang_bridge.clusters.opening import SeedEvent
from laiwang_bridge.clusters.reach import Mode, Reach, parse_reach
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.people.rules import ListId, PersonId
from laiwang_bridge.people.store import column_of_person

LIFETIME_MS = 24 * 3_600_000

table = Table(
    "cluster_draft",
    metadata,
    column_of_person("person", primary_key=True),
    Column("host", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reach", Text, nullable=False),
    Column("lists", LargeBinary, nullable=False),
    Column("named", LargeBinary, nullable=False),
    # What was typed, until the cluster is opened; of a message only where it is.
    Column("text", Text),
    Column("seed_room", Text),
    Column("seed", Text),
    Column("guessed", Text),
    Column("sent_as", Text),
    Column("ends_at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A cluster as its initiator wants it so far.

    `text` is a seed that was typed, `seed` a message that is one. `guessed` is a word of the line that was taken for
    the reach. `sent_as` is the card that shows it; None while the message is still being read.
    """

    person: PersonId
    host: UserID
    title: str
    kind: Kind
    reach: Reach
    named: frozenset[PersonId] = field(default=frozenset(), repr=False)
    text: str | None = field(default=None, repr=False)
    seed: SeedEvent | None = None
    guessed: str | None = None
    sent_as: EffectKey | None = None
    ends_at: int


def put(connection: Connection, draft: Draft) -> None:
    """Keep a draft, in the place of the one that its person had."""
    drop(connection, draft.person)
    seed = draft.seed
    row = {
        "person": draft.person,
        "host": draft.host,
        "title": draft.title,
        "kind": draft.kind,
        "reach": str(draft.reach),
        "lists": _dumped(draft.reach.lists),
        "named": _dumped(draft.named),
        "text": draft.text,
        "seed_room": seed.room if seed else None,
        "seed": seed.event if seed else None,
        "guessed": draft.guessed,
        "sent_as": draft.sent_as,
        "ends_at": draft.ends_at,
    }
    connection.execute(insert(table).values(row))


def find(connection: Connection, one: PersonId) -> Draft | None:
    row = connection.execute(select(table).where(table.c.person == one)).first()
    if row is None:
        return None
    reach = parse_reach(row.reach)
    assert isinstance(reach, Reach)
    if reach.mode is Mode.LIST:
        reach = Reach(Mode.LIST, lists=frozenset(map(ListId, orjson.loads(row.lists))))
    return Draft(
        person=row.person,
        host=UserID(row.host),
        title=row.title,
        kind=Kind(row.kind),
        reach=reach,
        named=frozenset(map(PersonId, orjson.loads(row.named))),
        text=row.text,
        seed=SeedEvent(RoomID(row.seed_room), EventID(row.seed), row.text) if row.seed else None,
        guessed=row.guessed,
        sent_as=row.sent_as,
        ends_at=row.ends_at,
    )


def drop(connection: Connection, one: PersonId) -> None:
    connection.execute(delete(table).where(table.c.person == one))


def export(connection: Connection, me: PersonId) -> list[dict[str, Any]]:
    """The draft of a person, as it stands."""
    draft = find(connection, me)
    if draft is None:
        return []
    return [{"title": draft.title, "text": draft.text, "reach": str(draft.reach), "ends_at": draft.ends_at}]


def _dumped(ids: Iterable[int]) -> bytes:
    return orjson.dumps(sorted(ids))
