"""What comes twice happens once, and what is done over comes out the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from appservice.inbox import Entry
from appservice.unit import Unit
from laiwang_bridge.database import tables
from tests.support.folders import fast_folder
from tests.unit.laiwang_bridge.features.town import OPERATORS, Town, open_town


async def live(town: Town) -> None:
    """A bit of everything that can happen."""
    await town.operators()
    ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    await town.befriend_by_code(ann, bo)
    await town.befriend_by_code(bo, cat)
    await cat.say(await dan.code())
    await dan.say("no")
    await dan.say("block @cat:town")
    await dan.say("block @nobody:town")
    room = await town.start(ann, "weekend hike?")
    await bo.tap("talking about “weekend hike?”", "👍")
    await cat.say("join")
    await bo.say("!zd quiet 1")
    await town.member(room, cat.user, "leave")
    await town.knock(room, cat.user)
    await bo.say("!zd loud 1")
    await cat.say("hide 1")
    thought = await town.say(bo.user, bo.chat, "a thought")
    await bo.say("!zd", reply_to=thought)
    await bo.tap("a thought", "👥")
    await bo.tap("Nothing is open yet", "✅")
    await ann.say("!zd not yet")
    await ann.say("unfriend @bo:town")
    await ann.say("语言 中文")
    await cat.say("watch on")
    await cat.say("import Dan, 138 0013 8000")
    await cat.say("import https://dav.example.org")
    await cat.say("cancel")
    await bo.say("feedback hello")
    await cat.say("export")
    await bo.say("forget")
    await bo.say("yes")


async def everything(town: Town) -> dict[str, list[Any]]:
    """All that is kept, apart from the record of transactions."""
    names = [
        table.name for table in tables.metadata.sorted_tables if table.name not in ("inbox_transaction", "instance")
    ]
    rows = {name: await town.rows(name) for name in names}
    for row in rows["inbox"]:
        del row["seq"]  # of which those that came twice use up some
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def seen(town: Town) -> dict[str, list[str]]:
    """What the bot has said and done in every room, as everybody there saw it."""
    return {
        room.id: [f"{event['type']} {event['content']}" for event in room.said.values()] for room in town.rooms.values()
    }


async def test_every_transaction_sent_again_changes_nothing(database_url: str) -> None:
    async with open_town(database_url, operators=OPERATORS) as town:
        town.twice = True
        await live(town)
        kept, said = await everything(town), seen(town)
    with fast_folder() as folder:
        async with open_town(f"sqlite:///{folder}/once.db", operators=OPERATORS) as town:
            await live(town)
            assert seen(town) == said
            assert await everything(town) == kept


async def test_every_unit_run_again_after_a_rollback_comes_out_the_same(sqlite_url: str) -> None:
    """Codes, ids of clusters, chats that are made, keys of effects: nothing is left to chance."""
    compared = 0

    def again(connection: Connection, town: Town, entry: Entry, now: int) -> None:
        nonlocal compared
        rehearsal = Unit(connection, now, entry.key, town.secret)
        savepoint = connection.begin_nested()
        town.app.routes.handle(rehearsal, entry)
        savepoint.rollback()
        unit = town.handle(connection, entry, now)
        assert unit.emissions == rehearsal.emissions
        assert unit.timers == rehearsal.timers
        compared += 1

    async with open_town(sqlite_url, operators=OPERATORS) as town:
        town.handler = lambda connection, entry, now: again(connection, town, entry, now)
        await live(town)
        said = seen(town)
    with fast_folder() as folder:
        async with open_town(f"sqlite:///{folder}/once.db", operators=OPERATORS) as other:
            await live(other)
            assert seen(other) == said
    assert compared > 150


async def test_codes_cannot_be_told_from_what_the_world_knows(sqlite_url: str) -> None:
    """The id of an event is known to a whole room; only with our secret it gives a code."""
    with fast_folder() as folder:
        async with (
            open_town(sqlite_url) as town,
            open_town(f"sqlite:///{folder}/other.db", secret=b"another") as other,
        ):
            codes = [await (await each.arrive("lin")).code() for each in (town, other)]
            assert town.handled == other.handled
            assert codes[0] != codes[1]
