"""Host passes: the table and the queries on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from appservice.database import metadata
from appservice.prepared import Prepared
from appservice.sql import Sequence64
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.tables import cluster, column_of_cluster
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.store import column_of_person

host_pass = Table(
    "cluster_pass",
    metadata,
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    column_of_cluster("cluster", nullable=False),
    column_of_person("host", nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    # Whom it lets in; its being used outlasts somebody who asks to be forgotten.
    Column("guest", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Index("ix_cluster_pass_cluster", "cluster", "guest"),
)


class PassState(StrEnum):
    """OPEN: for whoever types it first. TAKEN: for him alone, until he comes. SPENT: he has come, or was sent away.
    WITHDRAWN: by a host, before anybody typed it."""

    OPEN = "open"
    TAKEN = "taken"
    SPENT = "spent"
    WITHDRAWN = "withdrawn"


_SPEND = Prepared(
    update(host_pass)
    .where(
        host_pass.c.cluster == bindparam("id"),
        host_pass.c.guest == bindparam("one"),
        host_pass.c.state == PassState.TAKEN,
    )
    .values(state=PassState.SPENT)
)


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass of a host; `value` is what `people.codes.format_code` shows."""

    value: int
    cluster: ClusterId
    host: PersonId
    made_at: int
    expires_at: int
    state: PassState = PassState.OPEN
    guest: PersonId | None = None

    def opens_for(self, person: PersonId, now: int) -> bool:
        """Whether this person may come in by it: anybody in time, and whoever has typed it until he has come."""
        if self.state is PassState.OPEN:
            return now < self.expires_at
        return self.state is PassState.TAKEN and self.guest == person


def add_pass(connection: Connection, new: Pass) -> None:
    values = {
        "value": new.value,
        "cluster": new.cluster,
        "host": new.host,
        "made_at": new.made_at,
        "expires_at": new.expires_at,
        "state": new.state,
        "guest": new.guest,
    }
    connection.execute(insert(host_pass).values(values))


def find_pass(connection: Connection, value: int) -> Pass | None:
    row = connection.execute(select(host_pass).where(host_pass.c.value == value)).first()
    if row is None:
        return None
    return Pass(row.value, row.cluster, row.host, row.made_at, row.expires_at, PassState(row.state), row.guest)


def count_open(connection: Connection, id: ClusterId, now: int) -> int:
    """How many passes of a cluster can still be used."""
    statement = select(func.count()).select_from(host_pass).where(*_open(id), host_pass.c.expires_at > now)
    return connection.execute(statement).scalar_one()


def withdraw(connection: Connection, id: ClusterId, now: int) -> int:
    """Take back the passes of a cluster that nobody has typed; gives how many could still have been used."""
    usable = count_open(connection, id, now)
    connection.execute(update(host_pass).where(*_open(id)).values(state=PassState.WITHDRAWN))
    return usable


def take_pass(connection: Connection, value: int, guest: PersonId) -> None:
    """It is for this person alone from now on."""
    taken = update(host_pass).where(host_pass.c.value == value).values(state=PassState.TAKEN, guest=guest)
    connection.execute(taken)


def give_back(connection: Connection, value: int) -> None:
    """It let its guest not in, and is for whoever types it next."""
    again = update(host_pass).where(host_pass.c.value == value).values(state=PassState.OPEN, guest=None)
    connection.execute(again)


def holds_pass(connection: Connection, id: ClusterId, guest: PersonId) -> bool:
    """Whether somebody was let into a cluster by a pass, and has not come yet."""
    found = select(host_pass.c.value).where(*_taken(id, guest))
    return connection.execute(found).first() is not None


def spend(connection: Connection, id: ClusterId, guest: PersonId) -> None:
    """The guest of a pass has come, or was sent away: it opens nothing any more."""
    _SPEND.send(connection, id=id, one=guest)


def forget_old(connection: Connection, before: int) -> None:
    """Drop the passes that expired before then."""
    connection.execute(delete(host_pass).where(host_pass.c.expires_at < before))


def export(connection: Connection, me: PersonId) -> list[dict[str, Any]]:
    """The passes that somebody has given or has used. By whom the ones that he gave were used is theirs."""
    rows = connection.execute(
        select(host_pass, cluster.c.title)
        .join(cluster, cluster.c.id == host_pass.c.cluster)
        .where(or_(host_pass.c.host == me, host_pass.c.guest == me))
        .order_by(host_pass.c.made_at)
    )
    return [
        {
            "cluster": row.cluster,
            "title": row.title,
            "given": row.host == me,
            "made_at": row.made_at,
            "expires_at": row.expires_at,
            "state": row.state,
        }
        for row in rows
    ]


def _open(id: ClusterId) -> tuple[ColumnElement[bool], ...]:
    return host_pass.c.cluster == id, host_pass.c.state == PassState.OPEN


def _taken(id: ClusterId, guest: PersonId) -> tuple[ColumnElement[bool], ...]:
    return host_pass.c.cluster == id, host_pass.c.guest == guest, host_pass.c.state == PassState.TAKEN
