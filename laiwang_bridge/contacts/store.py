"""Who has whose address, who was found, and the card that shows them: tables and the queries on them.

Of people who are not here nothing is kept. What an importer has of those who are is kept as a holding: it is what
makes finding mutual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.sql import Sequence64, insert_ignoring, upsert
from laiwang_bridge.contacts.rules import DAY_MS, Buckets
from laiwang_bridge.people import store as people
from laiwang_bridge.people.address_store import address
from laiwang_bridge.people.addresses import Findable
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

HOLDING_MS = 365 * DAY_MS
"""How long an address book counts after it was last sent."""
FOUND_MS = 30 * DAY_MS
"""How long somebody who was found stands on the card."""

contact_holding = Table(
    "contact_holding",
    metadata,
    column_of_person("holder", primary_key=True),
    Column("address", Sequence64, ForeignKey("address.id", ondelete="CASCADE"), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("ix_contact_holding_address", "address"),
    sqlite_with_rowid=False,
)
# A file on its way: gone as soon as it has been read.
contact_import = Table(
    "contact_import",
    metadata,
    Column("key", Text, primary_key=True),
    column_of_person("person", nullable=False, index=True),
    Column("bot", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("progress_key", Text),
    Column("begun_at", BigInteger, nullable=False),
)
contact_card = Table(
    "contact_card",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("card_key", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
contact_found = Table(
    "contact_found",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_person("other", primary_key=True),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("asked", Boolean, nullable=False, default=False),
    Column("listed", Boolean, nullable=False, default=True),
    Column("told", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_contact_found_other", "other"),
    sqlite_with_rowid=False,
)
# How far a book was looked at that did not fit: the beginning of a mark, shared by many addresses.
contact_rest = Table(
    "contact_rest",
    metadata,
    column_of_person("person", primary_key=True, autoincrement=False),
    Column("position", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

_AT_ONCE = 500
_FULL, _DELTA, _RANGES = "contacts", "contacts-delta", "contacts-ranges"


# -- who has whose address ------------------------------------------------------------------------------------------


def hold(connection: Connection, holder: PersonId, addresses: Iterable[int], now: int) -> None:
    """Somebody has these proven addresses of others in his book."""
    for id in addresses:
        upsert(connection, contact_holding, {"holder": holder, "address": id, "since": now})


def held_settings(
    connection: Connection, holder: PersonId, owners: Sequence[PersonId]
) -> dict[PersonId, set[Findable]]:
    """Of which of these people somebody has addresses, and who may find them by those."""
    found: dict[PersonId, set[Findable]] = {}
    for batch in _batches(owners):
        rows = connection.execute(
            select(address.c.person, address.c.findable)
            .join(contact_holding, contact_holding.c.address == address.c.id)
            .where(contact_holding.c.holder == holder, address.c.person.in_(batch))
        )
        for row in rows:
            found.setdefault(PersonId(row.person), set()).add(Findable(row.findable))
    return found


def holders(connection: Connection, owner: PersonId, among: Sequence[PersonId]) -> dict[PersonId, set[Findable]]:
    """Which of these people have addresses of somebody, and who may find him by those."""
    found: dict[PersonId, set[Findable]] = {}
    for batch in _batches(among):
        rows = connection.execute(
            select(contact_holding.c.holder, address.c.findable)
            .join(address, contact_holding.c.address == address.c.id)
            .where(address.c.person == owner, contact_holding.c.holder.in_(batch))
        )
        for row in rows:
            found.setdefault(PersonId(row.holder), set()).add(Findable(row.findable))
    return found


def holders_of(connection: Connection, address: int) -> list[PersonId]:
    """Who has this address."""
    statement = select(contact_holding.c.holder).where(contact_holding.c.address == address)
    return [PersonId(one) for one in connection.execute(statement.order_by(contact_holding.c.holder)).scalars()]


# -- files on their way ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    """A file that is being read: where it came, and the message that says so, if it takes long."""

    key: str
    person: PersonId
    bot: UserID
    room: RoomID
    language: Language
    progress: EffectKey | None = None


def begin(connection: Connection, new: Import, now: int) -> None:
    values = {
        "key": new.key,
        "person": new.person,
        "bot": new.bot,
        "room_id": new.room,
        "language": new.language.value,
        "begun_at": now,
    }
    connection.execute(insert_ignoring(connection, contact_import), values)


def find_import(connection: Connection, key: str) -> Import | None:
    row = connection.execute(select(contact_import).where(contact_import.c.key == key)).first()
    if row is None:
        return None
    return Import(
        key=row.key,
        person=PersonId(row.person),
        bot=UserID(row.bot),
        room=RoomID(row.room_id),
        language=Language(row.language),
        progress=None if row.progress_key is None else EffectKey(row.progress_key),
    )


def note_progress(connection: Connection, key: str, progress: EffectKey) -> None:
    connection.execute(update(contact_import).where(contact_import.c.key == key).values(progress_key=progress))


def end(connection: Connection, key: str) -> None:
    connection.execute(delete(contact_import).where(contact_import.c.key == key))


# -- how much has been looked at ------------------------------------------------------------------------------------


def buckets(connection: Connection, mark: str) -> Buckets:
    """Somebody's buckets, known by his mark so that asking to be forgotten empties none."""
    return Buckets(*(people.guesses_drain_at(connection, f"{name}:{mark}") for name in (_FULL, _DELTA)))


def put_buckets(connection: Connection, mark: str, buckets: Buckets) -> None:
    for name, drains_at in ((_FULL, buckets.full), (_DELTA, buckets.delta)):
        if drains_at:
            people.note_guess(connection, f"{name}:{mark}", drains_at)


def range_drains_at(connection: Connection, mark: str) -> int:
    """When somebody's bucket of numbers that follow each other will be empty."""
    return people.guesses_drain_at(connection, f"{_RANGES}:{mark}")


def note_range(connection: Connection, mark: str, drains_at: int) -> None:
    people.note_guess(connection, f"{_RANGES}:{mark}", drains_at)


def rest_from(connection: Connection, person: PersonId, now: int) -> str:
    """From where on somebody's book has not been looked at yet; "" is from the beginning."""
    here = (contact_rest.c.person == person, contact_rest.c.until > now)
    return connection.execute(select(contact_rest.c.position).where(*here)).scalar() or ""


def put_rest(connection: Connection, person: PersonId, position: str, until: int) -> None:
    """Note from where on to go on; "" when nothing is left."""
    connection.execute(delete(contact_rest).where(contact_rest.c.person == person))
    if position:
        upsert(connection, contact_rest, {"person": person, "position": position, "until": until})


# -- who was found, and the card ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody on the card: his number there, what the finder's own book calls him, whether he has been asked."""

    other: PersonId
    number: int
    name: str
    asked: bool


def found_by(connection: Connection, person: PersonId) -> list[Found]:
    """The people on somebody's card."""
    statement = (
        select(contact_found)
        .where(contact_found.c.person == person, contact_found.c.listed)
        .order_by(contact_found.c.number)
    )
    return [Found(PersonId(row.other), row.number, row.name, row.asked) for row in connection.execute(statement)]


def known_found(connection: Connection, person: PersonId) -> dict[PersonId, bool]:
    """All who may be shown to somebody, also those no longer on the card; and whether he was told of them."""
    statement = select(contact_found.c.other, contact_found.c.told).where(contact_found.c.person == person)
    return {PersonId(row.other): row.told for row in connection.execute(statement)}


def add_found(connection: Connection, person: PersonId, named: Mapping[PersonId, str], now: int, *, told: bool) -> None:
    """Put people on somebody's card, behind those who are there. `told`: he is being told of them now."""
    here = (contact_found.c.person == person, contact_found.c.listed)
    last = connection.execute(select(func.max(contact_found.c.number)).where(*here)).scalar()
    rows = [
        {"person": person, "other": other, "number": number, "name": name, "told": told, "at": now}
        for number, (other, name) in enumerate(named.items(), (last or 0) + 1)
    ]
    if rows:
        connection.execute(insert_ignoring(connection, contact_found), rows)


def has_news(connection: Connection, person: PersonId) -> bool:
    """Whether there is somebody on his card of whom he does not know."""
    statement = select(contact_found.c.other).where(contact_found.c.person == person, contact_found.c.told.is_(False))
    return connection.execute(statement.limit(1)).first() is not None


def note_told(connection: Connection, person: PersonId) -> None:
    connection.execute(update(contact_found).where(contact_found.c.person == person).values(told=True))


def name_found(connection: Connection, person: PersonId, other: PersonId, name: str) -> None:
    """Somebody was on the card without a name of its owner's; his book has one."""
    here = (contact_found.c.person == person, contact_found.c.other == other, contact_found.c.name == "")
    connection.execute(update(contact_found).where(*here).values(name=name))


def note_asked(connection: Connection, person: PersonId, others: Iterable[PersonId]) -> None:
    for other in others:
        here = (contact_found.c.person == person, contact_found.c.other == other)
        connection.execute(update(contact_found).where(*here).values(asked=True))


def unlist_asked(connection: Connection, person: PersonId) -> None:
    """Take from the card those who have been asked."""
    here = (contact_found.c.person == person, contact_found.c.asked)
    connection.execute(update(contact_found).where(*here).values(listed=False))


@dataclass(frozen=True, slots=True)
class Card:
    """The message that shows somebody whom he has found, the page it stands at, and when that was last changed."""

    key: EffectKey
    page: int
    at: int


def card_of(connection: Connection, person: PersonId) -> Card | None:
    row = connection.execute(select(contact_card).where(contact_card.c.person == person)).first()
    return None if row is None else Card(EffectKey(row.card_key), row.page, row.at)


def put_card(connection: Connection, person: PersonId, card: Card) -> None:
    upsert(connection, contact_card, {"person": person, "card_key": card.key, "page": card.page, "at": card.at})


# -- the end --------------------------------------------------------------------------------------------------------


def forget(connection: Connection, person: PersonId) -> None:
    """Drop all that came of somebody's address books."""
    for table in (contact_holding, contact_import, contact_card, contact_found, contact_rest):
        who = table.c.holder if table is contact_holding else table.c.person
        connection.execute(delete(table).where(who == person))


def forget_old(connection: Connection, now: int) -> None:
    connection.execute(delete(contact_holding).where(contact_holding.c.since < now - HOLDING_MS))
    connection.execute(delete(contact_found).where(contact_found.c.at < now - FOUND_MS))
    connection.execute(delete(contact_card).where(contact_card.c.at < now - FOUND_MS))
    connection.execute(delete(contact_rest).where(contact_rest.c.until < now))
    connection.execute(delete(contact_import).where(contact_import.c.begun_at < now - DAY_MS))


def export(connection: Connection, person: PersonId) -> dict[str, Any]:
    """Whom somebody has found. Of his holdings not even the number: it would tell who is here, without being mutual."""
    found = found_by(connection, person)
    users = people.first_user_ids([one.other for one in found]).ask(connection)
    return {"found": [{"name": one.name, "user": users.get(one.other), "asked": one.asked} for one in found]}


def _batches(items: Sequence[PersonId]) -> Iterable[Sequence[PersonId]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
