"""Commands filled in as forms, by clients that know what our bots can do (MSC4391)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots.forms import DESCRIPTION, FORM, state_key
from laiwang_bridge.config import Bots
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import BOT, PAY_BOT, SECOND, Person, Town, open_town

FEW = 20


async def fill_in(table: Table, person: Person, command: str, *, mentions: UserID, **arguments: Any) -> str:
    """What the bots say in the room at a form."""
    table.town.news(table.room)
    table.town.now += 5 * SECOND
    form = {"command": command, "arguments": arguments}
    said = f"/{command} …"
    more = {FORM: form, "m.mentions": {"user_ids": [mentions]}}
    table.last = await table.town.say(person.user, table.room, said, **more)
    return table.town.news(table.room)


async def test_a_bill_is_made_and_paid_by_forms(town: Town) -> None:
    ann, bo = strangers(town, "ann", "bo")
    table = await Table.of(town, ann, bo)
    said = await fill_in(table, ann, "aa add", mentions=PAY_BOT, text="30 dinner @bo")
    assert said.startswith("dinner: €30.00 · #1")
    await fill_in(table, bo, "aa paid", mentions=PAY_BOT, bill="#1")
    assert "said to be paid" in table.card(1)
    assert "Something is missing: which bill" in await fill_in(table, ann, "aa edit", mentions=PAY_BOT)


async def test_a_form_for_another_bot_is_none_of_ours(town: Town) -> None:
    ann, bo = strangers(town, "ann", "bo")
    table = await Table.of(town, ann, bo)
    assert await fill_in(table, ann, "aa add", mentions=bo.user, text="30 dinner @bo") == ""
    assert await table.bills() == []


async def test_in_a_direct_chat_a_form_needs_no_mention(town: Town) -> None:
    lin = await town.arrive("lin")
    town.news(lin.chat)
    await town.say(lin.user, lin.chat, "/friends", **{FORM: {"command": "lw friends"}})
    assert town.news(lin.chat) == await lin.say("friends")


# -- what clients are told ------------------------------------------------------------------------------------------


@pytest.fixture
async def telling(sqlite_url: str) -> AsyncIterator[Town]:
    async with open_town(sqlite_url, bots=Bots(describe_commands=True)) as town:
        yield town


def told(town: Town, room: RoomID, bot: UserID) -> dict[str, dict[str, Any]]:
    """The commands that a bot has described in a room, by their names."""
    events = (event for event in town.rooms[room].said.values() if event["type"] == DESCRIPTION)
    last = {event["state_key"]: event for event in events if event["sender"] == bot}
    found = {event["content"]["command"]: event for event in last.values() if event["content"]}
    for name, event in found.items():
        assert event["state_key"] == state_key(name, bot)
    return {name: event["content"] for name, event in found.items()}


async def empower(town: Town, room: RoomID, by: Person, *bots: UserID) -> None:
    users = {by.user: 100, **dict.fromkeys(bots, 50)}
    await town.state(room, by.user, "m.room.power_levels", {"users": users})


async def test_a_bot_that_has_the_power_tells_what_can_be_typed(telling: Town) -> None:
    ann, bo = strangers(telling, "ann", "bo")
    table = await Table.of(telling, ann, bo)
    assert told(telling, table.room, PAY_BOT) == {}
    await empower(telling, table.room, ann, PAY_BOT)
    described = told(telling, table.room, PAY_BOT)
    assert len(described) > FEW
    assert described["aa settled"]["parameters"] == [
        {
            "key": "number",
            "schema": {"schema_type": "primitive", "type": "integer"},
            "description": {"m.text": [{"body": "which payment"}]},
        }
    ]
    for content in described.values():
        keys = [parameter["key"] for parameter in content["parameters"]]
        assert len(keys) == len(set(keys))
        assert content["command"].startswith("aa ")
    before = len(telling.rooms[table.room].said)
    await empower(telling, table.room, ann, PAY_BOT)
    assert len(telling.rooms[table.room].said) == before + 1  # nothing is told twice


async def test_of_two_bots_the_one_that_answers_tells_it(telling: Town) -> None:
    ann, bo = strangers(telling, "ann", "bo")
    table = await Table.of(telling, ann, bo)
    await telling.member(table.room, BOT, "invite", by=ann.user)
    await empower(telling, table.room, ann, PAY_BOT, BOT)
    both = told(telling, table.room, PAY_BOT), told(telling, table.room, BOT)
    assert not set(both[0]) & set(both[1])
    assert any(name.startswith("zd ") for name in both[1])


async def test_nobody_is_told_anything_unless_the_admin_says_so(town: Town) -> None:
    ann, bo = strangers(town, "ann", "bo")
    table = await Table.of(town, ann, bo)
    await empower(town, table.room, ann, PAY_BOT)
    assert told(town, table.room, PAY_BOT) == {}


async def test_what_was_told_is_taken_back_when_it_is_switched_off(telling: Town) -> None:
    ann, bo = strangers(telling, "ann", "bo")
    table = await Table.of(telling, ann, bo)
    await empower(telling, table.room, ann, PAY_BOT)
    count = len(told(telling, table.room, PAY_BOT))
    publishing = telling.app.publishing
    publishing._is_on = False

    def look(connection: Connection) -> list[Any]:
        return [one for room in publishing.rooms_told(connection) for one in publishing.changes(connection, room)]

    changes = await telling.database.write(look)
    assert [one.content for one in changes] == [{}] * count
    assert await telling.database.write(look) == []
