"""A town as large as one likes, made by the database itself: people, friendships, clusters, what was shown of them.

Nothing is left to chance: the same sizes make the same town. Everybody has about 38 friends, some of them near and some
far; one in 500 knows a thousand people. Beyond these there are `rulers`, with exactly so many friends each, by which
one can see what friends cost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, Engine, Table, bindparam, create_engine, insert, text

from appservice.database import parse_url
from appservice.room_tables import room, room_member
from appservice.sql import insert_ignoring
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.clusters.tables import cluster
from laiwang_bridge.database import tables
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import friendship

NOW = 1_700_000_000_000
DOMAIN = "bench"
RULED = (10, 30, 100, 300, 1000)
RULERS_EACH = 20

_HOUR = 3_600_000
_NEAR = (1, 2, 3, 5, 8, 13)
_FAR = 12
_HUB_EVERY, _HUB_FRIENDS, _HUB_STRIDE = 500, 960, 521
_HOST_STRIDE = 48_271
_LARGEST = 60
_ACQUAINTED = 12
_OFFERED = 8
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many persons (without the rulers) and live clusters."""

    persons: int
    clusters: int

    @property
    def offsets(self) -> list[int]:
        """How far away in the row of all people everybody's friends are, on either side."""
        step = self.persons // (2 * _FAR + 2)
        return [*_NEAR, *(step * place + 7 * place * place + 17 for place in range(1, _FAR + 1))]

    def rulers(self) -> dict[int, list[PersonId]]:
        """Those with exactly so many friends."""
        first, found = self.persons + 1, {}
        for friends in (each for each in RULED if each < self.persons):
            found[friends] = [PersonId(first + place) for place in range(RULERS_EACH)]
            first += RULERS_EACH
        return found


def user(person: int) -> UserID:
    return UserID(f"@p{person}:{DOMAIN}")


def chat(person: int) -> RoomID:
    """The chat of a person with the bot, for those that `open_chats` gave one."""
    return RoomID(f"!chat{person}")


def populate(url: str, size: Size) -> dict[str, float]:
    """Make the people and their friendships; gives how many seconds each step took."""
    engine = _engine(url)
    seconds = {}
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
    for name, step in (("persons", _persons), ("friendships", _friendships), ("index", _index)):
        began = time.perf_counter()
        with engine.begin() as connection:
            _unchecked(connection)
            step(connection, size)
        seconds[name] = time.perf_counter() - began
    _analyse(engine)
    engine.dispose()
    return seconds


def settle(url: str, size: Size, first: int) -> float:
    """Add the clusters from number `first` on; gives how many seconds that took."""
    began = time.perf_counter()
    engine = _engine(url)
    with engine.begin() as connection:
        _unchecked(connection)
        _clusters(connection, size, first)
    _analyse(engine)
    engine.dispose()
    return time.perf_counter() - began


def open_chats(connection: Connection, persons: list[PersonId], bot: UserID) -> None:
    """Give these people a chat with the bot, if they have none."""
    rooms = [{"room_id": chat(one), "direct_with": user(one), "read_at": NOW, "version": "12"} for one in persons]
    members = [
        {"room_id": chat(one), "user_id": who, "membership": "join", "display_name": name}
        for one in persons
        for who, name in ((user(one), f"Person {one}"), (bot, "Laiwang"))
    ]
    connection.execute(insert_ignoring(connection, room), rooms)
    connection.execute(insert_ignoring(connection, room_member), members)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(table), rows[start : start + _BATCH])


def _engine(url: str) -> Engine:
    return create_engine(parse_url(url))


def _unchecked(connection: Connection) -> None:
    """All that we write refers to what is there; looking that up would take longer than everything else."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = replica"))


def _analyse(engine: Engine) -> None:
    """PostgreSQL does so by itself, a little later: what is measured begins with a database at rest."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


def _run(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement).bindparams(*(bindparam(name, value) for name, value in values.items())))


def _numbers(connection: Connection, name: str, first: int, beyond: int) -> None:
    """A temporary table of numbers."""
    _run(connection, f"CREATE TEMPORARY TABLE {name} (n BIGINT PRIMARY KEY)")
    _run(
        connection,
        f"INSERT INTO {name} WITH RECURSIVE count(n) AS "
        "(SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM count WHERE n + 1 < :beyond) SELECT n FROM count",
        first=first,
        beyond=beyond,
    )


def _persons(connection: Connection, size: Size) -> None:
    everybody = size.persons + RULERS_EACH * len(size.rulers())
    _numbers(connection, "someone", 1, everybody + 1)
    _run(
        connection,
        "INSERT INTO person (id, created_at, new_friends_see_old, exposure, requests) "
        "SELECT n, 1, false, 'loud', 0 FROM someone",
    )
    _run(
        connection,
        "INSERT INTO matrix_id (user_id, person, since) SELECT '@p' || n || ':' || :domain, n, 1 FROM someone",
        domain=DOMAIN,
    )
    _run(
        connection,
        "INSERT INTO habit (person, zone, profile_read_at) SELECT n, 'UTC', CAST(:now AS BIGINT) FROM someone",
        now=NOW,
    )
    _run(connection, "DROP TABLE someone")


def _friendships(connection: Connection, size: Size) -> None:
    for index in friendship.indexes:
        index.drop(connection)
    values: Mapping[str, Any] = {"all": size.persons}
    _run(connection, "CREATE TEMPORARY TABLE step (d BIGINT)")
    steps = [{"d": d} for offset in size.offsets for d in (offset, size.persons - offset)]
    connection.execute(text("INSERT INTO step VALUES (:d)"), steps)
    _run(
        connection,
        "INSERT INTO friendship (person, friend, since) SELECT p.id, 1 + ((p.id - 1 + step.d) % :all), 1 "
        "FROM person AS p CROSS JOIN step WHERE p.id <= :all ORDER BY p.id",
        **values,
    )
    _run(connection, "DROP TABLE step")
    many = min(_HUB_FRIENDS, size.persons // 4)
    _numbers(connection, "turn", 1, many + 1)
    pairs = (
        f"SELECT p.id AS hub, 1 + ((p.id - 1 + turn.n * {_HUB_STRIDE}) % :all) AS other FROM person AS p "
        f"CROSS JOIN turn WHERE p.id <= :all AND p.id % {_HUB_EVERY} = 0"
    )
    for columns in ("hub, other", "other, hub"):
        _run(
            connection,
            f"INSERT INTO friendship (person, friend, since) SELECT {columns}, 1 FROM ({pairs}) AS pairs "
            "WHERE hub <> other ON CONFLICT DO NOTHING",
            **values,
        )
    _run(connection, "DROP TABLE turn")
    for rows in _batched(_ruled(size)):
        connection.execute(insert(friendship), rows)


def _ruled(size: Size) -> Iterator[dict[str, int]]:
    for friends, rulers in size.rulers().items():
        for ruler in rulers:
            for place in range(friends):
                other = 1 + (ruler * 7919 + place * (size.persons // friends)) % size.persons
                yield {"person": ruler, "friend": other, "since": 1}
                yield {"person": other, "friend": ruler, "since": 1}


def _batched(rows: Iterator[dict[str, int]]) -> Iterator[list[dict[str, int]]]:
    batch: list[dict[str, int]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _index(connection: Connection, size: Size) -> None:
    for index in friendship.indexes:
        index.create(connection)


def _places(size: Size) -> list[dict[str, int]]:
    """Who is in a cluster, by how far he is from its initiator: first friends of his, then theirs."""
    offsets = size.offsets
    found = {0: 0} | dict.fromkeys(offsets[:_ACQUAINTED], 1)
    for one in offsets:
        for other in offsets:
            if len(found) == _LARGEST:
                break
            found.setdefault((one + other) % size.persons, 2)
    return [{"m": place, "d": d, "hop": hop} for place, (d, hop) in enumerate(found.items())]


def _cluster(size: Size, number: int) -> dict[str, Any]:
    return {
        "id": f"zd_{number}",
        "room_id": f"!zd{number}",
        "initiator": 1 + number * _HOST_STRIDE % size.persons,
        "title": f"Topic {number}",
        "reach": "hops:2",
        "cap": 500,
        "lifecycle": Lifecycle.OPEN,
        "created_at": NOW - (number % 72 + 1) * _HOUR,
        "kind": Kind.TEXT,
    }


def _clusters(connection: Connection, size: Size, first: int) -> None:
    values: Mapping[str, Any] = {"all": size.persons}
    _numbers(connection, "topic", first, size.clusters)
    _run(connection, "CREATE TEMPORARY TABLE place (m BIGINT, d BIGINT, hop BIGINT)")
    connection.execute(text("INSERT INTO place VALUES (:m, :d, :hop)"), _places(size))
    host = f"((topic.n * {_HOST_STRIDE}) % :all)"
    members = "CASE WHEN topic.n % 20 = 0 THEN 60 WHEN topic.n % 5 = 0 THEN 20 ELSE 6 END"
    created = f"(CAST(:now AS BIGINT) - (topic.n % 72) * {_HOUR} - {_HOUR})"
    _insert(connection, cluster, [_cluster(size, number) for number in range(first, size.clusters)])
    inside = f"FROM topic JOIN place ON place.m < {members}"
    _run(
        connection,
        "INSERT INTO stay (cluster, person, hop, sponsors, exposure, joined_at) "
        f"SELECT 'zd_' || topic.n, 1 + (({host} + place.d) % :all), place.hop, :none, "
        "CASE WHEN place.m > 0 AND (topic.n + place.m) % 3 = 0 THEN 'quiet' ELSE 'loud' END, "
        f"{created} + place.m * 60000 {inside}",
        now=NOW,
        none=b"[]",
        **values,
    )
    _run(
        connection,
        "INSERT INTO cluster_card (person, number, cluster, state, shown_at, times_shown) "
        f"SELECT 1 + (({host} + place.d) % :all), topic.n + 1, 'zd_' || topic.n, 'inside', 1, 0 {inside}",
        **values,
    )
    for table, columns, made in (
        (
            "cluster_card",
            "number, cluster, state, shown_at, times_shown",
            "topic.n + 1, 'zd_' || topic.n, 'offered', 1, 1",
        ),
        (
            "cluster_line",
            "page, cluster, place, is_list, says",
            "'page' || topic.n || '-' || place.m, 'zd_' || topic.n, 0, false, 'something'",
        ),
    ):
        _run(
            connection,
            f"INSERT INTO {table} (person, {columns}) "
            f"SELECT 1 + (({host} + :all - place.d) % :all), {made} FROM topic JOIN place "
            f"ON place.m > 0 AND place.m <= {_OFFERED} ON CONFLICT DO NOTHING",
            **values,
        )
    _run(
        connection,
        "INSERT INTO cluster_talk (cluster, hour, messages) "
        "SELECT 'zd_' || topic.n, CAST(:hour AS BIGINT), 1 + topic.n % 50 FROM topic WHERE topic.n % 2 = 0",
        hour=NOW // _HOUR,
    )
    _run(connection, "DROP TABLE topic")
    _run(connection, "DROP TABLE place")
