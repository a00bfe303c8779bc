"""Read receipts reach those who wait for them, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import EventID, RoomID, UserID

from appservice import inbox, receipts
from appservice.database import Database
from appservice.receipts import Read, Receipts
from appservice.routes import Routes
from appservice.unit import Unit
from tests.support.road import Clock, count, note, notes, open_desk, open_road, transaction
from tests.support.waiting import eventually

WATCHED, OTHER = RoomID("!watched"), RoomID("!other")
LIN = UserID("@lin:localhost")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


def receipt(room: str = WATCHED, event: str = "$one", kind: str = "m.read", user: str = LIN) -> dict[str, Any]:
    return {"type": "m.receipt", "room_id": room, "content": {event: {kind: {user: {"ts": 7}}}}}


def note_reads(unit: Unit, read: Receipts) -> None:
    for one in read.reads:
        note(unit, f"{read.room_id} {one.user} {one.event_id} {one.at}")


async def handled(database: Database, *ephemeral: dict[str, Any], times: int = 1) -> list[str]:
    """What a handler is told of a transaction with these."""
    routes = Routes()
    routes.on_receipts(note_reads)
    await database.write(lambda connection: receipts.watch(connection, WATCHED, 10))
    async with open_desk(database, routes) as desk:
        for _ in range(times):
            await desk.inbox.accept(transaction(txn_id="7", ephemeral=ephemeral))
        await eventually(desk.settled)
    return await notes(database)


async def test_a_receipt_in_a_room_that_is_watched_is_handled_once(database: Database) -> None:
    assert await handled(database, receipt(), times=2) == ["!watched @lin:localhost $one 7"]


async def test_receipts_of_all_other_rooms_are_not_kept_at_all(database: Database) -> None:
    typing = {"type": "m.typing", "room_id": WATCHED, "content": {"user_ids": [LIN]}}
    assert await handled(database, receipt(OTHER), typing) == []
    assert await database.read(count(inbox.inbox)) == 0


async def test_private_receipts_say_nothing(database: Database) -> None:
    assert await handled(database, receipt(kind="m.read.private")) == []


async def test_a_watch_ends_when_it_is_taken_back_or_its_time_is_over(database: Database) -> None:
    def watched(connection: Any) -> int:
        return len(receipts.wanted(connection, [receipt()]))

    await database.write(lambda connection: receipts.watch(connection, WATCHED, 100))
    await database.write(lambda connection: receipts.watch(connection, WATCHED, 50))
    await database.write(lambda connection: receipts.forget_before(connection, 80))
    assert await database.read(watched) == 1
    await database.write(lambda connection: receipts.forget_before(connection, 101))
    assert await database.read(watched) == 0
    await database.write(lambda connection: receipts.watch(connection, WATCHED, Clock()()))
    await database.write(lambda connection: receipts.unwatch(connection, WATCHED))
    assert await database.read(watched) == 0


def test_receipts_are_read_back_as_they_were_kept() -> None:
    kept = Receipts(WATCHED, (Read(LIN, EventID("$one"), 7),))
    assert Receipts.of(kept.body) == kept


json = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["m.read", "ts"]), inner),
    max_leaves=8,
)


@given(json)
def test_whatever_stands_in_a_receipt_is_read_or_passed_over(content: Any) -> None:
    reads = list(receipts._reads(content)) if isinstance(content, dict) else []
    assert all(isinstance(read.at, int) for read in reads)
