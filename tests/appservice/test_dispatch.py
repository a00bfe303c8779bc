"""Entries to handlers: in order within a lane, lanes side by side, and no lane is ever stuck for good."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from random import Random

import pytest
from mautrix.types import UserID
from sqlalchemy import select, text

from appservice import inbox, outbox, timers
from appservice.database import Database
from appservice.dispatch import Dispatcher
from appservice.effects import SendMessage
from appservice.events import Event
from appservice.inbox import State
from appservice.routes import DeadLetter, Routes
from appservice.unit import Unit
from tests.support.road import (
    SECRET,
    Clock,
    errors,
    event,
    note,
    note_body,
    notes,
    open_desk,
    open_road,
    routes_for,
    transaction,
)
from tests.support.waiting import eventually

BOT = UserID("@laiwang:localhost")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


class TestOrder:
    async def test_each_lane_keeps_its_order_whatever_the_others_do(self, database: Database) -> None:
        chance = Random(7)

        def handle(unit: Unit, event: Event) -> None:
            time.sleep(chance.random() * 0.002)
            note(unit, f"{event.room_id} {event.body}")

        async with open_desk(database, routes_for(handle)) as desk:
            for number in range(0, 150, 5):
                batch = [event(f"!{one % 7}", str(one)) for one in range(number, number + 5)]
                await desk.inbox.accept(transaction(*batch))
            await eventually(desk.settled)
        by_room: dict[str, list[int]] = defaultdict(list)
        for line in await notes(database):
            room, position = line.split()
            by_room[room].append(int(position))
        assert by_room == {f"!{room}": [n for n in range(150) if n % 7 == room] for room in range(7)}

    @pytest.mark.postgres
    async def test_lanes_are_worked_on_side_by_side(self, postgres_url: str) -> None:
        """SQLite has one writer; there, lanes only take turns."""
        together, met = threading.Barrier(4), threading.Event()

        def handle(unit: Unit, event: Event) -> None:
            if not met.is_set():  # a unit may be run again
                together.wait(5)
                met.set()

        async with open_road(postgres_url) as database, open_desk(database, routes_for(handle)) as desk:
            await desk.inbox.accept(transaction(*(event(f"!{number}") for number in range(4))))
            await eventually(met.is_set)
            await eventually(desk.settled)

    async def test_a_lane_with_much_to_do_lets_the_others_have_their_turn(self, database: Database) -> None:
        busy = [event("!busy", "busy") for _ in range(400)]
        async with open_desk(database, routes_for(note_body), workers=1) as desk:
            await desk.inbox.accept(transaction(*busy))
            await desk.inbox.accept(transaction(event("!quiet", "quiet")))
            await eventually(desk.settled)
        seen = await notes(database)
        assert len(seen) == 401
        assert seen.index("quiet") < 100

    async def test_entries_left_by_an_earlier_life_are_handled_at_the_start(self, database: Database) -> None:
        async with open_desk(database, routes_for(note_body)) as desk:
            await desk.dispatcher.close()
            await desk.inbox.accept(transaction(*(event(body=str(number)) for number in range(40))))
        async with open_desk(database, routes_for(note_body)) as desk:
            await eventually(desk.settled)
        assert await notes(database) == [str(number) for number in range(40)]


class TestUnits:
    async def test_rows_effects_and_timers_of_a_unit_commit_together(self, database: Database) -> None:
        def handle(unit: Unit, event: Event) -> None:
            note(unit, event.body)
            unit.emit(SendMessage(sender=BOT, room=event.room_id, content={"body": event.body}))
            unit.at(unit.now + 3_600_000, "later", key=event.event_id, lane=event.room_id)
            if event.body == "bad":
                raise ValueError("no")

        async with open_desk(database, routes_for(handle), retry_after=()) as desk:
            good, bad = event("!good", "good"), event("!bad", "bad")
            await desk.inbox.accept(transaction(good, bad))
            await eventually(desk.settled)
            assert desk.woken == ["!good"]
        assert await notes(database) == ["good"]
        assert await database.read(lambda c: c.execute(select(outbox.outbox.c.lane)).scalars().all()) == ["!good"]
        kept = select(timers.inbox_timer.c.key)
        assert await database.read(lambda c: c.execute(kept).scalars().all()) == [good["event_id"]]

    async def test_a_failing_entry_in_the_middle_of_a_batch_rolls_back_only_itself(self, database: Database) -> None:
        def handle(unit: Unit, event: Event) -> None:
            note(unit, event.body)
            if event.body == "bad":
                raise ValueError("no")

        bodies = ["a", "b", "bad", "c", "bad", "d", "e"]
        async with open_desk(database, routes_for(handle)) as desk:
            await desk.inbox.accept(transaction(*(event(body=body) for body in bodies)))
            await eventually(desk.settled)
        assert await notes(database) == ["a", "b", "c", "d", "e"]
        assert [state for state, _, _ in await errors(database)] == [State.DEAD, State.DEAD]

    async def test_a_statement_that_is_wrong_is_given_up_like_any_other_fault(self, database: Database) -> None:
        """SQLite says OperationalError to it, as it does when the disk is full."""

        def handle(unit: Unit, event: Event) -> None:
            note(unit, event.body)
            if event.body == "bad":
                unit.connection.execute(text("select colour from inbox"))

        async with open_desk(database, routes_for(handle)) as desk:
            await desk.inbox.accept(transaction(*(event(body=body) for body in ("a", "bad", "b"))))
            await eventually(desk.settled)
        assert await notes(database) == ["a", "b"]

    async def test_what_a_handler_complains_of_is_stored_whatever_it_holds(self, database: Database) -> None:
        def handle(unit: Unit, event: Event) -> None:
            raise ValueError("a\0b \ud800")

        async with open_desk(database, routes_for(handle)) as desk:
            await desk.inbox.accept(transaction(event()))
            await eventually(desk.settled)
        [(state, _, error)] = await errors(database)
        assert state == State.DEAD
        assert error == "ValueError: a\ufffdb ?"


class TestFailures:
    async def test_a_handler_that_fails_now_and_then_is_tried_again_in_order(self, database: Database) -> None:
        failures = {"b": 2, "c": 1}

        def handle(unit: Unit, event: Event) -> None:
            if failures.get(event.body, 0) > 0:
                failures[event.body] -= 1
                raise RuntimeError("not now")
            note(unit, event.body)

        async with open_desk(database, routes_for(handle)) as desk:
            await desk.inbox.accept(transaction(*(event(body=body) for body in "abcd")))
            await eventually(desk.settled)
        assert await notes(database) == ["a", "b", "c", "d"]

    async def test_the_pauses_grow_and_only_its_own_lane_waits(self, database: Database) -> None:
        tries: list[float] = []

        def handle(unit: Unit, event: Event) -> None:
            if event.body == "bad":
                tries.append(time.monotonic())
                raise RuntimeError("no")
            note(unit, event.body)

        async with open_desk(database, routes_for(handle), retry_after=(0.1, 0.3)) as desk:
            await desk.inbox.accept(transaction(event("!sick", "bad"), event("!sick", "behind")))
            await eventually(lambda: tries)
            await desk.inbox.accept(transaction(event("!sound", "elsewhere")))
            await eventually(desk.settled)
        assert await notes(database) == ["elsewhere", "behind"]
        first, second = tries[1] - tries[0], tries[2] - tries[1]
        assert len(tries) == 3
        assert 0.1 <= first < 0.3 <= second

    async def test_at_last_it_becomes_a_dead_letter_that_names_who_asked(self, database: Database) -> None:
        letters: list[DeadLetter] = []

        def handle(unit: Unit, event: Event) -> None:
            raise KeyError("colour")

        routes = routes_for(handle)
        routes.on_dead_letter(lambda unit, letter: letters.append(letter))
        bad = event("!room", "bad")
        async with open_desk(database, routes) as desk:
            await desk.inbox.accept(transaction(bad))
            await eventually(desk.settled)
        assert (await database.read(inbox.backlog)).dead == 1
        [letter] = letters
        assert letter.asker == bad["sender"]
        assert (letter.room_id, letter.event_id) == ("!room", bad["event_id"])
        assert letter.error == "KeyError: 'colour'"

    async def test_a_letter_that_fails_itself_makes_no_further_letters(self, database: Database) -> None:
        def handle(unit: Unit, event: Event) -> None:
            raise ValueError("no")

        def misread(unit: Unit, letter: DeadLetter) -> None:
            raise ValueError("no")

        routes = routes_for(handle)
        routes.on_dead_letter(misread)
        async with open_desk(database, routes, retry_after=()) as desk:
            await desk.inbox.accept(transaction(event()))
            await eventually(desk.settled)
        assert (await database.read(inbox.backlog)).dead == 2

    async def test_a_dead_letter_can_be_revived_and_is_told_of_again(self, database: Database) -> None:
        mended = False
        letters: list[str] = []

        def handle(unit: Unit, event: Event) -> None:
            if not mended:
                raise ValueError("no")
            note(unit, event.body)

        routes = routes_for(handle)
        routes.on_dead_letter(lambda unit, letter: letters.append(letter.number))
        async with open_desk(database, routes, retry_after=()) as desk:
            await desk.inbox.accept(transaction(event(body="at last")))
            await eventually(desk.settled)

            async def revive() -> None:
                seqs = [int(number.removeprefix("in-")) for number in letters[-1:]]
                for lane in await database.write(lambda connection: inbox.revive(connection, seqs)):
                    desk.dispatcher.wake(lane)
                await eventually(desk.settled)

            await revive()
            assert len(letters) == 2
            mended = True
            await revive()
        assert await notes(database) == ["at last"]
        assert (await database.read(inbox.backlog)).dead == 0

    async def test_an_answer_that_nobody_handles_is_given_up(self, database: Database) -> None:
        async with open_desk(database, routes_for(note_body), retry_after=()) as desk:
            body = {"name": "of a newer version", "key": "k", "context": {}}
            await database.write(lambda c: inbox.put(c, "answer:k", "!room", inbox.Kind.ANSWER, body, 0))
            await desk.inbox.accept(transaction(event("!room", "after")))
            await eventually(desk.settled)
        assert await notes(database) == ["after"]
        [(state, _, error)] = await errors(database)
        assert state == State.DEAD
        assert "UnknownRoute" in error

    async def test_a_clock_that_was_set_back_makes_nobody_wait_for_ever(self, database: Database) -> None:
        clock = Clock()
        clock.turn(30 * 86_400)
        fails = True

        def handle(unit: Unit, event: Event) -> None:
            nonlocal fails
            if fails:
                fails = False
                raise RuntimeError("not now")
            note(unit, event.body)

        async with open_desk(database, routes_for(handle), clock, retry_after=(0.5,)) as desk:
            await desk.inbox.accept(transaction(event(body="patient")))
            await eventually(lambda: not fails)
            clock.turn(-30 * 86_400)
            await eventually(desk.settled)
        assert await notes(database) == ["patient"]


class TestManyLanes:
    async def test_a_hundred_thousand_lanes_are_no_burden(self, sqlite_url: str) -> None:
        async with open_road(sqlite_url) as database:
            dispatcher = Dispatcher(
                database, Routes(), wake_outbox=lambda _: None, secret=SECRET, clock=Clock(), workers=4
            )
            began = time.monotonic()
            for number in range(100_000):
                dispatcher.wake(f"!{number}")
            assert time.monotonic() - began < 5
            await dispatcher.close()
            assert dispatcher.idle
