"""Entries to handlers: in order within a lane, lanes side by side, and no lane is ever stuck for good."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

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
from appservice.unit import Timer, Unit
from tests.support.postgres import Postgres
from tests.support.road import SECRET, Clock, Desk, event, note, notes, open_desk, open_road, transaction
from tests.support.waiting import eventually

BOT = UserID("@laiwang:localhost")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


def routes_for(handler: Callable[[Unit, Event], None]) -> Routes:
    routes = Routes()
    routes.on_event("m.room.message", handler)
    return routes


def note_body(unit: Unit, event: Event) -> None:
    note(unit, event.body)


async def errors(database: Database) -> list[tuple[int, int, str]]:
    """State, attempts and error of the entries that went wrong."""
    box = inbox.inbox.c
    statement = select(box.state, box.attempts, box.error).where(box.error.is_not(None)).order_by(box.seq)
    return [(row[0], row[1], row[2]) for row in await database.read(lambda c: c.execute(statement).all())]


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
            await eventually(desk.settled, seconds=20)
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
            await eventually(desk.settled, seconds=20)
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
            await eventually(desk.settled, seconds=3)
        assert await notes(database) == ["patient"]


class TestTimers:
    async def test_a_timer_calls_its_handler_when_it_is_due(self, database: Database) -> None:
        def handle(unit: Unit, event: Event) -> None:
            unit.at(unit.now + 150, "ring", key="alarm", lane="!room", context={"why": event.body})

        routes = routes_for(handle)
        routes.on_timer("ring", lambda unit, context: note(unit, context["why"]))
        async with open_desk(database, routes) as desk:
            await desk.inbox.accept(transaction(event(body="tea")))
            await eventually(desk.settled)
            assert await notes(database) == []
            await eventually(lambda: _has_notes(database, 1), seconds=3)
        assert await notes(database) == ["tea"]

    async def test_set_again_it_moves_and_cancelled_it_is_silent(self, database: Database) -> None:
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
            await eventually(lambda: _has_notes(database, 3), seconds=5)
        assert await notes(database) == ["sooner", "later", "last"]

    async def test_timers_that_came_due_while_nobody_was_there_ring_at_the_start(self, database: Database) -> None:
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
            await eventually(lambda: _has_notes(database, 2), seconds=3)

    async def test_a_timer_set_by_its_own_handler_goes_on(self, database: Database) -> None:
        def ring(unit: Unit, context: Any) -> None:
            note(unit, str(context["round"]))
            if context["round"] < 3:
                unit.at(unit.now + 20, "ring", key="round", lane="!room", context={"round": context["round"] + 1})

        routes = Routes()
        routes.on_timer("ring", ring)
        first = Timer("round", "ring", 0, "!room", {"round": 1})
        await database.write(lambda connection: timers.set_timer(connection, first))
        async with open_desk(database, routes):
            await eventually(lambda: _has_notes(database, 3), seconds=5)
        assert await notes(database) == ["1", "2", "3"]


@pytest.mark.postgres
class TestSharedWork:
    """Several dispatchers on one PostgreSQL."""

    async def test_they_share_the_lanes_and_each_entry_is_handled_exactly_once_in_order(
        self, postgres_url: str
    ) -> None:
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
            await eventually(desks[0].settled, seconds=20)
            shares = [desk.dispatcher.handled for desk in desks]
            for desk in desks:
                await desk.dispatcher.close()
            for other in others:
                await other.close()
            seen = await notes(database)
        assert sum(shares) == 120
        assert all(share > 0 for share in shares), shares
        for room in range(5):
            assert [int(n) for r, n in map(str.split, seen) if r == f"!{room}"] == list(range(room, 120, 5))

    async def test_what_another_process_has_done_is_not_given_up_here(self, postgres_url: str) -> None:
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

    async def test_work_goes_on_by_itself_after_the_database_was_away(self, folder: Any) -> None:
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
                await eventually(lambda: _has_notes(database, 2), seconds=10)
            assert await notes(database) == ["before", "after"]
            assert await errors(database) == []
        server.stop()


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


async def _has_notes(database: Database, number: int) -> bool:
    return len(await notes(database)) >= number
