"""Clusters, and whom they are for: the queries on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from mautrix.types import EventID, RoomID
from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from appservice.prepared import Prepared
from appservice.sql import among, insert_ignoring
from laiwang_bridge.clusters.ages import Life
from laiwang_bridge.clusters.reach import Mode, Reach, has_porch, parse_reach
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Lifecycle
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.clusters.tables import cluster, cluster_list, cluster_named, invitation, stay
from laiwang_bridge.people.rules import ListId, PersonId


@dataclass(frozen=True, slots=True)
class Named:
    """A cluster with what people see of it. `room_id` is None while its room is being made, and `seed`, the event that
    it began with, is until that is said there. `porch` is the local part of the alias of the room at which people
    knock, None where it has none; `porch_room` is None while that is being made."""

    rules: Cluster
    title: str
    room_id: RoomID | None
    let_in: int
    drains_at: int
    kind: Kind
    seed: EventID | None
    life: Life
    porch: str | None
    porch_room: RoomID | None

    @property
    def id(self) -> ClusterId:
        return self.rules.id

    @property
    def heading(self) -> str:
        """The title as people are shown it: with what it is about, where the words do not say."""
        return self.title if self.kind in (Kind.TEXT, Kind.ASK) else f"{self.kind.emoji} {self.title}"

    @property
    def alias(self) -> str:
        """The local part of the alias to which links lead: that of its porch, else that of its room."""
        return self.porch or self.id

    @property
    def needs_porch(self) -> bool:
        """Whether people may knock, or may again."""
        return has_porch(self.rules.reach) and self.rules.lifecycle is not Lifecycle.ARCHIVED

    @property
    def for_all(self) -> bool:
        """Whether anybody may know of it and step in."""
        return self.rules.reach.mode is Mode.OPEN and self.rules.lifecycle is Lifecycle.OPEN


NOBODY = PersonId(0)
"""Stands for an initiator who asked to be forgotten."""

# Built once: whatever happens in a cluster asks these.
_INSIDE = select(func.count()).where(stay.c.cluster == cluster.c.id, stay.c.left_at.is_(None))
_INVITED = select(func.count()).where(invitation.c.cluster == cluster.c.id)
_SEATS = _INSIDE.correlate(cluster).scalar_subquery() + _INVITED.correlate(cluster).scalar_subquery()
_CLUSTERS = select(cluster, _SEATS.label("seats_taken"))
"""The rows of which `_all_of` makes clusters."""

_BY_ID = Prepared(_CLUSTERS.where(cluster.c.id == bindparam("one")))
_BY_IDS = Prepared(_CLUSTERS.where(among(cluster.c.id, "ids")))
_OPEN_BY_IDS = Prepared(_CLUSTERS.where(among(cluster.c.id, "ids"), cluster.c.lifecycle == Lifecycle.OPEN))
_BY_ROOM = Prepared(_CLUSTERS.where(cluster.c.room_id == bindparam("one")))  # asked at every message anywhere
_BY_PORCH = Prepared(_CLUSTERS.where(cluster.c.porch_room_id == bindparam("one")))
_BY_ALIAS = Prepared(_CLUSTERS.where((cluster.c.id == bindparam("one")) | (cluster.c.porch == bindparam("one"))))
_PERSONS_NAMED = Prepared(
    select(cluster_named.c.cluster, cluster_named.c.person).where(among(cluster_named.c.cluster, "ids"))
)
_LISTS_NAMED = Prepared(select(cluster_list.c.cluster, cluster_list.c.list).where(among(cluster_list.c.cluster, "ids")))


def add(connection: Connection, new: Cluster, title: str, kind: Kind) -> None:
    connection.execute(
        insert(cluster).values(
            id=new.id,
            initiator=new.initiator,
            title=title,
            kind=kind,
            reach=str(new.reach),
            cap=new.cap,
            lifecycle=new.lifecycle,
            created_at=new.created_at,
        )
    )
    for person in sorted(new.named):
        name_person(connection, new.id, person)
    for list in sorted(new.reach.lists):
        open_to_list(connection, new.id, list)


def find(connection: Connection, id: ClusterId) -> Named | None:
    return _first(connection, _BY_ID, id)


def in_room(connection: Connection, room_id: RoomID) -> Named | None:
    return _first(connection, _BY_ROOM, room_id)


def at_porch(connection: Connection, room_id: RoomID) -> Named | None:
    """The cluster whose porch this room is."""
    return _first(connection, _BY_PORCH, room_id)


def behind(connection: Connection, alias: str) -> Named | None:
    """The cluster to which a link leads, by the local part of its alias: that of its porch or of its room."""
    return _first(connection, _BY_ALIAS, alias)


def put_porch(connection: Connection, id: ClusterId, alias: str | None, room_id: RoomID | None = None) -> None:
    """A cluster has a porch of this alias from now on; None: it has none."""
    values = {"porch": alias, "porch_room_id": room_id}
    connection.execute(update(cluster).where(cluster.c.id == id).values(values))


def open_room(connection: Connection, id: ClusterId, room_id: RoomID) -> None:
    """The room of a cluster is there: people may come."""
    values = {"room_id": room_id, "lifecycle": Lifecycle.OPEN}
    connection.execute(update(cluster).where(cluster.c.id == id).values(values))


def move_room(connection: Connection, old: RoomID, new: RoomID) -> bool:
    """A room was replaced; returns whether it was a cluster's."""
    return connection.execute(update(cluster).where(cluster.c.room_id == old).values(room_id=new)).rowcount > 0


def note_seed(connection: Connection, id: ClusterId, seed: EventID) -> None:
    """The first message of a cluster has been said."""
    connection.execute(update(cluster).where(cluster.c.id == id).values(seed=seed))


def set_reach(connection: Connection, id: ClusterId, reach: Reach) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(reach=str(reach)))
    connection.execute(delete(cluster_list).where(cluster_list.c.cluster == id))
    for one in sorted(reach.lists):
        open_to_list(connection, id, one)


def set_lifecycle(connection: Connection, id: ClusterId, lifecycle: Lifecycle) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(lifecycle=lifecycle))


def set_life(connection: Connection, id: ClusterId, life: Life) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(asdict(life)))


def set_cap(connection: Connection, id: ClusterId, cap: int | None) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(cap=cap))


def note_admission(connection: Connection, id: ClusterId, let_in: int, drains_at: int) -> None:
    connection.execute(update(cluster).where(cluster.c.id == id).values(let_in=let_in, drains_at=drains_at))


def started_by(connection: Connection, one: PersonId) -> Sequence[Any]:
    return connection.execute(select(cluster).where(cluster.c.initiator == one).order_by(cluster.c.created_at)).all()


def disown(connection: Connection, one: PersonId) -> None:
    """The clusters that a person began go on without an initiator, and without his lists."""
    theirs = select(cluster.c.id).where(cluster.c.initiator == one)
    connection.execute(delete(cluster_list).where(cluster_list.c.cluster.in_(theirs)))
    connection.execute(update(cluster).where(cluster.c.initiator == one).values(initiator=None))


def _first(connection: Connection, statement: Prepared, one: str) -> Named | None:
    return next(iter(_all_of(connection, statement.all(connection, one=one))), None)


def find_many(connection: Connection, ids: Collection[ClusterId]) -> dict[ClusterId, Named]:
    """These clusters, in a few statements however many they are."""
    rows = _BY_IDS.all(connection, ids=list(ids)) if ids else []
    return {each.id: each for each in _all_of(connection, rows)}


def find_open(connection: Connection, ids: Collection[ClusterId]) -> list[Named]:
    """Those of these clusters that people may come into."""
    return _all_of(connection, _OPEN_BY_IDS.all(connection, ids=list(ids))) if ids else []


def _all_of(connection: Connection, rows: Sequence[Any]) -> list[Named]:
    """The clusters of rows that `_CLUSTERS` gave."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    reaches = {text: _reach(text) for text in {row.reach for row in rows}}
    modes = {reach.mode for reach in reaches.values()}
    persons = _chosen(connection, _PERSONS_NAMED, ids) if Mode.CLOSED in modes else {}
    lists = _chosen(connection, _LISTS_NAMED, ids) if Mode.LIST in modes else {}
    return [
        Named(
            Cluster(
                id=row.id,
                initiator=PersonId(row.initiator) if row.initiator is not None else NOBODY,
                reach=replace(reaches[row.reach], lists=lists[row.id]) if row.id in lists else reaches[row.reach],
                cap=row.cap,
                lifecycle=Lifecycle(row.lifecycle),
                created_at=row.created_at,
                seats_taken=row.seats_taken,
                named=persons.get(row.id, frozenset()),
            ),
            row.title,
            row.room_id,
            row.let_in,
            row.drains_at,
            Kind(row.kind),
            row.seed,
            Life(
                changed_at=row.changed_at,
                reopens_as=Lifecycle(row.reopens_as) if row.reopens_as else None,
                kept=row.kept,
                ends_at=row.ends_at,
                commerce=row.commerce,
                told_full=row.told_full,
                fast_at=row.fast_at,
            ),
            row.porch,
            row.porch_room_id,
        )
        for row in rows
    ]


def _reach(text: str) -> Reach:
    reach = parse_reach(text)
    assert isinstance(reach, Reach)
    return reach


def _chosen(connection: Connection, statement: Prepared, ids: list[ClusterId]) -> dict[ClusterId, frozenset[Any]]:
    found: dict[ClusterId, set[Any]] = {}
    for id, one in statement.all(connection, ids=ids):
        found.setdefault(id, set()).add(one)
    return {id: frozenset(those) for id, those in found.items()}


def name_person(connection: Connection, id: ClusterId, one: PersonId) -> None:
    """The initiator names somebody for a closed cluster."""
    connection.execute(insert_ignoring(connection, cluster_named), {"cluster": id, "person": one})


def open_to_list(connection: Connection, id: ClusterId, one: ListId) -> None:
    """A cluster with the reach `list` is for those on this list, too."""
    connection.execute(insert_ignoring(connection, cluster_list), {"cluster": id, "list": one})


def clusters_for_list(connection: Connection, one: ListId) -> list[ClusterId]:
    """Whose sight depends on who is on a list: clusters that are for it, and stays that only those on it may see."""
    found = (
        select(cluster_list.c.cluster)
        .where(cluster_list.c.list == one)
        .union(select(stay.c.cluster).where(stay.c.exposed_to == one, stay.c.left_at.is_(None)))
    )
    return [ClusterId(id) for id in connection.execute(found).scalars()]


def count(connection: Connection) -> tuple[int, int]:
    """How many clusters are open and how many people are inside."""
    opened = select(func.count()).select_from(cluster).where(cluster.c.lifecycle == Lifecycle.OPEN)
    inside = select(func.count()).select_from(stay).where(stay.c.left_at.is_(None))
    return connection.execute(opened).scalar_one(), connection.execute(inside).scalar_one()
