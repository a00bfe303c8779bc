"""Timers go off when they are due, once, wherever the time went meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from appservice import timers
from appservice.database import Database
from appservice.events import Event
from appservice.routes import Routes
from appservice.unit import Timer, Unit
from tests.support.road import (
    Clock,
    event,
    has_notes,
    note,
    notes,
    open_desk,
    open_road,
    routes_for,
    transaction,
)
from tests.support.waiting import eventually


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


async def test_a_timer_calls_its_handler_when_it_is_due(database: Database) -> None:
    def handle(unit: Unit, event: Event) -> None:
        unit.at(unit.now + 150, "ring", key="alarm", lane="!room", context={"why": event.body})

    routes = routes_for(handle)
    routes.on_timer("ring", lambda unit, context: note(unit, context["why"]))
    async with open_desk(database, routes) as desk:
        await desk.inbox.accept(transaction(event(body="tea")))
        await eventually(desk.settled)
        assert await notes(database) == []
        await eventually(lambda: has_notes(database, 1))
    assert await notes(database) == ["tea"]


async def test_set_again_it_moves_and_cancelled_it_is_silent(database: Database) -> None:
    def handle(unit: Unit, event: Event) -> None:
        match event.body.split():
            case ["set", key, seconds]:
                unit.at(unit.now + int(float(seconds) * 1000), "ring", key=key, lane="!room", context={"key": key})
            case ["cancel", key]:
                unit.cancel(key)

    routes = routes_for(handle)
    routes.on_timer("ring", lambda unit, context: note(unit, context["key"]))
    orders = ["set sooner 60", "set later 0.2", "set never 0.2", "set last 0.5"]
    orders += ["set sooner 0.1", "set later 0.3", "cancel never"]
    async with open_desk(database, routes) as desk:
        await desk.inbox.accept(transaction(*(event(body=order) for order in orders)))
        await eventually(lambda: has_notes(database, 3))
    assert await notes(database) == ["sooner", "later", "last"]


async def test_timers_that_came_due_while_nobody_was_there_ring_at_the_start(database: Database) -> None:
    def handle(unit: Unit, event: Event) -> None:
        unit.at(unit.now + 3_600_000, "ring", key=event.body, lane="!room", context={"key": event.body})

    routes = routes_for(handle)
    routes.on_timer("ring", lambda unit, context: note(unit, context["key"]))
    clock = Clock()
    async with open_desk(database, routes, clock) as desk:
        await desk.inbox.accept(transaction(event(body="a"), event(body="b")))
        await eventually(desk.settled)
    clock.turn(7200)
    async with open_desk(database, routes, clock):
        await eventually(lambda: has_notes(database, 2))


async def test_a_timer_set_by_its_own_handler_goes_on(database: Database) -> None:
    def ring(unit: Unit, context: Any) -> None:
        note(unit, str(context["round"]))
        if context["round"] < 3:
            unit.at(unit.now + 20, "ring", key="round", lane="!room", context={"round": context["round"] + 1})

    routes = Routes()
    routes.on_timer("ring", ring)
    first = Timer("round", "ring", 0, "!room", {"round": 1})
    await database.write(lambda connection: timers.set_timers(connection, [first]))
    async with open_desk(database, routes):
        await eventually(lambda: has_notes(database, 3))
    assert await notes(database) == ["1", "2", "3"]
