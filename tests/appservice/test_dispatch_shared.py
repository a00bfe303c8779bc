"""Several dispatchers on one PostgreSQL share the work, and one database may be away for a while."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from appservice import inbox
from appservice.database import Database
from appservice.events import Event
from appservice.unit import Unit
from tests.support.postgres import Postgres
from tests.support.road import (
    Clock,
    Desk,
    errors,
    event,
    has_notes,
    note,
    note_body,
    notes,
    open_desk,
    open_road,
    routes_for,
    transaction,
)
from tests.support.waiting import eventually

pytestmark = pytest.mark.postgres


async def test_they_share_the_lanes_and_each_entry_is_handled_exactly_once_in_order(postgres_url: str) -> None:
    chance = Random(11)

    def handle(unit: Unit, event: Event) -> None:
        time.sleep(chance.random() * 0.002)
        note(unit, f"{event.room_id} {event.body}")

    async with open_road(postgres_url) as database:
        others = [Database(postgres_url, connections=4) for _ in range(2)]
        desks = [Desk(one, routes_for(handle), Clock(), poll_seconds=0.1) for one in (database, *others)]
        for desk in desks:
            await desk.dispatcher.start()
        for number in range(0, 120, 4):
            batch = [event(f"!{one % 5}", str(one)) for one in range(number, number + 4)]
            await desks[number % 3].inbox.accept(transaction(*batch))
        for desk in desks:  # whoever hears of a lane last must not do it again
            for room in range(5):
                desk.dispatcher.wake(f"!{room}")
        await eventually(desks[0].settled)
        total = 120
        while idle := [desk for desk in desks if not desk.dispatcher.handled]:  # on a busy machine others are quicker
            assert total < 5000, "one of them never gets anything to do"
            batch = [event(f"!{one % 5}", str(one)) for one in range(total, total + 4)]
            await idle[0].inbox.accept(transaction(*batch))
            await eventually(desks[0].settled)
            total += len(batch)
        for desk in desks:
            await desk.dispatcher.close()
        for other in others:
            await other.close()
        seen = await notes(database)
    assert sum(desk.dispatcher.handled for desk in desks) == total
    for room in range(5):
        assert [int(n) for r, n in map(str.split, seen) if r == f"!{room}"] == list(range(room, total, 5))


async def test_what_another_process_has_done_is_not_given_up_here(postgres_url: str) -> None:
    """Both tried; one failed, and while it was about to say so the other succeeded."""
    async with open_road(postgres_url) as database:
        one = event()
        async with open_desk(database, routes_for(note_body)) as desk:
            await desk.inbox.accept(transaction(one))
            await eventually(desk.settled)
        seq = await database.read(lambda c: c.execute(select(inbox.inbox.c.seq)).scalar_one())
        assert not await database.write(lambda c: inbox.bury(c, seq, 6, "too late"))
        await database.write(lambda c: inbox.postpone(c, seq, 6, 10**15, "too late"))
        assert (await database.read(inbox.backlog)).dead == 0
        assert await errors(database) == []


async def test_work_goes_on_by_itself_after_the_database_was_away(folder: Any) -> None:
    server = Postgres(folder / "postgres")
    server.start()
    async with open_road(server.create_database()) as database:
        async with open_desk(database, routes_for(note_body), poll_seconds=0.2) as desk:
            await desk.inbox.accept(transaction(event(body="before")))
            await eventually(desk.settled)
            server.stop()
            desk.dispatcher.wake("!room")
            await asyncio.sleep(0.5)
            server.start()
            await desk.inbox.accept(transaction(event(body="after")))
            await eventually(lambda: has_notes(database, 2))
        assert await notes(database) == ["before", "after"]
        assert await errors(database) == []
    server.stop()
