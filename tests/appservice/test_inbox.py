"""Whatever arrives is stored once, before anybody is told that it has arrived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from appservice import inbox
from appservice.database import Database
from appservice.events import Event
from appservice.inbox import Inbox, State
from appservice.key_exchange import device_list_change, one_time_key_count, to_device_message
from appservice.routes import Routes
from appservice.unit import Unit
from tests.support.road import Clock, count, event, note, notes, open_desk, open_road, transaction
from tests.support.waiting import eventually

SECRET = "谁也不该再读到这句话"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def box(database: Database, woken: list[str]) -> Inbox:
    return Inbox(database, woken.append, Clock())


async def keys(database: Database) -> list[str]:
    """Of all entries, in the order in which they came."""
    statement = select(inbox.inbox.c.key).order_by(inbox.inbox.c.seq)
    return list(await database.read(lambda connection: connection.execute(statement).scalars().all()))


class TestRepetition:
    async def test_a_transaction_that_comes_again_changes_nothing(self, box: Inbox, database: Database) -> None:
        first, second = event(), event()
        for _ in range(3):
            await box.accept(transaction(first, second, txn_id="7"))
        assert await keys(database) == [first["event_id"], second["event_id"]]

    async def test_the_same_transaction_twenty_times_at_once_is_stored_once(
        self, box: Inbox, database: Database
    ) -> None:
        events = [event() for _ in range(20)]
        message = {"type": "m.room.encrypted", "sender": "@lin:localhost", "to_user_id": "@laiwang:localhost"}
        same = transaction(*events, txn_id="7", to_device=[message])
        await asyncio.gather(*(box.accept(same) for _ in range(20)))
        assert await keys(database) == [one["event_id"] for one in events]
        assert await database.read(count(to_device_message)) == 1

    async def test_a_repetition_is_known_although_its_events_have_aged(self, box: Inbox, database: Database) -> None:
        young = event(unsigned={"age": 10})
        await box.accept(transaction(young, txn_id="7"))
        await box.accept(transaction({**young, "unsigned": {"age": 9000}}, txn_id="7"))
        assert len(await keys(database)) == 1

    async def test_an_event_counts_once_in_whichever_transactions_it_comes(
        self, box: Inbox, database: Database
    ) -> None:
        shared, new = event(), event()
        await box.accept(transaction(shared))
        await box.accept(transaction(new, shared, shared))
        assert await keys(database) == [shared["event_id"], new["event_id"]]

    async def test_a_homeserver_that_counts_from_one_again_is_not_taken_for_a_repetition(
        self, box: Inbox, database: Database
    ) -> None:
        """It was restored from a backup: the same transaction ids, other events."""
        before, after = event(), event()
        await box.accept(transaction(before, txn_id="1"))
        await box.accept(transaction(after, txn_id="1"))
        assert await keys(database) == [before["event_id"], after["event_id"]]

    async def test_an_event_that_was_handled_is_not_handled_again(self, database: Database) -> None:
        routes = Routes()
        routes.on_event("m.room.message", lambda unit, event: note(unit, event.event_id))
        one = event()
        async with open_desk(database, routes) as desk:
            await desk.inbox.accept(transaction(one))
            await eventually(desk.settled)
            await desk.inbox.accept(transaction(one))
            await eventually(desk.settled)
        assert await notes(database) == [one["event_id"]]

    async def test_what_is_only_kept_to_know_repetitions_is_forgotten_in_time(self, database: Database) -> None:
        clock = Clock()
        async with open_desk(database, Routes(), clock) as desk:
            await desk.inbox.accept(transaction(event(), txn_id="old"))
            await eventually(desk.settled)
            clock.turn(1000)
            kept, waiting = event(), {**event(), "type": "m.room.message"}
            await desk.inbox.accept(transaction(kept, waiting, txn_id="new"))
            await eventually(desk.settled)
            limit = clock() - 500_000
            assert await database.write(lambda connection: inbox.forget_before(connection, limit)) == 1
        assert await keys(database) == [kept["event_id"], waiting["event_id"]]
        assert await database.read(count(inbox.inbox_transaction)) == 1


class TestOrder:
    async def test_events_keep_the_order_of_their_transactions(self, box: Inbox, database: Database) -> None:
        events = [event(f"!room-{number % 3}") for number in range(30)]
        for start in range(0, 30, 4):
            await box.accept(transaction(*events[start : start + 4]))
        assert await keys(database) == [one["event_id"] for one in events]

    async def test_every_room_that_has_news_is_woken_once_and_only_after_it_is_stored(self, database: Database) -> None:
        stored_when_woken: list[tuple[str, int]] = []

        async def look(room: str) -> None:
            condition = inbox.inbox.c.lane == room
            stored_when_woken.append((room, await database.read(count(inbox.inbox, condition))))

        looking: list[asyncio.Task[None]] = []
        box = Inbox(database, lambda room: looking.append(asyncio.create_task(look(room))), Clock())
        await box.accept(transaction(event("!b"), event("!a"), event("!b")))
        await asyncio.gather(*looking)
        assert sorted(stored_when_woken) == [("!a", 1), ("!b", 2)]

    async def test_nobody_is_woken_for_what_could_not_be_stored(self, sqlite_url: str, woken: list[str]) -> None:
        empty = Database(sqlite_url)
        with pytest.raises(Exception, match="no such table"):
            await Inbox(empty, woken.append, Clock()).accept(transaction(event()))
        assert woken == []
        await empty.close()


UNREADABLE: list[Any] = [
    None,
    "text",
    ["list"],
    {},
    {"event_id": "$no-room", "type": "m.room.message"},
    {"room_id": "!no-id", "type": "m.room.message"},
    {"event_id": 7, "room_id": "!room"},
    {"event_id": "", "room_id": "!room"},
    {"event_id": "$a\0b", "room_id": "!room"},
    {"event_id": "$ab", "room_id": "!\0"},
]


class TestUnreadable:
    @pytest.mark.parametrize("bad", UNREADABLE, ids=repr)
    async def test_an_event_without_a_name_or_place_is_set_aside_and_blocks_nobody(
        self, box: Inbox, database: Database, bad: object
    ) -> None:
        before, after = event(), event()
        await box.accept(transaction(before, bad, after))
        backlog = await database.read(inbox.backlog)
        assert (backlog.waiting, backlog.aside) == (2, 1)

        def look(connection: Any) -> Any:
            return connection.execute(select(inbox.inbox).where(inbox.inbox.c.state == State.ASIDE)).one()

        kept = await database.read(look)
        assert orjson.loads(kept.body) == bad
        assert kept.error

    async def test_the_same_nonsense_is_kept_once(self, box: Inbox, database: Database) -> None:
        for _ in range(5):
            await box.accept(transaction("nonsense", "nonsense"))
        assert (await database.read(inbox.backlog)).aside == 1

    @pytest.mark.parametrize(
        "broken",
        [
            {"content": "text"},
            {"sender": None},
            {"sender": "@a\0b:c"},
            {"type": 7},
            {"state_key": 7},
            {"state_key": "\0"},
        ],
        ids=repr,
    )
    async def test_an_event_that_no_handler_could_read_is_set_aside_by_the_dispatcher(
        self, database: Database, broken: dict[str, Any]
    ) -> None:
        routes = Routes()
        routes.on_event("m.room.message", lambda unit, event: note(unit, event.event_id))
        before, after = event(), event()
        async with open_desk(database, routes) as desk:
            await desk.inbox.accept(transaction(before, event(**broken), after))
            await eventually(desk.settled)
        assert await notes(database) == [before["event_id"], after["event_id"]]
        assert (await database.read(inbox.backlog)).aside == 1


class TestForEncryption:
    """To-device messages, device lists and key counts are stored from the first day on."""

    async def test_to_device_messages_are_stored_in_order(self, box: Inbox, database: Database) -> None:
        messages = [
            {
                "to_user_id": "@laiwang:localhost",
                "to_device_id": "LAIWANG",
                "sender": "@lin:localhost",
                "type": "m.room_key_request",
                "content": {"number": number},
            }
            for number in range(5)
        ]
        await box.accept(transaction(to_device=messages[:3]))
        await box.accept(transaction(to_device=messages[3:]))
        rows = await database.read(
            lambda connection: connection.execute(select(to_device_message).order_by(to_device_message.c.seq)).all()
        )
        assert [orjson.loads(row.content)["number"] for row in rows] == [0, 1, 2, 3, 4]
        first = rows[0]
        assert (first.to_user, first.to_device) == ("@laiwang:localhost", "LAIWANG")
        assert (first.sender, first.type) == ("@lin:localhost", "m.room_key_request")

    async def test_transactions_without_events_differ_by_their_to_device_messages(
        self, box: Inbox, database: Database
    ) -> None:
        for number in (1, 2, 2):
            await box.accept(transaction(txn_id="1", to_device=[{"content": {"number": number}}]))
        assert await database.read(count(to_device_message)) == 2

    async def test_the_last_word_on_a_device_list_counts(self, box: Inbox, database: Database) -> None:
        await box.accept(transaction(device_lists_changed=["@lin:localhost", "@wei:localhost"]))
        await box.accept(transaction(device_lists_left=["@wei:localhost"]))
        rows = await database.read(lambda connection: connection.execute(select(device_list_change)).all())
        assert {row.user_id: row.left for row in rows} == {"@lin:localhost": 0, "@wei:localhost": 1}

    async def test_key_counts_are_those_said_last(self, box: Inbox, database: Database) -> None:
        for number in (50, 49):
            await box.accept(
                transaction(
                    one_time_key_counts={"@laiwang:localhost": {"LAIWANG": {"signed_curve25519": number}}},
                    unused_fallback_key_types={"@laiwang:localhost": {"LAIWANG": ["signed_curve25519"]}},
                    txn_id=f"count-{number}",
                    device_lists_changed=[str(number)],
                    to_device=[{"content": number}],
                )
            )
        row = await database.read(lambda connection: connection.execute(select(one_time_key_count)).one())
        assert orjson.loads(row.counts) == {"signed_curve25519": 49}
        assert orjson.loads(row.unused_fallback_types) == ["signed_curve25519"]

    async def test_a_nul_in_what_a_stranger_sent_stops_nothing(self, box: Inbox, database: Database) -> None:
        """PostgreSQL stores no NUL; a transaction that is refused is sent again for ever."""
        await box.accept(
            transaction(
                event(body="a\0b"),
                to_device=[{"type": "m.\0", "sender": "@\0:b", "to_user_id": "\0", "content": {"\0": "\0"}}],
                device_lists_changed=["@\0:b"],
                one_time_key_counts={"@\0:b": {"\0": {"\0": 1}}},
            )
        )
        assert await database.read(count(to_device_message)) == 1
        assert (await database.read(inbox.backlog)).waiting == 1


class TestWiping:
    async def test_the_body_of_a_handled_event_is_gone(self, database: Database) -> None:
        async with open_desk(database, Routes()) as desk:
            await desk.inbox.accept(transaction(event(body=SECRET)))
            await eventually(desk.settled)
        bodies = await database.read(lambda connection: connection.execute(select(inbox.inbox.c.body)).scalars().all())
        assert bodies == [None]

    async def test_no_file_of_the_database_holds_the_text_of_a_handled_message(
        self, sqlite_url: str, folder: Path
    ) -> None:
        routes = Routes()
        routes.on_event("m.room.message", lambda unit, event: note(unit, str(SECRET in event.body)))
        async with open_road(sqlite_url) as database, open_desk(database, routes) as desk:
            for size in (1, 50, 1500):
                await desk.inbox.accept(transaction(event(body=SECRET * size), event("!other", body=SECRET)))
            await eventually(desk.settled)
            assert await notes(database) == ["True"] * 6
            await eventually(lambda: not holds_secret(folder), "the text is gone from every file")

    async def test_a_dead_letter_keeps_its_body_for_the_admin(self, database: Database) -> None:
        def fail(unit: Unit, event: Event) -> None:
            raise ValueError("no")

        routes = Routes()
        routes.on_event("m.room.message", fail)
        async with open_desk(database, routes, retry_after=()) as desk:
            await desk.inbox.accept(transaction(event(body=SECRET)))
            await eventually(desk.settled)
        statement = select(inbox.inbox.c.body).where(inbox.inbox.c.state == State.DEAD)
        body = await database.read(lambda connection: connection.execute(statement).scalar_one())
        assert orjson.loads(body)["content"]["body"] == SECRET


def holds_secret(folder: Path) -> bool:
    written = [SECRET.encode(), json.dumps(SECRET).strip('"').encode()]
    return any(form in path.read_bytes() for path in folder.glob("laiwang.db*") for form in written)
