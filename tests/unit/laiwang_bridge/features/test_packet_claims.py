"""Very many reach for one packet at the same moment: every unit of it is given once, and nobody has two parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from appservice import inbox
from appservice.database import own_fault
from appservice.inbox import Entry
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.packets import accounts
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, Town

LANES = 4
"""So many work at the same time, as different processes on one database would."""


def tap(room: RoomID, card: EventID, user: UserID, number: int) -> Entry:
    relation = {"rel_type": "m.annotation", "event_id": card, "key": "🧧"}
    event = {"event_id": f"$tap{number}", "room_id": room, "sender": user, "type": "m.reaction"}
    body = orjson.dumps(event | {"content": {"m.relates_to": relation}})
    return Entry(0, f"$tap{number}", f"{room}/{number % LANES}", inbox.Kind.EVENT, body, 0, 0)


async def all_at_once(town: Town, entries: list[Entry]) -> None:
    """Handle these by the real handlers, each in a transaction of its own."""

    def work(entry: Entry) -> Callable[[Connection], None]:
        def handle(connection: Connection) -> None:
            town.handle(connection, entry, town.now)

        return handle

    async def one_lane(mine: list[Entry]) -> None:
        for entry in mine:
            while not await _is_done(town, work(entry)):
                pass

    await asyncio.gather(*(one_lane(entries[lane::LANES]) for lane in range(LANES)))


async def _is_done(town: Town, work: Callable[[Connection], None]) -> bool:
    """Whether it could be done in between all the others; like the dispatcher, whoever calls tries again."""
    try:
        await town.database.write(work)
    except DBAPIError as error:
        if not own_fault(error):
            raise
        return False
    return True


async def storm(town: Town, *, people: int, parts: int, cents: int) -> None:
    """So many people, each tapping twice, reach for one packet."""
    lin = await town.arrive("lin")
    other = UserID("@other:town")
    room = await town.gather(lin)
    await town.member(room, other, "join")
    await town.say(lin.user, room, f"!aa packet {cents / 100:.2f} {parts}")
    [card] = [event for event, body in town.shown(room).items() if body.startswith("🧧")]
    before = len(town.rooms[room].messages_of(BOT))
    users = [UserID(f"@guest{number}:town") for number in range(people)]
    twice = [user for user in users for _time in range(2)]
    taps = [tap(room, card, user, number) for number, user in enumerate(twice)]
    await all_at_once(town, taps)
    await town.wait(MINUTE)

    rows = await town.rows("packet_part")
    assert len(rows) == parts
    assert sum(row["amount"] for row in rows) == cents
    assert min(row["amount"] for row in rows) >= 1
    assert len({row["user_id"] for row in rows}) == len({row["person"] for row in rows}) == parts
    assert sorted(row["number"] for row in rows) == list(range(1, parts + 1))
    [packet] = await town.rows("packet")
    assert (packet["left"], packet["parts_left"], packet["returned"], packet["state"]) == (0, 0, 0, "empty")
    assert await town.database.read(accounts.unbalanced) == []
    assert len(await town.rows("packet_late")) == people - parts

    def owed(connection: Connection) -> list[int]:
        ledger = ledger_store.ledger_of(connection, room)
        assert ledger is not None
        return sorted(ledger_store.balances(connection, ledger).values())

    balances = await town.database.read(owed)
    assert balances[0] == -cents
    assert sorted(row["amount"] for row in rows) == balances[1:]
    # However many tap: a card that changes once at the end, perhaps once before, and one sentence for the late ones.
    assert len(town.rooms[room].messages_of(BOT)) - before <= 3


async def test_of_100_who_tap_twice_at_once_60_have_a_part_each(either_town: Town) -> None:
    await storm(either_town, people=100, parts=60, cents=100_00)
